/** The network interface there is, lo (netdevice(7)): what ioctls tell of it. */
import { EADDRNOTAVAIL, EFAULT, ENODEV, EPERM } from '../../base/errno.ts';
import type { Va } from '../../base/types.ts';
import { byteString, bytesOf } from '../../host/host.ts';
import type { UserMemory } from '../../mmu/user.ts';
import type { Result } from '../file.ts';
import { AF_INET } from './uapi.ts';

export const LO = { name: 'lo', index: 1, mtu: 65536, queue: 1000, /** IFF_UP | IFF_LOOPBACK | IFF_RUNNING */ flags: 0x49, /** ARPHRD_LOOPBACK */ hardware: 772 } as const;
const NAME_BYTES = 16, IFREQ_BYTES = 40;
const SIOCGIFNAME = 0x8910, SIOCGIFCONF = 0x8912, SIOCSIFFLAGS = 0x8914;

function inet(...ip: number[]): Uint8Array { return new Uint8Array([AF_INET, 0, 0, 0, ...ip, ...new Array<number>(8).fill(0)]); }
const ints = (...values: number[]): Uint8Array => new Uint8Array(new Int32Array(values).buffer);
/** By request: what is put behind the name. */
const ANSWERS: { readonly [request: number]: () => Uint8Array | Result } = {
  /* SIOCGIFFLAGS */ 0x8913: () => new Uint8Array(new Int16Array([LO.flags]).buffer),
  /* SIOCGIFADDR */ 0x8915: () => inet(127, 0, 0, 1),
  /* SIOCGIFDSTADDR */ 0x8917: () => inet(127, 0, 0, 1),
  /* SIOCGIFBRDADDR */ 0x8919: () => inet(0, 0, 0, 0),
  /* SIOCGIFNETMASK */ 0x891b: () => inet(255, 0, 0, 0),
  /* SIOCGIFMETRIC */ 0x891d: () => ints(0),
  /* SIOCGIFMTU */ 0x8921: () => ints(LO.mtu),
  /* SIOCGIFHWADDR */ 0x8927: () => new Uint8Array([LO.hardware & 0xff, LO.hardware >> 8, ...new Array<number>(14).fill(0)]),
  /* SIOCGIFINDEX */ 0x8933: () => ints(LO.index),
  /* SIOCGIFTXQLEN */ 0x8942: () => ints(LO.queue),
};

/** null: not a request about interfaces. */
export function interfaceIoctl(request: number, argument: Va, memory: UserMemory): Result | null {
  if (request === SIOCGIFCONF) return configuration(argument, memory);
  const isSetting = request >= SIOCSIFFLAGS && request <= 0x8940 && (request & 1) === 0 && ANSWERS[request] === undefined, answer = ANSWERS[request];
  if (answer === undefined && request !== SIOCGIFNAME) return isSetting ? -EPERM : null;
  const asked = new Uint8Array(IFREQ_BYTES);
  if (!memory.copyIn(argument, asked)) return -EFAULT;
  if (answer === undefined) {
    if (new DataView(asked.buffer).getInt32(NAME_BYTES, true) !== LO.index) return -ENODEV;
    return memory.copyOut(argument, bytesOf(LO.name.padEnd(NAME_BYTES, '\0'))) ? 0 : -EFAULT;
  }
  const name = byteString(asked.subarray(0, NAME_BYTES)).split('\0')[0];
  if (name !== LO.name) return -ENODEV;
  const told = answer();
  if (typeof told === 'number') return told === 0 ? -EADDRNOTAVAIL : told;
  return memory.copyOut(argument + NAME_BYTES, told) ? 0 : -EFAULT;
}
/** struct ifconf: the room there is, and where; without a place, the room that is needed. */
function configuration(argument: Va, memory: UserMemory): Result {
  const bytes = new Uint8Array(16), view = new DataView(bytes.buffer);
  if (!memory.copyIn(argument, bytes)) return -EFAULT;
  const room = view.getInt32(0, true), at = Number(view.getBigUint64(8, true));
  const entry = new Uint8Array(IFREQ_BYTES);
  entry.set(bytesOf(LO.name));
  entry.set(inet(127, 0, 0, 1), NAME_BYTES);
  const isTold = at !== 0 && room >= IFREQ_BYTES;
  if (isTold && !memory.copyOut(at, entry)) return -EFAULT;
  return memory.copyOut(argument, ints(at === 0 || isTold ? IFREQ_BYTES : 0)) ? 0 : -EFAULT;
}
