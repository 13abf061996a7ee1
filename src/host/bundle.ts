/**
 * The program as scripts: the one it starts with, and what few runs need; each has the bytecode V8 made of what was wanted of it (nodejs.org/api/vm, `cachedData`).
 * `npm run build` makes them, dist/cli.js starts the first.
 */
/** What of Node it takes: given by whoever starts it, because bundlers copy what is imported name by name, which takes milliseconds. */
export interface Parts { readonly fs: typeof import('node:fs'); readonly vm: typeof import('node:vm') }

/** As in script.ts. */
const FIRST = 'tramp64', O_RDONLY = 0;
/** Flags come and go with V8's versions. */
export const V8_MAJOR = process.versions.v8.split('.', 1)[0]!;
/** Versions that take branch hints of WebAssembly under a flag: Node 20's, 22's and 24's. */
const HINTED: ReadonlySet<string> = new Set(['11', '12', '13']);
/**
 * From the beginning on, because bytecode and machine code hold only under the flags they were made under. Most of what a start allocates stays: to copy it around
 * while the heap grows in small steps is a twentieth of the work.
 */
export const V8_FLAGS: readonly string[] = ['--semi-space-growth-factor=8', ...HINTED.has(V8_MAJOR) ? ['--experimental-wasm-branch-hinting'] : []];
/** What src/cli/start.ts exports. */
interface Program { readonly start: (manifest: string, build: Build | null) => Promise<number>; readonly prebuild: (folder: string, flags: Flags) => Promise<void> }
/** What a program is told of its own build. */
export interface Build {
  /** Where its files are. */
  readonly folder: string;
  /** Tells it from others. */
  readonly stamp: string;
  readonly flags: Flags;
}

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

/** V8's flags that have a value, with the one V8 gives them. */
const USUAL_VALUES: Readonly<Record<string, number>> = { '--max-inlined-bytecode-size': 460, '--max-inlined-bytecode-size-cumulative': 920 };
/** Flags that bring others along, by the version of V8: what takes these back. */
const BROUGHT_ALONG: Readonly<Record<string, Readonly<Record<string, string>>>> = { 12: { '--no-opt': '--osr-from-maglev' } };
/** What takes a flag back. */
function opposites(flag: string): readonly string[] {
  const [name = ''] = flag.split('='), value = USUAL_VALUES[name], other = BROUGHT_ALONG[V8_MAJOR]?.[flag];
  const opposite = value !== undefined ? `${name}=${value}` : flag.startsWith('--no-') ? flag.replace('no-', '') : flag.replace('--', '--no-');
  return other === undefined ? [opposite] : [opposite, other];
}
/** V8's flags: each is set to something else than it was, by `--` or `--no-` or a value of USUAL_VALUES. */
export class Flags {
  private readonly set: (flag: string) => void;
  private readonly since: string[] = [];
  constructor(set: (flag: string) => void) { this.set = set; }
  setFlagsFromString(flag: string): void { this.set(flag); this.since.push(flag); }
  without<T>(run: () => T): T {
    this.takeBack(this.since);
    try { return run(); } finally { this.since.forEach(this.set); }
  }
  /** With these, and none of those set before. */
  with<T>(flags: readonly string[], run: () => T): T {
    return this.without(() => {
      flags.forEach(this.set);
      try { return run(); } finally { this.takeBack(flags); }
    });
  }
  /** The last one first: some bring others along (`--no-liftoff` brings `--no-wasm-dynamic-tiering`). */
  private takeBack(flags: readonly string[]): void { for (const flag of [...flags].reverse()) opposites(flag).forEach(this.set); }
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
