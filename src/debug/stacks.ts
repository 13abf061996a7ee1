/** Names of the functions a task is in: what a sample of a profile is. A stack that was found once is found again by its return addresses. */
import type { Va } from '../base/types.ts';
import { decode } from '../decoder/decode.ts';
import { lastName } from '../host/path.ts';
import type { Machine } from '../machine.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { KernelProcess, KernelTask } from '../syscalls/process.ts';
import { Backtrace, type Frame, wordIn } from './backtrace.ts';
import { type Module, Names } from './names.ts';
import { GENERAL } from './registers.ts';

const FRAMES_MAX = 128, WORD_BYTES = 8, INSTRUCTION_BYTES_MAX = 15;
/** Stacks that are remembered of one address space. */
const KNOWN_MAX = 10_000;
/** What flamegraph tools take for something else. */
const SEPARATORS = /[;\n]/g;

/** `returns`: where return addresses lay, and which. */
interface Known { readonly returns: readonly (readonly [at: Va, value: number])[]; readonly names: string }
interface Seen { readonly stacks: Map<string, Known>; readonly frames: Map<Va, string> }

/** Which files are mapped is asked for at every frame. */
class KnownNames extends Names {
  readonly known = new WeakMap<AddressSpace, readonly Module[]>();
  override modules(process: KernelProcess): readonly Module[] {
    let modules = this.known.get(process.memory);
    if (modules === undefined) this.known.set(process.memory, modules = super.modules(process));
    return modules;
  }
}

export class Stacks {
  private readonly machine: Machine;
  private readonly names = new KnownNames();
  private readonly backtrace: Backtrace;
  private readonly seen = new WeakMap<AddressSpace, Seen>();

  constructor(machine: Machine) {
    const readMemory = (pid: number, at: Va, length: number): Uint8Array => machine.kernel.system.processes.get(pid)?.memory.peek(at, length) ?? new Uint8Array(0);
    this.machine = machine;
    this.backtrace = new Backtrace({ readMemory, instructionAt: (pid, at) => { const bytes = new Uint8Array(INSTRUCTION_BYTES_MAX); bytes.set(readMemory(pid, at, INSTRUCTION_BYTES_MAX)); return decode(bytes, 0, bytes.length); } }, this.names);
  }
  /** Its program and number: what all stacks of a task begin with. */
  root({ process, tid }: KernelTask): string { return `${lastName(process.executable.path).replace(SEPARATORS, '_')}/${tid}`; }
  /** Of the task that runs, from the outermost function to where it is, with semicolons. @param rip the instruction that is performed, or comes next */
  of(task: KernelTask, rip = this.machine.cpu.state.rip): string {
    const { state } = this.machine.cpu, { process } = task, seen = this.seenOf(process.memory), key = `${rip} ${state.rsp}`, known = seen.stacks.get(key);
    if (known !== undefined && known.returns.every(([at, value]) => wordIn(process.memory.peek(at, WORD_BYTES)) === value)) return `${this.root(task)}${known.names}`;
    const frames = this.backtrace.of(process, name => name === 'rip' ? rip : Number(state.get(GENERAL.indexOf(name))), FRAMES_MAX);
    const names = frames.map((frame, n) => `;${this.nameOf(process, seen, frame, n === 0 || frames[n - 1]!.by === 'signal')}`).reverse().join('');
    if (seen.stacks.size >= KNOWN_MAX) seen.stacks.clear();
    if (!frames.some(({ by }) => by === 'signal')) seen.stacks.set(key, { names, returns: frames.flatMap(({ cfa, caller }) => cfa === null || caller === null || caller === 0 ? [] : [[cfa - WORD_BYTES, caller] as const]) });
    return `${this.root(task)}${names}`;
  }
  /** Something else may be mapped where code was. */
  forget({ memory }: KernelProcess): void {
    this.seen.delete(memory);
    this.names.known.delete(memory);
  }

  private seenOf(memory: AddressSpace): Seen {
    let seen = this.seen.get(memory);
    if (seen === undefined) this.seen.set(memory, seen = { stacks: new Map(), frames: new Map() });
    return seen;
  }
  /** Where nothing is known of it, what is mapped there. @param isExact the instruction there comes next; otherwise it is behind a call */
  private nameOf(process: KernelProcess, { frames }: Seen, { pc }: Frame, isExact: boolean): string {
    const at = isExact ? pc : pc - 1;
    let name = frames.get(at);
    if (name === undefined) {
      const mapped = process.memory.find(at)?.object?.name ?? '';
      name = (this.names.around(process, at)?.name ?? `[${mapped === '' ? 'unknown' : lastName(mapped).replace(/^\[|\]$/g, '')}]`).replace(SEPARATORS, '_');
      frames.set(at, name);
    }
    return name;
  }
}
