/** The initial process stack (psABI for x86-64 §3.4.1, figure 3.9; auxiliary vector: getauxval(3)). Pure: it lays bytes out. */
import { bytesOf, type ByteString } from '../host/host.ts';
import type { Va } from '../base/types.ts';

export const AT = {
  NULL: 0, PHDR: 3, PHENT: 4, PHNUM: 5, PAGESZ: 6, BASE: 7, FLAGS: 8, ENTRY: 9, UID: 11, EUID: 12, GID: 13, EGID: 14, PLATFORM: 15,
  HWCAP: 16, CLKTCK: 17, SECURE: 23, RANDOM: 25, HWCAP2: 26, EXECFN: 31, MINSIGSTKSZ: 51,
} as const;
const PLATFORM = 'x86_64';
const RANDOM_BYTES = 16;

export interface StackRequest {
  /** One past the last byte of the stack. */
  readonly top: Va;
  readonly path: ByteString;
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  /** Pairs (type, value); those that point into the stack (PLATFORM, RANDOM, EXECFN) are added here. */
  readonly auxiliary: readonly (readonly [number, number])[];
  /** Sixteen bytes for AT_RANDOM. */
  readonly random: Uint8Array;
}
export interface StackImage {
  /** Where RSP points at the entry: argc. Multiple of 16. */
  readonly pointer: Va;
  /** What lies from `pointer` to the top. */
  readonly bytes: Uint8Array;
  /** The auxiliary vector as /proc/self/auxv shows it. */
  readonly auxiliary: Uint8Array;
}

/** From the top down, as Linux does: 8 zero bytes, the path, environment, arguments, platform, random bytes, the vectors. */
export function layStack(request: StackRequest): StackImage {
  const strings = [...request.argv, ...request.envp, request.path].map(text => text + '\0');
  const stringBytes = strings.reduce((sum, text) => sum + text.length, 0);
  const stringsAt = request.top - 8 - stringBytes;
  const addresses: Va[] = [];
  strings.reduce((at, text) => { addresses.push(at); return at + text.length; }, stringsAt);
  const platformAt = Math.floor(stringsAt / 16) * 16 - PLATFORM.length - 1;
  const randomAt = platformAt - RANDOM_BYTES;

  const { argv, envp } = request;
  const auxiliary = [
    ...request.auxiliary, [AT.RANDOM, randomAt], [AT.EXECFN, addresses[argv.length + envp.length] ?? 0], [AT.PLATFORM, platformAt],
    [AT.NULL, 0],
  ].flat();
  const vectors = [argv.length, ...addresses.slice(0, argv.length), 0, ...addresses.slice(argv.length, -1), 0, ...auxiliary];
  const pointer = Math.floor((randomAt - 8 * vectors.length) / 16) * 16;

  const bytes = new Uint8Array(request.top - pointer);
  const view = new DataView(bytes.buffer);
  vectors.forEach((value, i) => { view.setUint32(8 * i, value, true); view.setUint32(8 * i + 4, value / 0x1_0000_0000, true); });
  bytes.set(request.random.subarray(0, RANDOM_BYTES), randomAt - pointer);
  bytes.set(bytesOf(PLATFORM), platformAt - pointer);
  bytes.set(bytesOf(strings.join('')), stringsAt - pointer);
  const auxiliaryAt = 8 * (vectors.length - auxiliary.length);
  return { pointer, bytes, auxiliary: bytes.slice(auxiliaryAt, auxiliaryAt + 8 * auxiliary.length) };
}
