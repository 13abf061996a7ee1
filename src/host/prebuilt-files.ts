/** What the build wrote for generated code, in its folder: the file `prebuilt` (exec/threaded/prebuilt.ts), and machine code of modules that are in it. */
import fs from 'node:fs';
import { type Flags, V8_MAJOR } from './v8-flags.ts';
import { MachineCode } from './machine-code.ts';

/** Versions of V8 that compile a module at once, and once, under these flags. */
const ONCE_V8: ReadonlySet<string> = new Set(['11']), ONCE = ['--no-wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
/** Names of files. */
const PREBUILT = 'prebuilt', CODE = '.code';
const DIGEST_BYTES = 8, O_RDONLY = 0;

/** Of a build's program, made under its flags. */
export class PrebuiltFiles {
  private readonly folder: string;
  private readonly flags: Flags;
  constructor(folder: string, flags: Flags) { this.folder = folder; this.flags = flags; }

  read(at: number, length: number): Uint8Array | null {
    try {
      const fd = fs.openSync(`${this.folder}/${PREBUILT}`, O_RDONLY), bytes = new Uint8Array(length);
      try { return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, at)); } finally { fs.closeSync(fd); }
    } catch { return null; }
  }
  compileOnce(module: Uint8Array<ArrayBuffer>): WebAssembly.Module {
    const compile = (): WebAssembly.Module => new WebAssembly.Module(module);
    return ONCE_V8.has(V8_MAJOR) ? this.flags.with(ONCE, compile) : compile();
  }
  /** @param code as `writeCode` named it */
  optimised(code: string, module: Uint8Array<ArrayBuffer>): WebAssembly.Module | null {
    const bytes = bytesOf(`${this.folder}/${code}`);
    return bytes === null ? null : new MachineCode(this.flags).moduleOf(bytes, module);
  }
  write(prebuilt: Uint8Array): void { writeWhole(`${this.folder}/${PREBUILT}`, prebuilt); }
  /** Gives its name, which no other code has: V8 believes that code is of the module it is given with. null: this V8 does not give any. */
  async writeCode(name: string, module: Uint8Array<ArrayBuffer>): Promise<string | null> {
    const code = new MachineCode(this.flags).of(module);
    if (code === null) return null;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', code)).subarray(0, DIGEST_BYTES), file = `${name}-${[...digest].map(byte => byte.toString(16).padStart(2, '0')).join('')}${CODE}`;
    writeWhole(`${this.folder}/${file}`, code);
    return file;
  }
  /** Machine code of earlier builds goes. */
  clear(): void { for (const name of fs.readdirSync(this.folder)) if (name.endsWith(CODE)) fs.unlinkSync(`${this.folder}/${name}`); }
}
/** Nobody sees half of it. */
function writeWhole(path: string, bytes: Uint8Array): void {
  fs.writeFileSync(`${path}.new`, bytes);
  fs.renameSync(`${path}.new`, path);
}
function bytesOf(path: string): Uint8Array<ArrayBuffer> | null {
  try { return fs.readFileSync(path) as Uint8Array<ArrayBuffer>; } catch { return null; }
}
