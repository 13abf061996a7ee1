/** The JavaScript API of WebAssembly, as far as it is used (TypeScript keeps it in lib.dom). */
declare namespace WebAssembly {
  class Memory { constructor(descriptor: { initial: number; maximum: number; shared: true }); readonly buffer: SharedArrayBuffer }
  class Module { constructor(bytes: Uint8Array<ArrayBuffer>) }
  class Table { constructor(descriptor: { element: 'anyfunc'; initial: number; maximum?: number }); get(index: number): unknown; set(index: number, value?: unknown): void; grow(by: number): number; readonly length: number }
  class Instance { constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>); readonly exports: Readonly<Record<string, unknown>> }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}
