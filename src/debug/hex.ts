/** Hexadecimal digits, two a byte, and numbers of them, as protocols and people write them. */
import type { ByteString } from '../host/host.ts';

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
export function hexOfText(text: ByteString): string { return Array.from(text, c => HEX[c.charCodeAt(0) & 0xff]).join(''); }
/** null: that is no hexadecimal. */
export function bytesOfHex(hex: string): Uint8Array | null {
  if (hex.length % 2 !== 0 || /[^0-9a-f]/i.test(hex)) return null;
  return Uint8Array.from({ length: hex.length / 2 }, (_, k) => parseInt(hex.slice(2 * k, 2 * k + 2), 16));
}
export function textOfHex(hex: string): ByteString | null {
  const bytes = bytesOfHex(hex);
  return bytes === null ? null : Array.from(bytes, byte => String.fromCharCode(byte)).join('');
}
/** A number in hexadecimal; null: it is none, or larger than any address. */
export function numberOfHex(hex: string | undefined): number | null {
  if (hex === undefined || !/^[0-9a-f]{1,16}$/i.test(hex)) return null;
  const value = parseInt(hex, 16);
  return value <= Number.MAX_SAFE_INTEGER ? value : null;
}
