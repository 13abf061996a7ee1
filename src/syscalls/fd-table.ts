/** A process's descriptors (Linux: struct files_struct; open(2): "the lowest-numbered file descriptor not currently open"). */
import { EBADF, EMFILE, ENFILE } from '../base/errno.ts';
import type { FileDescription, Result } from './file.ts';
import type { FdTable } from './task.ts';
import { DESCRIPTORS_MAX } from './uapi.ts';

/** Descriptors of all processes together (/proc/sys/fs/file-max). */
const TOTAL_MAX = 262_144;

interface Slot { readonly description: FileDescription; closeOnExec: boolean }

export class DescriptorTable implements FdTable {
  private readonly slots: (Slot | null)[] = [];
  /** Processes that have it (CLONE_FILES). */
  private owners = 1;
  /** Told of every descriptor closed here: record locks end with the first (fcntl(2)). */
  atClose: ((description: FileDescription) => void) | null = null;
  /** RLIMIT_NOFILE: one more than the highest descriptor there may be. */
  limit = DESCRIPTORS_MAX;
  /** Open here, and in all tables that came of one another. */
  private count = 0;
  private readonly total: { count: number };
  constructor(total = { count: 0 }) { this.total = total; }
  get openInAll(): number { return this.total.count; }
  /** There is room for what a child gets. */
  get canCopy(): boolean { return this.total.count + this.count <= TOTAL_MAX; }
  private counts(by: number): void { this.count += by; this.total.count += by; }

  /** How many the table has room for (proc(5): FDSize): it grows by doubling and never shrinks. select(2) looks no further. */
  get size(): number { let size = 64; while (size < this.slots.length) size *= 2; return size; }
  get(fd: number): FileDescription | null { return this.slots[fd]?.description ?? null; }
  /** The lowest free descriptor from `from` on, or -EMFILE; -ENFILE: the machine has no more. */
  lowestFree(from = 0): Result {
    if (this.total.count >= TOTAL_MAX) return -ENFILE;
    for (let fd = from; fd < this.limit; fd++) if ((this.slots[fd] ?? null) === null) return fd;
    return -EMFILE;
  }
  /** Takes over the caller's reference, also when it fails. */
  install(description: FileDescription, closeOnExec: boolean, from = 0): Result {
    const fd = this.lowestFree(from);
    if (fd < 0) { description.release(); return fd; }
    this.put(fd, description, closeOnExec);
    return fd;
  }
  /** Puts a description at `fd`, closing what was there. `fd` must be below the limit. */
  put(fd: number, description: FileDescription, closeOnExec: boolean): void {
    const old = this.slots[fd] ?? null;
    while (this.slots.length < fd) this.slots.push(null);
    this.slots[fd] = { description, closeOnExec };
    if (old !== null) this.drop(old.description); else this.counts(1);
  }
  close(fd: number): Result {
    const slot = this.slots[fd] ?? null;
    if (slot === null) return -EBADF;
    this.slots[fd] = null;
    this.counts(-1);
    this.drop(slot.description);
    return 0;
  }
  private drop(description: FileDescription): void {
    this.atClose?.(description);
    description.release();
  }
  closeOnExec(fd: number): boolean { return this.slots[fd]?.closeOnExec ?? false; }
  setCloseOnExec(fd: number, value: boolean): void { const slot = this.slots[fd]; if (slot) slot.closeOnExec = value; }
  /** Open descriptors, ascending. */
  open(): readonly number[] {
    const open: number[] = [];
    for (let fd = 0; fd < this.slots.length && open.length < this.count; fd++) if (this.slots[fd] !== null) open.push(fd);
    return open;
  }
  closeAll(): void { for (const fd of this.open()) this.close(fd); }
  /** execve(2): those marked close-on-exec. */
  closeForExec(): void { for (const fd of this.open()) if (this.closeOnExec(fd)) this.close(fd); }

  get isShared(): boolean { return this.owners > 1; }
  share(): this { this.owners += 1; return this; }
  /** One process less has it; the last closes everything. */
  release(): void {
    this.owners -= 1;
    if (this.owners === 0) this.closeAll();
  }
  /** fork(2): the same descriptions under the same numbers, in a table no larger than they need. */
  copy(): DescriptorTable {
    const copy = new DescriptorTable(this.total);
    copy.limit = this.limit;
    copy.counts(this.count);
    const length = (this.open().at(-1) ?? -1) + 1;
    for (const slot of this.slots.slice(0, length)) copy.slots.push(slot === null ? null : { description: slot.description.retain(), closeOnExec: slot.closeOnExec });
    return copy;
  }
}
