/** What programs need as they start, generated in advance: files for `start`. */
import type { Flags } from '../host/bundle.ts';
import { MachineCode } from '../host/machine-code.ts';
import { PrebuiltFiles } from '../host/prebuilt-files.ts';
import { pack } from '../exec/threaded/prebuilt.ts';
import { prebuild as partsOf } from '../exec/threaded/prebuild.ts';

export function prebuild(folder: string, flags: Flags): void {
  const parts = partsOf(), machineCode = new MachineCode(flags), codes = new Map<string, Uint8Array>();
  for (const name of parts.large) {
    const code = machineCode.of(parts.modules.get(name)!);
    if (code !== null) codes.set(name, code);
  }
  new PrebuiltFiles(folder, flags).write(pack(parts, codes), codes);
}
