/** A file of modules that were written in advance, as the program that needs them sees it: a head that says what lies where, then all in one row. */
import type { Prebuilt } from '../generated/support.ts';

/** What `prebuild` makes. */
export interface Parts { readonly modules: ReadonlyMap<string, Uint8Array>; readonly forms: Float64Array; readonly primitives: readonly string[] }
/** Of a file: where each module begins and how long it is, and all the words of `forms` and `primitives`. */
interface Head { readonly modules: Readonly<Record<string, readonly [at: number, length: number]>>; readonly forms: readonly number[]; readonly primitives: readonly string[] }
const LENGTH_BYTES = 4;

export function pack({ modules, forms, primitives }: Parts): Uint8Array {
  let at = 0;
  const places: Record<string, readonly [number, number]> = {};
  for (const [name, bytes] of modules) { places[name] = [at, bytes.length]; at += bytes.length; }
  const head = new TextEncoder().encode(JSON.stringify({ modules: places, forms: [...forms], primitives } satisfies Head));
  const file = new Uint8Array(LENGTH_BYTES + head.length + at);
  new DataView(file.buffer).setUint32(0, head.length, true);
  file.set(head, LENGTH_BYTES);
  for (const [name, bytes] of modules) file.set(bytes, LENGTH_BYTES + head.length + places[name]![0]);
  return file;
}

/** Reads it when something of it is wanted; where there is no such file, nothing was prebuilt. */
export class PrebuiltFile implements Prebuilt {
  readonly compile: Prebuilt['compile'];
  private readonly read: () => Uint8Array | null;
  private bytes: Uint8Array | null = null;
  private head: Head | null = null;
  constructor(read: () => Uint8Array | null, compile: Prebuilt['compile'] = bytes => new WebAssembly.Module(bytes)) { this.read = read; this.compile = compile; }

  private open(): Head {
    if (this.head !== null) return this.head;
    const bytes = this.bytes = this.read();
    if (bytes === null) return this.head = { modules: {}, forms: [], primitives: [] };
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return this.head = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Head;
  }
  module(name: string): Uint8Array<ArrayBuffer> | null {
    const place = this.open().modules[name];
    if (place === undefined) return null;
    const bytes = this.bytes!, first = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) + place[0];
    return bytes.subarray(first, first + place[1]) as Uint8Array<ArrayBuffer>;
  }
  get forms(): readonly number[] { return this.open().forms; }
  get primitives(): readonly string[] { return this.open().primitives; }
}
