/** Commands that look at registers, memory, code and callers, and change them. */
import type { Va } from '../../base/types.ts';
import { hexOf } from '../../decoder/disasm.ts';
import { codeAt } from '../code.ts';
import { evaluate, placeOf } from '../expression.ts';
import { fail } from '../mistake.ts';
import { bytesOfNumber, numberOf, type Register } from '../registers.ts';
import type { Command } from './command.ts';
import type { Session } from './session.ts';
import { formatOf, type Format, gloss, hex, quoted, shown } from './values.ts';

export const DATA: Format = { count: 1, letter: 'x', bytes: 8 };
const LINE_BYTES = 16, STRING_BYTES_MAX = 200, DISASSEMBLE_COUNT = 10, FUNCTION_BYTES_MAX = 65_536;

/** Memory as x shows it, and where it ends. */
export function examined(session: Session, from: Va, { count, letter, bytes }: Format): { readonly lines: readonly string[]; readonly end: Va } {
  const lines: string[] = [], { process, target, names } = session;
  if (letter === 'i') {
    const code = codeAt(target, names, process, from, count);
    if (code.length === 0) fail(`nothing is mapped at ${hex(from)}`);
    return { lines: code.map(line => codeLine(session, line.address, line.text)), end: code.at(-1)!.address + Math.max(1, code.at(-1)!.bytes.length) };
  }
  let at = from;
  if (letter === 's') {
    for (let k = 0; k < count; k++) {
      const all = session.load(BigInt(at), STRING_BYTES_MAX), zero = all.indexOf(0), text = zero === -1 ? all : all.subarray(0, zero);
      if (all.length === 0) fail(`nothing is mapped at ${hex(at)}`);
      lines.push(`${session.place(at)}: ${quoted(text)}${zero === -1 ? '...' : ''}`);
      at += text.length + 1;
    }
    return { lines, end: at };
  }
  const perLine = letter === 'c' ? 8 : Math.max(1, LINE_BYTES / bytes);
  for (let k = 0; k < count; k += perLine) {
    const values: string[] = [], start = at;
    for (let n = k; n < Math.min(count, k + perLine); n++, at += bytes) {
      const raw = session.load(BigInt(at), bytes);
      if (raw.length < bytes) { if (values.length > 0) lines.push(`${session.place(start)}: ${values.join('  ')}`); for (const line of lines) session.say(line); fail(`nothing is mapped at ${hex(at + raw.length)}`); }
      const value = numberOf(raw);
      values.push(letter === 'x' ? `0x${value.toString(16).padStart(2 * bytes, '0')}` : shown(value, letter, bytes, where => session.nameOf(Number(where))));
    }
    lines.push(`${session.place(start)}: ${values.join('  ')}`);
  }
  return { lines, end: at };
}
/** The next instruction is marked. */
function codeLine(session: Session, at: Va, text: string): string { return `${at === session.rip ? '=>' : '  '} ${session.place(at)}: ${text}`; }

function disassemble(session: Session, rest: string, { count }: Format): void {
  const { process, names, target, rip } = session, at = rest === '' ? rip : session.address(rest), around = names.around(process, at);
  const from = count === 0 && around !== null && at - around.start < FUNCTION_BYTES_MAX && around.size > 0 ? around.start : at;
  const most = count !== 0 ? count : from === at && (around?.size ?? 0) === 0 ? DISASSEMBLE_COUNT : around!.size;
  const end = count === 0 && around !== null && around.size > 0 ? around.start + around.size : Infinity, code = codeAt(target, names, process, from, most);
  if (code.length === 0) fail(`nothing is mapped at ${hex(from)}`);
  for (const line of code) if (line.address < end) session.say(codeLine(session, line.address, line.text));
}

// — registers —

const GROUPS = ['general', 'x87', 'vector', 'system', 'all'] as const, COLUMNS = 3;
function read(session: Session, register: Register): bigint { return numberOf(session.target.readRegister(session.tid, register) ?? new Uint8Array(0)); }
function registerLine(session: Session, register: Register): string {
  const value = read(session, register), more = gloss(register, value, at => at > BigInt(Number.MAX_SAFE_INTEGER) ? null : session.nameOf(Number(at)));
  return `${register.name.padEnd(7)} ${`0x${value.toString(16).padStart(register.bytes > 8 ? 2 * register.bytes : 0, '0')}`}${more === '' ? '' : `  ${more}`}`;
}
/** Sixteen in columns; RIP and flags, which say more, on lines of their own. */
function generalLines(session: Session): readonly string[] {
  const all = session.target.registers.all.filter(({ group }) => group === 'general'), plain = all.slice(0, 16), lines: string[] = [];
  for (let row = 0; row < plain.length; row += COLUMNS) lines.push(plain.slice(row, row + COLUMNS).map(register => `${register.name.padEnd(3)} ${hex(read(session, register)).padEnd(18)}`).join('  ').trimEnd());
  return [...lines, ...all.slice(16).map(register => registerLine(session, register))];
}
export function showRegisters(session: Session, rest: string): void {
  const { registers } = session.target;
  for (const word of rest === '' ? ['general'] : rest.split(/\s+/)) {
    const name = word.replace(/^\$/, ''), one = registers.find(name);
    if (one !== null) { session.say(registerLine(session, one)); continue; }
    if (name === 'general') { for (const line of generalLines(session)) session.say(line); continue; }
    const group = GROUPS.find(each => each === name);
    if (group === undefined) { session.say(`${name.padEnd(7)} ${hex(session.register(name) ?? fail(`no register or group ${name} (groups: ${GROUPS.join(', ')})`))}`); continue; }
    for (const register of registers.all) if (group === 'all' || register.group === group) session.say(registerLine(session, register));
  }
}
function set(session: Session, rest: string): void {
  const [, left, right] = /^(.*?[^=!<>])=(?!=)(.*)$/.exec(rest) ?? [];
  if (left === undefined || right === undefined) fail('set PLACE = EXPRESSION, as in: set $rax = 5, set u32[0x600000] = 7');
  const value = session.value(right), name = /^\s*\$(\w+)\s*$/.exec(left)?.[1];
  if (name !== undefined) { session.setRegister(name, value); return; }
  const place = placeOf(left, session.scope);
  if (place.kind === 'register') { session.setRegister(place.name, value); return; }
  if (!session.target.writeMemory(session.process.pid, Number(place.at), bytesOfNumber(BigInt.asUintN(8 * place.bytes, value), place.bytes))) fail(`cannot write at ${hex(place.at)}`);
}
function backtrace(session: Session, rest: string): void {
  const most = rest === '' ? 64 : Number(session.value(rest)), frames = session.frames(most);
  frames.forEach(({ pc, sp }, n) => {
    const by = n === 0 ? null : frames[n - 1]!.by;
    session.say(`#${n}  ${session.place(pc)}  sp ${hex(sp)}${by === null || by === 'cfi' ? '' : by === 'signal' ? '  (interrupted by a signal)' : `  (${by})`}`);
  });
  const last = frames.at(-1);
  if (last?.caller != null && last.caller !== 0 && frames.length >= most) session.say('and more');
}

export const LOOKING: readonly Command[] = [
  {
    name: 'print', short: ['p', 'inspect'], usage: '[/FORMAT] EXPRESSION', help: 'a value: $register, symbol, *ADDRESS, u32[ADDRESS], C\'s operators; formats x d u o t c a f', completes: 'expression',
    run: (session, rest, text) => {
      const format = formatOf(text, DATA), value = evaluate(rest, session.scope);
      session.variables.set('_', value);
      session.say(text === '' ? `${hex(BigInt.asUintN(value > 0xffff_ffff_ffff_ffffn ? 256 : 64, value))}${value > 0xffff_ffff_ffff_ffffn ? '' : ` (${value})`}` : shown(value, format.letter, format.bytes, at => session.nameOf(Number(at))));
    },
  },
  {
    name: 'x', short: ['examine'], usage: '[/COUNT FORMAT SIZE] [ADDRESS]', help: 'memory: formats as of print, and s (strings), i (instructions); sizes b h w g. Alone: what comes next', completes: 'expression', repeats: true,
    run: (session, rest, text) => {
      const last = rest === '' ? session.examined ?? fail('x takes an address') : null, format = formatOf(text, last?.format ?? DATA);
      const { lines, end } = examined(session, last?.end ?? session.address(rest), format);
      for (const line of lines) session.say(line);
      session.examined = { format, end };
    },
  },
  { name: 'set', short: ['set var', 'let'], usage: 'PLACE = EXPRESSION', help: 'a register or part of one ($rax, $al, $zf), memory (*ADDRESS, u8[ADDRESS]), or a variable of yours ($name)', completes: 'expression', run: (session, rest) => { set(session, rest); } },
  { name: 'disassemble', short: ['dis', 'disas'], usage: '[/COUNT] [ADDRESS]', help: 'the function around an address, or so many instructions from there on; => is the next one', completes: 'symbol', run: (session, rest, text) => { disassemble(session, rest, formatOf(text, { ...DATA, count: 0 })); } },
  { name: 'registers', short: ['regs', 'reg'], usage: '[NAME | general | x87 | vector | system | all]', help: 'registers, with flags by name', completes: 'register', run: (session, rest) => { showRegisters(session, rest); } },
  { name: 'backtrace', short: ['bt', 'where'], usage: '[N]', help: 'who called whom: by .eh_frame, else by rbp or the nearest return address (which is then said)', run: (session, rest) => { backtrace(session, rest); } },
  {
    name: 'find', short: [], usage: 'START, LENGTH, VALUE', help: 'where in memory these bytes are: a number of 8 bytes, or "text"',
    run: (session, rest) => {
      const [, start = '', length = '', what = ''] = /^([^,]*),([^,]*),(.*)$/.exec(rest) ?? fail('find START, LENGTH, VALUE'), from = session.address(start), most = Number(session.value(length));
      const quote = /^\s*"(.*)"\s*$/.exec(what), wanted = quote === null ? bytesOfNumber(BigInt.asUintN(64, session.value(what)), 8) : Uint8Array.from(quote[1]!, c => c.charCodeAt(0)), bytes = session.load(BigInt(from), most);
      let found = 0;
      for (let at = bytes.indexOf(wanted[0]!); at !== -1 && found < 100; at = bytes.indexOf(wanted[0]!, at + 1)) {
        if (!wanted.every((byte, k) => bytes[at + k] === byte)) continue;
        found += 1;
        session.say(session.place(from + at));
      }
      if (found === 0) session.say('nowhere');
    },
  },
  {
    name: 'symbol', short: ['sym'], usage: 'ADDRESS', help: 'what an address is called, and which file it is of', completes: 'expression',
    run: (session, rest) => {
      const at = session.address(rest), module = session.names.moduleAt(session.process, at);
      session.say(`${session.place(at)}${module === null ? '' : ` in ${module.name}`}`);
    },
  },
  { name: 'bytes', short: [], usage: 'ADDRESS, LENGTH', help: 'bytes in a row', run: (session, rest) => {
    const [at = '', length = ''] = rest.split(',');
    session.say(hexOf(session.load(BigInt(session.address(at)), Number(session.value(length)))));
  } },
];
