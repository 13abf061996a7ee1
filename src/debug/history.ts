/**
 * What happened, in order: enough to find any instant of a run again. An instant is a count of instructions and a count of events; between two
 * instructions there may be several (a fault is answered, a signal delivered). The same program given the same answers passes the same instants.
 */

/** `events` ends in a half where the processor has come back with something that is not answered yet. */
export interface Position { readonly instructions: number; readonly events: number }
export const START: Position = { instructions: 0, events: 0 };
export function isBefore(a: Position, b: Position): boolean { return a.instructions < b.instructions || a.instructions === b.instructions && a.events < b.events; }
export function isSame(a: Position, b: Position): boolean { return a.instructions === b.instructions && a.events === b.events; }

/** What an event is to whoever steps: nothing of its own; as good as an instruction; something the debugger did. */
export const EVENT = { quiet: 0, step: 1, act: 2 } as const;

/** Something the debugger did to the machine. It is done again whenever the machine gets there. */
export type Act<Machine> = (machine: Machine) => void;

/** What becomes of a signal: the program gets it, or not, or gets another. */
export type SignalChoice = 'deliver' | 'discard' | { readonly signal: number };

/** Which task has the processor from a position on; null: none any more. */
export interface Switch { readonly from: Position; readonly tid: number | null }

export class History<Machine> {
  /** By event: what it is, and the counts of instructions before and after it. */
  private readonly kinds: number[] = [];
  private readonly before: number[] = [];
  private readonly after: number[] = [];
  private readonly acts = new Map<number, Act<Machine>>();
  /** What was decided about signals, by the event of their delivery. */
  private readonly choices = new Map<number, SignalChoice>();
  /** Done while an event was not answered yet: it is as soon as it is asked for. */
  private readonly early = new Map<number, Act<Machine>[]>();
  private readonly switches: Switch[] = [];
  /** The latest position there ever was. */
  private last: Position = START;
  /** Something else happened than the last time. */
  hasParted = false;

  get end(): Position { return this.last; }
  get events(): number { return this.kinds.length; }
  reached(position: Position): void { if (isBefore(this.last, position)) this.last = position; }
  /** An event has happened; its number is the count of those before it. */
  note(number: number, kind: number, before: number, after: number): void {
    if (number === this.kinds.length) { this.kinds.push(kind); this.before.push(before); this.after.push(after); return; }
    if (this.kinds[number] !== kind || this.before[number] !== before) this.hasParted = true;
  }
  noteSwitch(from: Position, tid: number | null): void {
    const last = this.switches.at(-1);
    if (last === undefined || isBefore(last.from, from)) { if (last?.tid !== tid) this.switches.push({ from, tid }); }
  }
  /** What the debugger did at an instant, as the event of this number. */
  actAt(number: number, instructions: number): Act<Machine> | null {
    return this.kinds[number] === EVENT.act && this.before[number] === instructions ? this.acts.get(number) ?? null : null;
  }
  addAct(number: number, instructions: number, act: Act<Machine>): void {
    this.acts.set(number, act);
    this.note(number, EVENT.act, instructions, instructions);
  }
  addEarly(number: number, act: Act<Machine>): void { this.early.set(number, [...this.early.get(number) ?? [], act]); }
  earlyAt(number: number): readonly Act<Machine>[] { return this.early.get(number) ?? []; }
  choiceAt(number: number): SignalChoice | null { return number < this.kinds.length ? this.choices.get(number) ?? 'deliver' : null; }
  choose(number: number, choice: SignalChoice): void { if (choice !== 'deliver') this.choices.set(number, choice); }
  /** Instructions at the next act from an event on. */
  nextAct(number: number): number {
    let next = Infinity;
    for (const at of this.acts.keys()) if (at >= number) next = Math.min(next, this.before[at]!);
    return next;
  }
  /** Forgets what came after a position: something else will. */
  cut(at: Position): void {
    if (!isBefore(at, this.last)) return;
    const { length } = this.kinds, kept = Math.floor(at.events);
    this.kinds.length = this.before.length = this.after.length = Math.min(length, kept);
    for (const number of [...this.acts.keys()]) if (number >= kept) this.acts.delete(number);
    for (const number of [...this.choices.keys()]) if (number >= kept) this.choices.delete(number);
    for (const number of [...this.early.keys()]) if (number >= (Number.isInteger(at.events) ? kept : kept + 1)) this.early.delete(number);
    while (this.switches.length > 0 && isBefore(at, this.switches.at(-1)!.from)) this.switches.pop();
    this.last = at;
  }

  /** Instructions since which there was no event, at a position. */
  quietSince({ events }: Position): number { return events < 1 ? 0 : this.after[Math.floor(events) - 1] ?? 0; }
  /** Where a step that leads to a position begins: one of this task's, or of any (null). null: there is none. */
  stepBefore(position: Position, tid: number | null): Position | null {
    let at = position;
    for (let k = this.switches.length - 1; k >= 0; k--) {
      const { from, tid: owner } = this.switches[k]!;
      if (!isBefore(from, at)) continue;
      if (tid === null || owner === tid) {
        const found = this.lastStep(at, from);
        if (found !== null) return found;
      }
      at = from;
    }
    return null;
  }
  private lastStep({ instructions, events }: Position, from: Position): Position | null {
    let count = Math.floor(events);
    while (count > 0 && this.after[count - 1] === instructions) {
      count -= 1;
      if (this.kinds[count] === EVENT.step) {
        const found = { instructions: this.before[count]!, events: count };
        return isBefore(found, from) ? null : found;
      }
      if (this.before[count]! < this.after[count]!) break;
    }
    // An instruction's own events (a system call's) come after it: all that happened before it lie at smaller counts.
    while (count > 0 && this.after[count - 1]! >= instructions) count -= 1;
    const found = { instructions: instructions - 1, events: count };
    return instructions === 0 || isBefore(found, from) ? null : found;
  }
}
