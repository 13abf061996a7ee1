/** The process's arguments -> a command -> the status to exit with. */
import { NodeHost } from '../host/node-host.ts';
import { complain } from './command.ts';
import { main } from './main.ts';

const STATUS_BROKEN = 70;

/** For the build: what `start` finds prebuilt. */
export async function prebuild(): Promise<Uint8Array> { return (await import('./prebuild.ts')).prebuild(); }

/**
 * A mistake of the emulator's own is said in a sentence too. @param manifest path of the package's package.json @param prebuilt path of what `prebuild` made
 * @param stamp tells this build from others: without it, nothing is kept for later runs
 */
export async function start(manifest: string, prebuilt: string | null = null, stamp: string | null = null): Promise<number> {
  const host = new NodeHost(prebuilt, stamp);
  try { return await main(host, manifest); } catch (error) {
    return complain(host, `internal error: ${error instanceof Error ? error.message : String(error)}`, STATUS_BROKEN);
  }
}
