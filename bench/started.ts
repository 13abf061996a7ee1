/** A program's start, for tools that look at what it executed there. */
import type { CpuOptions } from '../src/exec/cpu.ts';
import { utf8Bytes } from '../src/host/host.ts';
import { NodeHost } from '../src/host/node-host.ts';
import { Machine } from '../src/machine.ts';

/** What a program may find its output to be: a file, /dev/null (the major number 1), or a terminal. */
export const OUTPUTS = ['file', 'null', 'terminal'] as const;
const S_IFREG = 0o100000, S_IFCHR = 0o020000, MEMORY = 0x103n, PTS = 0x8800n;

/** @param words a program and its arguments; what it writes goes nowhere. @param output what it takes that for; absent: what ours is */
export function started(words: string, cpu: CpuOptions, instructionsMax: number, output?: (typeof OUTPUTS)[number]): Machine {
  const host = new NodeHost(), [program = '', ...args] = words.split(' '), machine = new Machine({ host, cpu });
  Object.assign(host, { write: (_: number, from: Uint8Array) => from.length });
  if (output !== undefined) {
    const { fstat } = NodeHost.prototype;
    Object.assign(host, {
      isTerminal: (fd: number) => fd === 1 && output === 'terminal',
      fstat: (fd: number) => {
        const stat = fstat.call(host, fd);
        return fd !== 1 || typeof stat === 'number' ? stat : { ...stat, mode: (output === 'file' ? S_IFREG : S_IFCHR) | 0o620, rdev: output === 'null' ? MEMORY : PTS };
      },
    });
  }
  if (machine.exec(utf8Bytes(program), [program, ...args].map(utf8Bytes), host.environment) !== null) throw new Error(`${program} cannot be run`);
  while (machine.turn(1000) === null && machine.cpu.state.instructions < instructionsMax);
  return machine;
}
