/** A guest in assembly under the debugger, with labels for addresses. */
import { Mistake } from '../../src/debug/mistake.ts';
import { CommandLoop } from '../../src/debug/repl/commands.ts';
import { Session } from '../../src/debug/repl/session.ts';
import { Target } from '../../src/debug/target.ts';
import type { Stop } from '../../src/debug/stops.ts';
import { numberOf } from '../../src/debug/registers.ts';
import type { CpuOptions } from '../../src/exec/cpu.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';
import { main } from '../../src/cli/main.ts';
import { assemble } from '../../src/decoder/assemble.ts';
import { writeElf } from '../../src/loader/write-elf.ts';
import { CliHost } from './cli-host.ts';
import { buildLabelled, DATA, TEXT } from './guest-program.ts';
import { ACTION, catchSignal, DATA_BYTES, make, programSource, regs, slot, sys } from './trampfd-program.ts';

const SIGUSR1 = 10, SYS_KILL = 62;
const CLONE_THREAD = 0x10f00;
/**
 * Slot 0 counts rounds, of which each calls `f`, which adds 3 to slot 1; then a trampoline is called that adds r10 = 5 to slot 2; a signal's
 * handler sets slot 3 to 7; a thread counts slot 4 to 300; a child process ends with status 9.
 */
export const STORY = `
  mov r12d, 200
again:
  inc ${slot(0)}
  call f
after:
  dec r12d
  jnz again
  ${make('context')}
  mov r13, rax
invoke:
  call r13
returned:
  ${catchSignal(SIGUSR1)}
  ${sys('getpid')}
  mov edi, eax
  mov esi, ${SIGUSR1}
  mov eax, ${SYS_KILL}
kill:
  syscall
killed:
  ${sys('clone', CLONE_THREAD, DATA + 0x20000, 0, 0, 0)}
  test eax, eax
  jz thread
waiting:
  ${sys('yield')}
  cmp ${slot(4)}, 300
  jne waiting
joined:
  ${sys('fork')}
  test eax, eax
  jz child
  ${sys('wait4', -1, DATA + 40, 0, 0)}
  jmp finish
child: ${sys('exit_group', 9)}
thread:
  mov r12d, 300
count: inc ${slot(4)}
  dec r12d
  jnz count
  ${sys('exit', 0)}
f: add ${slot(1)}, 3
  ret
target: add ${slot(2)}, r10
  ret
handler: mov ${slot(3)}, 7
  ret
${ACTION}
${regs('context', ['r10', 5], ['rip', 'target'])}`;
export const STORY_OUT = [200n, 600n, 5n, 7n, 300n, 9n << 8n];

export interface DebugWorld { readonly target: Target; readonly host: MemoryHost; at(label: string): number; get(register: string, tid?: number): bigint; slot(n: number): bigint; run(): Stop }
export function debug(code: string, outputs = 0, cpu: CpuOptions = {}, host = new MemoryHost({})): DebugWorld {
  const { elf, labels } = buildLabelled(programSource(code, outputs), DATA_BYTES);
  host.put('/guest', elf, 0o755);
  const target = Target.open({ host, program: { path: '/guest', argv: ['guest'], envp: [] }, machine: () => ({ memoryBytes: 64 << 20, cpu }) });
  if ('sentence' in target) throw new Error(target.sentence);
  const at = (label: string): number => {
    const address = labels.get(label);
    if (address === undefined) throw new Error(`no label ${label}`);
    return address;
  };
  return {
    target, host, at,
    get: (name, tid = target.tid ?? 0) => numberOf(target.readRegister(tid, target.registers.find(name)!) ?? new Uint8Array(0)),
    slot: n => numberOf(target.readMemory(target.current?.process.pid ?? 0, DATA + 8 * n, 8)),
    run: () => target.run({ how: 'continue' }),
  };
}

/** A guest with symbols: labels of its code and `data`, `data1` … for its slots. */
export function guestWithSymbols(code: string, outputs = 0): Uint8Array {
  const { bytes, labels } = assemble(programSource(code, outputs), { origin: TEXT });
  const symbols = new Map([...labels, ...Array.from({ length: 8 }, (_, n) => [n === 0 ? 'data' : `data${n}`, DATA + 8 * n] as const)]);
  return writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: new Uint8Array(8), size: DATA_BYTES }, entry: labels.get('_start')!, symbols });
}
export interface Typed { readonly status: number; readonly stdout: string; readonly stderr: string }
/** What `tramp64 debug` says when these commands come from a pipe. */
export async function typed(guest: Uint8Array, commands: string, options: readonly string[] = [], files: Readonly<Record<string, readonly [string]>> = {}): Promise<Typed> {
  const host = new CliHost(['debug', '--memory', '64M', ...options, '/guest', 'one', 'two'], { '/guest': [guest], ...files });
  host.input = commands;
  const status = await main(host);
  return { status, stdout: host.output, stderr: host.errors };
}

/** What a session says to commands, a line each: a transcript, in which mistakes are in brackets. */
export async function transcript(guest: Uint8Array, commands: string): Promise<string> {
  const host = new MemoryHost({}), lines: string[] = [];
  host.put('/guest', guest, 0o755);
  const session = new Session(
    () => ({ host, program: { path: '/guest', argv: ['guest'], envp: [] }, machine: () => ({ memoryBytes: 64 << 20 }) }), { say: line => { lines.push(line); } },
  );
  const loop = new CommandLoop(session, path => host.text(path));
  session.start();
  for (const command of commands.trim().split('\n').map(line => line.trim())) {
    lines.push(`> ${command}`);
    try { await loop.run(command); } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      lines.push(`[${error.message}]`);
    }
  }
  return `${lines.map(line => line.trimEnd()).join('\n')}\n`;
}
