/**
 * How long straight runs of code take on a processor that dispatches in order and executes when operands are there: what is dispatched, which units
 * are busy, and what a loop waits for of the round before. Computed when a block is built; times are in parts of a cycle.
 */
import { SLOT } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { type Instruction, NONE, type Operand } from '../decoder/instruction.ts';
import { assert } from '../base/assert.ts';
import { type CostRow, type Profile, type Resource, RESOURCES } from './profile.ts';
import { baseName, REGISTERS, type Use, useOf } from './use.ts';

/** Times are integers in this part of a cycle, so that sums are exact in any order. */
export const CYCLE_PARTS = 64;
const parts = (cycles: number): number => Math.round(cycles * CYCLE_PARTS);

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

/** An instruction's, in cycles. */
interface Cost { readonly uses: readonly (readonly [resource: number, cycles: number])[]; readonly slots: number; readonly serial: number; readonly latency: number }

const RSP = 4, RBP = 5, RDX = 2, GENERALS = 16;
/** What the high half of a product takes beyond the low one, and a remainder beyond the quotient. */
const SECOND_RESULT = 1, TWO_RESULTS = /^(?:mul|i?div)/;
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
const bytesOf = (instructions: readonly Instruction[], from: number, to: number): number => { let bytes = 0; for (let k = from; k < to; k++) bytes += instructions[k]!.length; return bytes; };
const HALF_MAX = 0xffff;
const BLOCK_MAX = 64, STEPS_MAX = 1500, ROUNDS = 4, LOOP_BYTES_MAX = 1 << 13;

export class Pacer {
  readonly profile: Profile;
  private readonly byName = new Map<string, CostRow>();
  private readonly byBeginning: { readonly beginning: string; readonly row: CostRow }[] = [];
  /** By what of an instruction's form they depend on. */
  private readonly costs = new Map<number, Cost>();
  private readonly uses = new WeakMap<Instruction, Use>();
  private readonly fuses: string;
  private readonly flow: Dataflow;
  private readonly sums = new Float64Array(RESOURCES.length);

  constructor(profile: Profile) {
    this.profile = profile;
    this.fuses = ` ${profile.fuses} `;
    this.flow = new Dataflow(profile, i => this.costOf(i), i => this.use(i));
    for (const row of profile.rows) for (const pattern of row.operations.split(' ')) {
      if (pattern.endsWith('*')) this.byBeginning.push({ beginning: pattern.slice(0, -1), row });
      else if (!this.byName.has(pattern)) this.byName.set(pattern, row);
    }
  }

  /** Of a block at `place`; `read` lets it look at the loop that it ends. */
  paceOf(instructions: readonly Instruction[], place: Place, read: CodeReader): Pace {
    const last = instructions[instructions.length - 1]!, run = this.run(instructions, 0, instructions.length), { taken: ways } = this.profile;
    const way = last.flow === 'call' || last.flow === 'call-indirect' ? ways.call : last.flow === 'return' ? ways.return : last.flow === 'next' || last.flow === 'stop' ? 0 : ways.jump;
    const lines = parts(linesOf(place.lo, place.endLo)), base = Math.max(run.cost, lines), more = Math.max(0, Math.max(parts(way), CYCLE_PARTS * (way > 0 ? 1 : 0) + lines) - base), isBranch = last.flow === 'branch';
    const cost = isBranch ? base : base + more, goesBack = (last.flow === 'branch' || last.flow === 'jump') && this.isBackward(last, place);
    const whole = last.flow === 'branch' && !goesBack ? base : base + more, behind = last.flow === 'stop' ? 0 : run.busy - whole;
    const isOwn = goesBack && ((place.endLo + last.first.disp) | 0) === place.lo;
    const round = goesBack ? this.roundOf(instructions, place, read, whole + (isOwn ? 0 : kept(behind))) : NO_ROUND;
    const resolve = (): Resolved => this.missOf(instructions, last, cost / CYCLE_PARTS), override = parts(isBranch ? this.profile.override : this.profile.redirected), taken = Math.min(HALF_MAX, (isBranch ? more : 0) + round.busy);
    // What goes back to its own beginning falls behind once a round, there.
    if (isOwn) return new Pace(run.front, cost, 0, taken, { ...round, round: Math.max(0, round.round) }, override, resolve);
    return new Pace(run.front, cost, kept(behind), taken, round, override, resolve);
  }

  // — units —
  /** What dispatching takes, after each instruction and in all, and what the busiest unit takes. */
  private run(instructions: readonly Instruction[], from: number, to: number): { readonly front: readonly number[]; readonly cost: number; readonly busy: number } {
    const { sums } = this, front: number[] = [];
    let busy = 0, serial = 0, slots = 0;
    sums.fill(0);
    for (let k = from; k < to; k++) {
      const i = instructions[k]!, cost = this.costOf(i);
      slots += k > from && this.isFused(instructions[k - 1]!, i) ? 0 : cost.slots; serial += cost.serial;
      for (const [resource, cycles] of cost.uses) { const sum = sums[resource]! + cycles; sums[resource] = sum; if (sum > busy) busy = sum; }
      front.push(parts(slots + serial));
    }
    return { front, cost: front[front.length - 1] ?? 0, busy: parts(Math.max(busy, slots) + serial) };
  }
  /** How far execution of a loop may be behind that waits so long a round: as many rounds as there is room for instructions that wait for the chain. */
  private behindMaxOf(instructions: readonly Instruction[], waits: number, chain: ReadonlySet<number>): number {
    const waiting = new Set(chain);
    let count = 0;
    for (const i of instructions) {
      const { writes } = this.use(i), isFed = this.isFed(i, waiting);
      for (const r of writes) if (isFed) waiting.add(r); else waiting.delete(r);
      if (this.costOf(i).uses.length > 0) count += isFed ? 1 : 1 / 2; // Others leave sooner.
    }
    return Math.min(HALF_MAX, Math.round(waits * this.profile.window / Math.max(1, count)));
  }
  /** Whether what a loop waits for from round to round is computed anew, or for nothing, before the loop is entered again. null: nobody knows. */
  private isBroken(chain: ReadonlySet<number>, asked: ReadonlySet<number>, { endLo, hi }: Place, top: i32, read: CodeReader): boolean | null {
    const waiting = new Set(chain), seen = new Set<i32>();
    for (let at = endLo, n = 0; n < AFTER_MAX && !seen.has(at); n++) {
      if (at === top) return ![...chain].some(r => waiting.has(r) && asked.has(r));
      const i = read(at, hi)?.[0];
      if (i === undefined) return null;
      if (i.flow === 'branch') seen.add(at);
      const { writes } = this.use(i), isFed = this.isFed(i, waiting);
      for (const r of writes) if (isFed) waiting.add(r); else waiting.delete(r);
      if (waiting.size === 0) return true;
      const next = (at + i.length) | 0, target = (next + i.first?.disp) | 0;
      if (i.flow === 'next' || i.flow === 'call') at = next; else if (i.flow === 'jump') at = target; else if (i.flow === 'branch') at = i.first.disp < 0 && target >>> 0 <= top >>> 0 ? target : next; else return null;
    }
    return null;
  }
  private isFed(i: Instruction, waiting: ReadonlySet<number>): boolean {
    const { reads, loads } = this.use(i);
    return reads.some(r => waiting.has(r)) || (loads !== null && (waiting.has(loads.base) || waiting.has(loads.index)));
  }
  /** Registers that a loop reads as they were before it. */
  private askedOf(instructions: readonly Instruction[]): ReadonlySet<number> {
    const asked = new Set<number>(), written = new Set<number>();
    for (const i of instructions) {
      const { reads, writes, loads, stores } = this.use(i);
      for (const r of [...reads, ...[loads, stores].flatMap(o => o === null ? [] : [o.base, o.index])]) if (!written.has(r)) asked.add(r);
      for (const r of writes) written.add(r);
    }
    return asked;
  }
  private isFused(before: Instruction, i: Instruction): boolean { return i.operation === 'jcc' && this.fuses.includes(` ${before.operation} `); }
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
  private use(i: Instruction): Use {
    let use = this.uses.get(i);
    if (use === undefined) this.uses.set(i, use = useOf(i));
    return use;
  }
  private costOf(i: Instruction): Cost {
    const key = formOf(i);
    let cost = this.costs.get(key);
    if (cost === undefined) this.costs.set(key, cost = this.makeCost(i));
    return cost;
  }
  private makeCost(i: Instruction): Cost {
    const row = this.rowOf(i), use = this.use(i), { capacities, locked } = this.profile, isVector = this.hasVector(i);
    const uses: [number, number][] = [];
    let slots = 1, serial = 0, { latency } = row;
    const add = (name: Resource, count: number): void => {
      const cycles = count / capacities[name];
      if (name === 'slot') slots = count; else if (name === 'serial') serial += count; else uses.push([RESOURCES.indexOf(name), cycles]);
    };
    // What is loaded is extended on the way.
    const isExtended = use.loads !== null && MOVE.test(i.operation);
    if (use.isFree) slots = i.operation === 'xchg' ? 2 : 1;
    else if (!isExtended) for (const part of row.uses === '' ? [] : row.uses.split(' ')) {
      const [name, count = '1'] = part.split('*');
      assert((RESOURCES as readonly string[]).includes(name!), `no such resource: ${part}`);
      add(name as Resource, Number(count));
    }
    if (use.isFree || isExtended) latency = 0;
    else if ((MOVE.test(i.operation) || row.latency === 0) && use.loads === null && use.stores === null && row.uses === '' && use.writes.length > 0) { latency = 1; add(isVector ? 'fp' : 'alu', 1); }
    if (i.mnemonic === 'movabs') add('alu', 0.8);
    if (use.loads !== null) add(isVector ? 'vectorLoad' : 'load', 1);
    if (use.stores !== null) add(isVector ? 'vectorStore' : 'store', 1);
    if (i.lock || (i.operation === 'xchg' && use.loads !== null)) serial += locked;
    return { uses, slots: slots / capacities.slot, serial, latency };
  }

  // — what waits for what —
  /** The time at which a branch at the end is resolved, after its block was dispatched, beyond what the block itself waits for from round to round. */
  private missOf(instructions: readonly Instruction[], last: Instruction, dispatched: number): Resolved {
    const { refill, load } = this.profile;
    if (last.flow === 'return') return { miss: parts(refill.return) & ~1, drains: false };
    if (last.flow !== 'branch' && last.flow !== 'jump-indirect' && last.flow !== 'call-indirect') return { miss: 0, drains: false };
    const from = Math.max(0, instructions.length - FED_MAX), flow = this.flow.begin(instructions, from);
    for (let k = from; k < instructions.length - 1; k++) flow.perform(instructions[k]!);
    const once = flow.registers();
    const { first } = last, base = flow.readyOf(this.use(last).reads), target = first?.kind === 'mem' ? Math.max(base, flow.addressOf(first)) + load.general + (first.index !== NONE && first.shift > 0 ? load.scaled : 0) : base;
    for (let k = from; k < instructions.length - 1; k++) flow.perform(instructions[k]!);
    const grown = flow.grown(once), later = flow.readyOf(this.use(last).reads) - base, drains = grown >= CHAIN_MIN && later > grown - NEAR;
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
    const { instructions, ends, places } = path, flow = this.flow.begin(instructions, 0);
    const whole = this.run(instructions, 0, instructions.length);
    let time = 0, at = 0;
    for (const [k, end] of ends.entries()) {
      if (end === instructions.length) { time += ownTime; break; }
      const run = this.run(instructions, at, end), { flow: kind } = instructions[end - 1]!, { taken } = this.profile;
      const way = kind === 'call' ? taken.call : kind === 'jump' ? taken.jump : 0;
      const lines = linesOf(places[k]!, places[k]! + bytesOf(instructions, at, end)), front = Math.max(run.cost, parts(Math.max(way, (way > 0 ? 1 : 0) + lines)));
      time += front + kept(run.busy - front);
      at = end;
    }
    const { cycles, chain } = flow.round(instructions), waits = parts(cycles), isChain = waits > whole.busy;
    const isBroken = last.flow === 'branch' && isChain ? this.isBroken(chain, this.askedOf(instructions), place, top, read) : false, breaks = isBroken !== false;
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
  const { operands, first, second } = i;
  let form = i.row << 6 | (i.lock ? 1 : 0);
  if (operands.length > 0) {
    if (first.kind === 'mem') form |= 2; else if (first.size < 4) form |= 8;
    const last = operands[operands.length - 1]!;
    for (let k = 1; k < operands.length; k++) if (operands[k]!.kind === 'mem') form |= 4;
    if (operands.length > 1 && last.kind === 'reg' && (operands.length > 2 ? second : first).index === last.index) form |= 16;
    if (i.operation === 'lea' || i.operation === 'cmovcc') form |= specialName(i) === null ? 0 : 32;
    else if (last.kind === 'imm') form |= 32;
  }
  return form;
}
const MOVE = /^(?:mov|movabs|movzx|movsx|movsxd)$/;

/** What loads from the stack, and stores there. */
const LOADS: ReadonlySet<string> = new Set(['pop', 'leave', 'ret']), STORES: ReadonlySet<string> = new Set(['push', 'call']);
interface Path { readonly instructions: readonly Instruction[]; readonly ends: readonly number[]; readonly places: readonly i32[] }
/** Finds a way round a loop: straight on where a branch may go either way, and past calls. */
class PathFinder {
  private readonly read: CodeReader;
  private readonly top: i32;
  private readonly close: i32;
  private readonly hi: i32;
  private readonly instructions: Instruction[] = [];
  private readonly ends: number[] = [];
  /** Where each block begins. */
  private readonly places: i32[] = [];
  private readonly seen = new Set<number>();
  private steps = 0;

  constructor(read: CodeReader, top: i32, close: i32, hi: i32) { this.read = read; this.top = top; this.close = close; this.hi = hi; }
  find(): Path | null { return this.walk(this.top) ? { instructions: this.instructions, ends: this.ends, places: this.places } : null; }
  private walk(from: i32): boolean {
    const { instructions, ends, close } = this, length = instructions.length, count = ends.length;
    let at = from, begun = length;
    this.places.length = count;
    this.places.push(from);
    const fail = (): boolean => { instructions.length = length; ends.length = count; return false; };
    for (;;) {
      const known = this.read(at, this.hi);
      if (known === null) return fail();
      let i = known[0]!;
      for (const each of known) {
        if ((this.steps += 1) > STEPS_MAX || at >>> 0 < this.top >>> 0 || at >>> 0 > close >>> 0) return fail();
        i = each;
        instructions.push(i);
        if (at === close) { ends.push(instructions.length); return true; }
        if (i.flow !== 'next') break;
        at = (at + i.length) | 0;
        if (instructions.length - begun === BLOCK_MAX) { ends.push(instructions.length); begun = instructions.length; this.places.push(at); }
      }
      if (i.flow === 'next') continue;
      const next = (at + i.length) | 0;
      ends.push(instructions.length); begun = instructions.length;
      if (this.seen.has(at)) return fail();
      this.seen.add(at);
      const target = i.operands[0]?.kind === 'rel' ? (next + i.first.disp) | 0 : 0;
      switch (i.flow) {
        case 'branch': return this.walk(next) || this.walk(target) || fail();
        case 'jump': return this.walk(target) || fail();
        // Where nobody knows, what comes next is one of the cases; a callee is left out.
        case 'call': case 'jump-indirect': case 'call-indirect': return this.walk(next) || fail();
        default: return fail();
      }
    }
  }
}

/** When registers are ready, and what was stored, as instructions are performed one after the other and each as soon as it can. */
class Dataflow {
  private readonly ready = new Float64Array(REGISTERS);
  /** A register's value as something unknown plus an offset: what addresses are compared by. */
  private readonly symbols = new Int32Array(GENERALS + 1);
  private readonly offsets = new Int32Array(GENERALS + 1);
  private nextSymbol = GENERALS + 1;
  private readonly stored = new Map<string, { readonly ready: number; readonly size: number; readonly byStack: boolean }>();
  private readonly profile: Profile;
  private readonly costOf: (i: Instruction) => Cost;
  private readonly useOf: (i: Instruction) => Use;

  constructor(profile: Profile, costOf: (i: Instruction) => Cost, use: (i: Instruction) => Use) {
    this.profile = profile; this.costOf = costOf; this.useOf = use;
  }
  /** Before anything is performed: all is ready. What these instructions store is remembered if they load as well. */
  begin(instructions: readonly Instruction[], from: number): this {
    this.ready.fill(0); this.asked.fill(0); this.stored.clear(); this.offsets.fill(0);
    this.nextSymbol = GENERALS + 1;
    for (let k = 0; k <= GENERALS; k++) this.symbols[k] = k;
    let loads = false, stores = false;
    for (let k = from; k < instructions.length; k++) {
      const i = instructions[k]!, use = this.useOf(i);
      loads ||= use.loads !== null || LOADS.has(i.operation); stores ||= use.stores !== null || STORES.has(i.operation);
    }
    this.remembers = loads && stores;
    return this;
  }
  private remembers = false;
  readyOf(reads: readonly number[]): number {
    let at = 0;
    for (const r of reads) if (this.ready[r]! > at) at = this.ready[r]!;
    return at;
  }
  /** Which registers hold addresses that an operation on memory waits for, too. */
  private readonly asked = new Uint8Array(GENERALS);
  addressOf(o: Operand): number { return Math.max(o.base < GENERALS ? this.ready[o.base]! : 0, o.index < GENERALS ? this.ready[o.index]! : 0); }
  private keyOf(o: Operand): string {
    const base = o.base < GENERALS ? o.base : GENERALS, index = o.index < GENERALS ? o.index : GENERALS, isRelative = o.base === SLOT.rip;
    return isRelative ? `r${o.disp}` : `${this.symbols[base]!}+${this.offsets[base]! + o.disp + this.offsets[index]! * (1 << o.shift)}${o.index < GENERALS ? `+${this.symbols[index]!}*${o.shift}` : ''}${o.segment === NONE ? '' : 's'}`;
  }
  perform(i: Instruction): void {
    const use = this.useOf(i), { latency } = this.costOf(i), name = i.operation;
    let start = this.readyOf(use.reads);
    if (use.loads !== null) start = Math.max(start, this.loaded(use.loads, this.addressOf(use.loads), use.stores === use.loads ? latency : 0, use.writes.some(r => r >= GENERALS && r < 2 * GENERALS), MOVE.test(name)));
    else if (LOADS.has(name)) start = Math.max(start, this.popped(name === 'leave' ? RBP : RSP));
    const end = start + latency;
    if (use.stores !== null && this.remembers) this.stored.set(this.keyOf(use.stores), { ready: Math.max(end, this.addressOf(use.stores) + 1), size: use.stores.size, byStack: use.stores.base === RSP });
    if (this.remembers) this.move(i, use);
    if (this.remembers && STORES.has(name)) this.stored.set(this.stackKey(RSP), { ready: start, size: 8, byStack: true });
    const { loads } = use;
    if (loads !== null && loads.base < GENERALS && !MOVE.test(name) && use.stores === null) this.asked[loads.base] = 1;
    for (const r of use.writes) {
      this.ready[r] = r === RDX && TWO_RESULTS.test(name) ? end + SECOND_RESULT : end;
      if (r < GENERALS) this.asked[r] = 0;
    }
  }
  private stackKey(register: number): string { return `${this.symbols[register]!}+${this.offsets[register]!}`; }
  private popped(register: number): number {
    const known = this.stored.size === 0 ? undefined : this.stored.get(this.stackKey(register)), { load } = this.profile;
    if (known === undefined) return this.ready[register]! + load.general;
    return register === RSP && known.byStack ? known.ready + load.renamed : Math.max(known.ready, this.ready[register]!) + load.forwarded;
  }
  private loaded(o: Operand, address: number, latency: number, isVector: boolean, isMove: boolean): number {
    const known = this.stored.size === 0 ? undefined : this.stored.get(this.keyOf(o)), { load } = this.profile;
    const waits = isMove && o.base < GENERALS && this.asked[o.base] === 1 && this.ready[o.base] === address ? load.second : 0;
    const usual = address + (isVector ? load.vector : load.general) + (o.index !== NONE && o.shift > 0 ? load.scaled : 0) + waits;
    if (known === undefined) return usual;
    if (known.size < o.size) return Math.max(usual, known.ready + load.blocked);
    if (known.byStack && o.base === RSP && !isVector) return Math.max(usual - load.general, known.ready + load.renamed - latency);
    return Math.max(usual, known.ready + (isVector ? load.forwardedVector : load.forwarded) - latency);
  }
  /** What becomes of the values of general registers, as far as addresses are concerned. */
  private move(i: Instruction, use: Use): void {
    const { symbols, offsets } = this, { operation, first, second } = i;
    const shift = (register: number, by: number): void => { offsets[register] = (offsets[register]! + by) | 0; };
    switch (operation) {
      case 'push': case 'call': shift(RSP, -8); return;
      case 'ret': shift(RSP, 8); return;
      case 'leave': symbols[RSP] = symbols[RBP]!; offsets[RSP] = (offsets[RBP]! + 8) | 0; this.fresh(RBP); return;
      default:
    }
    const isWide = first?.kind === 'reg' && first.file === 'gpr' && first.size === 8;
    if (isWide && (operation === 'add' || operation === 'sub') && second?.kind === 'imm') { shift(first.index, operation === 'add' ? second.lo : -second.lo); return; }
    if (isWide && (operation === 'inc' || operation === 'dec')) { shift(first.index, operation === 'inc' ? 1 : -1); return; }
    if (isWide && operation === 'mov' && second?.kind === 'reg') { symbols[first.index] = symbols[second.index]!; offsets[first.index] = offsets[second.index]!; return; }
    if (isWide && operation === 'lea' && second?.kind === 'mem' && second.index === NONE && second.base < GENERALS) { symbols[first.index] = symbols[second.base]!; offsets[first.index] = (offsets[second.base]! + second.disp) | 0; return; }
    for (const r of use.writes) if (r < GENERALS) this.fresh(r);
    if (operation === 'pop') shift(RSP, 8);
  }
  private fresh(register: number): void { this.symbols[register] = this.nextSymbol++; this.offsets[register] = 0; }
  /** Cycles from round to round, once that is steady, and the registers that take as long. */
  round(instructions: readonly Instruction[]): { readonly cycles: number; readonly chain: ReadonlySet<number> } {
    const { ready } = this;
    let before = new Float64Array(REGISTERS), stored = 0;
    for (let n = 0; n < ROUNDS; n++) {
      if (n === ROUNDS / 2) { before = ready.slice(); stored = this.latestStore(); }
      for (const i of instructions) this.perform(i);
    }
    const grown = Math.max(this.latestStore() - stored, this.grown(before)), chain = new Set<number>();
    for (let r = 0; r < REGISTERS; r++) if (ready[r]! - before[r]! > grown - NEAR) chain.add(r);
    return { cycles: grown / (ROUNDS / 2), chain };
  }
  private latestStore(): number {
    let latest = 0;
    for (const { ready } of this.stored.values()) if (ready > latest) latest = ready;
    return latest;
  }
  registers(): Float64Array { return this.ready.slice(); }
  /** How much later the latest of what was ready has become. */
  grown(before: Float64Array): number {
    let most = 0;
    for (let r = 0; r < REGISTERS; r++) most = Math.max(most, this.ready[r]! - before[r]!);
    return most;
  }
}
