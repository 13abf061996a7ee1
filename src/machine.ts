/** The composition root: memory, processor, kernel and trampfd, and the loop that lets the kernel answer what the processor cannot. */
import { assert } from './base/assert.ts';
import { CYCLES_OF, LinearMemory, PAGE_BYTES } from './base/layout.ts';
import type { Va } from './base/types.ts';
import { addressOf } from './base/words.ts';
import { Cpu, type CpuOptions, type Exit } from './exec/cpu.ts';
import { LAP_BYTES, MARK, markIn } from './exec/mark.ts';
import { unmaskedOf } from './exec/mxcsr.ts';
import { VECTOR } from './exec/ops.ts';
import { byteString, type ByteString, type Host } from './host/host.ts';
import { Frames } from './mmu/frames.ts';
import { PF_FETCH, PF_USER, PF_WRITE, type PageFault } from './mmu/fault.ts';
import type { AddressSpace, FaultVerdict } from './mmu/address-space.ts';
import { Mmu } from './mmu/mmu.ts';
import { PROT_ALL, PROT_EXEC, type Vma } from './mmu/vma.ts';
import { Entropy } from './syscalls/entropy.ts';
import type { Refusal } from './syscalls/exec.ts';
import { type Ending, Kernel } from './syscalls/kernel.ts';
import type { SecurityPolicy } from './syscalls/policy.ts';
import type { KernelProcess, KernelTask } from './syscalls/process.ts';
import { raise } from './syscalls/signal.ts';
import { Trace } from './syscalls/strace.ts';
import type { Args } from './syscalls/task.ts';
import { CAUSES, type Causes, type KernelCause, topDown } from './timing/causes.ts';
import { type Environment } from './timing/environments.ts';
import { WORK_CYCLES } from './timing/costs.ts';
import { trampfdCalls, TrampolineObjects } from './trampfd/calls.ts';

export interface MachineOptions {
  readonly host: Host;
  /** Guest physical memory. */
  readonly memoryBytes?: number;
  readonly strace?: boolean;
  /** What may become code (SecurityPolicy.of); null or absent: anything. */
  readonly policy?: SecurityPolicy | null;
  /** Other random bytes, and turns that are not all equally long. */
  readonly seed?: number;
  readonly clock?: 'virtual' | 'host';
  /** Where the machine is stopped: instructions, and nanoseconds of the host's time. */
  readonly maxInstructions?: number;
  readonly timeoutNs?: number;
  /** Who performs instructions, and what they cost. */
  readonly cpu?: CpuOptions;
  /** Told of the marks a program comes to (exec/mark.ts); without it they are nothing. */
  readonly onMark?: (mark: Mark) => void;
}
/** A program came to a mark, which has not been executed yet. */
export interface Mark { readonly kind: number; readonly name: ByteString; readonly times: number; readonly counters: Counters }
export type { Ending };
export { LAP_BYTES, MARK };
/** A row for people; `note`: what the value is of something else. */
export type Stat = readonly [name: string, value: number | string, note?: string];
/** What was counted, exactly, since the machine was made. */
export interface Counters {
  readonly instructions: number; readonly cycles: number;
  readonly pageFaults: number; readonly systemCalls: number; readonly tlbMisses: number; readonly branchMisses: number;
  /** Bytes of physical memory: frames behind executable mappings, page tables, everything else; and what the kernel keeps for trampolines. */
  readonly codeBytes: number; readonly dataBytes: number; readonly tableBytes: number; readonly kernelBytes: number;
  /** Cycles by cause: they add up to `cycles`. */
  readonly causes: Causes;
}

const MEMORY_BYTES = 1 << 30;
/**
 * Instructions until the next look at the world outside: a quarter of what was done. V8 replaces a running function by a better one only when it is
 * entered anew, which matters at first; but where a slice ends in the middle of compiled code, what is left of that is interpreted.
 */
const SLICE_MIN = 50_000, SLICE_MAX = 8_000_000;
/** Instructions of a task's turn while others want the processor: a tenth of a millisecond or so. */
const TURN_INSTRUCTIONS = 400_000;
/** What timeout(1) gives. */
const STATUS_STOPPED = 124;
/** Turns between two looks at the host's clock, where none is cut short. */
const TURNS_A_LOOK = 256;
export function sliceAfter(instructions: number): number { return Math.min(Math.max(Math.floor(instructions / 4), SLICE_MIN), SLICE_MAX); }
const RAX = 0, RDX = 2, RSI = 6, RDI = 7, R10 = 10;
const MARK_NAME_BYTES = 200;
const MAP_FIXED = 16;
/** Pages of a mapping that are looked at for whether they were touched. */
const RELEASED_PAGES_MAX = 16;
/** AT_HWCAP2 (Linux: arch/x86/include/uapi/asm/hwcap2.h). */
const HWCAP2_FSGSBASE = 2;
const SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGXCPU = 24;
const INSTRUCTION_BYTES_MAX = 15;
const SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRERR = 2, ILL_ILLOPN = 2, FPE_INTDIV = 1, FPE_FLTINV = 7, TRAP_BRKPT = 1, TRAP_TRACE = 2, SI_KERNEL = 128;
/** Unmasked exceptions of the x87 and of MXCSR, as bits, and what SIGFPE says of them: the first that fits (Linux: fpu__exception_code). */
const FPE_CODES: readonly (readonly [bits: number, code: number])[] = [[1, FPE_FLTINV], [4, 3], [8, 4], [0x12, 5], [0x20, 6]];

/** Which signal an exception becomes (Linux, arch/x86/kernel/traps.c). The address of #UD and #DE is the instruction's. */
interface Trap { readonly signal: number; readonly code: number; readonly hasAddress: boolean }
const SIGNALLED: Trap = { signal: SIGSEGV, code: SI_KERNEL, hasAddress: false }, SINGLE_STEP: Trap = { signal: SIGTRAP, code: TRAP_TRACE, hasAddress: true };
const TRAPS: Readonly<Record<number, Trap>> = {
  [VECTOR.divide]: { signal: SIGFPE, code: FPE_INTDIV, hasAddress: true },
  [VECTOR.debug]: { signal: SIGTRAP, code: TRAP_BRKPT, hasAddress: true },
  [VECTOR.breakpoint]: { signal: SIGTRAP, code: SI_KERNEL, hasAddress: false },
  [VECTOR.undefined]: { signal: SIGILL, code: ILL_ILLOPN, hasAddress: true },
  [VECTOR.stack]: { signal: SIGBUS, code: SI_KERNEL, hasAddress: false },
  [VECTOR.x87]: { signal: SIGFPE, code: FPE_FLTINV, hasAddress: true },
  [VECTOR.simd]: { signal: SIGFPE, code: FPE_FLTINV, hasAddress: true },
};

export class Machine {
  readonly memory: LinearMemory;
  readonly mmu: Mmu;
  readonly cpu: Cpu;
  readonly kernel: Kernel;
  private trampolineObjects: TrampolineObjects | null = null;
  private pageFaults = 0;
  /** Trampolines that were served, other than by paging. */
  private invocations = 0;
  /** The fault being answered had instructions interpreted; and what stopped that, if anything did. */
  private isInterpreted = false;
  private due: (() => void) | null = null;
  /** Of what trampolines have done. */
  private cause: KernelCause = 'syscall';
  private readonly instructionBytes = new Uint8Array(INSTRUCTION_BYTES_MAX);
  /** Its first n bytes, for every n. */
  private readonly fetched = Array.from({ length: INSTRUCTION_BYTES_MAX + 1 }, (_, length) => this.instructionBytes.subarray(0, length));
  /** What is left of the current task's turn, in instructions; it began when `turnOf` came to run. */
  protected turnLeft = TURN_INSTRUCTIONS;
  private turnOf: KernelTask | null = null;
  private readonly chance: Entropy | null;
  private readonly options: MachineOptions;
  private readonly maxInstructions: number;
  private readonly stopsAtNs: bigint | null;
  private turnsToLook = TURNS_A_LOOK;
  private systemCalls = 0;

  constructor(options: MachineOptions) {
    this.options = options;
    this.maxInstructions = options.maxInstructions ?? Infinity;
    const stopsAtNs = options.timeoutNs === undefined ? null : options.host.realTimeNs() + BigInt(Math.ceil(options.timeoutNs));
    this.stopsAtNs = stopsAtNs;
    this.chance = options.seed === undefined ? null : new Entropy(options.seed);
    this.memory = new LinearMemory(options.memoryBytes ?? MEMORY_BYTES);
    this.mmu = new Mmu(this.memory, new Frames(this.memory));
    const policy = options.policy ?? null;
    this.cpu = new Cpu(this.memory, this.mmu, { random: () => this.kernel.system.entropy.next(), ...options.cpu });
    this.kernel = new Kernel({
      host: options.host, mmu: this.mmu, cycles: () => this.cpu.state.cycles, registers: this.cpu.state,
      onHandler: () => this.cpu.charge(this.environment.signalDelivery, 'signal'),
      policy, extraCalls: () => { const calls = trampfdCalls(this.trampolines); return policy?.guard(calls) ?? calls; },
      hwcap: this.cpu.model.hwcap, cpuid: this.cpu.model, hwcap2: this.cpu.model.has('fsgsbase') ? HWCAP2_FSGSBASE : 0,
      ...(options.seed === undefined ? {} : { seed: options.seed }), clock: options.clock ?? 'virtual',
      whileIdle: stopsAtNs === null ? undefined : () => { this.stopIfLate(stopsAtNs); },
    });
    this.cpu.blocks.stopsAtMarks = options.onMark !== undefined;
    if (options.strace === true) this.kernel.trace = new Trace(line => options.host.report(line));
  }
  /** Made when something of them is wanted: few programs have any. */
  get trampolines(): TrampolineObjects {
    if (this.trampolineObjects !== null) return this.trampolineObjects;
    const objects = this.trampolineObjects = new TrampolineObjects();
    objects.services = {
      work: kind => { this.cpu.charge(WORK_CYCLES[kind], this.cause); },
      interpret: (start, end, most) => this.interpret(start, end, most),
      serve: (number, args) => this.serve(number, args),
    };
    return objects;
  }
  /** Loads a program; `null` if it may run, otherwise why not. */
  exec(path: ByteString, argv: readonly ByteString[], envp: readonly ByteString[]): Refusal | null {
    const task = this.kernel.exec(path, argv, envp);
    return 'sentence' in task ? task : null;
  }
  /** The task that runs; null before the first and after the last. */
  get task(): KernelTask | null { return this.kernel.current; }
  /** Runs until the program, and whatever it started, has ended. */
  run(): Ending {
    for (;;) {
      const ending = this.turn(sliceAfter(this.cpu.state.instructions));
      if (ending !== null) return ending;
    }
  }
  /** Lets the program run until it needs the kernel, and gives it what it needs. null: it goes on. */
  turn(budget: number): Ending | null {
    const { kernel } = this, left = this.maxInstructions - this.cpu.state.instructions - this.invocations, most = Math.min(budget, left);
    if (left <= 0) this.stop(`${this.maxInstructions.toLocaleString('en')} instructions (--max-instructions)`);
    else this.finish(this.advance(most));
    if (this.stopsAtNs !== null) this.lookAtTime(this.stopsAtNs);
    if (kernel.current !== null) return null;
    assert(kernel.ending !== null, 'all tasks are gone, and the first process has not ended');
    return kernel.ending;
  }
  private stop(what: string): void {
    this.options.host.report(`tramp64: stopped after ${what}`);
    this.kernel.stop(STATUS_STOPPED);
  }
  private lookAtTime(stopsAtNs: bigint): void {
    this.turnsToLook -= 1;
    if (this.turnsToLook > 0 || this.kernel.current === null) return;
    this.turnsToLook = TURNS_A_LOOK;
    this.stopIfLate(stopsAtNs);
  }
  private stopIfLate(stopsAtNs: bigint): void {
    if (this.options.host.realTimeNs() >= stopsAtNs) this.stop(`${(this.options.timeoutNs ?? 0) / 1e9} seconds (--timeout)`);
  }
  private turnLength(): number {
    return this.chance === null ? TURN_INSTRUCTIONS : Math.floor(TURN_INSTRUCTIONS * (0.5 + this.chance.next() / 2 ** 32));
  }
  /** Half of a turn: the program runs until it needs the kernel, at most to its turn's end. `finish` is the other half. */
  protected advance(budget: number): Exit {
    const { kernel } = this;
    if (kernel.isAlone) { this.turnOf = null; return this.perform(budget); }
    // Turns are counted in instructions, so that they end at the same place whoever performs.
    if (this.turnOf !== kernel.current) { this.turnOf = kernel.current; this.turnLeft = this.turnLength(); }
    const { state } = this.cpu, before = state.instructions, exit = this.perform(Math.min(budget, this.turnLeft));
    this.turnLeft -= state.instructions - before;
    return exit;
  }
  protected perform(budget: number): Exit { return this.cpu.run(budget); }
  protected finish(exit: Exit): void {
    this.answer(exit);
    this.endTurn();
  }
  /** Others come next if the turn is over: gives whether it was. */
  protected endTurn(): boolean {
    const { kernel } = this;
    if (this.turnOf === null || this.turnLeft > 0 || this.turnOf !== kernel.current) return false;
    this.turnOf = null;
    kernel.preempt();
    kernel.settle();
    return true;
  }
  protected answer(exit: Exit): void {
    switch (exit.reason) {
      case 'syscall': this.systemCall(this.current()); break;
      case 'page-fault': this.pageFault(this.current(), exit.fault); break;
      case 'exception': this.exception(this.current(), exit); break;
      case 'stop': this.turnsToLook = 0; this.mark(this.current()); break;
      default: this.turnsToLook = 0;
    }
  }
  private mark({ process, registers }: KernelTask): void {
    const { onMark } = this.options, kind = markIn(process.memory.peek(registers.rip, LAP_BYTES.length));
    if (kind === 0 || onMark === undefined) return;
    const [name = ''] = kind === MARK.lap ? [] : byteString(process.memory.peek(Number(registers.get(RDI)), MARK_NAME_BYTES)).split('\0');
    onMark({ kind, name, times: Number(BigInt.asIntN(64, registers.get(RSI))), counters: this.counters() });
  }
  private current(): KernelTask {
    const { current } = this.kernel;
    assert(current !== null, 'nobody runs');
    return current;
  }
  private systemCall(task: KernelTask): void {
    this.systemCalls += 1;
    const name = this.kernel.nameOf(task.registers.low(RAX));
    this.cpu.charge(this.cpu.costs.syscall(name) + this.dependentCycles(task, name), 'syscall');
    this.kernel.call(task);
    this.kernel.settle();
  }
  /** A trampoline is a fetch fault that its object takes: nothing on this path allocates or throws. */
  private pageFault(task: KernelTask, fault: PageFault): void {
    // Trampolines that interpret make faults of their own.
    const { memory } = task.process, { address, code } = fault, paged = memory.minorFaults;
    this.pageFaults += 1;
    this.cause = 'trampfd';
    const verdict = memory.resolve(fault, task.registers), isServed = (code & PF_FETCH) !== 0 && (memory.minorFaults === paged || this.isInterpreted), { due } = this;
    this.due = null; this.isInterpreted = false; this.cause = 'syscall';
    if (due !== null) due();
    else if (verdict !== 'resume') this.refuse(task, verdict, address, code);
    else if (isServed) this.served();
    else this.chargePaging(code, memory.find(address));
  }
  /** It counts like an instruction: one whose target is itself has its turns end all the same. */
  private served(): void {
    this.invocations += 1;
    this.turnLeft -= 1;
    this.cpu.charge(this.cpu.costs.entered(this.environment.fetchFaultServed), 'trampfd');
  }
  private chargePaging(code: number, vma: Vma | null): void {
    const { environment: e } = this, isWrite = (code & PF_WRITE) !== 0, isFile = vma !== null && vma.object !== null;
    this.cpu.charge(isFile && isWrite ? vma.shared ? e.fileFault : e.copyFault : isWrite ? e.minorFaultWrite : e.minorFaultRead, 'fault');
  }
  private get environment(): Environment { return this.cpu.costs.environment; }
  /** What pipes and changes of mappings take beyond the call: that depends on what is there. */
  private dependentCycles(task: KernelTask, name: string): number {
    if (name === 'read' || name === 'write') return task.process.files.get(task.registers.low(RDI))?.file.pipe === undefined ? 0 : this.environment.pipeUsed;
    if (name !== 'mprotect' && name !== 'munmap' && name !== 'mmap' && name !== 'tramp_free') return 0;
    const { memory } = task.process, { registers } = task, at = addressOf(registers.low(RDI), registers.high(RDI)), vma = memory.find(at);
    if (vma === null) return 0;
    if (name === 'mmap') return (registers.low(R10) & MAP_FIXED) !== 0 ? this.environment.mappingReplaced : 0;
    if (name === 'mprotect') return vma.prot === (registers.low(RDX) & PROT_ALL) ? 0 : this.environment.protectionChanged;
    const bytes = name === 'tramp_free' ? 1 : Math.min(registers.low(RSI) >>> 0, RELEASED_PAGES_MAX * PAGE_BYTES);
    for (let page = at; page < at + bytes; page += PAGE_BYTES) if (memory.translate(page, 'read') !== -1) return this.environment.pagesReleased;
    return 0;
  }
  private refuse(task: KernelTask, verdict: FaultVerdict, address: Va, error: number): void {
    const isBus = verdict === 'past-end' || verdict === 'no-memory';
    const code = isBus ? BUS_ADRERR : verdict === 'denied' ? SEGV_ACCERR : SEGV_MAPERR;
    this.fault(task, isBus ? SIGBUS : SIGSEGV, code, address, VECTOR.page, error);
  }
  /** For trampolines: see Services. What stops it is raised once the fault that led here is answered. */
  private interpret(start: Va, end: Va, instructionsMax: number): boolean {
    const task = this.current(), { registers } = task;
    this.isInterpreted = true;
    for (let done = 0; done < instructionsMax; done++) {
      const { rip } = registers;
      if (rip < start || rip >= end) return true;
      this.turnLeft -= 1;
      this.cpu.charge(this.environment.instructionInterpreted, 'trampfd');
      this.due = this.interpretOne(task, rip, end);
      if (this.due !== null) return false;
    }
    if (registers.rip < start || registers.rip >= end) return true;
    this.due = () => { this.fault(task, SIGXCPU, SI_KERNEL, registers.rip, 0, 0); };
    return false;
  }
  /** null: go on; otherwise what has to be done about it. Page faults are answered here. */
  private interpretOne(task: KernelTask, rip: Va, end: Va): (() => void) | null {
    const { memory } = task.process, toPageEnd = PAGE_BYTES - (rip & (PAGE_BYTES - 1)), most = Math.min(end - rip, INSTRUCTION_BYTES_MAX);
    let exit = this.performFrom(memory, rip, Math.min(most, toPageEnd));
    if (exit === 'more' && toPageEnd < most) exit = this.performFrom(memory, rip, most);
    if (exit === null) return null;
    if (exit === 'more') return () => { this.fault(task, SIGILL, ILL_ILLOPN, rip, VECTOR.undefined, 0); };
    if (exit === 'unreadable') {
      const at = memory.find(rip) === null ? rip : rip + toPageEnd < end && memory.reach(rip, false) !== -1 ? rip + toPageEnd : rip;
      return () => { this.refuse(task, memory.find(at) === null ? 'no-mapping' : 'denied', at, PF_USER); };
    }
    if (exit.reason === 'exception') { const stopped = exit; return () => { this.exception(task, stopped); }; }
    if (exit.reason !== 'page-fault') return null;
    const { address, code } = exit.fault, verdict = memory.resolve(exit.fault, task.registers);
    this.pageFaults += 1;
    if (verdict !== 'resume') return () => { this.refuse(task, verdict, address, code); };
    this.chargePaging(code, memory.find(address));
    return null;
  }
  private performFrom(memory: AddressSpace, rip: Va, length: number): Exit | 'more' | 'unreadable' | null {
    return memory.copyIn(rip, this.fetched[length]!) ? this.cpu.perform(this.instructionBytes, length) : 'unreadable';
  }
  /** A system call's work without the way into the kernel and back. */
  private serve(number: number, args: Args): number {
    this.cpu.charge(Math.max(0, this.cpu.costs.syscall(this.kernel.nameOf(number)) - this.cpu.costs.entered(this.environment.systemCall)), this.cause);
    return this.kernel.serve(this.current(), number, args);
  }
  private exception(task: KernelTask, exit: Exit & { reason: 'exception' }): void {
    if (exit.vector === VECTOR.undefined) this.cpu.charge(this.environment.undefinedOpcode, 'fault');
    const trap = exit.isStep === true ? SINGLE_STEP : TRAPS[exit.vector] ?? SIGNALLED;
    this.fault(task, trap.signal, trap.code === FPE_FLTINV ? this.floatCode(exit.vector) : trap.code, trap.hasAddress ? task.registers.rip : 0, exit.vector, this.cpu.errorCode);
  }
  private floatCode(vector: number): number {
    const { fpuStatus, fpuControl, mxcsr } = this.cpu.state, raised = vector === VECTOR.x87 ? fpuStatus & ~fpuControl : mxcsr & unmaskedOf(mxcsr);
    return FPE_CODES.find(([bits]) => (raised & bits) !== 0)?.[1] ?? FPE_FLTINV;
  }
  /** A synchronous signal: the guest's own doing, so it is delivered now or it kills. */
  private fault(task: KernelTask, signal: number, code: number, address: Va, trap: number, error: number): void {
    raise(task, { signal, code, address, trap, error });
    this.kernel.deliver(task, address);
    this.kernel.settle();
  }

  /** Exact, and the same on every run of the same program. */
  counters(): Counters {
    const { state } = this.cpu, { system, first } = this.kernel, spaces = new Set<AddressSpace>();
    const add = ({ memory }: KernelProcess): void => { spaces.add(memory); };
    if (first !== null) add(first);
    for (const process of system.processes.values()) if (process.waitStatus === null) add(process);
    const codeBytes = this.codeFrames(spaces) * PAGE_BYTES;
    let tableBytes = 0;
    for (const space of spaces) tableBytes += space.tableBytes;
    return {
      instructions: state.instructions, cycles: state.cycles, pageFaults: this.pageFaults, systemCalls: this.systemCalls,
      tlbMisses: this.mmu.misses, branchMisses: this.cpu.predictor.misses, causes: this.causes(),
      codeBytes, dataBytes: this.mmu.frames.used * PAGE_BYTES - codeBytes - tableBytes, tableBytes, kernelBytes: this.trampolines.bytes,
    };
  }
  private causes(): Causes {
    const { f64, cycles } = this.cpu.state, causes: Record<string, number> = { issue: cycles };
    for (const { cause } of CAUSES) if (cause !== 'issue') causes['issue']! -= causes[cause] = f64[CYCLES_OF[cause] >> 3]!;
    return causes as Causes;
  }
  /** Distinct frames behind executable mappings, and of generated trampolines: a page mapped a hundred times counts once. */
  private codeFrames(spaces: ReadonlySet<AddressSpace>): number {
    const frames = new Set(this.trampolines.codeFrames.map(pa => pa >>> 12));
    for (const memory of spaces) for (const vma of memory.vmas) {
      if ((vma.prot & PROT_EXEC) === 0) continue;
      for (let at = vma.start; at < vma.end; at += PAGE_BYTES) {
        const pa = memory.translate(at, 'execute');
        if (pa !== -1) frames.add(pa >>> 12);
      }
    }
    return frames.size;
  }
  /** The same as rows for `--stats`. */
  stats(): readonly Stat[] {
    const c = this.counters(), share = (cycles: number): string => `${(100 * cycles / Math.max(1, c.cycles)).toFixed(1)} %`;
    return [
      ['instructions', c.instructions], ...topDown(c.causes, c.cycles).map(([name, cycles]) => [name, cycles, share(cycles)] as const),
      ['instructions a cycle', (c.instructions / Math.max(1, c.cycles)).toFixed(2)],
      ['branch misses', c.branchMisses, `${(1000 * c.branchMisses / Math.max(1, c.instructions)).toFixed(2)} in 1,000 instructions`],
      ['page faults', c.pageFaults], ['system calls', c.systemCalls], ['TLB misses', c.tlbMisses], ...this.cpu.caches?.counts() ?? [],
      ['code bytes', c.codeBytes], ['data bytes', c.dataBytes], ['page table bytes', c.tableBytes], ['trampoline objects', this.trampolines.live],
      ...this.cpu.stats(),
    ];
  }
}
