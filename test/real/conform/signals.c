/* Signals: sigaction(2), sigprocmask(2), sigpending(2), sigsuspend(2), sigaltstack(2), sigqueue(3), sigwaitinfo(2), signal(7),
   siglongjmp(3). */
#include "conform.h"
#include <ucontext.h>

static volatile int hits, order[32], orders, depth, deepest;
static void hit(int number) { (void)number; hits++; }
static void note(int number) { if (orders < 32) order[orders++] = number; }
static void show_order(void) {
  char text[400] = "";
  for (int i = 0; i < orders; i++) { strcat(text, " "); strcat(text, signal_name(order[i])); }
  say("order:%s", text);
  orders = 0;
}

TEST(sigaction_gives_back_what_was_set) {
  struct sigaction a, b;
  memset(&a, 0, sizeof a);
  a.sa_handler = hit;
  a.sa_flags = SA_RESTART | SA_NODEFER;
  a.sa_mask = set_of(SIGUSR2, SIGTERM, 0);
  CALL(sigaction(SIGUSR1, &a, &b));
  IS(b.sa_handler == SIG_DFL);
  CALL(sigaction(SIGUSR1, 0, &b));
  IS(b.sa_handler == hit);
  HEX(b.sa_flags & ~0x04000000);
  IS(sigismember(&b.sa_mask, SIGUSR2)); IS(sigismember(&b.sa_mask, SIGHUP));
  CALL(sigaction(SIGKILL, &a, 0)); CALL(sigaction(SIGSTOP, &a, 0)); CALL(sigaction(0, &a, 0));
  CALL(sigaction(65, &a, 0)); CALL(sigaction(SIGKILL, 0, &b)); CALL(syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8));
  CALL(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4));
  a.sa_mask = set_of(SIGKILL, 0);
  sigaction(SIGUSR1, &a, 0);
  sigaction(SIGUSR1, 0, &b);
  IS(sigismember(&b.sa_mask, SIGKILL));
}
TEST(SA_RESETHAND_is_for_once) {
  struct sigaction b;
  handle(SIGUSR1, hit, SA_RESETHAND);
  hits = 0;
  raise(SIGUSR1);
  VALUE(hits);
  sigaction(SIGUSR1, 0, &b);
  IS(b.sa_handler == SIG_DFL);
  ENDS(CHILD({ handle(SIGUSR1, hit, SA_RESETHAND); raise(SIGUSR1); raise(SIGUSR1); }));
}
static void again(int number) { if (++depth > deepest) deepest = depth; if (hits++ < 3) raise(number); depth--; }
TEST(a_signal_is_blocked_in_its_handler_unless_SA_NODEFER) {
  hits = depth = deepest = 0;
  handle(SIGUSR1, again, 0);
  raise(SIGUSR1);
  VALUE(hits); VALUE(deepest);
  hits = depth = deepest = 0;
  handle(SIGUSR1, again, SA_NODEFER);
  raise(SIGUSR1);
  VALUE(hits); VALUE(deepest);
}
static void nests(int number) { note(number); raise(SIGUSR2); note(-0 + SIGHUP); }
TEST(sa_mask_holds_others_until_the_handler_returns) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = nests;
  a.sa_mask = set_of(SIGUSR2, 0);
  sigaction(SIGUSR1, &a, 0);
  handle(SIGUSR2, note, 0);
  orders = 0;
  raise(SIGUSR1);
  show_order();
  sigemptyset(&a.sa_mask);
  sigaction(SIGUSR1, &a, 0);
  raise(SIGUSR1);
  show_order();
}
TEST(blocked_signals_pend_once_and_come_in_order) {
  sigset_t all, pending, old;
  sigfillset(&all);
  for (int i = 1; i < 32; i++) if (i != SIGKILL && i != SIGSTOP) handle(i, note, 0);
  orders = 0;
  CALL(sigprocmask(SIG_SETMASK, &all, &old));
  raise(SIGUSR2);
  raise(SIGTERM);
  raise(SIGUSR1);
  raise(SIGUSR1);
  raise(SIGINT);
  CALL(sigpending(&pending));
  IS(sigismember(&pending, SIGUSR1)); IS(sigismember(&pending, SIGHUP));
  sigprocmask(SIG_SETMASK, 0, &all);
  IS(sigismember(&all, SIGKILL)); IS(sigismember(&all, SIGSTOP)); IS(sigismember(&all, SIGTERM));
  CALL(sigprocmask(SIG_SETMASK, &old, 0));
  show_order();
}
TEST(sigprocmask_adds_and_takes) {
  sigset_t now, s = set_of(SIGUSR1, SIGUSR2, 0);
  CALL(sigprocmask(SIG_BLOCK, &s, 0));
  s = set_of(SIGUSR1, 0);
  CALL(sigprocmask(SIG_UNBLOCK, &s, &now));
  IS(sigismember(&now, SIGUSR1));
  sigprocmask(0, 0, &now);
  IS(sigismember(&now, SIGUSR1)); IS(sigismember(&now, SIGUSR2));
  CALL(sigprocmask(99, &s, 0)); CALL(sigprocmask(99, 0, &now)); CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &s, 0, 4));
  CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, 0, 8)); CALL(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &s, 8, 8));
  CALL(syscall(SYS_rt_sigpending, &now, 9)); CALL(syscall(SYS_rt_sigpending, 8, 8));
}
static int values[64], codes[64], senders[64], got;
static void queued(int number, siginfo_t *info, void *context) {
  (void)context;
  if (got < 64) {
    order[got & 31] = number;
    values[got] = info->si_value.sival_int;
    codes[got] = info->si_code;
    senders[got] = info->si_pid == getpid();
    got++;
  }
}
TEST(realtime_signals_queue_with_their_values) {
  for (int i = SIGRTMIN; i < SIGRTMIN + 4; i++) { handle_info(i, queued, 0); block(i); }
  handle_info(SIGUSR1, queued, 0);
  block(SIGUSR1);
  got = 0;
  for (int i = 0; i < 3; i++) {
    CALL(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 20 + i}));
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 10 + i});
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = i});
  }
  kill(getpid(), SIGRTMIN + 3);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  for (int i = 0; i < got; i++)
    say("%s value %d code %d mine %d", signal_name(order[i]), codes[i] == SI_QUEUE ? values[i] : 0, codes[i], senders[i]);
  CALL(sigqueue(getpid(), 99, (union sigval){0})); CALL(sigqueue(99999999, 0, (union sigval){0}));
}
TEST(where_a_signal_comes_from_is_told) {
  handle_info(SIGUSR1, queued, 0);
  got = 0;
  raise(SIGUSR1);
  kill(getpid(), SIGUSR1);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1});
  alarm(0);
  siginfo_t s;
  memset(&s, 0, sizeof s);
  s.si_code = -7;
  s.si_pid = getpid();
  s.si_value.sival_int = 9;
  CALL(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &s));
  pid_t child = CHILD(kill(getppid(), SIGUSR1));
  ENDS(child);
  for (int i = 0; i < got; i++) say("code %d mine %d", codes[i], senders[i]);
  s.si_code = 5;
  ENDS(CHILD({ CALL(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &s)); }));
}
TEST(sigsuspend_waits_with_another_mask) {
  handle(SIGUSR1, hit, 0);
  handle(SIGUSR2, hit, 0);
  block(SIGUSR1);
  block(SIGUSR2);
  hits = 0;
  raise(SIGUSR1);
  sigset_t s;
  sigemptyset(&s);
  sigaddset(&s, SIGUSR2);
  raise(SIGUSR2);
  CALL(sigsuspend(&s));
  VALUE(hits);
  sigpending(&s);
  IS(sigismember(&s, SIGUSR1)); IS(sigismember(&s, SIGUSR2));
  sigprocmask(0, 0, &s);
  IS(sigismember(&s, SIGUSR1));
  CALL(syscall(SYS_rt_sigsuspend, 8, 8)); CALL(syscall(SYS_rt_sigsuspend, &s, 4));
  pid_t me = getpid(), child = CHILD({ pause_ms(20); kill(me, SIGHUP); });
  handle(SIGHUP, hit, SA_RESTART);
  CALL(sigsuspend(&s));
  VALUE(hits);
  ENDS(child);
}
TEST(pause_waits_for_a_handler) {
  handle(SIGALRM, hit, SA_RESTART);
  hits = 0;
  struct itimerval t = {{0, 0}, {0, 10000}};
  setitimer(ITIMER_REAL, &t, 0);
  CALL(pause());
  VALUE(hits);
  pid_t child = CHILD({ signal(SIGCHLD, SIG_DFL); pause(); });
  kill(child, SIGCHLD);
  kill(child, SIGURG);
  kill(child, SIGWINCH);
  pause_ms(5);
  int s;
  CALL(waitpid(child, &s, WNOHANG));
  kill(child, SIGTERM);
  ENDS(child);
}
TEST(sigwaitinfo_takes_a_signal_without_a_handler) {
  sigset_t s = set_of(SIGUSR1, SIGRTMIN, 0);
  sigprocmask(SIG_BLOCK, &s, 0);
  siginfo_t i;
  struct timespec t = {0, 10000000};
  CALL(sigtimedwait(&s, &i, &t));
  t.tv_nsec = 0;
  CALL(sigtimedwait(&s, &i, &t));
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3});
  raise(SIGUSR1);
  CALL(sigwaitinfo(&s, &i));
  VALUE(i.si_signo); VALUE(i.si_code);
  IS(sigwaitinfo(&s, &i) == SIGRTMIN);
  VALUE(i.si_value.sival_int);
  int n;
  raise(SIGUSR1);
  CODE(sigwait(&s, &n));
  VALUE(n);
  t.tv_nsec = -1;
  CALL(sigtimedwait(&s, &i, &t)); CALL(syscall(SYS_rt_sigtimedwait, &s, 8, &t, 4));
  pid_t child = CHILD({ pause_ms(20); kill(getppid(), SIGUSR1); });
  CALL(sigwaitinfo(&s, &i));
  IS(i.si_pid == child);
  ENDS(child);
  handle(SIGALRM, hit, SA_RESTART);
  struct itimerval v = {{0, 0}, {0, 10000}};
  setitimer(ITIMER_REAL, &v, 0);
  CALL(sigwaitinfo(&s, 0));
  raise(SIGUSR1);
  CALL(syscall(SYS_rt_sigtimedwait, &s, 8, 0, 8));
}
static char *stack_at;
static volatile int on_stack, flags_in;
static void where(int number) {
  char here;
  stack_t k;
  (void)number;
  on_stack = &here >= stack_at && &here < stack_at + 65536;
  sigaltstack(0, &k);
  flags_in = k.ss_flags;
  k.ss_flags = SS_DISABLE;
  hits = sigaltstack(&k, 0) == -1 ? errno : 0;
}
TEST(handlers_run_on_the_alternate_stack) {
  stack_at = malloc(65536);
  stack_t s = {.ss_sp = stack_at, .ss_size = 65536}, old;
  CALL(sigaltstack(&s, &old));
  HEX(old.ss_flags);
  handle(SIGUSR1, where, SA_ONSTACK);
  raise(SIGUSR1);
  VALUE(on_stack);
  HEX(flags_in);
  say("%s", error_name(hits));
  handle(SIGUSR1, where, 0);
  raise(SIGUSR1);
  VALUE(on_stack);
  HEX(flags_in);
  CALL(sigaltstack(0, &old));
  HEX(old.ss_flags);
  s.ss_size = 100;
  CALL(sigaltstack(&s, 0));
  s.ss_flags = 99;
  CALL(sigaltstack(&s, 0));
  s.ss_flags = SS_DISABLE;
  CALL(sigaltstack(&s, 0)); CALL(sigaltstack((stack_t *)8, 0)); CALL(sigaltstack(0, (stack_t *)8));
  s = (stack_t){.ss_sp = stack_at, .ss_size = 65536, .ss_flags = (int)(1u << 31)};
  CALL(sigaltstack(&s, 0));
  handle(SIGUSR1, where, SA_ONSTACK);
  raise(SIGUSR1);
  VALUE(on_stack);
  HEX((unsigned)flags_in);
  s.ss_flags = SS_DISABLE;
  sigaltstack(&s, 0);
}
static sigjmp_buf back; static void overflow_caught(int number) { siglongjmp(back, number); }
__attribute__((noinline)) static int recurse(volatile int *n) {
  volatile char room[10000];
  room[0] = (char)*n;
  (*n)++;
  return recurse(n) + room[0];
}
TEST(a_stack_overflow_is_caught_on_another_stack) {
  ENDS(CHILD({
    struct rlimit r = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_STACK, &r);
    stack_t s = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&s, 0);
    handle(SIGSEGV, overflow_caught, SA_ONSTACK);
    volatile int n = 0;
    int caught = sigsetjmp(back, 1);
    if (caught == 0) recurse(&n);
    say("%s", signal_name(caught));
    IS(n > 50 && n < 120);
  }));
}
static void jumps(int number) { siglongjmp(back, number); }
TEST(siglongjmp_brings_the_mask_back) {
  sigset_t s;
  handle(SIGUSR1, jumps, 0);
  hits = 0;
  for (int i = 0; i < 3; i++)
    if (sigsetjmp(back, 1) == 0) {
      raise(SIGUSR1);
      say("not reached");
    } else {
      hits++;
      sigprocmask(0, 0, &s);
      IS(sigismember(&s, SIGUSR1));
    }
  VALUE(hits);
  if (sigsetjmp(back, 0) == 0) raise(SIGUSR1);
  sigprocmask(0, 0, &s);
  IS(sigismember(&s, SIGUSR1));
}
static void edits_mask(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  ucontext_t *c = context;
  sigaddset(&c->uc_sigmask, SIGTERM);
  sigdelset(&c->uc_sigmask, SIGHUP);
}
TEST(a_handler_can_change_the_mask_it_returns_to) {
  sigset_t s;
  block(SIGHUP);
  handle_info(SIGUSR1, edits_mask, 0);
  raise(SIGUSR1);
  sigprocmask(0, 0, &s);
  IS(sigismember(&s, SIGTERM)); IS(sigismember(&s, SIGHUP)); IS(sigismember(&s, SIGUSR1));
}
TEST(default_actions_are_those_of_signal_7) {
  for (int i = 1; i <= 64; i++) {
    if (i == 32 || i == 33 || i == SIGSTOP || i == SIGTSTP || i == SIGTTIN || i == SIGTTOU) continue;
    int status;
    pid_t child = CHILD({ kill(getpid(), i); _exit(0); });
    waitpid(child, &status, 0);
    char label[40];
    sprintf(label, "%s: child", signal_name(i));
    tell_status(label, status & ~0x80);
  }
}
TEST(ignored_signals_are_dropped_even_while_pending) {
  sigset_t s;
  handle(SIGUSR1, hit, 0);
  block(SIGUSR1);
  hits = 0;
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&s);
  IS(sigismember(&s, SIGUSR1));
  handle(SIGUSR1, hit, 0);
  unblock(SIGUSR1);
  VALUE(hits);
  signal(SIGUSR1, SIG_IGN);
  raise(SIGUSR1);
  handle(SIGUSR1, hit, 0);
  VALUE(hits);
  block(SIGCHLD);
  raise(SIGCHLD);
  signal(SIGCHLD, SIG_DFL);
  sigpending(&s);
  IS(sigismember(&s, SIGCHLD));
}
TEST(errno_and_results_survive_a_handler) {
  handle(SIGUSR1, hit, 0);
  hits = 0;
  errno = E2BIG;
  raise(SIGUSR1);
  IS(errno == E2BIG);
  volatile double d = 1.5;
  raise(SIGUSR1);
  IS(d * 2 == 3.0);
  VALUE(hits);
  CALL(kill(getpid(), SIGUSR1));
  VALUE(hits);
}
static void counts(int number) { (void)number; hits++; }
TEST(a_thousand_signals_between_processes_arrive) {
  sigset_t s = set_of(SIGUSR1, SIGRTMIN, 0);
  sigprocmask(SIG_BLOCK, &s, 0);
  pid_t me = getpid(), child = CHILD({
    for (int i = 0; i < 500; i++) { sigqueue(me, SIGRTMIN, (union sigval){.sival_int = i}); }
    kill(me, SIGUSR1);
  });
  siginfo_t i;
  int sum = 0, count = 0, sorted = 1, last = -1;
  ENDS(child);
  struct timespec none = {0, 0};
  while (sigtimedwait(&s, &i, &none) > 0)
    if (i.si_signo == SIGRTMIN) {
      count++;
      sum += i.si_value.sival_int;
      sorted &= i.si_value.sival_int > last;
      last = i.si_value.sival_int;
    }
  VALUE(count); VALUE(sum); VALUE(sorted);
  (void)counts;
}
TEST(psignal_names_and_sets_of_signals_work) {
  sigset_t s;
  CALL(sigemptyset(&s)); CALL(sigaddset(&s, 0)); CALL(sigaddset(&s, 65)); CALL(sigaddset(&s, SIGINT));
  CALL(sigismember(&s, SIGINT)); CALL(sigdelset(&s, SIGINT)); CALL(sigismember(&s, SIGINT));
  VALUE(SIGRTMIN); VALUE(SIGRTMAX);
  TEXT(strsignal(SIGSEGV));
  CALL(raise(99)); CALL(killpg(-5, 0));
}
