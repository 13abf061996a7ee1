/* Waiting for descriptors: poll(2), select(2), epoll(7). */
#include "conform.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

static volatile int hits;
static void hit(int number) { (void)number; hits++; }
static int filled(int fd) {
  char b[4096] = "";
  int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  int n = 0;
  while (write(fd, b, sizeof b) > 0) n++;
  fcntl(fd, F_SETFL, flags);
  return n;
}

TEST(poll_tells_what_is_ready) {
  int ends[2];
  pipe(ends);
  struct pollfd p[] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 7}, {99, POLLIN, 0}};
  CALL(poll(p, 4, 0));
  HEX(p[0].revents); HEX(p[1].revents); HEX(p[2].revents); HEX(p[3].revents);
  write(ends[1], "x", 1);
  CALL(poll(p, 1, -1));
  HEX(p[0].revents);
  filled(ends[1]);
  CALL(poll(p + 1, 1, 0));
  close(ends[1]);
  CALL(poll(p, 1, 0));
  HEX(p[0].revents);
  char b[70000];
  read(ends[0], b, sizeof b);
  CALL(poll(p, 1, 0));
  HEX(p[0].revents);
}
TEST(poll_tells_of_errors_and_hangups_unasked) {
  int ends[2];
  pipe(ends);
  struct pollfd p = {ends[1], 0, 0};
  close(ends[0]);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  p.events = POLLOUT;
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  put_file("file", "");
  p = (struct pollfd){open("file", O_RDONLY), POLLIN | POLLOUT | POLLPRI, 0};
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  p = (struct pollfd){pair[0], POLLIN | POLLOUT | POLLRDHUP, 0};
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  shutdown(pair[1], SHUT_WR);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  close(pair[1]);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
}
TEST(poll_waits_as_long_as_told) {
  int ends[2];
  pipe(ends);
  struct pollfd p = {ends[0], POLLIN, 0};
  long start = now_ms();
  CALL(poll(&p, 1, 30));
  IS(now_ms() - start >= 29);
  CALL(poll(0, 0, 10)); CALL(poll(0, 5, 0)); CALL(poll(&p, -1, 0));
  struct timespec t = {0, 1000000};
  CALL(ppoll(&p, 1, &t, 0));
  t.tv_nsec = 1000000000;
  CALL(ppoll(&p, 1, &t, 0));
  t.tv_sec = -1;
  t.tv_nsec = 0;
  CALL(ppoll(&p, 1, &t, 0));
  pid_t child = CHILD({ pause_ms(30); write(ends[1], "x", 1); });
  CALL(poll(&p, 1, 10000));
  HEX(p.revents);
  ENDS(child);
}
TEST(ppoll_lets_a_signal_in_for_the_wait_only) {
  handle(SIGUSR1, hit, 0);
  hits = 0;
  block(SIGUSR1);
  raise(SIGUSR1);
  sigset_t none;
  sigemptyset(&none);
  struct timespec t = {5, 0};
  CALL(ppoll(0, 0, &t, &none));
  VALUE(hits);
  sigset_t now;
  sigprocmask(SIG_BLOCK, 0, &now);
  IS(sigismember(&now, SIGUSR1));
  t = (struct timespec){0, 1000000};
  raise(SIGUSR1);
  CALL(ppoll(0, 0, &t, 0));
  VALUE(hits);
  fd_set set;
  FD_ZERO(&set);
  CALL(pselect(0, &set, 0, 0, &t, &none));
  VALUE(hits);
}
TEST(select_marks_what_is_ready) {
  int ends[2];
  pipe(ends);
  fd_set r, w, e;
  FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&e);
  FD_SET(ends[0], &r); FD_SET(ends[1], &w); FD_SET(ends[0], &e);
  struct timeval t = {0, 0};
  CALL(select(ends[1] + 1, &r, &w, &e, &t));
  IS(FD_ISSET(ends[0], &r)); IS(FD_ISSET(ends[1], &w)); IS(FD_ISSET(ends[0], &e));
  write(ends[1], "x", 1);
  FD_SET(ends[0], &r);
  CALL(select(ends[1] + 1, &r, &w, 0, 0));
  IS(FD_ISSET(ends[0], &r));
  FD_SET(ends[1], &r);
  CALL(select(ends[0] + 1, &r, 0, 0, &t));
  /* Of a descriptor that the table has no room for the kernel says nothing. It has room for what is inherited, however much that is: make sure. */
  close(dup2(ends[0], 200));
  FD_ZERO(&r);
  FD_SET(99, &r);
  CALL(select(100, &r, 0, 0, &t)); CALL(select(-1, 0, 0, 0, &t));
  t.tv_usec = -1;
  CALL(select(0, 0, 0, 0, &t));
  t = (struct timeval){0, 20000};
  CALL(select(0, 0, 0, 0, &t));
  VALUE(t.tv_usec);
  t = (struct timeval){3, 0};
  FD_ZERO(&r);
  FD_SET(ends[0], &r);
  CALL(select(ends[0] + 1, &r, 0, 0, &t));
  IS(t.tv_sec >= 2);
  CALL(select(5, (fd_set *)8, 0, 0, &t));
  close(ends[1]);
  FD_ZERO(&r);
  FD_SET(ends[0], &r);
  char c;
  read(ends[0], &c, 1);
  CALL(select(ends[0] + 1, &r, 0, 0, &t));
}
static struct epoll_event event(unsigned events, long data) { return (struct epoll_event){.events = events, .data.u64 = (uint64_t)data}; }
static void show_events(int ep, int max, int timeout) {
  struct epoll_event got[8]; int n = epoll_wait(ep, got, max, timeout); char text[200] = ""; size_t at = 0;
  for (int i = 0; i < n; i++) at += (size_t)sprintf(text + at, " %lx:%x", (long)got[i].data.u64, got[i].events);
  if (n < 0) say("epoll_wait: %s", error_name(errno)); else say("epoll_wait = %d%s", n, text);
}
TEST(epoll_ctl_adds_changes_and_takes_away) {
  int ep = CALL(epoll_create1(EPOLL_CLOEXEC)), ends[2];
  pipe(ends);
  struct epoll_event e = event(EPOLLIN, 0x11);
  HEX(fcntl(ep, F_GETFD));
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e)); CALL(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e));
  CALL(epoll_ctl(ep, EPOLL_CTL_MOD, ends[1], &e)); CALL(epoll_ctl(ep, EPOLL_CTL_DEL, ends[1], 0));
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e)); CALL(epoll_ctl(ep, 99, ends[0], &e));
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e)); CALL(epoll_ctl(99, EPOLL_CTL_ADD, ends[0], &e));
  CALL(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &e));
  put_file("file", "");
  int file = open("file", O_RDONLY);
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e)); CALL(epoll_ctl(ep, EPOLL_CTL_ADD, ends[1], (void *)8));
  CALL(epoll_create1(99)); CALL(epoll_create(0)); CALL(epoll_create(1)); CALL(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], 0));
  CALL(epoll_wait(ep, &e, 0, 0)); CALL(epoll_wait(ep, &e, -1, 0)); CALL(epoll_wait(ends[0], &e, 1, 0));
  CALL(epoll_wait(99, &e, 1, 0)); CALL(lseek(ep, 0, SEEK_SET)); CALL(read(ep, &e, 1));
}
TEST(epoll_by_level_repeats_and_by_edge_does_not) {
  int ep = epoll_create1(0), level[2], edge[2];
  pipe(level);
  pipe(edge);
  struct epoll_event e = event(EPOLLIN, 1);
  epoll_ctl(ep, EPOLL_CTL_ADD, level[0], &e);
  e = event(EPOLLIN | EPOLLET, 2);
  epoll_ctl(ep, EPOLL_CTL_ADD, edge[0], &e);
  show_events(ep, 8, 0);
  write(level[1], "ab", 2);
  show_events(ep, 8, 0);
  show_events(ep, 8, 0);
  write(edge[1], "ab", 2);
  show_events(ep, 8, 0);
  show_events(ep, 8, 0);
  char c;
  read(edge[0], &c, 1);
  read(level[0], &c, 1);
  show_events(ep, 8, 0);
  write(edge[1], "c", 1);
  read(level[0], &c, 1);
  show_events(ep, 8, 0);
  show_events(ep, 8, 0);
  close(edge[1]);
  show_events(ep, 8, 0);
}
TEST(EPOLLONESHOT_sleeps_until_it_is_changed) {
  int ep = epoll_create1(0), ends[2];
  pipe(ends);
  struct epoll_event e = event(EPOLLIN | EPOLLONESHOT, 7);
  epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e);
  write(ends[1], "x", 1);
  show_events(ep, 8, 0);
  show_events(ep, 8, 0);
  CALL(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e));
  show_events(ep, 8, 0);
  close(ends[1]);
  show_events(ep, 8, 0);
}
TEST(epoll_forgets_what_is_closed_by_all) {
  int ep = epoll_create1(0), ends[2];
  pipe(ends);
  struct epoll_event e = event(EPOLLIN, 7);
  epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e);
  write(ends[1], "x", 1);
  int copy = dup(ends[0]);
  close(ends[0]);
  show_events(ep, 8, 0);
  close(copy);
  show_events(ep, 8, 0);
}
TEST(epoll_gives_turns_when_there_are_too_many) {
  int ep = epoll_create1(0), fds[4];
  for (int i = 0; i < 4; i++) {
    fds[i] = eventfd(1, 0);
    struct epoll_event e = event(EPOLLIN, i);
    epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e);
  }
  show_events(ep, 2, 0);
  show_events(ep, 2, 0);
  show_events(ep, 3, 0);
  show_events(ep, 8, 0);
}
TEST(epoll_can_be_polled_itself) {
  int outer = epoll_create1(0), inner = epoll_create1(0), ends[2];
  pipe(ends);
  struct epoll_event e = event(EPOLLIN, 1);
  CALL(epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &e));
  e = event(EPOLLIN, 2);
  CALL(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e)); CALL(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &e));
  struct pollfd p = {inner, POLLIN, 0};
  CALL(poll(&p, 1, 0));
  write(ends[1], "x", 1);
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  show_events(outer, 8, 0);
}
TEST(epoll_wait_waits_and_is_interrupted) {
  int ep = epoll_create1(0), ends[2];
  pipe(ends);
  struct epoll_event e = event(EPOLLIN | EPOLLRDHUP, 7);
  epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e);
  long start = now_ms();
  show_events(ep, 8, 20);
  IS(now_ms() - start >= 19);
  pid_t child = CHILD({ pause_ms(20); write(ends[1], "x", 1); });
  show_events(ep, 8, -1);
  ENDS(child);
  char c;
  read(ends[0], &c, 1);
  handle(SIGALRM, hit, SA_RESTART);
  struct itimerval t = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &t, 0);
  show_events(ep, 8, -1);
  sigset_t none;
  sigemptyset(&none);
  handle(SIGUSR1, hit, 0);
  block(SIGUSR1);
  raise(SIGUSR1);
  hits = 0;
  CALL(epoll_pwait(ep, &e, 1, -1, &none));
  VALUE(hits);
}
TEST(a_descriptor_of_two_kinds_of_readiness_reports_both) {
  int ep = epoll_create1(0), pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct epoll_event e = event(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 5);
  epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &e);
  show_events(ep, 8, 0);
  show_events(ep, 8, 0);
  write(pair[1], "x", 1);
  show_events(ep, 8, 0);
  shutdown(pair[1], SHUT_WR);
  show_events(ep, 8, 0);
  close(pair[1]);
  show_events(ep, 8, 0);
}
