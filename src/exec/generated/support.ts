/** What generated code stands on: the functions it imports, the table its functions lie in, and how it finds the next one. */
import { LOOKUP, NEAR, NOWHERE_NEAR, PAGE_MASK, STAGING, STATE, PAGE_BYTES, TLB } from '../../base/layout.ts';
import type { i32, Pa } from '../../base/types.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import { ACCESS, type Mmu } from '../../mmu/mmu.ts';
import type { Predictor } from '../../timing/predictor.ts';
import { SLOW_FUNCTIONS } from '../../timing/predictor-slow.ts';
import { Code, type Local } from '../../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../../wasm/module.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { FAULT, type Interpreter, OUTCOME, TRAP } from '../interpret.ts';
import { declareImports, FUNCTION_TYPE } from '../lower/imports.ts';
import { closeModule } from '../lower/close.ts';
import { PrimitiveNumbers } from '../lower/float-code.ts';
import { writeLookUp } from '../lower/operations.ts';
import { settleModule } from '../lower/settle.ts';
import type { Helper } from '../ops.ts';
import { Scratch } from '../primitive.ts';

/** Why generated code came back. RIP is right after `toUnknown` only; the rest follows from STATE.site. */
export const LEFT = {
  /** RIP is an address for which there is no generated code. */
  toUnknown: 0,
  /** Before instruction STATE.site: the interpreter is to take over. */
  gaveUp: 1,
  /** The same in threaded code: STATE.site is the record. */
  gaveUpAtRecord: 2,
} as const;

const GIVE_UP = -1;
const NOWHERE = 0;
const NOT_FOUND = 0;
/** The primitive's result and three operands, 16 bytes each, as words of a Scratch. */
const PRIMITIVE_WORDS = 16, WORDS_EACH = 4;
const TABLE_SLOTS = 1 << 14;

/** Modules that were written before the program was started, and forms of instructions that one of them has handlers for; see ../threaded/prebuild.ts. */
export interface Prebuilt {
  /** null: it is to be written. */
  module(name: string): Uint8Array<ArrayBuffer> | null;
  readonly forms: ArrayLike<number>;
  /** Names of the primitives those handlers call. */
  readonly primitives: readonly string[];
  /** The threaded interpreter is large, and seldom runs for long: it is not to be optimised. */
  compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module;
}
/** What does not depend on the program. */
export const FIXED_MODULES: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = { settle: settleModule, close: closeModule, 'slow paths': slowPathModule, enter: enterModule };

/** What is imported where nothing is timed, and never called. */
const UNPREDICTED = Object.fromEntries(SLOW_FUNCTIONS.map(({ name }) => [name, (): number => 0]));

interface Help { readonly helper: Helper; readonly instruction: Instruction }

/** What generated code is linked with. Made when there is some: a short program does without. */
interface Linked { readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>; readonly table: WebAssembly.Table }

export class Support {
  readonly primitives = new PrimitiveNumbers();
  readonly functionType = FUNCTION_TYPE;
  /** Goes on at RIP if there is generated code for it. Gives one of LEFT. */
  enter: () => number = () => LEFT.toUnknown;
  /** What the helper, or instruction, that made code give up has done: an OUTCOME, `next` if it faulted. To be cleared by the reader. */
  helped: number = OUTCOME.next;
  /** Code gave up because memory it touches is not there: `mmu.fault` says how. To be cleared by the reader. */
  hasFaulted = false;
  /** How often generated code left work to us: helpers, primitives, TLB misses. */
  calls = 0;
  /** Performs the instruction of a record; see src/exec/threaded. */
  perform: (record: number) => number = () => GIVE_UP;
  readonly onRelink: (() => void)[] = [];
  readonly prebuilt: Prebuilt | null;
  private readonly predictor: Predictor | null;
  private linked: Linked | null = null;
  private readonly interpreter: Interpreter;
  private readonly mmu: Mmu;
  private readonly u8: Uint8Array;
  private readonly words: Int32Array;
  private readonly scratch: Scratch;
  private readonly helps: (Help | null)[] = [];
  private readonly freeHelps: number[] = [];

  /** @param predictor null: nothing is timed */
  constructor(interpreter: Interpreter, mmu: Mmu, prebuilt: Prebuilt | null = null, predictor: Predictor | null = null) {
    const { memory } = interpreter.state;
    this.prebuilt = prebuilt; this.predictor = predictor;
    this.interpreter = interpreter; this.mmu = mmu; this.u8 = memory.u8; this.words = memory.i32;
    this.scratch = new Scratch(PRIMITIVE_WORDS, memory.buffer, STAGING.primitive);
  }
  instantiate(module: Uint8Array<ArrayBuffer> | WebAssembly.Module): WebAssembly.Instance {
    return new WebAssembly.Instance(module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module), (this.linked ?? this.link()).imports);
  }
  private link(): Linked {
    const { memory } = this.interpreter.state, caches = this.interpreter.caches?.exports, nothing = (): number => 0, table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_SLOTS });
    const made = (name: string, write: () => Uint8Array<ArrayBuffer>): WebAssembly.Module => new WebAssembly.Module(this.prebuilt?.module(name) ?? write());
    const settle = new WebAssembly.Instance(made('settle', settleModule), {}).exports['settle'];
    const primitive = (number: number): number => this.primitive(number);
    const close = new WebAssembly.Instance(made('close', closeModule), { tramp64: { memory: memory.wasm, primitive } }).exports;
    const slowPaths = new WebAssembly.Instance(made('slow paths', slowPathModule), { tramp64: {
      memory: memory.wasm,
      load: (lo: i32, hi: i32, size: number) => this.load(lo, hi, size),
      modify: (lo: i32, hi: i32, size: number) => this.modify(lo, hi, size),
      store: (lo: i32, hi: i32, size: number) => this.store(lo, hi, size),
    } });
    const imports = { tramp64: {
      ...slowPaths.exports,
      help: (number: number) => this.help(number),
      perform: (record: number) => { this.calls++; return this.perform(record); },
      primitive,
      cacheData: caches?.data ?? nothing, cacheCode: caches?.code ?? nothing, cachePass: caches?.pass ?? nothing, cacheResolve: caches?.resolve ?? nothing,
      settle, ...this.predictor?.exports ?? UNPREDICTED, ...close, memory: memory.wasm, functions: table,
    } };
    this.linked = { imports, table };
    this.enter = new WebAssembly.Instance(made('enter', enterModule), imports).exports['enter'] as () => number;
    return this.linked;
  }
  /**
   * Takes a new table: V8 keeps all that was ever linked with one alive, and goes through it whenever the table changes. To be called while
   * nothing generated is at work; what is still wanted has to be instantiated anew.
   */
  relink(): void {
    this.linked = null;
    for (const again of this.onRelink) again();
  }
  /** A function that is not to be called any more. */
  releaseSlot(slot: number): void { this.linked?.table.set(slot, null); }
  get memoryBytes(): number { return this.u8.length; }
  /** Retired so far, but for those of the run that goes on. */
  get instructions(): number { return this.interpreter.state.instructions; }

  // — where code is found —
  /** From now on generated code that goes to this address finds `slot(argument)`, as long as no translation is flushed. */
  register(lo: i32, hi: i32, slot: number, argument: number): void {
    const at = lookupAt(lo), w = this.words;
    w[at] = lo; w[at + 1] = hi;
    w[at + LOOKUP.epoch / 4] = this.mmu.epoch; w[at + LOOKUP.slot / 4] = slot; w[at + LOOKUP.argument / 4] = argument;
  }
  unregister(lo: i32, hi: i32, slot: number): void {
    const at = lookupAt(lo), w = this.words;
    if (w[at] === lo && w[at + 1] === hi && w[at + LOOKUP.slot / 4] === slot) w[at + LOOKUP.epoch / 4] = -1;
  }
  /** Forgets every address whose code lies in this slot. */
  unregisterAll(slot: number): void {
    const w = this.words;
    for (let at = LOOKUP.at / 4; at < (LOOKUP.at + LOOKUP.entries * LOOKUP.entryBytes) / 4; at += LOOKUP.entryBytes / 4) {
      if (w[at + LOOKUP.slot / 4] === slot) w[at + LOOKUP.epoch / 4] = -1;
    }
  }

  // — helpers —
  helpNumber(helper: Helper, instruction: Instruction): number {
    const number = this.freeHelps.pop() ?? this.helps.push(null) - 1;
    this.helps[number] = { helper, instruction };
    return number;
  }
  releaseHelp(number: number): void { this.helps[number] = null; this.freeHelps.push(number); }
  private help(number: number): number {
    this.calls++;
    const { helper, instruction } = this.helps[number]!, m = this.interpreter, { misses } = this.mmu;
    try { m.performHelper(helper, instruction); } catch (thrown) {
      if (thrown !== FAULT && thrown !== TRAP) throw thrown;
      // The interpreter will do it again, and count again.
      m.abandon();
      this.mmu.misses = misses;
      return GIVE_UP;
    }
    const { outcome } = m;
    if (outcome === OUTCOME.next) return 0;
    m.outcome = OUTCOME.next;
    this.helped = outcome;
    return GIVE_UP;
  }
  private primitive(number: number): number {
    this.calls++;
    const first = 0, s = this.scratch, { state } = this.interpreter, { r32: r } = state;
    s.begin(r[STATE.mxcsr >> 2]!, r[STATE.floatWatch >> 2]!);
    this.primitives.at(number).run(s, first, first + WORDS_EACH, first + 2 * WORDS_EACH, first + 3 * WORDS_EACH);
    return (s.raised & s.watch) !== 0 && state.raise(s.control, s.raised) ? 1 : 0;
  }

  // — memory that the TLB does not know, or that needs more than one access: NOWHERE where the interpreter is to do it —
  /** `mmu.fill`. A fault is the instruction's: what comes before it in the instruction has succeeded. */
  private fill(lo: i32, hi: i32, access: number): Pa {
    this.calls++;
    const pa = this.mmu.fill(lo, hi, access);
    if (pa !== -1) return pa;
    this.hasFaulted = true;
    return NOWHERE;
  }
  private load(lo: i32, hi: i32, size: number): Pa {
    const room = PAGE_BYTES - (lo & ~PAGE_MASK);
    if (size > room && isLastPage(lo, hi)) return NOWHERE;
    const first = this.fill(lo, hi, ACCESS.read);
    if (size <= room || first === NOWHERE) return first;
    const second = this.secondPage(lo, hi, ACCESS.read);
    if (second === NOWHERE) return NOWHERE;
    this.u8.copyWithin(STAGING.at, first, first + room);
    this.u8.copyWithin(STAGING.at + room, second, second + size - room);
    return STAGING.at;
  }
  private modify(lo: i32, hi: i32, size: number): Pa {
    return size > PAGE_BYTES - (lo & ~PAGE_MASK) ? NOWHERE : this.writable(this.fill(lo, hi, ACCESS.write));
  }
  private store(lo: i32, hi: i32, size: number): Pa {
    const room = PAGE_BYTES - (lo & ~PAGE_MASK);
    if (size > room && isLastPage(lo, hi)) return NOWHERE;
    const first = this.writable(this.fill(lo, hi, ACCESS.write));
    if (first === NOWHERE) return NOWHERE;
    if (size > room) {
      const second = this.writable(this.secondPage(lo, hi, ACCESS.write));
      if (second === NOWHERE) return NOWHERE;
      this.u8.copyWithin(second, STAGING.at + room, STAGING.at + size);
    }
    this.u8.copyWithin(first, STAGING.at, STAGING.at + Math.min(size, room));
    return first;
  }
  /** Pages with translated code are the interpreter's to write. */
  private writable(pa: Pa): Pa { return pa !== NOWHERE && this.mmu.code[pa >>> 12] !== 0 ? NOWHERE : pa; }
  private secondPage(lo: i32, hi: i32, access: number): Pa {
    const next = ((lo & PAGE_MASK) + PAGE_BYTES) | 0;
    return this.fill(next, next === 0 ? (hi + 1) | 0 : hi, access);
  }
}

/** Of the lower half. What straddles its end is no page fault, whatever is on the page. */
function isLastPage(lo: i32, hi: i32): boolean { return hi === 0x7fff && (lo & PAGE_MASK) === PAGE_MASK; }
/** The word at which the entry of an address begins. */
function lookupAt(lo: i32): number { return (LOOKUP.at + (((lo ^ (lo >>> 12)) << 5) & LOOKUP.mask)) >> 2; }

/** Leaves 1 on the stack if there is generated code for the address in `goal`, and the offset of its entry in `found`. */
export function writeFind(code: Code, goal: Local, found: Local): void {
  code.get(goal); code.op(OP['i32.wrap_i64']); code.tee(found);
  code.get(found); code.i32(12); code.op(OP['i32.shr_u']); code.op(OP['i32.xor']); code.i32(5); code.op(OP['i32.shl']);
  code.i32(LOOKUP.mask); code.op(OP['i32.and']); code.tee(found);
  code.memory(OP['i64.load'], LOOKUP.at + LOOKUP.address); code.get(goal); code.op(OP['i64.eq']);
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.epoch); code.i32(NOT_FOUND); code.memory(OP['i32.load'], STATE.epoch); code.op(OP['i32.eq']);
  code.op(OP['i32.and']);
}
/** An address crosses the border to JavaScript as two words: as one it would be a BigInt. */
function slowPathModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(), { i32, i64 } = TYPE, names = ['load', 'modify', 'store'] as const;
  const inner = module.type([i32, i32, i32], [i32]), outer = module.type([i64, i32], [i32]);
  const imported = names.map(name => module.importFunction('tramp64', name, inner));
  declareMemory(module);
  const near = module.type([i64, i32, i32], [i32]);
  const [load, modify, store] = names.map((name, k) => {
    const code = new Code(2);
    if (name !== 'modify') writeAcross(code, name);
    code.get(ADDRESS); code.op(OP['i32.wrap_i64']);
    code.get(ADDRESS); code.i64(32); code.op(OP['i64.shr_u']); code.op(OP['i32.wrap_i64']);
    code.get(SIZE);
    code.call(imported[k]!);
    const number = module.function(outer, code);
    module.exportFunction(name, number);
    return number;
  }) as [number, number, number];
  module.exportFunction('loadNear', module.function(near, nearCode('load', load, TLB.read)));
  module.exportFunction('loadWritable', module.function(near, nearCode('load', load, TLB.write)));
  module.exportFunction('modifyNear', module.function(near, nearCode('modify', modify, TLB.write)));
  module.exportFunction('storeNear', module.function(near, nearCode('store', store, TLB.write)));
  return module.bytes();
}
/** Parameters of slow paths. */
const ADDRESS: Local = 0, SIZE: Local = 1, AT: Local = 2;
/** What straddles two pages that the TLB knows is gathered in STAGING, or goes out from there: copying strings does that all the time. */
function writeAcross(code: Code, name: 'load' | 'store'): void {
  const last = code.local(TYPE.i64), first = code.local(TYPE.i32), second = code.local(TYPE.i32), room = code.local(TYPE.i32);
  const tag = name === 'load' ? TLB.read : TLB.write;
  code.get(ADDRESS); code.get(SIZE); code.i32(1); code.op(OP['i32.sub']); code.op(OP['i64.extend_i32_u']); code.op(OP['i64.add']); code.set(last);
  code.get(ADDRESS); code.get(last); code.op(OP['i64.xor']); code.i64(PAGE_MASK); code.op(OP['i64.and']); code.i64(0); code.op(OP['i64.ne']);
  code.if();
  writeLookUp(code, ADDRESS, first, tag, ADDRESS);
  writeLookUp(code, last, second, tag, last);
  code.op(OP['i32.or']); code.op(OP['i32.eqz']);
  code.if();
  code.i32(PAGE_BYTES); code.get(ADDRESS); code.op(OP['i32.wrap_i64']); code.i32(PAGE_BYTES - 1); code.op(OP['i32.and']); code.op(OP['i32.sub']); code.set(room);
  const firstPart = (): void => { code.get(ADDRESS); code.op(OP['i32.wrap_i64']); code.get(first); code.memory(OP['i32.load'], TLB.at + TLB.addend); code.op(OP['i32.add']); };
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
function nearCode(name: 'load' | 'modify' | 'store', slow: number, tag: number): Code {
  const code = new Code(3), entry = code.local(TYPE.i32), last = code.local(TYPE.i64), place = code.local(TYPE.i32);
  const find = (wanted: number): void => {
    writeLookUp(code, ADDRESS, entry, wanted, last);
    code.op(OP['i32.eqz']);
    code.if();
    code.get(ADDRESS); code.op(OP['i32.wrap_i64']); code.get(entry); code.memory(OP['i32.load'], TLB.at + TLB.addend); code.op(OP['i32.add']); code.set(place);
  };
  code.get(ADDRESS); code.get(SIZE); code.i32(1); code.op(OP['i32.sub']); code.op(OP['i64.extend_i32_u']); code.op(OP['i64.add']); code.set(last);
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
/** `enter()`: from JavaScript into whatever there is for RIP. */
function enterModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(), code = new Code(0);
  declareImports(module);
  const goal = code.local(TYPE.i64), found = code.local(TYPE.i32);
  code.i32(0); code.memory(OP['i64.load'], STATE.rip); code.set(goal);
  writeFind(code, goal, found);
  code.if();
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument);
  code.get(found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot);
  code.returnCallIndirect(FUNCTION_TYPE);
  code.end();
  code.i32(LEFT.toUnknown);
  module.exportFunction('enter', module.function(module.type([], [TYPE.i32]), code));
  return module.bytes();
}
