/** The whole program as one script, and the bytecode V8 made of it (nodejs.org/api/vm, `cachedData`): `npm run build` makes both, dist/cli.js starts them. */
/** What of Node it takes: given by whoever starts it, because bundlers copy what is imported name by name, which takes milliseconds. */
export interface Parts { readonly fs: typeof import('node:fs'); readonly vm: typeof import('node:vm') }

const SCRIPT = 'tramp64.js', BYTECODE = 'tramp64.bytecode';
/** What src/cli/start.ts exports. */
interface Program { readonly start: (manifest: string) => Promise<number> }

type Require = (name: string) => unknown;

export class Bundle {
  private readonly folder: string;
  private readonly fs: Parts['fs'];
  private readonly script: import('node:vm').Script;

  /** V8 refuses bytecode of another V8, of another script's length, or cut short; then it compiles, which takes longer and comes to the same. */
  constructor(folder: string, { fs, vm }: Parts) {
    const filename = `${folder}/${SCRIPT}`, cachedData = bytesOf(fs, `${folder}/${BYTECODE}`);
    this.folder = folder; this.fs = fs;
    this.script = new vm.Script(fs.readFileSync(filename, 'latin1'), cachedData === null ? { filename } : { filename, cachedData });
  }
  /** The script's value is a function of `require`: see script.ts. */
  program(require: Require): Program { return (this.script.runInThisContext() as (require: Require) => Program)(nameless(require)); }
  /** Keeps the bytecode of what has run until now. */
  saveBytecode(): void { this.fs.writeFileSync(`${this.folder}/${BYTECODE}`, this.script.createCachedData()); }
}

function bytesOf(fs: Parts['fs'], path: string): Uint8Array | null {
  try { return fs.readFileSync(path); } catch { return null; }
}

/** Node's modules that take milliseconds to load and that few runs need: loaded at their first use. */
const RARE: ReadonlySet<string> = new Set(['node:tty', 'node:v8']);

/** Modules that have everything, but no names of their own to be copied. */
function nameless(require: Require): Require {
  return name => RARE.has(name) ? new Proxy({}, { get: (_, key) => (require(name) as Record<string | symbol, unknown>)[key] }) : Object.create(require(name) as object) as unknown;
}
