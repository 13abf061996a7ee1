/** The module that generated code stands on and that does not depend on it: slow paths of memory accesses, flags of any rule, a second look at floats, and how all is entered. */
import { LOOKUP, NEAR, NOWHERE_NEAR, PAGE_BYTES, PAGE_MASK, STAGING, STATE, TLB } from '../../base/layout.ts';
import { assert } from '../../base/assert.ts';
import { Code, type Local } from '../../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../../wasm/module.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { writeClose } from '../lower/close.ts';
import { FUNCTION_TYPE } from '../lower/imports.ts';
import { HEADER, LOOKS_FAR, ORIGIN_OF_STOP, SLOT_OF_THREADS } from '../threaded/record.ts';
import { writeLookUp, writePlace } from '../lower/operations.ts';
import { writeSettle } from '../lower/settle.ts';

/** Why generated code came back. RIP is right after `toUnknown` only; the rest follows from STATE.site. */
export const LEFT = {
  /** RIP is an address for which there is no generated code. */
  toUnknown: 0,
  /** Before instruction STATE.site: the interpreter is to take over. */
  gaveUp: 1,
  /** The same in threaded code: STATE.site is the record. */
  gaveUpAtRecord: 2,
} as const;

const NOT_FOUND = 0;
const { i32, i64 } = TYPE;
/** What leaves the work to JavaScript. */
const PATHS = ['load', 'modify', 'store'] as const;
type Path = (typeof PATHS)[number];
/** Parameters of slow paths. */
const ADDRESS: Local = 0, SIZE: Local = 1, AT: Local = 2;

/** It is one, because each takes V8 some time, and so does every type of function that one imports. */
export function groundModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(), general = module.type([i32], [i32]), path = module.type([i32, i32, i32], [i32]);
  assert(general === FUNCTION_TYPE, 'generated functions have another type');
  const primitive = module.importFunction('tramp64', 'primitive', general);
  const imported = PATHS.map(name => module.importFunction('tramp64', name, path));
  declareMemory(module);
  module.importTable('tramp64', 'functions', 1);
  writePaths(module, imported);
  writeSettle(module);
  writeClose(module, primitive);
  module.exportFunction('digest', module.function(module.type([i32, i32], []), digestCode()));
  module.exportFunction('openHeaders', module.function(module.type([i32, i32, i32], []), openHeadersCode()));
  module.exportFunction('enter', module.function(module.type([], [i32]), enterCode()));
  return module.bytes();
}
/** Leaves 1 on the stack if there is generated code for the address in `goal`, and the offset of its entry in `found`. */
export function writeFind(code: Code, goal: Local, found: Local): void {
  writeEntryOf(code, goal, found);
  code.get(found); code.memory(OP['i64.load'], LOOKUP.at + LOOKUP.address); code.get(goal); code.op(OP['i64.eq']);
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.epoch); code.i32(NOT_FOUND); code.memory(OP['i32.load'], STATE.epoch); code.op(OP['i32.eq']);
  code.op(OP['i32.and']);
}
/** The offset of the entry that an address has in the table. */
function writeEntryOf(code: Code, address: Local, entry: Local): void {
  code.get(address); code.op(OP['i32.wrap_i64']); code.tee(entry);
  code.get(entry); code.i32(12); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']); code.i32(5); code.op(OP['i32.shl']);
  code.i32(LOOKUP.mask); code.op(OP['i32.and']); code.set(entry);
}
/** An address crosses the border to JavaScript as two words: as one it would be a BigInt. */
function writePaths(module: ModuleWriter, imported: readonly number[]): void {
  const usual = module.type([i64, i32], [i32]), near = module.type([i64, i32, i32], [i32]);
  const [load = 0, modify = 0, store = 0] = PATHS.map((name, k) => {
    const code = new Code(2);
    if (name !== 'modify') writeAcross(code, name);
    code.get(ADDRESS); code.op(OP['i32.wrap_i64']);
    code.get(ADDRESS); code.i64(32); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']);
    code.get(SIZE);
    code.call(imported[k]!);
    const number = module.function(usual, code);
    module.exportFunction(name, number);
    return number;
  });
  module.exportFunction('loadNear', module.function(near, nearCode('load', load, TLB.read)));
  module.exportFunction('loadWritable', module.function(near, nearCode('load', load, TLB.write)));
  module.exportFunction('modifyNear', module.function(near, nearCode('modify', modify, TLB.write)));
  module.exportFunction('storeNear', module.function(near, nearCode('store', store, TLB.write)));
}
/** The address of an access's last byte. */
function setLast(code: Code, last: Local): void { code.get(ADDRESS); code.get(SIZE); code.i32(1); code.op(OP['i32.sub']); code.op(OP['i64.extend_i32_u']); code.op(OP['i64.add']); code.set(last); }
/** What straddles two pages that the TLB knows is gathered in STAGING, or goes out from there: copying strings does that all the time. */
function writeAcross(code: Code, name: 'load' | 'store'): void {
  const last = code.local(i64), first = code.local(i32), second = code.local(i32), room = code.local(i32);
  const tag = name === 'load' ? TLB.read : TLB.write;
  setLast(code, last);
  code.get(ADDRESS); code.get(last); code.op(OP['i64.xor']); code.i64(PAGE_MASK); code.op(OP['i64.and']); code.i64(0); code.op(OP['i64.ne']);
  code.if();
  writeLookUp(code, ADDRESS, first, tag, ADDRESS);
  writeLookUp(code, last, second, tag, last);
  code.op(OP['i32.or']); code.op(OP['i32.eqz']);
  code.if();
  code.i32(PAGE_BYTES); code.get(ADDRESS); code.op(OP['i32.wrap_i64']); code.i32(PAGE_BYTES - 1); code.op(OP['i32.and']); code.op(OP['i32.sub']); code.set(room);
  const firstPart = (): void => { writePlace(code, ADDRESS, first); };
  const secondPart = (): void => {
    code.get(last); code.op(OP['i32.wrap_i64']); code.i32(PAGE_MASK); code.op(OP['i32.and']);
    code.get(second); code.memory(OP['i32.load'], TLB.at + TLB.addend); code.op(OP['i32.add']);
  };
  const staged = (): void => { code.get(room); code.i32(STAGING.at); code.op(OP['i32.add']); };
  const rest = (): void => { code.get(SIZE); code.get(room); code.op(OP['i32.sub']); code.copyMemory(); };
  if (name === 'load') {
    code.i32(STAGING.at); firstPart(); code.get(room); code.copyMemory();
    staged(); secondPart(); rest();
  } else {
    firstPart(); code.i32(STAGING.at); code.get(room); code.copyMemory();
    secondPart(); staged(); rest();
  }
  code.i32(STAGING.at);
  code.return();
  code.end();
  code.end();
}
/** Asks the TLB for a tag of all of an access: then that is the page to leave. Otherwise there is none, and a call. */
function nearCode(name: Path, slow: number, tag: number): Code {
  const code = new Code(3), entry = code.local(i32), last = code.local(i64), place = code.local(i32);
  const find = (wanted: number): void => {
    writeLookUp(code, ADDRESS, entry, wanted, last);
    code.op(OP['i32.eqz']);
    code.if();
    writePlace(code, ADDRESS, entry); code.set(place);
  };
  setLast(code, last);
  find(tag);
  code.get(AT); code.get(ADDRESS); code.i64(PAGE_MASK); code.op(OP['i64.and']); code.memory(OP['i64.store'], NEAR.page);
  code.get(AT); code.get(entry); code.memory(OP['i32.load'], TLB.at + TLB.addend); code.memory(OP['i32.store'], NEAR.addend);
  if (name === 'store') { code.get(place); code.i32(STAGING.at); code.get(SIZE); code.copyMemory(); }
  code.get(place);
  code.return();
  code.end();
  code.get(AT); code.i64(NOWHERE_NEAR.lo, NOWHERE_NEAR.hi); code.memory(OP['i64.store'], NEAR.page);
  code.get(AT); code.i32(NOWHERE_NEAR.addend); code.memory(OP['i32.store'], NEAR.addend);
  if (name === 'load' && tag === TLB.write) {
    // What cannot be written, such as a stack with translated code, can be read.
    find(TLB.read);
    code.get(place);
    code.return();
    code.end();
  }
  code.get(ADDRESS); code.get(SIZE); code.call(slow);
  return code;
}
/** `digest(from, to)`: two sums of all words, multiplied and rotated, go to STAGING. A changed word always changes the first. */
function digestCode(): Code {
  const code = new Code(2), from: Local = 0, to: Local = 1, a = code.local(i64), b = code.local(i64), word = code.local(i64);
  const done = code.block(), again = code.loop();
  code.get(from); code.get(to); code.op(OP['i32.ge_u']); code.brIf(done);
  code.get(from); code.memory(OP['i64.load'], 0); code.tee(word);
  code.get(a); code.op(OP['i64.xor']); code.i64(0x7f4a7c15, 0x9e3779b9 | 0); code.op(OP['i64.mul']); code.i64(29); code.op(OP['i64.rotl']); code.set(a);
  code.get(b); code.get(word); code.op(OP['i64.add']); code.i64(31); code.op(OP['i64.rotl']); code.i64(0x1ce4e5b9, 0xbf58476d | 0); code.op(OP['i64.mul']); code.set(b);
  code.get(from); code.i32(8); code.op(OP['i32.add']); code.set(from);
  code.br(again);
  code.end();
  code.end();
  code.i32(0); code.get(a); code.memory(OP['i64.store'], STAGING.at);
  code.i32(0); code.get(b); code.memory(OP['i64.store'], STAGING.at + 8);
  return code;
}
/**
 * `openHeaders(from, to, countdown)`: what an earlier run left (threaded/kept-code.ts) can be entered in this epoch, and found, but for what is looked at first;
 * `countdown` times, or as often as before if it is negative.
 */
function openHeadersCode(): Code {
  const code = new Code(3), header: Local = 0, to: Local = 1, countdown: Local = 2, origin = code.local(i32), epoch = code.local(i32), address = code.local(i64), entry = code.local(i32);
  code.i32(0); code.memory(OP['i32.load'], STATE.epoch); code.set(epoch);
  const done = code.block(), again = code.loop();
  code.get(header); code.get(to); code.op(OP['i32.ge_u']); code.brIf(done);
  code.get(header); code.memory(OP['i32.load'], HEADER.origin); code.set(origin);
  code.get(header); code.memory(OP['i64.load'], HEADER.address); code.set(address);
  code.get(origin); code.i32(0); code.op(OP['i32.ne']);
  code.get(origin); code.i32(ORIGIN_OF_STOP); code.op(OP['i32.ne']); code.op(OP['i32.and']);
  code.get(origin); code.i32(LOOKS_FAR); code.op(OP['i32.and']); code.op(OP['i32.eqz']); code.op(OP['i32.and']);
  code.get(address); code.op(OP['i32.wrap_i64']); code.i32(PAGE_BYTES - 1); code.op(OP['i32.and']); code.get(header); code.memory(OP['i32.load'], HEADER.length); code.op(OP['i32.add']);
  code.i32(PAGE_BYTES); code.op(OP['i32.le_u']); code.op(OP['i32.and']);
  code.if();
  code.get(countdown); code.i32(0); code.op(OP['i32.ge_s']);
  code.if(); code.get(header); code.get(countdown); code.memory(OP['i32.store'], HEADER.countdown); code.end();
  code.get(header); code.get(epoch); code.memory(OP['i32.store'], HEADER.epoch);
  writeEntryOf(code, address, entry);
  code.get(entry); code.get(address); code.memory(OP['i64.store'], LOOKUP.at + LOOKUP.address);
  code.get(entry); code.get(epoch); code.memory(OP['i32.store'], LOOKUP.at + LOOKUP.epoch);
  code.get(entry); code.i32(SLOT_OF_THREADS); code.memory(OP['i32.store'], LOOKUP.at + LOOKUP.slot);
  code.get(entry); code.get(header); code.memory(OP['i32.store'], LOOKUP.at + LOOKUP.argument);
  code.end();
  code.get(header); code.i32(HEADER.bytes); code.op(OP['i32.add']); code.set(header);
  code.br(again);
  code.end();
  code.end();
  return code;
}
/** `enter()`: from JavaScript into whatever there is for RIP. */
function enterCode(): Code {
  const code = new Code(0), goal = code.local(i64), found = code.local(i32);
  code.i32(0); code.memory(OP['i64.load'], STATE.rip); code.set(goal);
  writeFind(code, goal, found);
  code.if();
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument);
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot);
  code.returnCallIndirect(FUNCTION_TYPE);
  code.end();
  code.i32(LEFT.toUnknown);
  return code;
}
