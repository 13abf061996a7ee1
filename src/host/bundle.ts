/** The program as a script, the bytecode V8 made of it (nodejs.org/api/vm, `cachedData`), and what few runs need: `npm run build` makes them, dist/cli.js starts them. */
/** What of Node it takes: given by whoever starts it, because bundlers copy what is imported name by name, which takes milliseconds. */
export interface Parts { readonly fs: typeof import('node:fs'); readonly vm: typeof import('node:vm') }

const SCRIPT = 'tramp64.js', BYTECODE = 'tramp64.bytecode', MORE = 'more.js';
/** What src/cli/start.ts exports. */
interface Program { readonly start: (manifest: string, prebuilt: string) => Promise<number>; readonly prebuild: () => Promise<Uint8Array> }

type Require = (name: string) => unknown;

export class Bundle {
  private readonly folder: string;
  private readonly fs: Parts['fs'];
  private readonly vm: Parts['vm'];
  private readonly script: import('node:vm').Script;

  /** V8 refuses bytecode of another V8, of another script's length, or cut short; then it compiles, which takes longer and comes to the same. */
  constructor(folder: string, { fs, vm }: Parts) {
    this.folder = folder; this.fs = fs; this.vm = vm;
    this.script = this.scriptOf(SCRIPT, bytesOf(fs, `${folder}/${BYTECODE}`));
  }
  private scriptOf(name: string, cachedData: Uint8Array | null): import('node:vm').Script {
    const filename = `${this.folder}/${name}`;
    return new this.vm.Script(this.fs.readFileSync(filename, 'latin1'), cachedData === null ? { filename } : { filename, cachedData });
  }
  /** The script's value is a function: see script.ts. */
  program(require: Require): Program {
    const start = this.script.runInThisContext() as (require: Require, more: () => unknown) => Program;
    return start(nameless(require), () => this.scriptOf(MORE, null).runInThisContext());
  }
  /** Keeps the bytecode of what has run until now. */
  saveBytecode(): void { this.fs.writeFileSync(`${this.folder}/${BYTECODE}`, this.script.createCachedData()); }
}

function bytesOf(fs: Parts['fs'], path: string): Uint8Array | null {
  try { return fs.readFileSync(path); } catch { return null; }
}

/** Node's modules that take milliseconds to load and that few runs need: loaded at their first use. */
const RARE: ReadonlySet<string> = new Set(['node:child_process', 'node:net', 'node:os', 'node:tty', 'node:v8']);

/** Modules that have everything, but no names of their own to be copied. */
function nameless(require: Require): Require {
  return name => RARE.has(name) ? new Proxy({}, { get: (_, key) => (require(name) as Record<string | symbol, unknown>)[key] }) : Object.create(require(name) as object) as unknown;
}
