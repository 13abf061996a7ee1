/* Processes: fork(2), vfork(2), clone(2), wait(2), waitid(2), _exit(2), prctl(2) on children and subreapers. */
#include "conform.h"
#include <sys/prctl.h>

static volatile int hits, code, status_told;
static volatile pid_t who;
static void hit(int number) { (void)number; hits++; }
static void told(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  hits++;
  code = info->si_code;
  status_told = info->si_status;
  who = info->si_pid;
}
static const char *code_name(int number) {
  static const char *const names[] = {"0", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"};
  return number >= 0 && number <= 6 ? names[number] : "?";
}

TEST(fork_returns_twice) {
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    IS(getppid() == parent); IS(getpid() != parent); IS(gettid() == getpid());
    _exit(3);
  }
  ENDS(child);
  IS(child > 0);
  CALL(waitpid(child, 0, 0)); CALL(wait(0));
}
TEST(statuses_come_as_they_were_given) {
  ENDS(CHILD(_exit(0))); ENDS(CHILD(_exit(255))); ENDS(CHILD(_exit(256 + 7))); ENDS(CHILD(_exit(-1)));
  ENDS(CHILD(exit(9))); ENDS(CHILD(raise(SIGTERM))); ENDS(CHILD(raise(SIGKILL))); ENDS(CHILD(kill(getpid(), SIGUSR1)));
  ENDS(CHILD(raise(SIGRTMIN + 3))); ENDS(CHILD(syscall(SYS_exit, 4))); ENDS(CHILD(syscall(SYS_exit_group, 5)));
}
TEST(waitpid_looks_at_its_arguments) {
  int status;
  CALL(waitpid(-1, &status, 0)); CALL(waitpid(99999999, &status, 0)); CALL(waitpid(-1, &status, 0x100));
  CALL(waitpid(-99999, &status, WNOHANG));
  Gate g = gate();
  pid_t child = CHILD(await(g));
  CALL(waitpid(child, &status, WNOHANG)); CALL(waitpid(0, &status, WNOHANG));
  CALL(waitpid(-getpgrp(), &status, WNOHANG));
  let_go(g);
  CALL(waitpid(child, (int *)8, 0)); CALL(waitpid(child, &status, 0)); CALL(waitpid(INT_MIN, &status, 0));
}
TEST(waitid_tells_more_and_may_leave_the_child) {
  siginfo_t s;
  pid_t child = CHILD(_exit(33));
  memset(&s, 0, sizeof s);
  CALL(waitid(P_PID, (id_t)child, &s, WEXITED | WNOWAIT));
  IS(s.si_pid == child);
  VALUE(s.si_status);
  TEXT(code_name(s.si_code));
  VALUE(s.si_signo);
  CALL(waitid(P_ALL, 0, &s, WEXITED));
  VALUE(s.si_status);
  CALL(waitid(P_ALL, 0, &s, WEXITED)); CALL(waitid(P_PID, (id_t)child, &s, 0)); CALL(waitid(99, 0, &s, WEXITED));
  child = CHILD(raise(SIGKILL));
  CALL(waitid(P_PID, (id_t)child, &s, WEXITED));
  VALUE(s.si_status);
  TEXT(code_name(s.si_code));
  Gate g = gate();
  child = CHILD(await(g));
  s.si_pid = 5;
  CALL(waitid(P_PID, (id_t)child, &s, WEXITED | WNOHANG));
  VALUE(s.si_pid);
  let_go(g);
  CALL(waitid(P_PGID, (id_t)getpgrp(), 0, WEXITED));
}
TEST(stopping_and_continuing_are_told) {
  Gate g = gate();
  pid_t child = CHILD({ setpgid(0, 0); let_go(g); for (;;) pause(); });
  int status;
  await(g);
  CALL(kill(child, SIGSTOP));
  IS(waitpid(child, &status, WUNTRACED) == child);
  tell_status("child", status);
  CALL(waitpid(child, &status, WUNTRACED | WNOHANG)); CALL(kill(child, SIGCONT));
  IS(waitpid(child, &status, WCONTINUED) == child);
  tell_status("child", status);
  siginfo_t s;
  CALL(kill(child, SIGTSTP)); CALL(waitid(P_PID, (id_t)child, &s, WSTOPPED | WNOWAIT));
  VALUE(s.si_status);
  TEXT(code_name(s.si_code));
  CALL(waitid(P_PID, (id_t)child, &s, WSTOPPED)); CALL(kill(child, SIGTERM)); CALL(waitpid(child, &status, WNOHANG));
  CALL(kill(child, SIGCONT));
  ENDS(child);
}
TEST(SIGCHLD_tells_of_each_child) {
  handle_info(SIGCHLD, told, 0);
  hits = 0;
  pid_t child = CHILD(_exit(21));
  while (!hits) pause_ms(1);
  VALUE(hits);
  TEXT(code_name(code));
  VALUE(status_told);
  IS(who == child);
  ENDS(child);
  hits = 0;
  child = CHILD(raise(SIGKILL));
  while (!hits) pause_ms(1);
  TEXT(code_name(code));
  VALUE(status_told);
  ENDS(child);
  hits = 0;
  Gate g = gate();
  child = CHILD({ let_go(g); for (;;) pause(); });
  await(g);
  kill(child, SIGSTOP);
  while (!hits) pause_ms(1);
  TEXT(code_name(code));
  VALUE(status_told);
  hits = 0;
  kill(child, SIGCONT);
  while (!hits) pause_ms(1);
  TEXT(code_name(code));
  hits = 0;
  handle_info(SIGCHLD, told, SA_NOCLDSTOP);
  kill(child, SIGSTOP);
  int status;
  waitpid(child, &status, WUNTRACED);
  VALUE(hits);
  kill(child, SIGKILL);
  ENDS(child);
  VALUE(hits);
}
TEST(ignored_SIGCHLD_leaves_no_zombies) {
  signal(SIGCHLD, SIG_IGN);
  pid_t child = CHILD(_exit(5));
  int status;
  CALL(waitpid(child, &status, 0)); CALL(kill(child, 0));
  handle(SIGCHLD, hit, SA_NOCLDWAIT);
  hits = 0;
  child = CHILD(_exit(5));
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) ;
  say("%s", error_name(errno));
  VALUE(hits);
  signal(SIGCHLD, SIG_DFL);
  ENDS(CHILD(_exit(6)));
}
TEST(a_zombie_can_be_signalled_until_it_is_waited_for) {
  pid_t child = CHILD(_exit(1));
  siginfo_t s;
  waitid(P_PID, (id_t)child, &s, WEXITED | WNOWAIT);
  CALL(kill(child, 0)); CALL(kill(child, SIGKILL));
  ENDS(child);
  CALL(kill(child, 0)); CALL(kill(99999999, 0)); CALL(kill(getpid(), 0)); CALL(kill(getpid(), 99));
  CALL(kill(getpid(), -1));
}
TEST(orphans_go_to_the_subreaper) {
  CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
  Gate g = gate();
  pid_t me = getpid(), child = CHILD({ CHILD({ await(g); IS(getppid() == me); _exit(44); }); });
  ENDS(child);
  let_go(g);
  int status;
  IS(wait(&status) > 0);
  tell_status("grandchild", status);
  CALL(prctl(PR_SET_CHILD_SUBREAPER, 0));
  int is = 7;
  CALL(prctl(PR_GET_CHILD_SUBREAPER, &is));
  VALUE(is);
}
TEST(the_death_of_a_parent_can_be_a_signal) {
  int ends[2];
  pipe(ends);
  CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
  pid_t child = CHILD({
    Gate ready = gate();
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      int s = 0;
      prctl(PR_GET_PDEATHSIG, &s);
      VALUE(s);
      let_go(ready);
      for (;;) pause();
    }
    await(ready);
  });
  ENDS(child);
  int status;
  wait(&status);
  tell_status("grandchild", status);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}
TEST(vfork_borrows_memory_until_exit) {
  static volatile int shared; shared = 0; pid_t child = vfork(); if (child == 0) { shared = 17; _exit(8); } VALUE(shared); ENDS(child);
}
static int clone_main(void *argument) { *(volatile int *)argument = 99; return 12; }
TEST(clone_shares_what_it_is_told) {
  static char stack[65536] __attribute__((aligned(16)));
  static volatile int seen;
  pid_t child;
  seen = 0;
  child = clone(clone_main, stack + sizeof stack, SIGCHLD, (void *)&seen);
  ENDS(child);
  VALUE(seen);
  child = clone(clone_main, stack + sizeof stack, CLONE_VM | SIGCHLD, (void *)&seen);
  ENDS(child);
  VALUE(seen);
  child = clone(clone_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&seen);
  ENDS(child);
  child = clone(clone_main, stack + sizeof stack, CLONE_VM, (void *)&seen);
  CALL(waitpid(child, 0, 0));
  int status;
  IS(waitpid(child, &status, __WALL) == child);
  tell_status("clone child", status);
  signal(SIGUSR1, SIG_IGN);
  child = clone(clone_main, stack + sizeof stack, SIGUSR1, (void *)&seen);
  int s;
  do s = waitpid(child, &status, __WCLONE); while (s == -1 && errno == EINTR);
  tell_status("clone child", status);
}
static int files_main(void *argument) { (void)argument; close(5); chdir("/"); umask(077); return 0; }
TEST(CLONE_FILES_and_CLONE_FS_share_tables) {
  static char stack[65536] __attribute__((aligned(16)));
  dup2(1, 5);
  umask(022);
  pid_t child = clone(files_main, stack + sizeof stack, SIGCHLD, 0);
  ENDS(child);
  CALL(fcntl(5, F_GETFD));
  IS(access("/etc", F_OK) == 0);
  OCTAL(umask(022));
  child = clone(files_main, stack + sizeof stack, CLONE_FILES | SIGCHLD, 0);
  ENDS(child);
  CALL(fcntl(5, F_GETFD));
  child = clone(files_main, stack + sizeof stack, CLONE_FS | SIGCHLD, 0);
  ENDS(child);
  OCTAL(umask(022));
  char b[8] = "";
  MAP(getcwd(b, sizeof b));
  TEXT(b);
}
TEST(clone_refuses_nonsense) {
  CALL(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0));
  CALL(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
  CALL(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0));
  CALL(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
  struct { uint64_t field[11]; } a = {{0}};
  CALL(syscall(SYS_clone3, &a, 8)); CALL(syscall(SYS_clone3, 8, 88));
  a.field[4] = 200;
  CALL(syscall(SYS_clone3, &a, 88)); CALL(syscall(SYS_unshare, 1));
}
TEST(CLONE_PARENT_SETTID_and_CHILD_SETTID_write_the_id) {
  volatile int up = 0, down = 0;
  long child = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &up, &down, 0);
  if (child == 0) { IS(down == getpid()); _exit(0); }
  ENDS((pid_t)child);
  IS(up == child);
  VALUE(down);
}
TEST(times_and_usage_of_children_are_counted) {
  struct rusage u;
  CALL(getrusage(RUSAGE_SELF, &u)); CALL(getrusage(RUSAGE_CHILDREN, &u)); CALL(getrusage(99, &u));
  CALL(getrusage(RUSAGE_SELF, (void *)8));
  int status;
  pid_t child = CHILD({ volatile long x = 0; for (long i = 0; i < 2000000; i++) x += i; });
  IS(wait4(child, &status, 0, &u) == child); IS(u.ru_utime.tv_sec == 0 && u.ru_maxrss >= 0);
  CALL(wait4(-1, 0, 0, 0));
}
TEST(many_children_are_all_collected) {
  int sum = 0, count = 0, status;
  for (int i = 0; i < 40; i++) if (fork() == 0) _exit(i);
  while (wait(&status) > 0) { count++; sum += WEXITSTATUS(status); }
  VALUE(count); VALUE(sum);
  say("%s", error_name(errno));
}
TEST(atexit_and_buffers_belong_to_each) {
  int ends[2];
  pipe(ends);
  FILE *f = fdopen(ends[1], "w");
  fputs("buffered ", f);
  pid_t child = CHILD(fclose(f));
  ENDS(child);
  fclose(f);
  char b[64];
  long n = read(ends[0], b, 64);
  bytes("b", b, n);
}
TEST(pending_signals_are_not_inherited_and_masks_are) {
  block(SIGUSR1);
  raise(SIGUSR1);
  handle(SIGUSR2, hit, 0);
  alarm(100);
  ENDS(CHILD({
    sigset_t s;
    sigpending(&s);
    IS(sigismember(&s, SIGUSR1));
    sigprocmask(SIG_BLOCK, 0, &s);
    IS(sigismember(&s, SIGUSR1));
    hits = 0;
    raise(SIGUSR2);
    VALUE(hits);
    CALL(alarm(0));
  }));
  CALL(alarm(0));
  sigset_t s;
  sigpending(&s);
  IS(sigismember(&s, SIGUSR1));
}
