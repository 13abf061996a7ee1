/** What `tramp64 bench` can measure, one suite a row: a text that is the same on every run and machine. */
import { claims } from './claims.ts';
import { CONTENDERS, ofEach, type Progress } from './contenders.ts';
import { MANY, measure, type Measurement } from './measure.ts';
import { policies } from './policies.ts';
import { invocations, lives, sentences } from './report.ts';

export interface Suite {
  readonly name: string;
  readonly summary: string;
  /** Throws WrongSum if a guest computed what its closures do not. */
  readonly run: (progress: Progress) => Promise<string>;
}

const BASE = 'indirect call';

async function comparison(progress: Progress): Promise<string> {
  const rows = await ofEach(progress, measure);
  const find = (name: string): Measurement => rows.find(row => row.contender.name === name)!;
  return `Calling a closure that adds its bound value: cost of one invocation, memory of one trampoline; then its life.
Invocation: one trampoline, called 1,000 times; the loop around it and the closure itself are included.
Cycles: modelled, of an AMD Zen 3 (src/timing): dispatch, units, chains of loops, branches, the kernel. There are no caches.
Memory: one of ${MANY} trampolines (1,000 where each needs a descriptor), beyond what the indirect call needs; kernel B is the trampoline object with its contexts,
without the file, inode and mapping that come with every descriptor and mmap.

${invocations(rows, find(BASE))}

One of as many, the making of its context included. A change binds one trampoline to another context; left B is what one
still takes when all were freed, of pages, tables and the kernel's objects.

${lives(rows, find(BASE))}

${legend()}

${sentences(find)}
`;
}
function legend(): string {
  const width = Math.max(...CONTENDERS.map(({ name }) => name.length));
  return CONTENDERS.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`).join('\n');
}

/** The first is what is run when none is named. */
export const SUITES: readonly Suite[] = [
  { name: 'table', summary: 'every mechanism: cost of an invocation, memory of a trampoline', run: comparison },
  { name: 'policies', summary: 'every mechanism under every security policy: whether it works, what is refused', run: policies },
  { name: 'claims', summary: 'the discussion\'s questions, each with the numbers behind the answer', run: claims },
];
