/** AES, PCLMULQDQ and SHA in XMM registers (SDM vol. 1 §12.13). */
import * as crypto from '../primitives/crypto.ts';
import type { Semantics } from '../ops.ts';
import type { Primitive } from '../primitive.ts';
import type { Scores } from './scores.ts';
import { binary, binaryWithImmediate, first, second, third, unalignedVectorOf, unary, unaryWithImmediate, whole } from './sse-operands.ts';

/** SHA: AMD's take memory at any address. */
const hash = (primitive: Primitive): Semantics => (m, i) => {
  const a = m.read(whole(first(i)));
  const b = unalignedVectorOf(m, second(i));
  m.write(whole(first(i)), third(i) === undefined ? m.apply(primitive, a, b) : m.apply(primitive, a, b, m.read(third(i))));
};
/** XMM0, which the third operand spells out, has the sums of message and constants. */
const sha256rnds2: Semantics = (m, i) => {
  const a = m.read(whole(first(i)));
  const b = unalignedVectorOf(m, second(i));
  m.write(whole(first(i)), m.apply(crypto.sha256rnds2, a, b, m.read(whole(third(i)))));
};

export const sseCrypto = (): Scores => [
  'aesenc', binary(crypto.aesenc), 'aesenclast', binary(crypto.aesenclast), 'aesdec', binary(crypto.aesdec), 'aesdeclast', binary(crypto.aesdeclast),
  'aesimc', unary(crypto.aesimc), 'aeskeygenassist', unaryWithImmediate(crypto.aeskeygenassist), 'pclmulqdq', binaryWithImmediate(crypto.pclmulqdq),
  'sha1msg1', hash(crypto.sha1msg1), 'sha1msg2', hash(crypto.sha1msg2), 'sha1nexte', hash(crypto.sha1nexte), 'sha1rnds4', hash(crypto.sha1rnds4),
  'sha256msg1', hash(crypto.sha256msg1), 'sha256msg2', hash(crypto.sha256msg2), 'sha256rnds2', sha256rnds2,
];
