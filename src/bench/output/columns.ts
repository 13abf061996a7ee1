/** The columns of results, one a row of a table: every output takes its own from here. */
import { CAUSES, kernelCycles } from '../../timing/causes.ts';
import { BASELINE, bytesIn, WORKS, type Cost, type Memory, type Part, type Place, type Row } from '../record.ts';

export interface Column {
  /** In CSV. */
  readonly key: string;
  readonly title: string;
  /** Of numbers in text; absent: words, or numbers as they are. */
  readonly digits?: number;
  /** Where it is shown: always; only if rows differ in it; only in CSV, which has everything. */
  readonly shown: 'always' | 'differing' | 'file';
  /** What it tells of the row, for those who read the table. */
  readonly help: string;
  readonly of: (row: Row, all: Rows) => string | number | null;
}
const place = (key: keyof Place, shown: Column['shown'], help: string): Column => ({ key, title: key, shown, help, of: row => row[key] });
const cost = (part: Part, prefix: string, digits: number, shown: Column['shown']) => (key: string, title: string, help: string, of: (c: Cost) => number): Column =>
  ({ key: `${part}_${key}`, title: `${prefix}${title}`, digits, shown, help, of: row => { const found = row[part]; return found === null ? null : of(found); } });
const invoke = cost('invoke', '', 1, 'always'), rare = cost('invoke', '', 2, 'differing');
const byCause = (part: Part, prefix: string): readonly Column[] => CAUSES.map(({ cause, name }) => cost(part, prefix, 2, 'file')(`${cause}_cycles`, `${name} cycles`, '', c => c.causes[cause]));
const whole = (part: 'create' | 'change' | 'free', help: string): readonly Column[] => {
  const shown = cost(part, `${part}: `, 1, 'always'), filed = cost(part, `${part}: `, 2, 'file');
  return [
    filed('instructions', 'instructions', '', c => c.instructions), shown('cycles', 'cycles', help, c => c.cycles),
    ...byCause(part, `${part}: `), filed('page_faults', 'page faults', '', c => c.pageFaults), filed('system_calls', 'system calls', '', c => c.systemCalls),
    filed('tlb_misses', 'TLB misses', '', c => c.tlbMisses), filed('branch_misses', 'branch misses', '', c => c.branchMisses),
  ];
};
const bytes = (key: string, title: string, shown: Column['shown'], help: string, from: 'memory' | 'left', of: (m: Memory) => number): Column =>
  ({ key, title, digits: 0, shown, help, of: row => { const found = row[from]; return found === null ? null : of(found); } });

export const COLUMNS: readonly Column[] = [
  place('mechanism', 'always', 'the way to call a closure'),
  place('profile', 'differing', 'the processor whose costs cycles are counted by'), place('environment', 'differing', 'what faults and system calls cost'),
  place('policy', 'differing', 'which memory may become code'), place('count', 'differing', 'trampolines at once'), place('order', 'differing', 'in which order they are called'),
  { key: 'seed', title: 'seed', shown: 'file', help: '', of: row => row.seed },
  { key: 'program', title: 'program', shown: 'file', help: '', of: row => row.program },
  { key: 'outcome', title: 'outcome', shown: 'differing', help: 'whether it works, else which call was refused and with what, or the signal that killed it', of: outcomeOf },
  invoke('instructions', 'instructions', 'of one invocation, the loop around it included', c => c.instructions),
  invoke('cycles', 'cycles', 'of one invocation, modelled', c => c.cycles),
  { key: 'ratio', title: 'ratio', digits: 2, shown: 'always', help: 'cycles against those of an indirect call', of: (row, all) => all.ratio(row) },
  ...byCause('invoke', ''), invoke('kernel_cycles', 'in kernel', 'of these cycles, those of system calls, faults, signals and trampolines', c => kernelCycles(c.causes)),
  rare('page_faults', 'page faults', 'trips into the kernel that are no system calls', c => c.pageFaults), rare('system_calls', 'system calls', '', c => c.systemCalls),
  rare('tlb_misses', 'TLB misses', 'translations that were looked up in the page tables', c => c.tlbMisses), rare('branch_misses', 'branch misses', 'branches that were mispredicted', c => c.branchMisses),
  ...whole('create', 'of one of that many, from the beginning of the program on'), ...whole('change', 'to bind a trampoline to another context'), ...whole('free', 'to give one back'),
  bytes('code_bytes', 'code B', 'always', 'bytes of executable pages for one trampoline', 'memory', m => m.code), bytes('data_bytes', 'data B', 'always', 'bytes of other pages for one trampoline', 'memory', m => m.data),
  bytes('table_bytes', 'tables B', 'file', '', 'memory', m => m.tables), bytes('kernel_bytes', 'kernel B', 'always', 'bytes of the kernel\'s for one trampoline', 'memory', m => m.kernel),
  bytes('bytes', 'bytes', 'file', '', 'memory', bytesIn), bytes('left_bytes', 'left B', 'file', '', 'left', bytesIn),
];
/** In words: of a cell of a table. */
export function outcomeOf({ outcome, refusals }: Row): string {
  const refused = refusals.join(', ');
  return outcome === WORKS ? refused === '' ? WORKS : `works after ${refused}` : refused === '' ? outcome : refused;
}

/** Rows together: each can be compared with the indirect call of its kind. */
export class Rows {
  readonly rows: readonly Row[];
  private readonly baselines = new Map<string, number>();
  constructor(rows: readonly Row[]) {
    this.rows = rows;
    for (const row of rows) if (row.mechanism === BASELINE && row.invoke !== null) this.baselines.set(surroundings(row), row.invoke.cycles);
  }
  /** null: there is no such row, or it is none that works. */
  ratio(row: Row): number | null {
    const base = this.baselines.get(surroundings(row));
    return base === undefined || row.invoke === null ? null : row.invoke.cycles / base;
  }
  /** What is worth a column in a table for people. */
  get columns(): readonly Column[] {
    return COLUMNS.filter(column => column.shown === 'always' ? !this.isSilent(column) : column.shown === 'differing' && new Set(this.rows.map(row => column.of(row, this))).size > 1);
  }
  private isSilent(column: Column): boolean { return this.rows.every(row => column.of(row, this) === null); }
  /** What all rows have in common, of the columns that are not shown for it. */
  get common(): readonly (readonly [title: string, value: string])[] {
    const [first] = this.rows, shown = new Set(this.columns);
    return first === undefined ? [] : COLUMNS.filter(column => column.shown === 'differing' && !shown.has(column) && !column.key.includes('_')).map(column => [column.title, `${column.of(first, this) ?? '-'}`]);
  }
  cell(column: Column, row: Row): string {
    const value = column.of(row, this);
    return value === null ? '-' : typeof value === 'string' ? value : column.digits === undefined ? value.toLocaleString('en') : fixed(value, column.digits);
  }
}
const surroundings = ({ profile, environment, policy, count, order }: Place): string => [profile, environment, policy, count, order].join('\0');
/** Bytes that were saved are none. */
const fixed = (value: number, digits: number): string => (digits === 0 ? Math.max(0, value) : value).toFixed(digits).replace(/^-(0(\.0*)?)$/, '$1');
