#!/usr/bin/env node
/** The command line, from its modules. dist/cli.js is made of src/host/launch.ts, which starts the same sooner. */
import { start } from './cli/start.ts';

/** It lies beside the folder this file is in. */
const MANIFEST = new URL('../package.json', import.meta.url).pathname;

process.exit(await start(MANIFEST));
