/** execve(2): from a path to a process ready to run its first instruction (psABI for x86-64 §3.4; Linux: fs/exec.c, fs/binfmt_elf.c). */
import { E2BIG, EACCES, EIO, ELIBBAD, ELOOP, ENOENT, ENOEXEC, ENOMEM, ENOTDIR, ETXTBSY } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { fileKey, type ByteString } from '../host/host.ts';
import { absolute, lastName } from '../host/path.ts';
import { parseElf, type ElfImage } from '../loader/elf.ts';
import { mapImage, mapStack, STACK_TOP, type Loaded } from '../loader/load.ts';
import { HEAD_BYTES, parseScript, type Script } from '../loader/script.ts';
import { AT, layStack } from '../loader/stack.ts';
import type { AddressSpace } from '../mmu/address-space.ts';
import type { Result } from './file.ts';
import { HostHandle, type HostPages } from './pages.ts';
import type { Executable, System } from './process.ts';
import { S_IFMT, S_IFREG } from './uapi.ts';

/** Why a program cannot run: one sentence for the user, the status a shell would give, and what execve returns. */
export interface Refusal { readonly sentence: string; readonly status: number; readonly errno: number }
const STATUS_MALFORMED = 2, STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127;

/** One argument with its NUL; all of them; and of the stack no more than a quarter (execve(2), "Limits on size"). */
export const STRING_BYTES_MAX = 131_072, STRINGS_BYTES_MAX = 6 << 20, POINTER_BYTES = 8;
const STACK_SHARE = 4, STACK_BYTES = 8 << 20;
/** Scripts whose interpreter is a script: so many files are looked at, the program included (Linux: exec_binprm). */
const FILES_MAX = 6;
const CLOCK_TICKS = 100;
/** What a signal frame takes beside the extended state and what aligns it (Linux: init_sigframe_size). */
const SIGNAL_FRAME_BYTES = 440 + 15 + 63, SIGNAL_FRAME_ALIGNMENT = 16;

/** What programs are told of the processor. */
export interface ProcessorFacts {
  /** CPUID.1:EDX, AT_HWCAP2, and how many bytes of extended state a signal frame holds. */
  readonly hwcap: number; readonly hwcap2: number; readonly extendedBytes: number;
}
export interface ExecRequest {
  /** As it was given; relative to `directory` if it does not begin with a slash. */
  readonly path: ByteString;
  /** Where it is on the host, if that is not what `path` says (/proc/self/exe, a descriptor). */
  readonly hostPath?: ByteString;
  /** Absolute: the working directory. */
  readonly directory: ByteString;
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  /** RLIMIT_STACK, which also limits arguments. */
  readonly stackBytes?: number;
}
export interface LoadedProgram {
  readonly executable: Executable;
  /** Where the first instruction is: the interpreter's, if there is one. */
  readonly entry: Va;
  /** What the process is called from now on (PR_GET_NAME). */
  readonly name: ByteString;
}

/** What was found in files, as long as these are as they were. */
export class Images {
  private readonly known = new WeakMap<HostPages, ElfImage | string>();
  /** The image, or a sentence on what is wrong. */
  of(pages: HostPages): ElfImage | string {
    const known = this.known.get(pages);
    if (known !== undefined) return known;
    const image = parseElf({ length: pages.stat.size, read: (at, length) => pages.bytes(at, length) });
    this.known.set(pages, image);
    return image;
  }
}

/** Opens, checks and maps a program into an empty address space. Whatever it leaves there on a refusal goes with the space. */
export function loadProgram(system: System, space: AddressSpace, request: ExecRequest): LoadedProgram | Refusal {
  const found = findProgram(system, request);
  if ('sentence' in found) return found;
  const { program, interpreter } = found;
  try {
    return isTooLong(request, found.argv) ? refusal(request.path, 'the arguments and the environment are too long', STATUS_CANNOT_RUN, E2BIG)
      : mapProgram(system, space, { ...request, argv: found.argv }, program, interpreter);
  } finally {
    program.pages.unmapped();
    interpreter?.pages.unmapped();
  }
}

/** A file that can be run, with a hold on its pages. */
interface ProgramFile { readonly hostPath: ByteString; readonly pages: HostPages; readonly image: ElfImage }
interface Found { readonly program: ProgramFile; readonly interpreter: ProgramFile | null; readonly argv: readonly ByteString[] }

/** Follows `#!` lines to an ELF file, and that to its interpreter. */
function findProgram(system: System, request: ExecRequest): Found | Refusal {
  // Programs may count on argv[0] (Linux: since 5.18).
  let argv = request.argv.length === 0 ? [''] : request.argv, name = request.path;
  let hostPath = request.hostPath ?? absolute(request.directory, name);
  for (let files = 0; files < FILES_MAX; files++) {
    const pages = openProgram(system, name, hostPath);
    if ('sentence' in pages) return pages;
    const script = scriptOf(pages);
    if (script === null) return complete(system, request, { name, hostPath, pages }, argv);
    pages.unmapped();
    if (script === 'malformed') return refusal(name, 'not an ELF file, and no script that names its interpreter', STATUS_MALFORMED, ENOEXEC);
    argv = [script.interpreter, ...script.argument === null ? [] : [script.argument], name, ...argv.slice(1)];
    name = script.interpreter;
    hostPath = absolute(request.directory, name);
  }
  return refusal(request.path, 'scripts that interpret scripts are nested too deeply', STATUS_CANNOT_RUN, ELOOP);
}
function scriptOf(pages: HostPages): Script | 'malformed' | null {
  const head = pages.bytes(0, Math.min(HEAD_BYTES, pages.stat.size));
  return head === null ? null : parseScript(head);
}
interface Opened { readonly name: ByteString; readonly hostPath: ByteString; readonly pages: HostPages }
function complete(system: System, request: ExecRequest, { name, hostPath, pages }: Opened, argv: readonly ByteString[]): Found | Refusal {
  const image = system.images.of(pages);
  if (typeof image === 'string') { pages.unmapped(); return refusal(name, image, STATUS_MALFORMED, ENOEXEC); }
  const program = { hostPath, pages, image };
  if (image.interpreter === null) return { program, interpreter: null, argv };
  const interpreter = findInterpreter(system, request.directory, name, image.interpreter);
  if ('sentence' in interpreter) { pages.unmapped(); return interpreter; }
  return { program, interpreter, argv };
}
function findInterpreter(system: System, directory: ByteString, name: ByteString, path: ByteString): ProgramFile | Refusal {
  const hostPath = absolute(directory, path), pages = openProgram(system, path, hostPath);
  if ('sentence' in pages) return { ...pages, sentence: `${name}: its dynamic loader cannot run: ${pages.sentence}` };
  const image = system.images.of(pages);
  if (typeof image !== 'string') return { hostPath, pages, image };
  pages.unmapped();
  return refusal(name, `its dynamic loader cannot run: ${path}: ${image}`, STATUS_MALFORMED, pages.stat.size < HEADER_BYTES ? EIO : ELIBBAD);
}
const HEADER_BYTES = 64;

/** The pages of a file that may be executed, held as a mapping holds them. */
function openProgram(system: System, name: ByteString, path: ByteString): HostPages | Refusal {
  const { host, pageCache } = system, stat = host.stat(path, true);
  if (typeof stat === 'number') return cannotOpen(name, stat);
  if ((stat.mode & S_IFMT) !== S_IFREG) return refusal(name, 'not a regular file', STATUS_CANNOT_RUN, EACCES);
  if (host.access(path, 1) < 0) return refusal(name, 'permission denied', STATUS_CANNOT_RUN, EACCES);
  const denied = system.policy?.execute(system, name, stat) ?? 0;
  if (denied < 0) return refusal(name, 'the policy does not trust it', STATUS_CANNOT_RUN, -denied);
  if (pageCache.isWritten(fileKey(stat))) return refusal(name, 'it is open for writing', STATUS_CANNOT_RUN, ETXTBSY);
  const pages = pageCache.findCurrent(fileKey(stat), stat) ?? openPages(system, path);
  if (typeof pages === 'number') return cannotOpen(name, pages);
  pages.mapped();
  return pages;
}
function openPages(system: System, path: ByteString): HostPages | Result {
  const { host, pageCache } = system, fd = host.open(path, 0, 0);
  if (fd < 0) return fd;
  const handle = new HostHandle(host, fd, false), stat = host.fstat(fd);
  const name = (): ByteString => { const real = host.realPath(path); return typeof real === 'string' ? real : path; };
  const pages = typeof stat === 'number' ? stat : pageCache.open(fileKey(stat), name, stat, handle);
  handle.release();
  return pages;
}
/** Whether a process runs this file: then nobody may write it. */
export function isBeingRun({ host, processes }: System, path: ByteString): boolean {
  const stat = host.stat(path, true);
  if (typeof stat === 'number') return false;
  const key = fileKey(stat);
  for (const process of processes.values()) if (process.waitStatus === null && process.executable.fileKey === key) return true;
  return false;
}
function cannotOpen(path: ByteString, error: number): Refusal {
  if (error === -ENOENT || error === -ENOTDIR) return refusal(path, 'no such program', STATUS_NOT_FOUND, -error);
  return refusal(path, error === -EACCES ? 'permission denied' : `cannot be opened (errno ${-error})`, STATUS_CANNOT_RUN, -error);
}
function refusal(path: ByteString, why: string, status: number, errno: number): Refusal { return { sentence: `${path}: ${why}`, status, errno }; }

/** Strings with their NULs and pointers, the path among them. */
function isTooLong({ path, envp, stackBytes = STACK_BYTES }: ExecRequest, argv: readonly ByteString[]): boolean {
  const bytesMax = Math.max(Math.min(Math.floor(stackBytes / STACK_SHARE), STRINGS_BYTES_MAX), STRING_BYTES_MAX);
  let bytes = path.length + 1 + POINTER_BYTES * (argv.length + envp.length);
  for (const strings of [argv, envp]) {
    for (const text of strings) {
      if (text.length >= STRING_BYTES_MAX) return true;
      bytes += text.length + 1;
    }
  }
  return bytes > bytesMax;
}
function mapProgram(system: System, space: AddressSpace, request: ExecRequest, program: ProgramFile, interpreter: ProgramFile | null): LoadedProgram | Refusal {
  const { image, pages } = program, { path, argv, envp } = request;
  const loaded = mapImage(space, image, pages, 'program');
  if (typeof loaded === 'number') return cannotMap(path, loaded);
  const started = interpreter === null ? null : mapImage(space, interpreter.image, interpreter.pages, 'interpreter');
  if (typeof started === 'number') return cannotMap(path, started);
  space.startBreak(loaded.heap);
  const random = new Uint8Array(16);
  system.entropy.fill(random);
  const auxiliary = auxiliaryVector(system, image, loaded, started?.bias ?? 0);
  const stack = layStack({ path, argv, envp, top: STACK_TOP, random, auxiliary });
  const isExecutable = image.hasExecutableStack && system.policy?.allowsExecutableStack(system, path) !== false;
  const stacked = mapStack(space, stack.pointer, stack.bytes, isExecutable);
  if (stacked < 0) return cannotMap(path, stacked);
  const real = system.host.realPath(program.hostPath);
  const executable = {
    path: typeof real === 'string' ? real : pages.name, image, bias: loaded.bias, argv, envp, auxiliary: stack.auxiliary, stackPointer: stack.pointer,
    fileKey: fileKey(pages.stat),
  };
  return { executable, entry: (started ?? loaded).entry, name: lastName(path).slice(0, 15) };
}
function cannotMap(path: ByteString, error: number): Refusal {
  const why = error === -ENOMEM ? 'it does not fit in memory' : 'its segments lie where no program may';
  return refusal(path, `cannot be loaded: ${why}`, STATUS_CANNOT_RUN, -error);
}

/** getauxval(3); PLATFORM, RANDOM and EXECFN are added where the stack is laid out. There is no vDSO. */
function auxiliaryVector({ host, processor }: System, image: ElfImage, loaded: Loaded, base: Va): readonly (readonly [number, number])[] {
  const { address, count, entryBytes } = image.programHeaders, { uid, euid, gid, egid } = host.user;
  const signalBytes = Math.floor((SIGNAL_FRAME_BYTES + processor.extendedBytes) / SIGNAL_FRAME_ALIGNMENT + 1) * SIGNAL_FRAME_ALIGNMENT;
  return [
    [AT.MINSIGSTKSZ, signalBytes], [AT.HWCAP, processor.hwcap], [AT.PAGESZ, PAGE_BYTES], [AT.CLKTCK, CLOCK_TICKS],
    [AT.PHDR, address === 0 ? 0 : address + loaded.bias], [AT.PHENT, entryBytes], [AT.PHNUM, count], [AT.BASE, base], [AT.FLAGS, 0], [AT.ENTRY, loaded.entry],
    [AT.UID, uid], [AT.EUID, euid], [AT.GID, gid], [AT.EGID, egid], [AT.SECURE, 0], [AT.HWCAP2, processor.hwcap2],
  ];
}
