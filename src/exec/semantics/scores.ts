/** What a family of instructions means: names, each before its score. */
import type { Helper, Semantics } from '../ops.ts';

/** A list and no object, because programs need little of it: V8 takes much longer to give an object so many members. */
export type Scores = readonly (string | Semantics)[];

export function scoreIn(scores: Scores, name: string): Semantics | undefined {
  const at = scores.indexOf(name);
  return at < 0 ? undefined : scores[at + 1] as Semantics;
}
/** Several names that share a meaning. */
export function all(names: readonly string[], score: Semantics): Scores { return names.flatMap(name => [name, score]); }
/** What a helper does is the whole of it. */
export const helps = (helper: Helper): Semantics => (m, i) => m.help(helper, i);
