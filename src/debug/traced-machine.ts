/**
 * A machine that writes down what it does, a record a line: instructions, registers that changed, memory that was accessed, events. See README.md, "Traces".
 * Instructions are interpreted one at a time; what they come to is the same.
 */
import { PAGE_BYTES, SLOT, STATE, VECTOR_BYTES } from '../base/layout.ts';
import type { i32, Va } from '../base/types.ts';
import { vaOf } from '../base/words.ts';
import { lines } from '../decoder/disasm.ts';
import type { Instruction } from '../decoder/instruction.ts';
import type { Exit } from '../exec/cpu.ts';
import { type Ending, Machine, type MachineOptions } from '../machine.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import { PF_FETCH, PF_PRESENT, PF_USER, PF_WRITE } from '../mmu/fault.ts';
import { ACCESS, SEEN } from '../mmu/mmu.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { Trace } from '../syscalls/strace.ts';
import { Names } from './names.ts';
import { GENERAL, numberOf } from './registers.ts';
import type { TraceFilter } from './trace-filter.ts';

interface Known { readonly bytes: Uint8Array; readonly instruction: Instruction | null; readonly text: string; readonly symbol: string | null }

/** Pieces of the state block and what they are called, beside RIP and flags. x87 registers go by their place, whatever is on top. */
const PIECES: readonly (readonly [name: string, at: number, bytes: number])[] = [
  ...GENERAL.map((name, k) => [name, STATE.gpr + 8 * k, 8] as const),
  ['fs_base', 8 * SLOT.fs, 8], ['gs_base', 8 * SLOT.gs, 8], ['mxcsr', STATE.mxcsr, 4], ['fctrl', STATE.fpuControl, 2], ['fstat', STATE.fpuStatus, 2], ['fabridged', STATE.fpuTags, 1],
  ...Array.from({ length: 16 }, (_, k) => [`xmm${k}`, STATE.vector + VECTOR_BYTES * k, 16] as const),
  ...Array.from({ length: 16 }, (_, k) => [`ymm${k}h`, STATE.vector + VECTOR_BYTES * k + 16, 16] as const),
  ...Array.from({ length: 8 }, (_, k) => [`fpr${k}`, STATE.fpu + 16 * k, 10] as const),
];
const INSTRUCTION_BYTES_MAX = 15, WORD_BYTES = 8;
const CODE_BITS: readonly (readonly [bit: number, name: string])[] = [[PF_PRESENT, 'P'], [PF_WRITE, 'W'], [PF_USER, 'U'], [PF_FETCH, 'I']];
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** What of a task was written down last. */
class Seen {
  readonly bytes = new Uint8Array(STATE.bytes);
  readonly words = new Int32Array(this.bytes.buffer);
  flags = 0;
}

export class TracedMachine extends Machine {
  private readonly names = new Names();
  private readonly known = new WeakMap<AddressSpace, Map<Va, Known>>();
  private readonly seen = new WeakMap<KernelTask, Seen>();
  private readonly filter: TraceFilter;
  private readonly put: (record: string) => void;
  /** The instruction that is performed, or was last; whether it is to be written down. */
  private now: Known | null = null;
  private isWanted = false;
  private tid = 0;
  private count = 0;
  /** Of that instruction. `read`: what was there; null: it writes. */
  private readonly accesses: { readonly at: Va; readonly size: number; readonly read: Uint8Array | null }[] = [];

  /** `put`: gets records without their newline. */
  constructor(options: MachineOptions, filter: TraceFilter, put: (record: string) => void) {
    super(options);
    this.filter = filter; this.put = put;
    if (filter.kinds.has('e')) {
      this.kernel.trace = new Trace(line => {
        this.event(line.replace(/^\[pid +\d+\] /, ''), Number(/^\[pid +(\d+)\]/.exec(line)?.[1] ?? this.tid));
        if (options.strace === true) options.host.report(line);
      });
    }
    if (filter.kinds.has('m')) { this.mmu.watcher = (lo, hi, access) => { this.accessed(lo, hi, access); return SEEN.once; }; this.mmu.flushData(); }
  }
  protected override perform(): Exit { return this.cpu.runOne(); }

  /** To the end. */
  trace(): Ending {
    for (;;) {
      const { task } = this;
      if (task !== null) this.before(task);
      const instructions = this.cpu.state.instructions, ending = this.turn(1);
      if (task !== null && this.task === task && this.cpu.state.instructions > instructions) this.changes(task);
      if (ending !== null) return ending;
    }
  }
  private before(task: KernelTask): void {
    const { rip, instructions } = this.cpu.state, { memory } = task.process;
    // What the kernel changed while the task was away.
    this.changes(task);
    this.tid = task.tid; this.count = instructions;
    this.now = this.knownAt(task, memory, rip);
    this.isWanted = this.filter.wants(task.tid, rip, this.now?.symbol ?? null);
  }
  private knownAt(task: KernelTask, memory: AddressSpace, rip: Va): Known | null {
    let map = this.known.get(memory);
    if (map === undefined) this.known.set(memory, map = new Map());
    const there = map.get(rip), pa = memory.translate(rip, 'execute');
    if (pa === -1) return null;
    if (there !== undefined && (rip & (PAGE_BYTES - 1)) + there.bytes.length <= PAGE_BYTES && this.isSame(pa, there.bytes)) return there;
    const bytes = memory.peek(rip, INSTRUCTION_BYTES_MAX), [line] = lines({ address: rip, bytes }, { symbol: at => this.names.at(task.process, at) });
    if (line === undefined) return null;
    const name = this.names.at(task.process, rip);
    const made = { bytes: line.bytes.slice(), instruction: line.instruction, symbol: this.names.around(task.process, rip)?.name ?? null, text: `${hex(rip)} ${name === null ? '' : `<${name}> `}${line.text.trimEnd().replace(/\s+/g, ' ')}` };
    map.set(rip, made);
    return made;
  }
  private isSame(pa: number, bytes: Uint8Array): boolean {
    const { u8 } = this.memory;
    for (let k = 0; k < bytes.length; k++) if (u8[pa + k] !== bytes[k]) return false;
    return true;
  }
  private record(kind: string, text: string, tid = this.tid): void { this.put(`${kind} ${tid} ${this.count} ${text}`); }
  /** After its instruction's record, which is written once it is known that it could be performed. */
  private event(text: string, tid: number): void { if (this.filter.kinds.has('e') && this.filter.wantsTask(tid)) this.record('e', text, tid); }

  protected override advance(budget: number): Exit {
    const { now, isWanted, accesses, filter: { kinds } } = this;
    accesses.length = 0;
    const exit = super.advance(budget), memory = this.task?.process.memory;
    if (!isWanted || now === null || !isDone(exit)) return exit;
    if (kinds.has('i')) this.record('i', now.text);
    for (const { at, size, read } of accesses) this.record('m', `${read === null ? 'write' : 'read'} ${hex(at)} ${size} ${hex(numberOf(read ?? memory?.peek(at, size) ?? new Uint8Array(0)))}`);
    return exit;
  }
  private accessed(lo: i32, hi: i32, access: number): void {
    const { accesses, now, task } = this, last = accesses.at(-1);
    if (now?.instruction == null || access === ACCESS.execute || task === null) return;
    const at = vaOf(lo, hi), size = sizeOf(now.instruction), isWrite = access === ACCESS.write;
    // One that straddles two pages is looked at twice, byte by byte.
    if (last !== undefined && isWrite === (last.read === null) && at >= last.at && at < last.at + last.size) return;
    accesses.push({ at, size, read: isWrite ? null : task.process.memory.peek(at, size) });
  }

  protected override answer(exit: Exit): void {
    const { task } = this, { rip } = this.cpu.state, object = exit.reason === 'page-fault' ? task?.process.memory.find(exit.fault.address)?.object ?? null : null;
    if (exit.reason === 'page-fault') {
      const { address, code } = exit.fault;
      this.event(`fault ${(code & PF_FETCH) !== 0 ? 'fetch' : (code & PF_WRITE) !== 0 ? 'write' : 'read'} ${hex(address)} ${CODE_BITS.filter(([bit]) => (code & bit) !== 0).map(([, name]) => name).join('')}`, this.tid);
    } else if (exit.reason === 'exception') this.event(`exception ${exit.vector}`, this.tid);
    super.answer(exit);
    if (exit.reason !== 'page-fault' || task === null || this.task !== task || this.cpu.state.rip === rip || object?.origin !== 'trampoline') return;
    const to = this.cpu.state.rip, name = this.names.at(task.process, to);
    this.event(`trampoline ${hex(rip)} -> ${hex(to)}${name === null ? '' : ` <${name}>`}`, this.tid);
  }

  /** Registers of the current task that are not as they were written down. */
  private changes(task: KernelTask): void {
    const { state } = this.cpu, { words, u8 } = { words: state.r32, u8: state.u8 };
    if (!this.filter.kinds.has('r')) return;
    let seen = this.seen.get(task);
    if (seen === undefined) {
      this.seen.set(task, seen = new Seen());
      seen.bytes.set(u8);
      seen.flags = state.flags;
      return;
    }
    let isSame = true;
    const isWanted = this.isWanted && this.tid === task.tid, { flags } = state;
    for (const [name, at, bytes] of PIECES) {
      let k = at >> 2;
      const end = (at + bytes + 3) >> 2;
      while (k < end && words[k] === seen.words[k]) k += 1;
      if (k === end) continue;
      isSame = false;
      const old = numberOf(seen.bytes.subarray(at, at + bytes)), value = numberOf(u8.subarray(at, at + bytes));
      if (isWanted && old !== value) this.record('r', `${name} ${hex(old)} ${hex(value)}`);
    }
    if (flags !== seen.flags && isWanted) this.record('r', `eflags ${hex(seen.flags)} ${hex(flags)}`);
    seen.flags = flags;
    if (!isSame) seen.bytes.set(u8);
  }
}
function isDone({ reason }: Exit): boolean { return reason !== 'page-fault' && reason !== 'exception'; }
/** Of what it accesses; where that is implied, of a word. */
function sizeOf({ operands, size, mnemonic }: Instruction): number {
  for (const operand of operands) if (operand.kind === 'mem' && operand.size > 0) return operand.size;
  return /^(movs|stos|lods|scas|cmps|ins|outs)/.test(mnemonic) && size > 0 ? size : WORD_BYTES;
}
