/** Results as JSON: a row a line, so that a difference of two files names rows; and back, or a sentence on what is wrong with a file. */
import { CAUSES } from '../../timing/causes.ts';
import { COUNTED, FORMAT, MEMORY, PARTS, type Results, type Row } from '../record.ts';

/** The host block comes last: all before it is the same on every run and machine. */
export function asJson({ format, version, rows, host }: Results): string {
  const lines = rows.map(row => `\n    ${JSON.stringify(row)}`).join(',');
  return `{\n  "format": ${JSON.stringify(format)},\n  "version": ${JSON.stringify(version)},\n  "rows": [${lines}\n  ]${host === null ? '' : `,\n  "host": ${JSON.stringify(host)}`}\n}\n`;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const allNumbers = (names: readonly string[]) => (value: unknown): boolean => isFields(value) && names.every(name => isNumber(value[name]));
const orNull = (holds: (value: unknown) => boolean) => (value: unknown): boolean => value === null || holds(value);
const isCost = (value: unknown): boolean => allNumbers(COUNTED)(value) && isFields(value) && isFields(value['causes']) && CAUSES.every(({ cause }) => (value['causes'] as Fields)[cause] === undefined || isNumber((value['causes'] as Fields)[cause]));
const FIELDS: Readonly<Record<keyof Row, (value: unknown) => boolean>> = {
  mechanism: isText, profile: isText, environment: isText, policy: isText, order: isText, program: isText, outcome: isText, count: isNumber, seed: orNull(isNumber),
  refusals: value => Array.isArray(value) && value.every(isText),
  ...Object.fromEntries(PARTS.map(part => [part, orNull(isCost)])) as Record<(typeof PARTS)[number], (value: unknown) => boolean>,
  memory: orNull(allNumbers(MEMORY)), left: orNull(allNumbers(MEMORY)),
};

export function resultsIn(text: string): Results | string {
  let value: unknown;
  try { value = JSON.parse(text); } catch (error) { return `no JSON: ${error instanceof Error ? error.message : String(error)}`; }
  if (!isFields(value) || !isText(value['format']) || !`${value['format'] as string}`.startsWith('tramp64-bench-')) return 'no results of tramp64 bench';
  if (value['format'] !== FORMAT) return `results in the format ${value['format'] as string}; this tramp64 reads ${FORMAT}`;
  const { rows, version, host = null } = value;
  if (!Array.isArray(rows) || !isText(version)) return 'results without rows or version';
  for (const [n, row] of rows.entries()) {
    const wrong = isFields(row) ? Object.entries(FIELDS).find(([name, holds]) => !holds(row[name]))?.[0] : 'everything';
    if (wrong !== undefined) return `row ${n + 1}: ${wrong} is not what it should be`;
  }
  return { format: FORMAT, version: version as string, rows: rows as readonly Row[], host: host as Results['host'] };
}
