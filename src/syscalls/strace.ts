/** System calls and signals as they happen, in strace's notation (strace(1), as with -a1). */
import { ErrnoTable } from '../host/errno-table.ts';
import { codeName, isFault, signalName } from './signal-names.ts';
import type { KernelProcess, KernelTask } from './process.ts';
import type { SignalInfo } from './signal-state.ts';
import type { TracedCall } from './strace-pieces.ts';
import { ARGUMENTS, RESULTS } from './strace-words.ts';
import type { Args, Syscall } from './task.ts';

export class Trace {
  private readonly report: (line: string) => void;
  private readonly errors = new ErrnoTable();
  private isMany = false;
  constructor(report: (line: string) => void) { this.report = report; }

  /** `result` null: the call does not return. */
  call(task: KernelTask, number: number, row: Pick<Syscall, 'name' | 'shape'> | null, args: Args, result: number | null): void {
    const name = row?.name ?? `syscall_0x${(number >>> 0).toString(16)}`;
    const [inputs = '', output = 'int'] = (row?.shape ?? 'hex hex hex hex hex hex → int').split('→');
    const call: TracedCall = { task, args, result };
    const words = inputs.split(' ').filter(word => word !== '');
    const printed = words.map((word, i) => (Object.hasOwn(ARGUMENTS, word) ? ARGUMENTS[word] : ARGUMENTS['hex'])?.(call, i) ?? null);
    this.line(task.tid, task.process, `${name}(${printed.filter(text => text !== null).join(', ')}) = ${this.result(call, output.trim())}${task.process.system.policy?.takeNote() ?? ''}`);
  }
  private result(call: TracedCall, word: string): string {
    const { result } = call;
    if (result === null) return '?';
    if (result < 0 && result >= -4095) {
      const error = this.errors.byNumber(-result);
      return error === null ? `-1 (errno ${-result})` : `-1 ${error.name} (${error.message})`;
    }
    return (Object.hasOwn(RESULTS, word) ? RESULTS[word] : undefined)?.(call, 0) ?? String(result);
  }
  signal(task: KernelTask, info: SignalInfo): void {
    const fields = [`si_signo=${signalName(info.signal)}`, `si_code=${codeName(info.signal, info.code)}`];
    if (isFault(info.signal, info.code)) fields.push(`si_addr=${info.address === 0 ? 'NULL' : `0x${info.address.toString(16)}`}`);
    else if (info.pid !== undefined) fields.push(`si_pid=${info.pid}`);
    this.line(task.tid, task.process, `--- ${signalName(info.signal)} {${fields.join(', ')}} ---`);
  }
  /** `waitStatus`: as wait4 tells it. */
  ended(process: KernelProcess, waitStatus: number): void {
    const signal = waitStatus & 0x7f;
    this.line(process.pid, process, signal === 0 ? `+++ exited with ${waitStatus >> 8} +++` : `+++ killed by ${signalName(signal)} +++`);
  }
  /** As with -f: who, as soon as there is more than one. */
  private line(tid: number, { system }: KernelProcess, text: string): void {
    this.isMany ||= system.tasks.size > 1;
    this.report(this.isMany ? `[pid ${String(tid).padStart(5)}] ${text}` : text);
  }
}
