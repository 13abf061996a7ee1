/**
 * Writes a region as one WebAssembly function: registers and flags in locals, operands as constants, flow as nested blocks and loops
 * (see flow.ts). `(entry) -> status`; see LEFT in ../generated/ground.ts.
 */
import { RSP } from '../state.ts';
import { isCanonical } from '../../base/words.ts';
import { LOOKUP, NOWHERE_NEAR, SLOT, STATE, VECTOR_BYTES } from '../../base/layout.ts';
import type { i32 } from '../../base/types.ts';
import { FORM, type Instruction, NONE, type Operand } from '../../decoder/instruction.ts';
import { STORES } from '../../timing/notes.ts';
import { PredictorCode } from '../../timing/predictor-code.ts';
import type { Profile } from '../../timing/profile.ts';
import { Code, type Label, type Local } from '../../wasm/code.ts';
import { OP, TYPE } from '../../wasm/opcode.ts';
import { pairOf, type Value } from '../../wasm/values.ts';
import { type Block, ENDING } from '../block.ts';
import type { Support } from '../generated/support.ts';
import { LEFT, writeFind } from '../generated/ground.ts';
import { loadFlags, storeFlags } from '../lower/flag-locals.ts';
import { IMPORTED } from '../lower/imports.ts';
import { type BlockUse, blockUseOf, UNKNOWN_RULE } from '../lower/instruction-use.ts';
import { CacheCode } from '../lower/cache-code.ts';
import { ClockCode } from '../lower/clock-code.ts';
import { writeCare } from '../lower/close.ts';
import { loadNear, type Near } from '../lower/near.ts';
import { Lowering } from '../lower/lowering.ts';
import type { Shape } from '../lower/primitives/row.ts';
import { isDenormal, isNan, lowLane } from '../lower/primitives/watched.ts';
import { LIMIT, PE } from '../mxcsr.ts';
import { type Helper, type Temp } from '../ops.ts';
import type { Flow } from './flow.ts';
import type { Region } from './region.ts';
import { nothingSeen, operandsOfLoop, type Registers, Seen, shapesOf } from './seen.ts';

/** How many pairs of base and index have pages of their own. */
const PAGES_MAX = 4, PAGES_NODES_MAX = 16;
const GENERALS = 16, VECTORS = 16;
/** Custom leaves: segment bases by their slots, upper halves of vector registers by their numbers above this. */
const UPPERS = 64, ALL_VECTORS = 0xffff;
const ENTRY: Local = 0;
/** Instructions whose giving up has one way out. */
const STRETCH = 12;

/** What the function's heads and tails move between memory and locals. Masks by register number. */
interface Kept { generals: number; generalsWritten: number; vectors: number; vectorsWritten: number }

export class RegionLowering extends Lowering {
  private readonly support: Support;
  /** How far execution may be behind; null: there is no timing. */
  private readonly profile: Profile | null;
  private kept: Kept = { generals: 0, generalsWritten: 0, vectors: 0, vectorsWritten: 0 };
  private generals: readonly Local[] = [];
  private vectors: readonly Local[] = [];
  private left: Local = 0;
  /** Without timing there are none. */
  private clock: ClockCode | null = null;
  private predictor: PredictorCode | null = null;
  /** Without detailed timing there are none. */
  private caches: CacheCode | null = null;
  private readonly isDetailed: boolean;
  private stack!: Near;
  /** Pages of other accesses, by what Values.baseOf says of their address. */
  private readonly loaded = new Map<number, Near>();
  private readonly stored = new Map<number, Near>();
  private where: Local = 0;
  private goal: Local = 0;
  private taken: Local = 0;
  private found: Local = 0;

  private region!: Region;
  private flow!: Flow;
  private node = 0;
  private block!: Block;
  /** The address of the instruction after the one being written. */
  private nextLo: i32 = 0;
  private site = 0;
  /** Which instruction of its block is written. */
  private index = 0;
  private giveUpLabel: Label = 0;
  private spillLabel: Label = 0;
  private exitLabel: Label = 0;
  private dispatchLabel: Label = 0;
  private loops: Label[] = [];
  private places: Label[] = [];
  /** Upper halves that this block has cleared, as a mask: nothing needs to clear them again. */
  private clearedUppers = 0;
  private readonly uses = new WeakMap<Block, BlockUse>();
  private readonly seen = new Seen(this.v);
  /** What every edge to a node has seen; undefined: none yet. */
  private seenAt: (Registers | undefined)[] = [];
  /** What a loop takes as seen. */
  private seenInLoop: Registers[] = [];
  /** The rule word at a node's begin, as far as the edges seen agree; undefined: none seen. */
  private rules: (number | undefined)[] = [];

  constructor(support: Support, profile: Profile | null, isDetailed: boolean) {
    super(new Code(1), support.primitives);
    this.support = support; this.profile = profile; this.isDetailed = isDetailed;
  }

  writeRegion(region: Region, flow: Flow): Code {
    const code = new Code(1, 1 << 14);
    this.region = region; this.flow = flow; this.rules = []; this.seenAt = []; this.seenInLoop = []; this.loops = []; this.places = [];
    this.kept = this.keptOf(region.blocks);
    this.into(code);
    this.generals = Array.from({ length: GENERALS }, () => code.local(TYPE.i64));
    this.left = code.local(TYPE.i32); this.where = code.local(TYPE.i32); this.taken = code.local(TYPE.i32); this.found = code.local(TYPE.i32);
    this.goal = code.local(TYPE.i64);
    this.stack = this.pageOf(STATE.near, true);
    this.findPages(region, flow);
    const { profile } = this;
    this.clock = profile === null ? null : new ClockCode(code, profile);
    this.caches = this.clock === null || !this.isDetailed ? null : new CacheCode(code, this.clock);
    this.predictor = profile === null ? null : new PredictorCode(code, profile.branchTargets, IMPORTED, { onMiss: () => { this.missed(); }, onOverride: () => { this.clock?.delay(this.block.pace.override); }, onSteered: () => { this.clock?.delayWord(); } });
    this.vectors = this.kept.vectors === 0 ? [] : Array.from({ length: VECTORS }, () => code.local(TYPE.v128));
    this.seen.start(this.vectors);
    if (this.vectors.length > 0) this.forgetCare();
    this.reload(true);
    this.spillLabel = code.block();
    this.dispatchLabel = code.loop();
    this.exitLabel = code.block();
    this.dispatch();
    code.end();
    this.goOn();
    code.end();
    code.op(OP.unreachable);
    code.end();
    this.spill();
    code.i32(0); code.get(this.where); code.memory(OP['i32.store'], STATE.site);
    code.i32(LEFT.gaveUp);
    return code;
  }

  private useOf(block: Block): BlockUse {
    let use = this.uses.get(block);
    if (use === undefined) this.uses.set(block, use = blockUseOf(block.instructions, block.semantics));
    return use;
  }
  private keptOf(blocks: Iterable<Block>): Kept {
    const kept: Kept = { generals: 0, generalsWritten: 0, vectors: 0, vectorsWritten: 0 };
    for (const block of blocks) {
      const use = this.useOf(block);
      kept.generals |= use.generals; kept.generalsWritten |= use.generalsWritten;
      kept.vectors |= use.vectors; kept.vectorsWritten |= use.vectorsWritten;
    }
    return kept;
  }

  private pageOf(at: number, isWritable: boolean): Near {
    const { code } = this;
    return { page: code.local(TYPE.i64), addend: code.local(TYPE.i32), at, isWritable };
  }
  /** In loops it is likely that what the same registers address stays on a page. */
  private findPages(region: Region, flow: Flow): void {
    this.loaded.clear(); this.stored.clear();
    if (region.nodes.length > PAGES_NODES_MAX || !region.nodes.some((_, node) => flow.isLoop(node))) return;
    const counts = new Map<number, number>();
    for (const { block } of region.nodes) for (const { operands } of block.instructions) for (const o of operands) {
      if (o.form !== FORM.memory || o.base >= GENERALS || o.base === RSP || o.segment !== NONE || o.addressSize !== 8) continue;
      const base = this.generals[o.base]!, key = o.index === NONE ? base : pairOf(base, this.generals[o.index]!);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const [key] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, PAGES_MAX)) {
      this.loaded.set(key, this.pageOf(STATE.met, false)); this.stored.set(key, this.pageOf(STATE.met, true));
    }
  }

  // — heads and tails —
  private reload(isStart: boolean): void {
    const { code, kept } = this;
    const from = (local: Local, operation: number, offset: number): void => { code.i32(0); code.memory(operation, offset); code.set(local); };
    for (let k = 0; k < GENERALS; k++) if ((kept.generals >> k & 1) !== 0) from(this.generals[k]!, OP['i64.load'], STATE.gpr + 8 * k);
    for (let k = 0; k < VECTORS; k++) if ((kept.vectors >> k & 1) !== 0) from(this.vectors[k]!, OP['v128.load'], STATE.vector + VECTOR_BYTES * k);
    loadFlags(code, this.flagLocals);
    if ((kept.generals >> RSP & 1) !== 0) loadNear(code, this.stack);
    if (isStart) for (const { page, addend } of [...this.loaded.values(), ...this.stored.values()]) {
      code.i64(NOWHERE_NEAR.lo, NOWHERE_NEAR.hi); code.set(page);
      code.i32(NOWHERE_NEAR.addend); code.set(addend);
    }
    if (isStart) { this.predictor?.load(); this.clock?.load(); }
    if (isStart) from(this.left, OP['i32.load'], STATE.left);
  }
  private spill(): void {
    const { code } = this;
    this.spillRegisters();
    code.i32(0); code.get(this.left); code.memory(OP['i32.store'], STATE.left);
    this.predictor?.store();
    this.clock?.store();
  }
  private spillRegisters(): void {
    const { code, kept } = this;
    const to = (local: Local, operation: number, offset: number): void => { code.i32(0); code.get(local); code.memory(operation, offset); };
    for (let k = 0; k < GENERALS; k++) if ((kept.generalsWritten >> k & 1) !== 0) to(this.generals[k]!, OP['i64.store'], STATE.gpr + 8 * k);
    for (let k = 0; k < VECTORS; k++) if ((kept.vectorsWritten >> k & 1) !== 0) to(this.vectors[k]!, OP['v128.store'], STATE.vector + VECTOR_BYTES * k);
    storeFlags(code, this.flagLocals);
  }
  /** RIP is to become `goal`: another entry of this function, another function's, or whatever the caller makes of it. */
  private goOn(): void {
    const { code } = this;
    writeFind(code, this.goal, this.found);
    code.if();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot); code.i32(this.region.slot); code.op(OP['i32.eq']);
    code.if();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument); code.set(ENTRY);
    code.br(this.dispatchLabel);
    code.end();
    this.spill();
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.argument);
    code.get(this.found); code.memory(OP['i32.load'], LOOKUP.at + LOOKUP.slot);
    code.returnCallIndirect(this.support.functionType);
    code.end();
    this.spill();
    code.i32(0); code.get(this.goal); code.memory(OP['i64.store'], STATE.rip);
    code.i32(LEFT.toUnknown);
    code.return();
  }

  /** Nothing is taken as seen now. */
  private forgetCare(): void {
    const { code } = this;
    code.i32(0); code.memory(OP['i32.load'], STATE.floatCareful);
    code.ifUnlikely();
    code.i32(0); code.i32(0); code.memory(OP['i32.store'], STATE.floatCareful);
    code.i32(0);
    code.i32(0); code.i32(LIMIT); code.i32(0); code.memory(OP['i32.load'], STATE.floatWatch); code.i32(PE); code.op(OP['i32.and']); code.op(OP.select);
    code.op(OP['i32x4.splat']); code.memory(OP['v128.store'], STATE.floatLimit);
    code.end();
  }

  // — flow —
  private dispatch(): void {
    const { code, flow } = this, root = this.region.nodes.length;
    const merges = [...flow.children(root)].reverse();
    const open = (k: number): void => {
      if (k === merges.length) {
        code.get(ENTRY);
        const labels = flow.dispatched.map(node => this.places[node]!);
        code.brTable(labels, labels[0]!);
        return;
      }
      const node = merges[k]!;
      this.places[node] = code.block();
      open(k + 1);
      code.end();
      this.tree(node);
    };
    for (const node of flow.dispatched) { this.rules[node] = UNKNOWN_RULE; this.seenAt[node] = nothingSeen(); }
    open(0);
  }
  /** A node and everything it dominates. */
  private tree(node: number): void {
    const { code, flow } = this;
    const merges = flow.children(node).filter(child => flow.isMerge(child)).reverse();
    const isLoop = flow.isLoop(node);
    if (isLoop) {
      if (this.vectors.length > 0) this.enterLoop(node);
      this.loops[node] = code.loop();
    }
    const open = (k: number): void => {
      if (k === merges.length) { this.body(node); return; }
      const merge = merges[k]!;
      this.places[merge] = code.block();
      open(k + 1);
      code.end();
      this.tree(merge);
    };
    open(0);
    if (isLoop) { code.end(); code.op(OP.unreachable); }
  }
  /** Goes to an address that is known now. */
  private edge(lo: i32, hi: i32): void {
    const { code, flow } = this, from = this.node, to = this.region.nodes[from]!.edgeTo(lo, hi);
    if (to === -1) {
      code.i64(lo, hi); code.set(this.goal);
      code.br(this.exitLabel);
    } else if (flow.isBack(from, to)) {
      if (this.vectors.length > 0) this.look(this.seenInLoop[to]!, this.seen.registers);
      code.br(this.loops[to]!);
    }
    else if (flow.isDispatched(from, to)) {
      code.i32(flow.dispatched.indexOf(to)); code.set(ENTRY);
      code.br(this.dispatchLabel);
    } else {
      const known = this.rules[to];
      this.rules[to] = known === undefined || known === this.rule ? this.rule : UNKNOWN_RULE;
      this.seenAt[to] = this.seen.registers.map((mask, register) => mask & (this.seenAt[to]?.[register] ?? -1));
      if (flow.isMerge(to)) code.br(this.places[to]!); else this.tree(to);
    }
  }

  /** Operands of the loop that not all who enter it have seen are looked at in advance. */
  private enterLoop(node: number): void {
    const { flow } = this, { nodes } = this.region, loop = flow.order.filter(other => flow.isInLoop(node, other));
    const operands = operandsOfLoop(loop, other => nodes[other]!.block, other => nodes[other]!.edges.map(edge => edge.node));
    this.seenInLoop[node] = operands;
    this.look(operands, this.seenAt[node] ?? nothingSeen());
  }
  /** Where a register that is to be taken as seen, and was not looked at, holds a denormal or a NaN, every operation looks closely from now on. */
  private look(wanted: Registers, known: Registers): void {
    const { code, v } = this, tests: Value[] = [];
    v.begin();
    wanted.forEach((mask, register) => {
      for (const shape of shapesOf(mask & ~known[register]!)) {
        const lanes = shape === 'f32' || shape === 'f64' ? lowLane(v, shape, this.vector(register)) : this.vector(register);
        tests.push(isDenormal(v, shape, lanes), isNan(v, shape, lanes));
      }
    });
    if (tests.length === 0) return;
    const any = tests.reduce((a, b) => v.op2(OP['i32.or'], TYPE.i32, a, b));
    v.mark(any);
    v.push(any);
    code.ifUnlikely();
    writeCare(code);
    code.end();
  }
  private body(node: number): void {
    const { code } = this, { block } = this.region.nodes[node]!;
    this.node = node; this.block = block; this.clearedUppers = 0;
    this.seen.registers = (this.flow.isLoop(node) ? this.seenInLoop[node] : this.seenAt[node])?.slice() ?? nothingSeen();
    this.rule = this.flow.isLoop(node) ? UNKNOWN_RULE : this.rules[node] ?? UNKNOWN_RULE;
    const count = block.instructions.length, { liveFlags } = this.useOf(block);
    this.site = this.siteOf(0);
    let after = this.openStretch(count);
    // Counted in advance; whoever takes over from a site takes back what was not done.
    this.clock?.charge(block.pace.cost);
    code.get(this.left); code.i32(count); code.op(OP['i32.sub']); code.tee(this.left); code.i32(0); code.op(OP['i32.lt_s']);
    this.site = ~this.site;
    this.giveUp();
    if (this.caches !== null) {
      this.caches.pass(() => { code.i32(block.pace.cost); code.i32(count); code.i32(block.notes.killed); });
      this.caches.fetch(block.firstLine, block.lastLine);
    }
    this.clock?.advance(block.pace.behind);
    let at = block.lo;
    for (let k = 0; k < count; k++) {
      const i = block.instructions[k]!;
      if (k > 0 && k % STRETCH === 0) {
        code.br(after);
        this.closeStretch();
        code.end();
        after = this.openStretch(count - k);
      }
      at = (at + i.length) | 0;
      this.nextLo = at; this.index = k;
      this.site = this.siteOf(k);
      this.seen.begin();
      this.perform(block.semantics[k]!, i, liveFlags[k]!);
    }
    if (block.ending === ENDING.next) this.edge(at, block.nextHi);
    this.closeStretch();
  }
  /**
   * Those who give up within a few instructions of each other meet first: what none of these instructions changes needs no merging there. Returns where
   * to go on after the stretch, if `left` instructions are more than it has.
   */
  private openStretch(left: number): Label {
    const after = left > STRETCH ? this.code.block() : 0;
    this.giveUpLabel = this.code.block();
    return after;
  }
  private closeStretch(): void {
    this.code.end();
    this.code.br(this.spillLabel);
  }
  private siteOf(index: number): number { return this.region.siteOf(this.region.nodes[this.node]!, index); }

  protected writeJump(to: Value): void {
    const { code, v } = this, { ending } = this.block;
    if (v.isConstant(to)) {
      if (ending === ENDING.call) this.predictor?.called({ value: this.nextLo });
      this.predictor?.direct({ value: this.nextLo });
      this.clock?.advance(this.block.pace.round, this.block.pace.behindMax);
      this.edge(v.low(to), v.high(to));
      return;
    }
    v.push(to);
    code.set(this.goal);
    this.predictIndirect(ending);
    const { rule, node, block, nextLo } = this, { registers } = this.seen;
    for (const { to: known } of this.region.nodes[node]!.edges) {
      code.get(this.goal); code.i64(known.lo, known.hi); code.op(OP['i64.eq']);
      code.if();
      this.edge(known.lo, known.hi);
      code.end();
      // Writing the edge may have written many a node.
      this.rule = rule; this.node = node; this.block = block; this.nextLo = nextLo; this.seen.registers = registers;
    }
    code.br(this.exitLabel);
  }
  protected writeBranch(condition: Value, operand: Operand): void {
    const { code, v } = this, to = this.targetOf(operand);
    v.push(condition);
    code.set(this.taken);
    if (!isCanonical(to.hi)) { code.get(this.taken); this.giveUp(); }
    this.predictor?.consult({ value: this.nextLo });
    const { rule, node, block, nextLo } = this, { registers } = this.seen;
    code.get(this.taken);
    code.if();
    this.predictor?.learn({ value: nextLo }, true);
    this.predictor?.direct({ value: nextLo });
    this.clock?.charge(block.pace.taken);
    this.clock?.advance(block.pace.round, block.pace.behindMax);
    this.edge(to.lo, to.hi);
    code.end();
    // Writing the edge may have written many a node.
    this.rule = rule; this.node = node; this.block = block; this.nextLo = nextLo; this.seen.registers = registers;
    this.predictor?.learn({ value: nextLo }, false);
    if (block.pace.breaks) this.clock?.forget();
    this.edge(nextLo, block.nextHi);
  }
  private predictIndirect(ending: number): void {
    const { code, predictor } = this;
    if (predictor === null) return;
    code.get(this.goal); code.op(OP['i32.wrap_i64']); code.set(this.found);
    const from = { value: this.nextLo }, to = { local: this.found };
    if (ending === ENDING.callIndirect) predictor.called(from);
    if (ending === ENDING.return) predictor.returned(to); else predictor.indirect(from, to);
  }

  private missed(): void {
    const { pace, instructions } = this.block;
    this.caches?.resolve(() => this.pushNotes(instructions.length - 1));
    this.clock?.missed(pace);
  }
  private pushNotes(index: number, more = 0): void {
    const { words } = this.block.notes;
    this.code.i32(words[2 * index]!); this.code.i32(words[2 * index + 1]! | more);
  }

  // — what Lowering asks —
  protected override touch(at: Local, isStore: boolean): void { this.caches?.touch(at, () => this.pushNotes(this.index, isStore ? STORES : 0)); }
  protected general(index: number): Value { return index === SLOT.zero ? this.v.constant64(0) : this.v.variable(this.generals[index]!, TYPE.i64); }
  protected setGeneral(index: number): void {
    this.v.clobber(this.generals[index]!);
    this.code.set(this.generals[index]!);
  }
  protected vector(index: number): Value { return this.v.variable(this.vectors[index]!, TYPE.v128); }
  protected setVector(index: number): void {
    this.v.clobber(this.vectors[index]!);
    this.code.set(this.vectors[index]!);
  }
  protected upperVector(index: number): Value { return this.v.custom(UPPERS + index, TYPE.v128); }
  protected setUpper(index: number): void {
    const { code, v } = this, value = v.temporary(TYPE.v128);
    code.set(value);
    v.clobberCustom(UPPERS + index);
    code.i32(0); code.get(value); code.memory(OP['v128.store'], STATE.vector + VECTOR_BYTES * index + VECTOR_BYTES / 2);
  }
  override writeUpper(o: Operand, value: Temp): void {
    this.clearedUppers &= ~(1 << o.index);
    super.writeUpper(o, value);
  }
  override clearUpper(o: Operand): void {
    if ((this.clearedUppers >> o.index & 1) === 0) super.clearUpper(o);
    this.clearedUppers |= 1 << o.index;
  }
  override clearUppers(): void {
    super.clearUppers();
    this.clearedUppers = ALL_VECTORS;
  }
  protected override isSeen(shape: Shape, value: Value): boolean { return this.seen.has(shape, value); }
  protected override nowSeen(shape: Shape, value: Value): void { this.seen.add(shape, value); }
  protected override writesVector(index: number, value: Value): void { this.seen.wrote(index, value); }
  protected segmentBase(slot: number): Value { return this.v.custom(slot, TYPE.i64); }
  protected override writeCustom(code: Code, id: number): void {
    code.i32(0);
    if (id >= UPPERS) code.memory(OP['v128.load'], STATE.vector + VECTOR_BYTES * (id - UPPERS) + VECTOR_BYTES / 2); else code.memory(OP['i64.load'], 8 * id);
  }
  protected override nearOf(address: Value, isWrite: boolean): Near | null {
    const base = this.v.baseOf(address);
    return base === this.generals[RSP] ? this.stack : (isWrite ? this.stored : this.loaded).get(base) ?? null;
  }
  protected immediate(operand: Operand): Value { return this.v.constant64(operand.lo, operand.hi); }
  effective(o: Operand): Temp {
    const { v } = this;
    let sum = o.base === SLOT.rip ? this.next() : this.general(o.base);
    if (o.index !== NONE) {
      const index = this.general(o.index);
      sum = v.add64(sum, o.shift === 0 ? index : v.op2(OP['i64.shl'], TYPE.i64, index, v.constant64(o.shift)));
    }
    sum = v.add64(sum, v.constant64(o.disp, o.dispHigh));
    return o.addressSize === 4 ? v.i64(v.i32(sum)) : sum;
  }
  next(): Temp { return this.v.constant64(this.nextLo, this.block.nextHi); }
  target(operand: Operand): Temp {
    const { lo, hi } = this.targetOf(operand), to = this.v.constant64(lo, hi);
    this.canonical(to);
    return to;
  }
  private targetOf(o: Operand): { readonly lo: i32; readonly hi: i32 } {
    const lo = (this.nextLo + o.disp) | 0;
    if (o.size === 2) return { lo: lo & 0xffff, hi: 0 };
    return { lo, hi: (this.block.nextHi + o.dispHigh + ((lo >>> 0) < (this.nextLo >>> 0) ? 1 : 0)) | 0 };
  }
  protected giveUp(): void {
    const { code } = this;
    code.ifUnlikely();
    code.i32(this.site); code.set(this.where);
    code.br(this.giveUpLabel);
    code.end();
  }
  protected writeHelp(helper: Helper, instruction: Instruction): void {
    const { code } = this;
    this.spillRegisters();
    code.i32(0); code.i64(this.nextLo, this.block.nextHi); code.memory(OP['i64.store'], STATE.rip);
    code.i32(this.region.helpNumber(this.support.helpNumber(helper, instruction)));
    this.clearedUppers = 0;
    code.call(IMPORTED.help);
    code.set(this.taken);
    this.reload(false);
    this.seen.registers = nothingSeen();
    code.get(this.taken);
    this.giveUp();
    this.rule = UNKNOWN_RULE;
  }
}
