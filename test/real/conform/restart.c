/* What a signal does to calls that wait: restarted under SA_RESTART, or EINTR; signal(7), "Interruption of system calls". A table of calls.
   */
#include "conform.h"
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static int fds[2], pair[2], event, epoll, timer, file, listener;
static volatile int hits;
static uint64_t value;
static char room[64];
static pid_t child;
static uint32_t word;
static sem_t semaphore;
static void hit(int number) { (void)number; hits++; }
static void nothing(void) {}
static void make_pipe(void) { pipe(fds); }
static void fill_pipe(void) { static char b[65536]; pipe(fds); write(fds[1], b, sizeof b); }
static void make_pair(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, pair); }
static void fill_pair(void) {
  static char b[4096];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  while (send(pair[0], b, sizeof b, MSG_DONTWAIT) > 0);
  while (send(pair[0], b, 1, MSG_DONTWAIT) > 0);
}
static void time_pair(void) { struct timeval t = {5, 0}; make_pair(); setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t); }
static void make_event(void) { event = eventfd(0, 0); }
static void make_epoll(void) { epoll = epoll_create1(0); }
static void make_timer(void) { timer = timerfd_create(CLOCK_MONOTONIC, 0); }
static void make_child(void) { child = CHILD({ signal(SIGALRM, SIG_IGN); pause(); }); }
static void make_listener(void) {
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un a = {AF_UNIX, "listener"};
  unlink("listener");
  bind(listener, (struct sockaddr *)&a, sizeof a);
  listen(listener, 1);
}
static void make_lock(void) {
  put_file("locked", "");
  file = open("locked", O_RDWR);
  Gate g = gate();
  child = CHILD({
    int mine = open("locked", O_RDWR);
    struct flock l = {.l_type = F_WRLCK};
    flock(mine, LOCK_EX);
    fcntl(mine, F_SETLK, &l);
    let_go(g);
    pause();
  });
  await(g);
}
static void make_fifo(void) { unlink("fifo"); mkfifo("fifo", 0600); }
static void make_semaphore(void) { sem_init(&semaphore, 0, 0); }
static void end_child(void) { if (child > 0) { kill(child, SIGKILL); waitpid(child, 0, 0); child = 0; } }
static struct pollfd *nobody(void) { static struct pollfd p; p = (struct pollfd){fds[0], POLLIN, 0}; return &p; }
static long select_pipe(void) {
  fd_set r;
  FD_ZERO(&r);
  FD_SET(fds[0], &r);
  struct timeval t = {5, 0};
  return select(fds[0] + 1, &r, 0, 0, &t);
}
static long receive_message(void) {
  struct iovec v = {room, 64};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  return recvmsg(pair[0], &m, 0);
}
static long lock_file(void) { struct flock l = {.l_type = F_WRLCK}; return fcntl(file, F_SETLKW, &l); }
static long lock_whole(void) { return flock(file, LOCK_EX); }
static long read_pipe(void) { return read(fds[0], room, 1); }
static long readv_pipe(void) { struct iovec v = {room, 1}; return readv(fds[0], &v, 1); }
static long write_pipe(void) { return write(fds[1], room, 1); }
static long receive(void) { return recv(pair[0], room, 1, 0); }
static long send_pair(void) { return send(pair[0], room, 1, 0); }
static long accept_one(void) { return accept(listener, 0, 0); }
static long read_event(void) { return read(event, &value, 8); }
static long read_timer(void) { return read(timer, &value, 8); }
static long wait_child(void) { return waitpid(child, 0, 0); }
static long waitid_child(void) { siginfo_t s; return waitid(P_PID, (id_t)child, &s, WEXITED); }
static long poll_pipe(void) { return poll(nobody(), 1, 5000); }
static long ppoll_pipe(void) { struct timespec t = {5, 0}; return ppoll(nobody(), 1, &t, 0); }
static long wait_epoll(void) { struct epoll_event e; return epoll_wait(epoll, &e, 1, 5000); }
static long sleep_nano(void) { struct timespec t = {5, 0}; return nanosleep(&t, &t); }
static long sleep_clock(void) {
  struct timespec t = {5, 0};
  int e = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, 0);
  errno = e;
  return e ? -1 : 0;
}
static long sleep_usual(void) { return sleep(5) > 0 ? 1 : 0; }
static long wait_futex(void) { return syscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0); }
static long wait_semaphore(void) { return sem_wait(&semaphore); }
static long wait_signal(void) { sigset_t s = set_of(SIGUSR2, 0); return sigwaitinfo(&s, 0); }
static long suspend(void) { sigset_t s; sigemptyset(&s); return sigsuspend(&s); }
static long pauses(void) { return pause(); }
static long open_fifo(void) { return open("fifo", O_RDONLY); }

static const struct { const char *name; void (*prepare)(void); long (*call)(void); } calls[] = {
  {"read of a pipe", make_pipe, read_pipe}, {"readv of a pipe", make_pipe, readv_pipe}, {"write to a full pipe", fill_pipe, write_pipe},
  {"recv", make_pair, receive}, {"recvmsg", make_pair, receive_message}, {"recv with a timeout", time_pair, receive},
  {"send", fill_pair, send_pair}, {"accept", make_listener, accept_one}, {"read of an eventfd", make_event, read_event},
  {"read of a timerfd", make_timer, read_timer}, {"waitpid", make_child, wait_child}, {"waitid", make_child, waitid_child},
  {"poll", make_pipe, poll_pipe}, {"ppoll", make_pipe, ppoll_pipe}, {"select", make_pipe, select_pipe},
  {"epoll_wait", make_epoll, wait_epoll}, {"nanosleep", nothing, sleep_nano}, {"clock_nanosleep", nothing, sleep_clock},
  {"sleep", nothing, sleep_usual}, {"futex", nothing, wait_futex}, {"sem_wait", make_semaphore, wait_semaphore},
  {"sigwaitinfo", nothing, wait_signal}, {"sigsuspend", nothing, suspend}, {"pause", nothing, pauses}, {"F_SETLKW", make_lock, lock_file},
  {"flock", make_lock, lock_whole}, {"open of a fifo", make_fifo, open_fifo},
};
#define CALLS (sizeof calls / sizeof *calls)
static sigjmp_buf out;
/* The second alarm means that the call went on after the first. */
static void alarm_twice(int number) { (void)number; if (++hits == 2) siglongjmp(out, 1); }
static void try_all(int flags) {
  for (size_t i = 0; i < CALLS; i++) {
    struct itimerval t = {{0, 15000}, {0, 15000}}, none = {{0, 0}, {0, 0}};
    calls[i].prepare();
    hits = 0;
    handle(SIGALRM, alarm_twice, flags);
    setitimer(ITIMER_REAL, &t, 0);
    if (sigsetjmp(out, 1) == 0) {
      errno = 0;
      long r = calls[i].call();
      int e = errno;
      setitimer(ITIMER_REAL, &none, 0);
      say("%s: %ld %s", calls[i].name, r, r == -1 ? error_name(e) : "");
    } else {
      setitimer(ITIMER_REAL, &none, 0);
      say("%s: restarted", calls[i].name);
    }
    end_child();
    close_range(3, ~0u, 0);
  }
}
TEST(without_SA_RESTART_calls_fail_with_EINTR) { try_all(0); }
TEST(with_SA_RESTART_calls_go_on_or_fail) { try_all(SA_RESTART); }
TEST(an_ignored_signal_interrupts_nothing) {
  int ends[2];
  pipe(ends);
  signal(SIGUSR1, SIG_IGN);
  pid_t me = getpid(), sender = CHILD({ pause_ms(10); kill(me, SIGUSR1); pause_ms(10); kill(me, SIGCHLD); write(ends[1], "x", 1); });
  CALL(read(ends[0], room, 1));
  ENDS(sender);
}
TEST(stopping_and_continuing_interrupts_little) {
  int ends[2];
  pipe(ends);
  Gate ready = gate();
  pid_t reader = CHILD({
    let_go(ready);
    char c;
    long r = read(ends[0], &c, 1);
    say("read = %ld", r);
    struct timespec t = {0, 60000000};
    let_go(ready);
    CALL(nanosleep(&t, 0));
    int p[2];
    pipe(p);
    struct pollfd f = {p[0], POLLIN, 0};
    let_go(ready);
    CALL(poll(&f, 1, 60));
    let_go(ready);
    int e = epoll_create1(0);
    struct epoll_event ev;
    CALL(epoll_wait(e, &ev, 1, 60));
  });
  for (int i = 0; i < 4; i++) {
    int status;
    await(ready);
    pause_ms(15);
    kill(reader, SIGSTOP);
    waitpid(reader, &status, WUNTRACED);
    kill(reader, SIGCONT);
    if (i == 0) { pause_ms(15); write(ends[1], "x", 1); }
  }
  ENDS(reader);
}
TEST(what_was_transferred_counts_more_than_the_signal) {
  int ends[2];
  static char b[100000];
  pipe(ends);
  handle(SIGALRM, hit, 0);
  struct itimerval t = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &t, 0);
  CALL(write(ends[1], b, sizeof b));
}
TEST(nanosleep_tells_what_remains) {
  struct timespec t = {5, 0}, left = {0, 0};
  struct itimerval v = {{0, 0}, {0, 20000}};
  handle(SIGALRM, hit, 0);
  setitimer(ITIMER_REAL, &v, 0);
  CALL(nanosleep(&t, &left));
  IS(left.tv_sec == 4 && left.tv_nsec > 0);
  setitimer(ITIMER_REAL, &v, 0);
  CODE(clock_nanosleep(CLOCK_REALTIME, 0, &t, &left));
  IS(left.tv_sec == 4);
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += 5;
  left.tv_sec = 77;
  setitimer(ITIMER_REAL, &v, 0);
  CODE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left));
  VALUE(left.tv_sec);
  setitimer(ITIMER_REAL, &v, 0);
  VALUE(sleep(5) >= 4);
}
