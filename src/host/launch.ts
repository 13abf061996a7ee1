/** dist/cli.js: starts the bundle beside it. */
import { Bundle, type Parts } from './bundle.ts';
import { Flags, V8_FLAGS } from './v8-flags.ts';

const parts: Parts = { fs: require('node:fs') as Parts['fs'], vm: require('node:vm') as Parts['vm'] };
/** What sets V8's flags. node:v8 brings streams along, which take as long to load as a program of some thousand instructions to run; what it calls lies beneath. */
function setFlag(): (flag: string) => void {
  const { noDeprecation = false } = process;
  process.noDeprecation = true;
  try {
    const { setFlagsFromString } = process.binding('v8');
    if (typeof setFlagsFromString === 'function') return setFlagsFromString as (flag: string) => void;
  } catch { /* Another Node may not have it. */ } finally { process.noDeprecation = noDeprecation; }
  return (require('node:v8') as { readonly setFlagsFromString: (flag: string) => void }).setFlagsFromString;
}
const set = setFlag(), flags = new Flags(flag => { set(flag); });
V8_FLAGS.forEach(set);
const bundle = new Bundle(__dirname, parts), program = bundle.program(name => name === 'node:v8' ? flags : require(name), flags);
void program.start(`${__dirname}/../package.json`, { folder: __dirname, stamp: bundle.stamp, flags }).then(status => process.exit(status));
