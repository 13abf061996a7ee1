/** `tramp64 bench`: the comparison of trampolines, in words or as results; the guard that compares results with a baseline; and `merge`. */
import { COUNT_MAX, ENVIRONMENTS, ORDERS, POLICIES, PROFILES } from '../bench/axes.ts';
import type { Cell } from '../bench/cell.ts';
import { CONTENDERS } from '../bench/contenders.ts';
import { inOrder, MATRIX, measureAll } from '../bench/matrix.ts';
import { WrongSum } from '../bench/laps.ts';
import { FORMAT, nameOf, type Results, type Row } from '../bench/record.ts';
import { SUITES } from '../bench/suites.ts';
import { bytesOf } from '../host/host.ts';
import { help, HELPING, jobsOf, measureTogether } from './bench-helpers.ts';
import { formsWrong, isPictured, putOut, resultsOf, STATUS_DIFFERENT, tellCi } from './bench-output.ts';
import { planOf, suitesOf, toleranceOf, type Plan } from './bench-plan.ts';
import { complain, STATUS_NOT_WRITTEN, STATUS_USAGE, type CommandHost } from './command.ts';
import { print, printed, readFile, writeText } from './files.ts';
import { Interruption } from './interruption.ts';
import { type CommandLine, lastValue } from './options.ts';

const STATUS_WRONG = 1, STATUS_INTERRUPTED = 130;

export async function bench(host: CommandHost, line: CommandLine, version: string): Promise<number> {
  const [first] = line.operands;
  if (line.values.has('--list')) return list(host);
  const wrong = formsWrong(line);
  if (wrong !== null) return complain(host, `bench: ${wrong}`, STATUS_USAGE);
  if (line.values.has('--header')) return printed(host, (await import('../bench/header.ts')).HEADER);
  if (first === 'merge' && !line.values.has('--program')) return merge(host, line);
  if (first === HELPING && line.values.size === 0) return help(host);
  const texts = line.operands.length === 0 ? SUITES.slice(0, 1) : SUITES.filter(({ name }) => line.operands.includes(name));
  if (line.values.size === 0 && texts.length === Math.max(1, line.operands.length)) return tell(host, texts);
  if (suitesOf(line).includes('claims')) return complain(host, 'bench: claims is a text, and takes no options', STATUS_USAGE);
  return lastValue(line, '--check') === undefined ? measure(host, line, version) : check(host, line, version);
}

/** Suites in words. */
async function tell(host: CommandHost, suites: readonly (typeof SUITES)[number][]): Promise<number> {
  const say = sayer(host), interruption = new Interruption(host);
  const progress = async (what: string): Promise<void> => {
    say(what);
    if (await interruption.breathe()) throw new Interrupted();
  };
  try {
    for (const [n, suite] of suites.entries()) {
      const text = await suite.run(progress);
      say('');
      const status = printed(host, n === 0 ? text : `\n${text}`);
      if (status !== 0) return status;
    }
    return 0;
  } catch (error) {
    say('');
    if (error instanceof Interrupted) return complain(host, 'bench: interrupted', STATUS_INTERRUPTED);
    if (!(error instanceof WrongSum)) throw error;
    return complain(host, `bench: ${error.message}`, STATUS_WRONG);
  } finally { interruption.end(); }
}
class Interrupted extends Error {}
/** Says what happens on a terminal, in one line that goes again; elsewhere nothing. */
function sayer(host: CommandHost): (what: string) => void {
  if (!host.isTerminal(2)) return () => { /* Nobody waits. */ };
  return what => { host.write(2, bytesOf(`\r\x1b[K${what}`), null); };
}

async function measure(host: CommandHost, line: CommandLine, version: string): Promise<number> {
  if (line.values.has('--update')) return complain(host, 'bench: --update rewrites what --check names', STATUS_USAGE);
  const results = await measured(host, line, null, version);
  return typeof results === 'number' ? results : putOut(host, line, results, isPictured(line));
}
/** Results, or the exit status without them. */
async function measured(host: CommandHost, line: CommandLine, baseline: Results | null, version: string): Promise<Results | number> {
  const interruption = new Interruption(host);
  try { return await measuredUntil(interruption, host, line, baseline, version); } finally { interruption.end(); }
}
async function measuredUntil(interruption: Interruption, host: CommandHost, line: CommandLine, baseline: Results | null, version: string): Promise<Results | number> {
  const own = line.values.has('--program') ? await (await import('./bench-program.ts')).rowsOfProgram(host, line, interruption) : [];
  if (typeof own === 'number') return own;
  const plan = planOf(line, baseline, [...new Set(own.map(({ count }) => count))].filter(count => count <= COUNT_MAX));
  if (typeof plan === 'string') return complain(host, `bench: ${plan}`, STATUS_USAGE);
  const jobs = jobsOf(host, line, plan.cells.length);
  if (typeof jobs === 'string') return complain(host, `bench: ${jobs}`, STATUS_USAGE);
  const results = await measuredCells(host, plan, jobs, version, interruption);
  return typeof results === 'number' ? results : { ...results, rows: [...results.rows, ...own] };
}
async function measuredCells(host: CommandHost, { cells, repeats }: Plan, jobs: number, version: string, interruption: Interruption): Promise<Results | number> {
  const say = sayer(host), startNs = host.realTimeNs(), seconds = (): number => Number(host.realTimeNs() - startNs) / 1e9;
  let reached = 0;
  try {
    const progress = async (done: number, cell: Cell): Promise<boolean> => {
      const rate = done / Math.max(seconds(), 1e-3), left = done === 0 ? '' : `  ${rate.toFixed(1)} a second, ${Math.ceil((cells.length - done) / rate)} s left`;
      say(`${done + 1}/${cells.length}${left}  ${cell.contender.name}, ${cell.count} ${cell.order.name}, ${cell.policy}`);
      reached = done;
      return !await interruption.breathe();
    };
    const rows = await (jobs > 1 ? measureTogether(host, jobs, cells, progress, repeats) : measureAll(cells, progress, repeats));
    say('');
    if (rows === null) return complain(host, `bench: interrupted after ${reached} of ${cells.length} measurements; nothing was written`, STATUS_INTERRUPTED);
    return { format: FORMAT, version, rows, host: { ...host.description ?? { node: '', platform: '' }, seconds: seconds() } };
  } catch (error) {
    if (!(error instanceof WrongSum)) throw error;
    say('');
    return complain(host, `bench: ${error.message}`, STATUS_WRONG);
  }
}

/** Compares with a baseline, or makes it. */
async function check(host: CommandHost, line: CommandLine, version: string): Promise<number> {
  const file = lastValue(line, '--check') ?? '', updates = line.values.has('--update'), tolerance = toleranceOf(line);
  if (typeof tolerance === 'string') return complain(host, `bench: ${tolerance}`, STATUS_USAGE);
  const isNew = updates && readFile(host, file) === 'no such file', baseline = isNew ? null : await resultsOf(host, file);
  if (baseline === null && !isNew) return STATUS_USAGE;
  const results = await measured(host, line, baseline, version);
  if (typeof results === 'number') return results;
  const { asJson } = await import('../bench/output/json.ts'), { compare, comparisonText } = await import('../bench/output/compare.ts');
  const isPart = line.values.has('--filter') || line.values.has('--shard'), before = baseline?.rows ?? [];
  if (updates) {
    if (line.values.has('--shard') || (isPart && suitesOf(line).length === 0 && !isNew)) return complain(host, 'bench: --update takes all of the rows: name a suite with --filter, and no --shard', STATUS_USAGE);
    const wrong = writeText(host, file, asJson({ ...results, host: null }));
    if (wrong !== null) return complain(host, `${file}: ${wrong}`, STATUS_NOT_WRITTEN);
    const { differences } = compare(before, results.rows);
    print(host, `${file}: ${results.rows.length} rows, ${differences.length} of them other than before\n`);
    return putOut(host, line, results, true);
  }
  const found = new Set(results.rows.map(nameOf)), comparison = compare(isPart || suitesOf(line).length > 0 ? before.filter(row => found.has(nameOf(row))) : before, results.rows, tolerance);
  const wrong = print(host, comparisonText(comparison));
  if (wrong !== null) return complain(host, `standard output: ${wrong}`, STATUS_NOT_WRITTEN);
  const status = Math.max(await tellCi(host, line, comparison), await putOut(host, line, results, true));
  if (status !== 0 || comparison.differences.length === 0) return status;
  return complain(host, `bench: not what ${file} says; if that is meant: tramp64 bench --check ${file} --update`, STATUS_DIFFERENT);
}

/** Shards of a matrix become one again, in the order of their rows. */
async function merge(host: CommandHost, line: CommandLine): Promise<number> {
  const [, ...files] = line.operands, all: Results[] = [];
  if (files.length === 0) return complain(host, 'bench: merge which files? Usage: tramp64 bench merge A.json B.json', STATUS_USAGE);
  for (const file of files) {
    const results = await resultsOf(host, file);
    if (results === null) return STATUS_USAGE;
    all.push(results);
  }
  const version = all[0]?.version ?? '', other = all.findIndex(results => results.version !== version), rows = new Map<string, Row>();
  if (other >= 0) return complain(host, `bench: ${files[other] ?? ''} is of version ${all[other]?.version ?? ''}, ${files[0] ?? ''} of ${version}`, STATUS_USAGE);
  for (const [n, results] of all.entries()) for (const row of results.rows) {
    const name = nameOf(row), known = rows.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(row)) return complain(host, `bench: ${files[n] ?? ''} has other numbers for ${name} than a file before it`, STATUS_WRONG);
    rows.set(name, row);
  }
  const hosts = all.map(results => results.host).filter(block => block !== null);
  const merged: Results = {
    format: FORMAT, version, rows: [...rows.values()].sort(inOrder),
    host: hosts[0] === undefined ? null : { ...hosts[0], seconds: hosts.reduce((sum, { seconds }) => sum + seconds, 0) },
  };
  return putOut(host, line, merged, isPictured(line));
}
function list(host: CommandHost): number {
  const rows = (title: string, values: readonly { readonly name: string; readonly what: string }[]): string => {
    const width = Math.max(...values.map(({ name }) => name.length));
    return `${title}\n${values.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}\n`).join('')}`;
  };
  const texts = SUITES.filter(({ name }) => !MATRIX.some(part => part.name === name));
  return printed(host, [
    rows('Suites', [...MATRIX, ...texts].map(({ name, summary }) => ({ name, what: summary }))), rows('Mechanisms', CONTENDERS), rows('Profiles', PROFILES), rows('Environments', ENVIRONMENTS),
    rows('Policies', POLICIES), rows('Orders', ORDERS),
  ].join('\n'));
}
