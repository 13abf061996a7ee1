/** The performer that does it now: the reference, and what single-stepping uses. A Temp is a pair (or four) of words in a scratch buffer. */
import { PAGE_BYTES, PAGE_MASK, SLOT, STATE, TLB } from '../base/layout.ts';
import type { i32, Pa, Size } from '../base/types.ts';
import { bigOf, WORD } from '../base/words.ts';
import { FORM, NONE, type Operand } from '../decoder/instruction.ts';
import { NOT_CANONICAL } from '../mmu/fault.ts';
import { ACCESS, type Mmu } from '../mmu/mmu.ts';
import { type Caches, lineOf } from '../timing/caches.ts';
import { NO_MASKS, STORES } from '../timing/notes.ts';
import type { Profile } from '../timing/profile.ts';
import { ZEN3 } from '../timing/profiles/zen3.ts';
import { type Block, NOTHING } from './block.ts';
import { CpuModel } from './cpuid.ts';
import { afterWriting, carryOf, conditionOf, settle } from './flags.ts';
import { HelperPort } from './helper-port.ts';
import { type Helper, type Ops, RULE, type Rule, type Semantics, type Temp, TF, VECTOR } from './ops.ts';
import { type Primitive, Scratch, STAGES_MAX } from './primitive.ts';
import type { CpuState } from './state.ts';
import type { Instruction } from '../decoder/instruction.ts';

/** What an instruction that did not simply end did. `cut`: it did, but its performer wants to be left. */
export const OUTCOME = { next: 0, jumped: 1, syscall: 2, trapped: 3, again: 4, codeWritten: 5, cut: 6 } as const;

/** Thrown by loads and stores that fault: `mmu.fault` says how. Made once, because throwing must not allocate. */
export const FAULT = Object.freeze({ what: 'a memory access faulted' });
/** Thrown by helpers that trap: `vector` says which. */
export const TRAP = Object.freeze({ what: 'a helper trapped' });

const SCRATCH_WORDS = 1024;
const TLB_WORDS = TLB.at >> 2;
const READ = TLB.read >> 2, WRITE = TLB.write >> 2, ADDEND = TLB.addend >> 2;
const RIP = 2 * SLOT.rip;
const VECTORS = STATE.vector >> 2;
const KIND = STATE.flagsRule >> 2, RESULT = STATE.flagsResult >> 2, A = STATE.flagsA >> 2, B = STATE.flagsB >> 2;
const KNOWN = STATE.eflags >> 2;
const MXCSR = STATE.mxcsr >> 2, WATCH = STATE.floatWatch >> 2;
const NOT_MODIFIED = -1;

/** One for all processors, because nothing in it outlives an instruction: to V8 its address and its length are constants. */
const SCRATCH = new Scratch(SCRATCH_WORDS), s = SCRATCH.i32;
/** The word that says how many words hold something; the high word of an address whose low one is at hand; the first Temp. */
const USED = 0, HIGH = 1, FIRST = 2;
s[USED] = FIRST;

export class Interpreter implements Ops {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly isTimed: boolean;
  readonly profile: Profile;
  readonly scratch = SCRATCH;
  outcome: number = OUTCOME.next;
  vector = 0;
  /** The error code that comes with it. */
  error = 0;
  /** 32 random bits: what RDRAND gives. */
  random: () => number = () => 0;
  /** What CPUID says it is. */
  model = new CpuModel();
  /** With detailed timing only. */
  caches: Caches | null = null;
  /** What is performed is an instruction of this block; or a helper's, of whose accesses nobody knows who waits for them. */
  block: Block = NOTHING;
  private isHelping = false;
  private readonly r: Int32Array;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly port: HelperPort;
  /** Where `modify` found the operand that `write` will replace. */
  private modified: Pa = NOT_MODIFIED;

  /** `isTimed`: helpers may charge cycles beyond their instruction's. */
  constructor(state: CpuState, mmu: Mmu, isTimed = true, profile: Profile = ZEN3) {
    this.state = state; this.mmu = mmu; this.isTimed = isTimed; this.profile = profile;
    this.r = state.r32;
    this.words = state.memory.i32; this.bytes = state.memory.u8; this.view = state.memory.view;
    this.port = new HelperPort(this);
  }
  /** Before every instruction. */
  begin(): void { s[USED] = FIRST; }
  /** Instructions [start, end) of a block, from RIP on, until one of them does not simply end. Gives the index behind the last one: `outcome` says how it ended. */
  perform(block: Block, start: number, end: number): number {
    const { instructions, semantics } = block, { r } = this;
    this.block = block;
    r[RIP + 1] = block.nextHi;
    let k = start, rip = r[RIP];
    while (k < end) {
      const i = instructions[k], perform = semantics[k];
      s[USED] = FIRST;
      r[RIP] = rip = (rip + i.length) | 0;
      perform(this, i);
      k += 1;
      if (this.outcome !== OUTCOME.next) break;
    }
    return k;
  }
  /** One whose RIP is the next one's already. Gives its outcome. */
  performOne(score: Semantics, instruction: Instruction): number {
    this.begin();
    score(this, instruction);
    const { outcome } = this;
    this.outcome = OUTCOME.next;
    return outcome;
  }
  /** After one that did not end: whatever it held is forgotten. */
  abandon(): void { this.begin(); this.isHelping = false; this.modified = NOT_MODIFIED; this.outcome = OUTCOME.next; }

  private fresh(lo: i32, hi: i32): Temp {
    const t = s[USED];
    s[t] = lo; s[t + 1] = hi;
    s[USED] = t + 2;
    return t;
  }
  /** Cuts a value to `size` bytes. */
  private cut(lo: i32, hi: i32, size: Size): Temp {
    const t = s[USED];
    s[USED] = t + 2;
    s[t + 1] = size === 8 ? hi : 0;
    s[t] = size >= 4 ? lo : size === 2 ? lo & 0xffff : lo & 0xff;
    return t;
  }
  constant(value: number): Temp { return this.fresh(value, value >> 31); }

  // — operands —
  /** The commonest forms here, where they are inlined; the rest one call further. */
  read(o: Operand): Temp {
    const { form } = o;
    if (form === FORM.memory) return this.readMemory(o);
    if (form !== FORM.gpr64 && form !== FORM.gpr32) return this.readOther(o, form);
    const { r } = this, t = s[USED], at = o.index << 1;
    s[t] = r[at]; s[t + 1] = form === FORM.gpr64 ? r[at + 1] : 0;
    s[USED] = t + 2;
    return t;
  }
  private readMemory(o: Operand): Temp {
    const lo = this.linearLow(o);
    return this.loadFrom(lo, s[HIGH], o.size);
  }
  private readOther(o: Operand, form: number): Temp {
    if (form === FORM.immediate) return this.cut(o.lo, o.hi, o.size);
    const r = this.r, at = o.index << 1;
    switch (form) {
      case FORM.gpr8: return this.fresh(r[at] & 0xff, 0);
      case FORM.gpr16: return this.fresh(r[at] & 0xffff, 0);
      case FORM.high8: return this.fresh((r[at] >>> 8) & 0xff, 0);
      default: return this.readVector(o);
    }
  }
  private readVector(o: Operand): Temp {
    const r = this.r, t = s[USED], at = VECTORS + 8 * o.index;
    s[t] = r[at];
    s[t + 1] = o.size >= 8 ? r[at + 1] : 0;
    if (o.size < 16) { s[USED] = t + 2; return t; }
    s[t + 2] = r[at + 2]; s[t + 3] = r[at + 3];
    s[USED] = t + 4;
    if (o.size === 32) {
      for (let k = 4; k < 8; k++) s[t + k] = r[at + k];
      s[USED] = t + 8;
    }
    return t;
  }
  /** It lies behind the lower one. */
  upper(lower: Temp): Temp { return lower + 4; }
  writeUpper(o: Operand, v: Temp): void {
    const r = this.r, at = VECTORS + 8 * o.index + 4;
    r[at] = s[v]; r[at + 1] = s[v + 1]; r[at + 2] = s[v + 2]; r[at + 3] = s[v + 3];
  }
  clearUpper(o: Operand): void { this.clear(VECTORS + 8 * o.index + 4); }
  clearUppers(): void { for (let k = 0; k < 16; k++) this.clear(VECTORS + 8 * k + 4); }
  private clear(at: number): void { const r = this.r; r[at] = r[at + 1] = r[at + 2] = r[at + 3] = 0; }
  write(o: Operand, v: Temp): void {
    const { form } = o;
    if (form !== FORM.gpr64 && form !== FORM.gpr32) { this.writeOther(o, v); return; }
    const { r } = this, at = o.index << 1;
    r[at] = s[v]; r[at + 1] = form === FORM.gpr64 ? s[v + 1] : 0;
  }
  private writeOther(o: Operand, v: Temp): void {
    const r = this.r, at = o.index << 1;
    switch (o.form) {
      case FORM.memory: this.writeMemory(o, v); return;
      case FORM.gpr8: r[at] = (r[at] & ~0xff) | (s[v] & 0xff); return;
      case FORM.gpr16: r[at] = (r[at] & ~0xffff) | (s[v] & 0xffff); return;
      case FORM.high8: r[at] = (r[at] & ~0xff00) | ((s[v] & 0xff) << 8); return;
      default: this.writeVector(o, v);
    }
  }
  private writeVector(o: Operand, v: Temp): void {
    const r = this.r, at = VECTORS + 8 * o.index;
    r[at] = s[v];
    if (o.size >= 8) r[at + 1] = s[v + 1];
    if (o.size >= 16) { r[at + 2] = s[v + 2]; r[at + 3] = s[v + 3]; }
  }
  private writeMemory(o: Operand, v: Temp): void {
    const pa = this.modified;
    if (pa === NOT_MODIFIED) {
      const lo = this.linearLow(o);
      this.storeTo(lo, s[HIGH], v, o.size);
      return;
    }
    this.modified = NOT_MODIFIED;
    this.put(pa, v, o.size);
  }
  /** Checks for writing, then reads: what a read-modify-write does (its faults carry W). */
  modify(o: Operand): Temp { return o.form === FORM.memory ? this.modifyMemory(o) : this.read(o); }
  private modifyMemory(o: Operand): Temp {
    const { words } = this, lo = this.linearLow(o), hi = s[HIGH];
    if (this.caches !== null) this.touch(lo, hi, 0);
    const n = (lo >>> 7) | (hi << 25), e = TLB_WORDS + (((n ^ ((n >>> 10) & TLB.fold)) & TLB.mask) >> 2);
    if (words[e + WRITE] === (lo & PAGE_MASK) && words[e + WRITE + 1] === hi && (lo & ~PAGE_MASK) <= PAGE_BYTES - o.size) {
      this.modified = (lo + words[e + ADDEND]) | 0;
      return this.get(this.modified, o.size);
    }
    return this.modifySlowly(lo, hi, o.size);
  }
  /** What straddles pages, or may overwrite translated code, is stored by the slow path, too. */
  private modifySlowly(lo: i32, hi: i32, size: Size): Temp {
    if ((lo & ~PAGE_MASK) > PAGE_BYTES - size) {
      this.translateAcross(lo, hi, size, ACCESS.write);
      return this.loadAcross(lo, hi, size);
    }
    const pa = this.translate(lo, hi, ACCESS.write);
    if (this.mmu.code[pa >>> 12] === 0) this.modified = pa;
    return this.get(pa, size);
  }
  effective(o: Operand): Temp {
    const lo = this.effectiveLow(o);
    return this.fresh(lo, s[HIGH]);
  }
  address(o: Operand): Temp {
    const lo = this.linearLow(o);
    return this.fresh(lo, s[HIGH]);
  }
  /** The low word; HIGH is the high one. */
  private effectiveLow(o: Operand): i32 {
    const { r } = this, base = o.base << 1, b = r[base];
    let lo = (b + o.disp) | 0;
    let hi = (r[base + 1] + o.dispHigh + ((lo >>> 0) < (b >>> 0) ? 1 : 0)) | 0;
    if (o.index !== NONE) {
      const il = r[o.index << 1], shift = o.shift;
      const scaledLo = il << shift;
      // `>>> 1 >>> (31 - shift)`: a shift by 32 would be one by 0.
      const scaledHi = (r[(o.index << 1) + 1] << shift) | (il >>> 1 >>> (31 - shift));
      lo = (lo + scaledLo) | 0;
      hi = (hi + scaledHi + ((lo >>> 0) < (scaledLo >>> 0) ? 1 : 0)) | 0;
    }
    s[HIGH] = o.addressSize === 4 ? 0 : hi;
    return lo;
  }
  private linearLow(o: Operand): i32 {
    const lo = this.effectiveLow(o);
    if (o.segment === NONE) return lo;
    const { r } = this, linear = (lo + r[2 * o.segment]) | 0;
    s[HIGH] += r[2 * o.segment + 1] + ((linear >>> 0) < (lo >>> 0) ? 1 : 0);
    return linear;
  }

  // — memory —
  load(at: Temp, size: Size, aligned = false): Temp {
    if (aligned && (s[at] & (size - 1)) !== 0) this.raiseMisaligned(at, 0);
    return this.loadFrom(s[at], s[at + 1], size);
  }
  store(at: Temp, value: Temp, size: Size, aligned = false): void {
    if (aligned && (s[at] & (size - 1)) !== 0) this.raiseMisaligned(at, STORES);
    this.storeTo(s[at], s[at + 1], value, size);
  }
  private loadFrom(lo: i32, hi: i32, size: Size): Temp {
    const { words } = this;
    const n = (lo >>> 7) | (hi << 25), e = TLB_WORDS + (((n ^ ((n >>> 10) & TLB.fold)) & TLB.mask) >> 2);
    if (this.caches !== null) this.touch(lo, hi, 0);
    if (words[e + READ] === (lo & PAGE_MASK) && words[e + READ + 1] === hi && (lo & ~PAGE_MASK) <= PAGE_BYTES - size) {
      const pa = (lo + words[e + ADDEND]) | 0;
      if ((pa & 3) !== 0 || (size !== 8 && size !== 4)) return this.get(pa, size);
      const t = s[USED], word = pa >> 2;
      s[t] = words[word]; s[t + 1] = size === 8 ? words[word + 1] : 0;
      s[USED] = t + 2;
      return t;
    }
    if ((lo & ~PAGE_MASK) > PAGE_BYTES - size) {
      this.translateAcross(lo, hi, size, ACCESS.read);
      return this.loadAcross(lo, hi, size);
    }
    return this.get(this.translate(lo, hi, ACCESS.read), size);
  }
  private storeTo(lo: i32, hi: i32, value: Temp, size: Size): void {
    const { words } = this;
    const n = (lo >>> 7) | (hi << 25), e = TLB_WORDS + (((n ^ ((n >>> 10) & TLB.fold)) & TLB.mask) >> 2);
    if (this.caches !== null) this.touch(lo, hi, STORES);
    if (words[e + WRITE] === (lo & PAGE_MASK) && words[e + WRITE + 1] === hi && (lo & ~PAGE_MASK) <= PAGE_BYTES - size) {
      const pa = (lo + words[e + ADDEND]) | 0, word = pa >> 2;
      if ((pa & 3) !== 0 || (size !== 8 && size !== 4)) { this.put(pa, value, size); return; }
      words[word] = s[value];
      if (size === 8) words[word + 1] = s[value + 1];
      return;
    }
    if ((lo & ~PAGE_MASK) > PAGE_BYTES - size) { this.storeAcross(lo, hi, value, size); return; }
    const pa = this.translate(lo, hi, ACCESS.write);
    this.beforeWrite(pa, size, lo, hi);
    this.put(pa, value, size);
  }
  storeWide(at: Temp, lower: Temp, upper: Temp, aligned = false): void {
    const t = s[USED];
    s[USED] = t + 8;
    for (let k = 0; k < 4; k++) { s[t + k] = s[lower + k]; s[t + 4 + k] = s[upper + k]; }
    this.store(at, t, 32, aligned);
  }
  probe(at: Temp, size: Size): void {
    if (this.caches !== null) this.touch(s[at], s[at + 1], STORES);
    this.translateAcross(s[at], s[at + 1], size, ACCESS.write);
  }
  /** An access, before anything else of it. */
  private touch(lo: i32, hi: i32, kind: number): void {
    const line = lineOf(lo, hi), caches = this.caches!;
    if (caches.knows(line)) return;
    if (this.isHelping || this.block === NOTHING) { caches.exports.data(line, NO_MASKS, kind); return; }
    const { block: { lo: start, instructions, notes: { words } }, r } = this;
    let k = 0;
    for (let end = (start + instructions[0].length) | 0; end !== r[RIP]; end = (end + instructions[k].length) | 0) k += 1;
    caches.exports.data(line, words[2 * k], words[2 * k + 1] | kind);
  }
  private raiseMisaligned(at: Temp, kind: number): void {
    if (this.caches !== null) this.touch(s[at], s[at + 1], kind);
    this.raiseProtection();
  }
  private raiseProtection(): Temp { this.vector = VECTOR.protection; this.error = 0; throw TRAP; }
  /** #GP or #SS: who knows the instruction knows which. */
  raiseNotCanonical(): never { this.mmu.raise(NOT_CANONICAL, 0); throw FAULT; }

  private get(pa: Pa, size: Size): Temp {
    const t = s[USED];
    s[USED] = t + 2;
    switch (size) {
      case 8: s[t] = this.view.getInt32(pa, true); s[t + 1] = this.view.getInt32(pa + 4, true); return t;
      case 4: s[t] = this.view.getInt32(pa, true); s[t + 1] = 0; return t;
      case 1: s[t] = this.bytes[pa]; s[t + 1] = 0; return t;
      case 2: s[t] = this.view.getUint16(pa, true); s[t + 1] = 0; return t;
      default:
        for (let k = 0; k < size >> 2; k++) s[t + k] = this.view.getInt32(pa + 4 * k, true);
        s[USED] = t + (size >> 2);
        return t;
    }
  }
  private put(pa: Pa, v: Temp, size: Size): void {
    switch (size) {
      case 8: this.view.setInt32(pa, s[v], true); this.view.setInt32(pa + 4, s[v + 1], true); return;
      case 4: this.view.setInt32(pa, s[v], true); return;
      case 1: this.bytes[pa] = s[v]; return;
      case 2: this.view.setInt16(pa, s[v], true); return;
      default: for (let k = 0; k < size >> 2; k++) this.view.setInt32(pa + 4 * k, s[v + k], true);
    }
  }
  /** The slow path of every access: a physical address, or a fault. */
  private translate(lo: i32, hi: i32, access: number): Pa {
    const pa = this.mmu.fill(lo, hi, access);
    if (pa === -1) throw FAULT;
    return pa;
  }
  /** A page that holds translated code has no write tag, so every store to it comes by here. */
  beforeWrite(pa: Pa, length: number, lo: i32, hi: i32): void {
    if (this.mmu.code[pa >>> 12] === 0) return;
    this.caches?.write(lo, hi, length);
    this.mmu.onCodeWrite(pa, length);
    if (this.outcome === OUTCOME.next) this.outcome = OUTCOME.codeWritten;
  }
  private translateAcross(lo: i32, hi: i32, size: number, access: number): void {
    const last = (lo + size - 1) | 0, lastHi = (last >>> 0) < (lo >>> 0) ? (hi + 1) | 0 : hi;
    // What leaves the lower half raises #GP, whatever its first page would raise.
    if (lastHi >> 15 !== hi >> 15 && lastHi !== 0) this.raiseNotCanonical();
    this.translate(lo, hi, access);
    this.translate(last & PAGE_MASK, lastHi, access);
  }
  private loadAcross(lo: i32, hi: i32, size: Size): Temp {
    const t = s[USED];
    s[USED] = t + Math.max(2, size >> 2);
    s[t] = s[t + 1] = 0;
    for (let k = 0; k < size; k++) {
      const at = (lo + k) | 0;
      SCRATCH.u8[4 * t + k] = this.bytes[this.translate(at, (at >>> 0) < (lo >>> 0) ? (hi + 1) | 0 : hi, ACCESS.read)];
    }
    return t;
  }
  private storeAcross(lo: i32, hi: i32, v: Temp, size: Size): void {
    this.translateAcross(lo, hi, size, ACCESS.write);
    for (let k = 0; k < size; k++) {
      const at = (lo + k) | 0;
      const pa = this.translate(at, (at >>> 0) < (lo >>> 0) ? (hi + 1) | 0 : hi, ACCESS.write);
      this.beforeWrite(pa, 1, at, (at >>> 0) < (lo >>> 0) ? (hi + 1) | 0 : hi);
      this.bytes[pa] = SCRATCH.u8[4 * v + k];
    }
  }

  // — integers —
  add(a: Temp, b: Temp, size: Size): Temp {
    const t = s[USED], al = s[a], lo = (al + s[b]) | 0;
    if (size < 4) return this.cut(lo, 0, size);
    s[t] = lo; s[t + 1] = size === 8 ? (s[a + 1] + s[b + 1] + ((lo >>> 0) < (al >>> 0) ? 1 : 0)) | 0 : 0;
    s[USED] = t + 2;
    return t;
  }
  sub(a: Temp, b: Temp, size: Size): Temp {
    const t = s[USED], al = s[a], bl = s[b], lo = (al - bl) | 0;
    if (size < 4) return this.cut(lo, 0, size);
    s[t] = lo; s[t + 1] = size === 8 ? (s[a + 1] - s[b + 1] - ((al >>> 0) < (bl >>> 0) ? 1 : 0)) | 0 : 0;
    s[USED] = t + 2;
    return t;
  }
  and(a: Temp, b: Temp): Temp { return this.fresh(s[a] & s[b], s[a + 1] & s[b + 1]); }
  or(a: Temp, b: Temp): Temp { return this.fresh(s[a] | s[b], s[a + 1] | s[b + 1]); }
  xor(a: Temp, b: Temp): Temp { return this.fresh(s[a] ^ s[b], s[a + 1] ^ s[b + 1]); }
  not(a: Temp, size: Size): Temp { return this.cut(~s[a], ~s[a + 1], size); }
  multiply(a: Temp, b: Temp, size: Size): Temp {
    const al = s[a], bl = s[b], lo = Math.imul(al, bl);
    if (size !== 8) return this.cut(lo, 0, size);
    const hi = (highProduct(al, bl) + Math.imul(s[a + 1], bl) + Math.imul(al, s[b + 1])) | 0;
    return this.fresh(lo, hi);
  }
  multiplyHigh(a: Temp, b: Temp, size: Size, isSigned: boolean): Temp {
    if (size === 8) return this.multiplyHigh64(a, b, isSigned);
    if (size === 4) {
      let hi = highProduct(s[a], s[b]);
      if (isSigned) hi = (hi - (s[a] < 0 ? s[b] : 0) - (s[b] < 0 ? s[a] : 0)) | 0;
      return this.fresh(hi, 0);
    }
    const shift = size === 2 ? 16 : 24, bits = 8 * size;
    const x = isSigned ? (s[a] << shift) >> shift : s[a], y = isSigned ? (s[b] << shift) >> shift : s[b];
    return this.cut(Math.imul(x, y) >> bits, 0, size);
  }
  /** The schoolbook way, by four 32-bit products. */
  private multiplyHigh64(a: Temp, b: Temp, isSigned: boolean): Temp {
    const al = s[a], ah = s[a + 1], bl = s[b], bh = s[b + 1];
    const middle1 = Math.imul(ah, bl) >>> 0, middle2 = Math.imul(al, bh) >>> 0;
    const carry = (highProduct(al, bl) >>> 0) + middle1 + middle2;
    const low = (Math.imul(ah, bh) >>> 0) + (highProduct(ah, bl) >>> 0) + (highProduct(al, bh) >>> 0) + Math.floor(carry / 0x1_0000_0000);
    let lo = low | 0, hi = (highProduct(ah, bh) + Math.floor(low / 0x1_0000_0000)) | 0;
    if (isSigned && ah < 0) { const t = lo; lo = (lo - bl) | 0; hi = (hi - bh - ((t >>> 0) < (bl >>> 0) ? 1 : 0)) | 0; }
    if (isSigned && bh < 0) { const t = lo; lo = (lo - al) | 0; hi = (hi - ah - ((t >>> 0) < (al >>> 0) ? 1 : 0)) | 0; }
    return this.fresh(lo, hi);
  }
  /** Dividends and divisors of fewer than 53 bits, the usual ones, are exact in doubles. */
  divide(high: Temp, low: Temp, divisor: Temp, size: Size, isSigned: boolean): Temp {
    if (size >= 4) {
      const sign = isSigned ? s[low + (size === 8 ? 1 : 0)] >> 31 : 0;
      if (s[high] === sign && (size === 4 || s[high + 1] === sign)) {
        const dividend = small(s[low], size === 8 ? s[low + 1] : sign, isSigned);
        const by = small(s[divisor], size === 8 ? s[divisor + 1] : isSigned ? s[divisor] >> 31 : 0, isSigned);
        if (by !== 0 && by !== -1 && Math.abs(dividend) <= SMALL_MAX && Math.abs(by) <= SMALL_MAX) {
          const quotient = Math.trunc(dividend / by);
          return this.cut(quotient | 0, Math.floor(quotient / WORD) | 0, size);
        }
      }
    }
    const quotient = quotientOf(bigOf(s[high], s[high + 1]), bigOf(s[low], s[low + 1]), bigOf(s[divisor], s[divisor + 1]), size, isSigned);
    if (quotient === null) { this.vector = VECTOR.divide; throw TRAP; }
    return this.fresh(Number(quotient & 0xffff_ffffn) | 0, Number(quotient >> 32n) | 0);
  }
  shiftLeft(a: Temp, count: Temp, size: Size): Temp {
    const n = s[count], lo = s[a], hi = s[a + 1];
    if (n === 0) return this.fresh(lo, hi);
    if (n >= 32) return this.cut(0, lo << (n - 32), size);
    return this.cut(lo << n, (hi << n) | (lo >>> (32 - n)), size);
  }
  shiftRight(a: Temp, count: Temp, _size: Size): Temp {
    const n = s[count], lo = s[a], hi = s[a + 1];
    if (n === 0) return this.fresh(lo, hi);
    if (n >= 32) return this.fresh(hi >>> (n - 32), 0);
    return this.fresh((lo >>> n) | (hi << (32 - n)), hi >>> n);
  }
  shiftRightSigned(a: Temp, count: Temp, size: Size): Temp {
    const n = s[count];
    if (size !== 8) {
      const up = 32 - 8 * size, value = (s[a] << up) >> up;
      return this.cut(value >> (n > 31 ? 31 : n), 0, size);
    }
    const lo = s[a], hi = s[a + 1];
    if (n === 0) return this.fresh(lo, hi);
    if (n >= 32) return this.fresh(hi >> (n - 32), hi >> 31);
    return this.fresh((lo >>> n) | (hi << (32 - n)), hi >> n);
  }
  rotateLeft(a: Temp, count: Temp, size: Size): Temp {
    const bits = 8 * size, n = s[count] & (bits - 1), lo = s[a], hi = s[a + 1];
    if (n === 0) return this.fresh(lo, hi);
    if (size !== 8) return this.cut((lo << n) | (lo >>> (bits - n)), 0, size);
    if (n === 32) return this.fresh(hi, lo);
    const x = n > 32 ? hi : lo, y = n > 32 ? lo : hi, m = n & 31;
    return this.fresh((x << m) | (y >>> (32 - m)), (y << m) | (x >>> (32 - m)));
  }
  zeroExtend(a: Temp, from: Size): Temp { return this.cut(s[a], s[a + 1], from); }
  signExtend(a: Temp, from: Size, to: Size): Temp {
    if (from === 8) return this.fresh(s[a], s[a + 1]);
    const up = 32 - 8 * from, value = (s[a] << up) >> up;
    return this.cut(value, value >> 31, to);
  }
  byteSwap(a: Temp, size: Size): Temp {
    if (size === 8) return this.fresh(swapped(s[a + 1]), swapped(s[a]));
    return size === 4 ? this.fresh(swapped(s[a]), 0) : this.fresh(swapped(s[a]) >>> 16, 0);
  }
  lowestBit(a: Temp): Temp {
    const lo = s[a], hi = s[a + 1];
    return this.fresh(lo !== 0 ? 31 - Math.clz32(lo & -lo) : 63 - Math.clz32(hi & -hi), 0);
  }
  highestBit(a: Temp): Temp {
    const lo = s[a], hi = s[a + 1];
    return this.fresh(hi !== 0 ? 63 - Math.clz32(hi) : 31 - Math.clz32(lo), 0);
  }
  countOnes(a: Temp): Temp { return this.fresh(ones(s[a]) + ones(s[a + 1]), 0); }

  // — truth —
  isZero(a: Temp): Temp { return this.fresh((s[a] | s[a + 1]) === 0 ? 1 : 0, 0); }
  equal(a: Temp, b: Temp): Temp { return this.fresh(s[a] === s[b] && s[a + 1] === s[b + 1] ? 1 : 0, 0); }
  lessUnsigned(a: Temp, b: Temp): Temp {
    const ah = s[a + 1] >>> 0, bh = s[b + 1] >>> 0;
    return this.fresh(ah < bh || (ah === bh && (s[a] >>> 0) < (s[b] >>> 0)) ? 1 : 0, 0);
  }
  lessSigned(a: Temp, b: Temp, size: Size): Temp {
    if (size === 8) return this.fresh(s[a + 1] < s[b + 1] || (s[a + 1] === s[b + 1] && (s[a] >>> 0) < (s[b] >>> 0)) ? 1 : 0, 0);
    const up = 32 - 8 * size;
    return this.fresh(s[a] << up < s[b] << up ? 1 : 0, 0);
  }
  select(condition: Temp, then: Temp, otherwise: Temp): Temp {
    const from = s[condition] !== 0 ? then : otherwise;
    return this.fresh(s[from], s[from + 1]);
  }
  when(condition: Temp): boolean { return s[condition] !== 0; }
  end(): void { /* The body is TypeScript's own. */ }

  // — flags —
  flags(rule: Rule, size: Size, result: Temp, a: Temp, b: Temp): void {
    const { r } = this;
    r[KIND] = rule << 4 | size; // ruleWord, without a call.
    r[RESULT] = s[result]; r[RESULT + 1] = s[result + 1];
    if (rule === RULE.logic) return;
    r[A] = s[a]; r[A + 1] = s[a + 1];
    r[B] = s[b]; r[B + 1] = s[b + 1];
  }
  condition(cc: number): Temp { return this.fresh(conditionOf(this.r, cc), 0); }
  carry(): Temp { return this.fresh(carryOf(this.r), 0); }
  readFlags(): Temp { return this.fresh(settle(this.r), 0); }
  writeFlags(mask: number, value: Temp): void {
    const r = this.r;
    r[KNOWN] = (r[KNOWN] & ~mask) | (s[value] & mask);
    r[KIND] = afterWriting(r[KIND], mask);
    // Single steps are the processor's: the block ends here.
    if ((mask & TF) !== 0 && (r[KNOWN] & TF) !== 0 && this.outcome === OUTCOME.next) this.outcome = OUTCOME.codeWritten;
  }

  // — control —
  next(): Temp { return this.fresh(this.r[RIP], this.r[RIP + 1]); }
  target(o: Operand): Temp {
    const from = this.r[RIP], lo = (from + o.disp) | 0;
    if (o.size === 2) return this.fresh(lo & 0xffff, 0);
    const hi = (this.r[RIP + 1] + o.dispHigh + ((lo >>> 0) < (from >>> 0) ? 1 : 0)) | 0, top = hi >> 15;
    if (top !== 0 && top !== -1) this.raiseProtection();
    return this.fresh(lo, hi);
  }
  canonical(at: Temp): void {
    const top = s[at + 1] >> 15;
    if (top !== 0 && top !== -1) this.raiseProtection();
  }
  jump(to: Temp): void {
    this.r[RIP] = s[to]; this.r[RIP + 1] = s[to + 1];
    this.outcome = OUTCOME.jumped;
  }
  branch(condition: Temp, o: Operand): void {
    if (s[condition] !== 0) this.jump(this.target(o));
  }
  trap(vector: number): void { this.vector = vector; this.error = 0; this.outcome = OUTCOME.trapped; }
  syscall(): void { this.outcome = OUTCOME.syscall; }

  apply(primitive: Primitive, a: Temp, b: Temp = 0, c: Temp = 0): Temp {
    const t = s[USED];
    s[USED] = t + (primitive.size === 16 ? 4 : 2);
    if (primitive.raises) this.applyFloat(primitive, t, a, b, c); else primitive.run(SCRATCH, t, a, b, c);
    return t;
  }
  applyBoth(primitive: Primitive, a: Temp, upperA: Temp, b: Temp = 0, upperB: Temp = 0, c: Temp = 0, upperC: Temp = 0): Temp {
    const { r } = this, t = s[USED];
    s[USED] = t + 8;
    if (!primitive.raises) {
      primitive.run(SCRATCH, t, a, b, c);
      primitive.run(SCRATCH, t + 4, upperA, upperB, upperC);
      return t;
    }
    // No half gets further than the one that traps first.
    for (let stages = STAGES_MAX; ;) {
      SCRATCH.begin(r[MXCSR], r[WATCH], stages);
      primitive.run(SCRATCH, t, a, b, c);
      const { control, raised, stages: left } = SCRATCH;
      SCRATCH.begin(r[MXCSR], r[WATCH], stages);
      primitive.run(SCRATCH, t + 4, upperA, upperB, upperC);
      SCRATCH.control |= control; SCRATCH.raised |= raised;
      if (SCRATCH.stages === left) break;
      stages -= Math.max(SCRATCH.stages, left);
    }
    this.endFloat();
    return t;
  }
  private applyFloat(primitive: Primitive, t: Temp, a: Temp, b: Temp, c: Temp): void {
    SCRATCH.begin(this.r[MXCSR], this.r[WATCH]);
    primitive.run(SCRATCH, t, a, b, c);
    this.endFloat();
  }
  private endFloat(): void {
    if ((SCRATCH.raised & SCRATCH.watch) === 0) return;
    if (this.state.raise(SCRATCH.control, SCRATCH.raised)) { this.vector = VECTOR.simd; throw TRAP; }
  }
  help(helper: Helper, instruction: Instruction): void {
    this.isHelping = true;
    helper(this.port, instruction);
    this.isHelping = false;
  }
  /** The same for generated code: RIP is the address of the next instruction. */
  performHelper(helper: Helper, instruction: Instruction): void { this.begin(); this.help(helper, instruction); }
}

const SMALL_MAX = 2 ** 52;
function small(lo: number, hi: number, isSigned: boolean): number { return (isSigned ? hi : hi >>> 0) * WORD + (lo >>> 0); }
/** The quotient, `size` bytes of it; null where there is none or it does not fit. For what doubles cannot hold. */
export function quotientOf(high: bigint, low: bigint, divisor: bigint, size: Size, isSigned: boolean): bigint | null {
  const bits = 8 * size;
  const cut = (value: bigint, n: number): bigint => isSigned ? BigInt.asIntN(n, value) : BigInt.asUintN(n, value);
  const by = cut(divisor, bits);
  if (by === 0n) return null;
  const quotient = cut((high << BigInt(bits)) | low, 2 * bits) / by;
  return cut(quotient, bits) === quotient ? BigInt.asUintN(bits, quotient) : null;
}
/** The high word of the unsigned product of two words. */
function highProduct(a: i32, b: i32): i32 {
  const al = a & 0xffff, ah = a >>> 16, bl = b & 0xffff, bh = b >>> 16;
  const middle = ah * bl + (Math.imul(al, bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 65536) + (other / 65536 | 0)) | 0;
}
function swapped(x: i32): i32 {
  return ((x & 0xff) << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}
function ones(x: i32): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
