/** execve(2): from a path to a process ready to run its first instruction (psABI for x86-64 §3.4). */
import { PAGE_BYTES } from '../base/layout.ts';
import type { ByteString, Host, HostStat } from '../host/host.ts';
import { parseElf, type ByteSource, type ElfImage } from '../loader/elf.ts';
import { mapImage, mapStack, STACK_TOP } from '../loader/load.ts';
import { AT, layStack } from '../loader/stack.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import { EACCES, ENOENT, ENOMEM, ENOTDIR } from '../base/errno.ts';
import { cacheKey, HostHandle, type HostPages } from './pages.ts';
import type { Executable, System } from './process.ts';
import { S_IFMT, S_IFREG } from './uapi.ts';

/** Why a program cannot run: one sentence for the user, and the status a shell would give. */
export interface Refusal { readonly sentence: string; readonly status: number }
const STATUS_MALFORMED = 2, STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127;

/** Linux's limit for one argument, and for all of them on an 8 MiB stack (execve(2), "Limits on size"). */
const STRING_BYTES_MAX = 131_072, STRINGS_BYTES_MAX = 2 << 20;
/** What a signal handler needs at least: the frame with an XSAVE area. */
const SIGNAL_STACK_BYTES_MIN = 2048;
const CLOCK_TICKS = 100;

export interface ExecRequest {
  /** Absolute. */
  readonly path: ByteString;
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  /** CPUID.1:EDX as the guest sees it. */
  readonly hwcap: number;
  readonly hwcap2: number;
}
export interface LoadedProgram { readonly executable: Executable; readonly entry: number }

/** Opens, checks and maps a program into an empty address space. */
export function loadProgram(system: System, space: AddressSpace, request: ExecRequest): LoadedProgram | Refusal {
  const opened = openProgram(system, request.path);
  if ('sentence' in opened) return opened;
  const { image, pages } = opened;
  const strings = [...request.argv, ...request.envp];
  const stringBytes = strings.reduce((sum, text) => sum + text.length + 9, 0);
  if (stringBytes > STRINGS_BYTES_MAX || strings.some(text => text.length >= STRING_BYTES_MAX)) {
    return { sentence: `${request.path}: the arguments and the environment are too long`, status: STATUS_CANNOT_RUN };
  }
  const loaded = mapImage(space, image, pages);
  if (typeof loaded === 'number') return cannotMap(request.path, loaded);
  space.startBreak(loaded.end);
  const random = new Uint8Array(16);
  system.entropy.fill(random);
  const auxiliary = auxiliaryVector(system.host, image, loaded.bias, loaded.entry, request);
  const stack = layStack({ ...request, top: STACK_TOP, random, auxiliary });
  const stacked = mapStack(space, stack.pointer, stack.bytes, image.hasExecutableStack);
  if (stacked < 0) return cannotMap(request.path, stacked);
  const { argv, envp } = request;
  const executable = { path: pages.name, image, bias: loaded.bias, argv, envp, auxiliary: stack.auxiliary, stackPointer: stack.pointer };
  return { executable, entry: loaded.entry };
}

function cannotMap(path: ByteString, error: number): Refusal {
  const why = error === -ENOMEM ? 'it does not fit in memory' : 'its segments lie where no program may';
  return { sentence: `${path}: cannot be loaded: ${why}`, status: STATUS_CANNOT_RUN };
}

function openProgram(system: System, path: ByteString): { readonly image: ElfImage; readonly pages: HostPages } | Refusal {
  const { host, pageCache } = system;
  const stat = host.stat(path, true);
  if (typeof stat === 'number') return cannotOpen(path, stat);
  if ((stat.mode & S_IFMT) !== S_IFREG) return { sentence: `${path}: not a regular file`, status: STATUS_CANNOT_RUN };
  if (host.access(path, 1) < 0) return { sentence: `${path}: permission denied`, status: STATUS_CANNOT_RUN };
  const fd = host.open(path, 0, 0);
  if (fd < 0) return cannotOpen(path, fd);
  const handle = new HostHandle(host, fd, false);
  const image = parseElf(fileSource(host, fd, stat));
  if (typeof image === 'string') { handle.release(); return { sentence: `${path}: ${image}`, status: STATUS_MALFORMED }; }
  if (image.interpreter !== null) {
    handle.release();
    return { sentence: `${path}: needs the dynamic loader ${image.interpreter}; only static programs run yet`, status: STATUS_CANNOT_RUN };
  }
  const real = host.realPath(path);
  return { image, pages: pageCache.open(cacheKey(stat), typeof real === 'string' ? real : path, stat, handle) };
}
function cannotOpen(path: ByteString, error: number): Refusal {
  if (error === -ENOENT || error === -ENOTDIR) return { sentence: `${path}: no such program`, status: STATUS_NOT_FOUND };
  const why = error === -EACCES ? 'permission denied' : `cannot be opened (errno ${-error})`;
  return { sentence: `${path}: ${why}`, status: STATUS_CANNOT_RUN };
}

/** The parser's view of a host file: only what it looks at is read. The descriptor lives as long as the program's pages. */
function fileSource(host: Host, fd: number, stat: HostStat): ByteSource {
  return {
    length: stat.size,
    read: (at, length) => {
      if (at + length > stat.size) return null;
      const bytes = new Uint8Array(length);
      return host.read(fd, bytes, at) === length ? bytes : null;
    },
  };
}

/** getauxval(3); PLATFORM, RANDOM and EXECFN are added where the stack is laid out. There is no vDSO. */
function auxiliaryVector(host: Host, image: ElfImage, bias: number, entry: number, { hwcap, hwcap2 }: { readonly hwcap: number; readonly hwcap2: number }): readonly (readonly [number, number])[] {
  const { address, count, entryBytes } = image.programHeaders, { uid, euid, gid, egid } = host.user;
  return [
    [AT.MINSIGSTKSZ, SIGNAL_STACK_BYTES_MIN], [AT.HWCAP, hwcap], [AT.PAGESZ, PAGE_BYTES], [AT.CLKTCK, CLOCK_TICKS],
    [AT.PHDR, address === 0 ? 0 : address + bias], [AT.PHENT, entryBytes], [AT.PHNUM, count], [AT.BASE, 0], [AT.FLAGS, 0], [AT.ENTRY, entry],
    [AT.UID, uid], [AT.EUID, euid], [AT.GID, gid], [AT.EGID, egid], [AT.SECURE, 0], [AT.HWCAP2, hwcap2],
  ];
}
