/** System calls as tasks of several processes make them: the outcome as the handler gives it, so that a sleep can be asked again. */
import { CallArgs } from '../../src/syscalls/args.ts';
import { KernelProcess, KernelTask } from '../../src/syscalls/process.ts';
import { newSignalState } from '../../src/syscalls/signal.ts';
import { FAMILIES } from '../../src/syscalls/rare-table.ts';
import type { Control } from '../../src/syscalls/task.ts';
import { type KernelWorld, PlainRegisters } from './kernel-world.ts';

const ROWS = new Map(FAMILIES.flat().map(row => [row.name, row]));
const ARGUMENT_REGISTERS = [7, 6, 2, 10, 8, 9];
export type Argument = number | bigint | string;
export type Sleep = Control & { then: 'sleep' };

/** Another process over the same memory, with the descriptors its parent has. */
export function child(w: KernelWorld, pid: number, parent: KernelTask = w.task): KernelTask {
  const { process } = parent, { memory, fs, system, executable, name, group, session } = process;
  const copy = new KernelProcess({ pid, parent: process, memory, files: process.files.copy(), fs, system, executable, name, group, session });
  process.system.processes.set(pid, copy);
  return new KernelTask(pid, copy, new PlainRegisters(), newSignalState());
}
export function ask(w: KernelWorld, task: KernelTask, name: string, ...args: readonly Argument[]): number | Sleep {
  const row = ROWS.get(name), words = new CallArgs();
  if (row === undefined) throw new Error(`no such call: ${name}`);
  ARGUMENT_REGISTERS.forEach((register, i) => {
    const arg = args[i] ?? 0;
    task.registers.set(register, BigInt.asUintN(64, BigInt(typeof arg === 'string' ? w.string(arg) : arg)));
  });
  words.take(task.registers);
  const outcome = row.run(task, words);
  if (typeof outcome === 'number') return outcome;
  if (outcome.then !== 'sleep') throw new Error(`${name}: ${outcome.then}`);
  return outcome;
}
/** The result of a call that must not sleep. */
export function answer(w: KernelWorld, task: KernelTask, name: string, ...args: readonly Argument[]): number {
  const outcome = ask(w, task, name, ...args);
  if (typeof outcome !== 'number') throw new Error(`${name} sleeps`);
  return outcome;
}
/** A call that must sleep. */
export function sleeping(w: KernelWorld, task: KernelTask, name: string, ...args: readonly Argument[]): Sleep {
  const outcome = ask(w, task, name, ...args);
  if (typeof outcome === 'number') throw new Error(`${name} = ${outcome}`);
  return outcome;
}
/** What a sleep ends in when a signal comes. */
export function interrupted(sleep: Sleep): number | string {
  const { onSignal = 'restart' } = sleep, result = typeof onSignal === 'function' ? onSignal() : null;
  sleep.abandoned?.();
  return result ?? (typeof onSignal === 'function' ? 'restart' : onSignal);
}
