/** dist/cli.js: starts the bundle beside it. */
import { Bundle, type Parts } from './bundle.ts';

const parts: Parts = { fs: require('node:fs') as Parts['fs'], vm: require('node:vm') as Parts['vm'] };
void new Bundle(__dirname, parts).program(require).start(`${__dirname}/../package.json`, `${__dirname}/prebuilt`).then(status => process.exit(status));
