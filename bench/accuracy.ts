/** `npm run bench:accuracy [-- SECTION ...] [--timing=T] [--profile=P]`: modelled cycles beside a processor's, section by section. A profile whose processor was not measured is laid beside the Zen 3. */
import { Stopwatch } from './accuracy/guest.ts';
import { instructions } from './accuracy/instructions.ts';
import { branches, forwarding, jumps, patterns } from './accuracy/branches.ts';
import { targets, trampolines } from './accuracy/trampolines.ts';
import { memory } from './accuracy/memory.ts';
import { kernel } from './accuracy/kernel.ts';
import { programs, unseen } from './accuracy/programs.ts';
import { type Comparison, errorOf, isMeasured, quantile, spreadOf } from './accuracy/reference.ts';
import type { Timing } from '../src/timing/costs.ts';
import { PROCESSORS } from '../src/timing/profiles/processors.ts';

type Section = (profile: string, watch: Stopwatch) => readonly Comparison[];
const SECTIONS: Readonly<Record<string, Section>> = { instructions, trampolines, targets, branches, patterns, jumps, forwarding, memory, kernel, programs, unseen };
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function report(name: string, rows: readonly Comparison[]): void {
  console.log(`\n## ${name}\n\n| row | measured p10 | median | spread | modelled | error |\n| --- | ---: | ---: | ---: | ---: | ---: |`);
  for (const row of rows) {
    const { measured, modelled } = row;
    console.log(`| ${row.name} | ${measured.p10.toFixed(2)} | ${measured.median.toFixed(2)} | ${percent(spreadOf(measured))} | ${modelled.toFixed(2)} | ${percent(errorOf(row))} |`);
  }
}
function summary(name: string, rows: readonly Comparison[]): string {
  const errors = rows.map(row => Math.abs(errorOf(row))), mean = errors.reduce((a, b) => a + b, 0) / errors.length;
  const isMet = (row: Comparison): boolean => Math.abs(errorOf(row)) <= Math.max(0.15, spreadOf(row.measured));
  return `${name.padEnd(14)} ${String(rows.length).padStart(4)} rows: median ${percent(quantile(errors, 0.5))}, mean ${percent(mean)}, 90th percentile ${percent(quantile(errors, 0.9))}, worst ${percent(Math.max(...errors))}; ${rows.filter(isMet).length} within 15 % or their own spread`;
}

const args = process.argv.slice(2), option = (name: string): string | undefined => args.find(arg => arg.startsWith(`--${name}=`))?.split('=')[1];
const timing = (option('timing') ?? 'fast') as Timing, model = PROCESSORS.find(({ profile: { name } }) => name === (option('profile') ?? 'zen3'))?.profile;
if (model === undefined) throw new Error(`no such profile; there are ${PROCESSORS.map(({ profile: { name } }) => name).join(', ')}`);
const wanted = args.filter(arg => !arg.startsWith('--')), profile = isMeasured(model.name) ? model.name : 'zen3', watch = new Stopwatch({ timing, profile: model });
const summaries: string[] = [];
for (const [name, section] of Object.entries(SECTIONS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const rows = section(profile, watch);
  if (rows.length === 0) continue;
  report(name, rows);
  summaries.push(summary(name, rows));
  const groups = new Set(rows.filter(row => row.name.includes(' · ')).map(row => row.name.split(' · ')[0]!));
  for (const group of groups) summaries.push(`  ${summary(group, rows.filter(row => row.name.startsWith(`${group} · `)))}`);
}
console.log(`\n${model.name}, timing ${timing}, against ${profile}:\n${summaries.join('\n')}`);
