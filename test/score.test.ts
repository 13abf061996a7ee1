/** The score of every row of the instruction tables, as text: complete, in the order that makes faults precise, and of the form alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Size } from '../src/base/types.ts';
import { ROWS } from '../src/decoder/all-rows.ts';
import { decode } from '../src/decoder/decode.ts';
import { encode, fits, isEncodable, PLAIN, sizesOf } from '../src/decoder/encode.ts';
import type { Instruction, Operand } from '../src/decoder/instruction.ts';
import type { Row } from '../src/decoder/rows.ts';
import { Printer } from '../src/exec/print.ts';
import { semanticsNamed, semanticsOf, USUAL } from '../src/exec/semantics/index.ts';
import { x87 } from '../src/exec/semantics/x87.ts';
import { Random, testSeed } from './support/random.ts';
import { randomOperands } from './support/row-operands.ts';
import { golden } from './support/vectors.ts';

/** Tries a row gets to show all its forms: each chooses anew between register and memory, low and high bytes. */
const TRIES = 300;
const BYTES_MAX = 24;

const kindOf = (o: Operand): string => o.kind === 'reg' ? (o.file === 'gpr' ? `r${8 * o.size}` : o.file === 'high8' ? 'h8' : o.file === 'xmm' ? 'xmm' : o.file)
  : o.kind === 'mem' ? `m${8 * o.size}` : o.kind === 'imm' ? `imm${8 * o.size}` : `rel${8 * o.size}`;
/** What a score may depend on, in words: `lock add 4 m32, imm32`. Segments aside: they show where an address is computed, and in nothing else. */
function formOf(i: Instruction): string {
  // A bit offset is added to the address before that is cut.
  const implied = i.addressSize === 4 && (/^bt[src]?$/.test(i.operation) || !i.operands.some(o => o.kind === 'mem')) ? ' a32' : '';
  const prefix = `${i.lock ? 'lock ' : ''}${i.rep === null ? '' : `${i.rep} `}`;
  return `${prefix}${i.operation} ${i.size}${implied} ${i.operands.map(kindOf).join(', ')}`.trimEnd();
}
function scoreOf(i: Instruction): string[] {
  const printer = new Printer();
  semanticsOf(i)(printer, i);
  // One score for sixteen conditions.
  return i.operation.endsWith('cc') ? printer.lines.map(line => line.replace(`condition ${i.condition}`, 'condition cc')) : printer.lines;
}

/** One instruction of the row, encoded and decoded again; null where these operands cannot be. */
function oneOf(row: Row, size: Size, random: Random): Instruction | null {
  const operands = randomOperands(row, size, random), canLock = row.lock && operands[0]?.kind === 'mem';
  const manner = {
    ...PLAIN, lock: canLock && random.below(2) === 0, condition: row.adds === 'condition' ? random.below(16) : 0,
    repeat: row.rep ? random.pick([0, 0xf2, 0xf3]) : 0,
  };
  if (!fits(row, operands, size, manner)) return null;
  const bytes = encode(row, operands, size, manner), room = new Uint8Array(BYTES_MAX);
  room.set(bytes);
  const i = decode(room, 0, BYTES_MAX);
  return i === null || i.row !== row.index ? null : i;
}
/** Branches of 16 bits, which the encoder does not write: `66` before those it does. */
const SHORT_BRANCHES = ['66e90100', '66eb01', '66e80100', '66ffd0', '66ff10', '66ffe0', '66ff20', '66c3', '66c20800', '667401', '66e201', '66e301'];
const fromHex = (hex: string): Instruction => decode(Uint8Array.from(hex.match(/../g)!, pair => parseInt(pair, 16)), 0, hex.length / 2)!;

/** Every form met, with its score. Whoever gives another score for the same form is in `torn`. */
function survey(seed: number): { readonly scores: Map<string, string[]>; readonly rows: Set<number>; readonly torn: string[] } {
  const scores = new Map<string, string[]>(), rows = new Set<number>(), torn = new Set<string>();
  const meet = (i: Instruction): void => {
    const form = formOf(i), score = scoreOf(i), known = scores.get(form);
    rows.add(i.row);
    if (known === undefined) scores.set(form, score);
    else if (known.join('\n') !== score.join('\n')) torn.add(form);
  };
  for (const row of ROWS) {
    if (!isEncodable(row) || semanticsNamed(row.operation) === undefined) continue;
    // A stream of its own for every row: a new one changes no other's forms.
    const random = new Random(seed ^ row.opcode * 0x9e37);
    for (const size of sizesOf(row)) for (let k = 0; k < TRIES; k++) {
      const i = oneOf(row, size, random);
      if (i !== null) meet(i);
    }
  }
  for (const hex of SHORT_BRANCHES) meet(fromHex(hex));
  return { scores, rows, torn: [...torn] };
}
const found = survey(testSeed());

/** Forms with one score share a paragraph. */
function paragraphs(scores: ReadonlyMap<string, readonly string[]>): string {
  const forms = new Map<string, string[]>();
  for (const [form, score] of scores) {
    const text = score.length === 0 ? '  (nothing)' : score.map(line => `  ${line}`).join('\n');
    const sharing = forms.get(text);
    if (sharing === undefined) forms.set(text, [form]); else sharing.push(form);
  }
  return [...forms].map(([text, names]) => `${names.sort().join('\n')}\n${text}\n`).sort().join('\n');
}

const scores = suite(`score › every form (seed ${testSeed()})`);
scores('is written down', () => golden('scores.txt', paragraphs(found.scores)));
scores('rows that mean nothing yet are known', () => {
  const missing = ROWS.filter(row => semanticsNamed(row.operation) === undefined);
  golden('not-implemented.txt', [...new Set(missing.map(row => `${row.operation} ${row.operands.map(spec => spec.text).join(' ')}`.trimEnd()))].sort().join('\n') + '\n');
});
scores('is met for every row with semantics that can be encoded', () => {
  const unseen = ROWS.filter(row => isEncodable(row) && semanticsNamed(row.operation) !== undefined && !found.rows.has(row.index));
  assert.equal(unseen.map(row => `${row.operation} ${row.operands.map(spec => spec.text).join(' ')}`), []);
});
scores('is the same whatever registers, addresses and immediates', () => assert.equal(found.torn, []));
scores.run();

const WRITES = /^\s*(write\b|write-flags|flags|store)/, MAY_FAULT = /= (load|read m\d|modify m\d)|^\s*(store|probe|canonical|write m\d|trap)/;
const STORES = /^\s*(store|write m\d)/, HELPS = /^\s*help /;
/** A memory operand that `modify` checked is written without a fault. */
function mayFault(line: string, isChecked: boolean): boolean { return MAY_FAULT.test(line) && !(isChecked && /^\s*write m\d/.test(line)); }

const order = suite('score › order');
order('everything that may fault comes before the first write', () => {
  const wrong = [...found.scores].filter(([, score]) => {
    const first = score.findIndex(line => WRITES.test(line)), isChecked = score.some(line => /= modify m\d/.test(line));
    return first !== -1 && score.slice(first + 1).some(line => mayFault(line, isChecked));
  });
  assert.equal(wrong.map(([form, score]) => `${form}: ${score.join('; ')}`), []);
});
order('memory is written once at most', () => {
  const wrong = [...found.scores].filter(([, score]) => score.filter(line => STORES.test(line)).length > 1);
  assert.equal(wrong.map(([form, score]) => `${form}: ${score.join('; ')}`), []);
});
order('what may fault and what stores is not conditional', () => {
  const wrong = [...found.scores].filter(([, score]) => score.some(line => line.startsWith(' ') && (MAY_FAULT.test(line) || STORES.test(line))));
  assert.equal(wrong.map(([form, score]) => `${form}: ${score.join('; ')}`), []);
});
order('a helper is alone in its score', () => {
  const wrong = [...found.scores].filter(([, score]) => score.length > 1 && score.some(line => HELPS.test(line)));
  assert.equal(wrong.map(([form, score]) => `${form}: ${score.join('; ')}`), []);
});
order('a Temp is made before it is used, and in the score of its own instruction', () => {
  const wrong = [...found.scores].filter(([, score]) => {
    let made = 0;
    return score.some(line => {
      const [, name, text] = /^\s*(?:(t\d+) = )?(.*)$/.exec(line)!;
      const isEarly = [...text.matchAll(/\bt(\d+)\b/g)].some(m => Number(m[1]) >= made);
      if (name !== undefined) made += 1;
      return isEarly;
    });
  });
  assert.equal(wrong.map(([form, score]) => `${form}: ${score.join('; ')}`), []);
});
order('no operation is in two tables', () => {
  const names = [...USUAL, x87].flatMap(family => family().filter(entry => typeof entry === 'string'));
  assert.equal(names.filter((name, k) => names.indexOf(name) !== k), []);
});
order.run();

const forms = suite('score › one form, many instructions');
forms('`add r64, m64` prints the same for every base, index and displacement; `lock`, size and kind do not', () => {
  const one = fromHex('480303'), other = fromHex('4e03bcc812345678');
  assert.equal(scoreOf(one), scoreOf(other));
  assert.is.not(scoreOf(one).join(), scoreOf(fromHex('0303')).join());
  assert.is.not(scoreOf(one).join(), scoreOf(fromHex('4803c3')).join());
});
forms.run();
