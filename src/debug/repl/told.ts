/** Why the program stopped, in words. */
import { PF_FETCH, PF_PRESENT, PF_USER, PF_WRITE } from '../../mmu/fault.ts';
import type { Va } from '../../base/types.ts';
import { ErrnoTable } from '../../host/errno-table.ts';
import { codeName, signalName } from '../../syscalls/signal-names.ts';
import { FAMILIES } from '../../syscalls/rare-table.ts';
import { trampfdCalls, TrampolineObjects } from '../../trampfd/calls.ts';
import { hexOf } from '../../decoder/disasm.ts';
import { numberOf } from '../registers.ts';
import type { Invocation, Stop } from '../stops.ts';
import { hex } from './values.ts';

const CODE_BITS: readonly (readonly [bit: number, name: string])[] = [[PF_PRESENT, 'P'], [PF_WRITE, 'W'], [PF_USER, 'U'], [PF_FETCH, 'I']];
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'], WORD_BYTES_MAX = 8;

export interface Speaker {
  /** `0x401000 <main>`. */
  place(at: Va): string;
  register(name: string): bigint;
}
/** Every system call's number, name and how many arguments it takes. */
export class Calls {
  private rows: readonly { readonly number: number; readonly name: string; readonly arguments: number }[] | null = null;
  private readonly errors = new ErrnoTable();
  get all(): NonNullable<typeof this.rows> {
    return this.rows ??= [...FAMILIES.flat(), ...trampfdCalls(new TrampolineObjects())].map(({ number, name, shape }) => ({
      number, name, arguments: shape.split('→')[0]!.split(' ').filter(word => word !== '').length,
    }));
  }
  find(name: string): number | null { return /^\d+$/.test(name) ? Number(name) : this.all.find(row => row.name === name)?.number ?? null; }
  asked(number: number, name: string, speaker: Speaker): string {
    const count = this.all.find(row => row.number === number)?.arguments ?? ARGUMENTS.length;
    return `${name}(${ARGUMENTS.slice(0, count).map(register => hex(speaker.register(register))).join(', ')})`;
  }
  answered(value: bigint): string {
    const result = Number(BigInt.asIntN(64, value)), error = result < 0 && result >= -4095 ? this.errors.byNumber(-result) : null;
    return error === null ? hex(value) : `-1 ${error.name} (${error.message})`;
  }
}

export function faultText(address: Va, code: number): string {
  const what = (code & PF_FETCH) !== 0 ? 'fetch' : (code & PF_WRITE) !== 0 ? 'write' : 'read';
  return `${what} of ${hex(address)}, ${(code & PF_PRESENT) === 0 ? 'no page is there' : 'the page does not permit it'} (code ${CODE_BITS.filter(([bit]) => (code & bit) !== 0).map(([, name]) => name).join(' ')})`;
}
/** What the kernel did in place of an instruction: the fault, the object, what it loaded and pushed, and where that leads. */
function invocationLines({ address, type, registers, pushed, target }: Invocation, isPresent: boolean, speaker: Speaker): readonly string[] {
  return [
    `trampoline at ${hex(address)}`,
    `  fault      ${faultText(address, PF_USER | PF_FETCH | (isPresent ? PF_PRESENT : 0))}`,
    `  object     ${type}`,
    `  registers  ${registers.filter(({ name }) => name !== 'rsp').map(({ name, old, now }) => `${name} ${hex(old)} -> ${hex(now)}`).join(', ') || 'none has another value'}`,
    `  stack      ${pushed === null ? 'nothing is pushed' : `${pushed.bytes.length} bytes at ${hex(pushed.at)}: ${hexOf(pushed.bytes)}`}`,
    ...registers.filter(({ name }) => name === 'rsp').map(({ old, now }) => `  rsp        ${hex(old)} -> ${hex(now)}`),
    `  rip        ${speaker.place(target)}`,
  ];
}
function value(bytes: Uint8Array): string { return bytes.length <= WORD_BYTES_MAX ? hex(numberOf(bytes)) : hexOf(bytes); }
/** `isBack`: the program came there backwards, so that what stopped it comes next. */
export function stopLines(stop: Stop, isBack: boolean, calls: Calls, speaker: Speaker, isPresent: boolean): readonly string[] {
  switch (stop.reason) {
    case 'breakpoint': case 'condition': return [];
    case 'step': return stop.invocation === null ? [] : invocationLines(stop.invocation, isPresent, speaker);
    case 'trampoline': return isBack ? [`trampoline at ${hex(stop.invocation.address)}`] : invocationLines(stop.invocation, isPresent, speaker);
    case 'watchpoint': {
      const place = `${stop.length} bytes at ${speaker.place(stop.address)}`, isChanged = stop.old.some((byte, k) => byte !== stop.now[k]);
      return [isChanged ? `${place}: ${value(stop.old)} -> ${value(stop.now)}${isBack ? ', next' : ''}` : `${place}: ${value(stop.now)}, accessed${isBack ? ' next' : ''}`];
    }
    case 'signal': return [`signal ${signalName(stop.signal)} (${codeName(stop.signal, stop.info.code)})`];
    case 'syscall': return [stop.phase === 'entry' ? `system call ${calls.asked(stop.number, stop.name, speaker)}` : `system call ${stop.name} = ${calls.answered(speaker.register('rax'))}`];
    case 'page-fault': return [`page fault: ${faultText(stop.address, stop.code)}`];
    case 'fork': case 'vfork': return [`${stop.reason}: process ${stop.childPid}`];
    case 'clone': return [`clone: thread ${stop.child}`];
    case 'vfork-done': return ['the child of vfork has let go'];
    case 'exec': return [`now runs ${stop.path}`];
    case 'exit': return [`process ${stop.pid} ${stop.signal === null ? `has ended with status ${stop.status}` : `was killed by ${signalName(stop.signal)}`}`];
    case 'task-exit': return [`thread ${stop.tid} has ended`];
    case 'interrupt': return ['interrupted'];
    case 'start': return ['here the program begins'];
    case 'end': return [];
  }
}
