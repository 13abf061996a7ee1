/** Signals against the host's kernel: what handlers find and calls return (signal.c prints it), and how programs die. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGuest, runNative } from '../support/guest.ts';

const TRIES = 5;
const folder = mkdtempSync(join(tmpdir(), 'tramp64-signal-'));
const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

function compile(source: string): Uint8Array {
  writeFileSync(join(folder, 'a.c'), source);
  const { status, stderr } = spawnSync('gcc', ['-static', '-O1', '-fno-stack-protector', '-o', join(folder, 'a'), join(folder, 'a.c')]);
  if (status !== 0) throw new Error(text(stderr));
  return readFileSync(join(folder, 'a'));
}

const claims = suite('real › signals');
claims('handlers find, change and leave what they do on the host: registers, masks, queues, stacks, errors', () => {
  const elf = compile(readFileSync(fileURLToPath(new URL('signal.c', import.meta.url)), 'utf8'));
  const native = runNative(elf), here = runGuest(elf);
  assert.fixture(text(here.stdout), text(native.stdout));
  assert.is(here.status, native.status);
});
for (const engine of ['interpret', 'threaded', 'compile'] as const) claims(`exceptions become the host's signals, in ${engine}`, () => {
  const elf = compile(readFileSync(fileURLToPath(new URL('faults.c', import.meta.url)), 'utf8'));
  const native = runNative(elf), here = runGuest(elf, { cpu: { engine, hotRuns: 1 } });
  assert.fixture(text(here.stdout), text(native.stdout));
});
claims('XSAVE and its kin, and frames with their area, are the host\'s', () => {
  const elf = compile(readFileSync(fileURLToPath(new URL('xsave.c', import.meta.url)), 'utf8'));
  const native = runNative(elf), here = runGuest(elf, { cpu: { model: 'zen3' } });
  assert.fixture(text(here.stdout), text(native.stdout));
});
for (const engine of ['interpret', 'threaded', 'compile'] as const) claims(`where the last x87 instruction was is told as on the host, in ${engine}`, () => {
  const elf = compile(readFileSync(fileURLToPath(new URL('x87-pointers.c', import.meta.url)), 'utf8'));
  const here = text(runGuest(elf, { cpu: { engine, hotRuns: 1, model: 'zen3' } }).stdout);
  // The host forgets it when it switches tasks.
  let native = '';
  for (let tries = 0; native !== here && tries < TRIES; tries++) native = text(runNative(elf).stdout);
  assert.fixture(here, native);
});
claims.run();

/** What main does, after including the headers; `on` installs a handler that returns. */
const DEATHS: Readonly<Record<string, string>> = {
  'a fault without a handler': '*(volatile int *)8 = 0;',
  'a fault whose signal is ignored': 'signal(SIGSEGV, SIG_IGN); *(volatile int *)8 = 0;',
  'a fault whose signal is blocked': 'on(SIGSEGV, 0); sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); *(volatile int *)8 = 0;',
  'a fault in the handler of that fault': 'on(SIGSEGV, 1); *(volatile int *)8 = 0;',
  'no stack for the frame': 'on(SIGSEGV, 0); __asm__ volatile("mov $8, %%rsp; mov 0, %%al" ::: "memory");',
  'no stack for another signal\'s frame, and none for the one that tells of it':
    'on(SIGSEGV, 0); on(SIGUSR1, 0); __asm__ volatile("mov $8, %%rsp; syscall; ud2" :: "a"(62), "D"(getpid()), "S"(SIGUSR1));',
  'an alternate stack that is too short': `static char s[2048]; sigaltstack(&(stack_t){ .ss_sp = s, .ss_size = 2048 }, 0);
    struct sigaction a = { .sa_handler = stays, .sa_flags = SA_ONSTACK | SA_NODEFER }; sigaction(SIGUSR1, &a, 0); depth = 9; raise(SIGUSR1);`,
  'a handler without a restorer':
    'struct { long handler, flags, restorer, mask; } a = { (long)stays }; syscall(SYS_rt_sigaction, SIGUSR1, &a, 0, 8); raise(SIGUSR1);',
  'rt_sigreturn without a frame': '__asm__ volatile("mov $8, %%rsp; syscall" :: "a"(15));',
  'rt_sigreturn to no code segment': 'edits = 1; on(SIGUSR1, 2); raise(SIGUSR1);',
  'rt_sigreturn to an address that is none': 'edits = 2; on(SIGUSR1, 2); raise(SIGUSR1);',
  'rt_sigreturn with its floating point state gone': 'edits = 3; on(SIGUSR1, 2); raise(SIGUSR1);',
  'rt_sigreturn with reserved bits in MXCSR': 'edits = 4; on(SIGUSR1, 2); raise(SIGUSR1);',
  'kill': 'raise(SIGTERM);',
  'SIGKILL among many': 'sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); raise(SIGUSR1); raise(SIGKILL);',
  'a real-time signal': 'raise(50);',
  'an undefined instruction': '__asm__ volatile("ud2");',
  'a breakpoint': '__asm__ volatile("int3");',
  'a division': 'volatile int zero = 0; return 1 / zero;',
};
const PRELUDE = `#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
static volatile int edits, depth;
static void stays(int signal) { volatile char room[200]; room[0] = 0; if (depth-- > 0) raise(signal); }
static void faults(int signal) { (void)signal; *(volatile int *)16 = 0; }
static void edit(int signal, siginfo_t *info, void *context) {
  (void)signal; (void)info;
  ucontext_t *c = context; greg_t *g = c->uc_mcontext.gregs;
  if (edits == 1) g[REG_CSGSFS] = 0;
  if (edits == 2) g[REG_RIP] = 0x4000000000000000;
  if (edits == 3) c->uc_mcontext.fpregs = (void *)64;
  if (edits == 4) c->uc_mcontext.fpregs->mxcsr = 0xffff0000;
}
static void on(int signal, int how) {
  struct sigaction a; memset(&a, 0, sizeof a);
  if (how == 2) { a.sa_sigaction = edit; a.sa_flags = SA_SIGINFO; } else a.sa_handler = how == 1 ? faults : stays;
  sigaction(signal, &a, 0);
}
int main(void) { (void)stays; (void)on;
`;
const deaths = suite('real › deaths by signal');
for (const [name, body] of Object.entries(DEATHS)) {
  deaths(`${name} ends the program as on the host`, () => {
    const elf = compile(`${PRELUDE}${body}\nreturn 0; }\n`);
    // A shell's status says it in numbers; Node has no name for real-time signals.
    const { status } = spawnSync('sh', ['-c', `"${join(folder, 'a')}" 2> /dev/null; exit $?`]);
    assert.is(runGuest(elf).status, status);
  });
}
deaths('SIGSEGV is reported once, with its address', () => {
  const { stderr, status } = runGuest(compile(`${PRELUDE}*(volatile int *)8 = 0;\nreturn 0; }\n`));
  assert.is(status, 128 + 11);
  assert.match(stderr, /^tramp64: SIGSEGV at rip 0x[0-9a-f]+ <main(\+0x[0-9a-f]+)?>, address 0x8$/);
});
deaths.after(() => rmSync(folder, { recursive: true, force: true }));
deaths.run();
