/** `npm run bench`, `npm run bench SUITE`: what `tramp64 bench` does (src/cli/bench.ts). */
import { bench } from '../src/cli/bench.ts';
import { NodeHost } from '../src/host/node-host.ts';

process.exitCode = bench(new NodeHost(), process.argv.slice(2));
