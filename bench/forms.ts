/**
 * Which forms of instructions programs have: what src/exec/threaded/table/usual.ts lists. Give it programs, each with its arguments in one word:
 * `node --import tsx bench/forms.ts /bin/true -- '/bin/bash -c :' > src/exec/threaded/table/usual.ts`
 * Forms of programs before `--` are marked as the few: static ones that begin, print to whatever it is, and end (hello worlds by glibc and musl, busybox, and one of test/fixtures).
 * It was made of hello worlds by glibc (static and dynamic) and musl; of true, bash, sh, gawk, python3, grep, perl, busybox, lua, ls, sort, gzip, sed, find, sha256sum,
 * md5sum, tar, bc, diff, objdump, as and xz with small files to work on; of six of test/fixtures, and of small static programs that compute: integers, floats, hashes,
 * strings, sorting and calls.
 */
import { decode } from '../src/decoder/decode.ts';
import { type Block, ENDING, isKeepable } from '../src/exec/block.ts';
import { UNKNOWN_RULE } from '../src/exec/lower/instruction-use.ts';
import type { Form } from '../src/exec/threaded/form.ts';
import { HANDLER, RECORD } from '../src/exec/threaded/record.ts';
import { headOf, tailOf, variantOf } from '../src/exec/threaded/form.ts';
import type { Thread } from '../src/exec/threaded/thread.ts';
import { OUTPUTS, started } from './started.ts';

/** Of each program's start; how much of one a form must be to have a handler, or of all together. */
const INSTRUCTIONS_MAX = 3_000_000, SHARE_MIN = 0.0005, SHARE_OF_ALL_MIN = 0.00005;
/** Or in how many programs it must be, and how often in all, executed once or more: code that is kept for the next run is not interpreted first. */
const PROGRAMS_MIN = 3, PLACES_MIN = 6;
/** What is private to Threads and BlockCache, which nobody else needs. */
interface Inside { readonly threads: { readonly translator: { readonly forms: { readonly rows: readonly Form[] } }; translate(block: Block, entryRule: number): Thread }; readonly blocks: { readonly byAddress: ReadonlyMap<number, Block> } }
interface Met { readonly hex: string; readonly rule: number; readonly letters: string; readonly second: string | null; runs: number; all: number; share: number; places: number; isFew: boolean; readonly programs: Set<string> }

interface Run { readonly words: string; readonly output: (typeof OUTPUTS)[number] | undefined; readonly isFew: boolean }

const met = new Map<string, Met>();
const nameOf = ({ shape, rule, isGuess, isDead, second }: Form): string => `${shape.head} ${shape.tail} ${variantOf(rule, isGuess, isDead)}${second === null ? '' : ` + ${nameOf(second)}`}`;
const given = process.argv.slice(2), end = given.indexOf('--');
const starts: readonly Run[] = given.flatMap<Run>((words, n) => n === end ? [] : n < end ? OUTPUTS.map(output => ({ words, output, isFew: true })) : [{ words, output: undefined, isFew: false }]);
for (const { words, output, isFew } of starts) {
  for (const form of met.values()) form.runs = 0;
  const machine = started(words, { engine: 'threaded', threaded: { wait: 200 } }, INSTRUCTIONS_MAX, output), { u8, buffer } = machine.memory, halves = new Uint16Array(buffer), inside = machine.cpu as unknown as Inside, { rows } = inside.threads.translator.forms;
  const hexOf = new Map<string, string>();
  for (const { pa, bytes } of inside.blocks.byAddress.values()) for (let at = pa; at < pa + bytes;) {
    const i = decode(u8, at, at + 15)!;
    hexOf.set(`${headOf(i)} ${tailOf(i)}`, [...u8.subarray(at, at + i.length)].map(byte => byte.toString(16).padStart(2, '0')).join(''));
    at += i.length;
  }
  const note = (form: Form, runs: number, isNeeded: boolean): void => {
    if (form.second !== null) {
      note(form.second, 0, false);
      note({ ...form, second: null } as Form, 0, false);
    }
    const name = nameOf(form), hex = hexOf.get(`${form.shape.head} ${form.shape.tail}`);
    if (hex === undefined) return;
    const known = met.get(name) ?? { hex, rule: form.rule, letters: `${form.isGuess ? 'g' : ''}${form.isDead ? 'd' : ''}`, second: form.second === null ? null : nameOf(form.second), runs: 0, all: 0, share: 0, places: 0, isFew: false, programs: new Set<string>() };
    if (isNeeded) { known.runs += runs; known.all += runs; known.places += 1; known.isFew ||= isFew; known.programs.add(words); }
    met.set(name, known);
  };
  for (const block of inside.blocks.byAddress.values()) {
    if (!isKeepable(block) || block.ending === ENDING.stop) continue;
    const { thread, instructions } = block, { body } = thread ?? inside.threads.translate(block, UNKNOWN_RULE);
    let isPaired = false;
    instructions.forEach((_, k) => {
      const form = rows[halves[(body + k * RECORD.bytes + RECORD.handler) >> 1]! - HANDLER.firstForm];
      if (form !== undefined && !isPaired) note(form, thread?.runs ?? 0, true);
      isPaired = form?.second != null;
    });
  }
  const total = [...met.values()].reduce((sum, { runs }) => sum + runs, 0);
  for (const form of met.values()) form.share = Math.max(form.share, form.runs / total);
}
const all = [...met.values()].reduce((sum, form) => sum + form.all, 0);
const kept = [...met.entries()].filter(([, form]) => form.share >= SHARE_MIN || form.all >= SHARE_OF_ALL_MIN * all || (form.programs.size >= PROGRAMS_MIN && form.places >= PLACES_MIN)), wanted = new Map(kept);
// Where a pair is not among them, its parts may be.
for (const [name, { second }] of kept) if (second !== null) for (const part of [second, name.split(' + ')[0]!]) wanted.set(part, met.get(part)!);
const lines = [...wanted.entries()].sort(([, a], [, b]) => Number(a.second !== null) - Number(b.second !== null) || (a.hex < b.hex ? -1 : 1));
const places = new Map(lines.map(([name], n) => [name, n]));
const text = lines.map(([, { hex, rule, letters, second, isFew }]) => `${hex} ${rule} ${letters === '' && !isFew ? '-' : `${letters}${isFew ? 'f' : ''}`}${second === null ? '' : ` ${places.get(second)!}`}`.trimEnd()).join('\n');
process.stdout.write(`/** Forms of instructions that most programs have when they start, as prebuild.ts reads them. Made by bench/forms.ts. */\nexport const USUAL_FORMS = \`\n${text}\n\`;\n`);
process.stderr.write(`${lines.length} forms of ${met.size}\n`);
