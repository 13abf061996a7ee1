/** Runs a guest's ELF: here, in a Machine of its own, or natively where the host is x86-64 Linux. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine, type MachineOptions, type Counters } from '../../src/machine.ts';
import { bytesOf } from '../../src/host/host.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';

export const isNativeHost = process.platform === 'linux' && process.arch === 'x64';

export interface GuestResult { readonly status: number; readonly signal: number | null; readonly stdout: Uint8Array; readonly stderr: string }
export interface GuestOptions extends Partial<Omit<MachineOptions, 'host'>> { readonly stdin?: string; readonly laterInput?: MemoryHost['laterInput']; readonly args?: readonly string[] }

/** Runs the program with what it writes captured. */
export function runGuest(elf: Uint8Array, options: GuestOptions = {}): GuestResult & { readonly counters: Counters; readonly machine: Machine } {
  const host = new MemoryHost({ '/guest': elf });
  host.input = options.stdin ?? ''; host.laterInput = options.laterInput ?? [];
  const machine = new Machine({ memoryBytes: 64 << 20, ...options, host });
  const refusal = machine.exec('/guest', ['guest', ...options.args ?? []], ['PATH=/bin']);
  if (refusal !== null) throw new Error(refusal.sentence);
  const { status, signal } = machine.run();
  return { status, signal, stdout: bytesOf(host.output), stderr: host.reports.join('\n'), counters: machine.counters(), machine };
}
export function runNative(elf: Uint8Array, args: readonly string[] = [], stdin = ''): { readonly status: number | null; readonly signal: string | null; readonly stdout: Uint8Array } {
  const folder = mkdtempSync(join(tmpdir(), 'tramp64-')), path = join(folder, 'guest');
  try {
    writeFileSync(path, elf);
    chmodSync(path, 0o755);
    const { status, signal, stdout } = spawnSync(path, args, { input: stdin, maxBuffer: 1 << 28, timeout: 120_000 });
    return { status, signal, stdout: new Uint8Array(stdout) }; // A copy: what Node returns is a Buffer, whose slices share memory.
  } finally { rmSync(folder, { recursive: true, force: true }); }
}

/** Assembly: a guest's bytes from an address on to standard output, and status 0. Uses a label `more`. */
export function writeAndExit(at: number, count: number): string {
  return `
  mov r12d, ${at}
  mov r13d, ${count}
more:
  mov eax, 1
  mov edi, 1
  mov rsi, r12
  mov rdx, r13
  syscall
  add r12, rax
  sub r13, rax
  ja more
  mov eax, 60
  xor edi, edi
  syscall
`;
}
