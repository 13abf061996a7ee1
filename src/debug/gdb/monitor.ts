/** `monitor`: commands gdb passes on as they are (GDB manual, appendix E.4, qRcmd). */
import type { KernelProcess } from '../../syscalls/process.ts';
import { numberOfHex } from '../hex.ts';
import { counts, maps, pageTable, policy, tlb, trampolines } from '../reports.ts';
import type { Target } from '../target.ts';

interface Command { readonly usage: string; readonly help: string; readonly run: (target: Target, process: KernelProcess, words: readonly string[]) => readonly string[] }

const COMMANDS: Readonly<Record<string, Command>> = {
  trampfd: { usage: '', help: 'every trampoline with its contexts', run: (target, process) => { const lines = trampolines(target, process); return lines.length === 0 ? ['no trampolines'] : lines; } },
  maps: { usage: '', help: 'the mappings, as /proc/PID/maps has them', run: (_, process) => maps(process) },
  pagetable: {
    usage: ' ADDRESS', help: 'the four entries on the way to an address', run: (_, process, [word = '']) => {
      const at = numberOfHex(word.replace(/^0x/i, ''));
      return at === null ? [`pagetable takes an address, not '${word}'`] : pageTable(process, at);
    },
  },
  tlb: { usage: '', help: 'what the TLB holds', run: target => tlb(target) },
  cycles: { usage: '', help: 'what was counted', run: target => counts(target) },
  strace: {
    usage: ' on|off', help: 'write system calls to standard error from now on, or no more', run: (target, _, [word]) => {
      if (word !== 'on' && word !== 'off') return ['strace takes on or off'];
      target.trace(word === 'on');
      return [];
    },
  },
  policy: { usage: '', help: 'what memory may become code', run: target => [policy(target)] },
  help: { usage: '', help: 'this list', run: () => Object.entries(COMMANDS).map(([name, { usage, help }]) => `${(name + usage).padEnd(18)} ${help}`) },
};

export function monitor(target: Target, process: KernelProcess | null, line: string): readonly string[] {
  const [name = '', ...words] = line.trim().split(/\s+/), command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return [`no such command: ${name}; see monitor help`];
  return process === null ? ['the program has ended'] : command.run(target, process, words);
}
