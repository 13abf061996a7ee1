/** Shuffles, unpacks, and words in and out of vectors (SDM: PSHUFD, PUNPCKLBW, SHUFPS, PINSRW, PEXTRW). */
import { extract16, insert16 } from '../primitives/integer.ts';
import * as p from '../primitives/shuffle.ts';
import type { Semantics } from '../ops.ts';
import type { Scores } from './scores.ts';
import { binary, binaryWithImmediate, first, isMemory, second, third, unaryWithImmediate, whole } from './sse-operands.ts';

/** Memory gives a word; a register its low one. */
const insertWord: Semantics = (m, i) => {
  const target = first(i), source = second(i), position = third(i);
  const value = isMemory(source) ? m.load(m.address(source), 2) : m.read(source);
  m.write(whole(target), m.apply(insert16, m.read(whole(target)), value, m.read(position)));
};
const extractWord: Semantics = (m, i) => {
  const target = first(i), source = second(i), position = third(i);
  const value = m.apply(extract16, m.read(whole(source)), m.read(position));
  if (isMemory(target)) m.store(m.address(target), value, 2);
  else m.write(target, value);
};

export const sseShuffle = (): Scores => [
  'punpcklbw', binary(p.unpackLow8), 'punpcklwd', binary(p.unpackLow16),
  'punpckldq', binary(p.unpackLow32), 'punpcklqdq', binary(p.unpackLow64),
  'punpckhbw', binary(p.unpackHigh8), 'punpckhwd', binary(p.unpackHigh16),
  'punpckhdq', binary(p.unpackHigh32), 'punpckhqdq', binary(p.unpackHigh64),
  'unpcklps', binary(p.unpackLow32), 'unpckhps', binary(p.unpackHigh32), 'unpcklpd', binary(p.unpackLow64), 'unpckhpd', binary(p.unpackHigh64),
  'pshufd', unaryWithImmediate(p.pshufd), 'pshuflw', unaryWithImmediate(p.pshuflw), 'pshufhw', unaryWithImmediate(p.pshufhw),
  'shufps', binaryWithImmediate(p.shufps), 'shufpd', binaryWithImmediate(p.shufpd),
  'pinsrw', insertWord, 'pextrw', extractWord,
];
