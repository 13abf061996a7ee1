/* What signal(7) and its calls do, one line a claim: the same program natively and emulated prints the same. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FIX 0x40dd5
static int depth, entries, order[16], orders;
static char *guard;
static uint64_t mask_now(void) { uint64_t m = 0; syscall(SYS_rt_sigprocmask, 0, 0, &m, 8); return m; }
static uint64_t pending_now(void) { uint64_t m = 0; syscall(SYS_rt_sigpending, &m, 8); return m; }
static void show(const char *name, long result) { printf("%s = %ld %s\n", name, result, result < 0 ? strerrorname_np(errno) : ""); }
static void on(int sig, void (*f)(int, siginfo_t *, void *), int flags) {
  struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = f; a.sa_flags = SA_SIGINFO | flags;
  sigaction(sig, &a, 0);
}

static void tell(int sig, siginfo_t *info, void *context) {
  ucontext_t *c = context; greg_t *g = c->uc_mcontext.gregs; char *frame = (char *)c - 8;
  uint64_t flags; uint32_t mxcsr; uint16_t control; char *fp = (char *)c->uc_mcontext.fpregs;
  __asm__ volatile("pushfq; pop %0; stmxcsr %1; fnstcw %2" : "=r"(flags), "=m"(mxcsr), "=m"(control));
  printf("handler %d: code %d, addr %s, mine %d, frame %% 16 %ld, info %ld, fp %% 64 %ld\n", sig, info->si_code,
    info->si_code <= 0 ? "-" : info->si_addr == guard ? "guard" : info->si_addr == 0 ? "0" : info->si_addr == (void *)g[REG_RIP] ? "rip" : "?",
    info->si_code > 0 || info->si_pid == getpid(), (long)frame % 16, (long)((char *)info - frame), (long)fp % 64);
  printf("  rflags %llx, csgsfsss %llx, err %llx, trap %llx, oldmask %llx, mask %lx, now %lx, DF %d, mxcsr %x, fcw %x\n",
    g[REG_EFL] & ~0x200000ll, g[REG_CSGSFS], g[REG_ERR], g[REG_TRAPNO], g[REG_OLDMASK], c->uc_sigmask.__val[0], mask_now(), (int)(flags >> 10 & 1), mxcsr, control);
}
/* Steps over the instruction: all that fault here have two bytes, but for the call to the guard page. */
static void step(int sig, siginfo_t *info, void *context) {
  ucontext_t *c = context; greg_t *g = c->uc_mcontext.gregs;
  tell(sig, info, context);
  if ((char *)g[REG_RIP] == guard) { g[REG_RIP] = *(greg_t *)g[REG_RSP]; g[REG_RSP] += 8; } else g[REG_RIP] += 2;
}
static void faults(void) {
  int sigs[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP};
  for (int i = 0; i < 4; i++) on(sigs[i], step, 0);
  puts("fetch"); __asm__ volatile("xor %%eax, %%eax; call *%0" :: "b"(guard) : "rax", "memory");
  puts("load"); __asm__ volatile("xor %%eax, %%eax; mov (%0), %%al" :: "b"(guard) : "rax");
  puts("store"); __asm__ volatile("xor %%eax, %%eax; mov %%al, (%0)" :: "b"(guard) : "rax");
  puts("store, direction flag, carry"); __asm__ volatile("xor %%eax, %%eax; std; stc; mov %%al, (%0); cld" :: "b"(guard) : "rax");
  puts("null"); __asm__ volatile("xor %%ebx, %%ebx; mov (%%rbx), %%al" ::: "rax", "rbx");
  puts("non-canonical"); __asm__ volatile("movabs $0x8000000000000000, %%rbx; xor %%eax, %%eax; mov (%%rbx), %%al" ::: "rax", "rbx");
  puts("undefined"); __asm__ volatile("xor %%eax, %%eax; ud2" ::: "rax");
  puts("privileged"); __asm__ volatile("xor %%eax, %%eax; hlt; nop" ::: "rax");
  puts("division by zero"); __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::: "rax", "rcx", "rdx");
  puts("division overflow"); __asm__ volatile("mov $-1, %%edx; mov $1, %%eax; mov $1, %%ecx; xor %%ebx, %%ebx; div %%ecx" ::: "rax", "rbx", "rcx", "rdx");
}

/* Everything a handler may edit comes back edited, and nothing else changes. */
static void edit(int sig, siginfo_t *info, void *context) {
  (void)sig; (void)info;
  ucontext_t *c = context; greg_t *g = c->uc_mcontext.gregs;
  static const int names[] = {REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RDI, REG_RSI, REG_RDX, REG_RAX, REG_RCX};
  for (int i = 0; i < 13; i++) g[names[i]] = (greg_t)(0x1111111111111111ull * (unsigned)(i + 1));
  g[REG_EFL] = 0xffffffff & ~0x100;
  c->uc_mcontext.fpregs->_xmm[3].element[1] = 0xabcdef01;
  c->uc_mcontext.fpregs->mxcsr = 0x9fc0;
  c->uc_mcontext.fpregs->cwd = 0x77f;
  g[REG_RIP] += 2;
}
static void editing(void) {
  uint64_t r[15], flags, xmm[2]; uint32_t mxcsr, back = 0x1f80; uint16_t control, plain = 0x37f;
  on(SIGILL, edit, 0);
  __asm__ volatile("push %%rbp; mov %0, %%rbp; ud2; mov %%r8, (%%rbp); mov %%r9, 8(%%rbp); mov %%r10, 16(%%rbp); mov %%r11, 24(%%rbp); mov %%r12, 32(%%rbp);"
    "mov %%r13, 40(%%rbp); mov %%r14, 48(%%rbp); mov %%r15, 56(%%rbp); mov %%rdi, 64(%%rbp); mov %%rsi, 72(%%rbp); mov %%rdx, 80(%%rbp);"
    "mov %%rax, 88(%%rbp); mov %%rcx, 96(%%rbp); pushfq; popq 104(%%rbp); push $0x202; popfq; pop %%rbp"
    :: "b"(r) : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rdx", "rax", "rcx", "memory", "cc");
  __asm__ volatile("movups %%xmm3, %0; stmxcsr %1; fnstcw %2; ldmxcsr %3; fldcw %4" : "=m"(xmm), "=m"(mxcsr), "=m"(control) : "m"(back), "m"(plain));
  for (int i = 0; i < 13; i++) printf("%lx ", r[i]);
  flags = r[13];
  printf("\nrflags %lx, xmm3 high half of the low word %lx, mxcsr %x, fcw %x\n", flags & FIX, xmm[0] >> 32, mxcsr, control);
}

/* The extended state is the handler's own, and the program's again after it. */
static void dirty(int sig) {
  uint64_t x[2]; uint16_t sw;
  __asm__ volatile("movups %%xmm5, %0; fnstsw %1" : "=m"(x), "=m"(sw));
  printf("handler %d starts with xmm5 %lx %lx, fsw %x\n", sig, x[0], x[1], sw);
  __asm__ volatile("pcmpeqd %%xmm5, %%xmm5; fldpi; fldpi" ::: "xmm5");
}
static void extended(void) {
  uint64_t x[2] = {0x123456789, 0xfedcba987}, y[2]; double d = 2.5, e = 0; uint16_t sw;
  signal(SIGUSR1, dirty);
  long pid = getpid(), result = SYS_kill;
  __asm__ volatile("movups %4, %%xmm5; fldl %5; syscall; fstpl %2; movups %%xmm5, %1; fnstsw %3"
    : "+a"(result), "=m"(y), "=m"(e), "=m"(sw) : "m"(x), "m"(d), "D"(pid), "S"((long)SIGUSR1) : "rcx", "r11", "xmm5", "memory");
  printf("kill %ld, xmm5 %lx %lx, st0 %g, top %d\n", result, y[0], y[1], e, sw >> 11 & 7);
}

static void note(int sig) { order[orders++] = sig; }
static void nest(int sig) {
  order[orders++] = sig;
  if (++entries < 3) raise(sig);
  order[orders++] = -sig;
}
static void orderly(const char *what) {
  printf("%s:", what);
  for (int i = 0; i < orders; i++) printf(" %d", order[i]);
  printf("; mask %lx, pending %lx\n", mask_now(), pending_now());
  orders = 0;
}
static void act(int sig, void (*f)(int), int flags, uint64_t mask) {
  struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = f; a.sa_flags = flags; memcpy(&a.sa_mask, &mask, 8);
  sigaction(sig, &a, 0);
}
static void queues(void) {
  uint64_t all = ~0ull, none = 0;
  act(SIGUSR1, note, 0, 0); act(SIGUSR2, note, 0, 0); act(40, note, 0, 0); act(41, note, 0, 0); act(SIGSEGV, note, 0, 0);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
  printf("all blocked: %lx\n", mask_now());
  raise(SIGUSR2); raise(SIGUSR1); raise(SIGUSR1); raise(41); raise(40); raise(40); raise(SIGSEGV); raise(SIGCHLD); raise(SIGWINCH);
  printf("pending %lx\n", pending_now());
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
  orderly("each handler blocks its own signal only, so the last frame is the highest number");
  act(SIGUSR1, nest, 0, 0); entries = 0; raise(SIGUSR1); orderly("deferred");
  act(SIGUSR1, nest, SA_NODEFER, 0); entries = 0; raise(SIGUSR1); orderly("SA_NODEFER");
  act(SIGUSR1, nest, SA_RESETHAND | SA_NODEFER, 0); entries = 2; raise(SIGUSR1); orderly("SA_RESETHAND");
  struct sigaction old; sigaction(SIGUSR1, 0, &old); printf("reset to %p, flags %x\n", (void *)old.sa_handler, old.sa_flags & ~SA_RESTART);
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, (uint64_t[]){1 << 9}, 0, 8);
  act(SIGUSR1, note, 0, 0); raise(SIGUSR1); printf("pending %lx\n", pending_now());
  signal(SIGUSR1, SIG_IGN); printf("ignored: pending %lx\n", pending_now());
  act(SIGUSR1, note, 0, 0);
  syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (uint64_t[]){1 << 9}, 0, 8);
  orderly("nothing is left");
  act(SIGUSR1, note, 0, ~0ull); raise(SIGUSR1); orderly("sa_mask of everything");
}

static void suspended(int sig) { order[orders++] = sig; printf("in the handler: mask %lx\n", mask_now()); }
static void suspends(void) {
  uint64_t usr1 = 1 << 9, usr2 = 1 << 11;
  act(SIGUSR1, suspended, 0, 0);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &usr1, 0, 8);
  raise(SIGUSR1);
  show("sigsuspend", syscall(SYS_rt_sigsuspend, &usr2, 8));
  orderly("sigsuspend");
  show("sigsuspend, size", syscall(SYS_rt_sigsuspend, &usr2, 4));
  show("sigsuspend, fault", syscall(SYS_rt_sigsuspend, 8, 8));
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){0}, 0, 8);
}

static stack_t alternate;
static void onstack(int sig, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *c = context; char here; stack_t now; char *base = alternate.ss_sp;
  int saved = errno;
  sigaltstack(0, &now);
  printf("handler %d: on it %d, says so %x, frame says %d %x %zu\n", sig, &here > base && &here < base + alternate.ss_size, now.ss_flags,
    c->uc_stack.ss_sp == base, c->uc_stack.ss_flags & ~SS_DISABLE, c->uc_stack.ss_size);
  show("  change it now", sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0));
  if (depth++ < 1) raise(sig);
  errno = saved;
}
static void alternates(void) {
  stack_t old;
  alternate.ss_sp = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); alternate.ss_size = 65536;
  show("too small", sigaltstack(&(stack_t){.ss_sp = alternate.ss_sp, .ss_size = 2047}, 0));
  show("bad flags", sigaltstack(&(stack_t){.ss_sp = alternate.ss_sp, .ss_size = 65536, .ss_flags = 4}, 0));
  show("fault in", syscall(SYS_sigaltstack, 8, 0)); show("fault out", syscall(SYS_sigaltstack, 0, 8));
  show("set", sigaltstack(&alternate, 0));
  sigaltstack(0, &old); printf("same %d, flags %x, size %zu\n", old.ss_sp == alternate.ss_sp, old.ss_flags, old.ss_size);
  on(SIGUSR1, onstack, SA_ONSTACK | SA_NODEFER); depth = 0; raise(SIGUSR1);
  on(SIGUSR1, onstack, SA_NODEFER); depth = 1; raise(SIGUSR1);
  alternate.ss_flags = (int)(1u << 31); sigaltstack(&alternate, 0);
  on(SIGUSR1, onstack, SA_ONSTACK | SA_NODEFER); depth = 1; raise(SIGUSR1);
  sigaltstack(0, &old); printf("back %d, flags %x, size %zu\n", old.ss_sp == alternate.ss_sp, (unsigned)old.ss_flags, old.ss_size);
  show("disable", sigaltstack(&(stack_t){.ss_flags = SS_DISABLE, .ss_sp = &old, .ss_size = 5}, &old));
  sigaltstack(0, &old); printf("gone %d, flags %x, size %zu\n", old.ss_sp == 0, (unsigned)old.ss_flags, old.ss_size);
}

static sigjmp_buf away;
static void jump(int sig) { siglongjmp(away, sig); }
/* Runs out of stack, again and again: only the alternate stack can tell of it. */
static __attribute__((noinline)) int deep(int n) { volatile char room[4096]; room[0] = n; return n > 1 << 20 ? 0 : deep(n + 1) + room[0]; }
static void overflows(void) {
  static char small[16384];
  sigaltstack(&(stack_t){.ss_sp = small, .ss_size = sizeof small}, 0);
  act(SIGSEGV, jump, SA_ONSTACK, 0);
  for (volatile int i = 0; i < 3; i++) if (sigsetjmp(away, 1) == 0) { deep(0); puts("endless"); } else puts("out of stack, and back");
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0);
}

static void errors(void) {
  char a[32] = {0};
  long pid = getpid();
  show("sigaction 0", syscall(SYS_rt_sigaction, 0, 0, 0, 8)); show("sigaction 65", syscall(SYS_rt_sigaction, 65, 0, 0, 8));
  show("sigaction KILL", syscall(SYS_rt_sigaction, SIGKILL, a, 0, 8)); show("sigaction KILL, asked", syscall(SYS_rt_sigaction, SIGKILL, 0, a, 8));
  show("sigaction STOP", syscall(SYS_rt_sigaction, SIGSTOP, a, 0, 8)); show("sigaction size", syscall(SYS_rt_sigaction, SIGUSR1, 0, a, 4));
  show("sigaction fault", syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8)); show("sigaction fault, bad signal", syscall(SYS_rt_sigaction, 99, 8, 0, 8));
  show("sigaction fault out", syscall(SYS_rt_sigaction, SIGUSR1, 0, 8, 8));
  show("sigprocmask how", syscall(SYS_rt_sigprocmask, 9, a, 0, 8)); show("sigprocmask how, no set", syscall(SYS_rt_sigprocmask, 9, 0, a, 8));
  show("sigprocmask size", syscall(SYS_rt_sigprocmask, 0, 0, 0, 16)); show("sigprocmask fault", syscall(SYS_rt_sigprocmask, 0, 8, 0, 8));
  show("sigprocmask fault out", syscall(SYS_rt_sigprocmask, 0, 0, 8, 8));
  show("sigpending size", syscall(SYS_rt_sigpending, a, 16)); show("sigpending 4", syscall(SYS_rt_sigpending, a, 4)); show("sigpending fault", syscall(SYS_rt_sigpending, 8, 8));
  show("kill 0", syscall(SYS_kill, pid, 0)); show("kill 65", syscall(SYS_kill, pid, 65)); show("kill -1", syscall(SYS_kill, pid, -1));
  show("kill nobody", syscall(SYS_kill, 0x3ffffff, 0)); show("kill nobody, bad signal", syscall(SYS_kill, 0x3ffffff, 99));
  show("tkill 0", syscall(SYS_tkill, 0, 0)); show("tkill -1", syscall(SYS_tkill, -1, 0)); show("tkill nobody", syscall(SYS_tkill, 0x3ffffff, 0));
  show("tkill bad signal", syscall(SYS_tkill, pid, 99)); show("tgkill", syscall(SYS_tgkill, pid, pid, 0)); show("tgkill other", syscall(SYS_tgkill, 0x3ffffff, pid, 0));
  show("tgkill 0", syscall(SYS_tgkill, 0, pid, 0));
  struct { uint64_t handler, flags, restorer, mask; } ka = {1, ~0ull, 0x1234567890abcdefull, ~0ull}, back;
  show("all flags", syscall(SYS_rt_sigaction, SIGUSR2, &ka, 0, 8)); syscall(SYS_rt_sigaction, SIGUSR2, 0, &back, 8);
  printf("kept: %lx %lx %lx %lx\n", back.handler, back.flags, back.restorer, back.mask);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  guard = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  puts("# faults"); faults();
  puts("# editing the frame"); editing();
  puts("# extended state"); extended();
  puts("# queues"); queues();
  puts("# sigsuspend"); suspends();
  puts("# alternate stack"); alternates();
  puts("# stack overflow"); overflows();
  puts("# errors"); errors();
  return 0;
}
