/** Many programs of random cases: made from a seed, performed natively and by an engine, compared. */
import type { Engine } from '../../../src/exec/cpu.ts';
import { ROWS } from '../../../src/decoder/all-rows.ts';
import type { Row } from '../../../src/decoder/rows.ts';
import { Random } from '../random.ts';
import { complaintOf, type CompareOptions, isSame } from './compare.ts';
import { type Family, familyOf, type Snippet, snippetOf } from './forms.ts';
import { EXTENDED_OF } from './layout.ts';
import { type CaseProgram, programOf } from './program.ts';
import { performed, performedNatively } from './run.ts';
import { States } from './state.ts';

export interface Campaign {
  readonly family: Family;
  readonly cases: number;
  readonly seed: number;
  readonly engines: readonly Engine[];
  readonly hasMxcsr: boolean;
  /** Only rows with such a name. */
  readonly only?: RegExp;
  readonly snippetsEach?: number;
  readonly rounds?: number;
  readonly onComplaint: (engine: Engine, line: string) => void;
  readonly onProgram?: (done: number) => void;
}
export interface Tally { cases: number; faults: number; forms: number; differ: number; readonly instructions: Map<Engine, { all: number; interpreted: number; threaded: number; compiled: number }> }
const SNIPPETS = 1000, ROUNDS = 20;

/** Rows of the family of which an instruction can be made. */
export function rowsOf(family: Family, only?: RegExp): Row[] {
  const random = new Random(1);
  return ROWS.filter(row => familyOf(row) === family && (only === undefined || row.names.some(name => only.test(name)) || only.test(row.operation)) && snippetOf(row, random) !== null);
}

export function runCampaign({ family, cases, seed, engines, hasMxcsr, only, snippetsEach = SNIPPETS, rounds = ROUNDS, onComplaint, onProgram }: Campaign): Tally {
  const rows = rowsOf(family, only), options: CompareOptions = { extended: EXTENDED_OF[family], hasMxcsr };
  const tally: Tally = { cases: 0, faults: 0, forms: rows.length, differ: 0, instructions: new Map() };
  if (rows.length === 0) return tally;
  for (let k = 0; tally.cases < cases; k++) {
    const random = new Random(seed + k), states = new States(seed + k, { family, hasMxcsr }), count = Math.min(snippetsEach, Math.ceil((cases - tally.cases) / rounds));
    const snippets: Snippet[] = [];
    while (snippets.length < count) { const snippet = snippetOf(random.pick(rows), random); if (snippet !== null) snippets.push(snippet); }
    const program = programOf(family, snippets, rounds, states, () => random), host = performedNatively(program);
    for (const engine of engines) {
      const { after, stats } = performed(program, engine);
      const sum = tally.instructions.get(engine) ?? { all: 0, interpreted: 0, threaded: 0, compiled: 0 };
      sum.all += stats.get('instructions')!; sum.interpreted += stats.get('instructions interpreted')!; sum.threaded += stats.get('instructions threaded')!; sum.compiled += stats.get('instructions compiled')!;
      tally.instructions.set(engine, sum);
      for (const line of complaintsOf(program, host, after, options)) { tally.differ += 1; onComplaint(engine, `${line} (seed ${seed + k})`); }
    }
    tally.cases += count * rounds;
    onProgram?.(tally.cases);
  }
  return tally;
}
/** Kernels that switch to another task forget where the last x87 instruction was, on some processors: what differs is looked at twice. */
function complaintsOf(program: CaseProgram, host: Uint8Array, after: Uint8Array, options: CompareOptions): string[] {
  const lines: string[] = [], again = new Set<string>();
  compareAll(program, host, after, options, line => lines.push(line));
  if (lines.length === 0 || options.extended !== 'fxsave') return lines;
  compareAll(program, performedNatively(program), after, options, line => again.add(line));
  return lines.filter(line => again.has(line));
}
/** Every case in which the two differ. */
export function compareAll({ snippets, rounds, at, stride, before }: CaseProgram, host: Uint8Array, here: Uint8Array, options: CompareOptions, complain: (line: string, snippet: number) => void): void {
  snippets.forEach((snippet, n) => {
    const from = at[n]!, to = from + rounds * stride[n]!;
    if (isSame(host.subarray(from, to), here.subarray(from, to))) return;
    for (let k = from; k < to; k += stride[n]!) {
      const one = (records: Uint8Array): Uint8Array => records.subarray(k, k + stride[n]!);
      const line = complaintOf(snippet, n, one(before), one(host), one(here), options);
      if (line !== null) complain(line, n);
    }
  });
}
