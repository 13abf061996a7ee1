/** The suite `policies`: every contender under every policy, and what libffi would take. */
import { POLICIES as AXIS } from './axes.ts';
import { CONTENDERS, ofEach, type Contender, type Progress } from './contenders.ts';
import { trials, type Trial } from './measure.ts';
import { columns } from './report.ts';

/** As `--policy` of run has them. */
export const POLICIES: readonly string[] = AXIS.map(({ name }) => name.replaceAll('+', ','));

export async function policies(progress: Progress): Promise<string> {
  const results = await ofEach(progress, contender => trials(contender, POLICIES));
  const rows = CONTENDERS.map((contender, n) => [contender.name, ...(results[n] ?? []).map(outcome)]);
  return `One trampoline under every security policy (tramp64 run --policy; src/syscalls/README.md): cycles of an invocation where it works,
else the call that was refused and with what. SIGSEGV when called: no call fails, not even execve, which leaves the stack that is asked to be
executable without that right; the first call of the trampoline is a fetch that faults.

${columns([['contender', ...POLICIES], ...rows])}

libffi's order, methods of userspace first, trampfd when all of them were refused, and a signal, which takes the program's SIGSEGV, when trampfd was, too:
${POLICIES.map((policy, p) => `  ${policy.padEnd(Math.max(...POLICIES.map(({ length }) => length)))}  ${chosen(p, results)}\n`).join('')}`;
}
/** Of one trial, in a cell of a table. */
export function outcome({ cycles, refusals, death }: Trial): string {
  const refused = refusals.join(', ');
  if (cycles !== null) return refused === '' ? cycles.toFixed(1) : `${cycles.toFixed(1)} after ${refused}`;
  return refused === '' ? death ?? 'failed' : refused;
}
/** The first method in libffi's order that works, and what was refused before. */
function chosen(policy: number, results: readonly (readonly Trial[])[]): string {
  const placed = CONTENDERS.map((contender, n) => ({ contender, trial: results[n]?.[policy] })).filter(({ contender }) => contender.libffiPlace !== undefined);
  const place = ({ libffiPlace }: Contender): number => libffiPlace ?? Infinity;
  const order = placed.sort((a, b) => place(a.contender) - place(b.contender));
  const found = order.findIndex(({ trial: tried }) => typeof tried?.cycles === 'number');
  const before = order.slice(0, found < 0 ? order.length : found).map(({ contender, trial: tried }) => `${contender.name}: ${tried === undefined ? '' : outcome(tried)}`).join('; ');
  const name = found < 0 ? 'nothing works' : `${order[found]?.contender.name ?? ''}, ${(order[found]?.trial?.cycles ?? 0).toFixed(1)} cycles`;
  return before === '' ? name : `${name} (${before})`;
}
