/**
 * Machine code of WebAssembly modules, made once and used by other processes: V8 gives and takes it as browsers' caches want it (v8/src/wasm/wasm-serialization.cc;
 * reached as V8's own tests reach it, by `%SerializeWasmModule` of v8/src/runtime/runtime-test-wasm.cc). To take it is twenty times as fast as to compile without optimising.
 */
import { type Flags, IS_KNOWN_V8 } from './v8-flags.ts';

const NATIVE_FUNCTIONS = ['--allow-natives-syntax'];
/** All of a module is compiled at once, by the compiler that optimises. */
const OPTIMISING = ['--no-wasm-lazy-compilation', '--no-wasm-dynamic-tiering', '--no-liftoff'];

export class MachineCode {
  private readonly flags: Flags;
  constructor(flags: Flags) { this.flags = flags; }

  /** Of a module, optimised; null: this V8 does not give it. */
  of(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    if (!IS_KNOWN_V8) return null;
    const compiled = this.flags.with(OPTIMISING, () => new WebAssembly.Module(module));
    return this.flags.with(NATIVE_FUNCTIONS, () => {
      const serialise = new Function('module', 'return %SerializeWasmModule(module)') as (module: WebAssembly.Module) => ArrayBuffer;
      return new Uint8Array(serialise(compiled));
    });
  }
  /** The module it was made of; null where V8 refuses it: another V8 made it, or for another processor, or under other flags. @param bytes all of its code */
  moduleOf(bytes: Uint8Array<ArrayBuffer>, module: Uint8Array<ArrayBuffer>): WebAssembly.Module | null {
    if (!IS_KNOWN_V8) return null;
    try {
      return this.flags.with(NATIVE_FUNCTIONS, () => {
        const take = new Function('code', 'module', 'return %DeserializeWasmModule(code, module)') as (code: ArrayBuffer, module: Uint8Array) => WebAssembly.Module | undefined;
        // What Node reads may lie in a buffer with others.
        return take(bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer, module) ?? null;
      });
    } catch { return null; } // Whoever starts Node may forbid code from strings.
  }
}
