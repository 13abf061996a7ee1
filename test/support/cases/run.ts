/** Random cases performed: natively, and by an engine. */
import { MemoryHost } from '../../../src/host/memory-host.ts';
import { type CpuOptions, type Engine } from '../../../src/exec/cpu.ts';
import { Machine } from '../../../src/machine.ts';
import { runNative } from '../guest.ts';
import type { CaseProgram } from './program.ts';

/** Standard output as bytes. */
class Collector extends MemoryHost {
  readonly chunks: Uint8Array[] = [];
  override write(fd: number, from: Uint8Array, at: number | null): number {
    if (fd !== 1) return super.write(fd, from, at);
    this.chunks.push(from.slice());
    return from.length;
  }
}

/** What the harness itself executes in front of a case, about. */
const HARNESS_INSTRUCTIONS = 105;
/**
 * Hot at once: threaded code is generated when every form has been met twice, because each further generation is waited for twice as long. Where regions are
 * compiled too, the harness is one of them and does not count.
 */
export function eager(engine: Engine, snippets: number): CpuOptions {
  switch (engine) {
    case 'interpret': return { engine };
    case 'threaded': return { engine, threaded: { runs: 1, wait: 2 * HARNESS_INSTRUCTIONS * snippets } };
    case 'compile': return { engine, hotRuns: 2 };
    case 'auto': return { engine, hotRuns: 8, threaded: { runs: 1, wait: 2 * snippets } };
  }
}
export const ENGINES: readonly Engine[] = ['interpret', 'threaded', 'compile', 'auto'];

const MEMORY_BYTES = 96 << 20;
export interface Performed { readonly after: Uint8Array; readonly stats: ReadonlyMap<string, number> }
export function performed(program: CaseProgram, engine: Engine): Performed {
  const host = new Collector({ '/guest': program.elf }), machine = new Machine({ host, memoryBytes: MEMORY_BYTES, cpu: { ...eager(engine, program.snippets.length), model: 'zen3' } });
  const refusal = machine.exec('/guest', ['guest'], []);
  if (refusal !== null) throw new Error(refusal.sentence);
  const { status, signal } = machine.run(), after = joined(host.chunks);
  if (status !== 0 || after.length !== program.before.length) throw new Error(`the program ended early: status ${status}, signal ${signal}, ${after.length} of ${program.before.length} bytes\n${host.reports.join('\n')}`);
  return { after, stats: new Map([['instructions', machine.cpu.state.instructions], ...machine.cpu.stats()]) };
}
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) { all.set(chunk, at); at += chunk.length; }
  return all;
}
export function performedNatively(program: CaseProgram): Uint8Array {
  const { status, signal, stdout } = runNative(program.elf);
  if (status !== 0 || stdout.length !== program.before.length) throw new Error(`the program ended early on the host: status ${status}, signal ${signal}, ${stdout.length} of ${program.before.length} bytes`);
  return stdout;
}
