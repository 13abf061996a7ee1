/** What a mnemonic means: rows, with the aliases that GNU as has beside Intel's names (SDM vol. 2, appendix B.1 for conditions). */
import type { Size } from '../base/types.ts';
import { ROWS } from './all-rows.ts';
import { isEncodable, sizesOf } from './encode.ts';
import { VEX_COMPARISONS, XOP_COMPARISONS } from './format-names.ts';
import { immediate, register } from './instruction.ts';
import type { Operand } from './instruction.ts';
import { CONDITIONS, PLACE } from './rows.ts';
import type { Row } from './rows.ts';

export interface Meaning {
  readonly row: Row;
  /** Operand sizes that the name allows, the default first. */
  readonly sizes: readonly Size[];
  readonly condition: number;
  /** Bytes in front: WAIT. */
  readonly before: readonly number[];
  /** Operands that the name contains. */
  readonly extra: readonly Operand[];
}

/** The other names of conditions. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  b: ['c', 'nae'], ae: ['nb', 'nc'], e: ['z'], ne: ['nz'], be: ['na'], a: ['nbe'],
  p: ['pe'], np: ['po'], l: ['nge'], ge: ['nl'], le: ['ng'], g: ['nle'],
};

const ALIASES: Readonly<Record<string, string>> = {
  sal: 'shl', xlatb: 'xlat', wait: 'fwait', icebp: 'int1', ud2a: 'ud2', loopz: 'loope', loopnz: 'loopne', sysret: 'sysretd', sysexit: 'sysexitd',
  pushfq: 'pushf', popfq: 'popf', retq: 'ret', callq: 'call', jmpq: 'jmp', leaveq: 'leave', iretd: 'iret',
};
/** String instructions by element, which is in the name only where there are no operands. */
const ELEMENTS: Readonly<Record<string, Size>> = { b: 1, w: 2, d: 4, q: 8 };
/** x87 control instructions that check for errors first, by means of a WAIT. */
const WAITING: Readonly<Record<string, string>> = {
  fstcw: 'fnstcw', fstsw: 'fnstsw', fclex: 'fnclex', finit: 'fninit', fstenv: 'fnstenv', fsave: 'fnsave',
};
const WAIT = 0x9b;
/** Without operands these mean st(1), and st where they take two. */
const STACK_TOP = register('st', 0, 10), BELOW = register('st', 1, 10);
const BELOW_TOP: Readonly<Record<string, readonly Operand[]>> = {
  ...Object.fromEntries('faddp fmulp fsubp fsubrp fdivp fdivrp'.split(' ').map(name => [name, [BELOW, STACK_TOP]])),
  ...Object.fromEntries('fxch fcom fcomp fucom fucomp'.split(' ').map(name => [name, [BELOW]])),
  ...Object.fromEntries('fcomi fcomip fucomi fucomip'.split(' ').map(name => [name, [STACK_TOP, BELOW]])),
};
/** xmm0 is their third operand, written or not. */
const THIRD_IS_XMM0: ReadonlySet<string> = new Set(['pblendvb', 'blendvps', 'blendvpd', 'sha256rnds2']);
const XMM0 = register('xmm', 0, 16);
/** Comparisons and products whose immediate is in the name: cmpltsd is cmpsd with 1. VEX has more comparisons. */
const LEGACY_COMPARISONS = 8;
const PRODUCTS: Readonly<Record<string, number>> = { lql: 0, hql: 1, lqh: 0x10, hqh: 0x11 };

/** Every row under each of its names. */
const BY_NAME: ReadonlyMap<string, readonly Meaning[]> = (() => {
  const index = new Map<string, Meaning[]>();
  const add = (name: string, meaning: Meaning): void => {
    const known = index.get(name);
    if (known === undefined) index.set(name, [meaning]);
    else known.push(meaning);
  };
  for (const row of ROWS.filter(isEncodable)) {
    const sizes = sizesOf(row);
    const plain: Meaning = { row, sizes, condition: 0, before: [], extra: [] };
    if (row.adds === 'condition') {
      const stem = row.names[0]?.replace(/cc$/, '') ?? '';
      CONDITIONS.forEach((name, condition) => [name, ...SYNONYMS[name] ?? []].forEach(suffix => add(stem + suffix, { ...plain, condition })));
    } else {
      const isSized = row.names.length > 1;
      row.names.forEach((name, n) => add(name, isSized ? { ...plain, sizes: sizes.filter(size => size === sizeOfName(row, n)) } : plain));
    }
    // A plain `mov` may have a whole immediate; an address without ModRM only if the source says movabs.
    if (row.names[0] === 'movabs' && row.operands[1]?.place === PLACE.immediate) add('mov', plain);
    if (row.names[0] === 'movsxd') add('movsx', plain);
  }
  return index;
})();

/** `cbw|cwde|cdqe` are the sizes 2, 4 and 8; where 4 is not to be had, `pushw|push` are 2 and 8. */
function sizeOfName(row: Row, n: number): Size {
  const all: readonly Size[] = row.names.length === 2 && row.isDefault64 ? [2, 8] : [2, 4, 8];
  return all[n] ?? 8;
}

/** The meanings of a mnemonic that stands before `count` operands. */
export function meaningsOf(mnemonic: string, count: number): readonly Meaning[] {
  const name = ALIASES[mnemonic] ?? mnemonic;
  const string = count === 0 ? stringMeanings(name) : [];
  if (string.length > 0) return string;
  const implied = count === 0 ? BELOW_TOP[name] : undefined;
  if (implied !== undefined) return named(name).map(meaning => ({ ...meaning, extra: implied })).filter(hasRoom(implied.length));
  if (THIRD_IS_XMM0.has(name) && count === 2) return named(name).map(meaning => ({ ...meaning, extra: [XMM0] }));
  const waiting = WAITING[name];
  if (waiting !== undefined) return named(waiting).map(meaning => ({ ...meaning, before: [WAIT] }));
  if (/^[rs](?:[oh]|c)[lr]$|^sh[lr]$|^sar$/.test(name) && count === 1) return withValue(named(name), 1);
  const absorbed = absorbedValue(name);
  return absorbed === null ? named(name) : withValue(named(absorbed.name), absorbed.value);
}

function named(name: string): readonly Meaning[] { return BY_NAME.get(name) ?? []; }

function hasRoom(count: number): (meaning: Meaning) => boolean {
  return meaning => meaning.row.operands.length === count;
}

function withValue(meanings: readonly Meaning[], value: number): readonly Meaning[] {
  return meanings.map(meaning => ({ ...meaning, extra: [immediate(8, value, 0)] }));
}

/** stosq: `stos` with 8-byte elements. */
function stringMeanings(name: string): readonly Meaning[] {
  const [, stem = '', element = ''] = /^(movs|cmps|stos|lods|scas|ins|outs)([bwdq])$/.exec(name) ?? [];
  const size = ELEMENTS[element];
  if (size === undefined) return [];
  return named(stem).filter(meaning => size === 1 ? meaning.sizes[0] === 0 : meaning.sizes.includes(size))
    .map(meaning => ({ ...meaning, sizes: size === 1 ? [0] : [size] }));
}

function absorbedValue(name: string): { readonly name: string; readonly value: number } | null {
  const [, vex = '', comparison, type = ''] = /^(v?)cmp([a-z_]+?)([ps][sd])$/.exec(name) ?? [];
  const value = comparison === undefined ? -1 : VEX_COMPARISONS.indexOf(comparison);
  if (value >= 0 && (value < LEGACY_COMPARISONS || vex !== '')) return { name: `${vex}cmp${type}`, value };
  const [, order = '', element = ''] = /^vpcom(lt|le|gt|ge|eq|neq|false|true)(u?[bwdq])$/.exec(name) ?? [];
  if (order !== '') return { name: `vpcom${element}`, value: XOP_COMPARISONS.indexOf(order) };
  const [, product] = /^v?pclmul([lh]q[lh])qdq$/.exec(name) ?? [];
  return product === undefined ? null : { name: name.replace(product, ''), value: PRODUCTS[product] ?? 0 };
}
