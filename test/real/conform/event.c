/* Counters, clocks and signals as descriptors: eventfd(2), timerfd_create(2), signalfd(2), pidfd_open(2). */
#include "conform.h"
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static uint64_t value;
TEST(an_eventfd_counts) {
  int fd = CALL(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
  HEX(fcntl(fd, F_GETFL)); HEX(fcntl(fd, F_GETFD));
  CALL(read(fd, &value, 8));
  VALUE(value);
  CALL(read(fd, &value, 8));
  value = 5;
  CALL(write(fd, &value, 8)); CALL(write(fd, &value, 8)); CALL(read(fd, &value, 16));
  VALUE(value);
  CALL(read(fd, &value, 7)); CALL(write(fd, &value, 7));
  value = -1;
  CALL(write(fd, &value, 8));
  value = -2;
  CALL(write(fd, &value, 8));
  value = 1;
  CALL(write(fd, &value, 8)); CALL(read(fd, &value, 8));
  HEX(value);
  CALL(eventfd(0, 0x1000)); CALL(lseek(fd, 0, SEEK_SET)); CALL(read(fd, (void *)8, 8));
}
TEST(an_eventfd_semaphore_gives_ones) {
  int fd = CALL(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
  CALL(read(fd, &value, 8));
  VALUE(value);
  CALL(read(fd, &value, 8));
  VALUE(value);
  CALL(read(fd, &value, 8));
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  value = 1;
  write(fd, &value, 8);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  value = -3;
  write(fd, &value, 8);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
}
TEST(a_waiting_reader_of_an_eventfd_is_woken) {
  int fd = eventfd(0, 0);
  pid_t child = CHILD({ pause_ms(20); value = 9; write(fd, &value, 8); });
  CALL(read(fd, &value, 8));
  VALUE(value);
  ENDS(child);
  value = -2;
  write(fd, &value, 8);
  child = CHILD({ pause_ms(20); read(fd, &value, 8); });
  value = 4;
  CALL(write(fd, &value, 8));
  ENDS(child);
  CALL(read(fd, &value, 8));
  VALUE(value);
}
static struct itimerspec after_ms(long first, long then) {
  return (struct itimerspec){{then / 1000, then % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
}
TEST(a_timerfd_counts_expirations) {
  int fd = CALL(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  struct itimerspec t = after_ms(20, 0), now;
  CALL(read(fd, &value, 8)); CALL(timerfd_settime(fd, 0, &t, 0)); CALL(timerfd_gettime(fd, &now));
  IS(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20000000);
  CALL(read(fd, &value, 8));
  struct pollfd p = {fd, POLLIN, 0};
  CALL(poll(&p, 1, 5000)); CALL(read(fd, &value, 8));
  VALUE(value);
  CALL(read(fd, &value, 8)); CALL(timerfd_gettime(fd, &now));
  VALUE(now.it_value.tv_nsec);
  t = after_ms(10, 10);
  CALL(timerfd_settime(fd, 0, &t, 0));
  pause_ms(55);
  CALL(read(fd, &value, 8));
  IS(value >= 5);
  CALL(timerfd_gettime(fd, &now));
  VALUE(now.it_interval.tv_nsec);
}
TEST(a_timerfd_can_be_absolute_blocking_and_disarmed) {
  int fd = CALL(timerfd_create(CLOCK_REALTIME, 0));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct itimerspec t = {{0, 0}, now}, old;
  CALL(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, 0)); CALL(read(fd, &value, 8));
  VALUE(value);
  t = after_ms(20, 0);
  CALL(timerfd_settime(fd, 0, &t, 0)); CALL(read(fd, &value, 8));
  VALUE(value);
  t = after_ms(5000, 3000);
  CALL(timerfd_settime(fd, 0, &t, 0));
  t = after_ms(0, 0);
  CALL(timerfd_settime(fd, 0, &t, &old));
  VALUE(old.it_interval.tv_sec);
  IS(old.it_value.tv_sec == 4 || old.it_value.tv_sec == 5);
  struct pollfd p = {fd, POLLIN, 0};
  CALL(poll(&p, 1, 10));
}
TEST(timerfd_calls_look_at_their_arguments) {
  CALL(timerfd_create(99, 0)); CALL(timerfd_create(CLOCK_MONOTONIC, 1));
  CALL(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
  int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
  HEX(fcntl(fd, F_GETFD));
  struct itimerspec t = {{0, 0}, {0, 1000000000}};
  CALL(timerfd_settime(fd, 0, &t, 0));
  t = after_ms(1, 0);
  CALL(timerfd_settime(fd, 99, &t, 0)); CALL(timerfd_settime(1, 0, &t, 0)); CALL(timerfd_settime(99, 0, &t, 0));
  CALL(timerfd_gettime(1, &t)); CALL(timerfd_settime(fd, 0, (void *)8, 0)); CALL(timerfd_gettime(fd, (void *)8));
  CALL(read(fd, &value, 4)); CALL(write(fd, &value, 8));
}
TEST(a_signalfd_takes_pending_signals) {
  sigset_t set = set_of(SIGUSR1, SIGUSR2, SIGRTMIN, 0);
  sigprocmask(SIG_BLOCK, &set, 0);
  int fd = CALL(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  struct signalfd_siginfo s[4];
  CALL(read(fd, s, sizeof s));
  raise(SIGUSR2);
  kill(getpid(), SIGUSR1);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77});
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 78});
  struct pollfd p = {fd, POLLIN, 0};
  CALL(poll(&p, 1, 0));
  long n = CALL(read(fd, s, sizeof s)) / (long)sizeof *s;
  for (int i = 0; i < n; i++)
    say("%s code %d mine %d value %d", signal_name((int)s[i].ssi_signo), s[i].ssi_code, s[i].ssi_pid == (unsigned)getpid(), s[i].ssi_int);
  CALL(read(fd, s, sizeof s)); CALL(read(fd, s, 10)); CALL(poll(&p, 1, 0));
}
TEST(a_signalfd_can_change_its_signals) {
  sigset_t one = set_of(SIGUSR1, 0), two = set_of(SIGUSR2, 0), all = set_of(SIGUSR1, SIGUSR2, 0);
  sigprocmask(SIG_BLOCK, &all, 0);
  int fd = CALL(signalfd(-1, &one, SFD_NONBLOCK));
  raise(SIGUSR2);
  struct signalfd_siginfo s;
  CALL(read(fd, &s, sizeof s)); CALL(signalfd(fd, &two, 0)); CALL(read(fd, &s, sizeof s)); CALL(signalfd(1, &two, 0));
  CALL(signalfd(99, &two, 0)); CALL(signalfd(-1, &two, 99));
  raise(SIGUSR1);
  CALL(read(fd, &s, sizeof s));
  sigset_t pending;
  sigpending(&pending);
  IS(sigismember(&pending, SIGUSR1)); IS(sigismember(&pending, SIGUSR2));
}
TEST(a_signalfd_tells_of_children) {
  sigset_t set = set_of(SIGCHLD, 0);
  sigprocmask(SIG_BLOCK, &set, 0);
  int fd = signalfd(-1, &set, 0);
  pid_t child = CHILD(_exit(7));
  struct signalfd_siginfo s;
  CALL(read(fd, &s, sizeof s));
  IS(s.ssi_pid == (unsigned)child);
  VALUE(s.ssi_status); VALUE(s.ssi_code);
  ENDS(child);
}
TEST(a_pidfd_is_ready_when_the_process_ends) {
  Gate g = gate();
  pid_t child = CHILD({ await(g); _exit(5); });
  int fd = (int)CALL(syscall(SYS_pidfd_open, child, 0));
  struct pollfd p = {fd, POLLIN, 0};
  CALL(poll(&p, 1, 0)); CALL(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
  let_go(g);
  CALL(poll(&p, 1, 5000));
  siginfo_t info;
  CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
  VALUE(info.si_status);
  CALL(syscall(SYS_pidfd_send_signal, fd, SIGTERM, 0, 0)); CALL(syscall(SYS_pidfd_open, 99999999, 0));
  CALL(syscall(SYS_pidfd_open, -1, 0)); CALL(syscall(SYS_pidfd_open, getpid(), 99));
}
