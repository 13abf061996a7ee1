/** What programs need as they start, generated in advance: a file for `start`. */
import { pack } from '../exec/threaded/prebuilt.ts';
import { prebuild as parts } from '../exec/threaded/prebuild.ts';

export function prebuild(): Uint8Array { return pack(parts()); }
