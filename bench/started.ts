/** A program's start, for tools that look at what it executed there. */
import type { CpuOptions } from '../src/exec/cpu.ts';
import { utf8Bytes } from '../src/host/host.ts';
import { NodeHost } from '../src/host/node-host.ts';
import { Machine } from '../src/machine.ts';

/** @param words a program and its arguments; what it writes goes nowhere */
export function started(words: string, cpu: CpuOptions, instructionsMax: number): Machine {
  const host = new NodeHost(), [program = '', ...args] = words.split(' '), machine = new Machine({ host, cpu });
  Object.assign(host, { write: (_: number, from: Uint8Array) => from.length });
  if (machine.exec(utf8Bytes(program), [program, ...args].map(utf8Bytes), host.environment) !== null) throw new Error(`${program} cannot be run`);
  while (machine.turn(1000) === null && machine.cpu.state.instructions < instructionsMax);
  return machine;
}
