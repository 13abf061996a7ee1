/** What a user wants the program to stop for: breakpoints, watchpoints, kinds of events, each with a number (GDB manual, "Breakpoints, Watchpoints, and Catchpoints"). */
import type { Va } from '../../base/types.ts';
import type { Stop } from '../stops.ts';
import type { Breakpoint, Catches, Target } from '../target.ts';
import type { Watchpoint, WatchKind } from '../watches.ts';

export type Cause =
  | { readonly kind: 'break'; readonly address: Va }
  | { readonly kind: 'watch'; readonly watch: WatchKind; readonly address: Va; readonly length: number }
  | { readonly kind: 'syscall'; readonly number: number | 'all' }
  | { readonly kind: 'fault' | 'trampoline' | 'fork' | 'clone' | 'exec' | 'exit' };
export interface Point {
  readonly number: number;
  readonly cause: Cause;
  /** What the user called it. */
  readonly what: string;
  readonly isTemporary: boolean;
  isEnabled: boolean;
  condition: string | null;
  hits: number;
  /** Stops that are still to be passed over. */
  ignored: number;
}
/** Stops of each kind that is no address. */
const REASONS: Readonly<Record<string, Cause['kind']>> = {
  trampoline: 'trampoline', 'page-fault': 'fault', fork: 'fork', vfork: 'fork', 'vfork-done': 'fork', clone: 'clone', 'task-exit': 'clone', exec: 'exec', exit: 'exit',
};

export class Points {
  readonly all: Point[] = [];
  private last = 0;
  private breakpoints: readonly Breakpoint[] = [];
  private watchpoints: readonly Watchpoint[] = [];

  add(cause: Cause, what: string, isTemporary: boolean, condition: string | null): Point {
    const point: Point = { number: this.last += 1, cause, what, isTemporary, isEnabled: true, condition, hits: 0, ignored: 0 };
    this.all.push(point);
    return point;
  }
  remove(point: Point): void { this.all.splice(this.all.indexOf(point), 1); }
  find(number: number): Point | null { return this.all.find(point => point.number === number) ?? null; }

  /** Another target knows nothing of them yet. */
  forget(): void { this.breakpoints = []; this.watchpoints = []; }
  /** Tells the target what to stop for. */
  apply(target: Target, pid: number): void {
    for (const each of this.breakpoints) target.removeBreakpoint(each);
    for (const each of this.watchpoints) target.removeWatchpoint(each);
    const causes = this.all.filter(({ isEnabled }) => isEnabled).map(({ cause }) => cause), has = (kind: Cause['kind']): boolean => causes.some(cause => cause.kind === kind);
    this.breakpoints = causes.flatMap(cause => cause.kind === 'break' ? [{ address: cause.address, pid: null }] : []);
    this.watchpoints = causes.flatMap(cause => cause.kind === 'watch' ? [{ pid, kind: cause.watch, address: cause.address, length: cause.length }] : []);
    for (const each of this.breakpoints) target.addBreakpoint(each);
    for (const each of this.watchpoints) target.addWatchpoint(each);
    const numbers = causes.flatMap(cause => cause.kind === 'syscall' ? [cause.number] : []);
    const catches: Partial<Catches> = {
      syscalls: numbers.length === 0 ? null : numbers.includes('all') ? 'all' : new Set(numbers.filter(number => number !== 'all')),
      trampolines: has('trampoline'), pageFaults: has('fault'), forks: has('fork'), clones: has('clone'), execs: has('exec'), exits: has('exit'),
    };
    Object.assign(target.catches, catches);
  }
  /** Those that a stop is of. null: it is of none of these kinds, and concerns everybody. */
  of(stop: Stop): readonly Point[] | null {
    const enabled = this.all.filter(({ isEnabled }) => isEnabled), { reason } = stop;
    if (reason === 'breakpoint') return enabled.filter(({ cause }) => cause.kind === 'break' && cause.address === stop.address);
    if (reason === 'watchpoint') return enabled.filter(({ cause }) => cause.kind === 'watch' && cause.watch === stop.kind && cause.address === stop.address && cause.length === stop.length);
    if (reason === 'syscall') return enabled.filter(({ cause }) => cause.kind === 'syscall' && (cause.number === 'all' || cause.number === stop.number));
    const kind = REASONS[reason];
    return kind === undefined ? null : enabled.filter(({ cause }) => cause.kind === kind);
  }
}
