/* No terminal and pseudo-terminals: isatty(3), tcgetattr(3), ioctl_tty(2), pts(4). */
#include "conform.h"
#include <pty.h>
#include <termios.h>

TEST(files_and_pipes_are_no_terminals) {
  struct termios t;
  struct winsize w;
  int ends[2], n;
  pipe(ends);
  put_file("file", "");
  int fd = open("file", O_RDONLY), null = open("/dev/null", O_RDWR);
  CALL(isatty(ends[0])); CALL(isatty(fd)); CALL(isatty(null)); CALL(isatty(99)); CALL(tcgetattr(ends[0], &t));
  CALL(tcsetattr(fd, TCSANOW, &t)); CALL(ioctl(ends[0], TIOCGWINSZ, &w)); CALL(ioctl(fd, TIOCGWINSZ, &w));
  CALL(tcgetpgrp(fd)); CALL(tcsetpgrp(fd, getpgrp())); CALL(ioctl(99, TCGETS, &t)); CALL(ioctl(fd, 0x12345678, 0));
  CALL(ioctl(null, 0x12345678, 0)); CALL(tcflush(fd, TCIFLUSH)); CALL(tcdrain(ends[0])); CALL(ioctl(fd, FIONREAD, &n));
  VALUE(n);
  n = 1;
  CALL(ioctl(ends[0], FIONBIO, &n));
  HEX(fcntl(ends[0], F_GETFL));
  CALL(ioctl(ends[0], FIOCLEX));
  HEX(fcntl(ends[0], F_GETFD));
  CALL(ioctl(ends[0], FIONCLEX));
  HEX(fcntl(ends[0], F_GETFD));
  CALL(ioctl(ends[0], FIONREAD, 8));
  MAP(ttyname(fd));
}
TEST(a_pseudo_terminal_has_two_sides) {
  int m = CALL(posix_openpt(O_RDWR | O_NOCTTY));
  CALL(grantpt(m)); CALL(unlockpt(m));
  char *name = ptsname(m);
  IS(name && strncmp(name, "/dev/pts/", 9) == 0);
  int s = CALL(open(name, O_RDWR | O_NOCTTY));
  CALL(isatty(m)); CALL(isatty(s));
  struct termios t;
  CALL(tcgetattr(s, &t));
  HEX(t.c_iflag); HEX(t.c_oflag); HEX(t.c_lflag);
  char b[64];
  CALL(write(m, "line\n", 5)); CALL(read(s, b, 64));
  bytes("b", b, 5);
  CALL(read(m, b, 64));
  bytes("echo", b, 6);
  CALL(write(s, "out\n", 4)); CALL(read(m, b, 64));
  bytes("b", b, 5);
  struct winsize w = {25, 80, 0, 0};
  CALL(ioctl(m, TIOCSWINSZ, &w));
  w.ws_row = 0;
  CALL(ioctl(s, TIOCGWINSZ, &w));
  VALUE(w.ws_row);
  CALL(close(m)); CALL(read(s, b, 64)); CALL(write(s, "x", 1));
}
/* The kernel hands typed bytes on in its own time. */
static void type(int fd, const char *keys) { write(fd, keys, strlen(keys)); pause_ms(8); }
TEST(a_raw_terminal_passes_bytes_and_a_cooked_one_edits) {
  int m, s;
  char b[64];
  CALL(openpty(&m, &s, 0, 0, 0));
  type(m, "ab\177c\nrest");
  CALL(read(s, b, 64));
  bytes("b", b, 3);
  fcntl(s, F_SETFL, O_NONBLOCK);
  CALL(read(s, b, 64));
  type(m, "\025new\004");
  CALL(read(s, b, 64));
  bytes("b", b, 3);
  type(m, "\004");
  CALL(read(s, b, 64));
  struct termios t;
  tcgetattr(s, &t);
  cfmakeraw(&t);
  CALL(tcsetattr(s, TCSANOW, &t)); CALL(read(m, b, 64));
  type(m, "a\177\003\n");
  CALL(read(s, b, 64));
  bytes("b", b, 4);
  CALL(write(s, "x\n", 2)); CALL(read(m, b, 64));
  bytes("b", b, 2);
  int n;
  type(m, "123");
  CALL(ioctl(s, FIONREAD, &n));
  VALUE(n);
  CALL(tcflush(s, TCIFLUSH)); CALL(read(s, b, 64));
}
static volatile int hits; static void hit(int number) { (void)number; hits++; }
TEST(a_controlling_terminal_sends_signals) {
  ENDS(CHILD({
    int m;
    int s;
    openpty(&m, &s, 0, 0, 0);
    IS(setsid() == getpid());
    CALL(ioctl(s, TIOCSCTTY, 0));
    IS(tcgetpgrp(s) == getpgrp()); IS(tcgetsid(s) == getpid());
    handle(SIGINT, hit, 0);
    handle(SIGWINCH, hit, 0);
    write(m, "\003", 1);
    pause_ms(5);
    VALUE(hits);
    struct winsize w = {10, 20, 0, 0};
    ioctl(m, TIOCSWINSZ, &w);
    pause_ms(5);
    VALUE(hits);
    int fd = CALL(open("/dev/tty", O_RDWR));
    CALL(write(fd, "t", 1)); CALL(isatty(fd));
    pid_t back = CHILD({ setpgid(0, 0); char c; signal(SIGTTIN, SIG_DFL); read(s, &c, 1); });
    setpgid(back, back);
    int status;
    waitpid(back, &status, WUNTRACED);
    tell_status("background reader", status);
    kill(back, SIGKILL);
    waitpid(back, 0, 0);
    handle(SIGHUP, hit, 0);
    hits = 0;
    CALL(close(m));
    pause_ms(5);
    VALUE(hits);
  }));
}
TEST(forkpty_runs_a_program_on_a_terminal) {
  int m;
  pid_t child = forkpty(&m, 0, 0, 0);
  if (child == 0) { say("%d%d%d", isatty(0), isatty(1), isatty(2)); _exit(5); }
  char b[64];
  long n = read(m, b, 64);
  bytes("b", b, n);
  CALL(read(m, b, 64));
  ENDS(child);
}
static void minimum_and_time(int fd, int minimum, int tenths) {
  struct termios t;
  tcgetattr(fd, &t);
  cfmakeraw(&t);
  t.c_cc[VMIN] = (cc_t)minimum;
  t.c_cc[VTIME] = (cc_t)tenths;
  tcsetattr(fd, TCSANOW, &t);
}
/* How long a read took, in tenths of a second. */
static void timed_read(int fd) {
  char b[64];
  long begin = now_ms();
  CALL(read(fd, b, sizeof b));
  VALUE((now_ms() - begin + 30) / 100);
}
TEST(VMIN_and_VTIME_say_how_long_a_read_waits) {
  int m, s;
  CALL(openpty(&m, &s, 0, 0, 0));
  minimum_and_time(s, 0, 0);
  timed_read(s);
  type(m, "ab");
  timed_read(s);
  minimum_and_time(s, 0, 2);
  timed_read(s);
  type(m, "c");
  timed_read(s);
  pid_t child = CHILD({ pause_ms(100); write(m, "d", 1); });
  timed_read(s);
  ENDS(child);
  minimum_and_time(s, 3, 2);
  type(m, "e");
  timed_read(s);
  type(m, "fghi");
  timed_read(s);
  child = CHILD({ pause_ms(300); write(m, "j", 1); pause_ms(100); write(m, "k", 1); });
  timed_read(s);
  ENDS(child);
  minimum_and_time(s, 2, 0);
  child = CHILD({ pause_ms(100); write(m, "l", 1); pause_ms(300); write(m, "m", 1); });
  timed_read(s);
  ENDS(child);
}
