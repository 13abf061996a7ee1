/** Results as text with aligned columns, as Markdown, and as CSV (RFC 4180). */
import { columns } from '../report.ts';
import type { Results } from '../record.ts';
import { COLUMNS, Rows } from './columns.ts';

export function asText({ rows }: Results): string {
  const all = new Rows(rows), shown = all.columns;
  if (rows.length === 0) return 'There is nothing to be measured.\n';
  return `${common(all)}\n\n${columns([shown.map(({ title }) => title), ...rows.map(row => shown.map(column => all.cell(column, row)))])}\n`;
}
export function asMarkdown({ rows }: Results): string {
  const all = new Rows(rows), shown = all.columns, line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${common(all)}\n\n${line(shown.map(({ title }) => title))}${line(shown.map(({ digits }) => digits === undefined ? '---' : '---:'))}${rows.map(row => line(shown.map(column => all.cell(column, row)))).join('')}`;
}
/** Everything, a row a line. */
export function asCsv({ rows }: Results): string {
  const all = new Rows(rows), quoted = (text: string): string => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return [COLUMNS.map(({ key }) => key), ...rows.map(row => COLUMNS.map(column => `${column.of(row, all) ?? ''}`))].map(cells => `${cells.map(quoted).join(',')}\r\n`).join('');
}
function common(all: Rows): string { return all.common.map(([title, value]) => `${title} ${value}`).join(', '); }
