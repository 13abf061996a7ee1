/** dist/cli.js: starts the bundle beside it. */
import { Bundle } from './bundle.ts';

void new Bundle(__dirname).program(require).start(`${__dirname}/../package.json`).then(status => process.exit(status));
