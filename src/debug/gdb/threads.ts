/** Thread ids (GDB manual, appendix E.2: thread-id syntax): with processes, `pPID.TID`. */
import { numberOfHex } from '../hex.ts';

export const ANY = 0, ALL = -1;
export interface ThreadId { readonly pid: number; readonly tid: number }

function part(text: string | undefined): number | null { return text === '-1' ? ALL : numberOfHex(text); }
export function parseThread(text: string): ThreadId | null {
  const parts = /^p([^.]*)(?:\.(.*))?$/.exec(text), pid = parts === null ? ANY : part(parts[1]), tid = parts === null ? part(text) : parts[2] === undefined ? ALL : part(parts[2]);
  return pid === null || tid === null ? null : { pid, tid };
}
export function threadText(pid: number, tid: number, hasProcesses: boolean): string {
  return hasProcesses ? `p${pid.toString(16)}.${tid.toString(16)}` : tid.toString(16);
}
