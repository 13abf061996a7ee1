/** How strace prints an argument or a result: a row a word of a call's `shape` (strace(1)). */
import { NET_ARGUMENTS } from './strace-net.ts';
import { FILE_KINDS, MODE_BITS, NAMES } from './strace-names.ts';
import {
  buffer, choice, ELEMENTS_MAX, flags, hex, octal, path, pointer, read, STRING_MAX, sigset, signalSet, structure, timespec, timeval, told, view, type Printer,
} from './strace-pieces.ts';
import { signalName } from './signal-names.ts';
import { AT_EACCESS, AT_FDCWD, AT_REMOVEDIR, O_CREAT, O_DIRECTORY, O_TMPFILE } from './uapi.ts';

// — structures —

function modeText(mode: number): string {
  const bits = MODE_BITS.flags(mode & 0o7000, '');
  return [FILE_KINDS.of(mode & 0o170000) ?? hex(mode & 0o170000), ...bits === '' ? [] : [bits], octal(mode & 0o777)].join('|');
}
const stat = structure(144, fields => {
  const mode = fields.getUint32(24, true), kind = mode & 0o170000, rdev = fields.getBigUint64(40, true);
  const isDevice = kind === 0o020000 || kind === 0o060000;
  const last = isDevice ? `st_rdev=makedev(0x${((rdev >> 8n) & 0xfffn).toString(16)}, 0x${(rdev & 0xffn).toString(16)})`
    : `st_size=${fields.getBigInt64(48, true)}`;
  return `{st_mode=${modeText(mode)}, ${last}, ...}`;
});
const statx = structure(256, fields => `{stx_mask=${NAMES.statx.flags(fields.getUint32(0, true))}, stx_attributes=0, `
  + `stx_mode=${modeText(fields.getUint16(28, true))}, stx_size=${fields.getBigInt64(40, true)}, ...}`);
function limitText(value: bigint): string {
  if (value === 0xffff_ffff_ffff_ffffn) return 'RLIM64_INFINITY';
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}
const rlimit = structure(16, fields => {
  const [soft, hard] = [0, 8].map(at => limitText(fields.getBigUint64(at, true)));
  return `{rlim_cur=${soft}, rlim_max=${hard}}`;
});
const HANDLERS: { readonly [handler: number]: string } = { 0: 'SIG_DFL', 1: 'SIG_IGN' };
const sigaction = structure(32, fields => {
  const handler = Number(fields.getBigUint64(0, true)), bits = fields.getUint32(8, true), restorer = Number(fields.getBigUint64(16, true));
  return `{sa_handler=${HANDLERS[handler] ?? hex(handler)}, sa_mask=${signalSet(fields.getBigUint64(24, true))}, `
    + `sa_flags=${NAMES.sigaction.flags(bits)}${restorer === 0 ? '' : `, sa_restorer=${hex(restorer)}`}}`;
});
const sigstack = structure(24, fields => {
  const state = ['0', 'SS_ONSTACK', 'SS_DISABLE'][fields.getInt32(8, true)] ?? hex(fields.getUint32(8, true));
  return `{ss_sp=${pointer(Number(fields.getBigUint64(0, true)))}, ss_flags=${state}, ss_size=${fields.getBigUint64(16, true)}}`;
});

/** readv's and writev's arrays; `isOutput`: the result says how much of them was filled. */
const vectors = (isOutput: boolean): Printer => (call, i) => {
  const at = call.args.pointer(i), count = Math.min(call.args.size(i + 1), ELEMENTS_MAX), fields = view(call, at, 16 * count);
  if (fields === null) return pointer(at);
  let left = isOutput ? call.result ?? 0 : Infinity;
  const parts: string[] = [];
  for (let k = 0; k < count; k++) {
    const base = Number(fields.getBigUint64(16 * k, true)), length = Number(fields.getBigUint64(16 * k + 8, true));
    parts.push(`{iov_base=${buffer(call, base, Math.min(length, left))}, iov_len=${length}}`);
    left -= Math.min(left, length);
  }
  return `[${parts.join(', ')}${call.args.size(i + 1) > count ? ', ...' : ''}]`;
};
const pollfds: Printer = (call, i) => {
  const at = call.args.pointer(i), count = Math.min(call.args.uint(i + 1), ELEMENTS_MAX), fields = view(call, at, 8 * count);
  if (fields === null || at === 0) return pointer(at);
  const one = (k: number): string => `{fd=${fields.getInt32(8 * k, true)}, events=${NAMES.poll.flags(fields.getUint16(8 * k + 4, true))}}`;
  return `[${Array.from({ length: count }, (_, k) => one(k)).join(', ')}]`;
};
/** How many are ready, and which. */
const polled: Printer = call => {
  const at = call.args.pointer(0), count = Math.min(call.args.uint(1), ELEMENTS_MAX), fields = view(call, at, 8 * count);
  if (call.result === 0 || fields === null) return `${call.result ?? 0} (Timeout)`;
  const ready = Array.from({ length: count }, (_, k) => 8 * k).filter(k => fields.getUint16(k + 6, true) !== 0);
  const one = (k: number): string => `{fd=${fields.getInt32(k, true)}, revents=${NAMES.poll.flags(fields.getUint16(k + 6, true))}}`;
  return `${call.result ?? 0} ([${ready.map(one).join(', ')}])`;
};
const random: Printer = (call, i) => {
  const bytes = read(call, call.args.pointer(i), Math.min(call.result ?? 0, STRING_MAX)) ?? new Uint8Array(0);
  const text = Array.from(bytes, byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return `"${text}"${(call.result ?? 0) > STRING_MAX ? '...' : ''}`;
};

// — arguments that depend on others —

const openFlags: Printer = (call, i) => openText(call.args.uint(i));
function openText(value: number): string {
  const rest = NAMES.open.flags(value & ~3, '');
  return [['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][value & 3], ...rest === '' ? [] : [rest]].join('|');
}
/** struct open_how (openat2(2)). */
const openHow = structure(24, fields => {
  const flags = fields.getUint32(0, true), mode = fields.getUint32(8, true), resolve = NAMES.resolve.flags(fields.getUint32(16, true));
  return `{flags=${openText(flags)}${mode === 0 ? '' : `, mode=${octal(mode)}`}, resolve=${resolve}}`;
});
/** mknod's mode has the kind of file in it, and only devices have a number. */
const nodeMode: Printer = (call, i) => modeText(call.args.uint(i));
const deviceIfNode: Printer = (call, i) => {
  const kind = call.args.uint(i - 1) & 0o170000, device = call.args.uint(i);
  return kind === 0o020000 || kind === 0o060000 ? `makedev(${hex(device >> 8 & 0xfff)}, ${hex(device & 0xff | device >> 12 & 0xfff00)})` : null;
};
/** O_TMPFILE proper: the bit that O_DIRECTORY is not. */
const O_TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY;
const modeIfCreated: Printer = (call, i) => (call.args.uint(i - 1) & (O_CREAT | O_TMPFILE_BIT)) === 0 ? null : octal(call.args.uint(i));
const F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4;
const fcntlArgument: Printer = (call, i) => {
  const command = call.args.int(i - 1), value = call.args.uint(i);
  if (command === F_GETFD || command === F_GETFL) return null;
  if (command === F_SETFD) return value === 1 ? 'FD_CLOEXEC' : hex(value);
  if (command === F_SETFL) return openFlags(call, i);
  return value < 4096 ? String(value) : hex(value);
};
const fcntlResult: Printer = call => {
  const command = call.args.int(1), result = call.result ?? 0;
  if (command === F_GETFL) return `${hex(result)} (flags ${openFlags({ ...call, args: { ...call.args, uint: () => result } }, 0) ?? ''})`;
  return command === F_GETFD && result === 1 ? '0x1 (flags FD_CLOEXEC)' : String(result);
};
const futexOperation: Printer = (call, i) => {
  const value = call.args.uint(i), isPrivate = (value & 0x80) !== 0, isReal = (value & 0x100) !== 0;
  return `${NAMES.futex.of(value & 0x7f) ?? hex(value & 0x7f)}${isPrivate ? '_PRIVATE' : ''}${isReal ? '|FUTEX_CLOCK_REALTIME' : ''}`;
};
/** FUTEX_WAKE has no timeout to show. */
const futexTimeout: Printer = (call, i) => [0, 9].includes(call.args.int(1) & 0x7f) ? timespec(call, i) : null;
const PR_SET_NAME = 15, PR_GET_NAME = 16;
const prctlArgument: Printer = (call, i) => {
  const option = call.args.int(0);
  if (option !== PR_SET_NAME && option !== PR_GET_NAME) return hex(call.args.size(i));
  return i > 1 ? null : path(call, call.args.pointer(i));
};
const times: Printer = (call, i) => {
  const fields = call.args.pointer(i) === 0 ? null : view(call, call.args.pointer(i), 32);
  if (fields === null) return pointer(call.args.pointer(i));
  const one = (at: number): string => {
    const nanoseconds = fields.getBigInt64(at + 8, true);
    if (nanoseconds === 0x3fffffffn) return 'UTIME_NOW';
    return nanoseconds === 0x3ffffffen ? 'UTIME_OMIT' : `{tv_sec=${fields.getBigInt64(at, true)}, tv_nsec=${nanoseconds}}`;
  };
  const both = [one(0), one(16)];
  return `[${both.join(', ')}]`;
};

const statxFlags: Printer = (call, i) => {
  const value = call.args.uint(i), isAsStat = (value & 0x6000) === 0;
  return [...isAsStat ? ['AT_STATX_SYNC_AS_STAT'] : [], ...value === 0 ? [] : [NAMES.at.flags(value)]].join('|');
};
/** IPC_* bits, and rights in octal. */
const ipcFlags: Printer = (call, i) => {
  const value = call.args.uint(i), names = NAMES.ipc.flags(value & ~0o777, '');
  return names === '' ? octal(value & 0o777) : `${names}|${octal(value & 0o777)}`;
};
const decimal: Printer = (call, i) => String(call.args.int(i));

/** Arguments. A word that is not here prints as `hex` does. */
export const ARGUMENTS: { readonly [word: string]: Printer } = {
  ...NET_ARGUMENTS,
  access: flags(NAMES.access, 'F_OK'), arch: choice(NAMES.arch), at: flags(NAMES.at), clock: choice(NAMES.clock),
  fcntl: choice(NAMES.fcntl), flock: flags(NAMES.flock), xattr: flags(NAMES.xattr), ipc: ipcFlags, shmat: flags(NAMES.shmat), rwf: flags(NAMES.rwf), splice: flags(NAMES.splice), grnd: flags(NAMES.grnd), ioctl: choice(NAMES.ioctl), madvise: choice(NAMES.advice),
  map: flags(NAMES.map), memfd: flags(NAMES.memfd), mremap: flags(NAMES.mremap), msync: flags(NAMES.msync),
  openbits: flags(NAMES.open), prctl: choice(NAMES.prctl), prot: flags(NAMES.prot, 'PROT_NONE'),
  rlimit: choice(NAMES.rlimit), rusage: choice(NAMES.rusage), sighow: choice(NAMES.sighow), statxmask: flags(NAMES.statx),
  timer: flags(NAMES.timer), whence: choice(NAMES.whence),
  ataccess: (call, i) => call.args.uint(i) === AT_EACCESS ? 'AT_EACCESS' : hex(call.args.uint(i)),
  atrm: (call, i) => call.args.uint(i) === AT_REMOVEDIR ? 'AT_REMOVEDIR' : hex(call.args.uint(i)),
  atstatx: statxFlags,
  bytes: told((call, i) => buffer(call, call.args.pointer(i), call.result ?? 0)),
  cpus: told(() => '[0]'),
  cwd: told((call, i) => path(call, call.args.pointer(i))),
  data: (call, i) => buffer(call, call.args.pointer(i), call.args.size(i + 1)),
  dirents: (call, i) => pointer(call.args.pointer(i)),
  dirfd: (call, i) => call.args.int(i) === AT_FDCWD ? 'AT_FDCWD' : decimal(call, i),
  fcntlarg: fcntlArgument,
  fd: decimal,
  fds: told(structure(8, fields => `[${fields.getInt32(0, true)}, ${fields.getInt32(4, true)}]`)),
  futex: futexOperation,
  hex: (call, i) => hex(call.args.size(i)),
  int: decimal,
  iov: vectors(false), iovout: told(vectors(true)),
  mapfd: decimal,
  mode: (call, i) => octal(call.args.uint(i)), 'mode?': modeIfCreated,
  nodemode: nodeMode, 'device?': deviceIfNode, openhow: openHow, renamebits: flags(NAMES.rename),
  mremapto: (call, i) => (call.args.uint(i - 1) & 2) === 0 ? null : pointer(call.args.pointer(i)),
  off: (call, i) => String(call.args.long(i)),
  offp: (call, i) => call.args.pointer(i) === 0 ? 'NULL' : structure(8, fields => `[${fields.getBigInt64(0, true)}]`)(call, i),
  open: openFlags,
  path: (call, i) => path(call, call.args.pointer(i)),
  pollfds,
  prctlarg: prctlArgument,
  ptr: (call, i) => pointer(call.args.pointer(i)),
  random: told(random),
  rlim: rlimit, rlimout: told(rlimit),
  signal: (call, i) => call.args.int(i) === 0 ? '0' : signalName(call.args.int(i)),
  sigaction, sigactionout: told(sigaction), sigset, sigsetout: told(sigset), sigstack, sigstackout: told(sigstack),
  size: (call, i) => String(call.args.size(i)),
  stat: told(stat), statx: told(statx),
  timespec, timespecout: told(timespec), 'timespec?': futexTimeout, timeval: told(timeval), times,
  uint: (call, i) => String(call.args.uint(i)),
};

/** Results that are no errors. A word that is not here prints in decimal. */
export const RESULTS: { readonly [word: string]: Printer } = {
  fcntl: fcntlResult,
  polled,
  selected: call => call.result === 0 ? '0 (Timeout)' : String(call.result ?? 0),
  mode: call => octal(call.result ?? 0),
  ptr: call => hex(call.result ?? 0),
  hex: call => hex(call.result ?? 0),
};
