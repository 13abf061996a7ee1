/** What `npm run build` generates in advance, made here. */
import v8 from 'node:v8';
import { prebuild } from '../../src/exec/threaded/prebuild.ts';
import { pack, PrebuiltFile, type PrebuiltSource } from '../../src/exec/threaded/prebuilt.ts';
import { Flags } from '../../src/host/v8-flags.ts';
import { MachineCode } from '../../src/host/machine-code.ts';

const PARTS = prebuild(), MACHINE_CODE = new MachineCode(new Flags(flag => { v8.setFlagsFromString(flag); }));
const CODES = new Map(PARTS.large.flatMap(name => {
  const code = MACHINE_CODE.of(PARTS.modules.get(name)!);
  return code === null ? [] : [[name, code]] as const;
}));
/** What V8 did not take is compiled: whoever wants to know whether it took something asks. */
export const took = { modules: 0 };

const compileOnce = (module: Uint8Array<ArrayBuffer>): WebAssembly.Module => new WebAssembly.Module(module);
function sourceOf(file: Uint8Array | null): PrebuiltSource { return { read: (at, length) => file?.subarray(at, at + length) ?? null, compileOnce }; }
/** As where V8 is another than the build's. */
export const compiledHere = (): PrebuiltFile => new PrebuiltFile(sourceOf(pack(PARTS)));
/** As where it is the same. */
export const optimisedBefore = (): PrebuiltFile => new PrebuiltFile({
  ...sourceOf(pack(PARTS, Object.fromEntries([...CODES.keys()].map(name => [name, name])))),
  optimised(code, module) {
    const optimised = MACHINE_CODE.moduleOf(CODES.get(code)!, module);
    if (optimised !== null) took.modules += 1;
    return optimised;
  },
});
export const missing = (): PrebuiltFile => new PrebuiltFile(sourceOf(null));
