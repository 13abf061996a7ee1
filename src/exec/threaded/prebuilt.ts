/** A file of modules that were written in advance, as the program that needs them sees it: a head that says what lies where, then all in one row. */
import type { Prebuilt, PrimitiveExample } from '../generated/support.ts';
import type { KnownForms } from './form.ts';

/** What `prebuild` makes. */
export interface Parts {
  readonly modules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Those worth having as machine code. */
  readonly large: readonly string[];
  readonly known: KnownForms; readonly primitives: readonly PrimitiveExample[];
}
/** Where the file is, and who compiles what is in it. */
export interface PrebuiltSource {
  /** null: there is none. */
  read(): Uint8Array | null;
  /** A module that is not to be optimised. */
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module;
  /** Of machine code made in advance, by its name; null: there is none that is of use here. */
  optimised?(code: string, module: Uint8Array<ArrayBuffer>): WebAssembly.Module | null;
}
/** Of a file: where each part begins and how long it is, primitives, and names of machine code by the module's. */
interface Head { readonly parts: Readonly<Record<string, readonly [at: number, length: number]>>; readonly primitives: readonly PrimitiveExample[]; readonly codes: Readonly<Record<string, string>> }
const LENGTH_BYTES = 4;
const SHAPES = 'shapes', FORMS = 'forms';

/** @param codes names of machine code */
export function pack({ modules, known, primitives }: Parts, codes: Readonly<Record<string, string>> = {}): Uint8Array {
  const parts: readonly (readonly [string, Uint8Array])[] = [...modules, [SHAPES, bytesOf(known.shapes)], [FORMS, bytesOf(known.forms)]];
  let at = 0;
  const places: Record<string, readonly [number, number]> = {};
  for (const [name, bytes] of parts) { places[name] = [at, bytes.length]; at += bytes.length; }
  const head = new TextEncoder().encode(JSON.stringify({ parts: places, primitives, codes } satisfies Head));
  const file = new Uint8Array(LENGTH_BYTES + head.length + at);
  new DataView(file.buffer).setUint32(0, head.length, true);
  file.set(head, LENGTH_BYTES);
  for (const [name, bytes] of parts) file.set(bytes, LENGTH_BYTES + head.length + places[name]![0]);
  return file;
}
function bytesOf(words: Int32Array): Uint8Array { return new Uint8Array(words.buffer, words.byteOffset, words.byteLength); }

/** Reads it when something of it is wanted; where there is no such file, nothing was prebuilt. */
export class PrebuiltFile implements Prebuilt {
  private readonly source: PrebuiltSource;
  private bytes: Uint8Array | null = null;
  private head: Head | null = null;
  /** Where its parts begin. */
  private first = 0;
  /** What was asked for, by name. */
  private readonly taken = new Map<string, WebAssembly.Module | null>();
  constructor(source: PrebuiltSource) { this.source = source; }

  private open(): Head {
    if (this.head !== null) return this.head;
    const bytes = this.bytes = this.source.read();
    if (bytes === null) return this.head = { parts: {}, primitives: [], codes: {} };
    this.first = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return this.head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, this.first))) as Head;
  }
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module { return this.source.compileOnce(module); }
  optimised(name: string): WebAssembly.Module | null {
    const known = this.taken.get(name);
    if (known !== undefined) return known;
    const module = this.module(name), code = this.open().codes[name], optimised = module === null || code === undefined ? null : this.source.optimised?.(code, module) ?? null;
    this.taken.set(name, optimised);
    return optimised;
  }
  module(name: string): Uint8Array<ArrayBuffer> | null {
    const place = this.open().parts[name];
    if (place === undefined) return null;
    const at = this.first + place[0];
    return this.bytes!.subarray(at, at + place[1]) as Uint8Array<ArrayBuffer>;
  }
  get known(): KnownForms { return { shapes: this.words(SHAPES), forms: this.words(FORMS) }; }
  /** A copy: they may lie anywhere in the file. (What Node reads is a Buffer, whose `slice` is none.) */
  private words(name: string): Int32Array { return new Int32Array(new Uint8Array(this.module(name) ?? []).buffer); }
  get primitives(): readonly PrimitiveExample[] { return this.open().primitives; }
}
