/** Signals by number (signal(7), x86 column), and what siginfo's si_code says (sigaction(2)). */

const NAMES = ('HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF '
  + 'WINCH IO PWR SYS').split(' ');
const REAL_TIME_FIRST = 32;

export function signalName(signal: number): string {
  const name = NAMES[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  return signal >= REAL_TIME_FIRST && signal <= 64 ? `SIGRT_${signal - REAL_TIME_FIRST}` : String(signal);
}

/** si_code, from 1 on, of the signals that faults raise. */
const FAULT_CODES: { readonly [signal: number]: readonly string[] } = {
  4: ['ILL_ILLOPC', 'ILL_ILLOPN', 'ILL_ILLADR', 'ILL_ILLTRP', 'ILL_PRVOPC', 'ILL_PRVREG', 'ILL_COPROC', 'ILL_BADSTK'],
  5: ['TRAP_BRKPT', 'TRAP_TRACE'],
  7: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR'],
  8: ['FPE_INTDIV', 'FPE_INTOVF', 'FPE_FLTDIV', 'FPE_FLTOVF', 'FPE_FLTUND', 'FPE_FLTRES', 'FPE_FLTINV', 'FPE_FLTSUB'],
  11: ['SEGV_MAPERR', 'SEGV_ACCERR', 'SEGV_BNDERR', 'SEGV_PKUERR'],
};
/** What any signal may carry: sent by kill, by the kernel, by sigqueue, by tgkill. */
const SENT_CODES: { readonly [code: number]: string } = { 0: 'SI_USER', 128: 'SI_KERNEL', [-1]: 'SI_QUEUE', [-6]: 'SI_TKILL' };

export function codeName(signal: number, code: number): string {
  return SENT_CODES[code] ?? FAULT_CODES[signal]?.[code - 1] ?? String(code);
}
export function isFault(signal: number, code: number): boolean { return code > 0 && code < 128 && FAULT_CODES[signal] !== undefined; }
