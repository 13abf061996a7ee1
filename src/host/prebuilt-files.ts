/** What the build wrote for generated code, in its folder: the file `prebuilt` (exec/threaded/prebuilt.ts), and machine code of modules that are in it. */
import fs from 'node:fs';
import { type Flags, V8_MAJOR } from './bundle.ts';
import { MachineCode } from './machine-code.ts';

/** Versions of V8 that compile a module at once, and once, under these flags. */
const ONCE_V8: ReadonlySet<string> = new Set(['11']), ONCE = ['--no-wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
/** Names of files. */
const PREBUILT = 'prebuilt', CODE = '.code';

/** Of a build's program. What gives a build's files away gives the flags that it was made under, too. */
export class PrebuiltFiles {
  private readonly folder: string;
  private readonly flags: Flags;
  constructor(folder: string, flags: Flags) { this.folder = folder; this.flags = flags; }

  read(): Uint8Array | null { return bytesOf(`${this.folder}/${PREBUILT}`); }
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module {
    const compile = (): WebAssembly.Module => new WebAssembly.Module(module);
    return ONCE_V8.has(V8_MAJOR) ? this.flags.with(ONCE, compile) : compile();
  }
  optimised(name: string, length: number, module: Uint8Array<ArrayBuffer>): WebAssembly.Module | null {
    const code = bytesOf(`${this.folder}/${name}${CODE}`);
    // V8 believes what is written in it: none of it may be missing.
    return code?.length !== length ? null : new MachineCode(this.flags).moduleOf(code.buffer.byteLength === length ? code.buffer : new Uint8Array(code).buffer, module);
  }
  write(prebuilt: Uint8Array, codes: ReadonlyMap<string, Uint8Array>): void {
    fs.writeFileSync(`${this.folder}/${PREBUILT}`, prebuilt);
    for (const [name, code] of codes) fs.writeFileSync(`${this.folder}/${name}${CODE}`, code);
  }
}
function bytesOf(path: string): Uint8Array<ArrayBuffer> | null {
  try { return fs.readFileSync(path) as Uint8Array<ArrayBuffer>; } catch { return null; }
}
