/* Loopback: ip(7), tcp(7), udp(7), ipv6(7); connect(2), accept(2), getsockopt(2). Nothing leaves the machine. */
#include "conform.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct sockaddr_in local(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
#define ADDRESS(a) ((struct sockaddr *)&(a))
static int bound(int type, struct sockaddr_in *a) {
  int s = socket(AF_INET, type, 0);
  socklen_t n = sizeof *a;
  *a = local(0);
  if (bind(s, (struct sockaddr *)a, sizeof *a)) say("bind: %s", error_name(errno));
  getsockname(s, (struct sockaddr *)a, &n);
  return s;
}

TEST(tcp_connects_and_closes_in_halves) {
  struct sockaddr_in a, peer;
  socklen_t n = sizeof peer;
  int l = bound(SOCK_STREAM, &a), c = socket(AF_INET, SOCK_STREAM, 0);
  char b[20];
  IS(ntohs(a.sin_port) > 0);
  CALL(listen(l, 5)); CALL(connect(c, ADDRESS(a), sizeof a));
  int s = CALL(accept(l, ADDRESS(peer), &n));
  VALUE(n);
  TEXT(inet_ntoa(peer.sin_addr));
  struct sockaddr_in mine;
  n = sizeof mine;
  CALL(getsockname(c, ADDRESS(mine), &n));
  IS(mine.sin_port == peer.sin_port);
  n = sizeof mine;
  CALL(getpeername(c, ADDRESS(mine), &n));
  IS(mine.sin_port == a.sin_port);
  CALL(send(c, "hello", 5, 0)); CALL(recv(s, b, 20, 0)); CALL(shutdown(c, SHUT_WR)); CALL(recv(s, b, 20, 0));
  CALL(send(s, "answer", 6, 0)); CALL(recv(c, b, 6, MSG_WAITALL)); CALL(close(s)); CALL(recv(c, b, 20, 0));
  CALL(shutdown(c, SHUT_RDWR)); CALL(close(c)); CALL(shutdown(l, SHUT_RD));
}
TEST(nobody_listening_refuses) {
  struct sockaddr_in a;
  int l = bound(SOCK_STREAM, &a), c = socket(AF_INET, SOCK_STREAM, 0);
  CALL(connect(c, ADDRESS(a), sizeof a)); CALL(close(l)); CALL(connect(c, ADDRESS(a), sizeof a));
  char b;
  CALL(send(c, "x", 1, MSG_NOSIGNAL)); CALL(recv(c, &b, 1, 0));
  struct sockaddr bad = {.sa_family = 99};
  CALL(connect(c, &bad, sizeof a)); CALL(connect(c, ADDRESS(a), 3)); CALL(bind(c, &bad, sizeof a));
  a.sin_addr.s_addr = htonl(0x01020304);
  a.sin_port = 0;
  CALL(bind(c, ADDRESS(a), sizeof a));
}
TEST(ports_are_taken_once) {
  struct sockaddr_in a;
  int l = bound(SOCK_STREAM, &a), again = socket(AF_INET, SOCK_STREAM, 0);
  CALL(bind(again, ADDRESS(a), sizeof a)); CALL(listen(l, 1));
  int on = 1;
  CALL(setsockopt(again, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)); CALL(bind(again, ADDRESS(a), sizeof a));
  CALL(bind(l, ADDRESS(a), sizeof a));
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  CALL(bind(udp, ADDRESS(a), sizeof a));
  close(l);
  CALL(bind(again, ADDRESS(a), sizeof a));
}
TEST(udp_keeps_borders_and_says_who) {
  struct sockaddr_in a, b, from;
  socklen_t n = sizeof from;
  int x = bound(SOCK_DGRAM, &a), y = bound(SOCK_DGRAM, &b);
  char t[20];
  CALL(sendto(x, "one", 3, 0, ADDRESS(b), sizeof b)); CALL(sendto(x, "", 0, 0, ADDRESS(b), sizeof b));
  CALL(sendto(x, "three", 5, 0, ADDRESS(b), sizeof b)); CALL(recvfrom(y, t, 20, 0, ADDRESS(from), &n));
  IS(from.sin_port == a.sin_port);
  CALL(recv(y, t, 20, 0)); CALL(recv(y, t, 2, MSG_TRUNC)); CALL(recv(y, t, 20, MSG_DONTWAIT)); CALL(send(x, "x", 1, 0));
  CALL(connect(x, ADDRESS(b), sizeof b)); CALL(send(x, "connected", 9, 0)); CALL(recv(y, t, 20, 0));
  n = sizeof from;
  CALL(getpeername(x, ADDRESS(from), &n));
  IS(from.sin_port == b.sin_port);
  n = sizeof from;
  CALL(getpeername(y, ADDRESS(from), &n));
  struct sockaddr_in z;
  int other = bound(SOCK_DGRAM, &z);
  CALL(sendto(other, "not for x", 9, 0, ADDRESS(a), sizeof a)); CALL(recv(x, t, 20, MSG_DONTWAIT));
}
TEST(a_closed_udp_port_answers_ECONNREFUSED) {
  struct sockaddr_in a;
  int x = socket(AF_INET, SOCK_DGRAM, 0), y = bound(SOCK_DGRAM, &a);
  char t[4];
  close(y);
  CALL(connect(x, ADDRESS(a), sizeof a)); CALL(send(x, "x", 1, 0)); CALL(recv(x, t, 4, MSG_DONTWAIT));
  CALL(recv(x, t, 4, MSG_DONTWAIT));
}
TEST(a_connection_without_waiting_becomes_writable) {
  struct sockaddr_in a;
  int l = bound(SOCK_STREAM, &a);
  CALL(fcntl(l, F_SETFL, O_NONBLOCK));
  listen(l, 1);
  CALL(accept(l, 0, 0));
  int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), r = connect(c, ADDRESS(a), sizeof a);
  IS(r == 0 || errno == EINPROGRESS);
  struct pollfd p = {c, POLLOUT, 0};
  CALL(poll(&p, 1, 2000));
  int e = -1;
  socklen_t n = sizeof e;
  CALL(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
  VALUE(e);
  p = (struct pollfd){l, POLLIN, 0};
  CALL(poll(&p, 1, 2000));
  int s = CALL(accept4(l, 0, 0, SOCK_NONBLOCK));
  char b;
  CALL(recv(s, &b, 1, 0)); CALL(connect(c, ADDRESS(a), sizeof a));
  HEX(fcntl(s, F_GETFL));
}
TEST(a_reset_connection_says_so) {
  struct sockaddr_in a;
  int l = bound(SOCK_STREAM, &a);
  listen(l, 1);
  int c = socket(AF_INET, SOCK_STREAM, 0);
  connect(c, ADDRESS(a), sizeof a);
  int s = accept(l, 0, 0);
  struct linger now = {1, 0};
  CALL(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof now)); CALL(close(s));
  pause_ms(10);
  char b;
  CALL(recv(c, &b, 1, 0)); CALL(recv(c, &b, 1, 0)); CALL(send(c, "x", 1, MSG_NOSIGNAL));
}
TEST(ipv6_loopback_is_there_too) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, peer;
  socklen_t n = sizeof a;
  int l = CALL(socket(AF_INET6, SOCK_STREAM, 0));
  CALL(bind(l, ADDRESS(a), sizeof a)); CALL(getsockname(l, ADDRESS(a), &n));
  listen(l, 1);
  int c = socket(AF_INET6, SOCK_STREAM, 0);
  CALL(connect(c, ADDRESS(a), sizeof a));
  n = sizeof peer;
  int s = CALL(accept(l, ADDRESS(peer), &n));
  VALUE(n);
  char t[64];
  TEXT(inet_ntop(AF_INET6, &peer.sin6_addr, t, 64));
  CALL(write(c, "six", 3)); CALL(read(s, t, 20));
}
TEST(a_v6_listener_takes_v4_as_mapped) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6}, peer;
  socklen_t n = sizeof a;
  int l = socket(AF_INET6, SOCK_STREAM, 0), off = 0;
  CALL(setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off)); CALL(bind(l, ADDRESS(a), sizeof a));
  getsockname(l, ADDRESS(a), &n);
  listen(l, 1);
  int c = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in b = local(ntohs(a.sin6_port));
  CALL(connect(c, ADDRESS(b), sizeof b));
  n = sizeof peer;
  CALL(accept(l, ADDRESS(peer), &n));
  char t[64];
  TEXT(inet_ntop(AF_INET6, &peer.sin6_addr, t, 64));
}
TEST(options_of_tcp_are_kept) {
  int s = socket(AF_INET, SOCK_STREAM, 0), v = -1;
  socklen_t n = sizeof v;
  CALL(getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, &n));
  VALUE(v);
  v = 1;
  CALL(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, sizeof v));
  v = 0;
  CALL(getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, &n));
  VALUE(v);
  CALL(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &n));
  VALUE(v);
  CALL(getsockopt(s, SOL_SOCKET, SO_PROTOCOL, &v, &n));
  VALUE(v);
  v = 1;
  CALL(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v));
  v = 0;
  CALL(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &v, &n));
  VALUE(v);
  CALL(setsockopt(s, IPPROTO_TCP, 9999, &v, sizeof v)); CALL(setsockopt(s, 9999, 1, &v, sizeof v));
  CALL(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)); CALL(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
  CALL(socket(AF_INET, SOCK_SEQPACKET, 0));
}
TEST(much_goes_through_tcp_whole) {
  struct sockaddr_in a;
  int l = bound(SOCK_STREAM, &a);
  listen(l, 1);
  pid_t child = CHILD({
    int c = socket(AF_INET, SOCK_STREAM, 0);
    connect(c, ADDRESS(a), sizeof a);
    static unsigned char big[400000];
    for (int i = 0; i < 400000; i++) big[i] = (unsigned char)(i * 31 >> 3);
    long at = 0;
    while (at < 400000) {
      long w = write(c, big + at, (size_t)(400000 - at));
      if (w <= 0) break;
      at += w;
    }
    VALUE(at);
  });
  int s = accept(l, 0, 0);
  static unsigned char b[30000];
  long total = 0, got;
  int good = 1;
  while ((got = read(s, b, sizeof b)) > 0) {
    for (long i = 0; i < got; i++) good &= b[i] == (unsigned char)((total + i) * 31 >> 3);
    total += got;
  }
  ENDS(child);
  VALUE(total); VALUE(good);
}
TEST(urgent_names_of_nowhere_are_unreachable_or_refused) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = local(9);
  a.sin_port = 0;
  CALL(sendto(s, "x", 1, 0, ADDRESS(a), sizeof a)); CALL(sendto(s, "x", 1, 0, ADDRESS(a), 4));
  a.sin_family = 99;
  CALL(sendto(s, "x", 1, 0, ADDRESS(a), sizeof a)); CALL(sendto(s, (void *)8, 1, 0, 0, 0));
  static char huge[70000];
  a = local(9);
  CALL(sendto(s, huge, 70000, 0, ADDRESS(a), sizeof a)); CALL(listen(s, 1)); CALL(accept(s, 0, 0));
}
