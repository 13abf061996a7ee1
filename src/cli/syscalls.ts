/** `tramp64 syscalls`: the table of system calls, one a line: number, name, arguments as strace shows them, and what is not supported (syscalls(2)). */
import { FAMILIES } from '../syscalls/rare-table.ts';
import type { KernelTask } from '../syscalls/process.ts';
import type { SyscallRows } from '../syscalls/task.ts';
import { trampfdCalls, TrampolineObjects } from '../trampfd/calls.ts';
import type { CommandHost } from './command.ts';
import { printed } from './files.ts';
import type { CommandLine } from './options.ts';

/** By number. */
export function allCalls(): SyscallRows<KernelTask> {
  return [...FAMILIES.flat(), ...trampfdCalls(new TrampolineObjects())].sort((a, b) => a.number - b.number);
}
/** For src/syscalls/README.md. */
export function callsAsMarkdown(): string {
  const rows = allCalls().map(({ number, name, partial }) => `| ${number} | ${name} | ${partial} |\n`);
  return `| number | call | what is missing |\n| ---: | --- | --- |\n${rows.join('')}`;
}

export function syscalls(host: CommandHost, line: CommandLine): number {
  const calls = allCalls(), width = Math.max(...calls.map(({ name }) => name.length)), shapes = Math.max(...calls.map(({ shape }) => shape.length));
  const text = line.values.has('--markdown') ? callsAsMarkdown()
    : calls.map(({ number, name, shape, partial }) => `${String(number).padStart(3)}  ${name.padEnd(width)}  ${partial === '' ? shape : `${shape.padEnd(shapes)}  ${partial}`}\n`).join('');
  return printed(host, text.replaceAll('→', '->'));
}
