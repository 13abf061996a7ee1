/* Groups and sessions: setpgid(2), setsid(2), getpgrp(2), kill(2) to groups, orphaned groups as in credentials(7) and setpgid(2). */
#include "conform.h"
#include <sys/prctl.h>

static volatile int hits;
static void hit(int number) { (void)number; hits++; }

TEST(a_child_is_in_its_parents_group_and_session) {
  ENDS(CHILD({
    IS(getpgrp() == getpgid(getppid())); IS(getsid(0) == getsid(getppid())); IS(getpgid(0) == getpgrp());
    CALL(getpgid(99999999)); CALL(getsid(99999999));
  }));
}
TEST(setpgid_makes_and_joins_groups) {
  Gate g = gate();
  pid_t a = CHILD(await(g)), b = CHILD(await(g));
  CALL(setpgid(a, a)); CALL(setpgid(b, a));
  IS(getpgid(b) == a);
  CALL(setpgid(b, 0));
  IS(getpgid(b) == b);
  CALL(setpgid(b, 99999999)); CALL(setpgid(99999999, 0)); CALL(setpgid(a, -1)); CALL(setpgid(getppid(), 0));
  let_go(g);
  let_go(g);
  ENDS(a); ENDS(b);
}
TEST(setsid_begins_a_session_once) {
  ENDS(CHILD({
    IS(setsid() == getpid()); IS(getsid(0) == getpid()); IS(getpgrp() == getpid());
    CALL(setsid()); CALL(setpgid(0, 0)); CALL(open("/dev/tty", O_RDWR));
  }));
  ENDS(CHILD({ setpgid(0, 0); CALL(setsid()); }));
  Gate g = gate(), ready = gate();
  pid_t other = CHILD({ setsid(); let_go(ready); await(g); });
  await(ready);
  CALL(setpgid(other, other));
  ENDS(CHILD(CALL(setpgid(0, other))));
  let_go(g);
  ENDS(other);
}
TEST(kill_reaches_a_whole_group) {
  Gate ready = gate();
  pid_t lead = CHILD({ setpgid(0, 0); let_go(ready); for (;;) pause(); });
  await(ready);
  pid_t second = CHILD({ setpgid(0, lead); let_go(ready); for (;;) pause(); }), third = CHILD({ let_go(ready); pause(); });
  await(ready);
  await(ready);
  CALL(kill(-lead, 0)); CALL(kill(-lead, SIGTERM));
  ENDS(lead); ENDS(second);
  CALL(kill(-lead, 0));
  kill(third, SIGKILL);
  ENDS(third);
  CALL(killpg(99999, SIGTERM));
}
TEST(kill_of_zero_is_ones_own_group) {
  ENDS(CHILD({
    setpgid(0, 0);
    handle(SIGUSR1, hit, 0);
    Gate ready = gate();
    pid_t a = CHILD({ let_go(ready); while (hits == 0) pause_ms(1); });
    await(ready);
    CALL(kill(0, SIGUSR1));
    VALUE(hits);
    ENDS(a);
  }));
}
TEST(waitpid_by_group_takes_that_group) {
  pid_t a = CHILD({ setpgid(0, 0); pause_ms(20); _exit(1); }), b = CHILD(_exit(2));
  setpgid(a, a);
  int status;
  IS(waitpid(-a, &status, 0) == a);
  tell_status("a", status);
  CALL(waitpid(-a, &status, 0));
  IS(waitpid(0, &status, 0) == b);
  tell_status("b", status);
}
TEST(an_exec_forbids_a_late_setpgid) {
  int ends[2];
  pipe2(ends, O_CLOEXEC);
  Gate stay = gate();
  pid_t child = CHILD({
    char fd[12];
    sprintf(fd, "%d", stay.side[0]);
    execl("/proc/self/exe", "conform", "--role", "wait", fd, (char *)0);
  });
  close(ends[1]);
  char c;
  read(ends[0], &c, 1);
  CALL(setpgid(child, child));
  let_go(stay);
  ENDS(child);
}
TEST(a_stopped_group_that_is_orphaned_gets_SIGHUP_and_SIGCONT) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  pipe(ends);
  pid_t middle = CHILD({
    Gate ready = gate();
    setsid();
    pid_t leaf = fork();
    if (leaf == 0) {
      setpgid(0, 0);
      let_go(ready);
      raise(SIGSTOP);
      say("not reached, SIGHUP kills");
      _exit(1);
    }
    await(ready);
    int status;
    waitpid(leaf, &status, WUNTRACED);
    tell_status("leaf", status);
  });
  ENDS(middle);
  int status;
  wait(&status);
  tell_status("leaf", status);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}
TEST(terminal_stops_do_not_stop_an_orphaned_group) {
  ENDS(CHILD({
    setsid();
    raise(SIGTSTP);
    say("goes on after SIGTSTP");
    raise(SIGTTIN);
    say("goes on after SIGTTIN");
    handle(SIGTSTP, hit, 0);
    hits = 0;
    raise(SIGTSTP);
    VALUE(hits);
  }));
}
TEST(stop_and_continue_clear_each_other) {
  Gate ready = gate();
  pid_t child = CHILD({
    block(SIGTSTP);
    block(SIGCONT);
    kill(getpid(), SIGTSTP);
    sigset_t s;
    sigpending(&s);
    IS(sigismember(&s, SIGTSTP));
    kill(getpid(), SIGCONT);
    sigpending(&s);
    IS(sigismember(&s, SIGTSTP)); IS(sigismember(&s, SIGCONT));
    kill(getpid(), SIGTSTP);
    sigpending(&s);
    IS(sigismember(&s, SIGCONT));
    let_go(ready);
  });
  ENDS(child);
}
TEST(SIGCONT_continues_even_when_ignored_or_blocked) {
  Gate ready = gate();
  int status;
  pid_t child = CHILD({ signal(SIGCONT, SIG_IGN); raise(SIGSTOP); say("goes on"); block(SIGCONT); raise(SIGSTOP); say("goes on again"); });
  waitpid(child, &status, WUNTRACED);
  tell_status("child", status);
  kill(child, SIGCONT);
  waitpid(child, &status, WUNTRACED);
  tell_status("child", status);
  kill(child, SIGCONT);
  ENDS(child);
  (void)ready;
}
TEST(SIGKILL_ends_what_is_stopped) {
  int status; pid_t child = CHILD(raise(SIGSTOP)); waitpid(child, &status, WUNTRACED); kill(child, SIGKILL); ENDS(child);
}
TEST(priorities_are_taken_and_read) {
  ENDS(CHILD({
    CALL(setpriority(PRIO_PROCESS, 0, 5));
    VALUE(getpriority(PRIO_PROCESS, 0));
    CALL(nice(3));
    VALUE(getpriority(PRIO_PROCESS, 0));
    CALL(setpriority(99, 0, 0)); CALL(getpriority(PRIO_PROCESS, 99999999)); CALL(setpriority(PRIO_PROCESS, 0, 100));
    VALUE(getpriority(PRIO_PROCESS, 0));
  }));
}
int role(int argc, char **argv) {
  char c;
  if (argc == 2 && strcmp(argv[0], "wait") == 0) return read(atoi(argv[1]), &c, 1) == 1 ? 7 : 8;
  return 95;
}
