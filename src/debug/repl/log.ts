/** What has happened until now: system calls, page faults, trampolines, stops, output. What lies in the future after going back is forgotten. */
import { isBefore, type Position } from '../history.ts';
import type { StopReason } from '../stops.ts';
import { type Calls, faultText, type Speaker } from './told.ts';
import { hex } from './values.ts';

interface Entry { readonly at: Position; text: string; readonly tid: number; isOpen: boolean }
const ENTRIES_MAX = 2000;

export class Log {
  private entries: Entry[] = [];
  private readonly calls: Calls;
  constructor(calls: Calls) { this.calls = calls; }

  get lines(): readonly string[] { return this.entries.map(({ text }) => text); }
  add(at: Position, text: string, tid = 0, isOpen = false): void {
    this.entries.push({ at, text, tid, isOpen });
    if (this.entries.length > ENTRIES_MAX) this.entries.splice(0, ENTRIES_MAX / 2);
  }
  event(at: Position, what: StopReason, tid: number, speaker: Speaker): void {
    if (what.reason === 'page-fault') this.add(at, `fault: ${faultText(what.address, what.code)}`, tid);
    else if (what.reason === 'trampoline') this.add(at, `trampoline ${hex(what.invocation.address)} -> ${speaker.place(what.invocation.target)}`, tid);
    else if (what.reason === 'syscall' && what.phase === 'entry') this.add(at, this.calls.asked(what.number, what.name, speaker), tid, true);
    else if (what.reason === 'syscall') {
      const open = this.entries.filter(entry => entry.isOpen && entry.tid === tid).at(-1);
      if (open === undefined) return;
      open.isOpen = false;
      open.text += ` = ${this.calls.answered(speaker.register('rax'))}`;
    }
  }
  /** After going back. */
  cut(at: Position): void { this.entries = this.entries.filter(entry => !isBefore(at, entry.at)); }
  clear(): void { this.entries = []; }
}
