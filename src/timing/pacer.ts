/**
 * How long straight runs of code take on a processor that dispatches in order and executes when operands are there: what is dispatched, which units
 * are busy, and what a loop waits for of the round before. Computed when a block is built; times are in parts of a cycle.
 */
import { assert } from '../base/assert.ts';
import type { i32 } from '../base/types.ts';
import { type Flow, type Instruction, NONE } from '../decoder/instruction.ts';
import { askedOf, Dataflow, feed, type RegisterSet, ROUNDS } from './dataflow.ts';
import { CYCLE_PARTS, NEVER_WRONG, NO_ROUND, Pace, type Pacing, parts, type Resolved, type Round } from './pace.ts';
import { type CostRow, hundredths, type Profile, type Resource, RESOURCES } from './profile.ts';
import { baseName, NO_REGISTERS, TRAIT, type Use, useOf } from './use.ts';

/** Reads code ahead: instructions from an address on, one at least, all but the last of which go on to the next; null where none is known. */
export type CodeReader = (lo: i32, hi: i32) => readonly Instruction[] | null;
/** Where a block lies: the address behind its last instruction. */
export interface Place { readonly lo: i32; readonly endLo: i32; readonly hi: i32 }

/** What most instructions use, and nothing else. */
type Usual = 'slot' | 'alu' | 'load' | 'store' | 'branch';
/** What instructions of a form cost: so many hundredths of each of these resources. */
interface Cost extends Readonly<Record<Usual, number>> {
  /** Others by their numbers in RESOURCES, and how much of each. */
  readonly others: readonly number[];
  readonly amounts: readonly number[];
  /** In hundredths of a cycle. */
  readonly latency: number;
  /** It is one with a conditional jump behind it; it is such a jump. */
  readonly fuses: boolean;
  readonly isFused: boolean;
  /** Others of its kind may cost something else: it depends on which registers they have. */
  readonly varies: boolean;
}

const SERIAL = RESOURCES.indexOf('serial'), NO_OTHERS: readonly number[] = [], NO_LINES: readonly number[] = [];
/** Conditions be and a, but for the lowest bit. */
const NEEDS_TWO_FLAGS = 7;
/** Instructions behind a loop that are looked at; those before a branch; a chain is one of so many hundredths of a cycle a round; the branch itself takes so many. */
const AFTER_MAX = 200, FED_MAX = 8, CHAIN_MIN = hundredths(2), EXECUTED = hundredths(1);
/** Parts of a cycle that are not worth counting. */
const LITTLE = 10, LITTLE_AHEAD = -32;
const kept = (behind: number): number => behind < LITTLE && behind > LITTLE_AHEAD ? 0 : behind;
/** Code is fetched by lines: how many more than one a block needs. */
const LINE_BITS = 6;
const linesOf = (lo: i32, end: i32): number => ((end - 1) >>> LINE_BITS) - (lo >>> LINE_BITS);
/** What the front end takes, and at least so much, that fetches so many lines more, and then goes elsewhere in such a time or, at 0, does not; in parts of a cycle. */
const frontOf = (least: number, lines: number, way: number): number => {
  const fetched = CYCLE_PARTS * (way > 0 ? lines + 1 : lines), slower = way > fetched ? way : fetched;
  return least > slower ? least : slower;
};
const HALF_MAX = 0xffff;
const BLOCK_MAX = 64, STEPS_MAX = 1500, LOOP_BYTES_MAX = 1 << 13;

export class Pacer implements Pacing {
  readonly profile: Profile;
  private readonly byName = new Map<string, CostRow>();
  private readonly byBeginning: { readonly beginning: string; readonly row: CostRow }[] = [];
  /** By what of an instruction's form they depend on. */
  private readonly costsByForm = new Map<number, Cost>();
  /** By the number of an instruction's kind; by twice that, and one if it is special, where it matters which registers it has. */
  private readonly costs: (Cost | undefined)[] = [];
  private readonly eitherCosts: (Cost | undefined)[] = [];
  private readonly fuses: string;
  /** In parts of a cycle. */
  private readonly ways: Profile['taken'];
  private readonly override: number;
  private readonly redirected: number;
  private readonly flow: Dataflow;
  /** In hundredths: of what most instructions use, and of all by their numbers. */
  private readonly capacities: Readonly<Record<Usual, number>>;
  private readonly ofOthers: readonly number[];
  /** How much of `others` a run uses, and of which it uses any, in the order of their first use. Between runs all are zero. */
  private readonly used = new Int32Array(RESOURCES.length);
  private readonly order = new Int32Array(RESOURCES.length);

  constructor(profile: Profile) {
    const { taken: { jump, call, return: back }, override, redirected } = profile;
    this.profile = profile;
    this.ways = { jump: parts(jump), call: parts(call), return: parts(back) }; this.override = parts(override); this.redirected = parts(redirected);
    this.fuses = ` ${profile.fuses} `;
    this.flow = new Dataflow(profile); this.ofOthers = RESOURCES.map(name => hundredths(profile.capacities[name]));
    const { slot, alu, load, store, branch } = profile.capacities;
    this.capacities = { slot: hundredths(slot), alu: hundredths(alu), load: hundredths(load), store: hundredths(store), branch: hundredths(branch) };
    for (const row of profile.rows) for (const pattern of row.operations.split(' ')) {
      if (pattern.endsWith('*')) this.byBeginning.push({ beginning: pattern.slice(0, -1), row });
      else this.byName.set(pattern, row);
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
    const count = instructions.length, last = instructions[count - 1]!, { flow } = last.kind, { cost, busy } = this.run(instructions, 0, count);
    const lines = linesOf(place.lo, place.endLo), base = frontOf(cost, lines, 0);
    if (flow === 'next' || flow === 'stop') return new Pace(instructions, base, flow === 'stop' ? 0 : kept(busy - base), 0, NO_ROUND, this.redirected, this);
    const elsewhere = frontOf(base, lines, this.wayOf(flow)), isBranch = flow === 'branch', goesBack = (isBranch || flow === 'jump') && this.isBackward(last, place);
    // Whoever goes back mostly does; what goes back to its own beginning falls behind once a round, there.
    const usual = isBranch && !goesBack ? base : elsewhere, isOwn = goesBack && ((place.endLo + last.first.disp) | 0) === place.lo, behind = isOwn ? 0 : kept(busy - usual);
    const round = goesBack ? this.roundOf(instructions, place, read, usual + behind) : NO_ROUND;
    if (!isBranch) return new Pace(instructions, elsewhere, behind, Math.min(HALF_MAX, round.busy), round, this.redirected, this);
    return new Pace(instructions, base, behind, Math.min(HALF_MAX, elsewhere - base + round.busy), round, this.override, this);
  }

  // — units —
  /** What dispatching takes in all, and what the busiest unit takes. */
  private run(instructions: readonly Instruction[], from: number, to: number): { readonly cost: number; readonly busy: number } {
    const { costs, used, order, capacities } = this, { slot: width } = capacities;
    let slot = 0, alu = 0, load = 0, store = 0, branch = 0, count = 0, fuses = false;
    for (let k = from; k < to; k++) {
      const i = instructions[k]!, cost = costs[i.kind.number] ?? this.findCost(i), { others } = cost;
      if (!fuses || !cost.isFused) slot += cost.slot;
      fuses = cost.fuses;
      alu += cost.alu; load += cost.load; store += cost.store; branch += cost.branch;
      if (others !== NO_OTHERS) for (let n = 0; n < others.length; n++) {
        const resource = others[n]!, before = used[resource]!;
        if (before === 0) order[count++] = resource;
        used[resource] = before + cost.amounts[n]!;
      }
    }
    // What is serial adds to all the rest. The busiest is found without dividing, which would make numbers on the heap.
    const serial = used[SERIAL]! / 100;
    let most = slot, capacity = width;
    used[SERIAL] = 0;
    if (alu * capacity > most * capacities.alu) { most = alu; capacity = capacities.alu; }
    if (load * capacity > most * capacities.load) { most = load; capacity = capacities.load; }
    if (store * capacity > most * capacities.store) { most = store; capacity = capacities.store; }
    if (branch * capacity > most * capacities.branch) { most = branch; capacity = capacities.branch; }
    for (let n = 0; n < count; n++) {
      const resource = order[n]!, amount = used[resource]!, own = this.ofOthers[resource]!;
      if (amount * capacity > most * own) { most = amount; capacity = own; }
      used[resource] = 0;
    }
    return { cost: parts(slot / width + serial), busy: parts(most / capacity + serial) };
  }
  /** What dispatching the first `count` takes. */
  dispatchOf(instructions: readonly Instruction[], count: number): number { return this.run(instructions, 0, count).cost; }
  dispatchesOf(instructions: readonly Instruction[], tell: (cost: number) => void): void {
    const { costs, capacities: { slot: width } } = this;
    tell(0);
    let slot = 0, serial = 0, fuses = false;
    for (const i of instructions) {
      const cost = costs[i.kind.number] ?? this.findCost(i), at = cost.others === NO_OTHERS ? -1 : cost.others.indexOf(SERIAL);
      if (!fuses || !cost.isFused) slot += cost.slot;
      fuses = cost.fuses;
      if (at >= 0) serial += cost.amounts[at]!;
      tell(parts(slot / width + serial / 100));
    }
  }
  /** How far execution of a loop may be behind that waits so long a round: as many rounds as there is room for instructions that wait for the chain. */
  private behindMaxOf(instructions: readonly Instruction[], waits: number, chain: RegisterSet): number {
    const waiting = chain.slice();
    let count = 0;
    for (const i of instructions) {
      const isFed = feed(useOf(i), waiting);
      if (usesUnit(this.costOf(i))) count += isFed ? 1 : 1 / 2; // Others leave sooner.
    }
    return Math.min(HALF_MAX, Math.round(waits * this.profile.window / Math.max(1, count)));
  }
  /** Whether what a loop waits for from round to round is computed anew, or for nothing, before the loop is entered again. null: nobody knows. */
  private isBroken(chain: RegisterSet, asked: RegisterSet, { endLo, hi }: Place, top: i32, read: CodeReader): boolean | null {
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
      feed(useOf(i), waiting);
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
  private costOf(i: Instruction): Cost { return this.costs[i.kind.number] ?? this.findCost(i); }
  private findCost(i: Instruction): Cost {
    const { number } = i.kind, either = number === 0 ? 0 : 2 * number + (isSpecial(i) ? 1 : 0), known = this.eitherCosts[either];
    if (known !== undefined) return known;
    const form = formOf(i);
    let cost = this.costsByForm.get(form);
    if (cost === undefined) this.costsByForm.set(form, cost = this.makeCost(i));
    if (number !== 0) if (cost.varies) this.eitherCosts[either] = cost; else this.costs[number] = cost;
    return cost;
  }
  private stepsOf(instructions: readonly Instruction[], from: number): readonly Use[] {
    const steps: Use[] = [];
    for (let k = from; k < instructions.length; k++) { const i = instructions[k]!; steps[k - from] = useOf(i, (this.costs[i.kind.number] ?? this.findCost(i)).latency); }
    return steps;
  }
  private makeCost(i: Instruction): Cost {
    const row = this.rowOf(i), use = useOf(i), isMove = (use.traits & TRAIT.moves) !== 0, isFree = (use.traits & TRAIT.isFree) !== 0, isVector = this.hasVector(i);
    const common: Partial<Record<Resource, number>> = { slot: 0, alu: 0, load: 0, store: 0, branch: 0 }, others: number[] = [], amounts: number[] = [];
    let latency = hundredths(row.latency);
    const add = (name: Resource, count: number): void => {
      const amount = hundredths(count), before = common[name];
      if (before !== undefined) { common[name] = before + amount; return; }
      const resource = RESOURCES.indexOf(name);
      assert(resource >= 0, 'a resource that there is not');
      others.push(resource); amounts.push(amount);
    };
    // What is loaded is extended on the way.
    const isExtended = use.loads && isMove;
    if (isFree) add('slot', i.operation === 'xchg' ? 2 : 1);
    else if (!isExtended) for (const part of row.uses === '' ? [] : row.uses.split(' ')) {
      const [name, count = '1'] = part.split('*');
      add(name as Resource, Number(count));
    }
    if (isFree || isExtended) latency = 0;
    else if ((isMove || row.latency === 0) && !use.loads && !use.stores && row.uses === '' && use.writes !== NO_REGISTERS) { latency = hundredths(1); add(isVector ? 'fp' : 'alu', 1); }
    if (i.mnemonic === 'movabs') add('alu', 0.8);
    if (use.loads) add(isVector ? 'vectorLoad' : 'load', 1);
    if (use.stores) add(isVector ? 'vectorStore' : 'store', 1);
    if (i.lock || (i.operation === 'xchg' && use.loads)) add('serial', this.profile.locked);
    const { slot = 0, alu = 0, load = 0, store = 0, branch = 0 } = common;
    return {
      slot: slot === 0 ? hundredths(1) : slot, alu, load, store, branch, others: others.length === 0 ? NO_OTHERS : others, amounts,
      latency, fuses: this.fuses.includes(` ${i.operation} `), isFused: i.operation === 'jcc', varies: (use.traits & TRAIT.zeroes) !== 0 || i.operation === 'lea',
    };
  }

  // — what waits for what —
  /** The time at which a branch at the end is resolved, after its block was dispatched, beyond what the block itself waits for from round to round. */
  missOf(instructions: readonly Instruction[], dispatched: number): Resolved {
    const { refill } = this.profile, { load } = this.flow, { first, kind: { flow: ending } } = instructions[instructions.length - 1]!;
    if (ending === 'return') return { miss: parts(refill.return) & ~1, drains: false };
    if (ending !== 'branch' && ending !== 'jump-indirect' && ending !== 'call-indirect') return NEVER_WRONG;
    const steps = this.stepsOf(instructions, Math.max(0, instructions.length - FED_MAX)), flow = this.flow.begin(steps), before = steps.length - 1, { reads } = steps[before]!;
    flow.perform(steps, before);
    flow.mark();
    const base = flow.readyOf(reads), target = first?.kind === 'mem' ? Math.max(base, flow.addressOf(first)) + load.general + (first.index !== NONE && first.shift > 0 ? load.scaled : 0) : base;
    flow.perform(steps, before);
    const grown = flow.grown(), drains = grown >= CHAIN_MIN && flow.readyOf(reads) - base >= grown;
    const resolved = Math.max(0, (target + EXECUTED - grown) / 100 - (drains ? 0 : dispatched));
    return { miss: parts((ending === 'branch' ? refill.conditional : refill.indirect) + resolved) & ~1, drains };
  }

  // — loops —
  private isBackward(last: Instruction, { endLo }: Place): boolean {
    const { disp, dispHigh } = last.first;
    return dispHigh < 0 && disp < 0 && disp > -LOOP_BYTES_MAX && endLo >>> 0 >= -disp;
  }
  /** How much longer a round takes than its blocks do, where the block ends a loop: what of one waits for another, or what several blocks need of one unit. */
  private roundOf(own: readonly Instruction[], place: Place, read: CodeReader, ownTime: number): Round {
    const last = own[own.length - 1]!, top = (place.endLo + last.first.disp) | 0, close = (place.endLo - last.length) | 0;
    const isOwn = top === place.lo, path = isOwn ? { instructions: own, ends: [own.length], lines: NO_LINES } : findPath(read, top, close, place.hi);
    if (path === null) return NO_ROUND;
    const { instructions, ends, lines } = path, steps = this.stepsOf(instructions, 0), whole = this.run(instructions, 0, instructions.length);
    let time = 0, at = 0;
    for (let k = 0; ends[k]! < instructions.length; k++) {
      const end = ends[k]!, run = this.run(instructions, at, end), { flow } = instructions[end - 1]!.kind, way = flow === 'call' || flow === 'jump' ? this.wayOf(flow) : 0;
      const front = frontOf(run.cost, lines[k]!, way);
      time += front + kept(run.busy - front);
      at = end;
    }
    time += ownTime;
    const grown = this.flow.rounds(steps), waits = parts(grown / (100 * ROUNDS)), chain = last.kind.flow === 'branch' && waits > whole.busy ? this.flow.chain(grown) : null;
    const isBroken = chain !== null && this.isBroken(chain, askedOf(steps), place, top, read), breaks = isBroken !== false;
    // What waits for units waits all the same where the chain ends.
    const busy = isBroken === true ? Math.max(0, whole.busy - time) : 0, round = Math.max(whole.busy, waits) - time - busy;
    const behindMax = chain !== null && isBroken === true ? this.behindMaxOf(instructions, waits, chain) : parts(this.profile.behind);
    return { round: isOwn ? Math.max(0, round) : round, busy, behindMax, breaks };
  }
}
/** Whether it is executed at all. */
function usesUnit({ alu, load, store, branch, others }: Cost): boolean { return alu + load + store + branch > 0 || others.some(resource => resource !== SERIAL); }
/** Forms with rows of their own: CMOVA and CMOVBE, which need two flags, and LEA of three parts. */
function specialName({ kind: { operation, condition }, second }: Instruction): string | null {
  if (operation === 'cmovcc') return (condition | 1) === NEEDS_TWO_FLAGS ? 'cmova' : null;
  return operation === 'lea' && second.index !== NONE && second.base !== NONE && second.disp !== 0 ? 'lea3' : null;
}
/** Whether two operands are the same register, the last two of three; or it has a row of its own. */
function isSpecial(i: Instruction): boolean {
  const { operands, first, second } = i, count = operands.length;
  if (count < 2) return false;
  const last = count === 2 ? second : operands[count - 1]!;
  return last.kind === 'reg' ? (count > 2 ? second : first).index === last.index : specialName(i) !== null;
}
/** What costs depend on, beside the row: memory operands, operands that are the same register, LOCK, narrow registers, forms with rows of their own. */
function formOf(i: Instruction): number {
  const { kind: { row, lock }, operands, first } = i, count = operands.length;
  let form = row << 6 | (lock ? 1 : 0);
  if (count === 0) return form;
  if (first.kind === 'mem') form |= 2; else if (first.size < 4) form |= 8;
  for (let k = 1; k < count; k++) if (operands[k]!.kind === 'mem') form |= 4;
  if (operands[count - 1]!.kind === 'imm') return form | 32;
  return form | (isSpecial(i) ? 16 : 0) | (specialName(i) === null ? 0 : 32);
}

interface Path {
  readonly instructions: readonly Instruction[];
  /** Of its straight parts: the number of the instruction behind, and the lines more than one that are fetched. */
  readonly ends: readonly number[];
  readonly lines: readonly number[];
}
/** A way round a loop: straight on where a branch may go either way, and past calls. null: none was found. */
function findPath(read: CodeReader, top: i32, close: i32, hi: i32): Path | null {
  // The way so far: straight runs, and where each begins. Where else its branches go, and how many runs lead there.
  const runs: (readonly Instruction[])[] = [], froms: i32[] = [], seen = new Set<i32>(), others: number[] = [];
  for (let at = top, count = 0, steps = 0;;) {
    const isWithin = at >>> 0 >= top >>> 0 && at >>> 0 <= close >>> 0, run = isWithin ? read(at, hi) : null;
    if (!isWithin) steps += 1;
    if (run !== null) {
      const last = run.length - 1;
      runs[count] = run; froms[count] = at;
      count += 1; steps += run.length;
      if (steps > STEPS_MAX) return null;
      for (let k = 0; k < last; k++) at = (at + run[k]!.length) | 0;
      if (at === close) return pathOf(runs, froms, count);
      const i = run[last]!, { flow } = i.kind, next = (at + i.length) | 0;
      if (at >>> 0 < close >>> 0) {
        if (flow === 'next') { at = next; continue; }
        if (!seen.has(at)) {
          seen.add(at);
          if (flow === 'jump') { at = (next + i.first.disp) | 0; continue; }
          if (flow === 'branch') others.push((next + i.first.disp) | 0, count);
          // Where nobody knows, what comes next is one of the cases; a callee is left out.
          if (flow !== 'return' && flow !== 'stop') { at = next; continue; }
        }
      }
    }
    // A dead end.
    if (others.length === 0) return null;
    count = others.pop()!; at = others.pop()!;
  }
}
function pathOf(runs: readonly (readonly Instruction[])[], froms: readonly i32[], count: number): Path {
  const instructions: Instruction[] = [], ends: number[] = [], lines: number[] = [];
  let total = 0, begun = 0, place = 0;
  for (let n = 0; n < count; n++) {
    const run = runs[n]!, { length } = run;
    let at = froms[n]!;
    for (let k = 0; k < length; k++) {
      const i = run[k]!;
      if (total === begun) place = at;
      instructions[total++] = i;
      at = (at + i.length) | 0;
      if (i.kind.flow === 'next' && total - begun < BLOCK_MAX) continue;
      ends.push(begun = total); lines.push(linesOf(place, at));
    }
  }
  return { instructions, ends, lines };
}
