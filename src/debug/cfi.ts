/** Call frame information: where a caller's registers are, as .eh_frame says (LSB Core §10.6; DWARF 4 §6.4). Expressions are not evaluated: such rows say nothing. */
import type { Va } from '../base/types.ts';
import { byteString } from '../host/host.ts';

/** Where a register's value in the caller is: at the CFA plus an offset, in a register, or where it was. */
export type Rule = { readonly kind: 'at'; readonly offset: number } | { readonly kind: 'register'; readonly register: number } | { readonly kind: 'lost' };
export interface Row { readonly cfaRegister: number; readonly cfaOffset: number; readonly rules: ReadonlyMap<number, Rule>; readonly returnRegister: number }

interface Cie { readonly codeAlign: number; readonly dataAlign: number; readonly returnRegister: number; readonly encoding: number; readonly hasAugmentation: boolean; readonly program: Cursor }
interface Fde { readonly cie: Cie; readonly start: Va; readonly end: Va; readonly program: Cursor }

const PE_ABSENT = 0xff, PE_PCREL = 0x10, PE_FORM = 0x0f, PE_WHERE = 0x70, PE_INDIRECT = 0x80;

class Cursor {
  private readonly view: DataView;
  readonly base: Va;
  at: number;
  readonly end: number;
  constructor(view: DataView, base: Va, at: number, end: number) { this.view = view; this.base = base; this.at = at; this.end = Math.min(end, view.byteLength); }
  get isDone(): boolean { return this.at >= this.end; }
  within(length: number): Cursor { return new Cursor(this.view, this.base, this.at, this.at + length); }
  copy(): Cursor { return new Cursor(this.view, this.base, this.at, this.end); }
  u8(): number { const value = this.at < this.end ? this.view.getUint8(this.at) : 0; this.at += 1; return value; }
  private number(bytes: number): bigint {
    let value = 0n;
    for (let k = 0; k < bytes; k++) value |= BigInt(this.u8()) << BigInt(8 * k);
    return value;
  }
  unsigned(bytes: number): number { return Number(this.number(bytes)); }
  signed(bytes: number): number { return Number(BigInt.asIntN(8 * bytes, this.number(bytes))); }
  uleb(): number {
    for (let value = 0, scale = 1; ; scale *= 128) { const byte = this.u8(); value += (byte & 127) * scale; if (byte < 128 || this.isDone) return value; }
  }
  sleb(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128 || this.isDone) return (byte & 64) === 0 ? value : value - scale * 128;
    }
  }
  text(): string { const bytes: number[] = []; for (let byte = this.u8(); byte !== 0 && !this.isDone; byte = this.u8()) bytes.push(byte); return byteString(Uint8Array.from(bytes)); }
  /** A pointer of one of the encodings of DW_EH_PE; null: one that is not known. */
  pointer(encoding: number): Va | null {
    const from = this.base + this.at, form = encoding & PE_FORM, where = encoding & PE_WHERE;
    if (encoding === PE_ABSENT || (encoding & PE_INDIRECT) !== 0 || where !== 0 && where !== PE_PCREL) return null;
    const value = form === 1 ? this.uleb() : form === 9 ? this.sleb() : [8, 0, 2, 4, 8][form & 7] === undefined ? null
      : (form & 8) === 0 && form !== 0 ? this.unsigned([8, 0, 2, 4, 8][form & 7]!) : this.signed([8, 0, 2, 4, 8][form & 7]!);
    return value === null ? null : where === PE_PCREL ? from + value : value;
  }
}

export class FrameTable {
  private readonly entries: readonly Fde[];
  /** By address, those that were asked for. */
  private readonly rows = new Map<Va, Row | null>();
  /** @param address where the section is, before anything is added */
  constructor(bytes: Uint8Array, address: Va) {
    const all = new Cursor(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), address, 0, bytes.length), cies = new Map<number, Cie | null>(), found: Fde[] = [];
    while (!all.isDone) {
      const start = all.at, length = all.unsigned(4);
      if (length === 0 || length === 0xffff_ffff) break;
      const entry = all.within(length), idAt = all.at, id = entry.unsigned(4);
      all.at += length;
      if (id === 0) { cies.set(start, readCie(entry)); continue; }
      const cie = cies.get(idAt - id), fde = cie == null ? null : readFde(entry, cie);
      if (fde !== null) found.push(fde);
    }
    this.entries = found.sort((a, b) => a.start - b.start);
  }
  /** What holds at an address; null: nothing is said of it. */
  rowAt(address: Va): Row | null {
    let row = this.rows.get(address);
    if (row === undefined) {
      const fde = this.entries.find(({ start, end }) => address >= start && address < end);
      this.rows.set(address, row = fde === undefined ? null : rowOf(fde, address));
    }
    return row;
  }
}
function readCie(cursor: Cursor): Cie | null {
  const version = cursor.u8(), augmentation = cursor.text();
  if (version !== 1 && version !== 3) return null;
  const codeAlign = cursor.uleb(), dataAlign = cursor.sleb(), returnRegister = version === 1 ? cursor.u8() : cursor.uleb();
  let encoding = 0;
  if (augmentation.startsWith('z')) {
    const length = cursor.uleb(), end = cursor.at + length;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') encoding = cursor.u8();
      else if (letter === 'L') cursor.u8();
      else if (letter === 'P') cursor.pointer(cursor.u8() & ~(PE_INDIRECT | PE_WHERE));
    }
    cursor.at = end;
  } else if (augmentation !== '') return null;
  return { codeAlign, dataAlign, returnRegister, encoding, hasAugmentation: augmentation.startsWith('z'), program: cursor.copy() };
}
function readFde(cursor: Cursor, cie: Cie): Fde | null {
  const start = cursor.pointer(cie.encoding), length = cursor.pointer(cie.encoding & PE_FORM);
  if (start === null || length === null) return null;
  if (cie.hasAugmentation) { const skip = cursor.uleb(); cursor.at += skip; }
  return { cie, start, end: start + length, program: cursor.copy() };
}

interface State { cfaRegister: number; cfaOffset: number; rules: Map<number, Rule> }
function rowOf({ cie, start, program }: Fde, address: Va): Row | null {
  const state: State = { cfaRegister: -1, cfaOffset: 0, rules: new Map() };
  if (!perform(cie.program.copy(), cie, state, new Map(), 0, Infinity)) return null;
  if (!perform(program.copy(), cie, state, new Map(state.rules), start, address)) return null;
  return state.cfaRegister === -1 ? null : { ...state, returnRegister: cie.returnRegister };
}
/** Instructions of DW_CFA up to an address. false: one that cannot be followed. */
function perform(c: Cursor, { codeAlign, dataAlign }: Cie, state: State, initial: ReadonlyMap<number, Rule>, from: Va, address: Va): boolean {
  const saved: State[] = [];
  let at = from;
  const advance = (delta: number): boolean => { at += delta * codeAlign; return at > address; };
  const atCfa = (register: number, factored: number): void => { state.rules.set(register, { kind: 'at', offset: factored * dataAlign }); };
  const restore = (register: number): void => { const rule = initial.get(register); if (rule === undefined) state.rules.delete(register); else state.rules.set(register, rule); };
  while (!c.isDone) {
    const byte = c.u8(), low = byte & 63;
    switch (byte >> 6) {
      case 1: if (advance(low)) return true; continue;
      case 2: atCfa(low, c.uleb()); continue;
      case 3: restore(low); continue;
    }
    switch (byte) {
      case 0x00: break;
      case 0x02: if (advance(c.unsigned(1))) return true; break;
      case 0x03: if (advance(c.unsigned(2))) return true; break;
      case 0x04: if (advance(c.unsigned(4))) return true; break;
      case 0x05: { const register = c.uleb(); atCfa(register, c.uleb()); break; }
      case 0x06: restore(c.uleb()); break;
      case 0x07: state.rules.set(c.uleb(), { kind: 'lost' }); break;
      case 0x08: state.rules.delete(c.uleb()); break;
      case 0x09: { const register = c.uleb(); state.rules.set(register, { kind: 'register', register: c.uleb() }); break; }
      case 0x0a: saved.push({ ...state, rules: new Map(state.rules) }); break;
      case 0x0b: Object.assign(state, saved.pop() ?? {}); break;
      case 0x0c: state.cfaRegister = c.uleb(); state.cfaOffset = c.uleb(); break;
      case 0x0d: state.cfaRegister = c.uleb(); break;
      case 0x0e: state.cfaOffset = c.uleb(); break;
      case 0x11: { const register = c.uleb(); atCfa(register, c.sleb()); break; }
      case 0x12: state.cfaRegister = c.uleb(); state.cfaOffset = c.sleb() * dataAlign; break;
      case 0x13: state.cfaOffset = c.sleb() * dataAlign; break;
      case 0x2e: c.uleb(); break;
      default: return false;
    }
  }
  return true;
}
