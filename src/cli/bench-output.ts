/** Where results of `tramp64 bench` go: standard output or a file in one of the formats, pages and plots, and what CI systems read. */
import type { Comparison } from '../bench/output/compare.ts';
import type { Results } from '../bench/record.ts';
import { complain, STATUS_NOT_WRITTEN, STATUS_USAGE, type CommandHost } from './command.ts';
import { appendText, makeDirectory, print, readText, writeText } from './files.ts';
import { type CommandLine, lastValue } from './options.ts';

export const STATUS_DIFFERENT = 1;
/** An option by which the form of the output is chosen, and what makes it. */
const FORMS: readonly (readonly [option: string, form: (results: Results) => Promise<string>])[] = [
  ['--json', async results => (await import('../bench/output/json.ts')).asJson(results)],
  ['--csv', async results => (await import('../bench/output/tables.ts')).asCsv(results)],
  ['--markdown', async results => (await import('../bench/output/tables.ts')).asMarkdown(results)],
];
const asText = async (results: Results): Promise<string> => (await import('../bench/output/tables.ts')).asText(results);

/** What is wrong with the options themselves, before anything is measured. */
export function formsWrong(line: CommandLine): string | null {
  const given = FORMS.filter(([option]) => line.values.has(option));
  return given.length > 1 ? `one of ${given.map(([option]) => option).join(' and ')}, please` : null;
}
/** The exit status. `isQuiet`: nobody waits for a table, unless it is asked for. */
export async function putOut(host: CommandHost, line: CommandLine, results: Results, isQuiet = false): Promise<number> {
  const form = FORMS.find(([option]) => line.values.has(option))?.[1], file = lastValue(line, '--output');
  if (!isQuiet || form !== undefined || file !== undefined) {
    const text = await (form ?? asText)(results), wrong = file === undefined ? print(host, text) : writeText(host, file, text);
    if (wrong !== null) return complain(host, `${file ?? 'standard output'}: ${wrong}`, STATUS_NOT_WRITTEN);
  }
  return putPictures(host, line, results);
}
/** A page, and plots in files of their own. */
async function putPictures(host: CommandHost, line: CommandLine, results: Results): Promise<number> {
  const page = lastValue(line, '--html'), folder = lastValue(line, '--svg'), files: (readonly [path: string, text: string])[] = [];
  if (page !== undefined) files.push([page, (await import('../bench/output/html.ts')).asHtml(results)]);
  if (folder !== undefined) {
    const { alone, groupsOf, plotsOf } = await import('../bench/output/plots.ts'), groups = groupsOf(results.rows), wrong = makeDirectory(host, folder);
    if (wrong !== null) return complain(host, `${folder}: ${wrong}`, STATUS_NOT_WRITTEN);
    for (const rows of groups) for (const { name, wide, narrow } of plotsOf(rows)) {
      const file = groups.length === 1 ? name : `${name}-${rows[0]?.profile ?? ''}-${rows[0]?.environment ?? ''}`;
      files.push([`${folder}/${file}.svg`, alone(wide)], [`${folder}/${file}-narrow.svg`, alone(narrow)]);
    }
  }
  for (const [path, text] of files) {
    const wrong = writeText(host, path, text);
    if (wrong !== null) return complain(host, `${path}: ${wrong}`, STATUS_NOT_WRITTEN);
  }
  return 0;
}
/** Options that ask for pictures: who has none of the others is not told a table besides. */
export const isPictured = (line: CommandLine): boolean => line.values.has('--html') || line.values.has('--svg');

/** Results in a file, or null: then it has been said why there are none. */
export async function resultsOf(host: CommandHost, path: string): Promise<Results | null> {
  const text = readText(host, path), { resultsIn } = await import('../bench/output/json.ts');
  const results = typeof text === 'string' ? resultsIn(text) : text.wrong;
  if (typeof results !== 'string') return results;
  complain(host, `${path}: ${results}`, STATUS_USAGE);
  return null;
}
/** What CI systems read of a comparison, where they are or are asked for. The exit status. */
export async function tellCi(host: CommandHost, line: CommandLine, comparison: Comparison): Promise<number> {
  const variable = (name: string): string | undefined => host.environment.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const junit = lastValue(line, '--junit'), summary = lastValue(line, '--summary') ?? variable('GITHUB_STEP_SUMMARY') ?? '';
  const { asJunit, annotations } = await import('../bench/output/ci.ts'), { comparisonMarkdown } = await import('../bench/output/compare.ts');
  const wrongs: (readonly [string, string | null])[] = [];
  if (junit !== undefined) wrongs.push([junit, writeText(host, junit, asJunit(comparison))]);
  if (summary !== '') wrongs.push([summary, appendText(host, summary, comparisonMarkdown(comparison))]);
  if (line.values.has('--annotations') || variable('GITHUB_ACTIONS') === 'true') wrongs.push(['standard output', print(host, annotations(comparison))]);
  const wrong = wrongs.find(([, what]) => what !== null);
  return wrong === undefined ? 0 : complain(host, `${wrong[0]}: ${wrong[1] ?? ''}`, STATUS_NOT_WRITTEN);
}
