/** ELF64 files as descriptions (System V gABI ch. 4 and 5; psABI for x86-64). Checks everything, maps nothing, never throws. */
import { PAGE_BYTES } from '../base/layout.ts';
import { byteString, type ByteString } from '../host/host.ts';

export const PF_X = 1, PF_W = 2, PF_R = 4;
const ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62;
const PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551;
const SHT_SYMTAB = 2, SHT_NOBITS = 8, SHT_DYNSYM = 11, SHF_ALLOC = 2, SHF_EXECINSTR = 4, STT_FUNC = 2, STT_GNU_IFUNC = 10, SHN_LORESERVE = 0xff00;
const HEADER_BYTES = 64, PROGRAM_HEADER_BYTES = 56, SECTION_HEADER_BYTES = 64, SYMBOL_BYTES = 24;
/** Linux reads at most this much of program headers (fs/binfmt_elf.c). */
const PROGRAM_HEADERS_BYTES_MAX = 65536;
/** Linux's PATH_MAX. */
const PATH_BYTES_MAX = 4096;
/** The end of user space (SDM 3A §4.5: 47-bit lower half, less Linux's guard page). */
const USER_END = 0x7fff_ffff_f000;

/** Where the bytes of a file come from: memory, or a disk read only where it is looked at. */
export interface ByteSource {
  readonly length: number;
  /** Exactly `length` bytes from `at`, or null if the file has fewer. */
  read(at: number, length: number): Uint8Array | null;
}

export interface Segment {
  readonly address: number; readonly offset: number; readonly fileBytes: number; readonly memoryBytes: number;
  /** PF_R, PF_W, PF_X. */
  readonly flags: number;
}
export interface Section { readonly name: string; readonly address: number; readonly bytes: Uint8Array; readonly isExecutable: boolean }
export interface ElfSymbol { readonly name: string; readonly address: number; readonly size: number; readonly isFunction: boolean }

export interface ElfImage {
  readonly isPositionIndependent: boolean;
  readonly entry: number;
  /** PT_LOADs, by ascending address; never empty. */
  readonly segments: readonly Segment[];
  /** The largest alignment a segment asks for: a power of two, at least a page. */
  readonly alignment: number;
  /** PT_INTERP: the dynamic loader this program asks for. */
  readonly interpreter: ByteString | null;
  /** PT_GNU_STACK asks for an executable stack. (Without it, a 64-bit program gets none: arch/x86/include/asm/elf.h.) */
  readonly hasExecutableStack: boolean;
  /** The program headers' address in memory (0: not loaded), for AT_PHDR. */
  readonly programHeaders: { readonly address: number; readonly count: number; readonly entryBytes: number };
  /** Allocated sections with contents. Read when first asked for; an unreadable section table reads as empty. */
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
}

/** The image, or one sentence on what is wrong with the file. To be read only, it may also be an object file, and needs no entry point. */
export function parseElf(file: Uint8Array | ByteSource, purpose: 'run' | 'read' = 'run'): ElfImage | string {
  const source = file instanceof Uint8Array ? bytesSource(file) : file;
  const ident = source.read(0, Math.min(source.length, 16));
  if (ident === null || ident.length < 4 || viewOf(ident).getUint32(0) !== 0x7f454c46) return 'not an ELF file';
  if (ident.length >= 5 && ident[4] === 1) return 'a 32-bit ELF file; only 64-bit programs run here';
  if (ident.length >= 5 && ident[4] !== 2) return 'malformed ELF header: unknown class';
  const header = source.read(0, HEADER_BYTES);
  if (header === null) return `truncated ELF header: ${source.length} bytes of ${HEADER_BYTES}`;
  const wrong = wrongHeader(header, purpose);
  if (wrong !== null) return wrong;
  if (viewOf(header).getUint16(16, true) === ET_REL) return new Image(source, viewOf(header), []);
  const programHeaders = readProgramHeaders(source, viewOf(header));
  if (typeof programHeaders === 'string') return programHeaders;
  const image = new Image(source, viewOf(header), programHeaders);
  return purpose === 'run' ? image.check() : image;
}

/** What each field of the header must hold (gABI, ELF Header), in file order; `machine` last but one since it is the likeliest mistake. */
function wrongHeader(header: Uint8Array, purpose: 'run' | 'read'): string | null {
  const view = viewOf(header);
  const machine = view.getUint16(18, true), type = view.getUint16(16, true);
  if (header[5] === 2) return 'a big-endian ELF file; only x86-64 programs run here';
  if (header[5] !== 1) return 'malformed ELF header: unknown byte order';
  if (header[6] !== 1 || view.getUint32(20, true) !== 1) return 'malformed ELF header: unknown version';
  if (machine !== EM_X86_64) return `an ELF file for another architecture (machine ${machine}); only x86-64 (62) runs here`;
  if (type === ET_REL && purpose === 'read') return null;
  if (type !== ET_EXEC && type !== ET_DYN) return `not an executable: ELF type ${type}, neither EXEC nor DYN`;
  if (view.getUint16(52, true) !== HEADER_BYTES) return `malformed ELF header: it says it is ${view.getUint16(52, true)} bytes long`;
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES) return `malformed ELF header: program headers of ${view.getUint16(54, true)} bytes`;
  return null;
}

interface ProgramHeader extends Segment { readonly type: number; readonly align: number }

function readProgramHeaders(source: ByteSource, header: DataView): readonly ProgramHeader[] | string {
  const at = word(header, 32), count = header.getUint16(56, true);
  if (count === 0) return 'malformed ELF header: no program headers';
  if (count * PROGRAM_HEADER_BYTES > PROGRAM_HEADERS_BYTES_MAX) return `malformed ELF header: ${count} program headers`;
  const bytes = source.read(at, count * PROGRAM_HEADER_BYTES);
  if (bytes === null) return 'truncated ELF file: the program headers lie beyond its end';
  const view = viewOf(bytes);
  return Array.from({ length: count }, (_, i) => {
    const row = i * PROGRAM_HEADER_BYTES;
    return {
      type: view.getUint32(row, true), flags: view.getUint32(row + 4, true) & 7, offset: word(view, row + 8), address: word(view, row + 16),
      fileBytes: word(view, row + 32), memoryBytes: word(view, row + 40), align: word(view, row + 48),
    };
  });
}

class Image implements ElfImage {
  readonly isPositionIndependent: boolean;
  readonly entry: number;
  readonly segments: readonly ProgramHeader[];
  readonly alignment: number;
  readonly interpreter: ByteString | null;
  readonly hasExecutableStack: boolean;
  readonly programHeaders: ElfImage['programHeaders'];
  private readonly source: ByteSource;
  private readonly header: DataView;
  private sectionCache: readonly SectionHeader[] | null = null;

  constructor(source: ByteSource, header: DataView, rows: readonly ProgramHeader[]) {
    this.source = source; this.header = header;
    this.isPositionIndependent = header.getUint16(16, true) === ET_DYN;
    this.entry = word(header, 24);
    this.segments = rows.filter(row => row.type === PT_LOAD && row.memoryBytes > 0).sort((a, b) => a.address - b.address);
    this.alignment = this.segments.reduce((most, { align }) => isPowerOfTwo(align) ? Math.max(most, align) : most, PAGE_BYTES);
    this.interpreter = this.interpreterOf(rows);
    this.hasExecutableStack = ((rows.find(row => row.type === PT_GNU_STACK)?.flags ?? 0) & PF_X) !== 0;
    this.programHeaders = { address: this.programHeadersAddress(rows), count: rows.length, entryBytes: PROGRAM_HEADER_BYTES };
  }

  check(): Image | string {
    if (this.segments.length === 0) return 'malformed ELF file: nothing to load';
    if (this.interpreter === '') return 'malformed ELF file: the name of its dynamic loader cannot be read';
    let end = 0;
    for (const segment of this.segments) {
      const wrong = wrongSegment(segment, this.source.length);
      if (wrong !== null) return wrong;
      if (segment.address < end) return `malformed ELF file: segments overlap at 0x${segment.address.toString(16)}`;
      end = segment.address + segment.memoryBytes;
    }
    if (!this.segments.some(s => (s.flags & PF_X) !== 0 && this.entry >= s.address && this.entry < s.address + s.memoryBytes)) {
      const exactly = this.header.getBigUint64(24, true); // The number may be rounded: it is exact only below 2^53.
      return `malformed ELF file: its entry point 0x${exactly.toString(16)} lies in no executable segment`;
    }
    return this;
  }

  get sections(): readonly Section[] {
    return this.sectionHeaders()
      .filter(row => (row.flags & SHF_ALLOC) !== 0 && row.type !== SHT_NOBITS && row.size > 0)
      .map(({ name, address, offset, size, flags }) => ({
        name, address, bytes: this.source.read(offset, size), isExecutable: (flags & SHF_EXECINSTR) !== 0,
      }))
      .filter((row): row is Section => row.bytes !== null);
  }

  get symbols(): readonly ElfSymbol[] {
    const rows = this.sectionHeaders();
    const table = rows.find(row => row.type === SHT_SYMTAB) ?? rows.find(row => row.type === SHT_DYNSYM);
    const names = table === undefined ? undefined : rows[table.link];
    if (table === undefined || names === undefined) return [];
    const bytes = this.source.read(table.offset, table.size), strings = this.source.read(names.offset, names.size);
    return bytes === null || strings === null ? [] : readSymbols(bytes, strings);
  }

  private sectionHeaders(): readonly SectionHeader[] {
    this.sectionCache ??= readSections(this.source, this.header);
    return this.sectionCache;
  }
  private interpreterOf(rows: readonly ProgramHeader[]): ByteString | null {
    const row = rows.find(row => row.type === PT_INTERP);
    if (row === undefined) return null;
    const bytes = row.fileBytes > PATH_BYTES_MAX ? null : this.source.read(row.offset, row.fileBytes);
    return bytes === null || bytes.at(-1) !== 0 ? '' : nameAt(bytes, 0);
  }
  /** PT_PHDR says; without it, wherever the segment that holds the file's headers puts them. */
  private programHeadersAddress(rows: readonly ProgramHeader[]): number {
    const said = rows.find(row => row.type === PT_PHDR);
    if (said !== undefined) return said.address;
    const at = word(this.header, 32);
    const segment = this.segments.find(s => at >= s.offset && at < s.offset + s.fileBytes);
    return segment === undefined ? 0 : segment.address + at - segment.offset;
  }
}

function wrongSegment(s: ProgramHeader, fileLength: number): string | null {
  const name = `the segment at 0x${s.address.toString(16)}`;
  if (s.fileBytes > s.memoryBytes) return `malformed ELF file: ${name} is larger in the file than in memory`;
  if (s.address + s.memoryBytes > USER_END) return `malformed ELF file: ${name} does not fit in the address space`;
  if (s.offset + s.fileBytes > fileLength) return `truncated ELF file: ${name} lies beyond its end`;
  if (s.fileBytes > 0 && s.address % 4096 !== s.offset % 4096) return `malformed ELF file: ${name} is not aligned with its place in the file`;
  return null;
}

interface SectionHeader {
  readonly name: string; readonly type: number; readonly flags: number; readonly address: number; readonly offset: number;
  readonly size: number; readonly link: number;
}

function readSections(source: ByteSource, header: DataView): readonly SectionHeader[] {
  const at = word(header, 40), count = header.getUint16(60, true), namesIndex = header.getUint16(62, true);
  if (at === 0 || count === 0 || header.getUint16(58, true) !== SECTION_HEADER_BYTES) return [];
  const bytes = source.read(at, count * SECTION_HEADER_BYTES);
  if (bytes === null) return [];
  const view = viewOf(bytes);
  const rows = Array.from({ length: count }, (_, i) => {
    const row = i * SECTION_HEADER_BYTES;
    return {
      nameAt: view.getUint32(row, true), type: view.getUint32(row + 4, true), flags: word(view, row + 8), address: word(view, row + 16),
      offset: word(view, row + 24), size: word(view, row + 32), link: view.getUint32(row + 40, true),
    };
  });
  const namesRow = rows[namesIndex];
  const names = (namesRow === undefined ? null : source.read(namesRow.offset, namesRow.size)) ?? new Uint8Array(0);
  return rows.map(({ nameAt: from, ...row }) => ({ ...row, name: nameAt(names, from) }));
}

function readSymbols(bytes: Uint8Array, strings: Uint8Array): readonly ElfSymbol[] {
  const view = viewOf(bytes), symbols: ElfSymbol[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= bytes.length; at += SYMBOL_BYTES) {
    const type = view.getUint8(at + 4) & 15, section = view.getUint16(at + 6, true);
    if (section === 0 || section >= SHN_LORESERVE || type > STT_FUNC && type !== STT_GNU_IFUNC) continue; // Undefined, absolute; or a section, a file name, a TLS offset.
    const name = nameAt(strings, view.getUint32(at, true));
    if (name === '') continue;
    symbols.push({ name, address: word(view, at + 8), size: word(view, at + 16), isFunction: type >= STT_FUNC });
  }
  return symbols;
}

/** The nearest function (or untyped label) at or below `address`: `main+0x10`, or null. */
export function symbolise(image: ElfImage, address: number): string | null {
  let best: ElfSymbol | null = null;
  for (const symbol of image.symbols) {
    if (symbol.address > address || symbol.size > 0 && address >= symbol.address + symbol.size) continue;
    const isBetter = best === null || symbol.address > best.address || symbol.address === best.address && symbol.isFunction && !best.isFunction;
    if (isBetter) best = symbol;
  }
  if (best === null || !image.segments.some(s => address >= s.address && address < s.address + s.memoryBytes)) return null;
  return address === best.address ? best.name : `${best.name}+0x${(address - best.address).toString(16)}`;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, read: (at, length) => at + length <= bytes.length ? bytes.subarray(at, at + length) : null };
}
function isPowerOfTwo(value: number): boolean { return value > 0 && Number.isInteger(Math.log2(value)); }
function viewOf(bytes: Uint8Array): DataView { return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
/** A 64-bit field as a double: exact below 2^53, and far beyond every file and address space above. */
function word(view: DataView, at: number): number { return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000; }
function nameAt(strings: Uint8Array, from: number): string {
  const end = strings.indexOf(0, from);
  return byteString(strings.subarray(from, end < 0 ? strings.length : end));
}
