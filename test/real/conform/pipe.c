/* Pipes and fifos: pipe(2), pipe(7), fifo(7), splice(2), tee(2), vmsplice(2). */
#include "conform.h"

static volatile int hits;
static void hit(int number) { (void)number; hits++; }

TEST(a_pipe_gives_back_in_order) {
  int ends[2];
  char b[20];
  CALL(pipe(ends));
  VALUE(ends[0]); VALUE(ends[1]);
  CALL(write(ends[1], "one", 3)); CALL(write(ends[1], "two", 3)); CALL(read(ends[0], b, 2));
  bytes("b", b, 2);
  CALL(read(ends[0], b, 20));
  bytes("b", b, 4);
  int available;
  CALL(ioctl(ends[0], FIONREAD, &available));
  VALUE(available);
  CALL(write(ends[1], "xyz", 3)); CALL(ioctl(ends[1], FIONREAD, &available));
  VALUE(available);
  CALL(read(ends[1], b, 1)); CALL(write(ends[0], b, 1));
}
TEST(pipe2_takes_its_flags) {
  int ends[2];
  CALL(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
  HEX(fcntl(ends[0], F_GETFD)); HEX(fcntl(ends[0], F_GETFL)); HEX(fcntl(ends[1], F_GETFL));
  CALL(pipe2(ends, O_CREAT)); CALL(pipe2(ends, O_DIRECT));
  char b[10];
  CALL(write(ends[1], "one", 3)); CALL(write(ends[1], "two", 3)); CALL(read(ends[0], b, 10)); CALL(read(ends[0], b, 1));
  CALL(pipe2((int *)8, 0)); CALL(close(7));
}
TEST(no_writer_is_the_end_and_no_reader_is_EPIPE) {
  int ends[2];
  char c;
  CALL(pipe(ends)); CALL(write(ends[1], "x", 1)); CALL(close(ends[1])); CALL(read(ends[0], &c, 1));
  CALL(read(ends[0], &c, 1)); CALL(pipe(ends)); CALL(close(ends[0]));
  signal(SIGPIPE, SIG_IGN);
  CALL(write(ends[1], "x", 1));
  handle(SIGPIPE, hit, 0);
  hits = 0;
  CALL(write(ends[1], "x", 1));
  VALUE(hits);
  CALL(write(ends[1], "", 0));
  ENDS(CHILD({ signal(SIGPIPE, SIG_DFL); write(ends[1], "x", 1); say("not reached"); }));
}
TEST(a_full_pipe_takes_no_more_without_waiting) {
  int ends[2];
  static char big[70000];
  memset(big, 'b', sizeof big);
  CALL(pipe2(ends, O_NONBLOCK));
  char c;
  CALL(read(ends[0], &c, 1)); CALL(write(ends[1], big, 70000)); CALL(write(ends[1], "x", 1));
  CALL(read(ends[0], big, 10)); CALL(write(ends[1], "x", 1)); CALL(read(ends[0], big, 70000));
  CALL(write(ends[1], big, 4096)); CALL(read(ends[0], big, 70000)); CALL(read(ends[0], &c, 1));
  for (int i = 0; i < 15; i++) write(ends[1], big, 4096);
  CALL(write(ends[1], big, 4097)); CALL(write(ends[1], big, 4096)); CALL(write(ends[1], big, 4096));
}
TEST(a_reader_waits_for_a_writer) {
  int ends[2];
  char b[20];
  pipe(ends);
  pid_t child = CHILD({ pause_ms(30); write(ends[1], "later", 5); });
  CALL(read(ends[0], b, 20));
  bytes("b", b, 5);
  ENDS(child);
  close(ends[1]);
  CALL(read(ends[0], b, 20));
}
TEST(a_writer_waits_for_room) {
  int ends[2];
  pipe(ends);
  static char b[10000];
  pid_t child = CHILD({
    close(ends[0]);
    static char big[300000];
    for (int i = 0; i < 300000; i++) big[i] = (char)(i * 7 % 251);
    CALL(write(ends[1], big, 300000));
  });
  close(ends[1]);
  long total = 0, got;
  int good = 1;
  while ((got = read(ends[0], b, sizeof b)) > 0) {
    for (long i = 0; i < got; i++) good &= b[i] == (char)((total + i) * 7 % 251);
    total += got;
  }
  VALUE(total); VALUE(good);
  ENDS(child);
}
TEST(a_fifo_opens_when_both_sides_do) {
  char b[20];
  CALL(mkfifo("fifo", 0600)); CALL(open("fifo", O_WRONLY | O_NONBLOCK));
  int r = CALL(open("fifo", O_RDONLY | O_NONBLOCK));
  CALL(read(r, b, 1));
  int w = CALL(open("fifo", O_WRONLY | O_NONBLOCK));
  CALL(read(r, b, 1)); CALL(write(w, "through", 7)); CALL(read(r, b, 20)); CALL(close(w)); CALL(read(r, b, 20));
  CALL(close(r));
  pid_t child = CHILD({ int fd = open("fifo", O_WRONLY); write(fd, "hello", 5); });
  r = CALL(open("fifo", O_RDONLY));
  CALL(read(r, b, 20));
  bytes("b", b, 5);
  ENDS(child);
  CALL(read(r, b, 20)); CALL(lseek(r, 0, SEEK_SET));
  int both = CALL(open("fifo", O_RDWR));
  CALL(write(both, "self", 4)); CALL(read(both, b, 20));
  struct stat s;
  fstat(both, &s);
  IS(S_ISFIFO(s.st_mode));
  CALL(unlink("fifo"));
}
TEST(splice_moves_between_a_pipe_and_a_file) {
  put_file("file", "0123456789");
  int in = open("file", O_RDONLY), out = open("out", O_RDWR | O_CREAT, 0600), ends[2];
  pipe(ends);
  loff_t at = 2;
  CALL(splice(in, &at, ends[1], 0, 5, 0));
  VALUE(at);
  CALL(lseek(in, 0, SEEK_CUR)); CALL(splice(ends[0], 0, out, 0, 3, 0));
  show_file("out");
  at = 1;
  CALL(splice(ends[0], 0, out, &at, 100, 0));
  show_file("out");
  CALL(splice(in, 0, out, 0, 1, 0)); CALL(splice(ends[0], &at, out, 0, 1, 0));
  CALL(splice(ends[0], 0, out, 0, 1, SPLICE_F_NONBLOCK)); CALL(splice(99, 0, ends[1], 0, 1, 0));
  CALL(splice(in, 0, ends[1], 0, 1, 0x100)); CALL(splice(in, 0, ends[1], 0, 0, 0));
}
TEST(tee_copies_and_keeps) {
  int a[2], b[2];
  char x[20];
  pipe(a);
  pipe(b);
  write(a[1], "abcdef", 6);
  CALL(tee(a[0], b[1], 4, 0)); CALL(read(b[0], x, 20));
  bytes("x", x, 4);
  CALL(read(a[0], x, 20));
  bytes("x", x, 6);
  CALL(tee(a[0], b[1], 4, SPLICE_F_NONBLOCK)); CALL(tee(a[0], a[1], 4, SPLICE_F_NONBLOCK));
  int fd = open("/dev/null", O_RDWR);
  CALL(tee(fd, b[1], 4, 0));
  struct iovec v = {"mapped", 6};
  CALL(vmsplice(b[1], &v, 1, 0)); CALL(read(b[0], x, 20));
  bytes("x", x, 6);
  CALL(vmsplice(fd, &v, 1, 0));
}
TEST(SIGPIPE_kills_who_ignores_a_closed_pipe) {
  int ends[2];
  pipe(ends);
  pid_t child = CHILD({ close(ends[0]); for (;;) write(ends[1], "y\n", 2); });
  char b[10];
  CALL(read(ends[0], b, 2));
  close(ends[0]);
  close(ends[1]);
  ENDS(child);
}
TEST(pipes_keep_writes_of_up_to_PIPE_BUF_together) {
  int ends[2];
  pipe(ends);
  for (int k = 0; k < 4; k++)
    CHILD({ char line[500]; memset(line, 'a' + k, 500); for (int i = 0; i < 40; i++) write(ends[1], line, 500); });
  close(ends[1]);
  char b[500];
  int whole = 0, count = 0;
  for (;;) {
    long at = 0, got = 0;
    while (at < 500 && (got = read(ends[0], b + at, (size_t)(500 - at))) > 0) at += got;
    if (at < 500) break;
    count++;
    int same = 1;
    for (int i = 1; i < 500; i++) same &= b[i] == b[0];
    whole += same;
  }
  VALUE(count); VALUE(whole);
  while (wait(0) > 0);
}
