/** A read of a terminal that may wait, and for how long (termios(3), VMIN and VTIME). */
import type { LineDiscipline } from './line-discipline.ts';
import type { KernelTask, System } from './process.ts';

export class LineReader {
  /** When the read that waits began, or saw the last byte; what was typed by then. */
  private waitsSince = 0;
  private typings = 0;
  private askedAgainAt = -1;

  /** What a read gets: null is nothing yet, and the reader is asked again when its time is up. */
  read(line: LineDiscipline, { clock, timers }: System, into: Uint8Array, waits: boolean, task: KernelTask | null): number | null {
    const now = clock.monotonicNs();
    if (task === null || task.sleep === null || this.typings !== line.typings) { this.waitsSince = now; this.typings = line.typings; }
    const { isTimed } = line, deadline = this.waitsSince + line.patienceNs, got = line.read(into, waits, isTimed && now >= deadline);
    if (got === null && isTimed && waits && this.askedAgainAt !== deadline) {
      this.askedAgainAt = deadline;
      timers.at(deadline, () => {});
    }
    return got;
  }
}
