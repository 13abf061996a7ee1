/* Opening files: open(2), openat(2), creat(2), close(2). */
#include "conform.h"
#include <linux/openat2.h>

TEST(open_of_a_missing_file_needs_O_CREAT) {
  CALL(open("file", O_RDONLY));
  CALL(open("file", O_WRONLY));
  CALL(open("file", O_RDWR | O_TRUNC));
  CALL(open("file", O_RDONLY | O_CREAT, 0600));
  CALL(open("file", O_RDONLY));
}
TEST(O_EXCL_refuses_what_is_there_even_a_dangling_link) {
  CALL(open("file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  CALL(open("file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  CALL(symlink("nowhere", "link"));
  CALL(open("link", O_WRONLY | O_CREAT | O_EXCL, 0600));
  CALL(mkdir("d", 0700));
  CALL(open("d", O_RDONLY | O_CREAT | O_EXCL, 0600));
}
TEST(O_CREAT_through_a_dangling_link_makes_its_target) {
  CALL(symlink("target", "link"));
  CALL(open("link", O_WRONLY | O_CREAT, 0600));
  CALL(access("target", F_OK));
}
TEST(O_TRUNC_empties_and_O_APPEND_writes_at_the_end) {
  put_file("file", "0123456789");
  int fd = CALL(open("file", O_WRONLY | O_APPEND));
  CALL(lseek(fd, 2, SEEK_SET));
  CALL(write(fd, "ab", 2));
  CALL(lseek(fd, 0, SEEK_CUR));
  show_file("file");
  CALL(pwrite(fd, "XY", 2, 0));
  show_file("file");
  CALL(open("file", O_WRONLY | O_TRUNC));
  VALUE(size_of("file"));
  CALL(write(fd, "new", 3));
  show_file("file");
}
TEST(the_access_mode_decides_what_may_be_done) {
  put_file("file", "content");
  char c;
  int r = CALL(open("file", O_RDONLY)), w = CALL(open("file", O_WRONLY)), both = CALL(open("file", O_RDWR));
  CALL(write(r, "x", 1)); CALL(read(w, &c, 1)); CALL(read(both, &c, 1)); CALL(write(both, "y", 1));
  CALL(ftruncate(r, 1)); CALL(ftruncate(w, 3));
  show_file("file");
  HEX(fcntl(r, F_GETFL) & O_ACCMODE); HEX(fcntl(w, F_GETFL) & O_ACCMODE); HEX(fcntl(both, F_GETFL) & O_ACCMODE);
}
TEST(the_lowest_free_descriptor_is_taken) {
  put_file("file", "");
  CALL(open("file", O_RDONLY)); CALL(open("file", O_RDONLY)); CALL(open("file", O_RDONLY));
  CALL(close(4));
  CALL(open("file", O_RDONLY));
  CALL(close(3)); CALL(close(4));
  CALL(open("file", O_RDONLY)); CALL(open("file", O_RDONLY)); CALL(open("file", O_RDONLY));
}
TEST(O_DIRECTORY_wants_a_directory_and_writing_wants_none) {
  put_file("file", "");
  CALL(mkdir("d", 0700)); CALL(open("file", O_RDONLY | O_DIRECTORY)); CALL(open("d", O_WRONLY));
  CALL(open("d", O_RDWR)); CALL(open("d", O_RDONLY | O_CREAT, 0600));
  int d = CALL(open("d", O_RDONLY | O_DIRECTORY));
  char c;
  CALL(read(d, &c, 1)); CALL(pread(d, &c, 1, 0)); CALL(write(d, &c, 1)); CALL(open("file/", O_RDONLY));
  CALL(open("file/x", O_RDONLY)); CALL(open("new/", O_WRONLY | O_CREAT, 0600)); CALL(open("file/.", O_RDONLY));
}
TEST(O_NOFOLLOW_refuses_a_link_at_the_end_only) {
  CALL(mkdir("d", 0700));
  put_file("d/file", "inside");
  CALL(symlink("d", "to-d")); CALL(symlink("d/file", "to-file"));
  CALL(open("to-file", O_RDONLY | O_NOFOLLOW)); CALL(open("to-d", O_RDONLY | O_NOFOLLOW)); CALL(open("to-d/", O_RDONLY | O_NOFOLLOW));
  CALL(open("to-d/file", O_RDONLY | O_NOFOLLOW));
}
TEST(O_PATH_names_but_does_not_read) {
  put_file("file", "content");
  CALL(mkdir("d", 0700)); put_file("d/inner", "x"); CALL(symlink("file", "link"));
  char c; struct stat s;
  int fd = CALL(open("file", O_PATH));
  CALL(read(fd, &c, 1)); CALL(write(fd, "x", 1)); CALL(fchmod(fd, 0600)); CALL(ftruncate(fd, 0)); CALL(lseek(fd, 0, SEEK_CUR));
  CALL(fstat(fd, &s)); VALUE(s.st_size);
  HEX(fcntl(fd, F_GETFL)); CALL(fcntl(fd, F_SETFL, O_NONBLOCK)); CALL(dup(fd));
  MAP(mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0));
  int link = CALL(open("link", O_PATH | O_NOFOLLOW));
  CALL(fstat(link, &s)); IS(S_ISLNK(s.st_mode));
  char target[20] = ""; CALL(readlinkat(link, "", target, sizeof target)); TEXT(target);
  int d = CALL(open("d", O_PATH | O_DIRECTORY));
  CALL(openat(d, "inner", O_RDONLY)); CALL(fchdir(d)); CALL(access("inner", F_OK));
}
TEST(openat_starts_at_the_descriptor) {
  CALL(mkdir("d", 0700));
  put_file("d/file", "x");
  put_file("plain", "");
  int d = CALL(open("d", O_RDONLY)), file = CALL(open("plain", O_RDONLY));
  CALL(openat(d, "file", O_RDONLY)); CALL(openat(d, "../d/file", O_RDONLY)); CALL(openat(d, "plain", O_RDONLY));
  CALL(openat(d, "", O_RDONLY)); CALL(openat(file, "file", O_RDONLY)); CALL(openat(99, "file", O_RDONLY));
  CALL(openat(99, "/dev/null", O_RDONLY)); CALL(openat(AT_FDCWD, "plain", O_RDONLY));
  CALL(openat(-1, "file", O_RDONLY));
}
TEST(names_may_be_too_long) {
  char name[300], path[5000];
  memset(name, 'n', sizeof name); name[256] = 0;
  CALL(open(name, O_WRONLY | O_CREAT, 0600));
  name[255] = 0;
  CALL(open(name, O_WRONLY | O_CREAT, 0600));
  memset(path, '/', sizeof path); path[4098] = 0; memcpy(path, "./", 2); path[4097] = '.';
  CALL(open(path, O_RDONLY));
  memset(path, '/', sizeof path); path[0] = '.'; path[4094] = '.'; path[4095] = 0;
  CALL(open(path, O_RDONLY));
  CALL(open("", O_RDONLY));
}
TEST(O_TMPFILE_makes_a_file_without_a_name) {
  struct stat s;
  CALL(open(".", O_TMPFILE | O_RDONLY, 0600));
  int fd = CALL(open(".", O_TMPFILE | O_RDWR, 0600));
  CALL(write(fd, "abc", 3)); CALL(fstat(fd, &s)); VALUE(s.st_nlink); VALUE(s.st_size);
  char path[64]; snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  CALL(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  show_file("named");
  CALL(fstat(fd, &s)); VALUE(s.st_nlink);
}
TEST(status_flags_are_kept_and_creation_flags_are_not) {
  int fd = CALL(open("file", O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0600));
  HEX(fcntl(fd, F_GETFL)); HEX(fcntl(fd, F_GETFD));
  CALL(fcntl(fd, F_SETFL, O_RDONLY | O_CREAT)); HEX(fcntl(fd, F_GETFL));
  CALL(fcntl(fd, F_SETFL, O_APPEND)); HEX(fcntl(fd, F_GETFL));
  CALL(fcntl(fd, F_SETFD, 0)); HEX(fcntl(fd, F_GETFD));
  int sync = CALL(open("file", O_RDWR | O_SYNC | O_NOATIME));
  HEX(fcntl(sync, F_GETFL));
}
TEST(creat_truncates_and_writes_only) {
  put_file("file", "old");
  int fd = CALL(creat("file", 0600));
  char c; CALL(read(fd, &c, 1)); VALUE(size_of("file"));
}
TEST(the_mode_of_a_new_file_is_masked) {
  struct stat s;
  umask(027);
  CALL(open("a", O_WRONLY | O_CREAT, 0666)); CALL(open("b", O_WRONLY | O_CREAT, 07777)); CALL(mkdir("d", 0777));
  stat("a", &s); OCTAL(s.st_mode); stat("b", &s); OCTAL(s.st_mode); stat("d", &s); OCTAL(s.st_mode);
  OCTAL(umask(0)); OCTAL(umask(01777)); OCTAL(umask(022));
  int fd = CALL(open("c", O_RDWR | O_CREAT, 0000)); // Its mode is for later opens.
  CALL(write(fd, "x", 1));
}
TEST(a_closed_descriptor_is_bad) {
  put_file("file", "x");
  int fd = CALL(open("file", O_RDONLY));
  char c;
  CALL(close(fd)); CALL(close(fd)); CALL(read(fd, &c, 1)); CALL(close(-1)); CALL(close(INT_MAX));
}
TEST(openat2_resolves_as_told) {
  CALL(mkdir("d", 0700));
  put_file("d/file", "x");
  CALL(symlink("/etc/passwd", "d/absolute")); CALL(symlink("file", "d/link"));
  int d = CALL(open("d", O_PATH));
#define OPEN2(path, ...) ({ struct open_how how = {__VA_ARGS__}; CALL(syscall(SYS_openat2, d, path, &how, sizeof how)); })
  OPEN2("file", .flags = O_RDONLY);
  OPEN2("../d/file", .resolve = RESOLVE_BENEATH);
  OPEN2("link", .resolve = RESOLVE_NO_SYMLINKS);
  OPEN2("absolute", .resolve = RESOLVE_BENEATH);
  OPEN2("file", .flags = 1ull << 40);
  OPEN2("file", .mode = 0600);
  OPEN2("file", .resolve = 1 << 20);
  OPEN2("/file", .resolve = RESOLVE_IN_ROOT);
  OPEN2("../../file", .resolve = RESOLVE_IN_ROOT);
  struct open_how how = {0};
  CALL(syscall(SYS_openat2, d, "file", &how, 8)); CALL(syscall(SYS_openat2, d, "file", &how, 1 << 20));
}
