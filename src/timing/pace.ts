/**
 * How long straight runs of code take on a processor that dispatches in order and executes when operands are there: what is dispatched, which units
 * are busy, and what a loop waits for of the round before. Computed when a block is built; times are in parts of a cycle.
 */
import { SLOT } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { type Flow, type Instruction, NONE, type Operand } from '../decoder/instruction.ts';
import { assert } from '../base/assert.ts';
import { type CostRow, type Profile, type Resource, RESOURCES } from './profile.ts';
import { baseName, GENERALS, REGISTERS, TRAIT, type Use, useOf } from './use.ts';

/** Times are integers in this part of a cycle, so that sums are exact in any order. */
export const CYCLE_PARTS = 64;
/** Of cycles that are not negative. */
const parts = (cycles: number): number => (cycles * CYCLE_PARTS + 0.5) | 0;

/** A block's times, in parts of a cycle. */
export class Pace {
  /** Of dispatching the first n + 1 instructions. */
  readonly front: readonly number[];
  /** Of dispatching all of it, and of going elsewhere where that is certain. */
  readonly cost: number;
  /** How much longer execution takes than that; what is negative catches up. */
  readonly behind: number;
  /** What more the front end takes where a conditional branch at the end is taken. */
  readonly taken: number;
  /** How much further execution is behind when a loop begins anew here, and how far it may be: what waits there is not the whole of a reorder buffer. */
  readonly round: number;
  readonly behindMax: number;
  /** Where the loop that begins anew here ends instead: nothing behind it waits for what it waited for. */
  readonly breaks: boolean;
  /** Where only its history predicted it. */
  readonly override: number;
  private readonly resolve: () => Resolved;
  private resolved: Resolved | null = null;
  constructor(front: readonly number[], cost: number, behind: number, taken: number, { round, behindMax, breaks }: Round, override: number, resolve: () => Resolved) {
    this.front = front; this.cost = cost; this.behind = behind; this.taken = taken; this.round = round; this.behindMax = behindMax; this.breaks = breaks; this.override = override; this.resolve = resolve;
  }
  /** Where the branch at its end was predicted wrong; computed when it is first asked for. Even. */
  get miss(): number { return (this.resolved ??= this.resolve()).miss; }
  /** That is known only when all that is behind was executed. */
  get drains(): boolean { return (this.resolved ??= this.resolve()).drains; }
  /** Without timing: an instruction is a cycle, and nothing else takes any time. */
  static untimed(count: number): Pace { return new Pace(Array.from({ length: count }, (_, k) => (k + 1) * CYCLE_PARTS), count * CYCLE_PARTS, 0, 0, NO_ROUND, 0, () => NEVER_WRONG); }
}
interface Resolved { readonly miss: number; readonly drains: boolean }
interface Round {
  /** How much longer execution takes than what is dispatched, and how much longer that takes than its blocks. */
  readonly round: number;
  readonly busy: number;
  readonly behindMax: number;
  readonly breaks: boolean;
}
const NO_ROUND: Round = { round: 0, busy: 0, behindMax: 0, breaks: false }, NEVER_WRONG: Resolved = { miss: 0, drains: false };
/** Reads code ahead: instructions from an address on, one at least, all but the last of which go on to the next; null where none is known. */
export type CodeReader = (lo: i32, hi: i32) => readonly Instruction[] | null;
/** Where a block lies: the address behind its last instruction. */
export interface Place { readonly lo: i32; readonly endLo: i32; readonly hi: i32 }

/** What instructions of a form cost, in cycles: so many of each of these resources. */
interface Cost {
  readonly resources: readonly number[];
  readonly cycles: readonly number[];
  readonly slots: number;
  readonly serial: number;
  readonly latency: number;
  /** It is one with a conditional jump behind it; it is such a jump. */
  readonly fuses: boolean;
  readonly isFused: boolean;
}
/** An instruction among others: what it waits for, and how long its results take. */
interface Step { readonly use: Use; readonly latency: number }

const RSP = 4, RDX = 2;
/** What the high half of a product takes beyond the low one, and a remainder beyond the quotient. */
const SECOND_RESULT = 1;
/** Conditions be and a, but for the lowest bit. */
const NEEDS_TWO_FLAGS = 7;
/** Instructions behind a loop that are looked at; a chain is one of so many cycles a round; times that are equal. */
const AFTER_MAX = 200, FED_MAX = 8, CHAIN_MIN = 2, NEAR = 0.01;
/** Parts of a cycle that are not worth counting. */
const LITTLE = 10, LITTLE_AHEAD = -32;
const kept = (behind: number): number => behind < LITTLE && behind > LITTLE_AHEAD ? 0 : behind;
/** Code is fetched by lines: how many more than one a block needs. */
const LINE_BITS = 6;
const linesOf = (lo: i32, end: i32): number => ((end - 1) >>> LINE_BITS) - (lo >>> LINE_BITS);
/** What the front end takes at least that fetches so many lines more, and then goes elsewhere in such a time or, at 0, does not; in parts of a cycle. */
const frontOf = (way: number, lines: number): number => Math.max(way, (way > 0 ? CYCLE_PARTS : 0) + CYCLE_PARTS * lines);
const bytesOf = (instructions: readonly Instruction[], from: number, to: number): number => { let bytes = 0; for (let k = from; k < to; k++) bytes += instructions[k]!.length; return bytes; };
const HALF_MAX = 0xffff;
const BLOCK_MAX = 64, STEPS_MAX = 1500, ROUNDS = 4, LOOP_BYTES_MAX = 1 << 13;

export class Pacer {
  readonly profile: Profile;
  private readonly byName = new Map<string, CostRow>();
  private readonly byBeginning: { readonly beginning: string; readonly row: CostRow }[] = [];
  /** By what of an instruction's form they depend on. */
  private readonly costsByForm = new Map<number, Cost>();
  private readonly costs = new WeakMap<Instruction, Cost>();
  private readonly steps = new WeakMap<Instruction, Step>();
  private readonly fuses: string;
  /** In parts of a cycle. */
  private readonly ways: Profile['taken'];
  private readonly override: number;
  private readonly redirected: number;
  private readonly flow: Dataflow;
  private readonly sums = new Float64Array(RESOURCES.length);

  constructor(profile: Profile) {
    const { taken: { jump, call, return: back }, override, redirected } = profile;
    this.profile = profile;
    this.ways = { jump: parts(jump), call: parts(call), return: parts(back) }; this.override = parts(override); this.redirected = parts(redirected);
    this.fuses = ` ${profile.fuses} `;
    this.flow = new Dataflow(profile);
    for (const row of profile.rows) for (const pattern of row.operations.split(' ')) {
      if (pattern.endsWith('*')) this.byBeginning.push({ beginning: pattern.slice(0, -1), row });
      else if (!this.byName.has(pattern)) this.byName.set(pattern, row);
    }
  }

  /** What a front end takes that goes elsewhere there, in parts of a cycle. */
  private wayOf(flow: Flow): number {
    switch (flow) {
      case 'next': case 'stop': return 0;
      case 'call': case 'call-indirect': return this.ways.call;
      case 'return': return this.ways.return;
      default: return this.ways.jump;
    }
  }
  /** Of a block at `place`; `read` lets it look at the loop that it ends. */
  paceOf(instructions: readonly Instruction[], place: Place, read: CodeReader): Pace {
    const count = instructions.length, last = instructions[count - 1]!, { flow } = last, front: number[] = [], run = this.run(instructions, 0, count, front);
    const isBranch = flow === 'branch', goesBack = (isBranch || flow === 'jump') && this.isBackward(last, place);
    const lines = linesOf(place.lo, place.endLo), base = Math.max(run.cost, frontOf(0, lines)), more = Math.max(0, frontOf(this.wayOf(flow), lines) - base);
    const cost = isBranch ? base : base + more, whole = isBranch && !goesBack ? base : base + more, behind = flow === 'stop' ? 0 : run.busy - whole;
    const isOwn = goesBack && ((place.endLo + last.first.disp) | 0) === place.lo;
    const round = goesBack ? this.roundOf(instructions, place, read, whole + (isOwn ? 0 : kept(behind))) : NO_ROUND;
    const resolve = (): Resolved => this.missOf(instructions, last, cost / CYCLE_PARTS), override = isBranch ? this.override : this.redirected, taken = Math.min(HALF_MAX, (isBranch ? more : 0) + round.busy);
    // What goes back to its own beginning falls behind once a round, there.
    if (isOwn) return new Pace(front, cost, 0, taken, { ...round, round: Math.max(0, round.round) }, override, resolve);
    return new Pace(front, cost, kept(behind), taken, round, override, resolve);
  }

  // — units —
  /** What dispatching takes in all, and what the busiest unit takes; into `front`, what dispatching takes up to each. */
  private run(instructions: readonly Instruction[], from: number, to: number, front: number[] | null = null): { readonly cost: number; readonly busy: number } {
    const { sums } = this;
    let busy = 0, serial = 0, slots = 0, fuses = false;
    sums.fill(0);
    for (let k = from; k < to; k++) {
      const cost = this.costOf(instructions[k]!), { resources, cycles } = cost, count = resources.length;
      if (!(fuses && cost.isFused)) slots += cost.slots;
      serial += cost.serial; fuses = cost.fuses;
      for (let n = 0; n < count; n++) { const resource = resources[n]!, sum = sums[resource]! + cycles[n]!; sums[resource] = sum; if (sum > busy) busy = sum; }
      front?.push(parts(slots + serial));
    }
    return { cost: parts(slots + serial), busy: parts(Math.max(busy, slots) + serial) };
  }
  /** How far execution of a loop may be behind that waits so long a round: as many rounds as there is room for instructions that wait for the chain. */
  private behindMaxOf(instructions: readonly Instruction[], waits: number, chain: Registers): number {
    const waiting = chain.slice();
    let count = 0;
    for (const i of instructions) {
      const isFed = feed(this.stepOf(i).use, waiting);
      if (this.costOf(i).resources.length > 0) count += isFed ? 1 : 1 / 2; // Others leave sooner.
    }
    return Math.min(HALF_MAX, Math.round(waits * this.profile.window / Math.max(1, count)));
  }
  /** Whether what a loop waits for from round to round is computed anew, or for nothing, before the loop is entered again. null: nobody knows. */
  private isBroken(chain: Registers, asked: Registers, { endLo, hi }: Place, top: i32, read: CodeReader): boolean | null {
    const waiting = chain.slice(), seen = new Set<i32>();
    let at = endLo, ahead: readonly Instruction[] = [], next = 0;
    for (let n = 0; n < AFTER_MAX; n++) {
      if (at === top) return !chain.some((is, r) => is === 1 && waiting[r] === 1 && asked[r] === 1);
      if (next === ahead.length) {
        const known = read(at, hi);
        if (known === null) return null;
        ahead = known; next = 0;
      }
      const i = ahead[next++]!;
      if (i.flow === 'branch') {
        if (seen.has(at)) return null;
        seen.add(at);
      }
      feed(this.stepOf(i).use, waiting);
      if (!waiting.includes(1)) return true;
      const end = (at + i.length) | 0, target = (end + i.first?.disp) | 0;
      if (i.flow === 'next') { at = end; continue; }
      if (i.flow === 'call') at = end; else if (i.flow === 'jump') at = target; else if (i.flow === 'branch') at = i.first.disp < 0 && target >>> 0 <= top >>> 0 ? target : end; else return null;
      next = ahead.length;
    }
    return null;
  }
  private rowOf(i: Instruction): CostRow {
    const { byName, profile } = this, { operation } = i, name = baseName(i), special = specialName(i), rowOfForm = special === null ? undefined : byName.get(special);
    if (rowOfForm !== undefined) return rowOfForm;
    const known = byName.get(operation) ?? byName.get(name);
    if (known !== undefined) return known;
    const begun = this.byBeginning.find(({ beginning }) => operation.startsWith(beginning) || name.startsWith(beginning))?.row ?? profile.otherwise[i.operation.startsWith('f') ? 'x87' : this.hasVector(i) ? 'vector' : 'general'];
    byName.set(operation, begun);
    return begun;
  }
  private hasVector(i: Instruction): boolean { return i.operands.some(o => o.kind === 'reg' && o.file !== 'gpr' && o.file !== 'high8'); }
  private costOf(i: Instruction): Cost { return this.costs.get(i) ?? this.findCost(i); }
  private findCost(i: Instruction): Cost {
    const form = formOf(i);
    let cost = this.costsByForm.get(form);
    if (cost === undefined) this.costsByForm.set(form, cost = this.makeCost(i));
    this.costs.set(i, cost);
    return cost;
  }
  private stepOf(i: Instruction): Step { return this.steps.get(i) ?? this.makeStep(i); }
  private makeStep(i: Instruction): Step {
    const step: Step = { use: useOf(i), latency: this.costOf(i).latency };
    this.steps.set(i, step);
    return step;
  }
  private stepsOf(instructions: readonly Instruction[], from: number): Step[] {
    const steps: Step[] = [];
    for (let k = from; k < instructions.length; k++) steps.push(this.stepOf(instructions[k]!));
    return steps;
  }
  private makeCost(i: Instruction): Cost {
    const row = this.rowOf(i), use = useOf(i), isMove = (use.traits & TRAIT.moves) !== 0, { capacities, locked } = this.profile, isVector = this.hasVector(i);
    const resources: number[] = [], each: number[] = [];
    let slots = 1, serial = 0, { latency } = row;
    const add = (name: Resource, count: number): void => {
      const cycles = count / capacities[name];
      if (name === 'slot') slots = count; else if (name === 'serial') serial += count; else { resources.push(RESOURCES.indexOf(name)); each.push(cycles); }
    };
    // What is loaded is extended on the way.
    const isExtended = use.loads !== null && isMove;
    if (use.isFree) slots = i.operation === 'xchg' ? 2 : 1;
    else if (!isExtended) for (const part of row.uses === '' ? [] : row.uses.split(' ')) {
      const [name, count = '1'] = part.split('*');
      assert((RESOURCES as readonly string[]).includes(name!), `no such resource: ${part}`);
      add(name as Resource, Number(count));
    }
    if (use.isFree || isExtended) latency = 0;
    else if ((isMove || row.latency === 0) && use.loads === null && use.stores === null && row.uses === '' && use.writes.length > 0) { latency = 1; add(isVector ? 'fp' : 'alu', 1); }
    if (i.mnemonic === 'movabs') add('alu', 0.8);
    if (use.loads !== null) add(isVector ? 'vectorLoad' : 'load', 1);
    if (use.stores !== null) add(isVector ? 'vectorStore' : 'store', 1);
    if (i.lock || (i.operation === 'xchg' && use.loads !== null)) serial += locked;
    return { resources, cycles: each, slots: slots / capacities.slot, serial, latency, fuses: this.fuses.includes(` ${i.operation} `), isFused: i.operation === 'jcc' };
  }

  // — what waits for what —
  /** The time at which a branch at the end is resolved, after its block was dispatched, beyond what the block itself waits for from round to round. */
  private missOf(instructions: readonly Instruction[], last: Instruction, dispatched: number): Resolved {
    const { refill, load } = this.profile;
    if (last.flow === 'return') return { miss: parts(refill.return) & ~1, drains: false };
    if (last.flow !== 'branch' && last.flow !== 'jump-indirect' && last.flow !== 'call-indirect') return { miss: 0, drains: false };
    const steps = this.stepsOf(instructions, Math.max(0, instructions.length - FED_MAX)), flow = this.flow.begin(steps), end = steps.length - 1, { reads } = steps[end]!.use;
    for (let k = 0; k < end; k++) flow.perform(steps[k]!);
    flow.mark();
    const { first } = last, base = flow.readyOf(reads), target = first?.kind === 'mem' ? Math.max(base, flow.addressOf(first)) + load.general + (first.index !== NONE && first.shift > 0 ? load.scaled : 0) : base;
    for (let k = 0; k < end; k++) flow.perform(steps[k]!);
    const grown = flow.grown(), later = flow.readyOf(reads) - base, drains = grown >= CHAIN_MIN && later > grown - NEAR;
    const resolved = Math.max(0, target + 1 - grown - (drains ? 0 : dispatched));
    return { miss: parts((last.flow === 'branch' ? refill.conditional : refill.indirect) + resolved) & ~1, drains };
  }

  // — loops —
  private isBackward(last: Instruction, { endLo }: Place): boolean {
    const { disp, dispHigh } = last.first;
    return dispHigh < 0 && disp < 0 && disp > -LOOP_BYTES_MAX && endLo >>> 0 >= -disp;
  }
  /** How much longer a round takes than its blocks do, where the block ends a loop: what of one waits for another, or what several blocks need of one unit. */
  private roundOf(own: readonly Instruction[], place: Place, read: CodeReader, ownTime: number): Round {
    const last = own[own.length - 1]!, top = (place.endLo + last.first.disp) | 0, close = (place.endLo - last.length) | 0;
    const path = top === place.lo ? { instructions: own, ends: [own.length], places: [top] } : new PathFinder(read, top, close, place.hi).find();
    if (path === null) return NO_ROUND;
    const { instructions, ends, places } = path, steps = this.stepsOf(instructions, 0), whole = this.run(instructions, 0, instructions.length);
    let time = 0, at = 0;
    for (let k = 0; ends[k]! < instructions.length; k++) {
      const end = ends[k]!, run = this.run(instructions, at, end), { flow: kind } = instructions[end - 1]!, way = kind === 'call' || kind === 'jump' ? this.wayOf(kind) : 0;
      const front = Math.max(run.cost, frontOf(way, linesOf(places[k]!, places[k]! + bytesOf(instructions, at, end))));
      time += front + kept(run.busy - front);
      at = end;
    }
    time += ownTime;
    const { cycles, chain } = this.flow.begin(steps).round(steps), waits = parts(cycles), isChain = waits > whole.busy;
    const isBroken = last.flow === 'branch' && isChain ? this.isBroken(chain, askedOf(steps), place, top, read) : false, breaks = isBroken !== false;
    // What waits for units waits all the same where the chain ends.
    const busy = isBroken === true ? Math.max(0, whole.busy - time) : 0;
    const behindMax = isBroken === true ? this.behindMaxOf(instructions, waits, chain) : parts(this.profile.behind);
    return { round: Math.max(whole.busy, waits) - time - busy, busy, behindMax, breaks };
  }
}
/** Forms with rows of their own: CMOVA and CMOVBE, which need two flags, and LEA of three parts. */
function specialName({ operation, condition, second }: Instruction): string | null {
  if (operation === 'cmovcc') return (condition | 1) === NEEDS_TWO_FLAGS ? 'cmova' : null;
  return operation === 'lea' && second.index !== NONE && second.base !== NONE && second.disp !== 0 ? 'lea3' : null;
}
/** What costs depend on, beside the row: memory operands, operands that are the same register, LOCK, narrow registers, forms with rows of their own. */
function formOf(i: Instruction): number {
  const { operands, first, second } = i, count = operands.length;
  let form = i.row << 6 | (i.lock ? 1 : 0), last = first;
  if (count === 0) return form;
  if (first.kind === 'mem') form |= 2; else if (first.size < 4) form |= 8;
  for (let k = 1; k < count; k++) {
    last = k === 1 ? second : operands[k]!;
    if (last.kind === 'mem') form |= 4;
  }
  if (last.kind === 'imm') return form | 32;
  if (count > 1 && last.kind === 'reg' && (count > 2 ? second : first).index === last.index) form |= 16;
  return specialName(i) === null ? form : form | 32;
}

/** By register: 1, it is one of them. */
type Registers = Uint8Array;
/** Whether an instruction waits for one of these; then what it writes belongs to them from now on, else no longer. */
function feed({ reads, writes, loads }: Use, waiting: Registers): boolean {
  const isFed = reads.some(r => waiting[r] === 1) || (loads !== null && (waiting[loads.base] === 1 || waiting[loads.index] === 1));
  for (const r of writes) waiting[r] = isFed ? 1 : 0;
  return isFed;
}
/** Registers that a loop reads as they were before it. */
function askedOf(steps: readonly Step[]): Registers {
  const asked = new Uint8Array(REGISTERS), written = new Uint8Array(REGISTERS);
  const ask = (r: number): void => { if (written[r] === 0) asked[r] = 1; };
  for (const { use: { reads, writes, loads, stores } } of steps) {
    for (const r of reads) ask(r);
    for (const o of [loads, stores]) if (o !== null) { ask(o.base); ask(o.index); }
    for (const r of writes) written[r] = 1;
  }
  return asked;
}

interface Path { readonly instructions: readonly Instruction[]; readonly ends: readonly number[]; readonly places: readonly i32[] }
/** Finds a way round a loop: straight on where a branch may go either way, and past calls. */
class PathFinder {
  private readonly read: CodeReader;
  private readonly top: i32;
  private readonly close: i32;
  private readonly hi: i32;
  /** The way so far: straight runs, and where each begins. */
  private readonly runs: (readonly Instruction[])[] = [];
  private readonly froms: i32[] = [];
  private count = 0;
  private readonly seen = new Set<number>();
  private steps = 0;

  constructor(read: CodeReader, top: i32, close: i32, hi: i32) { this.read = read; this.top = top; this.close = close; this.hi = hi; }
  find(): Path | null {
    if (!this.walk(this.top)) return null;
    const instructions: Instruction[] = [], ends: number[] = [], places: i32[] = [];
    let begun = 0;
    for (let n = 0; n < this.count; n++) {
      let at = this.froms[n]!;
      for (const i of this.runs[n]!) {
        if (instructions.length === begun) places.push(at);
        instructions.push(i);
        at = (at + i.length) | 0;
        if (i.flow !== 'next' || instructions.length - begun === BLOCK_MAX) ends.push(begun = instructions.length);
      }
    }
    return { instructions, ends, places };
  }
  private walk(from: i32): boolean {
    const { count } = this;
    if (this.goesRound(from)) return true;
    this.count = count;
    return false;
  }
  private goesRound(from: i32): boolean {
    const { top, close } = this;
    for (let at = from;;) {
      if (at >>> 0 < top >>> 0 || at >>> 0 > close >>> 0) { this.steps += 1; return false; }
      const run = this.read(at, this.hi);
      if (run === null) return false;
      this.runs[this.count] = run; this.froms[this.count] = at;
      this.count += 1;
      const last = run.length - 1;
      for (let k = 0; k < last; k++) at = (at + run[k]!.length) | 0;
      this.steps += run.length;
      if (this.steps > STEPS_MAX || at >>> 0 > close >>> 0) return false;
      if (at === close) return true;
      const i = run[last]!, next = (at + i.length) | 0;
      if (i.flow === 'next') { at = next; continue; }
      if (this.seen.has(at)) return false;
      this.seen.add(at);
      const target = i.operands[0]?.kind === 'rel' ? (next + i.first.disp) | 0 : 0;
      switch (i.flow) {
        case 'branch': return this.walk(next) || this.walk(target);
        case 'jump': at = target; break;
        // Where nobody knows, what comes next is one of the cases; a callee is left out.
        case 'call': case 'jump-indirect': case 'call-indirect': at = next; break;
        default: return false;
      }
    }
  }
}

/** What was stored, and when it can be loaded. */
interface Stored { readonly ready: number; readonly size: number; readonly byStack: boolean }
/** When registers are ready, and what was stored, as instructions are performed one after the other and each as soon as it can. */
class Dataflow {
  private readonly ready = new Float64Array(REGISTERS);
  /** As it was when it was marked. */
  private readonly before = new Float64Array(REGISTERS);
  /** Registers that are written at all: others are ready all the time. */
  private readonly written = new Uint8Array(REGISTERS);
  private writtenCount = 0;
  private readonly isWritten: Registers = new Uint8Array(REGISTERS);
  /** Which registers hold addresses that an operation on memory waits for, too. */
  private readonly asked: Registers = new Uint8Array(GENERALS);
  /** Whether there are both loads and stores: only then it matters what was stored. */
  private remembers = false;
  /** A register's value as something unknown plus an offset: what addresses are compared by. */
  private readonly symbols = new Int32Array(GENERALS + 1);
  private readonly offsets = new Int32Array(GENERALS + 1);
  private nextSymbol = GENERALS + 1;
  private readonly stored = new Map<string, Stored>();
  private readonly profile: Profile;

  constructor(profile: Profile) { this.profile = profile; }
  /** Before anything is performed: all is ready. */
  begin(steps: readonly Step[]): this {
    const { ready, written, isWritten } = this;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; ready[r] = 0; isWritten[r] = 0; }
    let count = 0, loads = false, stores = false;
    for (let k = 0; k < steps.length; k++) {
      const { use } = steps[k]!, { writes, traits } = use;
      loads ||= use.loads !== null || (traits & TRAIT.pops) !== 0; stores ||= use.stores !== null || (traits & TRAIT.pushes) !== 0;
      for (let n = 0; n < writes.length; n++) {
        const r = writes[n]!;
        if (isWritten[r] === 0) { isWritten[r] = 1; written[count++] = r; }
      }
    }
    this.writtenCount = count;
    this.asked.fill(0);
    if (this.stored.size > 0) this.stored.clear();
    this.remembers = loads && stores;
    if (this.remembers) {
      this.offsets.fill(0);
      this.nextSymbol = GENERALS + 1;
      for (let k = 0; k <= GENERALS; k++) this.symbols[k] = k;
    }
    return this;
  }
  readyOf(reads: readonly number[]): number {
    const { ready } = this, count = reads.length;
    let at = 0;
    for (let n = 0; n < count; n++) { const each = ready[reads[n]!]!; if (each > at) at = each; }
    return at;
  }
  addressOf({ base, index }: Operand): number {
    const { ready } = this, atBase = base < GENERALS ? ready[base]! : 0, atIndex = index < GENERALS ? ready[index]! : 0;
    return atBase > atIndex ? atBase : atIndex;
  }
  private keyOf(o: Operand): string {
    const base = o.base < GENERALS ? o.base : GENERALS, index = o.index < GENERALS ? o.index : GENERALS, isRelative = o.base === SLOT.rip;
    return isRelative ? `r${o.disp}` : `${this.symbols[base]!}+${this.offsets[base]! + o.disp + this.offsets[index]! * (1 << o.shift)}${o.index < GENERALS ? `+${this.symbols[index]!}*${o.shift}` : ''}${o.segment === NONE ? '' : 's'}`;
  }
  perform({ use, latency }: Step): void {
    const { reads, writes, loads, stores, traits } = use, { ready, asked, remembers } = this, count = writes.length;
    let start = this.readyOf(reads);
    if (loads !== null) start = Math.max(start, this.loaded(loads, this.addressOf(loads), stores === loads ? latency : 0, traits));
    else if ((traits & TRAIT.pops) !== 0) start = Math.max(start, this.popped(use.sum === null ? RSP : use.sum.from));
    const end = start + latency;
    if (remembers) {
      if (stores !== null) this.stored.set(this.keyOf(stores), { ready: Math.max(end, this.addressOf(stores) + 1), size: stores.size, byStack: stores.base === RSP });
      this.move(use);
      if ((traits & TRAIT.pushes) !== 0) this.stored.set(this.stackKey(RSP), { ready: start, size: 8, byStack: true });
    }
    if (loads !== null && loads.base < GENERALS && (traits & TRAIT.moves) === 0 && stores === null) asked[loads.base] = 1;
    for (let n = 0; n < count; n++) {
      const r = writes[n]!;
      ready[r] = r === RDX && (traits & TRAIT.hasTwoResults) !== 0 ? end + SECOND_RESULT : end;
      if (r < GENERALS) asked[r] = 0;
    }
  }
  private stackKey(register: number): string { return `${this.symbols[register]!}+${this.offsets[register]!}`; }
  private popped(register: number): number {
    const known = this.stored.size === 0 ? undefined : this.stored.get(this.stackKey(register)), { load } = this.profile;
    if (known === undefined) return this.ready[register]! + load.general;
    return register === RSP && known.byStack ? known.ready + load.renamed : Math.max(known.ready, this.ready[register]!) + load.forwarded;
  }
  private loaded(o: Operand, address: number, latency: number, traits: number): number {
    const known = this.stored.size === 0 ? undefined : this.stored.get(this.keyOf(o)), { load } = this.profile, isVector = (traits & TRAIT.writesVector) !== 0;
    const waits = (traits & TRAIT.moves) !== 0 && o.base < GENERALS && this.asked[o.base] === 1 && this.ready[o.base] === address ? load.second : 0;
    const usual = address + (isVector ? load.vector : load.general) + (o.index !== NONE && o.shift > 0 ? load.scaled : 0) + waits;
    if (known === undefined) return usual;
    if (known.size < o.size) return Math.max(usual, known.ready + load.blocked);
    if (known.byStack && o.base === RSP && !isVector) return Math.max(usual - load.general, known.ready + load.renamed - latency);
    return Math.max(usual, known.ready + (isVector ? load.forwardedVector : load.forwarded) - latency);
  }
  /** What becomes of the values of general registers, as far as addresses are concerned. */
  private move({ writes, sum }: Use): void {
    const { symbols, offsets } = this, to = sum === null ? NONE : sum.to, symbol = sum === null ? 0 : symbols[sum.from]!, offset = sum === null ? 0 : offsets[sum.from]! + sum.by, count = writes.length;
    for (let n = 0; n < count; n++) {
      const r = writes[n]!;
      if (r < GENERALS && r !== to) { symbols[r] = this.nextSymbol++; offsets[r] = 0; }
    }
    if (sum !== null) { symbols[to] = symbol; offsets[to] = offset; }
  }
  /** Cycles from round to round, once that is steady, and the registers that take as long. */
  round(steps: readonly Step[]): { readonly cycles: number; readonly chain: Registers } {
    let stored = 0;
    for (let n = 0; n < ROUNDS; n++) {
      if (n === ROUNDS / 2) { this.mark(); stored = this.latestStore(); }
      for (let k = 0; k < steps.length; k++) this.perform(steps[k]!);
    }
    const { ready, before, written } = this, grown = Math.max(this.latestStore() - stored, this.grown()), chain = new Uint8Array(REGISTERS);
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; if (ready[r]! - before[r]! > grown - NEAR) chain[r] = 1; }
    return { cycles: grown / (ROUNDS / 2), chain };
  }
  private latestStore(): number {
    let latest = 0;
    for (const { ready } of this.stored.values()) if (ready > latest) latest = ready;
    return latest;
  }
  /** From now on it is asked how much later registers become. */
  mark(): void {
    const { ready, before, written } = this;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!; before[r] = ready[r]!; }
  }
  /** How much later the latest of what was ready has become. */
  grown(): number {
    const { ready, before, written } = this;
    let most = 0;
    for (let n = 0; n < this.writtenCount; n++) { const r = written[n]!, more = ready[r]! - before[r]!; if (more > most) most = more; }
    return most;
  }
}
