/* What files are: stat(2), statx(2), chmod(2), chown(2), utimensat(2), access(2), statfs(2), xattr(7). */
#include "conform.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

TEST(stat_tells_kind_size_and_links) {
  struct stat s;
  put_file("file", "12345");
  CALL(mkdir("d", 0700)); CALL(symlink("file", "s"));
  int ends[2];
  CALL(stat("file", &s));
  OCTAL(s.st_mode);
  VALUE(s.st_size); VALUE(s.st_nlink); VALUE(s.st_blksize);
  IS(s.st_uid == geteuid()); IS(s.st_gid == getegid()); IS(s.st_ino != 0);
  VALUE(s.st_rdev);
  dev_t device = s.st_dev;
  CALL(stat("d", &s));
  OCTAL(s.st_mode);
  VALUE(s.st_nlink);
  IS(s.st_dev == device);
  CALL(lstat("s", &s));
  OCTAL(s.st_mode);
  VALUE(s.st_size);
  CALL(stat("s", &s));
  VALUE(s.st_size);
  CALL(pipe(ends)); CALL(fstat(ends[0], &s));
  OCTAL(s.st_mode);
  VALUE(s.st_size); VALUE(s.st_nlink); VALUE(s.st_blksize);
  CALL(stat("none", &s)); CALL(stat("file/x", &s)); CALL(stat("", &s)); CALL(fstat(99, &s)); CALL(lstat("s/", &s));
  CALL(lstat("d/", &s));
}
TEST(fstatat_takes_flags) {
  struct stat s;
  put_file("file", "12345");
  CALL(symlink("file", "s"));
  int fd = CALL(open("file", O_RDONLY));
  CALL(fstatat(AT_FDCWD, "s", &s, 0));
  VALUE(s.st_size);
  CALL(fstatat(AT_FDCWD, "s", &s, AT_SYMLINK_NOFOLLOW));
  VALUE(s.st_size);
  CALL(fstatat(fd, "", &s, AT_EMPTY_PATH));
  VALUE(s.st_size);
  CALL(fstatat(fd, "", &s, 0)); CALL(fstatat(fd, "x", &s, 0)); CALL(fstatat(AT_FDCWD, "", &s, AT_EMPTY_PATH));
  IS(S_ISDIR(s.st_mode));
  CALL(fstatat(AT_FDCWD, "file", &s, 1)); CALL(fstatat(99, "", &s, AT_EMPTY_PATH));
}
TEST(statx_says_what_it_knows) {
  struct statx x;
  put_file("file", "12345");
  int fd = CALL(open("file", O_RDONLY));
  memset(&x, 0, sizeof x);
  CALL(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &x));
  HEX(x.stx_mask & STATX_BASIC_STATS);
  OCTAL(x.stx_mode);
  VALUE(x.stx_size); VALUE(x.stx_nlink);
  IS(x.stx_uid == geteuid());
  CALL(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
  VALUE(x.stx_size);
  CALL(statx(fd, "", 0, STATX_SIZE, &x)); CALL(statx(AT_FDCWD, "none", 0, STATX_SIZE, &x));
  CALL(statx(AT_FDCWD, "file", 1, STATX_SIZE, &x)); CALL(statx(AT_FDCWD, "file", 0, 0x80000000, &x));
  CALL(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &x));
  struct stat s;
  stat("file", &s);
  IS(x.stx_ino == s.st_ino); IS(makedev(x.stx_dev_major, x.stx_dev_minor) == s.st_dev);
}
TEST(chmod_sets_all_twelve_bits) {
  struct stat s;
  put_file("file", "");
  CALL(mkdir("d", 0700));
  int fd = CALL(open("file", O_RDONLY));
  CALL(chmod("file", 04755));
  stat("file", &s);
  OCTAL(s.st_mode);
  CALL(fchmod(fd, 0));
  stat("file", &s);
  OCTAL(s.st_mode);
  CALL(chmod("d", 01777));
  stat("d", &s);
  OCTAL(s.st_mode);
  CALL(chmod("file", 0170644));
  stat("file", &s);
  OCTAL(s.st_mode);
  CALL(chmod("none", 0)); CALL(fchmod(99, 0)); CALL(fchmodat(AT_FDCWD, "file", 0600, 0));
  stat("file", &s);
  OCTAL(s.st_mode);
  CALL(chmod("", 0600)); CALL(chmod("file/x", 0600));
}
TEST(chown_to_oneself_is_allowed) {
  put_file("file", "");
  CALL(symlink("file", "s"));
  int fd = CALL(open("file", O_RDONLY));
  CALL(chown("file", -1, -1));
  TRY(chown("file", geteuid(), getegid()));
  CALL(fchown(fd, -1, -1)); CALL(lchown("s", -1, -1)); CALL(fchownat(AT_FDCWD, "s", -1, -1, AT_SYMLINK_NOFOLLOW));
  CALL(fchownat(fd, "", -1, -1, AT_EMPTY_PATH)); CALL(chown("none", -1, -1)); CALL(fchown(99, -1, -1));
  CALL(fchownat(AT_FDCWD, "s", -1, -1, 1));
}
TEST(utimensat_sets_times_to_the_nanosecond) {
  struct stat s;
  put_file("file", "x");
  struct timespec t[2] = {{1000000000, 123456789}, {1234567890, 987654321}};
  int fd = CALL(open("file", O_RDONLY));
#define TIMES() (stat("file", &s), \
  say("atime %ld.%09ld mtime %ld.%09ld", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec))
  CALL(utimensat(AT_FDCWD, "file", t, 0));
  TIMES();
  t[0].tv_nsec = UTIME_OMIT;
  t[1] = (struct timespec){1, 0};
  CALL(utimensat(AT_FDCWD, "file", t, 0));
  TIMES();
  t[0] = (struct timespec){2, 5};
  t[1].tv_nsec = UTIME_OMIT;
  CALL(futimens(fd, t));
  TIMES();
  t[1].tv_nsec = UTIME_NOW;
  CALL(futimens(fd, t));
  IS(stat("file", &s) == 0 && s.st_mtim.tv_sec > 1500000000);
  t[1].tv_nsec = 1000000000;
  CALL(futimens(fd, t)); CALL(utimensat(AT_FDCWD, "none", 0, 0)); CALL(utimensat(AT_FDCWD, "file", 0, 1));
  CALL(futimens(99, 0));
  struct timeval v[2] = {{100, 5}, {200, 999999}};
  CALL(utimes("file", v));
  TIMES();
  v[0].tv_usec = 1000000;
  CALL(utimes("file", v));
  t[0] = t[1] = (struct timespec){-5, 0};
  CALL(utimensat(AT_FDCWD, "file", t, 0));
  TIMES();
  CALL(symlink("file", "s"));
  t[0] = t[1] = (struct timespec){77, 0};
  CALL(utimensat(AT_FDCWD, "s", t, AT_SYMLINK_NOFOLLOW));
  TIMES();
  lstat("s", &s);
  VALUE(s.st_mtim.tv_sec);
}
TEST(writes_move_the_times_forward) {
  struct stat a, b;
  struct timespec old[2] = {{1000, 0}, {1000, 0}};
  put_file("file", "x");
  utimensat(AT_FDCWD, "file", old, 0);
  stat("file", &a);
  int fd = CALL(open("file", O_RDWR));
  CALL(write(fd, "yz", 2));
  stat("file", &b);
  IS(b.st_mtim.tv_sec > a.st_mtim.tv_sec); IS(b.st_ctim.tv_sec >= a.st_ctim.tv_sec);
  CALL(mkdir("d", 0700));
  utimensat(AT_FDCWD, "d", old, 0);
  put_file("d/x", "");
  stat("d", &b);
  IS(b.st_mtim.tv_sec > 1000);
  utimensat(AT_FDCWD, "file", old, 0);
  CALL(ftruncate(fd, 0));
  stat("file", &b);
  IS(b.st_mtim.tv_sec > 1000);
  utimensat(AT_FDCWD, "file", old, 0);
  CALL(chmod("file", 0600));
  stat("file", &b);
  IS(b.st_mtim.tv_sec == 1000);
}
TEST(access_checks_what_is_asked) {
  put_file("file", "");
  CALL(symlink("none", "dangling")); CALL(access("file", F_OK)); CALL(access("file", R_OK | W_OK));
  CALL(access("file", X_OK)); CALL(chmod("file", 0700)); CALL(access("file", X_OK)); CALL(access("file", 8));
  CALL(access("none", F_OK)); CALL(access("file/x", F_OK)); CALL(access("", F_OK)); CALL(access("dangling", F_OK));
  CALL(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
  CALL(faccessat(AT_FDCWD, "file", X_OK, AT_EACCESS)); CALL(syscall(SYS_faccessat2, AT_FDCWD, "file", F_OK, 1));
  int fd = open("file", O_RDONLY);
  CALL(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
}
TEST(statfs_describes_where_files_are) {
  struct statfs f;
  struct statvfs v;
  put_file("file", "");
  int fd = open("file", O_RDONLY);
  CALL(statfs("file", &f));
  IS(f.f_bsize > 0); IS(f.f_blocks >= f.f_bfree);
  VALUE(f.f_namelen);
  CALL(fstatfs(fd, &f)); CALL(statfs("none", &f)); CALL(fstatfs(99, &f)); CALL(statfs("/proc", &f));
  HEX(f.f_type);
  CALL(statvfs(".", &v));
  IS(v.f_frsize > 0);
}
TEST(extended_attributes_are_kept_or_refused) {
  char b[20];
  put_file("file", "");
  int fd = open("file", O_RDONLY);
  CALL(getxattr("file", "user.none", b, 20)); CALL(getxattr("none", "user.x", b, 20));
  CALL(getxattr("file", "nonsense", b, 20)); CALL(setxattr("none", "user.x", "1", 1, 0));
  CALL(fgetxattr(99, "user.x", b, 20)); CALL(removexattr("file", "user.none")); CALL(listxattr("none", b, 20));
  CALL(setxattr("file", "user.x", "1", 1, 8)); CALL(setxattr("file", "user.x", "1", 1, XATTR_REPLACE));
  CALL(fgetxattr(fd, "user.x", b, 20));
}
TEST(space_is_counted_in_blocks_of_512) {
  struct stat s;
  int fd = CALL(open("file", O_RDWR | O_CREAT, 0600));
  fstat(fd, &s);
  VALUE(s.st_blocks);
  char page[4096] = "x";
  CALL(write(fd, page, 4096)); CALL(fsync(fd));
  fstat(fd, &s);
  VALUE(s.st_blocks);
}
