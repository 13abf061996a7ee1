/** How long programs take to start and end, against bare Node: `npm run build && node --import tsx bench/start.ts PROGRAM [ARGS]`. Pairs alternate: only their ratio means anything. */
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PAIRS = 31;
/** Node reads it before anything else, which would flatter the ratio. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

function milliseconds(...args: readonly string[]): number {
  const begin = performance.now(), { status, stderr } = spawnSync(process.execPath, args, { env });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: status ${status ?? 'none'}\n${new TextDecoder().decode(stderr)}`);
  return performance.now() - begin;
}
const medianOf = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;

const [program = join(root, 'test/fixtures/print.elf'), ...args] = process.argv.slice(2);
const pairs = Array.from({ length: PAIRS }, () => [milliseconds('-e', '0'), milliseconds(join(root, 'dist/cli.js'), 'run', '--', program, ...args)] as const);
const node = medianOf(pairs.map(([bare]) => bare)), ours = medianOf(pairs.map(([, run]) => run));
console.log(`node -e 0 ${node.toFixed(0)} ms, ${program} ${ours.toFixed(0)} ms: ${medianOf(pairs.map(([bare, run]) => run / bare)).toFixed(2)} times (medians of ${PAIRS} pairs)`);
