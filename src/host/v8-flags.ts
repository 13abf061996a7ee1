/** V8's flags (`node --v8-options`): those of a build, and how they are set and taken back. */

/** Flags come and go with V8's versions. */
export const V8_MAJOR = process.versions.v8.split('.', 1)[0]!;
/** Whether this was tried with it: Node 20's, 22's and 24's. They take branch hints of WebAssembly under a flag, and give and take machine code in one way. */
export const IS_KNOWN_V8 = ['11', '12', '13'].includes(V8_MAJOR);
/**
 * From the beginning on, because bytecode and machine code hold only under the flags they were made under. Most of what a start allocates stays: to copy it around
 * while the heap grows in small steps is a twentieth of the work. How many bytes of one function V8 takes into another (otherwise 460) must not change while it
 * compiles beside the program: it looks twice, and ends the process if the function was short enough the first time alone (v8/src/compiler/js-inlining.cc).
 */
export const V8_FLAGS: readonly string[] = ['--semi-space-growth-factor=8', '--max-inlined-bytecode-size=900', ...IS_KNOWN_V8 ? ['--no-sparkplug', '--experimental-wasm-branch-hinting'] : []];

/** What V8 is to do with functions of ours that run often: they stay bytecode; are compiled; also optimised; and more of it, because nothing else makes a program fast. */
export type Effort = 'none' | 'baseline' | 'usual' | 'much';
/**
 * The flags for that. It begins with `none`, but for optimising; even compiling takes hello world a fortieth of its time. The last one: how many
 * bytes of bytecode V8 takes into a function; every V8 since its 6th version has it. An interpreter's functions are small and many: with twice as much of them in
 * one, they are a fifth faster.
 */
export const EFFORTS: Readonly<Record<Effort, readonly string[]>> = {
  none: ['--no-opt'], baseline: IS_KNOWN_V8 ? ['--sparkplug'] : [], usual: ['--opt'],
  much: ['--opt', '--max-inlined-bytecode-size-cumulative=2500'],
};

/** What a program is told of its own build. */
export interface Build {
  /** Where its files are. */
  readonly folder: string;
  /** Tells it from others. */
  readonly stamp: string;
  readonly flags: Flags;
}

/** V8's flags that have a value and are set later than from the beginning on, with the one V8 gives them. */
const USUAL_VALUES: Readonly<Record<string, number>> = { '--max-inlined-bytecode-size-cumulative': 920 };
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
