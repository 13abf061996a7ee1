/** The process's arguments -> a command -> the status to exit with. */
import type { Build, Flags } from '../host/v8-flags.ts';
import { NodeHost } from '../host/node-host.ts';
import { complain } from './command.ts';
import { main } from './main.ts';

const STATUS_BROKEN = 70;

/** For the build: writes what `start` finds prebuilt. */
export async function prebuild(folder: string, flags: Flags): Promise<void> { await (await import('./prebuild.ts')).prebuild(folder, flags); }

/** A mistake of the emulator's own is said in a sentence too. @param manifest path of the package's package.json */
export async function start(manifest: string, build: Build | null = null): Promise<number> {
  const host = new NodeHost(build);
  try { return await main(host, manifest); } catch (error) {
    return complain(host, `internal error: ${error instanceof Error ? error.message : String(error)}`, STATUS_BROKEN);
  }
}
