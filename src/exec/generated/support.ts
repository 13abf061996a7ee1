/** What generated code stands on: the functions it imports, the table its functions lie in, and how it finds the next one. */
import { LOOKUP, PAGE_BYTES, PAGE_MASK, STAGING, STATE } from '../../base/layout.ts';
import type { i32, Pa } from '../../base/types.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import { ACCESS, type Mmu } from '../../mmu/mmu.ts';
import type { Predictor } from '../../timing/predictor.ts';
import { FAULT, type Interpreter, OUTCOME, TRAP } from '../interpret.ts';
import { FUNCTION_TYPE } from '../lower/imports.ts';
import { PrimitiveNumbers } from '../lower/primitive-numbers.ts';
import type { Helper } from '../ops.ts';
import { Scratch } from '../primitive.ts';
import type { KnownForms } from '../threaded/form.ts';
import { groundModule, LEFT } from './ground.ts';

const GIVE_UP = -1;
const NOWHERE = 0;
/** The primitive's result and three operands, 16 bytes each, as words of a Scratch. */
const PRIMITIVE_WORDS = 16, WORDS_EACH = 4;
/** Every module that is linked has V8 go through all of them. */
export const TABLE_SLOTS = 1 << 11;

/** Modules that were written before the program was started, and forms of instructions that one of them has handlers for; see ../threaded/prebuild.ts. */
export interface Prebuilt {
  /** null: it is to be written. */
  module(name: string): Uint8Array<ArrayBuffer> | null;
  readonly known: KnownForms;
  /** How many of them, the first, a smaller one has handlers for. */
  readonly few: number;
  /** The primitives those handlers call. */
  readonly primitives: readonly PrimitiveExample[];
  /** Of that name, optimised already; null: V8 is to do that. */
  optimised(name: string): WebAssembly.Module | null;
  /** A module that is large and seldom runs for long: it is not to be optimised. */
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module;
}

/** A primitive by its name, and an instruction that calls it, in hexadecimal digits. */
export interface PrimitiveExample { readonly name: string; readonly example: string }

interface Help { readonly helper: Helper; readonly instruction: Instruction }

/** What generated code is linked with. Made when there is some: a short program does without. */
interface Linked { readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>; readonly functions: WebAssembly.Table }

export class Support {
  readonly primitives = new PrimitiveNumbers();
  readonly functionType = FUNCTION_TYPE;
  /** Goes on at RIP if there is generated code for it. Gives one of LEFT. */
  enter: () => number = () => LEFT.toUnknown;
  /** Leaves a digest of memory [from, to), multiples of 8, in 16 bytes: gives the word they begin at. There is one once something is linked. */
  digest: (from: number, to: number) => number = () => STAGING.at >> 2;
  /** Kept code from one header to another can be entered, see ground.ts. */
  openHeaders: (from: number, to: number, countdown: number) => void = () => {};
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
    const { memory } = this.interpreter.state, caches = this.interpreter.caches?.exports, functions = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_SLOTS });
    const primitive = (number: number): number => this.primitive(number);
    const ground = new WebAssembly.Instance(this.prebuilt?.optimised('ground') ?? new WebAssembly.Module(this.prebuilt?.module('ground') ?? groundModule()), { tramp64: {
      primitive,
      load: (lo: i32, hi: i32, size: number) => this.load(lo, hi, size),
      modify: (lo: i32, hi: i32, size: number) => this.modify(lo, hi, size),
      store: (lo: i32, hi: i32, size: number) => this.store(lo, hi, size),
      memory: memory.wasm, functions,
    } }).exports;
    this.enter = ground['enter'] as () => number;
    const digest = ground['digest'] as (from: number, to: number) => void;
    this.openHeaders = ground['openHeaders'] as (from: number, to: number, countdown: number) => void;
    this.digest = (from, to) => { digest(from, to); return STAGING.at >> 2; };
    return this.linked = { functions, imports: { tramp64: {
      ...ground, ...this.predictor?.exports,
      cacheData: caches?.data, cacheCode: caches?.code, cachePass: caches?.pass, cacheResolve: caches?.resolve,
      help: (number: number) => this.help(number),
      perform: (record: number) => { this.calls++; return this.perform(record); },
      primitive, memory: memory.wasm, functions,
    } } };
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
  releaseSlot(slot: number): void { this.linked?.functions.set(slot, null); }
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
