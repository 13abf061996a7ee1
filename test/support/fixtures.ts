/** The committed programs of test/fixtures, and the small world each is started in: arguments, environment, files, standard input. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';

export interface Fixture { readonly name: string; readonly args: readonly string[]; readonly stdin: string }
export const FIXTURES: readonly Fixture[] = [
  { name: 'print', args: [], stdin: '' },
  { name: 'heap', args: [], stdin: '' },
  { name: 'lines', args: ['words', 'nothere', 'empty'], stdin: 'one\nand two' },
  { name: 'start', args: ['one', 'two words', ''], stdin: '' },
  { name: 'jumps', args: [], stdin: '' },
  { name: 'raw', args: [], stdin: '' },
  { name: 'loops', args: [], stdin: '' },
];
export const ENVIRONMENT: readonly string[] = ['PATH=/bin:/usr/bin', 'EMPTY=', 'TZ=UTC'];
const FILES: Readonly<Record<string, string>> = { words: 'alpha\nbravo\n\nthe longest line of all\nno newline', empty: '' };

const SIGTERM = 15;

const folder = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');
const pathOf = (name: string): string => join(folder, `${name}.elf`);
/** A copy that is nobody else's: what Node returns may share memory. */
export const fixtureBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(pathOf(name)));

/** A host with the program at /guest and the files in the working directory. */
export function fixtureHost(elf: Uint8Array, stdin: string): MemoryHost {
  const host = new MemoryHost({ '/guest': elf });
  for (const [name, text] of Object.entries(FILES)) host.put(`${host.directory}/${name}`, text);
  host.environment = ENVIRONMENT;
  host.input = stdin;
  return host;
}
/** What the host's own processor and kernel make of it. The status is a shell's: 128 + the signal. */
export function nativeOutcome({ name, args, stdin }: Fixture): { readonly status: number; readonly stdout: string } {
  const place = mkdtempSync(join(tmpdir(), 'tramp64-fixture-'));
  try {
    for (const [file, text] of Object.entries(FILES)) writeFileSync(join(place, file), text);
    const env = Object.fromEntries(ENVIRONMENT.map(entry => entry.split('=') as [string, string]));
    const { status, signal, stdout } = spawnSync(pathOf(name), args, { cwd: place, env, input: stdin });
    return { status: status ?? 128 + (signal === 'SIGTERM' ? SIGTERM : 0), stdout: byteString(new Uint8Array(stdout)) };
  } finally { rmSync(place, { recursive: true, force: true }); }
}
