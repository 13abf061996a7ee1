/** Integers of SSSE3 and SSE4.1 in XMM registers (SDM vol. 1 ch. 12). SSE4.2's string comparisons are in sse-text.ts. */
import * as p from '../primitives/extended.ts';
import { ARITHMETIC_FLAGS, type Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { binary, binaryWithImmediate, first, isMemory, lane, second, third, unary, vectorOf, whole } from './sse-operands.ts';

/** Reads only as many bytes as the result has lanes for; they need no alignment. */
function widen(primitive: Primitive, bytes: 2 | 4 | 8): Semantics {
  return (m, i) => {
    const source = second(i);
    const value = isMemory(source) ? m.load(m.address(source), bytes) : m.read(lane(source, 8));
    m.write(whole(first(i)), m.apply(primitive, value));
  };
}
/** The mask is XMM0, which the third operand spells out. */
function blendBySign(primitive: Primitive): Semantics {
  return (m, i) => {
    const a = m.read(whole(first(i)));
    const b = vectorOf(m, second(i));
    m.write(whole(first(i)), m.apply(primitive, a, b, m.read(whole(third(i)))));
  };
}
/** To memory go only the lane's bytes; a register is cleared above them. */
function extract(primitive: Primitive, bytes: 1 | 4 | 8): Semantics {
  return (m, i) => {
    const target = first(i);
    const value = m.apply(primitive, m.read(whole(second(i))), m.read(third(i)));
    if (isMemory(target)) m.store(m.address(target), value, bytes);
    else m.write(target, value);
  };
}
function insert(primitive: Primitive, bytes: 1 | 4 | 8): Semantics {
  return (m, i) => {
    const source = second(i);
    const value = isMemory(source) ? m.load(m.address(source), bytes) : m.read(source);
    m.write(whole(first(i)), m.apply(primitive, m.read(whole(first(i))), value, m.read(third(i))));
  };
}
const insertps: Semantics = (m, i) => {
  const source = second(i), pattern = m.read(third(i));
  const value = isMemory(source) ? m.load(m.address(source), 4) : m.apply(p.insertpsSource, m.read(whole(source)), pattern);
  m.write(whole(first(i)), m.apply(p.insertps, m.read(whole(first(i))), value, pattern));
};
const ptest: Semantics = (m, i) => {
  const a = m.read(whole(first(i)));
  m.writeFlags(ARITHMETIC_FLAGS, m.apply(p.ptest, a, vectorOf(m, second(i))));
};

export const sseExtended = (): Scores => [
  'pshufb', binary(p.pshufb), 'palignr', binaryWithImmediate(p.palignr),
  'phaddw', binary(p.phaddw), 'phaddd', binary(p.phaddd), 'phaddsw', binary(p.phaddsw),
  'phsubw', binary(p.phsubw), 'phsubd', binary(p.phsubd), 'phsubsw', binary(p.phsubsw),
  'pmaddubsw', binary(p.pmaddubsw), 'pmulhrsw', binary(p.pmulhrsw),
  'psignb', binary(p.psignb), 'psignw', binary(p.psignw), 'psignd', binary(p.psignd),
  'pabsb', unary(p.i8x16abs), 'pabsw', unary(p.i16x8abs), 'pabsd', unary(p.i32x4abs),

  'pminsb', binary(p.i8x16minS), 'pmaxsb', binary(p.i8x16maxS), 'pminuw', binary(p.i16x8minU), 'pmaxuw', binary(p.i16x8maxU),
  'pminsd', binary(p.i32x4minS), 'pmaxsd', binary(p.i32x4maxS), 'pminud', binary(p.i32x4minU), 'pmaxud', binary(p.i32x4maxU),
  'pmulld', binary(p.i32x4mul), 'pmuldq', binary(p.pmuldq), 'packusdw', binary(p.i16x8narrowU),
  'pcmpeqq', binary(p.i64x2eq), 'pcmpgtq', binary(p.i64x2gtS), 'phminposuw', unary(p.phminposuw), 'mpsadbw', binaryWithImmediate(p.mpsadbw),
  'pmovsxbw', widen(p.pmovsxbw, 8), 'pmovsxbd', widen(p.pmovsxbd, 4), 'pmovsxbq', widen(p.pmovsxbq, 2),
  'pmovsxwd', widen(p.pmovsxwd, 8), 'pmovsxwq', widen(p.pmovsxwq, 4), 'pmovsxdq', widen(p.pmovsxdq, 8),
  'pmovzxbw', widen(p.pmovzxbw, 8), 'pmovzxbd', widen(p.pmovzxbd, 4), 'pmovzxbq', widen(p.pmovzxbq, 2),
  'pmovzxwd', widen(p.pmovzxwd, 8), 'pmovzxwq', widen(p.pmovzxwq, 4), 'pmovzxdq', widen(p.pmovzxdq, 8),
  'pblendw', binaryWithImmediate(p.pblendw), 'blendps', binaryWithImmediate(p.blendps), 'blendpd', binaryWithImmediate(p.blendpd),
  'pblendvb', blendBySign(p.pblendvb), 'blendvps', blendBySign(p.blendvps), 'blendvpd', blendBySign(p.blendvpd),
  'ptest', ptest,
  'pextrb', extract(p.pextrb, 1), 'pextrd', extract(p.pextrd, 4), 'pextrq', extract(p.pextrq, 8), 'extractps', extract(p.pextrd, 4),
  'pinsrb', insert(p.pinsrb, 1), 'pinsrd', insert(p.pinsrd, 4), 'pinsrq', insert(p.pinsrq, 8), 'insertps', insertps,
];
