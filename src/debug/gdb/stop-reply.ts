/** What gdb is told of a stop (GDB manual, appendix E.3, "Stop Reply Packets"). */
import { hexOf, hexOfText } from '../hex.ts';
import type { Stop } from '../stops.ts';
import type { Target } from '../target.ts';
import { gdbSignal } from './signals.ts';
import { threadText } from './threads.ts';

const SIGTRAP = 5, SIGINT = 2;
/** Registers gdb wants to know at once: rbp, rsp, rip. */
const AT_ONCE = ['rbp', 'rsp', 'rip'];

export interface ReplyContext {
  readonly target: Target;
  readonly hasProcesses: boolean;
  /** Breakpoints of gdb's that stand for a processor's own (Z1). */
  readonly isHardware: (address: number) => boolean;
  readonly backwards: boolean;
}

export function stopReply(stop: Stop, context: ReplyContext): string {
  const two = (value: number): string => value.toString(16).padStart(2, '0');
  if (stop.reason === 'exit') {
    const process = context.hasProcesses ? `;process:${stop.pid.toString(16)}` : '';
    return stop.signal === null ? `W${two(stop.status & 0xff)}${process}` : `X${two(gdbSignal(stop.signal))}${process}`;
  }
  if (stop.reason === 'task-exit') return `w00;${threadText(stop.pid, stop.tid, context.hasProcesses)}`;
  const signal = stop.reason === 'signal' ? gdbSignal(stop.signal) : stop.reason === 'interrupt' ? SIGINT : SIGTRAP;
  return `T${two(signal)}${why(stop, context)}thread:${threadText(stop.pid, stop.tid, context.hasProcesses)};core:0;${registersOf(stop, context.target)}`;
}
const WATCHES = { write: 'watch', read: 'rwatch', access: 'awatch' } as const;
function why(stop: Stop, { isHardware, hasProcesses }: ReplyContext): string {
  switch (stop.reason) {
    case 'breakpoint': return isHardware(stop.address) ? 'hwbreak:;' : 'swbreak:;';
    case 'watchpoint': return `${WATCHES[stop.kind]}:${stop.address.toString(16)};`;
    case 'fork': case 'vfork': return `${stop.reason}:${threadText(stop.childPid, stop.child, hasProcesses)};`;
    case 'vfork-done': return 'vforkdone:;';
    case 'exec': return `exec:${hexOfText(stop.path)};`;
    case 'clone': return 'create:;';
    case 'syscall': return `syscall_${stop.phase}:${stop.number.toString(16)};`;
    case 'start': return 'replaylog:begin;';
    case 'end': return 'replaylog:end;';
    default: return '';
  }
}
function registersOf({ tid }: Stop, target: Target): string {
  return AT_ONCE.map(name => {
    const number = target.registers.all.findIndex(register => register.name === name), bytes = target.readRegister(tid, target.registers.all[number]!);
    return bytes === null ? '' : `${number.toString(16).padStart(2, '0')}:${hexOf(bytes)};`;
  }).join('');
}
