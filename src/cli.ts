#!/usr/bin/env node
/** The command line: argv -> a command. The only place that exits. */
import { complain } from './cli/command.ts';
import { main } from './cli/main.ts';
import { NodeHost } from './host/node-host.ts';

const STATUS_BROKEN = 70;
/** It lies beside `src` and `dist`, whichever this file is in. */
const MANIFEST = new URL('../package.json', import.meta.url).pathname;

/** A mistake of the emulator's own is said in a sentence too. */
async function guarded(host: NodeHost): Promise<number> {
  try { return await main(host, MANIFEST); } catch (error) {
    return complain(host, `internal error: ${error instanceof Error ? error.message : String(error)}`, STATUS_BROKEN);
  }
}

process.exit(await guarded(new NodeHost()));
