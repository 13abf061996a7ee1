/** Writes WebAssembly modules (WebAssembly Core Specification 2.0, §5.5): types, imports, functions, exports, elements. Knows no x86. */
import { PHYSICAL_AT, PHYSICAL_BYTES_MAX } from '../base/layout.ts';
import { ByteWriter, type Code } from './code.ts';
import type { ValueType } from './opcode.ts';

const MAGIC_AND_VERSION = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2 } as const;
const FUNCTION_TYPE = 0x60, FUNCREF = 0x70, HAS_MAXIMUM = 1, IS_SHARED = 2;

export interface Signature { readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] }

export class ModuleWriter {
  private readonly signatures: Signature[] = [];
  private readonly imports: ((w: ByteWriter) => void)[] = [];
  private readonly functions: { type: number; code: Code }[] = [];
  private readonly exports: { name: string; kind: number; index: number }[] = [];
  private readonly elements: { at: number; functions: readonly number[] }[] = [];
  private imported = 0;

  /** The index of a type; equal ones share it. */
  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const known = this.signatures.findIndex(s => s.parameters.join() === parameters.join() && s.results.join() === results.join());
    if (known >= 0) return known;
    return this.signatures.push({ parameters, results }) - 1;
  }
  /** Imports come before functions, because both are numbered in one row. */
  importFunction(from: string, name: string, type: number): number {
    this.imports.push(w => { w.text(from); w.text(name); w.byte(KIND.function); w.unsigned(type); });
    return this.imported++;
  }
  /** Shared; sizes in pages of 64 KiB. */
  importMemory(from: string, name: string, minimum: number, maximum: number): void {
    this.imports.push(w => { w.text(from); w.text(name); w.byte(KIND.memory); w.byte(HAS_MAXIMUM | IS_SHARED); w.unsigned(minimum); w.unsigned(maximum); });
  }
  importTable(from: string, name: string, minimum: number): void {
    this.imports.push(w => { w.text(from); w.text(name); w.byte(KIND.table); w.byte(FUNCREF); w.byte(0); w.unsigned(minimum); });
  }
  function(type: number, code: Code): number { return this.imported + this.functions.push({ type, code }) - 1; }
  /** The index `function` will give next: for functions that call themselves or each other. */
  get nextFunction(): number { return this.imported + this.functions.length; }
  exportFunction(name: string, index: number): void { this.exports.push({ name, kind: KIND.function, index }); }
  /** Puts functions into the imported table from slot `at` on when the module is instantiated. */
  element(at: number, functions: readonly number[]): void { this.elements.push({ at, functions }); }

  /** Hints are advice in a custom section: engines that do not know it pass over it. */
  private writeHints(w: ByteWriter): void {
    const hinted = this.functions.map(({ code }, k) => ({ code, index: this.imported + k })).filter(({ code }) => code.unlikely.length > 0);
    if (hinted.length === 0) return;
    const s = new ByteWriter();
    s.text('metadata.code.branch_hint');
    s.unsigned(hinted.length);
    for (const { code, index } of hinted) hints(s, index, code);
    w.byte(SECTION.custom);
    w.unsigned(s.length);
    w.append(s.bytes.subarray(0, s.length));
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const w = new ByteWriter(1 << 14);
    MAGIC_AND_VERSION.forEach(byte => w.byte(byte));
    section(w, SECTION.type, this.signatures, (s, signature) => {
      s.byte(FUNCTION_TYPE);
      s.unsigned(signature.parameters.length); signature.parameters.forEach(type => s.byte(type));
      s.unsigned(signature.results.length); signature.results.forEach(type => s.byte(type));
    });
    section(w, SECTION.import, this.imports, (s, write) => write(s));
    section(w, SECTION.function, this.functions, (s, f) => s.unsigned(f.type));
    section(w, SECTION.export, this.exports, (s, e) => { s.text(e.name); s.byte(e.kind); s.unsigned(e.index); });
    section(w, SECTION.element, this.elements, (s, e) => {
      s.unsigned(0);
      s.byte(0x41); s.signed(e.at); s.byte(0x0b);
      s.unsigned(e.functions.length); e.functions.forEach(index => s.unsigned(index));
    });
    this.writeHints(w);
    section(w, SECTION.code, this.functions, (s, f) => body(s, f.code));
    return w.bytes.slice(0, w.length) as Uint8Array<ArrayBuffer>;
  }
}

/** `code.metadata.branch_hint`: offsets count from the first byte of a body, its locals included (WebAssembly proposal "Branch Hinting"). */
function hints(s: ByteWriter, index: number, code: Code): void {
  const before = localsBytes(code);
  s.unsigned(index);
  s.unsigned(code.unlikely.length);
  for (const at of code.unlikely) { s.unsigned(before + at); s.unsigned(1); s.byte(0); }
}
function section<T>(w: ByteWriter, id: number, rows: readonly T[], write: (s: ByteWriter, row: T) => void): void {
  if (rows.length === 0) return;
  const s = new ByteWriter();
  s.unsigned(rows.length);
  for (const row of rows) write(s, row);
  w.byte(id);
  w.unsigned(s.length);
  w.append(s.bytes.subarray(0, s.length));
}
/** Locals in runs of equal types, then the code and its end. */
function body(w: ByteWriter, code: Code): void {
  const s = new ByteWriter(code.length + 64);
  locals(s, code);
  s.append(code.bytes.subarray(0, code.length));
  s.byte(0x0b);
  w.unsigned(s.length);
  w.append(s.bytes.subarray(0, s.length));
}
function locals(s: ByteWriter, code: Code): void {
  const types = code.localTypes, starts = types.map((_, k) => k).filter(k => k === 0 || types[k] !== types[k - 1]);
  s.unsigned(starts.length);
  starts.forEach((start, k) => { s.unsigned((starts[k + 1] ?? types.length) - start); s.byte(types[start]!); });
}
function localsBytes(code: Code): number {
  const s = new ByteWriter();
  locals(s, code);
  return s.length;
}
/** The one memory that everything generated shares. `bytes` is a multiple of 64 KiB; without it, the module takes any, which V8's optimised code is a little larger for. */
export function declareMemory(module: ModuleWriter, bytes?: number): void {
  module.importMemory('tramp64', 'memory', (bytes ?? PHYSICAL_AT) >>> 16, (bytes ?? PHYSICAL_AT + PHYSICAL_BYTES_MAX) >>> 16);
}
