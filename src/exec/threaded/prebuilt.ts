/** A file of modules that were written in advance, as the program that needs them sees it: a head that says what lies where, then all in one row. */
import { assert } from '../../base/assert.ts';
import type { Prebuilt, PrimitiveExample } from '../generated/support.ts';
import type { KnownForms } from './form.ts';

/** What `prebuild` makes. */
export interface Parts {
  readonly modules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Those worth having as machine code. */
  readonly large: readonly string[];
  readonly known: KnownForms; readonly primitives: readonly PrimitiveExample[];
  /** How many forms, the first, have handlers in the smaller modules too. */
  readonly few: number;
}
/** Where the file is, and who compiles what is in it. */
export interface PrebuiltSource {
  /** So many bytes of it from a place on, or what there is of them; null: there is none. */
  read(at: number, length: number): Uint8Array | null;
  /** A module that is not to be optimised. */
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module;
  /** Of machine code made in advance, by its name; null: there is none that is of use here. */
  optimised?(code: string, module: Uint8Array<ArrayBuffer>): WebAssembly.Module | null;
}
/** Of a file: where each part begins and how long it is, names of machine code by the module's, and how many forms are few. */
interface Head { readonly few: number; readonly parts: Readonly<Record<string, readonly [at: number, length: number]>>; readonly codes: Readonly<Record<string, string>> }
/** A head has room for its length and so many bytes. */
const LENGTH_BYTES = 4, HEAD_BYTES = 2048;
const SHAPES = 'shapes', FORMS = 'forms', PRIMITIVES = 'primitives';

/** @param codes names of machine code */
export function pack({ modules, known, primitives, few }: Parts, codes: Readonly<Record<string, string>> = {}): Uint8Array {
  const encoder = new TextEncoder();
  const parts: readonly (readonly [string, Uint8Array])[] = [...modules, [SHAPES, bytesOf(known.shapes)], [FORMS, bytesOf(known.forms)], [PRIMITIVES, encoder.encode(JSON.stringify(primitives))]];
  let at = LENGTH_BYTES + HEAD_BYTES;
  const places: Record<string, readonly [number, number]> = {};
  for (const [name, bytes] of parts) { places[name] = [at, bytes.length]; at += bytes.length; }
  const head = encoder.encode(JSON.stringify({ few, parts: places, codes } satisfies Head)), file = new Uint8Array(at);
  assert(head.length <= HEAD_BYTES, 'the head has no room for so many parts');
  new DataView(file.buffer).setUint32(0, head.length, true);
  file.set(head, LENGTH_BYTES);
  for (const [name, bytes] of parts) file.set(bytes, places[name]![0]);
  return file;
}
function bytesOf(words: Int32Array): Uint8Array { return new Uint8Array(words.buffer, words.byteOffset, words.byteLength); }

/** Reads it when something of it is wanted; where there is no such file, nothing was prebuilt. */
export class PrebuiltFile implements Prebuilt {
  private readonly source: PrebuiltSource;
  private head: Head | null = null;
  /** What was asked for, by name. */
  private readonly read = new Map<string, Uint8Array<ArrayBuffer> | null>();
  private readonly taken = new Map<string, WebAssembly.Module | null>();
  constructor(source: PrebuiltSource) { this.source = source; }

  private open(): Head {
    if (this.head !== null) return this.head;
    const bytes = this.source.read(0, LENGTH_BYTES + HEAD_BYTES);
    if (bytes === null) return this.head = { few: 0, parts: {}, codes: {} };
    return this.head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)))) as Head;
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
    const before = this.read.get(name);
    if (before !== undefined) return before;
    const place = this.open().parts[name], bytes = place === undefined ? null : this.source.read(...place) as Uint8Array<ArrayBuffer> | null;
    this.read.set(name, bytes);
    return bytes;
  }
  get few(): number { return this.open().few; }
  get known(): KnownForms { return { shapes: this.words(SHAPES), forms: this.words(FORMS) }; }
  /** A copy: they may lie anywhere in memory. (What Node reads is a Buffer, whose `slice` is none.) */
  private words(name: string): Int32Array { return new Int32Array(new Uint8Array(this.module(name) ?? []).buffer); }
  get primitives(): readonly PrimitiveExample[] {
    const text = this.module(PRIMITIVES);
    return text === null ? [] : JSON.parse(new TextDecoder().decode(text)) as readonly PrimitiveExample[];
  }
}
