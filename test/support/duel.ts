/**
 * Two performers of one program, side by side: run in the same pieces, disturbed in the same ways, compared after each. Where they part, the
 * program is made shorter as long as they still do, and the instructions since they last agreed are named.
 */
import { CACHES, PAGE_BYTES, SLOT, STATE } from '../../src/base/layout.ts';
import type { Va } from '../../src/base/types.ts';
import { decode } from '../../src/decoder/decode.ts';
import { format } from '../../src/decoder/format.ts';
import type { CpuOptions } from '../../src/exec/cpu.ts';
import { settle } from '../../src/exec/flags.ts';
import { PROT_ALL, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../src/mmu/vma.ts';
import { CODE, CpuWorld, DATA, STACK } from './cpu-world.ts';
import { nameOf, REFERENCE } from './engines.ts';
import { Random } from './random.ts';
import { DATA_PAGES, FS_BASE, GS_BASE, Program, R15, randomData, TROUBLE } from './random-program.ts';
import { Inputs } from './sse-inputs.ts';

const REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const STACK_PAGES = 2, VECTOR_BYTES = 32, X87_BYTES = 16, INSTRUCTION_BYTES_MAX = 15;
const pageOf = (at: Va): Va => at - (at % PAGE_BYTES);

/** Worlds are used again and again, in pairs: to make one takes longer than most programs. */
export class Arena {
  private readonly pairs = new Map<string, readonly [CpuWorld, CpuWorld]>();
  /** The reference's and the engine's, with a program of their own. */
  pair(options: CpuOptions, source: string, origin = CODE): readonly [CpuWorld, CpuWorld] {
    const name = nameOf(options), known = this.pairs.get(name);
    if (known !== undefined) { for (const w of known) w.restart(source, origin); return known; }
    const made = [new CpuWorld(source, origin, { ...options, engine: REFERENCE }), new CpuWorld(source, origin, options)] as const;
    this.pairs.set(name, made);
    return made;
  }
}
/** Registers and data from the program's seed. */
function load(w: CpuWorld, program: Program): void {
  const { state } = w.cpu, random = new Random(program.shape.seed ^ 0x5a5a), inputs = new Inputs(program.shape.seed);
  w.map(CODE, Math.ceil(program.bytes.length / PAGE_BYTES), PROT_ALL);
  w.map(DATA, DATA_PAGES);
  w.poke(CODE, program.bytes);
  // The last page first, so that neighbours are not neighbours in physical memory.
  const data = randomData(random);
  for (let page = DATA_PAGES - 1; page >= 0; page--) w.poke(DATA + page * PAGE_BYTES, data.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
  for (let k = 0; k < 32; k++) state.u8.set(inputs.vector(k % 3 === 0 ? 'double' : k % 3 === 1 ? 'single' : 'integer'), STATE.vector + VECTOR_BYTES * (k % 16) + (k < 16 ? 0 : VECTOR_BYTES / 2));
  state.set(15, R15); state.set(SLOT.fs, BigInt(FS_BASE)); state.set(SLOT.gs, BigInt(GS_BASE));
  w.labels = program.labels;
}

/** What a program can see, without disturbing how flags are kept. */
function flagsOf(w: CpuWorld): number {
  const words = w.cpu.state.r32.slice(0, STATE.fsBase >> 2);
  return settle(words);
}
/** Both begin at a multiple of 4 and are as long. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const x = new Int32Array(a.buffer, a.byteOffset, a.length >> 2), y = new Int32Array(b.buffer, b.byteOffset, b.length >> 2);
  for (let k = 0; k < x.length; k++) if (x[k] !== y[k]) return false;
  return true;
}
/** Ranges of the state block in which performers may not differ. */
const COMPARED: readonly (readonly [string, number, number])[] = [
  ['general registers and rip', STATE.gpr, STATE.flagsRule], ['fs, gs, mxcsr, x87 control, status, tags', STATE.fsBase, STATE.instructions],
  ['instructions and cycles', STATE.instructions, STATE.branchMisses], ['the predictor', STATE.branchMisses, STATE.left], ['cycles by cause', STATE.causes, STATE.bytes], ['vector registers', STATE.vector, STATE.fpu], ['x87 registers', STATE.fpu, STATE.fpu + 8 * X87_BYTES],
];
const hex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
/** Where two worlds differ, or null. */
export function differenceOf(a: CpuWorld, b: CpuWorld, pages: readonly Va[]): string | null {
  const wrong: string[] = [], x = a.cpu.state, y = b.cpu.state;
  for (const [name, from, to] of COMPARED) {
    if (equalBytes(x.u8.subarray(from, to), y.u8.subarray(from, to))) continue;
    if (from === STATE.gpr) for (let k = 0; k <= SLOT.rip; k++) { if (x.get(k) !== y.get(k)) wrong.push(`${REGISTERS[k] ?? 'rip'} ${x.get(k).toString(16)} ≠ ${y.get(k).toString(16)}`); }
    else if (from === STATE.instructions) wrong.push(`instructions ${x.instructions} ≠ ${y.instructions}, cycles ${x.cycles} ≠ ${y.cycles}`);
    else if (from === STATE.vector) for (let k = 0; k < 16; k++) {
      const at = STATE.vector + VECTOR_BYTES * k, mine = hex(x.u8.subarray(at, at + VECTOR_BYTES)), other = hex(y.u8.subarray(at, at + VECTOR_BYTES));
      if (mine !== other) wrong.push(`ymm${k} ${mine} ≠ ${other}`);
    } else wrong.push(name);
  }
  const counts = a.memory.i32.subarray(CACHES.at >> 2, CACHES.tables >> 2), otherCounts = b.memory.i32.subarray(CACHES.at >> 2, CACHES.tables >> 2);
  if (a.cpu.costs.isDetailed && counts.some((word, k) => word !== otherCounts[k])) wrong.push(`caches ${[...counts].join(' ')} ≠ ${[...otherCounts].join(' ')}`);
  const flags = flagsOf(a), others = flagsOf(b);
  if (flags !== others) wrong.push(`flags ${flags.toString(16)} ≠ ${others.toString(16)}`);
  for (const page of pages) {
    const p = a.space.translate(page, 'read'), q = b.space.translate(page, 'read');
    if ((p === -1) !== (q === -1)) { wrong.push(`page ${page.toString(16)} is there for one only`); continue; }
    if (p === -1) continue;
    const mine = a.memory.u8.subarray(p, p + PAGE_BYTES), other = b.memory.u8.subarray(q, q + PAGE_BYTES);
    if (equalBytes(mine, other)) continue;
    const at = mine.findIndex((byte, k) => byte !== other[k]);
    wrong.push(`[${(page + at).toString(16)}] ${hex(mine.subarray(at, at + 8))} ≠ ${hex(other.subarray(at, at + 8))}`);
  }
  return wrong.length === 0 ? null : wrong.join('; ');
}

/** What is done to both worlds between two runs. */
type Disturbance = (w: CpuWorld, random: Random, program: Program) => void;
const anyLabel = (random: Random, program: Program): Va => random.pick([...program.labels.values()]);
const DISTURBANCES: readonly Disturbance[] = [
  w => w.mmu.flush(),
  (w, random, program) => { const at = pageOf(anyLabel(random, program)); w.space.protect(at, PAGE_BYTES, PROT_READ | PROT_EXEC); if (random.below(2) === 0) w.space.protect(at, PAGE_BYTES, PROT_ALL); },
  (w, random, program) => w.cpu.setBreakpoint(anyLabel(random, program)),
  (w, _random, program) => { for (const at of program.labels.values()) w.cpu.clearBreakpoint(at); },
  // The same bytes in another frame.
  (w, random, program) => {
    const at = pageOf(anyLabel(random, program)), bytes = w.peek(at, PAGE_BYTES);
    if (bytes.length === 0) return;
    w.map(at, 1, PROT_ALL);
    w.poke(at, bytes);
  },
  (w, random, program) => { const at = anyLabel(random, program) & ~7; const bytes = w.peek(at, 8); if (bytes.length > 0) { w.space.protect(pageOf(at), PAGE_BYTES, PROT_ALL); w.poke(at, bytes); } },
  (w, random) => w.space.protect(DATA + random.below(DATA_PAGES) * PAGE_BYTES, PAGE_BYTES, PROT_READ),
  w => w.space.unmap(TROUBLE, PAGE_BYTES),
  w => { if (w.space.find(TROUBLE) !== null) w.space.protect(TROUBLE, PAGE_BYTES, PROT_READ); },
  (w, random) => { w.cpu.state.flags = 0x202 | (random.word() & 0x8d5); },
];

/** A page that is missing is mapped, one that is protected is opened; what else went wrong is passed over. False: it ends here. */
function help(w: CpuWorld, exit: string, random: Random, mayFail: boolean): boolean {
  const [reason, address, code] = exit.split(' '), choice = mayFail ? random.below(24) : 23;
  if (reason === 'stop' || reason === 'budget') return true;
  if (reason === 'syscall') return false;
  const at = Number(address);
  const isOurs = reason === 'page-fault' && (w.space.find(at) !== null || pageOf(at) === TROUBLE);
  if (isOurs && choice > 4) {
    if (w.space.find(at) === null) w.map(pageOf(at), 1);
    else w.space.protect(pageOf(at), PAGE_BYTES, at < DATA ? PROT_ALL : PROT_READ | PROT_WRITE);
    return true;
  }
  if (reason === 'page-fault' && (Number(code) & 16) !== 0) return false;
  const { rip } = w, bytes = Uint8Array.from([...w.peek(rip, 1), ...w.peek(rip + 1, INSTRUCTION_BYTES_MAX - 1)]), i = decode(bytes, 0, bytes.length);
  if (i === null || choice === 0) return false;
  if (reason !== '#3') w.cpu.state.rip = rip + i.length;
  return true;
}

/** How long one stays at it. */
const TURNS_MAX = 400, BUDGETS = [1, 1, 2, 3, 7, 20, 50, 100, 200, 400];

interface Meeting { readonly exit: string; readonly difference: string | null }
class Duel {
  readonly a: CpuWorld;
  readonly b: CpuWorld;
  private readonly program: Program;
  private readonly random: Random;
  private readonly pages: readonly Va[];
  private isOver = false;

  constructor(program: Program, options: CpuOptions, arena: Arena) {
    this.program = program;
    [this.a, this.b] = arena.pair(options, 'syscall');
    load(this.a, program); load(this.b, program);
    this.random = new Random(program.shape.seed ^ 0x77777);
    const row = (at: Va, count: number): Va[] => Array.from({ length: count }, (_, k) => at + k * PAGE_BYTES);
    this.pages = [...row(CODE, Math.ceil(program.bytes.length / PAGE_BYTES)), ...row(DATA, DATA_PAGES + 1), ...row(STACK - STACK_PAGES * PAGE_BYTES, STACK_PAGES)];
  }
  get instructions(): number { return this.a.cpu.state.instructions; }
  nextBudget(): number { return this.random.pick(BUDGETS); }
  /** null: it is over. */
  turn(budget: number): Meeting | null {
    if (this.isOver) return null;
    const { a, b, random, program } = this, exit = a.run(budget), other = b.run(budget);
    const difference = exit === other ? differenceOf(a, b, this.pages) : `exit ${exit} ≠ ${other}; ${differenceOf(a, b, this.pages) ?? ''}`;
    if (difference !== null) { this.isOver = true; return { exit, difference }; }
    // Both are given the same help, and the same trouble.
    const seed = random.word();
    const [goesOn] = [a, b].map(w => help(w, exit, new Random(seed), program.shape.mayFail));
    this.isOver = goesOn !== true;
    if (random.below(6) === 0) {
      const disturb = random.pick(DISTURBANCES), chance = random.word();
      for (const w of [a, b]) disturb(w, new Random(chance), program);
    }
    return { exit, difference };
  }
}

/** Where the performers part: the turns before, and what was found. */
interface Parting { readonly turns: number; readonly budget: number; readonly difference: string }
function duel(program: Program, options: CpuOptions, instructionsMax: number, arena: Arena): { readonly parting: Parting | null; readonly instructions: number } {
  const d = new Duel(program, options, arena);
  for (let turns = 0; turns < TURNS_MAX && d.instructions < instructionsMax; turns++) {
    const budget = d.nextBudget();
    let meeting: Meeting | null;
    try { meeting = d.turn(budget); } catch (thrown) { meeting = { exit: '', difference: `${thrown instanceof Error ? thrown.stack : thrown}` }; }
    if (meeting === null) break;
    if (meeting.difference !== null) return { parting: { turns, budget, difference: meeting.difference }, instructions: d.instructions };
  }
  return { parting: null, instructions: d.instructions };
}

const SHRINKING_TRIES = 600;
/** Without what is not needed for the performers to part. */
function shrunk(program: Program, options: CpuOptions, instructionsMax: number, arena: Arena): Program {
  let best = program, tries = 0;
  const without = (from: number, to: number): Program | null => {
    const parts = best.parts.filter((part, k) => !(part.mayGo && k >= from && k < to));
    if (parts.length === best.parts.length || tries++ > SHRINKING_TRIES) return null;
    const shorter = new Program(best.shape, parts);
    return duel(shorter, options, instructionsMax, arena).parting === null ? null : shorter;
  };
  for (let step = Math.ceil(best.parts.length / 2); ; step = Math.ceil(step / 2)) {
    for (let from = 0; from < best.parts.length;) {
      const shorter = without(from, from + step);
      if (shorter === null) from += step; else best = shorter;
    }
    if (step === 1) return best;
  }
}
/** What the reference does in the turn in which they part, up to the first count of instructions after which they differ. */
function trace(program: Program, options: CpuOptions, { turns, budget }: Parting, arena: Arena): string[] {
  const replay = (): Duel => {
    const d = new Duel(program, options, arena);
    for (let k = 0; k < turns; k++) d.turn(d.nextBudget());
    d.nextBudget();
    return d;
  };
  let first = 1;
  const differs = (count: number): boolean => { try { return replay().turn(count)?.difference !== null; } catch { return true; } };
  while (first < budget && !differs(first)) first += 1;
  const { a } = replay(), lines: string[] = [];
  for (let k = 0; k < first; k++) {
    const { rip } = a, bytes = Uint8Array.from(a.peek(rip, INSTRUCTION_BYTES_MAX)), i = decode(bytes, 0, bytes.length);
    lines.push(`${rip.toString(16)}  ${i === null ? '?' : format(i, rip, 'intel')}`);
    if (a.run(1) !== 'budget') break;
  }
  return lines;
}

export interface DuelResult { readonly instructions: number; readonly complaint: string | null }
/** Runs the program in the reference and in the engine; a complaint is all one needs to find what is wrong. */
export function compete(program: Program, options: CpuOptions, instructionsMax: number, arena: Arena): DuelResult {
  const { parting, instructions } = duel(program, options, instructionsMax, arena);
  if (parting === null) return { instructions, complaint: null };
  const shorter = shrunk(program, options, instructionsMax, arena), again = duel(shorter, options, instructionsMax, arena).parting ?? parting;
  const source = shorter.parts.map(part => part.text).filter(text => text !== '').join('\n');
  return { instructions, complaint: [
    `program ${program.shape.seed}${program.shape.modifiesItself ? ' (modifies itself)' : ''}, ${nameOf(options)}: after ${again.turns} turns, a run of ${again.budget}`,
    `${again.difference}`, 'since they agreed:', ...trace(shorter, options, again, arena).slice(-40), ...(process.env['TEST_SOURCE'] === undefined ? [] : ['the program:', source]),
  ].join('\n') };
}
