/** dist/cli.js: starts the bundle beside it. */
import { Bundle, type Parts } from './bundle.ts';

const parts: Parts = { fs: require('node:fs') as Parts['fs'], vm: require('node:vm') as Parts['vm'] };
type Flags = { readonly setFlagsFromString: (flags: string) => void };
/** What sets V8's flags. node:v8 brings streams along, which take as long to load as a program of some thousand instructions to run; what it calls lies beneath. */
function flags(): Flags {
  const { noDeprecation = false } = process;
  process.noDeprecation = true;
  try {
    const binding = process.binding('v8');
    if (typeof binding.setFlagsFromString === 'function') return binding as Flags;
  } catch { /* Another Node may not have it. */ } finally { process.noDeprecation = noDeprecation; }
  return require('node:v8') as Flags;
}
const bundle = new Bundle(__dirname, parts), v8 = flags();
// Most of what a start allocates stays: to copy it around while the heap grows in small steps is a twentieth of the work.
v8.setFlagsFromString('--semi-space-growth-factor=16');
void bundle.program(name => name === 'node:v8' ? v8 : require(name)).start(`${__dirname}/../package.json`, `${__dirname}/prebuilt`).then(status => process.exit(status));
