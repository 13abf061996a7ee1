/** What is to happen at a time (Linux: hrtimers, posix-cpu-timers): looked at between instructions, and where everybody sleeps. */

export interface Timer { cancel(): void }
interface Entry { readonly at: number; readonly order: number; readonly fire: () => void; isCancelled: boolean }
interface CpuEntry extends Timer { readonly isDue: () => boolean; readonly fire: () => void }

/** Entries by time; of one moment the one set first comes first. */
class Agenda {
  private readonly entries: Entry[] = [];
  get first(): Entry | undefined { return this.entries[0]; }
  get size(): number { return this.entries.length; }
  /** How many come before a place. */
  private rank(at: number, order: number): number {
    const { entries } = this;
    let low = 0, high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1, entry = entries[middle]!;
      if (entry.at < at || entry.at === at && entry.order < order) low = middle + 1; else high = middle;
    }
    return low;
  }
  add(entry: Entry): void { this.entries.splice(this.rank(entry.at, entry.order), 0, entry); }
  remove(entry: Entry): void {
    const i = this.rank(entry.at, entry.order);
    if (this.entries[i] === entry) this.entries.splice(i, 1);
  }
  /** Takes out what is due. */
  take(nowNs: number): Entry[] { return this.first === undefined || this.first.at > nowNs ? NONE : this.entries.splice(0, this.rank(nowNs, Infinity)); }
}
const NONE: Entry[] = [];

export class Timers {
  private readonly agenda = new Agenda();
  /** What would change nothing if it happened while all sleep. */
  private readonly vain = new Agenda();
  private readonly cpuEntries = new Set<CpuEntry>();
  private lastOrder = 0;

  /**
   * @param monotonicNs a moment on the monotonic clock
   * @param isVain nobody can be waiting for it: it happens when its time has passed, but the clock does not jump to it
   */
  at(monotonicNs: number, fire: () => void, isVain = false): Timer {
    const entry: Entry = { at: monotonicNs, order: ++this.lastOrder, fire, isCancelled: false }, agenda = isVain ? this.vain : this.agenda;
    agenda.add(entry);
    return { cancel: () => { entry.isCancelled = true; agenda.remove(entry); } };
  }
  /** For what is not counted by the clock: processor time. It passes only while somebody runs. */
  when(isDue: () => boolean, fire: () => void): Timer {
    const entry: CpuEntry = { isDue, fire, cancel: () => { this.cpuEntries.delete(entry); } };
    this.cpuEntries.add(entry);
    return entry;
  }
  get isEmpty(): boolean { return this.agenda.size + this.vain.size + this.cpuEntries.size === 0; }
  /** The next moment at which something happens that somebody may wait for, or undefined. */
  get next(): number | undefined { return this.agenda.first?.at; }
  /** Whatever is due happens, once: what is set again meanwhile, however soon, is for the next time. Whether anything did. */
  run(nowNs: number): boolean {
    const due = this.agenda.take(nowNs), vain = this.vain.take(nowNs);
    const all = vain.length === 0 ? due : [...due, ...vain].sort((a, b) => a.at - b.at || a.order - b.order);
    for (const entry of all) if (!entry.isCancelled) entry.fire();
    let hasHappened = all.length > 0;
    if (this.cpuEntries.size > 0) for (const entry of [...this.cpuEntries]) if (entry.isDue()) { entry.cancel(); entry.fire(); hasHappened = true; }
    return hasHappened;
  }
}
