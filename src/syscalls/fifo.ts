/** Named pipes (fifo(7)): a pipe that lives as long as somebody has it open, and the open that waits for the other end. */
import { ENXIO } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { ByteString } from '../host/host.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Edges, File, Result, Stat, UserBuffer } from './file.ts';
import { Pipe, PipeBudget, PipeReader, PipeWriter } from './pipe.ts';
import type { SpecialNode } from './special.ts';
import type { Sleep } from './task.ts';
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_WRONLY } from './uapi.ts';

/** What a FIFO's node has behind it. */
export class Fifo {
  private pipe: Pipe | null = null;
  private readonly budget: PipeBudget;
  constructor(budget = new PipeBudget()) { this.budget = budget; }
  /** How often each end was opened: one that came and went again has been there. */
  readerOpens = 0;
  writerOpens = 0;
  /** The pipe, new where nobody has it open. */
  enter(inode: number): Pipe { return this.pipe ??= new Pipe(inode, this.budget); }
  left(): void { if (this.pipe !== null && this.pipe.readers === 0 && this.pipe.writers === 0) this.pipe = null; }
}

/** A FIFO as it is open: one end, or with O_RDWR both. */
class FifoFile implements File {
  readonly name: ByteString;
  readonly hostPath: ByteString;
  readonly pipe: Pipe;
  private readonly node: SpecialNode;
  private readonly fifo: Fifo;
  private readonly staging: Uint8Array;
  private readonly reader: PipeReader | null;
  private readonly writer: PipeWriter | null;

  constructor(node: SpecialNode, fifo: Fifo, path: ByteString, access: number, staging: Uint8Array) {
    this.node = node; this.fifo = fifo; this.staging = staging; this.name = path; this.hostPath = path;
    this.pipe = fifo.enter(Number(node.stat.ino));
    this.reader = access === O_WRONLY ? null : new PipeReader(this.pipe, staging);
    this.writer = access === O_RDONLY ? null : new PipeWriter(this.pipe, staging);
    if (this.reader !== null) fifo.readerOpens += 1;
    if (this.writer !== null) fifo.writerOpens += 1;
  }
  get writesAll(): boolean { return this.writer !== null; }
  read(to: UserBuffer): Result { return this.reader?.read(to) ?? -ENXIO; }
  write(from: UserBuffer): Result { return this.writer?.write(from) ?? -ENXIO; }
  flagged(flags: number): void { this.writer?.flagged(flags); }
  stat(): Stat { return this.node.stat; }
  get edges(): Edges { return this.pipe.edges; }
  poll(): number { return (this.reader?.poll() ?? 0) | (this.writer?.poll() ?? 0); }
  ioctl(request: number, argument: Va, memory: UserMemory): Result { return (this.reader ?? this.writer)?.ioctl(request, argument, memory) ?? -ENXIO; }
  reopen(flags: number): File | Result {
    const opened = openFifo(this.node, this.name, flags | O_NONBLOCK, this.staging);
    return typeof opened === 'number' ? opened : opened.file;
  }
  release(): void {
    this.reader?.release(); this.writer?.release();
    this.fifo.left();
  }
}

export interface OpenedFifo { readonly file: File; /** The other end is there, or need not be. */ readonly isReady: () => boolean }
/** One end of a FIFO: whoever waits for it on the other side sees it from now on, also while its own open still waits. */
export function openFifo(node: SpecialNode, path: ByteString, flags: number, staging: Uint8Array): OpenedFifo | Result {
  const fifo = node.object as Fifo, access = flags & O_ACCMODE, waits = (flags & O_NONBLOCK) === 0;
  const pipe = fifo.enter(Number(node.stat.ino));
  // "ENXIO: O_NONBLOCK | O_WRONLY is set, the named file is a FIFO, and no process has the FIFO open for reading" (open(2)).
  if (access === O_WRONLY && !waits && pipe.readers === 0) { fifo.left(); return -ENXIO; }
  const file = new FifoFile(node, fifo, path, access, staging), { readerOpens, writerOpens } = fifo;
  if (!waits || access !== O_RDONLY && access !== O_WRONLY) return { file, isReady: () => true };
  return {
    file, isReady: access === O_RDONLY ? () => pipe.writers > 0 || fifo.writerOpens !== writerOpens : () => pipe.readers > 0 || fifo.readerOpens !== readerOpens,
  };
}
/** Waits for the other end; a signal, or the task's end, takes this one away again. */
export function waitForOtherEnd({ file, isReady }: OpenedFifo, install: () => Result): Sleep | Result {
  if (isReady()) return install();
  return { then: 'sleep', until: () => isReady() ? install() : null, abandoned: () => file.release?.() };
}
