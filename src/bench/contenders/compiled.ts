/** Contenders that compilers and libraries made (programs/): real GCC output, real libffi 3.4.4. */
import { IMAGE as FFI_DEBIAN } from '../programs/ffi-debian.ts';
import { IMAGE as FFI_STATIC } from '../programs/ffi-static.ts';
import { IMAGE as NESTED } from '../programs/nested.ts';
import type { CompiledContender } from './common.ts';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** RFC 4648, section 4. */
function fromBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0, bytes = new Uint8Array(text.length / 4 * 3 - padding);
  for (let at = 0, to = 0; at < text.length; at += 4) {
    let word = 0;
    for (let k = 0; k < 4; k++) word = word << 6 | Math.max(0, DIGITS.indexOf(text[at + k] ?? ''));
    for (let shift = 16; shift >= 0; shift -= 8) bytes[to++] = word >> shift;
  }
  return bytes;
}
const imageOf = (text: string): (() => Uint8Array) => {
  let image: Uint8Array | null = null;
  return () => image ??= fromBase64(text);
};
export const DEBIAN_LIBFFI = imageOf(FFI_DEBIAN), STATIC_LIBFFI = imageOf(FFI_STATIC);

export const COMPILED: readonly CompiledContender[] = [
  { name: 'GCC nested function', what: 'what GCC 12 writes on its executable stack; a change is one of the variable', image: imageOf(NESTED), way: 'nested' },
  { name: 'libffi, W+X', what: 'libffi 3.4.4 as Debian builds it: memory that is writable and executable, or a memory file mapped twice', image: DEBIAN_LIBFFI, way: 'unported' },
  { name: 'libffi, static', what: 'the same source with static trampolines: a page of its own text, remapped', image: STATIC_LIBFFI, way: 'unported' },
  { name: 'libffi, ported', what: 'the latter; a table of trampfd\'s when all that it tries is denied, a signal when that is, too', image: STATIC_LIBFFI, way: 'ported' },
  { name: 'libffi, table', what: 'the same where libffi is not asked: tables of trampfd\'s', image: STATIC_LIBFFI, way: 'ported-table' },
];
