/** How calls wait: until a file is ready or a moment comes, and under which mask of signals (poll(2), select(2), signal(7)). */
import { EAGAIN, EFAULT, EINTR, EINVAL } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { replaceMask, restoreMask, SET_BYTES, signalSet } from './signal.ts';
import type { Control } from './task.ts';

/** Does what may say -EAGAIN; with `waits` again and again, until it says something else. */
export function untilDone(attempt: () => Result, waits: boolean): Result | Control {
  const now = attempt();
  if (now !== -EAGAIN || !waits) return now;
  return { then: 'sleep', until: () => { const again = attempt(); return again === -EAGAIN ? null : again; } };
}

/**
 * Asks until something is ready (not 0) or the time is up. `timeoutNs` null: for ever.
 * `finish` is told when it is over, and may change the result.
 */
export function awaitReady(
  task: KernelTask, timeoutNs: number | null, look: () => Result, finish: (result: Result) => Result = result => result, failsAfterStop = false,
): Result | Control {
  const now = look();
  if (now !== 0 || timeoutNs === 0) return finish(now);
  const { clock } = task.process.system, wakesAtNs = timeoutNs === null ? undefined : clock.monotonicNs() + timeoutNs;
  const until = (): Result | null => {
    const ready = look();
    return ready !== 0 || (wakesAtNs !== undefined && clock.monotonicNs() >= wakesAtNs) ? finish(ready) : null;
  };
  return { then: 'sleep', until, wakesAtNs, onSignal: () => finish(-EINTR), failsAfterStop };
}

/** Runs a call that waits with the signal mask at `at` in place of the task's (null pointer: with its own), as pselect(2) does. */
export function underMask(task: KernelTask, at: Va, setBytes: number, run: () => Result | Control): Result | Control {
  if (at === 0) return run();
  if (setBytes !== SET_BYTES) return -EINVAL;
  const set = signalSet(task, at);
  if (set === null) return -EFAULT;
  replaceMask(task.signals, set);
  const outcome = run();
  if (typeof outcome === 'number') return restoring(task, outcome);
  return outcome.then !== 'sleep' ? outcome : { ...outcome, until: () => {
    const result = outcome.until();
    return result === null ? null : restoring(task, result);
  } };
}
/** Interrupted, the handler still runs under the call's mask: its return brings the old one back. */
function restoring(task: KernelTask, result: Result): Result {
  if (result !== -EINTR) restoreMask(task.signals);
  return result;
}
