/** `--trace-filter`: which records of a trace are wanted. Of the same name any will do; every name that is given must hold. */
import type { Va } from '../base/types.ts';

export type Kind = 'i' | 'r' | 'm' | 'e';
const ALL: readonly Kind[] = ['i', 'r', 'm', 'e'];

export class TraceFilter {
  readonly kinds: ReadonlySet<Kind>;
  private readonly tids: ReadonlySet<number>;
  private readonly symbols: ReadonlySet<string>;
  private readonly ranges: readonly (readonly [from: Va, to: Va])[];
  private constructor(kinds: ReadonlySet<Kind>, tids: ReadonlySet<number>, symbols: ReadonlySet<string>, ranges: readonly (readonly [Va, Va])[]) {
    this.kinds = kinds.size === 0 ? new Set(ALL) : kinds; this.tids = tids; this.symbols = symbols; this.ranges = ranges;
  }
  /** A sentence: what is wrong. Several in one text have commas between them. */
  static of(texts: readonly string[]): TraceFilter | string {
    const kinds = new Set<Kind>(), tids = new Set<number>(), symbols = new Set<string>(), ranges: (readonly [Va, Va])[] = [];
    for (const text of texts.flatMap(each => each.split(','))) {
      const [, name, value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
      if (name === 'kinds') {
        for (const letter of value) {
          const kind = ALL.find(each => each === letter);
          if (kind === undefined) return `option --trace-filter: kinds are of ${ALL.join('')}, not '${value}'`;
          kinds.add(kind);
        }
      } else if (name === 'tid' && /^\d+$/.test(value)) tids.add(Number(value));
      else if (name === 'symbol') symbols.add(value);
      else {
        const [, from, to] = /^(0x[0-9a-f]+|\d+)-(0x[0-9a-f]+|\d+)$/i.exec(name === 'range' ? value : '') ?? [];
        if (from === undefined || to === undefined) return `option --trace-filter takes kinds=irme, range=FROM-TO, symbol=NAME or tid=N, not '${text}'`;
        ranges.push([Number(from), Number(to)]);
      }
    }
    return new TraceFilter(kinds, tids, symbols, ranges);
  }
  wantsTask(tid: number): boolean { return this.tids.size === 0 || this.tids.has(tid); }
  wants(tid: number, at: Va, symbol: string | null): boolean {
    return this.wantsTask(tid) && (this.symbols.size === 0 || symbol !== null && this.symbols.has(symbol)) && (this.ranges.length === 0 || this.ranges.some(([from, to]) => at >= from && at < to));
  }
}
