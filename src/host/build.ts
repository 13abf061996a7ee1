/**
 * `npm run build`: dist/lib, the modules and their types, for programs; and dist/cli.js with the script and the bytecode it starts (bundle.ts).
 * A step by its name, and where to: `node --import tsx src/host/build.ts script FOLDER`.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import * as vm from 'node:vm';
import { buildSync } from 'esbuild'; // tsx brings it along.
import { Bundle } from './bundle.ts';
import { Flags, V8_FLAGS } from './v8-flags.ts';
import { scriptsOf } from './script.ts';

const here = fileURLToPath(import.meta.url), root = resolve(dirname(here), '../..');
/** Whatever functions these programs need, the bytecode has. */
const WARM_UP = ['raw', 'heap', 'print', 'jumps', 'start', 'loops'].map(name => join(root, `test/fixtures/${name}.elf`));
const NOT_HERE = ['flush-bytecode', 'sparkplug'];

/** Commands that need not start as soon as `run`. */
const COMMANDS = ['bench', 'commands', 'compare', 'debug', 'debug-screen', 'debug-session', 'diff', 'disasm', 'manual', 'manual-commands', 'prebuild', 'processors', 'profile', 'syscalls', 'trace'];
const modulesOf = (folder: string): readonly string[] => fs.readdirSync(join(root, folder)).filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`);
const AT_ONCE: ReadonlySet<string> = new Set(['compile/regions', 'lower/instruction-use', 'lower/primitive-numbers'].map(name => `src/exec/${name}.ts`));
/** What a short program does not need: see script.ts. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  /** What a start that finds its code translated has little use for: it decodes what handlers call, but for strings. */
  decode: [...['decode', 'cursor', 'encoding', 'operands', 'usual', 'usual-examples', 'row-index'].map(name => `src/decoder/${name}.ts`), 'src/exec/semantics/index.ts'],
  /** And none at all. */
  translate: [
    ...['arithmetic', 'bits', 'bmi', 'control', 'moves', 'segments', 'shifts', 'sse-control', 'sse-extended', 'sse-integer', 'sse-moves', 'sse-operands', 'sse-shuffle', 'sse-text', 'system', 'vex-moves', 'vex-operands'].map(name => `src/exec/semantics/${name}.ts`),
    ...['bits', 'crc', 'extended', 'integer', 'lanes', 'shuffle', 'text', 'vex'].map(name => `src/exec/primitives/${name}.ts`),
    ...['pacer', 'dataflow', 'use', 'notes'].map(name => `src/timing/${name}.ts`),
    ...['form', 'kept-writer', 'translator'].map(name => `src/exec/threaded/${name}.ts`), 'src/exec/lower/instruction-use.ts', 'src/exec/targets.ts',
  ],
  compile: [
    ...['exec/compile', 'exec/lower', 'exec/lower/primitives', 'wasm'].flatMap(folder => modulesOf(`src/${folder}`)).filter(module => !AT_ONCE.has(module)),
    'src/exec/generated/ground.ts', 'src/exec/threaded/threaded-lowering.ts', 'src/timing/caches-code.ts', 'src/timing/predictor-code.ts', 'src/timing/predictor-slow.ts',
  ],
  instructions: [
    ...['arithmetic', 'convert', 'environment', 'transcendental'].map(name => `src/exec/x87/${name}.ts`),
    ...['arithmetic', 'convert', 'crypto', 'error-free', 'float', 'fused', 'half', 'round', 'soft-float'].map(name => `src/exec/primitives/${name}.ts`),
    ...['fma', 'mmx', 'sse-compare', 'sse-convert', 'sse-crypto', 'sse-float', 'vex', 'vex-memory', 'x87', 'x87-control'].map(name => `src/exec/semantics/${name}.ts`),
  ],
  /** What nearly all programs call, but not those that only begin and end. */
  often: ['clone', 'fcntl', 'host-input', 'often-table', 'resolve', 'signal-calls', 'signal-frame', 'time', 'wait'].map(name => `src/syscalls/${name}.ts`),
  calls: [
    ...['syscalls/net', 'trampfd'].flatMap(folder => modulesOf(`src/${folder}`)),
    ...[
      'epoll', 'eventfd', 'fifo', 'host-terminal', 'inotify', 'ipc', 'line-discipline', 'locks', 'memory-advice', 'memory-file', 'memory-others', 'mounts', 'mqueue', 'msg', 'names', 'pidfd', 'poll', 'pty', 'rare-table', 'refused',
      'scheduling', 'sem', 'shm', 'signalfd', 'splice', 'strace', 'strace-names', 'strace-net', 'strace-pieces', 'strace-words', 'symbols', 'terminal-nodes', 'timer-calls', 'timerfd', 'xattr',
    ].map(name => `src/syscalls/${name}.ts`),
    'src/host/overlay-host.ts', 'src/host/watched-host.ts',
  ],
  rows: ['src/decoder/rows.ts', ...modulesOf('src/decoder/table')],
  /** What only an option asks for. */
  options: [...['closed-host', 'confine', 'read-only-host', 'rooted-host'].map(name => `src/host/${name}.ts`), ...['generic', 'processors', 'skylake'].map(name => `src/timing/profiles/${name}.ts`), 'src/syscalls/policy.ts'],
  more: COMMANDS.map(name => `src/cli/${name}.ts`),
};

const BEFORE: Readonly<Record<string, readonly string[]>> = { decode: ['translate', 'rows', 'instructions', 'compile', 'more'], translate: ['instructions', 'compile', 'more'], often: ['calls', 'more'], options: ['more'] };

const STEPS: Readonly<Record<string, (dist: string) => void | Promise<void>>> = {
  modules(dist) {
    run('node_modules/typescript/bin/tsc', '-p', 'src', '--outDir', `${dist}/lib`);
    fs.writeFileSync(`${dist}/lib/package.json`, '{ "type": "module" }\n');
  },
  async script(dist) {
    const { KNOWN } = await import(new URL('../cli/known.ts', import.meta.url).href) as { KNOWN: Readonly<Record<string, unknown>> };
    for (const [name, text] of await scriptsOf({ root, entry: 'src/cli/start.ts', later: LATER, before: BEFORE, known: KNOWN })) fs.writeFileSync(`${dist}/${name}.js`, text);
    bundle('src/host/launch.ts', `${dist}/cli.js`, '#!/usr/bin/env node');
    fs.chmodSync(`${dist}/cli.js`, 0o755);
    fs.writeFileSync(`${dist}/tramp64.1`, fs.readFileSync(join(root, 'man/tramp64.1')));
    fs.writeFileSync(`${dist}/package.json`, '{ "type": "commonjs" }\n'); // Node takes a third longer to start an ES module than to start.
  },
  async prebuilt(dist) {
    for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
    const require = createRequire(here);
    await new Bundle(dist, { fs, vm }).program(name => require(name)).prebuild(dist, new Flags(flag => { v8.setFlagsFromString(flag); }));
  },
  /**
   * V8 refuses bytecode that was made under other flags, so the program must not set any. By itself it forgets what has not run for a while; and functions that
   * were compiled here would be compiled again as soon as they are called, few of which pay in a short program.
   */
  async bytecode(dist) {
    for (const flag of NOT_HERE) v8.setFlagsFromString(`--no-${flag}`);
    const require = createRequire(here), flags = new Flags(() => { /* Not here. */ });
    const bundle = new Bundle(dist, { fs, vm }), { start } = bundle.program(name => name === 'node:v8' ? flags : require(name)), { stamp } = bundle, caches = process.env.XDG_CACHE_HOME = fs.mkdtempSync(`${dist}/caches-`);
    for (const program of WARM_UP) {
      process.argv.splice(2, Infinity, 'run', '--', program);
      for (const folder of [`${dist}/nothing`, dist, dist]) await start('', { folder, stamp, flags });
    }
    fs.rmSync(caches, { recursive: true });
    for (const flag of NOT_HERE) v8.setFlagsFromString(`--${flag}`);
    for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
    bundle.saveBytecode();
  },
};

function bundle(entry: string, outfile: string, banner: string): void {
  buildSync({
    absWorkingDir: root, entryPoints: [entry], outfile, banner: { js: banner },
    bundle: true, platform: 'node', format: 'cjs', target: 'node20', minifyWhitespace: true, minifySyntax: true, logLevel: 'warning',
  });
}
/** What it says matters only if it fails. */
function run(...words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root });
  if (status === 0) return;
  const said = [stdout, stderr].map(bytes => new TextDecoder().decode(bytes)).join('');
  fs.writeSync(2, `build: node ${words.join(' ')}\n${said}`);
  process.exit(1);
}

const [name = 'all', dist = join(root, 'dist')] = process.argv.slice(2);
if (name === 'all') {
  fs.rmSync(dist, { recursive: true, force: true });
  for (const step of Object.keys(STEPS)) run('--import', 'tsx', here, step, dist);
} else await STEPS[name]?.(dist);
