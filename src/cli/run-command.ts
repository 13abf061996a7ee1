/** `tramp64 run`, and what else runs a machine shares with it. It is the command that is to start soon: the others' rows wait for somebody who asks for them. */
import type { Command } from './command.ts';
import { DEFAULT_MODEL, MODEL_NAMES } from '../exec/cpuid.ts';
import { PROFILE_NAMES } from '../timing/profile.ts';
import { choice, flag, option, type Option } from './options.ts';

export const HELP = flag('--help', 'print this text');

/** Of the machine a program runs in. */
export const MACHINE_OPTIONS: readonly Option[] = [
  choice('--cpu', MODEL_NAMES, `what CPUID reports (default: ${DEFAULT_MODEL}); see the README`),
  choice('--cpu-profile', PROFILE_NAMES, `whose times cycles are counted by (default: ${PROFILE_NAMES[0]}, measured; the others are from published tables)`),
  choice('--engine', ['auto', 'interpret', 'threaded', 'compile'], 'who performs instructions (default: auto); results are the same'),
  choice('--environment', ['guest', 'bare-metal'], 'where the kernel whose times are counted runs (default: guest)'),
  choice('--mitigations', ['on', 'off'], 'whether that kernel mitigates what processors leak (default: on)'),
  choice('--timing', ['fast', 'detailed', 'none'], 'what cycles are counted by (default: fast); detailed: caches and TLBs, too; none: one an instruction'),
  choice('--fs', ['host', 'read-only', 'overlay', 'none'], 'the files it gets (default: host); overlay: changes are kept in memory and dropped; none: the program alone'),
  option('--root', 'DIR', 'a directory it sees as /, and cannot leave'),
  option('--policy', 'permissive|wx|execstack|ipe|exectramp-only|deny-all', 'what memory may become code (default: permissive), or several with commas; what is denied is told on standard error'),
  option('--memory', 'SIZE', 'physical memory, as 256M or 1G (default: 1G, at most 2016M)'),
  option('--seed', 'N', 'other random bytes, and other turns of tasks: the same again for the same number'),
  choice('--clock', ['virtual', 'host'], 'whose time it is (default: virtual, from 28 July 2020 on, and a sleep takes none)'),
  option('--env', 'NAME=VALUE', 'set a variable of the program\'s environment (may be repeated)'),
];

export const RUN: Command = {
  name: 'run', operands: '[--] PROGRAM [ARGS]', summary: 'run an x86-64 Linux program',
  details: 'Files, terminal, environment and directory are this machine\'s; the exit status is the program\'s, or 128 + its signal.',
  options: [
    flag('--strace', 'print system calls and signals on standard error'),
    flag('--stats', 'print what was counted, and what cycles went to, on standard error at the end'),
    option('--profile', 'FILE', 'write where its cycles went, as folded stacks for flamegraph.pl and its like; see src/debug/README.md'),
    option('--events', 'FILE', 'write system calls, faults, trampolines, signals and task switches as JSON for Perfetto and chrome://tracing'),
    option('--trace', 'FILE', 'write down every instruction, with registers, memory and events; see src/debug/README.md'),
    option('--trace-filter', 'FILTER', 'kinds=irme, range=FROM-TO, symbol=NAME, tid=N: only these (may be repeated)'),
    ...MACHINE_OPTIONS,
    option('--max-instructions', 'N', 'stop after so many, with status 124'),
    option('--timeout', 'SECONDS', 'stop after so much real time, with status 124'),
    choice('--code-cache', ['on', 'off'], 'keep translated code for the next run, in the user\'s caches (default: on); results are the same'),
    HELP,
  ],
  start: async (host, line) => (await import('./run.ts')).run(host, line),
};
