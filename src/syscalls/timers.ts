/** What is to happen at a time (Linux: hrtimers, posix-cpu-timers): looked at between instructions, and where everybody sleeps. */

export interface Timer { cancel(): void }
interface Entry extends Timer { readonly at: number; readonly fire: () => void }
interface CpuEntry extends Timer { readonly isDue: () => boolean; readonly fire: () => void }

export class Timers {
  /** By time; of one moment the one set first comes first. */
  private readonly entries: Entry[] = [];
  private readonly cpuEntries = new Set<CpuEntry>();

  /** @param monotonicNs a moment on the monotonic clock */
  at(monotonicNs: number, fire: () => void): Timer {
    const entry: Entry = { at: monotonicNs, fire, cancel: () => { const i = this.entries.indexOf(entry); if (i >= 0) this.entries.splice(i, 1); } };
    let i = this.entries.length;
    while (i > 0 && this.entries[i - 1]!.at > monotonicNs) i -= 1;
    this.entries.splice(i, 0, entry);
    return entry;
  }
  /** For what is not counted by the clock: processor time. It passes only while somebody runs. */
  when(isDue: () => boolean, fire: () => void): Timer {
    const entry: CpuEntry = { isDue, fire, cancel: () => { this.cpuEntries.delete(entry); } };
    this.cpuEntries.add(entry);
    return entry;
  }
  get isEmpty(): boolean { return this.entries.length === 0 && this.cpuEntries.size === 0; }
  /** The next moment at which something happens, or undefined. */
  get next(): number | undefined { return this.entries[0]?.at; }
  /** Whatever is due happens. */
  run(nowNs: number): void {
    while (this.entries.length > 0 && this.entries[0]!.at <= nowNs) this.entries.shift()!.fire();
    for (const entry of [...this.cpuEntries]) if (entry.isDue()) { entry.cancel(); entry.fire(); }
  }
}
