/** System calls and signals as they happen, in strace's notation (strace(1), as with -a1). */
import { ErrnoTable } from '../host/errno-table.ts';
import { codeName, isFault, signalName } from './signal-names.ts';
import type { SignalInfo } from './signal-state.ts';
import { ARGUMENTS, RESULTS, type TracedCall } from './strace-words.ts';
import type { Args, Syscall, Task } from './task.ts';

export class Trace {
  private readonly report: (line: string) => void;
  private readonly errors = new ErrnoTable();
  constructor(report: (line: string) => void) { this.report = report; }

  /** `result` null: the call does not return. */
  call(task: Task, number: number, row: Pick<Syscall, 'name' | 'shape'> | null, args: Args, result: number | null): void {
    const name = row?.name ?? `syscall_0x${(number >>> 0).toString(16)}`;
    const [inputs = '', output = 'int'] = (row?.shape ?? 'hex hex hex hex hex hex → int').split('→');
    const call: TracedCall = { task, args, result };
    const words = inputs.split(' ').filter(word => word !== '');
    const printed = words.map((word, i) => (Object.hasOwn(ARGUMENTS, word) ? ARGUMENTS[word] : ARGUMENTS['hex'])?.(call, i) ?? null);
    this.report(`${name}(${printed.filter(text => text !== null).join(', ')}) = ${this.result(call, output.trim())}`);
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
  signal(info: SignalInfo): void {
    const fields = [`si_signo=${signalName(info.signal)}`, `si_code=${codeName(info.signal, info.code)}`];
    if (isFault(info.signal, info.code)) fields.push(`si_addr=${info.address === 0 ? 'NULL' : `0x${info.address.toString(16)}`}`);
    else if (info.pid !== undefined) fields.push(`si_pid=${info.pid}`);
    this.report(`--- ${signalName(info.signal)} {${fields.join(', ')}} ---`);
  }
  exited(status: number): void { this.report(`+++ exited with ${status} +++`); }
  killed(signal: number): void { this.report(`+++ killed by ${signalName(signal)} +++`); }
}
