/* Sockets within a machine: unix(7), socketpair(2), sendmsg(2), cmsg(3), shutdown(2). */
#include "conform.h"
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un named(const char *path) {
  struct sockaddr_un a;
  memset(&a, 0, sizeof a);
  a.sun_family = AF_UNIX;
  strcpy(a.sun_path, path);
  return a;
}
static socklen_t abstract(struct sockaddr_un *a, const char *name) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  int n = sprintf(a->sun_path + 1, "conform-%s-%d", name, getpid());
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}
#define ADDRESS(a) ((struct sockaddr *)&(a))

TEST(a_stream_pair_goes_both_ways) {
  int s[2];
  char b[20];
  CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, s)); CALL(write(s[0], "there", 5)); CALL(write(s[0], "more", 4));
  CALL(read(s[1], b, 20));
  bytes("b", b, 9);
  CALL(send(s[1], "back", 4, 0)); CALL(recv(s[0], b, 2, MSG_PEEK)); CALL(recv(s[0], b, 20, 0));
  bytes("b", b, 4);
  CALL(recv(s[0], b, 20, MSG_DONTWAIT)); CALL(shutdown(s[0], SHUT_WR)); CALL(read(s[1], b, 20));
  CALL(send(s[0], "x", 1, MSG_NOSIGNAL)); CALL(write(s[1], "still", 5)); CALL(read(s[0], b, 20)); CALL(close(s[1]));
  CALL(read(s[0], b, 20)); CALL(lseek(s[0], 0, SEEK_SET)); CALL(pread(s[0], b, 1, 0));
}
TEST(socket_and_socketpair_look_at_their_arguments) {
  int s[2];
  CALL(socket(99, SOCK_STREAM, 0)); CALL(socket(AF_UNIX, 99, 0)); CALL(socket(AF_UNIX, SOCK_STREAM, 99));
  CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8)); CALL(socketpair(AF_INET, SOCK_STREAM, 0, s));
  int fd = CALL(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  HEX(fcntl(fd, F_GETFD)); HEX(fcntl(fd, F_GETFL));
  char c;
  CALL(read(fd, &c, 1)); CALL(send(fd, "x", 1, MSG_NOSIGNAL)); CALL(listen(fd, 1)); CALL(accept(fd, 0, 0));
  CALL(listen(open("/dev/null", O_RDWR), 1)); CALL(shutdown(fd, SHUT_RD)); CALL(shutdown(fd, 99));
  CALL(send(open("/dev/null", O_RDWR), "x", 1, 0)); CALL(getsockname(99, 0, 0));
}
TEST(datagrams_keep_their_borders) {
  int s[2];
  char b[20];
  CALL(socketpair(AF_UNIX, SOCK_DGRAM, 0, s)); CALL(write(s[0], "first", 5)); CALL(write(s[0], "", 0));
  CALL(write(s[0], "third", 5)); CALL(read(s[1], b, 3)); CALL(read(s[1], b, 20)); CALL(recv(s[1], b, 2, MSG_TRUNC));
  CALL(recv(s[1], b, 20, MSG_DONTWAIT));
  struct msghdr m = {0};
  struct iovec v = {b, 2};
  m.msg_iov = &v;
  m.msg_iovlen = 1;
  write(s[0], "long", 4);
  CALL(recvmsg(s[1], &m, 0));
  HEX(m.msg_flags);
  close(s[1]);
  CALL(send(s[0], "x", 1, MSG_NOSIGNAL));
}
TEST(sequenced_packets_are_both) {
  int s[2];
  char b[20];
  CALL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s)); CALL(write(s[0], "one", 3)); CALL(write(s[0], "two", 3));
  CALL(read(s[1], b, 20)); CALL(read(s[1], b, 20)); CALL(send(s[0], "x", 1, MSG_EOR));
  struct msghdr m = {0};
  struct iovec v = {b, 20};
  m.msg_iov = &v;
  m.msg_iovlen = 1;
  CALL(recvmsg(s[1], &m, 0));
  HEX(m.msg_flags);
  close(s[0]);
  CALL(read(s[1], b, 20)); CALL(send(s[1], "x", 1, MSG_NOSIGNAL));
}
TEST(a_listener_by_path_accepts) {
  struct sockaddr_un a = named("socket"), got;
  socklen_t length = sizeof got;
  char b[20];
  int l = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(bind(l, ADDRESS(a), sizeof a));
  struct stat s;
  stat("socket", &s);
  OCTAL(s.st_mode);
  int c = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(connect(c, ADDRESS(a), sizeof a)); CALL(listen(l, 5)); CALL(connect(c, ADDRESS(a), sizeof a));
  CALL(connect(c, ADDRESS(a), sizeof a)); CALL(write(c, "early", 5));
  int conn = CALL(accept4(l, ADDRESS(got), &length, SOCK_CLOEXEC));
  HEX(fcntl(conn, F_GETFD));
  VALUE(length);
  CALL(read(conn, b, 20));
  length = sizeof got;
  CALL(getpeername(c, ADDRESS(got), &length));
  VALUE(length);
  TEXT(got.sun_path);
  length = sizeof got;
  CALL(getsockname(conn, ADDRESS(got), &length));
  VALUE(length);
  length = sizeof got;
  CALL(getsockname(c, ADDRESS(got), &length));
  VALUE(length);
  CALL(open("socket", O_RDONLY));
  int again = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(bind(again, ADDRESS(a), sizeof a)); CALL(bind(l, ADDRESS(a), sizeof a)); CALL(unlink("socket"));
  CALL(connect(again, ADDRESS(a), sizeof a));
  put_file("plain", "");
  a = named("plain");
  CALL(connect(again, ADDRESS(a), sizeof a));
}
TEST(abstract_names_need_no_file) {
  struct sockaddr_un a, got;
  socklen_t n = abstract(&a, "x"), length = sizeof got;
  int l = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(bind(l, ADDRESS(a), n)); CALL(listen(l, 1));
  int again = socket(AF_UNIX, SOCK_STREAM, 0);
  CALL(bind(again, ADDRESS(a), n));
  int c = socket(AF_UNIX, SOCK_STREAM, 0);
  CALL(connect(c, ADDRESS(a), n)); CALL(accept(l, 0, 0)); CALL(getpeername(c, ADDRESS(got), &length));
  IS(length == n && memcmp(&got, &a, n) == 0);
  close(l);
  CALL(connect(again, ADDRESS(a), n));
  int autobound = socket(AF_UNIX, SOCK_DGRAM, 0);
  CALL(bind(autobound, ADDRESS(a), sizeof(sa_family_t)));
  length = sizeof got;
  CALL(getsockname(autobound, ADDRESS(got), &length));
  VALUE(length); VALUE(got.sun_path[0]);
}
TEST(datagrams_by_name_tell_who_sent_them) {
  struct sockaddr_un a = named("a"), b = named("b"), got;
  socklen_t length = sizeof got;
  char text[20];
  int x = socket(AF_UNIX, SOCK_DGRAM, 0), y = socket(AF_UNIX, SOCK_DGRAM, 0), z = socket(AF_UNIX, SOCK_DGRAM, 0);
  CALL(bind(x, ADDRESS(a), sizeof a)); CALL(bind(y, ADDRESS(b), sizeof b));
  CALL(sendto(x, "to b", 4, 0, ADDRESS(b), sizeof b));
  memset(&got, 0, sizeof got);
  CALL(recvfrom(y, text, 20, 0, ADDRESS(got), &length));
  TEXT(got.sun_path);
  CALL(send(z, "x", 1, 0)); CALL(connect(z, ADDRESS(b), sizeof b)); CALL(send(z, "anonymous", 9, 0));
  length = sizeof got;
  CALL(recvfrom(y, text, 20, 0, ADDRESS(got), &length));
  VALUE(length);
  CALL(connect(y, ADDRESS(a), sizeof a)); CALL(send(z, "x", 1, 0));
  struct sockaddr_un none = named("none");
  CALL(sendto(x, "x", 1, 0, ADDRESS(none), sizeof none)); CALL(unlink("b")); CALL(send(z, "x", 1, MSG_DONTWAIT));
}
static long send_fds(int s, const int *fds, int count) {
  char control[CMSG_SPACE(sizeof(int) * 8)] = "";
  struct iovec v = {"f", 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count)};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
  memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
  return sendmsg(s, &m, 0);
}
static int recv_fds(int s, int *fds, int room, int flags) {
  char control[CMSG_SPACE(sizeof(int) * 8)], b[8];
  struct iovec v = {b, 8};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room ?
    CMSG_SPACE(sizeof(int) * (size_t)room) : 0};
  long got = recvmsg(s, &m, flags);
  say("recvmsg = %ld%s%s", got, m.msg_flags & MSG_CTRUNC ? " ctrunc" : "", m.msg_flags & MSG_CMSG_CLOEXEC ? " cloexec" : "");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  if (got < 0 || c == 0) return 0;
  int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(fds, CMSG_DATA(c), sizeof(int) * (size_t)n);
  return n;
}
TEST(SCM_RIGHTS_carries_descriptions) {
  int s[2], got[8];
  put_file("file", "0123456789");
  int fd = open("file", O_RDONLY);
  lseek(fd, 4, SEEK_SET);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  CALL(send_fds(s[0], &fd, 1)); CALL(close(fd));
  int n = recv_fds(s[1], got, 1, 0);
  VALUE(n);
  char b[4];
  CALL(read(got[0], b, 3));
  bytes("b", b, 3);
  int three[3] = {got[0], 1, s[0]};
  CALL(send_fds(s[0], three, 3));
  n = recv_fds(s[1], got, 3, MSG_CMSG_CLOEXEC);
  VALUE(n);
  HEX(fcntl(got[0], F_GETFD));
  CALL(lseek(got[0], 0, SEEK_CUR)); CALL(send_fds(s[0], three, 3));
  n = recv_fds(s[1], got, 1, 0);
  IS(n == 1 || n == 2);
  int bad = 99;
  CALL(send_fds(s[0], &bad, 1));
  send_fds(s[0], three, 1);
  CALL(read(s[1], b, 4)); CALL(send_fds(s[0], three, 2));
  n = recv_fds(s[1], got, 0, 0);
  VALUE(n);
}
TEST(descriptors_in_flight_end_reads_and_stay_alive) {
  int s[2], ends[2], got[8];
  pipe(ends);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  send_fds(s[0], &ends[1], 1);
  close(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  char b[8];
  CALL(read(ends[0], b, 1));
  recv_fds(s[1], got, 1, 0);
  CALL(write(got[0], "alive", 5)); CALL(read(ends[0], b, 8));
  send_fds(s[0], got, 1);
  close(got[0]);
  CALL(read(ends[0], b, 1));
  close(s[0]);
  close(s[1]);
  CALL(read(ends[0], b, 1));
}
TEST(credentials_are_told) {
  int s[2], on = 1;
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  struct ucred u;
  socklen_t n = sizeof u;
  CALL(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &n));
  IS(u.pid == getpid() && u.uid == geteuid() && u.gid == getegid());
  CALL(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on)); CALL(write(s[0], "x", 1));
  char control[64], b[4];
  struct iovec v = {b, 4};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  CALL(recvmsg(s[1], &m, 0));
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  if (IS(c != 0)) {
    VALUE(c->cmsg_type == SCM_CREDENTIALS);
    memcpy(&u, CMSG_DATA(c), sizeof u);
    IS(u.pid == getpid());
  }
}
TEST(socket_options_have_their_values) {
  int s[2], v;
  socklen_t n = sizeof v;
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
#define OPTION(name) (n = sizeof v, \
  getsockopt(s[0], SOL_SOCKET, name, &v, &n) ? say("%s: %s", #name, error_name(errno)) : say("%s: %d, %d bytes", #name, v, n))
  OPTION(SO_TYPE); OPTION(SO_DOMAIN); OPTION(SO_PROTOCOL); OPTION(SO_ACCEPTCONN); OPTION(SO_ERROR);
  OPTION(SO_REUSEADDR); OPTION(SO_KEEPALIVE); OPTION(9999);
  v = 1;
  CALL(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &v, sizeof v));
  OPTION(SO_REUSEADDR);
  CALL(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &v, 1)); CALL(setsockopt(s[0], SOL_SOCKET, 9999, &v, sizeof v));
  CALL(setsockopt(open("/dev/null", O_RDWR), SOL_SOCKET, SO_REUSEADDR, &v, sizeof v));
  CALL(setsockopt(s[0], 999, 1, &v, sizeof v));
  struct timeval t = {0, 20000};
  CALL(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
  char c;
  CALL(read(s[0], &c, 1));
  n = 2;
  CALL(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &n));
  VALUE(n);
}
TEST(a_full_stream_makes_its_writer_wait) {
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  pid_t child = CHILD({ close(s[0]); static char big[1000000]; memset(big, 'q', sizeof big); CALL(write(s[1], big, sizeof big)); });
  close(s[1]);
  static char b[50000];
  long total = 0, got;
  while ((got = read(s[0], b, sizeof b)) > 0) total += got;
  VALUE(total);
  ENDS(child);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  long n = 0, w;
  while ((w = write(s[0], b, 1000)) > 0) n += w;
  say("%s", error_name(errno));
  IS(n > 50000);
  struct pollfd p = {s[0], POLLOUT, 0};
  CALL(poll(&p, 1, 0));
  while (read(s[1], b, sizeof b) > 0);
  CALL(poll(&p, 1, 0));
}
TEST(a_client_and_a_server_talk) {
  struct sockaddr_un a = named("server");
  int l = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(l, ADDRESS(a), sizeof a);
  listen(l, 2);
  pid_t child = CHILD({
    for (int i = 0; i < 3; i++) {
      int c = accept(l, 0, 0);
      char b[64];
      long n = read(c, b, 64);
      for (long k = 0; k < n; k++) b[k] ^= 0x20;
      write(c, b, (size_t)n);
      close(c);
    }
  });
  for (int i = 0; i < 3; i++) {
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(connect(c, ADDRESS(a), sizeof a));
    char b[64];
    CALL(write(c, "Hello", 5)); CALL(read(c, b, 64));
    bytes("b", b, 5);
    CALL(read(c, b, 64));
    close(c);
  }
  ENDS(child);
}
TEST(a_waiting_accept_and_a_waiting_read_are_woken_by_closing) {
  struct sockaddr_un a = named("s");
  int l = socket(AF_UNIX, SOCK_STREAM, 0), p[2];
  bind(l, ADDRESS(a), sizeof a);
  listen(l, 1);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p);
  pid_t child = CHILD({ pause_ms(20); shutdown(l, SHUT_RDWR); pause_ms(20); shutdown(p[1], SHUT_RDWR); });
  CALL(accept(l, 0, 0));
  char c;
  CALL(read(p[0], &c, 1));
  ENDS(child);
  CALL(fcntl(l, F_SETFL, O_NONBLOCK)); CALL(accept(l, 0, 0));
  CALL(connect(socket(AF_UNIX, SOCK_STREAM, 0), ADDRESS(a), sizeof a));
}
TEST(many_messages_go_at_once) {
  int s[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  struct iovec v[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
  struct mmsghdr m[3];
  memset(m, 0, sizeof m);
  for (int i = 0; i < 3; i++) { m[i].msg_hdr.msg_iov = &v[i]; m[i].msg_hdr.msg_iovlen = 1; }
  CALL(sendmmsg(s[0], m, 3, 0));
  VALUE(m[2].msg_len);
  char b[3][8];
  for (int i = 0; i < 3; i++) v[i] = (struct iovec){b[i], 8};
  CALL(recvmmsg(s[1], m, 3, MSG_DONTWAIT, 0));
  VALUE(m[0].msg_len); VALUE(m[1].msg_len); VALUE(m[2].msg_len);
  CALL(recvmmsg(s[1], m, 3, MSG_DONTWAIT, 0));
}
