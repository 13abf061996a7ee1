/** Commands that move the program, forwards and backwards. */
import { signalName } from '../../syscalls/signal-names.ts';
import { fail } from '../mistake.ts';
import type { Command } from './command.ts';
import type { Session } from './session.ts';

const SIGNALS_END = 65;
function count(session: Session, rest: string): number {
  if (rest === '') return 1;
  const value = session.value(rest);
  return value >= 1n && value <= 1_000_000_000n ? Number(value) : fail(`'${rest}' is no number of times`);
}
async function times(session: Session, rest: string, run: () => void | Promise<void>): Promise<void> {
  const last = count(session, rest);
  for (let k = 0; k < last && session.isAlive; k++) {
    await run();
    const reason = session.lastStop?.reason;
    if (reason !== 'step' && reason !== 'condition' && reason !== 'breakpoint') return;
  }
}
export function signalNumber(word: string): number {
  if (word === '0') return 0;
  for (let signal = 1; signal < SIGNALS_END; signal++) if (signalName(signal) === word.toUpperCase() || signalName(signal) === `SIG${word.toUpperCase()}` || String(signal) === word) return signal;
  return fail(`no such signal: ${word}`);
}

export const RUNNING: readonly Command[] = [
  { name: 'step', short: ['s', 'si', 'stepi'], usage: '[N]', help: 'one instruction, into calls; at a trampoline: what the kernel does in its place', repeats: true, run: (session, rest) => session.step(count(session, rest)) },
  { name: 'next', short: ['n', 'ni', 'nexti'], usage: '[N]', help: 'one instruction, over calls and repeated string instructions', repeats: true, run: (session, rest) => times(session, rest, () => session.next()) },
  { name: 'finish', short: ['fin'], usage: '', help: 'until this function has returned; prints rax', repeats: true, run: session => session.finish() },
  {
    name: 'until', short: ['u'], usage: '[LOCATION]', help: 'until there; alone: like next, but a loop is gone through to its end', completes: 'symbol', repeats: true,
    run: (session, rest) => rest === '' ? session.untilAfter() : session.until(session.address(rest.replace(/^\*/, ''))),
  },
  {
    name: 'continue', short: ['c', 'cont', 'fg'], usage: '[N]', help: 'until something stops the program; N: passing over so many stops of the breakpoint it is at', repeats: true,
    run: (session, rest) => {
      const over = count(session, rest) - 1, { lastStop } = session;
      for (const point of lastStop === null ? [] : session.points.of(lastStop) ?? []) point.ignored = over;
      return session.continue();
    },
  },
  { name: 'back', short: ['reverse-step', 'rs', 'rsi', 'reverse-stepi'], usage: '[N]', help: 'N instructions of this thread back', repeats: true, run: (session, rest) => { session.back(count(session, rest)); } },
  { name: 'reverse-next', short: ['rn', 'rni'], usage: '[N]', help: 'one instruction back, over calls', repeats: true, run: (session, rest) => times(session, rest, () => { session.reverseNext(); }) },
  { name: 'reverse-continue', short: ['rc'], usage: '', help: 'back to the last thing that would have stopped the program, or to its beginning', repeats: true, run: session => { session.reverseContinue(); } },
  { name: 'reverse-finish', short: ['rfin'], usage: '', help: 'back to the call of this function', repeats: true, run: session => { session.reverseFinish(); } },
  { name: 'run', short: ['r'], usage: '', help: 'from the beginning, until something stops the program', run: async session => { session.start(); await session.continue(); } },
  { name: 'start', short: [], usage: '', help: 'from the beginning, and stop before the first instruction', run: session => { session.start(); session.showPlace(); } },
  { name: 'kill', short: ['k'], usage: '', help: 'the program is over', run: session => { void session.target; session.kill(); } },
  {
    name: 'signal', short: [], usage: 'SIGNAL', help: 'continue, with this signal in place of the one it stopped for; 0: with none',
    run: async (session, rest) => {
      const signal = signalNumber(rest);
      if (session.target.held !== null) session.target.choose(signal === 0 ? 'discard' : { signal });
      else if (signal !== 0) session.target.raise(session.tid, signal);
      await session.continue();
    },
  },
  {
    name: 'thread', short: ['t'], usage: '[N]', help: 'the thread that commands are about; N: another', repeats: true,
    run: (session, rest) => {
      if (rest !== '') {
        const tid = Number(session.value(rest));
        if (session.target.task(tid) === null) fail(`no thread ${tid}`);
        session.select(tid);
      }
      session.say(`thread ${session.tid} of process ${session.process.pid}`);
      session.say(session.whereLine());
    },
  },
];
