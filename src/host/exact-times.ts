/**
 * Times of files to the nanosecond (utimensat(2)). Node's `utimes` takes seconds as a double and keeps microseconds of them, and takes only a Date for years
 * before 1970: what is lost is remembered here, and shown as long as the file still has the time that was set.
 */
import { fileKey, type HostResult, type HostStat } from './host.ts';

/** Files remembered; the oldest are forgotten, and show microseconds. */
const FILES_MAX = 4096;
interface Times { readonly atime: Exact | null; readonly mtime: Exact | null }
interface Exact { readonly wantedNs: bigint; readonly gotNs: bigint }

/** What Node is to be given for a time. */
export function nodeTime(ns: bigint): number | Date { return ns < 0n ? new Date(Math.floor(Number(ns) / 1e6)) : Number(ns) / 1e9; }

export class ExactTimes {
  private readonly files = new Map<string, Times>();
  /** `stat`: the file after the times were set. */
  remember(stat: HostStat | HostResult, atimeNs: bigint, mtimeNs: bigint): HostResult {
    if (typeof stat === 'number') return 0;
    const key = fileKey(stat), exact = (wantedNs: bigint, gotNs: bigint): Exact | null => wantedNs === gotNs ? null : { wantedNs, gotNs };
    const times = { atime: exact(atimeNs, stat.atimeNs), mtime: exact(mtimeNs, stat.mtimeNs) };
    this.files.delete(key);
    if (times.atime === null && times.mtime === null) return 0;
    const [oldest] = this.files.keys();
    if (this.files.size >= FILES_MAX && oldest !== undefined) this.files.delete(oldest);
    this.files.set(key, times);
    return 0;
  }
  of(stat: HostStat): HostStat {
    const times = this.files.size === 0 ? undefined : this.files.get(fileKey(stat));
    if (times === undefined) return stat;
    return { ...stat, atimeNs: shown(stat.atimeNs, times.atime), mtimeNs: shown(stat.mtimeNs, times.mtime) };
  }
}
function shown(ns: bigint, exact: Exact | null): bigint { return exact !== null && (exact.gotNs === ns || exact.wantedNs === ns) ? exact.wantedNs : ns; }
