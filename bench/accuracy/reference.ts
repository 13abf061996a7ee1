/** The reference: what a processor took, as rows of CSV (RFC 4180), and how far a model is from it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../reference');

export type Row = Readonly<Record<string, string>>;
/** Whether a processor was measured. */
export const isMeasured = (profile: string): boolean => existsSync(join(folder, profile));
/** The rows of bench/reference/PROFILE/NAME.csv. */
export function rowsOf(profile: string, name: string): readonly Row[] {
  const [header = [], ...rows] = fields(readFileSync(join(folder, profile, `${name}.csv`), 'utf8'));
  return rows.map(row => Object.fromEntries(header.map((column, k) => [column, row[k] ?? ''])));
}
function fields(text: string): string[][] {
  return text.trimEnd().split('\n').map(line => [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^",]*))/g)].map(match => match[1] ?? match[2] ?? ''));
}

/** What was measured: the lowest median and tenth percentile of several runs, and the highest median, all in cycles. */
export interface Measured { readonly median: number; readonly p10: number; readonly worst: number }
export function measuredOf(row: Row): Measured {
  const number = (name: string): number => Number(row[name]), median = number('median');
  return { median, p10: number('p10') || median, worst: number('worst') || number('p90') || median };
}
export interface Comparison { readonly name: string; readonly measured: Measured; readonly modelled: number }
/** Against the nearer of p10 and median, as a part of it; none between them. */
export function errorOf({ measured: { median, p10 }, modelled }: Comparison): number {
  const low = Math.min(median, p10), high = Math.max(median, p10);
  return modelled < low ? modelled / low - 1 : modelled > high ? modelled / high - 1 : 0;
}
/** From the best run to the worst. */
export const spreadOf = ({ median, p10, worst }: Measured): number => worst / Math.min(median, p10) - 1;
export const quantile = (values: readonly number[], part: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
