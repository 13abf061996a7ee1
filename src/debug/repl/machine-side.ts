/** Commands about what only an emulator sees: mappings, page tables, TLB, trampolines, counters, threads. */
import { topDown } from '../../timing/causes.ts';
import { maps, pageTable, tlb, trampolines } from '../reports.ts';
import { fail } from '../mistake.ts';
import type { Command } from './command.ts';
import { showRegisters } from './looking.ts';
import type { Session } from './session.ts';
import { listDisplays, listPoints, listSignals } from './stopping.ts';
import type { Target } from '../target.ts';
import { hex } from './values.ts';

function sayAll(session: Session, lines: readonly string[], none: string): void { for (const line of lines.length === 0 ? [none] : lines) session.say(line); }
function threads(session: Session): void {
  const { target } = session, mine = session.isAlive ? session.tid : null;
  for (const task of target.tasks) {
    const at = target.rip(task.tid) ?? 0, name = session.names.at(task.process, at), isNext = target.tid === task.tid;
    session.say(`${task.tid === mine ? '*' : ' '} ${task.tid}  process ${task.process.pid}  ${hex(at)}${name === null ? '' : ` <${name}>`}${isNext ? '' : '  (waits)'}`);
  }
  if (target.tasks.length === 0) session.say('no threads');
}
function program(session: Session): void {
  const { target } = session, { executable, pid } = session.process, { instructions, events } = target.position;
  session.say(`${executable.path}, process ${pid}, thread ${session.tid}: ${executable.argv.join(' ')}`);
  session.say(`instruction ${instructions}, event ${events}; the last that was reached: instruction ${target.end.instructions}, event ${target.end.events}`);
}
/** Exact, and the same on every run: what was counted, and where cycles went. */
function cyclesLines(target: Target): readonly string[] {
  const { now } = target, c = now.counters();
  const rows: readonly (readonly [string, number])[] = [
    ['instructions', c.instructions], ...topDown(c.causes, c.cycles),
    ['page faults', c.pageFaults], ['system calls', c.systemCalls], ['trampoline calls', now.trampolines.invocations], ['branch misses', c.branchMisses], ['TLB misses', c.tlbMisses],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)), texts = rows.map(([, value]) => Math.round(value).toLocaleString('en')), digits = Math.max(...texts.map(text => text.length));
  return rows.map(([name], n) => `${name.padEnd(width)}  ${texts[n]!.padStart(digits)}`);
}
function onOff(word: string, what: string): boolean { return word === 'on' ? true : word === 'off' ? false : fail(`${what} on, or ${what} off`); }
const EVENTS_SHOWN = 20;
const INFO: Readonly<Record<string, (session: Session, rest: string) => void>> = {
  breakpoints: listPoints, watchpoints: listPoints, display: listDisplays, registers: showRegisters, threads, program, signals: listSignals,
  events: (session, rest) => { sayAll(session, session.log.lines.slice(-(rest === '' ? EVENTS_SHOWN : Number(session.value(rest)))), 'nothing has happened'); },
};

export const MACHINE_SIDE: readonly Command[] = [
  { name: 'maps', short: [], usage: '', help: 'the mappings, as /proc/PID/maps has them', run: session => { sayAll(session, maps(session.process), 'no mappings'); } },
  { name: 'pagetable', short: ['pt', 'walk'], usage: '[ADDRESS]', help: 'the four entries on the way to an address, with their bits (alone: to the next instruction)', completes: 'expression', run: (session, rest) => { sayAll(session, pageTable(session.process, rest === '' ? session.rip : session.address(rest)), ''); } },
  { name: 'tlb', short: [], usage: '', help: 'what the TLB holds: page, frame, what it permits', run: session => { sayAll(session, tlb(session.target), ''); } },
  { name: 'trampfd', short: ['trampolines'], usage: '', help: 'every trampoline object with its contexts', run: session => { sayAll(session, trampolines(session.target, session.process), 'no trampolines'); } },
  { name: 'cycles', short: ['stats'], usage: '', help: 'what was counted until here, and where cycles went', run: session => { sayAll(session, cyclesLines(session.target), ''); } },
  { name: 'threads', short: [], usage: '', help: 'every thread and where it is; * is the one that commands are about', run: session => { threads(session); } },
  { name: 'trace', short: [], usage: 'on|off', help: 'print every instruction while the program goes on', completes: ['on', 'off'], run: (session, rest) => { session.isTracing = onOff(rest, 'trace'); } },
  { name: 'strace', short: [], usage: 'on|off', help: 'system calls on standard error, from here on', completes: ['on', 'off'], run: (session, rest) => { session.target.trace(onOff(rest, 'strace')); } },
  {
    name: 'info', short: ['i'], usage: Object.keys(INFO).join(' | '), help: 'what there is', completes: Object.keys(INFO),
    run: (session, rest) => {
      const [word = '', ...more] = rest.split(/\s+/), name = Object.keys(INFO).find(each => each === word) ?? Object.keys(INFO).find(each => word !== '' && each.startsWith(word));
      if (name === undefined) fail(`info ${Object.keys(INFO).join(', ')}`);
      INFO[name]!(session, more.join(' '));
    },
  },
];
