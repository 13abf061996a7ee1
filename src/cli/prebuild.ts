/** What programs need as they start, generated in advance: files for `start`. */
import type { Flags } from '../host/v8-flags.ts';
import { PrebuiltFiles } from '../host/prebuilt-files.ts';
import { pack } from '../exec/threaded/prebuilt.ts';
import { prebuild as partsOf } from '../exec/threaded/prebuild.ts';

export async function prebuild(folder: string, flags: Flags): Promise<void> {
  const parts = partsOf(), files = new PrebuiltFiles(folder, flags), codes: Record<string, string> = {};
  files.clear();
  for (const name of parts.large) {
    const code = await files.writeCode(name, parts.modules.get(name)!);
    if (code !== null) codes[name] = code;
  }
  files.write(pack(parts, codes));
}
