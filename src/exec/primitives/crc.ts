/** CRC-32C (SDM vol. 2, CRC32). Programs of integers have it. */
import { once } from '../../base/once.ts';
import type { Primitive } from '../primitive.ts';
import { integer } from './lanes.ts';

/** A byte's remainder by CRC-32C's polynomial, bits reversed. */
const remainders = once(() => Int32Array.from({ length: 256 }, (_, byte) => {
  for (let k = 0; k < 8; k++) byte = byte >>> 1 ^ ((byte & 1) !== 0 ? 0x82f63b78 : 0);
  return byte;
}));
/** By the size of b, the data. */
export const CRC32: Readonly<Record<1 | 2 | 4 | 8, Primitive>> = { 1: crc32(1), 2: crc32(2), 4: crc32(4), 8: crc32(8) };
function crc32(bytes: number): Primitive {
  return integer(`x86.crc32.${8 * bytes}`, 4, (s, r, a, b) => {
    const table = remainders();
    let crc = s.i32[a];
    for (let k = 0; k < bytes; k++) crc = crc >>> 8 ^ table[(crc ^ s.u8[4 * b + k]) & 0xff];
    s.i32[r] = crc; s.i32[r + 1] = 0;
  });
}
