/** What a comparison is for machines: JUnit XML, and GitHub's annotations (docs.github.com: workflow commands). */
import { nameOf } from '../record.ts';
import { changeText, differenceText, type Comparison } from './compare.ts';

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A row is a test case. */
export function asJunit({ compared, differences }: Comparison): string {
  const byName = new Map(differences.map(difference => [difference.name, difference]));
  const names = [...new Set([...compared.map(nameOf), ...byName.keys()])];
  const cases = names.map(name => {
    const difference = byName.get(name), head = `    <testcase classname="tramp64.bench" name="${escaped(name)}"`;
    return difference === undefined ? `${head}/>\n` : `${head}>\n      <failure message="${escaped(difference.changes[0] === undefined ? difference.kind : changeText(difference.changes[0]))}">${escaped(differenceText(difference))}</failure>\n    </testcase>\n`;
  }).join('');
  const counts = `tests="${names.length}" failures="${differences.length}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="tramp64 bench" ${counts}>\n${cases}  </testsuite>\n</testsuites>\n`;
}

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
/** One error a row. */
export function annotations({ differences }: Comparison): string {
  return differences.map(difference => `::error title=${property(`tramp64 bench: ${difference.name}`)}::${data(differenceText(difference).trimEnd())}\n`).join('');
}
