/** Random cases of every instruction, in every performer, against a processor's recorded answers; where one is at hand, it says what it would have made of them. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAMILIES, type Family } from './support/cases/forms.ts';
import type { CaseProgram } from './support/cases/program.ts';
import { ENGINES, performed, performedNatively } from './support/cases/run.ts';
import { differences, newSnippets, snippetsOf, vectorLinesOf, vectorProgram } from './support/cases/vectors.ts';
import { isNativeHost } from './support/guest.ts';
import { isUpdate, vectorFile, vectorLines } from './support/vectors.ts';

const fileOf = (family: Family): string => `random-${family}.txt`;
const isRecorded = (family: Family): boolean => existsSync(fileURLToPath(new URL(`vectors/${fileOf(family)}`, import.meta.url).href));

/** To compile takes longest: there it is every so many-th instruction, or with TEST_PROGRAMS every one. */
const COMPILED_SHARE = process.env['TEST_PROGRAMS'] === undefined ? 4 : 1;
const isCompiled = (snippet: number): boolean => snippet % COMPILED_SHARE === 0;
/** The same for all other performers. */
const programs = new Map<Family, CaseProgram>();
function programOf(family: Family, lines: readonly string[]): CaseProgram {
  const known = programs.get(family) ?? vectorProgram(family, snippetsOf(lines));
  programs.set(family, known);
  return known;
}

const random = suite('random › recorded cases');
for (const family of FAMILIES) {
  if (isUpdate && isNativeHost) random(`${family}: the processor answers`, () => {
    const snippets = newSnippets(family);
    if (snippets.length === 0) return;
    const program = vectorProgram(family, snippets);
    vectorFile(fileOf(family), vectorLinesOf(program, performedNatively(program), family), true);
  });
  for (const engine of ENGINES) if (engine !== 'auto') random(`${family} in ${engine}`, () => {
    if (!isRecorded(family)) return;
    const lines = vectorLines(fileOf(family)), isPart = engine === 'compile' && COMPILED_SHARE > 1;
    const program = isPart ? vectorProgram(family, snippetsOf(lines), isCompiled) : programOf(family, lines), { after } = performed(program, engine);
    const mine = vectorLinesOf(program, after, family), wrong = mine.filter((line, n) => line !== lines[n] && (!isPart || isCompiled(n)));
    if (wrong.length > 0) assert.unreachable([...wrong.slice(0, 10), ...isNativeHost ? differences(program, performedNatively(program), after, family) : []].join('\n'));
  });
}
random.run();
