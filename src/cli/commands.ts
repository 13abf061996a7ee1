/** The commands of `tramp64`, one a row. Their modules are loaded when they are wanted. */
import type { Command } from './command.ts';
import { DEFAULT_MODEL, MODEL_NAMES } from '../exec/cpuid.ts';
import { PROFILE_NAMES } from '../timing/profile.ts';
import type { Option } from './options.ts';

export const HELP: Option = { name: '--help', value: null, help: 'print this text' };

/** Of the machine a program runs in. */
const MACHINE_OPTIONS: readonly Option[] = [
  { name: '--cpu', value: MODEL_NAMES.join('|'), choices: MODEL_NAMES, help: `what CPUID reports (default: ${DEFAULT_MODEL}); see the README` },
  { name: '--cpu-profile', value: PROFILE_NAMES.join('|'), choices: PROFILE_NAMES, help: `whose times cycles are counted by (default: ${PROFILE_NAMES[0]}, measured; the others are from published tables)` },
  { name: '--engine', value: 'auto|interpret|threaded|compile', choices: ['auto', 'interpret', 'threaded', 'compile'], help: 'who performs instructions (default: auto); results are the same' },
  { name: '--environment', value: 'guest|bare-metal', choices: ['guest', 'bare-metal'], help: 'where the kernel whose times are counted runs (default: guest)' },
  { name: '--mitigations', value: 'on|off', choices: ['on', 'off'], help: 'whether that kernel mitigates what processors leak (default: on)' },
  { name: '--timing', value: 'fast|detailed|none', choices: ['fast', 'detailed', 'none'], help: 'what cycles are counted by (default: fast); detailed: caches and TLBs, too; none: one an instruction' },
  {
    name: '--fs', value: 'host|read-only|overlay|none', choices: ['host', 'read-only', 'overlay', 'none'],
    help: 'the files it gets (default: host); overlay: changes are kept in memory and dropped; none: the program alone',
  },
  { name: '--root', value: 'DIR', help: 'a directory it sees as /, and cannot leave' },
  {
    name: '--policy', value: 'permissive|wx|execstack|ipe|exectramp-only|deny-all',
    help: 'what memory may become code (default: permissive), or several with commas; what is denied is told on standard error',
  },
  { name: '--memory', value: 'SIZE', help: 'physical memory, as 256M or 1G (default: 1G, at most 2016M)' },
  { name: '--seed', value: 'N', help: 'other random bytes, and other turns of tasks: the same again for the same number' },
  { name: '--clock', value: 'virtual|host', choices: ['virtual', 'host'], help: 'whose time it is (default: virtual, from 28 July 2020 on, and a sleep takes none)' },
  { name: '--env', value: 'NAME=VALUE', help: 'set a variable of the program\'s environment (may be repeated)' },
];

export const COMMANDS: readonly Command[] = [
  {
    name: 'run', operands: '[--] PROGRAM [ARGS]', summary: 'run an x86-64 Linux program',
    details: 'Files, terminal, environment and directory are this machine\'s; the exit status is the program\'s, or 128 + its signal.',
    options: [
      { name: '--strace', value: null, help: 'print system calls and signals on standard error' },
      { name: '--stats', value: null, help: 'print what was counted, and what cycles went to, on standard error at the end' },
      { name: '--profile', value: 'FILE', help: 'write where its cycles went, as folded stacks for flamegraph.pl and its like; see src/debug/README.md' },
      { name: '--events', value: 'FILE', help: 'write system calls, faults, trampolines, signals and task switches as JSON for Perfetto and chrome://tracing' },
      { name: '--trace', value: 'FILE', help: 'write down every instruction, with registers, memory and events; see src/debug/README.md' },
      { name: '--trace-filter', value: 'FILTER', help: 'kinds=irme, range=FROM-TO, symbol=NAME, tid=N: only these (may be repeated)' },
      ...MACHINE_OPTIONS,
      { name: '--max-instructions', value: 'N', help: 'stop after so many, with status 124' },
      { name: '--timeout', value: 'SECONDS', help: 'stop after so much real time, with status 124' },
      HELP,
    ],
    start: async (host, line) => (await import('./run.ts')).run(host, line),
  },
  {
    name: 'debug', operands: '[--] PROGRAM [ARGS]', summary: 'run a program under a debugger, forwards and backwards',
    details: 'Commands come from -ex, -x, and then standard input; `help` lists them. Without a terminal, or with --batch, one that goes wrong makes the status 1.\nWith --gdb: then, in gdb, `target remote :PORT`. Everything gdb does works, reverse-step and its like too; `monitor help` says what else there is.',
    options: [
      { name: '--tui', value: null, help: 'a screen with registers, code, stack, memory, page tables and events; ? says which keys there are' },
      { name: '-x', value: 'FILE', help: 'run the commands of a file (may be repeated)' },
      { name: '-ex', value: 'COMMAND', help: 'run a command (may be repeated)' },
      { name: '--batch', value: null, help: 'end after the commands of -x and -ex, or at the first that goes wrong' },
      { name: '--input', value: 'FILE', help: 'the program\'s standard input (default: the terminal; where commands come from a pipe, none)' },
      { name: '--output', value: 'FILE', help: 'where the program\'s standard output goes (default: to the debugger\'s, never into the middle of a line)' },
      { name: '--gdb', value: 'PORT', help: 'wait for gdb at this port (0: any that is free, which is told on standard error)' },
      { name: '--gdb-bind', value: 'ADDRESS', help: 'where gdb may come from (default: 127.0.0.1, this machine alone)' },
      ...MACHINE_OPTIONS,
      HELP,
    ],
    start: async (host, line) => (await import('./debug.ts')).debug(host, line),
  },
  {
    name: 'diff', operands: 'A B', mixesOptions: true, summary: 'find where two traces part',
    details: 'Prints the first records that differ, with those before and after. The status is 0 if there are none, 1 if there are, 2 for trouble.',
    options: [{ name: '--context', value: 'N', help: 'so many records before and after (default: 5)' }, HELP],
    start: async (host, line) => (await import('./diff.ts')).diff(host, line),
  },
  {
    name: 'disasm', operands: 'FILE', mixesOptions: true, summary: 'print the instructions of an executable',
    details: 'One a line: address, bytes and text, separated by tabs.',
    options: [{ name: '--syntax', value: 'intel|att', choices: ['intel', 'att'], help: 'whose notation (default: intel)' }, HELP],
    start: async (host, line) => (await import('./disasm.ts')).disasm(host, line),
  },
  {
    name: 'bench', operands: '[SUITE...]', mixesOptions: true, words: ['table', 'policies', 'counts', 'smoke', 'all', 'claims', 'merge'], summary: 'compare ways to call a closure',
    details: 'Suites: table (if none is named), what an invocation costs and a trampoline takes; policies, what works under which security policy;\nclaims, the questions of the discussion about trampfd, answered in numbers; counts, smoke and all (see --list).\nWithout options the first three are texts. Numbers are the same on every run and machine.',
    options: [
      { name: '--list', value: null, help: 'print the suites and the values of every axis' },
      { name: '--filter', value: 'RE', help: 'mechanisms whose names match' },
      { name: '--count', value: 'N,...', help: 'trampolines at once, from 1 to 16384' },
      { name: '--order', value: 'ORDER,...', help: 'in which order they are called' },
      { name: '--policy', value: 'POLICY,...', help: 'what memory may become code; wx+ipe: both' },
      { name: '--profile', value: 'PROFILE,...', help: 'whose times cycles are counted by, as --cpu-profile of run' },
      { name: '--environment', value: 'NAME,...', help: 'what faults and system calls cost' },
      { name: '--seed', value: 'N', help: 'other random bytes' },
      { name: '--repeat', value: null, help: 'measure everything twice, and fail if there is any difference' },
      { name: '--jobs', value: 'N', help: 'processes that measure at once, as many as there are processors; rows are the same with any number' },
      { name: '--shard', value: 'I/N', help: 'measure one of N parts; tramp64 bench merge A.json B.json makes them one again' },
      { name: '--program', value: 'FILE', help: 'measure the parts that a program of yours marks, beside the mechanisms; operands are its arguments, options of its own come after --' },
      { name: '--alone', value: null, help: 'with --program: nothing beside it' },
      { name: '--env', value: 'NAME=VALUE', help: 'a variable of its environment, which has a PATH and nothing else (may be repeated)' },
      { name: '--header', value: null, help: 'print tramp64.h, the marks for C' },
      { name: '--json', value: null, help: 'print results as JSON, a row a line' },
      { name: '--csv', value: null, help: 'as CSV, with all there is' },
      { name: '--markdown', value: null, help: 'as a Markdown table' },
      { name: '--output', value: 'FILE', help: 'write that, or the table, to a file' },
      { name: '--html', value: 'FILE', help: 'write a page with tables and plots, which needs no network; without SUITE: of all' },
      { name: '--svg', value: 'DIR', help: 'write the plots as files' },
      { name: '--check', value: 'FILE', help: 'measure what is in results as --json writes them, and compare; status 1: there are differences' },
      { name: '--tolerance', value: 'PART', help: 'differences that are none, as 0.5% (default: 0)' },
      { name: '--update', value: null, help: 'with --check: write what was measured to the file' },
      { name: '--junit', value: 'FILE', help: 'write the comparison as JUnit XML' },
      { name: '--annotations', value: null, help: 'print it as annotations of GitHub, too (default where GITHUB_ACTIONS is true)' },
      { name: '--summary', value: 'FILE', help: 'append it to a file as Markdown (default: GITHUB_STEP_SUMMARY)' },
      HELP,
    ],
    start: async (host, line, version) => (await import('./bench.ts')).bench(host, line, version()),
  },
  {
    name: 'compare', operands: 'A.json B.json', mixesOptions: true, summary: 'compare two results of bench',
    details: 'What changed from the first to the second, row by row. Status 1: there are differences.',
    options: [
      { name: '--tolerance', value: 'PART', help: 'differences that are none, as 0.5% (default: 0)' },
      { name: '--markdown', value: null, help: 'print a Markdown table' },
      HELP,
    ],
    start: async (host, line) => (await import('./compare.ts')).compareResults(host, line),
  },
  {
    name: 'syscalls', operands: '', words: [], summary: 'print the system calls there are',
    details: 'One a line: number, name, arguments, and what is not supported.',
    options: [{ name: '--markdown', value: null, help: 'as the table of src/syscalls/README.md' }, HELP],
    start: async (host, line) => (await import('./syscalls.ts')).syscalls(host, line),
  },
  {
    name: 'completion', operands: 'bash|zsh|fish', words: ['bash', 'zsh', 'fish'], summary: 'print a script that completes command lines',
    details: 'For the shell that is named.', options: [HELP],
    start: async (host, line) => (await import('./manual-commands.ts')).printCompletion(host, line, COMMANDS),
  },
  {
    name: 'man', operands: '', words: [], summary: 'print the manual page', details: 'In the language of man(7).', options: [HELP],
    start: async (host, _, version) => (await import('./manual-commands.ts')).printManual(host, COMMANDS, version()),
  },
];
