/** What the bench tells of one cell of its matrix: plain data, in files as it is in memory. Numbers are exact, and the same on every run and machine. */
import type { Counters } from '../machine.ts';
import { type Cause, CAUSES, type Causes } from '../timing/causes.ts';

/** Of one invocation, creation, change or release. */
export interface Cost {
  readonly instructions: number; readonly cycles: number;
  readonly pageFaults: number; readonly systemCalls: number; readonly tlbMisses: number; readonly branchMisses: number;
  /** Of the cycles. */
  readonly causes: Causes;
}
/** Bytes for one trampoline: pages of code, pages of data, page tables, and what the kernel keeps. */
export interface Memory { readonly code: number; readonly data: number; readonly tables: number; readonly kernel: number }

/** Which cell of the matrix. */
export interface Place {
  readonly mechanism: string; readonly profile: string; readonly environment: string; readonly policy: string;
  /** Trampolines at once. */
  readonly count: number;
  /** In which order they are called. */
  readonly order: string;
}
export type Part = (typeof PARTS)[number];
export const PARTS = ['invoke', 'create', 'change', 'free'] as const;
export interface Row extends Place {
  /** Of the machine's random bytes; null: those it has without `--seed`. */
  readonly seed: number | null;
  /** SHA-256 of the guest's file and its arguments. */
  readonly program: string;
  /** `works`, or what stopped it: `refused`, or a signal's name. */
  readonly outcome: string;
  /** Calls that failed: what else was tried before it worked, or what it failed of. */
  readonly refusals: readonly string[];
  /** null: it does not work, or has no such part. */
  readonly invoke: Cost | null; readonly create: Cost | null; readonly change: Cost | null; readonly free: Cost | null;
  /** Beyond what as many indirect calls need; and what is left when they have been freed. */
  readonly memory: Memory | null; readonly left: Memory | null;
}
/** What may differ from run to run: nothing that is compared. */
export interface HostBlock { readonly node: string; readonly platform: string; readonly seconds: number }
export interface Results {
  readonly format: typeof FORMAT;
  /** Of tramp64. */
  readonly version: string;
  readonly rows: readonly Row[];
  /** null: not worth keeping, as in a baseline. */
  readonly host: HostBlock | null;
}
export const FORMAT = 'tramp64-bench-1';
export const BASELINE = 'indirect call';
export const WORKS = 'works';

/** Fields of a cost but for its causes. */
export const COUNTED = ['instructions', 'cycles', 'pageFaults', 'systemCalls', 'tlbMisses', 'branchMisses'] as const;
export const MEMORY = ['code', 'data', 'tables', 'kernel'] as const;

const DIGITS = 1e6;
const rounded = (value: number): number => Math.round(value * DIGITS) / DIGITS;
/** What `count` of them added, for one. */
export function costOf(before: Counters, after: Counters, count: number): Cost {
  const each = (of: (c: Counters) => number): number => rounded((of(after) - of(before)) / count);
  const counted = Object.fromEntries(COUNTED.map(name => [name, each(c => c[name])])) as Record<(typeof COUNTED)[number], number>;
  return { ...counted, causes: causesBy(cause => each(c => c.causes[cause])) };
}
/** What they need of memory, for one. */
export function memoryOf(before: Counters, after: Counters, count: number): Memory {
  const each = (of: (c: Counters) => number): number => rounded((of(after) - of(before)) / count);
  return { code: each(c => c.codeBytes), data: each(c => c.dataBytes), tables: each(c => c.tableBytes), kernel: each(c => c.kernelBytes) };
}
/** Number by number. */
export function less(a: Counters, b: Counters): Counters {
  const rest = Object.fromEntries(Object.entries(a).map(([name, value]) => [name, typeof value === 'number' ? value - (b[name as keyof Counters] as number) : value])) as unknown as Counters;
  return { ...rest, causes: causesBy(cause => a.causes[cause] - b.causes[cause]) };
}
const causesBy = (each: (cause: Cause) => number): Causes => Object.fromEntries(CAUSES.map(({ cause }) => [cause, each(cause)])) as Causes;
const memory = (each: (name: (typeof MEMORY)[number]) => number): Memory => ({ code: rounded(each('code')), data: rounded(each('data')), tables: rounded(each('tables')), kernel: rounded(each('kernel')) });
export const minus = (a: Memory, b: Memory): Memory => memory(name => a[name] - b[name]);
export const perOne = (all: Memory, count: number): Memory => memory(name => all[name] / count);
/** Bytes of all kinds. */
export const bytesIn = ({ code, data, tables, kernel }: Memory): number => code + data + tables + kernel;

/** A cell's name, for people and for finding it again: what is as always is left out. */
export function nameOf({ mechanism, profile, environment, policy, count, order }: Place): string {
  return `${mechanism} [${[profile, environment, policy, `${count} ${order}`].join(', ')}]`;
}
