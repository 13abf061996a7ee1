/** `npm run bench`, `npm run bench -- SUITE --json`: what `tramp64 bench` does (src/cli/bench.ts). */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../src/cli/main.ts';
import { NodeHost } from '../src/host/node-host.ts';

if (process.argv[2] !== 'bench') process.argv.splice(2, 0, 'bench');
process.exit(await main(new NodeHost(), resolve(fileURLToPath(import.meta.url), '../../package.json')));
