/** Sockets, epoll and their kin as one process sees them: prints what every call answers. The same natively and emulated. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int pipes;
static void on_pipe(int s) { (void)s; pipes++; }
static const char *name_of(int e) { return e == 0 ? "OK" : strerrorname_np(e); }
/** Runs a call and says what it gave. */
#define T(call) ({ errno = 0; long r_ = (long)(call); printf("%s = %ld %s%s\n", #call, r_ < 0 ? -1 : r_, r_ < 0 ? name_of(errno) : "", pipes ? " SIGPIPE" : ""); pipes = 0; r_; })
/** For results that are descriptors: only whether. */
#define F(call) ({ errno = 0; int r_ = (int)(call); printf("%s %s\n", #call, r_ < 0 ? name_of(errno) : "ok"); r_; })
static void events(const char *what, int fd, int wanted) {
  struct pollfd p = { fd, (short)wanted, 0 };
  int n = poll(&p, 1, 0);
  printf("%s: poll %d %#x\n", what, n, (unsigned)p.revents & 0xffff);
}
#define P(fd) events(#fd, fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP)
static char b[70000];
static void option(const char *what, int fd, int level, int name) {
  int value = -1; socklen_t n = sizeof value;
  int r = getsockopt(fd, level, name, &value, &n);
  if (r < 0) printf("%s: %s\n", what, name_of(errno)); else printf("%s: %d (%u)\n", what, value, n);
}
#define O(fd, level, name) option(#fd " " #name, fd, level, name)
static void named(const char *what, int fd, int peer) {
  struct sockaddr_storage s; socklen_t n = sizeof s; memset(&s, 0, sizeof s);
  int r = (peer ? getpeername : getsockname)(fd, (void *)&s, &n);
  if (r < 0) { printf("%s: %s\n", what, name_of(errno)); return; }
  printf("%s: family %d, %u bytes", what, s.ss_family, n);
  if (s.ss_family == AF_UNIX) { printf(" <"); for (unsigned i = 2; i < n; i++) { char c = ((char *)&s)[i]; printf(c ? "%c" : "\\0", c); } printf(">"); }
  if (s.ss_family == AF_INET) printf(" %s %s", inet_ntoa(((struct sockaddr_in *)&s)->sin_addr), ((struct sockaddr_in *)&s)->sin_port ? "port" : "no port");
  char t[64];
  if (s.ss_family == AF_INET6) printf(" %s %s", inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&s)->sin6_addr, t, sizeof t), ((struct sockaddr_in6 *)&s)->sin6_port ? "port" : "no port");
  printf("\n");
}
#define N(fd) named(#fd " is", fd, 0)
#define M(fd) named(#fd " faces", fd, 1)

static socklen_t un(struct sockaddr_un *a, const char *name) {
  memset(a, 0, sizeof *a); a->sun_family = AF_UNIX;
  if (*name == '@') { strcpy(a->sun_path + 1, name + 1); return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)); }
  strcpy(a->sun_path, name);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
}
static void pairs(void) {
  printf("- pairs\n");
  int s[2], types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
  for (int k = 0; k < 3; k++) {
    printf("type %d\n", types[k]);
    T(socketpair(AF_UNIX, types[k] | SOCK_NONBLOCK, 0, s));
    P(s[0]); N(s[0]); M(s[0]);
    O(s[0], SOL_SOCKET, SO_TYPE); O(s[0], SOL_SOCKET, SO_DOMAIN); O(s[0], SOL_SOCKET, SO_PROTOCOL); O(s[0], SOL_SOCKET, SO_ERROR); O(s[0], SOL_SOCKET, SO_ACCEPTCONN);
    T(recv(s[1], b, 10, 0));
    T(write(s[0], "hello", 5)); T(send(s[0], "world!", 6, 0));
    P(s[1]);
    int n = -1; T(ioctl(s[1], FIONREAD, &n)); printf("FIONREAD %d\n", n);
    T(recv(s[1], b, 3, MSG_PEEK)); T(recv(s[1], b, 3, MSG_PEEK | MSG_TRUNC)); T(recv(s[1], b, 3, 0)); T(read(s[1], b, 100)); T(read(s[1], b, 100));
    T(send(s[0], "", 0, 0)); T(recv(s[1], b, 10, 0));
    T(sendto(s[0], "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "nowhere" }, 20));
    T(shutdown(s[0], 9)); T(shutdown(s[0], SHUT_WR)); T(write(s[0], "x", 1)); P(s[0]); P(s[1]); T(recv(s[1], b, 10, 0)); T(write(s[1], "back", 4)); T(recv(s[0], b, 10, 0));
    T(shutdown(s[1], SHUT_RDWR)); P(s[0]); P(s[1]);
    close(s[0]); P(s[1]); T(write(s[1], "x", 1)); T(recv(s[1], b, 10, 0)); T(send(s[1], "x", 1, MSG_NOSIGNAL)); close(s[1]);
    socketpair(AF_UNIX, types[k] | SOCK_NONBLOCK, 0, s);
    write(s[1], "unread", 6); T(close(s[1])); P(s[0]); T(read(s[0], b, 100)); T(read(s[0], b, 100)); T(write(s[0], "x", 1)); T(write(s[0], "x", 1)); close(s[0]);
    socketpair(AF_UNIX, types[k] | SOCK_NONBLOCK, 0, s);
    write(s[1], "unread", 6); close(s[0]); P(s[1]); T(read(s[1], b, 100)); T(read(s[1], b, 100)); T(write(s[1], "x", 1)); T(write(s[1], "x", 1)); P(s[1]); close(s[1]);
  }
  T(socketpair(AF_INET, SOCK_STREAM, 0, s)); T(socketpair(AF_UNIX, SOCK_RDM, 0, s)); T(socketpair(AF_UNIX, SOCK_STREAM, 7, s)); T(socketpair(AF_UNIX, 77, 0, s));
  T(socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, s)); T(socketpair(99, SOCK_STREAM, 0, s));
  T(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 1, s)); T(fcntl(s[0], F_GETFD)); T(fcntl(s[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
  struct stat st; fstat(s[0], &st); printf("mode %o\n", st.st_mode); T(lseek(s[0], 0, SEEK_CUR)); T(ftruncate(s[0], 0)); T(pread(s[0], b, 1, 0)); { int null = open("/dev/null", O_RDONLY); T(recv(null, b, 1, 0)); close(null); } T(recv(99, b, 1, 0));
  T(recv(s[0], (void *)8, 10, MSG_DONTWAIT)); T(send(s[0], (void *)8, 10, MSG_DONTWAIT)); T(listen(s[0], 1)); T(accept(s[0], 0, 0)); T(bind(s[0], (void *)8, 20)); T(bind(s[0], (void *)b, 200));
  close(s[0]); close(s[1]);
}
static void streams(void) {
  printf("- unix streams\n");
  struct sockaddr_un a, p; socklen_t n = un(&a, "@tramp64-name"), m = un(&p, "sock");
  int l = F(socket(AF_UNIX, SOCK_STREAM, 0)), c = F(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)), e = F(socket(AF_UNIX, SOCK_SEQPACKET, 0)), s;
  P(l); N(l); M(l); T(connect(c, (void *)&a, n)); T(listen(l, 1)); T(accept(l, 0, 0)); T(recv(l, b, 1, 0)); T(send(l, b, 1, 0));
  T(bind(l, (void *)&a, n)); T(bind(l, (void *)&p, m)); T(bind(e, (void *)&a, n)); T(connect(c, (void *)&a, n)); T(listen(l, 1)); T(listen(l, 0)); P(l); N(l); O(l, SOL_SOCKET, SO_ACCEPTCONN);
  T(connect(e, (void *)&a, n)); T(connect(c, (void *)&a, n)); T(connect(c, (void *)&a, n)); P(l); P(c); N(c); M(c); T(write(c, "early", 5));
  int c2 = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(c2, (void *)&a, n)); close(c2);
  s = F(accept4(l, 0, 0, SOCK_NONBLOCK)); N(s); M(s); T(read(s, b, 10)); T(fcntl(s, F_GETFL) & O_NONBLOCK);
  struct ucred u; socklen_t k = sizeof u; T(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &u, &k)); printf("%d %d %d\n", u.pid == getpid(), u.uid == getuid(), u.gid == getgid());
  fcntl(l, F_SETFL, O_NONBLOCK); T(accept(l, 0, 0)); T(accept4(l, 0, 0, 4)); T(send(c, "x", 1, 0)); T(connect(s, (void *)&a, n)); T(connect(l, (void *)&a, n)); T(bind(c, (void *)&a, 2)); 
  c2 = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(c2, (void *)&a, n)); close(l); P(c2); T(write(c2, "x", 1)); T(read(c2, b, 1)); T(read(c2, b, 1)); T(connect(c, (void *)&a, n)); close(c2); close(s); close(c);
  T(connect(e, (void *)&p, 1)); T(connect(e, (void *)&p, 200)); T(connect(e, (void *)&p, m)); p.sun_family = 7; T(connect(e, (void *)&p, m)); p.sun_family = AF_UNIX; T(bind(e, (void *)&p, 2)); N(e); close(e);
}
static void datagrams(void) {
  printf("- unix datagrams\n");
  struct sockaddr_un a, c; socklen_t n = un(&a, "@one"), m = un(&c, "@two"), k; struct sockaddr_un f;
  int one = F(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)), two = F(socket(AF_UNIX, SOCK_RAW | SOCK_NONBLOCK, 0));
  O(two, SOL_SOCKET, SO_TYPE); P(one); T(send(one, "x", 1, 0)); T(sendto(one, "x", 1, 0, (void *)&a, n)); T(recv(one, b, 1, 0)); T(listen(one, 1)); T(accept(one, 0, 0));
  T(bind(one, (void *)&a, n)); T(sendto(two, "anonymous", 9, 0, (void *)&a, n)); k = sizeof f; T(recvfrom(one, b, 4, 0, (void *)&f, &k)); printf("%u\n", k);
  T(bind(two, (void *)&c, m)); T(sendto(two, "named", 5, 0, (void *)&a, n)); k = sizeof f; T(recvfrom(one, b, 4, MSG_TRUNC, (void *)&f, &k)); printf("%u %s\n", k, f.sun_path + 1);
  T(connect(two, (void *)&a, n)); T(send(two, "to one", 6, 0)); M(two); T(connect(one, (void *)&a, n)); T(send(two, "refused", 7, 0)); T(connect(two, (void *)&a, n));
  T(connect(one, (void *)&(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr))); T(send(two, "again", 5, 0)); T(send(two, b, 300000, 0)); 
  int sent = 0; while (send(two, "x", 1, 0) > 0) sent++; printf("%d %s\n", sent, name_of(errno)); P(two); recv(one, b, 1, 0); P(two); int q[2]; socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, q); for (sent = 0; send(q[0], "x", 1, 0) > 0; sent++); printf("%d %s\n", sent > 11, name_of(errno)); P(q[0]); P(q[1]); close(q[0]); close(q[1]);
  close(one); P(two); T(send(two, "x", 1, 0)); T(send(two, "x", 1, 0)); close(two);
}
static int pass(int s, const void *data, size_t n, const int *fds, int count) {
  char control[CMSG_SPACE(sizeof(int) * 300)]; memset(control, 0, sizeof control);
  struct iovec v = { (void *)data, n }; struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
  struct cmsghdr *c = CMSG_FIRSTHDR(&h); c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(sizeof(int) * count);
  memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  return (int)sendmsg(s, &h, 0);
}
static void take(int s, size_t room, size_t control_room, int flags) {
  char control[2048]; memset(control, 0, sizeof control); struct iovec v = { b, room }; struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = control_room };
  errno = 0; long n = recvmsg(s, &h, flags);
  printf("recvmsg %ld %s flags %#x control %zu:", n, name_of(errno), h.msg_flags, n < 0 ? 0 : h.msg_controllen);
  if (n >= 0) for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
    printf(" [%d %zu", c->cmsg_type, c->cmsg_len);
    if (c->cmsg_type == SCM_RIGHTS) for (unsigned i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / 4; i++) { int fd = ((int *)CMSG_DATA(c))[i]; printf(" fd%s", fcntl(fd, F_GETFD) ? "x" : ""); close(fd); }
    else { struct ucred *u = (void *)CMSG_DATA(c); printf(" %d %d", u->pid == getpid(), c->cmsg_len < CMSG_LEN(sizeof *u) ? -1 : u->uid == getuid()); }
    printf("]");
  }
  printf("\n");
}
static void rights(void) {
  printf("- rights\n");
  int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, s[2], p[2], many[300];
  for (int k = 0; k < 3; k++) {
    printf("type %d\n", types[k]);
    socketpair(AF_UNIX, types[k] | SOCK_NONBLOCK, 0, s); T(pipe(p));
    T(pass(s[0], "fd", 2, p, 2)); take(s[1], 10, 200, MSG_PEEK); take(s[1], 1, 200, MSG_CMSG_CLOEXEC); take(s[1], 10, 200, 0);
    T(pass(s[0], "fd", 2, p, 2)); take(s[1], 10, CMSG_LEN(4), 0); T(pass(s[0], "fd", 2, p, 1)); take(s[1], 10, 0, 0); T(pass(s[0], "fd", 2, p, 1)); take(s[1], 10, 10, 0); T(pass(s[0], "fd", 2, p, 2)); T(recv(s[1], b, 10, 0));
    T(write(s[0], "before", 6)); T(pass(s[0], "with", 4, p, 1)); T(write(s[0], "after", 5)); take(s[1], 100, 200, 0); take(s[1], 100, 200, 0); take(s[1], 100, 200, 0);
    T(pass(s[0], "bad", 3, (int[]){ 99 }, 1)); for (int i = 0; i < 300; i++) many[i] = p[0]; T(pass(s[0], "many", 4, many, 254)); T(pass(s[0], "many", 4, many, 253)); take(s[1], 10, 2000, 0);
    int on = 1; T(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on)); T(write(s[0], "who", 3)); take(s[1], 10, 200, 0); T(pass(s[0], "both", 4, p, 2)); take(s[1], 10, 200, 0); T(pass(s[0], "both", 4, p, 2)); take(s[1], 10, CMSG_SPACE(12), 0);
    write(s[0], "cut", 3); take(s[1], 10, 20, 0); write(s[0], "none", 4); take(s[1], 10, 0, 0);
    T(pass(s[0], "held", 4, p, 1)); close(p[0]); T(write(p[1], "x", 1)); close(s[1]); T(write(p[1], "x", 1)); close(s[0]); close(p[1]);
  }
  /* Rings of sockets in one another. */
  for (int i = 0; i < 3000; i++) { socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s); if (pass(s[0], "x", 1, s, 2) < 0) { printf("ring %d: %s\n", i, name_of(errno)); break; } close(s[0]); close(s[1]); }
  T(socketpair(AF_UNIX, SOCK_STREAM, 0, s)); T(pass(s[0], "own", 3, s, 2)); take(s[1], 3, 200, 0); close(s[0]); close(s[1]);
}
static socklen_t in4(struct sockaddr_in *a, const char *ip, int port) { memset(a, 0, sizeof *a); a->sin_family = AF_INET; a->sin_port = htons((uint16_t)port); inet_pton(AF_INET, ip, &a->sin_addr); return sizeof *a; }
static socklen_t in6(struct sockaddr_in6 *a, const char *ip, int port) { memset(a, 0, sizeof *a); a->sin6_family = AF_INET6; a->sin6_port = htons((uint16_t)port); inet_pton(AF_INET6, ip, &a->sin6_addr); return sizeof *a; }
static int port_of(int fd) { struct sockaddr_in6 a; socklen_t n = sizeof a; getsockname(fd, (void *)&a, &n); return ntohs(a.sin6_port); }
static void tcp(void) {
  printf("- tcp\n");
  struct sockaddr_in a; struct sockaddr_in6 a6; socklen_t n = in4(&a, "127.0.0.1", 0), k; int on = 1;
  int l = F(socket(AF_INET, SOCK_STREAM, 0)), c, s;
  P(l); N(l); M(l); T(accept(l, 0, 0)); T(recv(l, b, 1, 0)); T(send(l, b, 1, 0)); T(shutdown(l, SHUT_RD)); O(l, SOL_SOCKET, SO_PROTOCOL); O(l, SOL_SOCKET, SO_DOMAIN);
  T(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)); O(l, SOL_SOCKET, SO_REUSEADDR);
  T(bind(l, (void *)&a, 8)); a.sin_family = AF_UNIX; T(bind(l, (void *)&a, n)); in4(&a, "10.1.2.3", 0); T(bind(l, (void *)&a, n)); in4(&a, "127.0.0.1", 0); T(bind(l, (void *)&a, n)); T(bind(l, (void *)&a, n)); N(l); T(listen(l, 5)); T(listen(l, 2)); O(l, SOL_SOCKET, SO_ACCEPTCONN); P(l);
  int port = port_of(l); in4(&a, "127.0.0.1", port); c = F(socket(AF_INET, SOCK_STREAM, 0)); T(bind(c, (void *)&a, n)); T(connect(c, (void *)&a, 3)); T(connect(c, (void *)&a, n)); N(c); M(c); P(l); P(c); T(connect(c, (void *)&a, n));
  k = sizeof a6; s = F(accept4(l, (void *)&a6, &k, SOCK_NONBLOCK)); printf("%u %d\n", k, a6.sin6_port == htons((uint16_t)port_of(c))); N(s); M(s); P(s);
  T(write(c, "one", 3)); T(write(c, "two", 3)); T(ioctl(s, FIONREAD, &on)); printf("%d\n", on); T(recv(s, b, 2, MSG_PEEK)); T(recv(s, b, 2, MSG_TRUNC)); T(recv(s, b, 100, MSG_WAITALL | MSG_DONTWAIT)); T(read(s, b, 10)); T(send(s, b, 0, 0)); 
  T(shutdown(c, SHUT_WR)); T(shutdown(c, SHUT_WR)); P(c); P(s); T(read(s, b, 10)); T(write(s, "reply", 5)); T(write(c, "x", 1)); T(read(c, b, 10)); close(s); P(c); T(read(c, b, 10)); T(write(c, "x", 1)); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, (void *)&a, n); s = accept(l, 0, 0); write(c, "unread", 6); write(s, "kept", 4); close(s); P(c); T(read(c, b, 10)); T(read(c, b, 10)); T(read(c, b, 10)); T(write(c, "x", 1)); M(c); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, (void *)&a, n); s = accept(l, 0, 0); close(s); P(c); T(write(c, "x", 1)); P(c); T(write(c, "x", 1)); T(write(c, "x", 1)); T(read(c, b, 1)); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, (void *)&a, n); s = accept(l, 0, 0); struct linger lg = { 1, 0 }; T(setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof lg)); close(s); P(c); O(c, SOL_SOCKET, SO_ERROR); O(c, SOL_SOCKET, SO_ERROR); T(read(c, b, 1)); close(c);
  c = F(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)); T(connect(c, (void *)&a, n)); P(c); T(connect(c, (void *)&a, n)); T(connect(c, (void *)&a, n)); s = accept(l, 0, 0); T(write(s, "x", 1)); P(c); close(s); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, (void *)&a, n)); close(l); T(read(c, b, 1)); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, (void *)&a, n)); P(c); T(connect(c, (void *)&a, n)); close(c);
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(c, (void *)&a, n)); P(c); O(c, SOL_SOCKET, SO_ERROR); O(c, SOL_SOCKET, SO_ERROR); T(connect(c, (void *)&a, n)); close(c);
  printf("- dual stack\n");
  l = F(socket(AF_INET6, SOCK_STREAM, 0)); in6(&a6, "::", 0); O(l, IPPROTO_IPV6, IPV6_V6ONLY); T(bind(l, (void *)&a6, 20)); T(bind(l, (void *)&a6, sizeof a6)); T(listen(l, 5)); N(l); port = port_of(l); in4(&a, "127.0.0.1", port); c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, (void *)&a, n)); s = accept(l, 0, 0); N(s); M(s); close(s); close(c);
  in6(&a6, "::1", port); c = socket(AF_INET6, SOCK_STREAM, 0); T(connect(c, (void *)&a6, sizeof a6)); s = accept(l, 0, 0); N(s); M(c); close(c); c = socket(AF_INET6, SOCK_STREAM, 0); in6(&a6, "::ffff:127.0.0.1", port); T(connect(c, (void *)&a6, sizeof a6)); M(c); N(c); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); in4(&a, "0.0.0.0", port); T(connect(c, (void *)&a, n)); M(c); close(c); c = socket(AF_INET, SOCK_STREAM, 0); T(bind(c, (void *)&a, n)); close(c); close(l); close(s);
  c = socket(AF_INET6, SOCK_STREAM, 0); T(setsockopt(c, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)); in6(&a6, "::ffff:127.0.0.1", port); T(connect(c, (void *)&a6, sizeof a6)); T(bind(c, (void *)&a6, sizeof a6)); in4(&a, "127.0.0.1", 0); T(bind(c, (void *)&a, n)); close(c);
}
static void udp(void) {
  printf("- udp\n");
  struct sockaddr_in a, f; socklen_t n = in4(&a, "127.0.0.1", 0), k; int one = F(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)), two = F(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP)), r;
  P(one); T(send(one, "x", 1, 0)); T(recv(one, b, 1, 0)); T(listen(one, 1)); T(accept(one, 0, 0)); T(bind(one, (void *)&a, n)); in4(&a, "127.0.0.1", port_of(one)); T(sendto(two, "hello", 5, 0, (void *)&a, n)); N(two); P(one); T(ioctl(one, FIONREAD, &r)); printf("%d\n", r);
  k = sizeof f; T(recvfrom(one, b, 3, MSG_TRUNC, (void *)&f, &k)); printf("%u %d\n", k, f.sin_port == htons((uint16_t)port_of(two))); T(sendto(two, "", 0, 0, (void *)&a, n)); P(one); T(recv(one, b, 10, 0)); T(recv(one, b, 10, 0));
  T(connect(two, (void *)&a, n)); M(two); N(two); T(send(two, "c", 1, 0)); T(sendto(one, "back", 4, 0, (void *)&f, sizeof f)); T(recv(two, b, 10, 0)); T(sendto(two, b, 66000, 0, (void *)&a, n)); T(sendto(two, b, 65507, 0, (void *)&a, n)); T(recv(one, b, 1, 0)); T(recv(one, b, 66000, 0));
  close(one); T(send(two, "x", 1, 0)); P(two); T(send(two, "x", 1, 0)); T(send(two, "x", 1, 0)); O(two, SOL_SOCKET, SO_ERROR); T(recv(two, b, 1, 0)); T(shutdown(two, SHUT_RD)); T(recv(two, b, 1, 0)); P(two); T(connect(two, (void *)&(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr))); M(two);
  in4(&a, "127.0.0.1", 0); T(sendto(two, "x", 1, 0, (void *)&a, n)); T(sendto(two, "x", 1, 0, (void *)&a, 4)); in4(&a, "255.255.255.255", 9); T(sendto(two, "x", 1, 0, (void *)&a, n)); close(two);
  one = socket(AF_INET, SOCK_DGRAM, 0); two = socket(AF_INET, SOCK_DGRAM, 0); in4(&a, "127.0.0.1", 0); bind(one, (void *)&a, n); in4(&a, "127.0.0.1", port_of(one)); T(bind(two, (void *)&a, n)); in4(&a, "0.0.0.0", port_of(one)); T(bind(two, (void *)&a, n)); in4(&a, "127.0.0.2", port_of(one)); T(bind(two, (void *)&a, n)); close(one); close(two);
  T(socket(AF_INET, SOCK_SEQPACKET, 0)); T(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)); T(socket(AF_INET, SOCK_STREAM, 999)); T(socket(77, SOCK_STREAM, 0)); T(socket(AF_NETLINK, SOCK_STREAM, 0)); T(socket(AF_INET, 0, 0)); T(socket(AF_INET, 12, 0));
}
static void options(void) {
  printf("- options\n");
  int u = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET6, SOCK_DGRAM, 0), v; socklen_t n;
  int *all[] = { &u, &t, &d }, names[] = { SO_DEBUG, SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_PRIORITY, SO_RCVLOWAT, SO_SNDLOWAT, SO_TYPE, SO_ACCEPTCONN, SO_REUSEPORT, SO_TIMESTAMP };
  for (int k = 0; k < 3; k++) for (unsigned i = 0; i < sizeof names / sizeof *names; i++) { char w[40]; sprintf(w, "%d of %d", names[i], k); option(w, *all[k], SOL_SOCKET, names[i]); }
  v = 7; T(setsockopt(u, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v)); O(u, SOL_SOCKET, SO_KEEPALIVE); T(setsockopt(u, SOL_SOCKET, SO_KEEPALIVE, &v, 3)); T(setsockopt(u, SOL_SOCKET, SO_TYPE, &v, sizeof v)); T(setsockopt(u, SOL_SOCKET, 999, &v, sizeof v)); T(setsockopt(u, SOL_SOCKET, SO_KEEPALIVE, (void *)8, 4));
  O(u, SOL_SOCKET, 999); O(u, 77, 1); O(u, IPPROTO_TCP, TCP_NODELAY); O(t, IPPROTO_TCP, TCP_NODELAY); O(d, IPPROTO_TCP, TCP_NODELAY); O(t, 77, 1); T(setsockopt(t, IPPROTO_TCP, TCP_NODELAY, &v, sizeof v)); O(t, IPPROTO_TCP, TCP_NODELAY); O(t, IPPROTO_TCP, TCP_KEEPIDLE); O(t, IPPROTO_TCP, TCP_KEEPCNT); O(t, IPPROTO_IP, IP_TTL); O(t, IPPROTO_IP, IP_TOS); O(d, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
  v = 10000; T(setsockopt(u, SOL_SOCKET, SO_SNDBUF, &v, sizeof v)); O(u, SOL_SOCKET, SO_SNDBUF); v = 1; T(setsockopt(u, SOL_SOCKET, SO_RCVBUF, &v, sizeof v)); O(u, SOL_SOCKET, SO_RCVBUF); T(setsockopt(u, SOL_SOCKET, SO_SNDBUF, &v, sizeof v)); O(u, SOL_SOCKET, SO_SNDBUF);
  struct timeval tv = { 1, 500000 }; T(setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); tv.tv_sec = 0; n = sizeof tv; T(getsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, &n)); printf("%ld %ld %u\n", tv.tv_sec, tv.tv_usec, n); tv.tv_usec = 2000000; T(setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); T(setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, 8));
  struct linger l = { 5, 9 }; T(setsockopt(t, SOL_SOCKET, SO_LINGER, &l, sizeof l)); n = sizeof l; T(getsockopt(t, SOL_SOCKET, SO_LINGER, &l, &n)); printf("%d %d\n", l.l_onoff, l.l_linger); n = 2; v = 0x55555555; T(getsockopt(t, SOL_SOCKET, SO_TYPE, &v, &n)); printf("%x %u\n", v, n); n = (socklen_t)-1; T(getsockopt(t, SOL_SOCKET, SO_TYPE, &v, &n));
  struct ucred c; n = sizeof c; T(getsockopt(u, SOL_SOCKET, SO_PEERCRED, &c, &n)); printf("%d %d %d\n", c.pid, c.uid, c.gid);
  int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s); tv.tv_sec = 0; tv.tv_usec = 20000; T(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); T(recv(s[0], b, 1, 0)); T(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv)); while (send(s[0], b, sizeof b, 0) > 0); T(send(s[0], b, 1, 0)); 
  close(s[0]); close(s[1]); close(u); close(t); close(d);
}
static void many(void) {
  printf("- several messages\n");
  int s[2]; socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s);
  struct iovec v[3] = { { "one", 3 }, { "three", 5 }, { "", 0 } }; struct mmsghdr m[3]; memset(m, 0, sizeof m);
  for (int i = 0; i < 3; i++) { m[i].msg_hdr.msg_iov = &v[i]; m[i].msg_hdr.msg_iovlen = 1; }
  T(sendmmsg(s[0], m, 3, 0)); printf("%u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
  char in[3][4]; for (int i = 0; i < 3; i++) v[i] = (struct iovec){ in[i], 4 };
  T(recvmmsg(s[1], m, 2, 0, 0)); printf("%u %u %x\n", m[0].msg_len, m[1].msg_len, m[1].msg_hdr.msg_flags); T(recvmmsg(s[1], m, 3, 0, 0)); T(recvmmsg(s[1], m, 3, 0, 0)); T(sendmmsg(s[0], m, 0, 0)); m[1].msg_hdr.msg_iov = (void *)8; T(sendmmsg(s[0], m, 3, 0)); T(sendmmsg(s[0], m + 1, 1, 0));
  struct msghdr h = { .msg_iov = v, .msg_iovlen = 2000 }; T(sendmsg(s[0], &h, 0)); T(sendmsg(s[0], (void *)8, 0)); T(recvmsg(s[1], (void *)8, 0)); close(s[0]); close(s[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s); struct iovec w[2] = { { "ab", 2 }, { "cdef", 4 } }; T(writev(s[0], w, 2)); struct iovec r[2] = { { in[0], 3 }, { in[1], 3 } }; T(readv(s[1], r, 2)); printf("%.3s %.3s\n", in[0], in[1]); T(write(s[0], "abcdef", 6)); T(recv(s[1], b, 6, MSG_WAITALL)); T(write(s[0], "abc", 3)); close(s[0]); T(recv(s[1], b, 6, MSG_WAITALL)); close(s[1]);
}
static void interfaces(void) {
  printf("- interfaces\n");
  struct ifaddrs *i, *k; T(getifaddrs(&i));
  for (k = i; k; k = k->ifa_next) if (!strcmp(k->ifa_name, "lo")) printf("%s %d %x\n", k->ifa_name, k->ifa_addr ? k->ifa_addr->sa_family : -1, k->ifa_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
  T(if_nametoindex("lo")); char n[IF_NAMESIZE]; printf("%s\n", if_indextoname(1, n)); T(if_nametoindex("none0"));
  int s = socket(AF_INET, SOCK_DGRAM, 0); struct ifreq q; memset(&q, 0, sizeof q); strcpy(q.ifr_name, "lo"); T(ioctl(s, SIOCGIFADDR, &q)); printf("%s\n", inet_ntoa(((struct sockaddr_in *)&q.ifr_addr)->sin_addr)); T(ioctl(s, SIOCGIFNETMASK, &q)); printf("%s\n", inet_ntoa(((struct sockaddr_in *)&q.ifr_addr)->sin_addr)); T(ioctl(s, SIOCGIFMTU, &q)); printf("%d\n", q.ifr_mtu); strcpy(q.ifr_name, "none0"); T(ioctl(s, SIOCGIFADDR, &q)); T(ioctl(s, TIOCGWINSZ, &q)); close(s);
}
static void ready(int ep) {
  struct epoll_event e[8]; int n = epoll_wait(ep, e, 8, 0); printf("epoll %d:", n);
  for (int i = 0; i < n; i++) printf(" %#x/%d", e[i].events, (int)e[i].data.u64);
  printf("\n");
}
static int ctl(int ep, int op, int fd, unsigned ev, int data) { struct epoll_event e = { ev, { .u64 = (uint64_t)data } }; return epoll_ctl(ep, op, fd, &e); }
static void polls(void) {
  printf("- epoll\n");
  int ep = epoll_create1(0), s[2], p[2], e = eventfd(0, EFD_NONBLOCK), in = epoll_create1(EPOLL_CLOEXEC); uint64_t v = 1; T(fcntl(in, F_GETFD));
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s); T(pipe2(p, O_NONBLOCK));
  T(ctl(ep, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, 1)); ready(ep); ready(ep); write(s[1], "abc", 3); ready(ep); ready(ep); write(s[1], "d", 1); ready(ep); read(s[0], b, 2); ready(ep); T(ctl(ep, EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLET, 2)); ready(ep); ready(ep); shutdown(s[1], SHUT_WR); ready(ep); ready(ep); T(ctl(ep, EPOLL_CTL_DEL, s[0], 0, 0)); ready(ep); close(s[0]); close(s[1]);
  T(ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN | EPOLLONESHOT, 3)); ready(ep); write(e, &v, 8); ready(ep); ready(ep); T(ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLOUT | EPOLLONESHOT, 4)); ready(ep); ready(ep); T(ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1)); T(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 1)); T(ctl(ep, EPOLL_CTL_DEL, p[0], 0, 0)); T(ctl(ep, 9, e, 0, 0)); T(epoll_ctl(ep, EPOLL_CTL_MOD, e, (void *)8)); T(ctl(ep, EPOLL_CTL_ADD, 99, 0, 0)); T(ctl(e, EPOLL_CTL_ADD, ep, 0, 0)); T(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 0));
  T(ctl(in, EPOLL_CTL_ADD, p[0], EPOLLIN, 5)); T(ctl(ep, EPOLL_CTL_ADD, in, EPOLLIN, 6)); T(ctl(in, EPOLL_CTL_ADD, ep, EPOLLIN, 6)); ready(ep); write(p[1], "x", 1); P(in); ready(ep); ready(in); read(p[0], b, 1); ready(ep); T(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLEXCLUSIVE, 7)); T(ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 7)); ready(ep); close(p[0]); ready(ep); close(p[1]); ready(ep);
  int d = open("/", O_RDONLY | O_DIRECTORY), x = open("/dev/null", O_RDWR); T(ctl(ep, EPOLL_CTL_ADD, d, EPOLLIN, 8)); T(ctl(ep, EPOLL_CTL_ADD, x, EPOLLIN, 8)); P(x); P(d); struct epoll_event o; T(epoll_wait(ep, &o, 0, 0)); T(epoll_wait(ep, &o, -1, 0)); T(epoll_wait(e, &o, 1, 0)); T(epoll_wait(ep, &o, 1, 10)); T(epoll_create(0)); T(epoll_create1(77)); T(read(ep, b, 10));
  int chain[8]; for (int i = 0; i < 8; i++) { chain[i] = epoll_create1(0); if (i) T(ctl(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN, 0)); } for (int i = 0; i < 8; i++) close(chain[i]);
  for (int i = 0; i < 8; i++) chain[i] = epoll_create1(0); for (int i = 0; i < 7; i++) T(ctl(chain[i], EPOLL_CTL_ADD, chain[i + 1], EPOLLIN, 0)); for (int i = 0; i < 8; i++) close(chain[i]);
  printf("- eventfd\n"); T(read(e, &v, 8)); printf("%lu\n", v); T(read(e, &v, 8)); T(read(e, &v, 4)); T(write(e, &v, 4)); v = ~0ull; T(write(e, &v, 8)); v = ~1ull; T(write(e, &v, 8)); P(e); v = 1; T(write(e, &v, 8)); T(lseek(e, 0, SEEK_SET)); T(eventfd(0, 77)); close(e); e = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK); T(read(e, &v, 8)); printf("%lu\n", v); T(read(e, &v, 9)); T(read(e, &v, 8)); T(read(e, &v, 8)); close(e); close(ep); close(in); close(d); close(x);
  printf("- select\n"); pipe(p); fd_set r, w; FD_ZERO(&r); FD_ZERO(&w); FD_SET(p[0], &r); FD_SET(p[1], &w); struct timeval tv = { 0, 0 }; T(select(p[1] + 1, &r, &w, 0, &tv)); printf("%d %d\n", FD_ISSET(p[0], &r), FD_ISSET(p[1], &w)); FD_SET(p[0], &r); FD_SET(99, &r); T(select(100, &r, 0, 0, &tv)); T(select(-1, 0, 0, 0, &tv)); tv.tv_usec = -1; T(select(0, 0, 0, 0, &tv)); tv = (struct timeval){ 0, 1000 }; FD_ZERO(&r); FD_SET(p[0], &r); T(select(p[0] + 1, &r, 0, 0, &tv)); printf("%ld %ld\n", tv.tv_sec, tv.tv_usec);
  T(poll((void *)8, 1, 0)); T(poll(0, 0, 1)); sigset_t set; sigemptyset(&set); struct timespec ts = { 0, 1000 }; T(ppoll(0, 0, &ts, &set)); ts.tv_nsec = -5; T(ppoll(0, 0, &ts, &set)); events("99", 99, POLLIN); events("-1", -1, POLLIN); events("in", p[0], POLLIN); write(p[1], "x", 1); events("norm", p[0], POLLRDNORM); close(p[1]); events("in", p[0], POLLIN); close(p[0]);
}
int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16); signal(SIGPIPE, on_pipe);
  pairs(); streams(); datagrams(); rights(); tcp(); udp(); options(); many(); interfaces(); polls();
  printf("- threads of names\n"); struct addrinfo *r = 0, h = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }; T(getaddrinfo("127.0.0.1", "80", &h, &r));
  for (int fd = 3; fd < 64; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("left open: %d\n", fd);
  return 0;
}
