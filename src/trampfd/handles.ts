/**
 * Trampolines without descriptors: system calls 442 to 447. They go by address where the trampoline is mapped, and by identifiers that processes can share,
 * with System V's rights (sysvipc(7)) and life times.
 */
import { EACCES, EAGAIN, EFAULT, EINVAL } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { TASK_SIZE } from '../mmu/vma-list.ts';
import type { Mappable } from '../mmu/vma.ts';
import type { Result } from '../syscalls/file.ts';
import { IPC_PRIVATE, mayControl, mayUse, type IpcFields, type IpcObject } from '../syscalls/ipc.ts';
import { withinMemoryLimits } from '../syscalls/memory-limits.ts';
import type { KernelProcess, KernelTask } from '../syscalls/process.ts';
import { userStructure } from '../syscalls/structure.ts';
import { type Args, call, type SyscallRows } from '../syscalls/task.ts';
import { parseAllowedPcs, parseRegisters, parseStack, type Contexts } from './context.ts';
import type { TrampolineObjects } from './objects.ts';
import { TrampolineFile } from './trampoline.ts';
import { Instance } from './generated.ts';
import { hasContexts, isType, type Variant } from './types.ts';
import {
  CALL_FLAGS, CALL_RIGHTS, CONTEXT_HEADER_BYTES, MAX_DATA_SIZE, MAX_PCS, MAX_REGS, REGS, SET_SP, STACK, USER_MAP, VALUES,
} from './uapi.ts';

/** Objects that a process may have made without descriptors, and that are there still: nothing else limits what they take of the kernel. */
export const OBJECTS_A_PROCESS_MAX = 16_384;

const { BY_ID, SET_REGS, SET_STACK, ATTACH, PERSIST, WANTS_FAST, WANTS_GATE } = CALL_FLAGS, { READ, WRITE, EXECUTE, MODE } = CALL_RIGHTS;
const HEADER_BYTES = CONTEXT_HEADER_BYTES, CONTEXT_BYTES_MAX = HEADER_BYTES + REGS.element * MAX_REGS + MAX_DATA_SIZE;

/** An ID: it holds a reference to the object. */
export class Handle implements IpcObject {
  readonly id: number; readonly key: number; uid: number; gid: number; readonly creatorUid: number; readonly creatorGid: number;
  mode: number;
  isRemoved = false;
  readonly object: TrampolineFile;
  /** It goes with this process; null: it persists. */
  keeper: KernelProcess | null = null;
  constructor(fields: IpcFields, object: TrampolineFile) {
    this.id = fields.id; this.key = fields.key; this.uid = fields.uid; this.gid = fields.gid;
    this.creatorUid = fields.creatorUid; this.creatorGid = fields.creatorGid; this.mode = fields.mode; this.object = object;
  }
}

const HOW = WANTS_FAST | WANTS_GATE;
function variantOf(flags: number): Variant { return (flags & WANTS_FAST) !== 0 ? 'fast' : (flags & WANTS_GATE) !== 0 ? 'gated' : 'slow'; }

/** Both contexts of a structure. Bounds are checked before what they bound is read. */
function readContexts(task: KernelTask, at: Va): Contexts | Result {
  const header = userStructure(task, at, HEADER_BYTES);
  if (header === null) return -EFAULT;
  const count = header.getUint32(0, true), size = header.getUint32(4, true), entryBytes = REGS.element * count;
  if (count > MAX_REGS || size > MAX_DATA_SIZE) return -EINVAL;
  const body = userStructure(task, at + HEADER_BYTES, entryBytes + size);
  if (body === null) return -EFAULT;
  const bytes = new Uint8Array(body.buffer), registerBytes = new Uint8Array(REGS.header + entryBytes), stackBytes = new Uint8Array(STACK.header + size);
  new DataView(registerBytes.buffer).setUint32(0, count, true);
  registerBytes.set(bytes.subarray(0, entryBytes), REGS.header);
  const stackHeader = new DataView(stackBytes.buffer);
  [header.getUint32(8, true), header.getUint32(12, true), size].forEach((word, i) => { stackHeader.setUint32(4 * i, word, true); });
  stackBytes.set(bytes.subarray(entryBytes), STACK.header);
  const registers = parseRegisters(registerBytes), stack = parseStack(stackBytes);
  if (typeof registers === 'number') return registers;
  return typeof stack === 'number' ? stack : { registers, stack };
}
function contextBytes({ registers, stack }: TrampolineFile): Uint8Array {
  const entries = registers?.bytes.subarray(REGS.header) ?? new Uint8Array(0), data = stack?.data ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER_BYTES + entries.length + data.length), view = new DataView(bytes.buffer);
  [entries.length / REGS.element, data.length, stack?.isMoving === true ? SET_SP : 0, stack?.offset ?? 0].forEach((word, i) => { view.setUint32(4 * i, word, true); });
  bytes.set(entries, HEADER_BYTES);
  bytes.set(data, HEADER_BYTES + entries.length);
  return bytes;
}

class Handles {
  private readonly objects: TrampolineObjects;
  private readonly byObject = new Map<TrampolineFile, Handle>();
  private readonly kept = new Map<KernelProcess, Set<Handle>>();
  private readonly made = new WeakMap<KernelProcess, number>();
  constructor(objects: TrampolineObjects) { this.objects = objects; }

  // — finding —
  /** What a call is about: arguments 0 and 1; or -errno, where it is none or `wanted` is not granted. */
  private target(task: KernelTask, a: Args, wanted: number): TrampolineFile | Result {
    const object = (a.uint(1) & BY_ID) !== 0 ? this.withId(a.int(0)) : at(task, a.pointer(0));
    if (typeof object === 'number') return object;
    const handle = this.byObject.get(object);
    return handle === undefined || mayUse(task, handle, wanted) ? object : -EACCES;
  }
  private withId(id: number): TrampolineFile | Result {
    const handle = this.objects.ids.find(id);
    return typeof handle === 'number' ? handle : handle.object;
  }

  // — the calls —
  create(task: KernelTask, a: Args): Result {
    const type = a.int(0), flags = a.uint(1), argument = a.pointer(2), isById = (flags & BY_ID) !== 0;
    if ((flags & ~(BY_ID | PERSIST | HOW)) !== 0 || (flags & HOW) === HOW || (flags & (BY_ID | PERSIST)) === PERSIST || argument === 0) return -EINVAL;
    if (!isType(type) || isById && (a.uint(3) & ~MODE) !== 0 || (flags & HOW) !== 0 && !hasContexts(type)) return -EINVAL;
    const contexts = hasContexts(type) ? readContexts(task, argument) : null;
    if (typeof contexts === 'number') return contexts;
    const { process } = task, made = this.made.get(process) ?? 0;
    if (made >= OBJECTS_A_PROCESS_MAX) return -EAGAIN;
    const object = this.objects.create(task, type, contexts === null ? argument : null, variantOf(flags), () => { this.made.set(process, (this.made.get(process) ?? 1) - 1); });
    if (typeof object === 'number') return object;
    this.made.set(process, made + 1);
    const written = contexts === null ? 0 : object.setContexts(contexts, task);
    const result = written < 0 ? written : isById ? this.identify(task, object, a.uint(3), (flags & PERSIST) !== 0) : this.attach(task, object, a.pointer(3));
    object.release(); // What counts now is the ID, or the mapping.
    return result;
  }
  set(task: KernelTask, a: Args): Result {
    const flags = a.uint(1), argument = a.pointer(2), which = flags & (SET_REGS | SET_STACK);
    if ((flags & ~(BY_ID | SET_REGS | SET_STACK)) !== 0 || which === 0 || argument === 0) return -EINVAL;
    const object = this.target(task, a, WRITE);
    if (typeof object === 'number') return object;
    const contexts = readContexts(task, argument);
    if (typeof contexts === 'number') return contexts;
    const { registers, stack } = contexts;
    return object.setContexts({ ...(which & SET_REGS) === 0 ? {} : { registers }, ...(which & SET_STACK) === 0 ? {} : { stack } }, task);
  }
  /** How many bytes there are; no more of them are written than there is room for. */
  get(task: KernelTask, a: Args): Result {
    const argument = a.pointer(2), room = a.size(3);
    if ((a.uint(1) & ~BY_ID) !== 0 || argument === 0 || room < HEADER_BYTES || room > CONTEXT_BYTES_MAX) return -EINVAL;
    const object = this.target(task, a, READ);
    if (typeof object === 'number') return object;
    const bytes = contextBytes(object);
    return task.process.memory.copyOut(argument, bytes.subarray(0, room)) ? bytes.length : -EFAULT;
  }
  /** A count of 0 removes the list. */
  allow(task: KernelTask, a: Args): Result {
    const argument = a.pointer(2), count = a.size(3);
    if ((a.uint(1) & ~BY_ID) !== 0 || count > MAX_PCS || (count > 0 && argument === 0)) return -EINVAL;
    const object = this.target(task, a, WRITE);
    if (typeof object === 'number') return object;
    const values = userStructure(task, argument, VALUES.element * count);
    if (values === null) return -EFAULT;
    const bytes = new Uint8Array(VALUES.header + VALUES.element * count);
    new DataView(bytes.buffer).setUint32(0, count, true);
    bytes.set(new Uint8Array(values.buffer), VALUES.header);
    const list = parseAllowedPcs(bytes);
    return typeof list === 'number' ? list : object.setAllowedPcs(list);
  }
  /** An ID for it; other rights and another life time for the one it has; or, with ATTACH, a mapping of what has one. */
  share(task: KernelTask, a: Args): Result {
    const flags = a.uint(1), isAttach = (flags & ATTACH) !== 0, mode = a.uint(2);
    if ((flags & ~(BY_ID | ATTACH | PERSIST)) !== 0 || isAttach && flags !== (ATTACH | BY_ID) || !isAttach && (mode & ~MODE) !== 0) return -EINVAL;
    const object = this.target(task, a, isAttach ? EXECUTE : 0);
    if (typeof object === 'number') return object;
    if (isAttach) return this.attach(task, object, a.pointer(2));
    const handle = this.byObject.get(object), isPersistent = (flags & PERSIST) !== 0;
    if (handle === undefined) return this.identify(task, object, mode, isPersistent);
    const error = mayControl(task, handle);
    if (error < 0) return error;
    handle.mode = mode;
    this.keep(handle, isPersistent ? null : task.process);
    return handle.id;
  }
  /** By address: this mapping of it. By ID: the ID; those who have it mapped keep it. */
  free(task: KernelTask, a: Args): Result {
    const flags = a.uint(1);
    if ((flags & ~BY_ID) !== 0) return -EINVAL;
    if ((flags & BY_ID) === 0) {
      const object = at(task, a.pointer(0));
      if (typeof object === 'number') return object;
      this.objects.services.work('unmapped');
      const address = a.pointer(0);
      return task.process.memory.unmap(address - address % PAGE_BYTES, PAGE_BYTES);
    }
    const handle = this.objects.ids.find(a.int(0));
    if (typeof handle === 'number') return handle;
    const error = mayControl(task, handle);
    if (error < 0) return error;
    this.remove(handle);
    return 0;
  }

  // — mappings and IDs —
  private attach(task: KernelTask, object: TrampolineFile, hint: Va): Va | Result {
    const { process } = task, { size, flags, offset } = USER_MAP;
    const request = object.map({ at: hint, length: size, prot: object.prot, fixed: false, shared: false, object: null, offset }, flags, task);
    if (typeof request === 'number') return request;
    const limited = withinMemoryLimits(process, size, false);
    if (limited < 0) return limited;
    this.objects.services.work('mapped');
    const start = process.memory.map(request);
    return start < 0 ? start : start + entryOf(request.object);
  }
  /** ENOSPC: there are too many in all. */
  private identify(task: KernelTask, object: TrampolineFile, mode: number, isPersistent: boolean): Result {
    const { ids, services } = this.objects, id = ids.add(task, IPC_PRIVATE, mode, fields => new Handle(fields, object)), handle = ids.find(id);
    if (typeof handle === 'number') return id;
    object.retain();
    this.byObject.set(object, handle);
    services.work('identified');
    if (!isPersistent) this.keep(handle, task.process);
    return id;
  }
  private keep(handle: Handle, keeper: KernelProcess | null): void {
    if (handle.keeper !== null) this.kept.get(handle.keeper)?.delete(handle);
    handle.keeper = keeper;
    if (keeper === null) return;
    const known = this.kept.get(keeper), set = known ?? new Set();
    set.add(handle);
    if (known !== undefined) return;
    this.kept.set(keeper, set);
    keeper.atEnd.push(() => {
      this.kept.delete(keeper);
      for (const one of set) this.remove(one);
    });
  }
  private remove(handle: Handle): void {
    if (handle.keeper !== null) this.kept.get(handle.keeper)?.delete(handle);
    this.objects.ids.remove(handle);
    this.byObject.delete(handle.object);
    handle.object.release();
  }
}
/** Where in its page it is called. */
function entryOf(object: Mappable | null): number { return object instanceof Instance ? object.ioffset : USER_MAP.ioffset; }
/** The trampoline that is called at an address. */
function at(task: KernelTask, address: Va): TrampolineFile | Result {
  const vma = address < TASK_SIZE ? task.process.memory.find(address) : null, object = vma?.object ?? null, holder = object instanceof Instance ? object.holder : object;
  return vma !== null && address === vma.start + entryOf(object) && holder instanceof TrampolineFile ? holder : -EINVAL;
}

export function handleCalls(objects: TrampolineObjects): SyscallRows<KernelTask> {
  const handles = new Handles(objects);
  return [
    call(442, 'tramp_create', 'int hex ptr ptr → ptr', (task, a) => handles.create(task, a)),
    call(443, 'tramp_set', 'ptr hex ptr → int', (task, a) => handles.set(task, a)),
    call(444, 'tramp_get', 'ptr hex ptr size → int', (task, a) => handles.get(task, a)),
    call(445, 'tramp_allow', 'ptr hex ptr size → int', (task, a) => handles.allow(task, a)),
    call(446, 'tramp_share', 'ptr hex ptr → ptr', (task, a) => handles.share(task, a)),
    call(447, 'tramp_free', 'ptr hex → int', (task, a) => handles.free(task, a)),
  ];
}
