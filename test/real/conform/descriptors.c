/* Descriptors: dup(2), fcntl(2), close_range(2), flock(2), F_SETLK and F_OFD_SETLK. */
#include "conform.h"
#include <linux/close_range.h>
#include <sys/file.h>

TEST(dup_takes_the_lowest_and_clears_close_on_exec) {
  put_file("file", "");
  int fd = CALL(open("file", O_RDONLY | O_CLOEXEC));
  int copy = CALL(dup(fd));
  HEX(fcntl(fd, F_GETFD)); HEX(fcntl(copy, F_GETFD));
  CALL(dup(99)); CALL(dup(-1)); CALL(close(fd)); CALL(dup(copy));
  char c;
  CALL(read(copy, &c, 1));
}
TEST(dup2_closes_what_was_there) {
  put_file("file", "abc");
  int fd = CALL(open("file", O_RDONLY)), ends[2];
  char c;
  CALL(pipe(ends)); CALL(dup2(fd, ends[1])); CALL(read(ends[0], &c, 1)); CALL(read(ends[1], &c, 1)); CALL(dup2(fd, fd));
  CALL(dup2(99, 5)); CALL(dup2(99, 99)); CALL(dup2(fd, -1)); CALL(dup2(fd, 1 << 30)); CALL(dup2(fd, 77));
  CALL(close(77));
}
TEST(dup3_takes_O_CLOEXEC_only) {
  put_file("file", "");
  int fd = CALL(open("file", O_RDONLY));
  CALL(dup3(fd, 10, O_CLOEXEC));
  HEX(fcntl(10, F_GETFD));
  CALL(dup3(fd, 10, 0));
  HEX(fcntl(10, F_GETFD));
  CALL(dup3(fd, fd, 0)); CALL(dup3(fd, 11, O_NONBLOCK)); CALL(dup3(99, 11, 0));
}
TEST(F_DUPFD_takes_the_lowest_from_a_bound_on) {
  put_file("file", "");
  int fd = CALL(open("file", O_RDONLY));
  CALL(fcntl(fd, F_DUPFD, 20)); CALL(fcntl(fd, F_DUPFD, 20)); CALL(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  HEX(fcntl(4, F_GETFD));
  CALL(fcntl(fd, F_DUPFD, -1)); CALL(fcntl(fd, F_DUPFD, 1 << 30)); CALL(fcntl(99, F_DUPFD, 0));
  CALL(fcntl(fd, 9999, 0)); CALL(fcntl(99, F_GETFL));
}
TEST(close_range_closes_or_marks) {
  put_file("file", "");
  int fd = CALL(open("file", O_RDONLY));
  for (int i = 10; i < 20; i++) dup2(fd, i);
  CALL(close_range(12, 14, 0)); CALL(fcntl(11, F_GETFD)); CALL(fcntl(12, F_GETFD)); CALL(fcntl(14, F_GETFD));
  CALL(fcntl(15, F_GETFD)); CALL(close_range(15, 16, CLOSE_RANGE_CLOEXEC));
  HEX(fcntl(15, F_GETFD)); HEX(fcntl(17, F_GETFD));
  CALL(close_range(9, 8, 0)); CALL(close_range(0, 1, 99)); CALL(close_range(18, ~0u, 0)); CALL(fcntl(19, F_GETFD));
  CALL(close_range(1000, 2000, 0));
}
TEST(the_limit_of_descriptors_gives_EMFILE) {
  struct rlimit old, few = {8, 0};
  getrlimit(RLIMIT_NOFILE, &old);
  few.rlim_max = old.rlim_max;
  put_file("file", "");
  CALL(setrlimit(RLIMIT_NOFILE, &few));
  int fd;
  while ((fd = open("file", O_RDONLY)) >= 0) ;
  say("open: %s", error_name(errno));
  CALL(dup(1)); CALL(dup2(1, 8)); CALL(dup2(1, 7));
  int ends[2];
  CALL(close(7)); CALL(pipe(ends)); CALL(fcntl(1, F_DUPFD, 7)); CALL(fcntl(1, F_DUPFD, 8));
  CALL(setrlimit(RLIMIT_NOFILE, &old));
}
TEST(flock_is_the_descriptions) {
  put_file("file", "");
  int a = open("file", O_RDONLY), b = open("file", O_RDONLY), copy = dup(a);
  CALL(flock(a, LOCK_EX | LOCK_NB)); CALL(flock(copy, LOCK_EX | LOCK_NB)); CALL(flock(b, LOCK_SH | LOCK_NB));
  CALL(flock(a, LOCK_SH)); CALL(flock(b, LOCK_SH | LOCK_NB)); CALL(flock(a, LOCK_EX | LOCK_NB));
  CALL(flock(b, LOCK_UN)); CALL(close(a)); CALL(flock(b, LOCK_EX | LOCK_NB)); CALL(close(copy));
  CALL(flock(b, LOCK_EX | LOCK_NB)); CALL(flock(b, 0)); CALL(flock(99, LOCK_SH));
}
static struct flock range(int type, long start, long length) {
  return (struct flock){.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}
static void show_lock(int fd, int command, struct flock lock) {
  if (fcntl(fd, command, &lock)) say("F_GETLK: %s", error_name(errno));
  else if (lock.l_type == F_UNLCK) say("free");
  else say("%s %ld+%ld%s", lock.l_type == F_RDLCK ? "read" : "write", (long)lock.l_start, (long)lock.l_len, lock.l_pid == -1 ? " ofd" : "");
}
TEST(record_locks_of_one_process_never_conflict) {
  put_file("file", "0123456789");
  int a = open("file", O_RDWR), r = open("file", O_RDONLY), w = open("file", O_WRONLY);
  struct flock l = range(F_WRLCK, 0, 5);
  CALL(fcntl(a, F_SETLK, &l));
  l = range(F_RDLCK, 2, 5);
  CALL(fcntl(r, F_SETLK, &l));
  show_lock(a, F_GETLK, range(F_WRLCK, 0, 0));
  l = range(F_WRLCK, 0, 1);
  CALL(fcntl(r, F_SETLK, &l));
  l = range(F_RDLCK, 0, 1);
  CALL(fcntl(w, F_SETLK, &l));
  l = range(99, 0, 1);
  CALL(fcntl(a, F_SETLK, &l));
  l = range(F_RDLCK, -1, 1);
  CALL(fcntl(a, F_SETLK, &l));
  l = range(F_UNLCK, 0, 0);
  CALL(fcntl(a, F_SETLK, &l));
  int ends[2];
  pipe(ends);
  l = range(F_RDLCK, 0, 1);
  CALL(fcntl(99, F_SETLK, &l));
}
TEST(record_locks_hold_against_other_processes) {
  put_file("file", "0123456789");
  int a = open("file", O_RDWR);
  struct flock l = range(F_WRLCK, 2, 4);
  CALL(fcntl(a, F_SETLK, &l));
  l = range(F_RDLCK, 8, 0);
  CALL(fcntl(a, F_SETLK, &l));
  pid_t parent = getpid();
  pid_t child = CHILD({
    struct flock m;
    show_lock(a, F_GETLK, range(F_RDLCK, 0, 2));
    show_lock(a, F_GETLK, range(F_RDLCK, 0, 3));
    show_lock(a, F_GETLK, range(F_RDLCK, 9, 1));
    show_lock(a, F_GETLK, range(F_WRLCK, 9, 1));
    m = range(F_RDLCK, 0, 3);
    fcntl(a, F_GETLK, &m);
    IS(m.l_pid == parent);
    m = range(F_WRLCK, 5, 1);
    CALL(fcntl(a, F_SETLK, &m));
    m = range(F_WRLCK, 6, 2);
    CALL(fcntl(a, F_SETLK, &m));
  });
  ENDS(child);
  show_lock(a, F_GETLK, range(F_WRLCK, 0, 0));
  close(open("file", O_RDONLY)); // "closing any descriptor loses the locks" - fcntl_locking(2)
  child = CHILD(show_lock(a, F_GETLK, range(F_WRLCK, 0, 0)));
  ENDS(child);
}
TEST(F_SETLKW_waits_and_sees_deadlocks) {
  put_file("file", "0123456789");
  int a = open("file", O_RDWR);
  struct flock l = range(F_WRLCK, 0, 1);
  CALL(fcntl(a, F_SETLK, &l));
  Gate ready = gate();
  pid_t child = CHILD({
    struct flock m = range(F_WRLCK, 1, 1);
    CALL(fcntl(a, F_SETLK, &m));
    let_go(ready);
    m = range(F_WRLCK, 0, 1);
    CALL(fcntl(a, F_SETLKW, &m));
    say("child has both");
  });
  await(ready);
  pause_ms(50);
  l = range(F_WRLCK, 1, 1);
  CALL(fcntl(a, F_SETLKW, &l));
  say("parent lets go");
  l = range(F_UNLCK, 0, 1);
  fcntl(a, F_SETLK, &l);
  ENDS(child);
  l = range(F_WRLCK, 1, 1);
  CALL(fcntl(a, F_SETLKW, &l));
}
TEST(locks_of_descriptions_conflict_within_a_process) {
  put_file("file", "0123456789");
  int a = open("file", O_RDWR), b = open("file", O_RDWR), copy = dup(a);
  struct flock l = range(F_WRLCK, 0, 5);
  CALL(fcntl(a, F_OFD_SETLK, &l)); CALL(fcntl(copy, F_OFD_SETLK, &l)); CALL(fcntl(b, F_OFD_SETLK, &l));
  show_lock(b, F_OFD_GETLK, range(F_RDLCK, 0, 0));
  l = range(F_RDLCK, 5, 5);
  CALL(fcntl(b, F_OFD_SETLK, &l));
  l = range(F_UNLCK, 0, 2);
  CALL(fcntl(a, F_OFD_SETLK, &l));
  show_lock(b, F_OFD_GETLK, range(F_RDLCK, 0, 0));
  close(a);
  show_lock(b, F_OFD_GETLK, range(F_RDLCK, 0, 0));
  close(copy);
  show_lock(b, F_OFD_GETLK, range(F_RDLCK, 0, 0));
  l = range(F_RDLCK, 0, 1);
  l.l_pid = 5;
  CALL(fcntl(b, F_OFD_SETLK, &l));
}
TEST(a_forked_child_shares_positions_and_not_the_table) {
  put_file("file", "abcdef");
  int fd = open("file", O_RDONLY);
  pid_t child = CHILD({ char c; read(fd, &c, 1); read(fd, &c, 1); close(fd); CALL(open("file", O_RDONLY)); CALL(open("file", O_RDONLY)); });
  ENDS(child);
  CALL(lseek(fd, 0, SEEK_CUR)); CALL(fcntl(4, F_GETFD));
}
TEST(a_pipe_may_change_its_size) {
  int ends[2];
  pipe(ends);
  VALUE(fcntl(ends[0], F_GETPIPE_SZ));
  CALL(fcntl(ends[0], F_SETPIPE_SZ, 5000));
  VALUE(fcntl(ends[1], F_GETPIPE_SZ));
  CALL(fcntl(ends[0], F_SETPIPE_SZ, 1));
  put_file("file", "");
  int fd = open("file", O_RDONLY);
  CALL(fcntl(fd, F_GETPIPE_SZ));
}
TEST(owners_of_descriptors_are_remembered) {
  int ends[2];
  pipe(ends);
  VALUE(fcntl(ends[0], F_GETOWN));
  CALL(fcntl(ends[0], F_SETOWN, getpid()));
  IS(fcntl(ends[0], F_GETOWN) == getpid());
  CALL(fcntl(ends[0], F_SETSIG, SIGUSR1));
  VALUE(fcntl(ends[0], F_GETSIG));
  CALL(fcntl(ends[0], F_SETSIG, 99));
  struct f_owner_ex o = {F_OWNER_TID, getpid()};
  CALL(fcntl(ends[0], F_SETOWN_EX, &o));
  o.type = 99;
  CALL(fcntl(ends[0], F_SETOWN_EX, &o));
}
