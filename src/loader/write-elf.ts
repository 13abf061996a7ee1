/** The smallest static ELF64 executable around assembled code (System V gABI, ch. 4 and 5): what tests and benches run, natively or here. */
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';

const EHDR_BYTES = 64, PHDR_BYTES = 56, SHDR_BYTES = 64, SYMBOL_BYTES = 24;
const SHT_PROGBITS = 1, SHT_SYMTAB = 2, SHT_STRTAB = 3, SHF_ALLOC = 2, SHF_EXECINSTR = 4;
const PT_LOAD = 1, PT_GNU_STACK = 0x6474e551, PF_X = 1, PF_W = 2, PF_R = 4;

export interface Image {
  /** Where `bytes` are mapped, readable and executable; page-aligned. */
  readonly text: { readonly at: Va; readonly bytes: Uint8Array };
  /** Readable and writable memory, zero beyond `bytes`; page-aligned, apart from the text. */
  readonly data?: { readonly at: Va; readonly bytes: Uint8Array; readonly size: number };
  readonly entry: Va;
  /** PT_GNU_STACK asks for it, as where GCC compiled nested functions. */
  readonly hasExecutableStack?: boolean;
  /** Names of addresses, for debuggers. */
  readonly symbols?: ReadonlyMap<string, Va>;
}

export function writeElf(image: Image): Uint8Array {
  const segments = [{ at: image.text.at, bytes: image.text.bytes, size: image.text.bytes.length, flags: PF_R | PF_X }];
  if (image.data !== undefined) segments.push({ ...image.data, flags: PF_R | PF_W });
  let end = PAGE_BYTES;
  const offsets = segments.map(s => { const offset = end; end += Math.ceil(s.bytes.length / PAGE_BYTES) * PAGE_BYTES; return offset; });
  const file = new Uint8Array(end), view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // "\x7fELF", 64-bit, little-endian, version 1
  view.setUint16(16, 2, true); view.setUint16(18, 62, true); view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(image.entry), true);
  view.setBigUint64(32, BigInt(EHDR_BYTES), true);
  view.setUint16(52, EHDR_BYTES, true); view.setUint16(54, PHDR_BYTES, true); view.setUint16(56, segments.length + 1, true); view.setUint16(58, 64, true);
  const header = (n: number, type: number, flags: number, offset: number, at: Va, bytes: number, size: number): void => {
    const h = EHDR_BYTES + n * PHDR_BYTES;
    view.setUint32(h, type, true); view.setUint32(h + 4, flags, true);
    [offset, at, at, bytes, size, PAGE_BYTES].forEach((value, k) => view.setBigUint64(h + 8 + 8 * k, BigInt(value), true));
  };
  segments.forEach((s, n) => { header(n, PT_LOAD, s.flags, offsets[n]!, s.at, s.bytes.length, s.size); file.set(s.bytes, offsets[n]!); });
  header(segments.length, PT_GNU_STACK, PF_R | PF_W | (image.hasExecutableStack === true ? PF_X : 0), 0, 0, 0, 0);
  return image.symbols === undefined ? file : withSymbols(file, image, image.symbols, offsets[0]!);
}
/** Behind it, sections: .text, and the symbols with their names. */
function withSymbols(file: Uint8Array, { text }: Image, symbols: ReadonlyMap<string, Va>, textOffset: number): Uint8Array {
  const names = ['.text', '.symtab', '.strtab', ...symbols.keys()], at = new Map<string, number>();
  let strings = '\0';
  for (const name of names) { at.set(name, strings.length); strings += `${name}\0`; }
  const table = new Uint8Array(SYMBOL_BYTES * (symbols.size + 1)), rows = new DataView(table.buffer);
  [...symbols].forEach(([name, address], k) => {
    rows.setUint32(SYMBOL_BYTES * (k + 1), at.get(name)!, true);
    rows.setUint16(SYMBOL_BYTES * (k + 1) + 6, 1, true);
    rows.setBigUint64(SYMBOL_BYTES * (k + 1) + 8, BigInt(address), true);
  });
  const tableAt = file.length, stringsAt = tableAt + table.length, headersAt = Math.ceil((stringsAt + strings.length) / 8) * 8;
  const whole = new Uint8Array(headersAt + 4 * SHDR_BYTES), view = new DataView(whole.buffer);
  whole.set(file); whole.set(table, tableAt); whole.set(Uint8Array.from(strings, c => c.charCodeAt(0)), stringsAt);
  view.setBigUint64(40, BigInt(headersAt), true);
  view.setUint16(58, SHDR_BYTES, true); view.setUint16(60, 4, true); view.setUint16(62, 3, true);
  const section = (n: number, name: string, type: number, flags: number, address: Va, offset: number, size: number, link: number, entry: number): void => {
    const h = headersAt + n * SHDR_BYTES;
    view.setUint32(h, at.get(name)!, true); view.setUint32(h + 4, type, true); view.setUint32(h + 40, link, true);
    [flags, address, offset, size].forEach((value, k) => { view.setBigUint64(h + 8 + 8 * k, BigInt(value), true); });
    view.setBigUint64(h + 56, BigInt(entry), true);
  };
  section(1, '.text', SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text.at, textOffset, text.bytes.length, 0, 0);
  section(2, '.symtab', SHT_SYMTAB, 0, 0, tableAt, table.length, 3, SYMBOL_BYTES);
  section(3, '.strtab', SHT_STRTAB, 0, 0, stringsAt, strings.length, 0, 0);
  return whole;
}
