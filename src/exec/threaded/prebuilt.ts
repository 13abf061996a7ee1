/** A file of modules that were written in advance, as the program that needs them sees it: a head that says what lies where, then all in one row. */
import type { Prebuilt } from '../generated/support.ts';
import type { KnownForms } from './form.ts';

/** What `prebuild` makes. */
export interface Parts { readonly modules: ReadonlyMap<string, Uint8Array>; readonly known: KnownForms; readonly primitives: readonly string[] }
/** Of a file: where each part begins and how long it is, and the names of primitives. */
interface Head { readonly parts: Readonly<Record<string, readonly [at: number, length: number]>>; readonly primitives: readonly string[] }
const LENGTH_BYTES = 4;
const SHAPES = 'shapes', FORMS = 'forms';

export function pack({ modules, known, primitives }: Parts): Uint8Array {
  const parts: readonly (readonly [string, Uint8Array])[] = [...modules, [SHAPES, bytesOf(known.shapes)], [FORMS, bytesOf(known.forms)]];
  let at = 0;
  const places: Record<string, readonly [number, number]> = {};
  for (const [name, bytes] of parts) { places[name] = [at, bytes.length]; at += bytes.length; }
  const head = new TextEncoder().encode(JSON.stringify({ parts: places, primitives } satisfies Head));
  const file = new Uint8Array(LENGTH_BYTES + head.length + at);
  new DataView(file.buffer).setUint32(0, head.length, true);
  file.set(head, LENGTH_BYTES);
  for (const [name, bytes] of parts) file.set(bytes, LENGTH_BYTES + head.length + places[name]![0]);
  return file;
}
function bytesOf(words: Int32Array): Uint8Array { return new Uint8Array(words.buffer, words.byteOffset, words.byteLength); }

/** Reads it when something of it is wanted; where there is no such file, nothing was prebuilt. */
export class PrebuiltFile implements Prebuilt {
  readonly compile: Prebuilt['compile'];
  private readonly read: () => Uint8Array | null;
  private bytes: Uint8Array | null = null;
  private head: Head | null = null;
  /** Where its parts begin. */
  private first = 0;
  constructor(read: () => Uint8Array | null, compile: Prebuilt['compile'] = bytes => new WebAssembly.Module(bytes)) { this.read = read; this.compile = compile; }

  private open(): Head {
    if (this.head !== null) return this.head;
    const bytes = this.bytes = this.read();
    if (bytes === null) return this.head = { parts: {}, primitives: [] };
    this.first = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return this.head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, this.first))) as Head;
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
  get primitives(): readonly string[] { return this.open().primitives; }
}
