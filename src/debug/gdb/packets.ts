/** Packets of the GDB Remote Serial Protocol (GDB manual, appendix E.1): `$data#checksum`, acknowledged by `+` or refused by `-`. */
import { type ByteString } from '../../host/host.ts';

export type Piece =
  | { readonly kind: 'packet'; readonly data: ByteString }
  /** Control-C: stop the program. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'acknowledged' | 'refused' }
  /** A packet whose checksum is wrong. */
  | { readonly kind: 'damaged' };

/** A longer packet is none: whoever sends it is not gdb. */
const PACKET_BYTES_MAX = 4 << 20;
const INTERRUPT = '\x03', ESCAPE = '}', ESCAPE_BITS = 0x20;

export function checksum(data: ByteString): string {
  let sum = 0;
  for (let k = 0; k < data.length; k++) sum += data.charCodeAt(k);
  return (sum & 0xff).toString(16).padStart(2, '0');
}
/** Binary data as it goes into a packet: what means something to the protocol is escaped. */
export function escaped(data: ByteString): ByteString {
  return data.replace(/[#$}*]/g, c => ESCAPE + String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_BITS));
}
export function unescaped(data: ByteString): ByteString {
  return data.replace(/\}([^])/g, (_, c: string) => String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_BITS));
}
/** A packet of data that is escaped where it has to be. */
export function packet(data: ByteString): ByteString { return `$${data}#${checksum(data)}`; }

/** Bytes in any portions -> pieces. */
export class PacketReader {
  private parts: ByteString[] = [];
  private text = '';
  /** Too much came without an end. */
  isOverfull = false;

  *read(bytes: ByteString): Generator<Piece> {
    if (this.isOverfull) return;
    // A packet in many portions is put together once, at its end.
    if (this.isWithin && !bytes.includes('#') && this.length + bytes.length < PACKET_BYTES_MAX) { this.parts.push(bytes); this.length += bytes.length; return; }
    this.text = this.text + this.parts.join('') + bytes;
    this.parts = []; this.length = 0; this.isWithin = false;
    let at = 0;
    for (; at < this.text.length; at++) {
      const c = this.text[at];
      if (c === INTERRUPT) { yield { kind: 'interrupt' }; continue; }
      if (c === '+' || c === '-') { yield { kind: c === '+' ? 'acknowledged' : 'refused' }; continue; }
      if (c !== '$') continue; // Noise between packets.
      const end = this.text.indexOf('#', at);
      if (end === -1 || end + 2 >= this.text.length) break;
      const data = this.text.slice(at + 1, end), sum = this.text.slice(end + 1, end + 3);
      at = end + 2;
      // A packet that begins anew in the middle of one: the first was cut off.
      const start = data.lastIndexOf('$'), whole = start === -1 ? data : data.slice(start + 1);
      if (sum.toLowerCase() === checksum(data)) yield { kind: 'packet', data };
      else if (start !== -1 && sum.toLowerCase() === checksum(whole)) yield { kind: 'packet', data: whole };
      else yield { kind: 'damaged' };
    }
    this.text = this.text.slice(at);
    this.isWithin = this.text.startsWith('$') && !this.text.includes('#');
    this.isOverfull = this.text.length > PACKET_BYTES_MAX;
  }
  private length = 0;
  private isWithin = false;
}
