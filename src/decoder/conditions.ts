/** The sixteen conditions (SDM vol. 2, appendix B, table B-10), by the names disassemblers prefer. */
export const CONDITIONS: readonly string[] = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];

const named = (stem: string): readonly string[] => CONDITIONS.map(condition => stem + condition);
const FAMILIES: Readonly<Record<string, readonly string[]>> = { jcc: named('j'), setcc: named('set'), cmovcc: named('cmov') };

/** The mnemonics of a family: `jcc` gives jo, jno, jb ... */
export function conditionNames(family: string): readonly string[] { return FAMILIES[family] ?? []; }
