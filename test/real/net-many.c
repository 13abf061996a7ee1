/** Sockets, pipes of events and waiting among threads and processes: prints what every side sees. The same natively and emulated. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *name_of(int e) { return e == 0 ? "OK" : strerrorname_np(e); }
#define T(call) ({ errno = 0; long r_ = (long)(call); printf("%s = %ld %s\n", #call, r_ < 0 ? -1 : r_, r_ < 0 ? name_of(errno) : ""); r_; })
static char b[1 << 20];
static volatile int caught;
static void on(int s) { (void)s; caught++; }
static void handle(int signal, int flags) { struct sigaction a = { .sa_handler = on, .sa_flags = flags }; sigaction(signal, &a, 0); }
static void later(int ms) { usleep((useconds_t)ms * 1000); }
static void done(pid_t p) { int s; waitpid(p, &s, 0); printf("child: %d\n", WIFEXITED(s) ? WEXITSTATUS(s) : -WTERMSIG(s)); }
/** Runs what follows in a child. */
#define CHILD(...) ({ fflush(stdout); pid_t p_ = fork(); if (p_ == 0) { __VA_ARGS__; fflush(stdout); _exit(0); } p_; })

static void transfers(void) {
  printf("- a megabyte through\n");
  int s[2], types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
  for (int k = 0; k < 3; k++) {
    socketpair(AF_UNIX, types[k], 0, s);
    pid_t p = CHILD({ close(s[0]); memset(b, 7, sizeof b); for (int i = 0; i < 64; i++) if (write(s[1], b, 16384) != 16384) _exit(3); });
    close(s[1]); long sum = 0, n; while (sum < 1 << 20 && (n = read(s[0], b, 50000)) > 0) sum += n; printf("%ld\n", sum); close(s[0]); done(p);
  }
  socketpair(AF_UNIX, SOCK_STREAM, 0, s); pid_t p = CHILD({ close(s[0]); T(write(s[1], b, sizeof b)); }); close(s[1]); T(recv(s[0], b, sizeof b, MSG_WAITALL)); T(read(s[0], b, 1)); close(s[0]); done(p);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }; socklen_t n = sizeof a; int l = socket(AF_INET, SOCK_STREAM, 0); bind(l, (void *)&a, n); listen(l, 4); getsockname(l, (void *)&a, &n);
  p = CHILD({ int c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, (void *)&a, n)); memset(b, 9, sizeof b); long sent = 0; for (int i = 0; i < 8; i++) { long w = write(c, b, sizeof b); if (w < 0) _exit(1); sent += w; } T(sent); T(shutdown(c, SHUT_WR)); T(read(c, b, 100)); });
  int c = accept(l, 0, 0); long sum = 0, got; while ((got = read(c, b, sizeof b)) > 0) sum += got; printf("%ld %ld %d\n", sum, got, b[0]); later(50); T(write(c, "thanks", 6)); close(c); close(l); done(p);
}
static void *echo(void *arg) { int s = (int)(long)arg; char c[64]; long n; while ((n = read(s, c, sizeof c)) > 0) { for (int i = 0; i < n; i++) c[i] ^= 32; write(s, c, (size_t)n); } close(s); return 0; }
static void server(void) {
  printf("- an epoll server and its clients\n");
  struct sockaddr_un a = { AF_UNIX, "" }; strcpy(a.sun_path + 1, "tramp64-server"); socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 15);
  int l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0); bind(l, (void *)&a, n); listen(l, 2); struct epoll_event e = { EPOLLIN, { .fd = l } }, got[4]; epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
  pid_t p[6]; for (int i = 0; i < 6; i++) p[i] = CHILD({ int c = socket(AF_UNIX, SOCK_STREAM, 0); char t[32]; if (connect(c, (void *)&a, n)) _exit(9); for (int k = 0; k < 20; k++) { sprintf(t, "client %d says %d", i, k); if (write(c, t, strlen(t)) < 0 || read(c, t, sizeof t) <= 0 || t[0] != 'C') _exit(8); } });
  int left = 6, requests = 0, accepted = 0; while (left > 0) { int k = epoll_wait(ep, got, 4, -1); for (int i = 0; i < k; i++) if (got[i].data.fd == l) { int c; while ((c = accept4(l, 0, 0, SOCK_NONBLOCK)) >= 0) { accepted++; e.events = EPOLLIN | EPOLLET; e.data.fd = c; epoll_ctl(ep, EPOLL_CTL_ADD, c, &e); } } else { char t[32]; long r; while ((r = read(got[i].data.fd, t, sizeof t)) > 0) { requests++; t[0] ^= 32; write(got[i].data.fd, t, (size_t)r); } if (r == 0) { close(got[i].data.fd); left--; } } }
  printf("%d accepted, %d requests\n", accepted, requests); for (int i = 0; i < 6; i++) done(p[i]); close(l); close(ep);
  int s[4][2]; pthread_t t[4]; for (int i = 0; i < 4; i++) { socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]); pthread_create(&t[i], 0, echo, (void *)(long)s[i][1]); }
  for (int i = 0; i < 4; i++) write(s[i][0], "thread", 6); for (int i = 0; i < 4; i++) { memset(b, 0, 10); T(read(s[i][0], b, 10)); puts(b); shutdown(s[i][0], SHUT_WR); T(read(s[i][0], b, 10)); pthread_join(t[i], 0); close(s[i][0]); }
}
static void *writes_later(void *arg) { later(20); write((int)(long)arg, "12345678", 8); return 0; }
static void *closes_later(void *arg) { later(20); close((int)(long)arg); return 0; }
static void *shuts_later(void *arg) { later(20); shutdown((int)(long)arg, SHUT_RDWR); return 0; }
static void *kills_later(void *arg) { later(20); pthread_kill(*(pthread_t *)arg, SIGUSR1); return 0; }
#define WITH(worker, arg, ...) ({ pthread_t t_; pthread_create(&t_, 0, worker, (void *)(long)(arg)); __VA_ARGS__; pthread_join(t_, 0); })
static void waits(void) {
  printf("- waiting\n");
  int s[2], e = eventfd(0, 0), ep = epoll_create1(0); uint64_t v; struct pollfd q; struct epoll_event ev = { EPOLLIN, { .u64 = 5 } }, got; fd_set set; struct timeval tv;
  WITH(writes_later, e, T(read(e, &v, 8)));
  q = (struct pollfd){ e, POLLIN, 0 }; WITH(writes_later, e, T(poll(&q, 1, -1))); printf("%d\n", q.revents); read(e, &v, 8);
  epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev); WITH(writes_later, e, T(epoll_wait(ep, &got, 1, 1000))); T(epoll_wait(ep, &got, 1, 0)); read(e, &v, 8); T(epoll_wait(ep, &got, 1, 5));
  FD_ZERO(&set); FD_SET(e, &set); tv = (struct timeval){ 5, 0 }; WITH(writes_later, e, T(select(e + 1, &set, 0, 0, &tv))); printf("%d %d\n", FD_ISSET(e, &set), tv.tv_sec == 4); read(e, &v, 8);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s); q = (struct pollfd){ s[0], POLLIN | POLLRDHUP, 0 }; WITH(closes_later, s[1], T(poll(&q, 1, -1))); printf("%#x\n", q.revents); close(s[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s); WITH(closes_later, s[1], T(read(s[0], b, 1))); close(s[0]); socketpair(AF_UNIX, SOCK_DGRAM, 0, s); WITH(shuts_later, s[0], T(recv(s[0], b, 1, 0))); close(s[0]); close(s[1]);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }; int l = socket(AF_INET, SOCK_STREAM, 0); bind(l, (void *)&a, sizeof a); listen(l, 1); WITH(shuts_later, l, T(accept(l, 0, 0))); close(l);
  printf("- signals\n"); pthread_t self = pthread_self(); socketpair(AF_UNIX, SOCK_STREAM, 0, s); sigset_t none, usr; sigemptyset(&none); sigemptyset(&usr); sigaddset(&usr, SIGUSR1);
  handle(SIGUSR1, 0); WITH(kills_later, &self, T(read(s[0], b, 1))); WITH(kills_later, &self, T(recv(s[0], b, 1, 0))); q = (struct pollfd){ s[0], POLLIN, 0 }; WITH(kills_later, &self, T(poll(&q, 1, -1))); WITH(kills_later, &self, T(epoll_wait(ep, &got, 1, -1)));
  handle(SIGUSR1, SA_RESTART); WITH(kills_later, &self, T(poll(&q, 1, 500))); WITH(kills_later, &self, T(epoll_wait(ep, &got, 1, 500))); FD_ZERO(&set); FD_SET(s[0], &set); WITH(kills_later, &self, T(select(s[0] + 1, &set, 0, 0, 0))); struct timespec ts = { 3, 0 }; WITH(kills_later, &self, T(ppoll(&q, 1, &ts, 0)));
  tv = (struct timeval){ 2, 0 }; setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv); WITH(kills_later, &self, T(recv(s[0], b, 1, 0))); tv.tv_sec = 0; setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  printf("caught %d\n", caught); caught = 0; pthread_t w; pthread_create(&w, 0, writes_later, (void *)(long)s[1]); pthread_t k; pthread_create(&k, 0, kills_later, &self); T(recv(s[0], b, 8, MSG_WAITALL)); pthread_join(w, 0); pthread_join(k, 0); printf("caught %d\n", caught);
  sigprocmask(SIG_BLOCK, &usr, 0); caught = 0; raise(SIGUSR1); printf("caught %d\n", caught); T(ppoll(&q, 1, &ts, &none)); printf("caught %d\n", caught); raise(SIGUSR1); T(pselect(0, 0, 0, 0, &ts, &none)); raise(SIGUSR1); T(epoll_pwait(ep, &got, 1, 100, &none)); printf("caught %d\n", caught); sigset_t old; sigprocmask(SIG_BLOCK, 0, &old); printf("%d\n", sigismember(&old, SIGUSR1));
  raise(SIGUSR1); write(e, "\1\0\0\0\0\0\0", 8); T(epoll_pwait(ep, &got, 1, 100, &none)); printf("caught %d\n", caught); read(e, &v, 8); sigprocmask(SIG_UNBLOCK, &usr, 0); printf("caught %d\n", caught);
  printf("- signalfd\n"); sigprocmask(SIG_BLOCK, &usr, 0); int f = signalfd(-1, &usr, SFD_NONBLOCK); struct signalfd_siginfo si; T(read(f, &si, sizeof si)); T(read(f, &si, 10)); kill(getpid(), SIGUSR1); q = (struct pollfd){ f, POLLIN, 0 }; T(poll(&q, 1, 0)); T(read(f, &si, sizeof si)); printf("%u %d %d %d\n", si.ssi_signo, si.ssi_code, si.ssi_pid == (uint32_t)getpid(), si.ssi_uid == getuid()); T(read(f, &si, sizeof si)); sigqueue(getpid(), SIGUSR1, (union sigval){ 42 }); T(read(f, &si, sizeof si)); printf("%d %d\n", si.ssi_code, si.ssi_int);
  ev = (struct epoll_event){ EPOLLIN, { .u64 = 9 } }; T(epoll_ctl(ep, EPOLL_CTL_ADD, f, &ev)); T(epoll_wait(ep, &got, 1, 0)); kill(getpid(), SIGUSR1); T(epoll_wait(ep, &got, 1, 0)); T(read(f, &si, sizeof si)); sigset_t chld; sigemptyset(&chld); sigaddset(&chld, SIGCHLD); sigprocmask(SIG_BLOCK, &chld, 0); T(signalfd(f, &chld, 0) == f); fcntl(f, F_SETFL, 0); pid_t p = CHILD(_exit(7)); T(read(f, &si, sizeof si)); printf("%u %d %d %d\n", si.ssi_signo, si.ssi_code, si.ssi_pid == (uint32_t)p, si.ssi_status); done(p); T(signalfd(e, &chld, 0)); T(signalfd(-1, &chld, 99)); close(f); sigprocmask(SIG_UNBLOCK, &chld, 0);
  close(s[0]); close(s[1]); close(e); close(ep);
}
static long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000 + t.tv_nsec; }
static void timers(void) {
  printf("- timerfd\n");
  int f = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); uint64_t v; struct itimerspec i = { { 0, 0 }, { 0, 20000000 } }, o; struct pollfd q = { f, POLLIN, 0 };
  T(read(f, &v, 8)); T(timerfd_gettime(f, &o)); printf("%ld %ld\n", o.it_value.tv_sec, o.it_value.tv_nsec); T(timerfd_settime(f, 0, &i, 0)); T(read(f, &v, 8)); T(read(f, &v, 4)); T(poll(&q, 1, 1)); T(poll(&q, 1, 1000)); T(read(f, &v, 8)); printf("%lu\n", v); T(read(f, &v, 8)); T(timerfd_gettime(f, &o)); printf("%ld %ld\n", o.it_value.tv_sec, o.it_value.tv_nsec);
  i = (struct itimerspec){ { 0, 10000000 }, { 0, 1 } }; T(timerfd_settime(f, 0, &i, &o)); usleep(55000); T(read(f, &v, 8)); printf("%d\n", v >= 5 && v < 9); fcntl(f, F_SETFL, 0); T(read(f, &v, 8)); printf("%lu\n", v); T(timerfd_gettime(f, &o)); printf("%ld %d\n", o.it_interval.tv_nsec, o.it_value.tv_nsec > 0 && o.it_value.tv_nsec <= 10000000);
  long t = now() + 30000000; i = (struct itimerspec){ { 0, 0 }, { t / 1000000000, t % 1000000000 } }; T(timerfd_settime(f, TFD_TIMER_ABSTIME, &i, 0)); T(read(f, &v, 8)); printf("%lu %d\n", v, now() >= t); i.it_value = (struct timespec){ 1, 0 }; T(timerfd_settime(f, TFD_TIMER_ABSTIME, &i, 0)); T(read(f, &v, 8)); printf("%lu\n", v);
  int r = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC); T(fcntl(r, F_GETFD)); struct timespec rt; clock_gettime(CLOCK_REALTIME, &rt); i = (struct itimerspec){ { 0, 0 }, { rt.tv_sec, rt.tv_nsec } }; i.it_value.tv_sec += 1; T(timerfd_settime(r, TFD_TIMER_ABSTIME, &i, 0)); T(timerfd_gettime(r, &o)); printf("%d\n", o.it_value.tv_sec == 0 && o.it_value.tv_nsec > 500000000); i = (struct itimerspec){ 0 }; T(timerfd_settime(r, 0, &i, 0)); close(r);
  int ep = epoll_create1(0); struct epoll_event ev = { EPOLLIN | EPOLLET, { .u64 = 1 } }, got; epoll_ctl(ep, EPOLL_CTL_ADD, f, &ev); i = (struct itimerspec){ { 0, 5000000 }, { 0, 5000000 } }; timerfd_settime(f, 0, &i, 0); T(epoll_wait(ep, &got, 1, 1000)); T(epoll_wait(ep, &got, 1, 20)); T(read(f, &v, 8)); T(epoll_wait(ep, &got, 1, 1000)); close(ep);
  i.it_value.tv_nsec = -1; T(timerfd_settime(f, 0, &i, 0)); T(timerfd_settime(f, 99, &i, 0)); T(timerfd_settime(0, 0, &o, 0)); T(timerfd_settime(f, 0, (void *)8, 0)); T(timerfd_create(77, 0)); T(timerfd_create(CLOCK_MONOTONIC, 77)); T(lseek(f, 0, SEEK_SET)); T(write(f, b, 8)); close(f);
}
static void processes(void) {
  printf("- pidfd\n");
  int gate[2]; pipe(gate); pid_t p = CHILD({ char c; close(gate[1]); read(gate[0], &c, 1); _exit(5); }); int f = (int)syscall(SYS_pidfd_open, p, 0); T(f >= 0); T(fcntl(f, F_GETFD)); struct pollfd q = { f, POLLIN, 0 }; T(poll(&q, 1, 0)); T(syscall(SYS_pidfd_send_signal, f, 0, 0, 0));
  int g = (int)syscall(SYS_pidfd_getfd, f, gate[0], 0); T(g >= 0); T(fcntl(g, F_GETFD)); T(syscall(SYS_pidfd_getfd, f, 99, 0)); close(g); close(gate[1]); T(poll(&q, 1, 5000)); printf("%d\n", q.revents); siginfo_t si = { 0 }; T(waitid(P_PIDFD, (id_t)f, &si, WEXITED)); printf("%d %d\n", si.si_status, si.si_pid == p); T(syscall(SYS_pidfd_send_signal, f, 0, 0, 0)); T(poll(&q, 1, 0)); close(f);
  T(syscall(SYS_pidfd_open, p, 0)); T(syscall(SYS_pidfd_open, -1, 0)); T(syscall(SYS_pidfd_open, getpid(), 77)); T(syscall(SYS_pidfd_send_signal, 0, 0, 0, 0)); p = CHILD(pause()); f = (int)syscall(SYS_pidfd_open, p, 0); T(syscall(SYS_pidfd_send_signal, f, SIGTERM, 0, 0)); T(poll(&q, 0, 0)); done(p); close(f); close(gate[0]);
  int made = -1; fflush(stdout); p = (pid_t)syscall(SYS_clone, SIGCHLD | 0x1000, 0, &made, 0, 0); if (p == 0) _exit(6); T(made >= 0); T(fcntl(made, F_GETFD)); T(waitid(P_PIDFD, (id_t)made, &si, WEXITED)); printf("%d %d\n", si.si_status, si.si_pid == p); close(made); T(syscall(SYS_clone, SIGCHLD | 0x1000 | 0x100000, 0, &made, 0, 0)); T(syscall(SYS_clone, SIGCHLD | 0x1000, 0, 8, 0, 0));
  printf("- descriptors across fork\n"); int s[2], e[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, s); pipe(e);
  p = CHILD({ char control[64] = { 0 }; struct iovec v = { "fd", 2 }; struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(4) }; struct cmsghdr *c = CMSG_FIRSTHDR(&h); c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(4); *(int *)CMSG_DATA(c) = e[0]; write(e[1], "through", 7); sendmsg(s[1], &h, 0); });
  done(p); close(e[1]); close(e[0]); char control[64]; struct iovec v = { b, 10 }; struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control }; T(recvmsg(s[0], &h, 0)); int got = *(int *)CMSG_DATA(CMSG_FIRSTHDR(&h)); memset(b, 0, 10); T(read(got, b, 10)); puts(b); T(read(got, b, 10)); close(got); close(s[0]); close(s[1]);
  int on = 1; socketpair(AF_UNIX, SOCK_STREAM, 0, s); setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on); p = CHILD(write(s[1], "child", 5)); done(p); write(s[1], "parent", 6); for (int i = 0; i < 2; i++) { h.msg_controllen = sizeof control; T(recvmsg(s[0], &h, 0)); struct ucred *u = (void *)CMSG_DATA(CMSG_FIRSTHDR(&h)); printf("%s\n", u->pid == p ? "from the child" : u->pid == getpid() ? "from the parent" : "from nobody"); } close(s[0]); close(s[1]);
}
static void paths(void) {
  printf("- by path\n");
  char dir[] = "/tmp/tramp64-XXXXXX"; mkdtemp(dir); chdir(dir); struct sockaddr_un a = { AF_UNIX, "sock" }; int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
  T(bind(l, (void *)&a, sizeof a)); T(bind(d, (void *)&a, sizeof a)); T(connect(c, (void *)&a, sizeof a)); T(listen(l, 2)); T(connect(d, (void *)&a, sizeof a)); T(access("sock", F_OK)); T(open("sock", O_RDONLY)); T(connect(c, (void *)&a, sizeof a)); struct sockaddr_un f; socklen_t n = sizeof f; T(getpeername(c, (void *)&f, &n)); printf("%u %s\n", n, f.sun_path);
  T(rename("sock", "other")); strcpy(a.sun_path, "other"); int c2 = socket(AF_UNIX, SOCK_STREAM, 0); T(connect(c2, (void *)&a, sizeof a)); close(c2); symlink("other", "link"); strcpy(a.sun_path, "link"); c2 = socket(AF_UNIX, SOCK_STREAM, 0); T(connect(c2, (void *)&a, sizeof a)); close(c2); close(l); c2 = socket(AF_UNIX, SOCK_STREAM, 0); T(connect(c2, (void *)&a, sizeof a)); T(unlink("other")); T(connect(c2, (void *)&a, sizeof a)); close(creat("file", 0600)); strcpy(a.sun_path, "file"); T(connect(c2, (void *)&a, sizeof a)); T(bind(c2, (void *)&a, sizeof a)); strcpy(a.sun_path, "no/where"); T(bind(c2, (void *)&a, sizeof a)); T(connect(c2, (void *)&a, sizeof a)); strcpy(a.sun_path, "."); T(bind(c2, (void *)&a, sizeof a));
  umask(077); strcpy(a.sun_path, "quiet"); T(bind(d, (void *)&a, sizeof a)); struct stat { long x[64]; } st; (void)st; close(c); close(c2); close(d); unlink("link"); unlink("file"); unlink("quiet"); chdir("/"); T(rmdir(dir));
}
int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16); signal(SIGPIPE, SIG_IGN);
  struct { const char *name; void (*run)(void); } all[] = { { "transfers", transfers }, { "server", server }, { "waits", waits }, { "timers", timers }, { "processes", processes }, { "paths", paths } };
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) if (argc < 2 || strcmp(argv[1], all[i].name) == 0) all[i].run();
  return 0;
}
