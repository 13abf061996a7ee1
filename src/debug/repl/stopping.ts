/** Commands about what stops the program. */
import type { Va } from '../../base/types.ts';
import { signalName } from '../../syscalls/signal-names.ts';
import { memoryOf } from '../expression.ts';
import { fail } from '../mistake.ts';
import type { WatchKind } from '../watches.ts';
import type { Command } from './command.ts';
import type { Cause, Point } from './points.ts';
import { signalNumber } from './running.ts';
import type { Session } from './session.ts';
import { formatOf, hex, shown } from './values.ts';
import { DATA, examined } from './looking.ts';

const KINDS: Readonly<Record<string, Cause['kind']>> = { fault: 'fault', trampoline: 'trampoline', fork: 'fork', clone: 'clone', exec: 'exec', exit: 'exit' };
const WATCH_BYTES = 8;

/** `main`, `*0x401000`, `syscall write`, `fault`, and a condition after `if`. */
function add(session: Session, rest: string, isTemporary: boolean): void {
  const [, place = '', condition = null] = /^(.*?)(?:(?:^|\s+)if\s+(.*))?$/.exec(rest) ?? [], [word = '', ...more] = place.split(/\s+/);
  if (condition !== null) session.value(condition);
  const point = session.points.add(causeOf(session, word, more), place === '' ? hex(session.rip) : place, isTemporary, condition);
  session.apply();
  session.say(`breakpoint ${point.number}: ${describe(session, point)}`);
}
function causeOf(session: Session, word: string, more: readonly string[]): Cause {
  if (word === '') return { kind: 'break', address: session.rip };
  if (word === 'syscall') {
    const [name = 'all', extra] = more;
    if (extra !== undefined) fail(`one system call, please, not '${more.join(' ')}'`);
    return { kind: 'syscall', number: name === 'all' ? 'all' : session.calls.find(name) ?? fail(`no such system call: ${name}`) };
  }
  const kind = Object.hasOwn(KINDS, word) && more.length === 0 ? KINDS[word] : undefined;
  if (kind !== undefined && kind !== 'break' && kind !== 'watch' && kind !== 'syscall') return { kind };
  return { kind: 'break', address: session.address([word, ...more].join(' ').replace(/^\*/, '')) };
}
function describe(session: Session, { cause, condition }: Point): string {
  const text = cause.kind === 'break' ? session.place(cause.address)
    : cause.kind === 'watch' ? `${cause.watch} of ${cause.length} bytes at ${session.place(cause.address)}`
      : cause.kind === 'syscall' ? `system call ${cause.number === 'all' ? 'of any kind' : session.calls.all.find(({ number }) => number === cause.number)?.name ?? cause.number}`
        : { fault: 'page faults', trampoline: 'trampolines', fork: 'fork', clone: 'threads', exec: 'execve', exit: 'ends of processes' }[cause.kind];
  return condition === null ? text : `${text}, if ${condition}`;
}
function watch(kind: WatchKind): Command['run'] {
  return (session, rest) => {
    if (rest === '') fail('watch what? An address, a symbol, *ADDRESS or u32[ADDRESS]');
    const place = memoryOf(rest, session.scope), at: Va = place === null ? session.address(rest) : Number(place.at);
    const length = place?.bytes ?? (/^[A-Za-z_.]\w*$/.test(rest) ? session.names.find(session.process, rest)?.size || WATCH_BYTES : WATCH_BYTES);
    const point = session.points.add({ kind: 'watch', watch: kind, address: at, length }, rest, false, null);
    session.apply();
    session.say(`watchpoint ${point.number}: ${describe(session, point)}`);
  };
}
function numbered(session: Session, rest: string, change: (point: Point) => void): void {
  const points = rest === '' ? [...session.points.all] : rest.split(/[\s,]+/).map(word => session.points.find(Number(word)) ?? fail(`no breakpoint ${word}`));
  for (const point of points) change(point);
  session.apply();
}
export function listPoints(session: Session): void {
  if (session.points.all.length === 0) session.say('no breakpoints');
  for (const point of session.points.all) {
    session.say(`${point.number}  ${point.isEnabled ? 'on ' : 'off'}  ${describe(session, point)}${point.isTemporary ? ', once' : ''}, ${point.hits} ${point.hits === 1 ? 'stop' : 'stops'}`);
  }
}
export function listDisplays(session: Session): void {
  if (session.displays.length === 0) session.say('nothing is displayed');
  for (const { number, text } of session.displays) session.say(`${number}: ${text}`);
}
export function listSignals(session: Session): void { session.say(`signals that do not stop the program: ${[...session.passedSignals].map(signalName).join(' ') || 'none'}`); }

const LOCATION = '[LOCATION | syscall [NAME] | fault | trampoline | fork | clone | exec | exit] [if EXPRESSION]';
export const STOPPING: readonly Command[] = [
  { name: 'break', short: ['b', 'catch'], usage: LOCATION, help: 'stop before the instruction at an address, or at system calls, page faults, trampolines and so on', completes: 'symbol', run: (session, rest) => { add(session, rest, false); } },
  { name: 'tbreak', short: ['tb'], usage: LOCATION, help: 'the same, once', completes: 'symbol', run: (session, rest) => { add(session, rest, true); } },
  { name: 'watch', short: ['w'], usage: 'PLACE', help: 'stop after writes that change it: a symbol, an address, *ADDRESS, u32[ADDRESS]', completes: 'symbol', run: watch('write') },
  { name: 'rwatch', short: [], usage: 'PLACE', help: 'stop after reads', completes: 'symbol', run: watch('read') },
  { name: 'awatch', short: [], usage: 'PLACE', help: 'stop after reads and writes', completes: 'symbol', run: watch('access') },
  { name: 'delete', short: ['d'], usage: '[N ...]', help: 'forget breakpoints and watchpoints; alone: all of them', run: (session, rest) => { numbered(session, rest, point => { session.points.remove(point); }); } },
  { name: 'enable', short: [], usage: '[N ...]', help: 'they stop the program again', run: (session, rest) => { numbered(session, rest, point => { point.isEnabled = true; }); } },
  { name: 'disable', short: [], usage: '[N ...]', help: 'they do not stop the program, but are kept', run: (session, rest) => { numbered(session, rest, point => { point.isEnabled = false; }); } },
  {
    name: 'condition', short: ['cond'], usage: 'N [EXPRESSION]', help: 'stop only if it is not zero; without an expression: always',
    run: (session, rest) => {
      const [, number = '', text = ''] = /^(\S*)\s*(.*)$/.exec(rest) ?? [], point = session.points.find(Number(number)) ?? fail(`no breakpoint ${number}`);
      if (text !== '') session.value(text);
      point.condition = text === '' ? null : text;
    },
  },
  {
    name: 'ignore', short: [], usage: 'N COUNT', help: 'pass over its next stops',
    run: (session, rest) => {
      const [number = '', count = ''] = rest.split(/\s+/), point = session.points.find(Number(number)) ?? fail(`no breakpoint ${number}`);
      point.ignored = Number(session.value(count));
    },
  },
  {
    name: 'handle', short: [], usage: 'SIGNAL stop|pass', help: 'whether a signal stops the program before it is delivered',
    run: (session, rest) => {
      const [name = '', what = ''] = rest.split(/\s+/), signal = signalNumber(name);
      if (what === 'stop') session.passedSignals.delete(signal); else if (what === 'pass') session.passedSignals.add(signal); else fail('handle SIGNAL stop, or handle SIGNAL pass');
      session.apply();
    },
  },
  {
    name: 'display', short: [], usage: '[/FORMAT] [EXPRESSION]', help: 'print it at every stop: as print, or as x where the format has a count, s or i; alone: now', completes: 'expression',
    run: (session, rest, text) => {
      if (rest === '') { for (const display of session.displays) session.showDisplay(display); return; }
      const isMemory = /\d|s|i/.test(text), format = formatOf(text, { ...DATA, count: 1 }), number = (session.displays.at(-1)?.number ?? 0) + 1;
      const show = isMemory ? () => `\n${examined(session, session.address(rest), format).lines.join('\n')}` : () => shown(session.value(rest), format.letter, format.bytes, at => session.nameOf(Number(at)));
      const display = { number, text: rest, show: () => { try { return show(); } catch (error) { return error instanceof Error ? `(${error.message})` : ''; } } };
      session.value(rest);
      session.displays.push(display);
      session.showDisplay(display);
    },
  },
  {
    name: 'undisplay', short: [], usage: '[N ...]', help: 'display it no more; alone: nothing any more',
    run: (session, rest) => {
      const { displays } = session;
      for (const number of rest === '' ? displays.map(display => String(display.number)) : rest.split(/[\s,]+/)) {
        const at = displays.findIndex(display => String(display.number) === number);
        if (at === -1) fail(`no display ${number}`);
        displays.splice(at, 1);
      }
    },
  },
];
