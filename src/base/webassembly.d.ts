/** The JavaScript API of WebAssembly, as far as it is used (TypeScript keeps it in lib.dom). */
declare namespace WebAssembly {
  class Memory { constructor(descriptor: { initial: number; maximum: number }); readonly buffer: ArrayBuffer }
}
