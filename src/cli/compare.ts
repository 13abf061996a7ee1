/** `tramp64 compare`: two results of `tramp64 bench`, row by row. */
import { compare, comparisonMarkdown, comparisonText } from '../bench/output/compare.ts';
import { resultsOf, STATUS_DIFFERENT } from './bench-output.ts';
import { toleranceOf } from './bench-plan.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { printed } from './files.ts';
import type { CommandLine } from './options.ts';

export async function compareResults(host: CommandHost, line: CommandLine): Promise<number> {
  const [a, b, extra] = line.operands, tolerance = toleranceOf(line);
  if (a === undefined || b === undefined || extra !== undefined) return complain(host, 'compare: two files, please. Usage: tramp64 compare A.json B.json', STATUS_USAGE);
  if (typeof tolerance === 'string') return complain(host, `compare: ${tolerance}`, STATUS_USAGE);
  const before = await resultsOf(host, a), after = before === null ? null : await resultsOf(host, b);
  if (before === null || after === null) return STATUS_USAGE;
  const comparison = compare(before.rows, after.rows, tolerance), status = printed(host, (line.values.has('--markdown') ? comparisonMarkdown : comparisonText)(comparison));
  return status !== 0 ? status : comparison.differences.length === 0 ? 0 : STATUS_DIFFERENT;
}
