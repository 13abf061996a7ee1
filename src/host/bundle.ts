/**
 * The program as scripts: the one it starts with, and what few runs need; each has the bytecode V8 made of what was wanted of it (nodejs.org/api/vm, `cachedData`).
 * `npm run build` makes them, dist/cli.js starts the first.
 */
import type { Build, Flags } from './v8-flags.ts';

/** What of Node it takes: given by whoever starts it, because bundlers copy what is imported name by name, which takes milliseconds. */
export interface Parts { readonly fs: typeof import('node:fs'); readonly vm: typeof import('node:vm') }

/** As in script.ts. */
const FIRST = 'tramp64', O_RDONLY = 0;
/** What src/cli/start.ts exports. */
interface Program { readonly start: (manifest: string, build: Build | null) => Promise<number>; readonly prebuild: (folder: string, flags: Flags) => Promise<void> }

type Require = (name: string) => unknown;
/** See script.ts. */
interface Value { readonly stamp: string }
interface FirstValue extends Value { readonly main: () => Program }
type Run = (require: Require, script: (name: string) => Value) => Value;

export class Bundle {
  private readonly folder: string;
  private readonly fs: Parts['fs'];
  private readonly vm: Parts['vm'];
  private readonly scripts = new Map<string, import('node:vm').Script>();
  /** What tells this build from others, once its program was asked for. */
  stamp = '';

  constructor(folder: string, { fs, vm }: Parts) { this.folder = folder; this.fs = fs; this.vm = vm; }
  /** V8 refuses bytecode of another V8, of another script's length, made under other flags, or cut short; then it compiles, which takes longer and comes to the same. */
  private script(name: string): import('node:vm').Script {
    const filename = `${this.folder}/${name}.js`, cachedData = bytesOf(this.fs, `${this.folder}/${name}.bytecode`);
    const script = new this.vm.Script(this.fs.readFileSync(filename, 'latin1'), cachedData === null ? { filename } : { filename, cachedData });
    this.scripts.set(name, script);
    return script;
  }
  /** @param flags what the program sets V8's flags by: while a script is loaded they are as they were */
  program(require: Require, flags: Flags | null = null): Program {
    const own = nameless(require), values = new Map<string, Value>();
    const load = (name: string): Value => {
      const value = (this.script(name).runInThisContext() as Run)(own, other => values.get(other) ?? (flags === null ? later(other) : flags.without(() => later(other))));
      values.set(name, value);
      return value;
    };
    const first = load(FIRST) as FirstValue;
    this.stamp = first.stamp;
    let spare = this.spare();
    // A guest may have taken all descriptors there are: one is kept for this.
    const later = (name: string): Value => {
      if (spare !== null) this.fs.closeSync(spare);
      const value = load(name);
      spare = this.spare();
      if (value.stamp !== first.stamp) throw new Error('the program was replaced by another build while it ran');
      return value;
    };
    return first.main();
  }
  private spare(): number | null {
    try { return this.fs.openSync(this.folder, O_RDONLY); } catch { return null; }
  }
  /** Keeps the bytecode of what has run until now. */
  saveBytecode(): void { for (const [name, script] of this.scripts) this.fs.writeFileSync(`${this.folder}/${name}.bytecode`, script.createCachedData()); }
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
