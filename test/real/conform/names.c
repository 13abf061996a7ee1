/* Names: link(2), unlink(2), rename(2), symlink(2), readlink(2), mkdir(2), rmdir(2), getdents(2), chdir(2), path_resolution(7). */
#include "conform.h"

static long links_of(const char *name) { struct stat s; return lstat(name, &s) ? -1 : (long)s.st_nlink; }

TEST(a_link_is_another_name) {
  put_file("a", "content");
  struct stat one, two;
  CALL(link("a", "b"));
  VALUE(links_of("a"));
  stat("a", &one);
  stat("b", &two);
  IS(one.st_ino == two.st_ino);
  put_file("b", "new");
  show_file("a");
  CALL(unlink("a"));
  VALUE(links_of("b"));
  show_file("b");
  CALL(link("none", "c")); CALL(link("b", "b")); CALL(mkdir("d", 0700)); CALL(link("d", "e"));
  CALL(link("b", "none/x")); CALL(link("b", "d")); CALL(link("b", "d/x")); CALL(symlink("b", "s"));
  CALL(link("s", "t"));
  struct stat s;
  lstat("t", &s);
  IS(S_ISLNK(s.st_mode));
  CALL(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
  lstat("u", &s);
  IS(S_ISREG(s.st_mode));
  CALL(linkat(AT_FDCWD, "b", AT_FDCWD, "v", 1));
}
TEST(an_unlinked_file_lives_while_it_is_open) {
  put_file("file", "alive");
  char b[10];
  struct stat s;
  int fd = CALL(open("file", O_RDWR));
  CALL(unlink("file")); CALL(open("file", O_RDONLY)); CALL(read(fd, b, 10));
  bytes("b", b, 5);
  CALL(pwrite(fd, "A", 1, 0)); CALL(pread(fd, b, 10, 0));
  bytes("b", b, 5);
  CALL(fstat(fd, &s));
  VALUE(s.st_nlink);
  put_file("file", "another");
  CALL(pread(fd, b, 10, 0));
  bytes("b", b, 5);
  show_file("file");
}
TEST(unlink_and_rmdir_know_their_kinds) {
  put_file("file", "");
  CALL(mkdir("d", 0700));
  put_file("d/f", "");
  CALL(symlink("d", "s")); CALL(unlink("d")); CALL(rmdir("file")); CALL(rmdir("d")); CALL(rmdir("s"));
  CALL(unlink("none")); CALL(rmdir("none")); CALL(unlink("file/x")); CALL(unlink("")); CALL(rmdir("d/."));
  CALL(rmdir("d/..")); CALL(rmdir(".")); CALL(unlink("s/")); CALL(unlink("s")); CALL(unlink("d/f"));
  CALL(unlinkat(AT_FDCWD, "d", 0)); CALL(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR)); CALL(unlinkat(AT_FDCWD, "file", 1));
  CALL(unlink("file/"));
}
TEST(rename_replaces_files) {
  put_file("a", "first");
  put_file("b", "second");
  CALL(rename("a", "b"));
  show_file("b");
  CALL(access("a", F_OK)); CALL(rename("none", "b")); CALL(rename("b", "b")); CALL(link("b", "c"));
  CALL(rename("b", "c"));
  VALUE(links_of("c"));
  CALL(access("b", F_OK)); CALL(rename("b", "none/x")); CALL(rename("b", "")); CALL(symlink("b", "s"));
  CALL(rename("s", "t"));
  char target[9] = "";
  CALL(readlink("t", target, 8));
  TEXT(target);
}
TEST(rename_of_directories) {
  CALL(mkdir("a", 0700)); CALL(mkdir("a/inner", 0700)); CALL(mkdir("b", 0700));
  put_file("file", "");
  CALL(rename("a", "a/inner/x")); CALL(rename("a", "file")); CALL(rename("file", "a")); CALL(rename("a", "b"));
  CALL(access("b/inner", F_OK)); CALL(mkdir("c", 0700)); CALL(rename("c", "b")); CALL(rename("b", "c/"));
  CALL(rename(".", "x")); CALL(rename("c/..", "x")); CALL(rename("file", "new/")); CALL(rename("file/", "new"));
}
TEST(renameat2_exchanges_and_refuses) {
  put_file("a", "A");
  put_file("b", "B");
  CALL(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
  CALL(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE));
  show_file("a");
  show_file("b");
  CALL(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_EXCHANGE));
  CALL(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
  CALL(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_NOREPLACE | RENAME_EXCHANGE));
  CALL(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", 64));
}
TEST(symlinks_say_what_they_were_told) {
  char b[10];
  memset(b, '.', 10);
  CALL(symlink("some/where", "s")); CALL(readlink("s", b, 4));
  bytes("b", b, 10);
  CALL(readlink("s", b, 0)); CALL(symlink("x", "s")); CALL(symlink("", "t")); CALL(readlink(".", b, 10));
  CALL(readlink("none", b, 10)); CALL(readlink("", b, 10)); CALL(symlink("x", "none/y"));
  VALUE(size_of("s"));
  CALL(lchown("s", -1, -1)); CALL(chmod("s", 0600)); CALL(unlink("s")); CALL(symlink("x", "slash/"));
}
TEST(symlink_loops_are_found) {
  CALL(symlink("b", "a")); CALL(symlink("a", "b")); CALL(symlink("self", "self"));
  struct stat s;
  CALL(open("a", O_RDONLY)); CALL(open("self", O_RDWR | O_CREAT, 0600)); CALL(stat("a", &s)); CALL(lstat("a", &s));
  CALL(access("a/x", F_OK)); CALL(chdir("self")); CALL(mkdir("self", 0700)); CALL(truncate("a", 0)); CALL(unlink("a"));
  char from[8], to[8];
  put_file("l0", "end");
  for (int i = 1; i <= 41; i++) {
    sprintf(from, "l%d", i);
    sprintf(to, "l%d", i - 1);
    symlink(to, from);
  }
  CALL(access("l40", F_OK)); CALL(access("l41", F_OK)); CALL(symlink(".", "dot")); CALL(access("dot/dot/dot/l0", F_OK));
}
TEST(mkdir_makes_and_refuses) {
  struct stat s;
  put_file("file", "");
  CALL(mkdir("d", 0755)); CALL(mkdir("d", 0755)); CALL(mkdir("file", 0755)); CALL(mkdir("x/y", 0755));
  CALL(mkdir("file/y", 0755)); CALL(mkdir("d/e/", 0755)); CALL(mkdir("", 0755)); CALL(mkdir("/", 0755));
  CALL(mkdir(".", 0755));
  stat("d", &s);
  VALUE(s.st_nlink);
  OCTAL(s.st_mode);
  CALL(symlink("new", "s")); CALL(mkdir("s", 0755)); CALL(mkdir("d/.", 0755)); CALL(mkdirat(99, "x", 0755));
}
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void list(const char *path) {
  char *names[64], text[2000] = ""; int count = 0;
  DIR *d = opendir(path); struct dirent *e;
  if (d == 0) { say("opendir %s: %s", path, error_name(errno)); return; }
  while ((e = readdir(d)) && count < 64) { asprintf(&names[count++], "%s/%d", e->d_name, e->d_type); }
  qsort(names, (size_t)count, sizeof *names, by_name);
  for (int i = 0; i < count; i++) { strcat(text, " "); strcat(text, names[i]); free(names[i]); }
  say("%s:%s", path, text);
  closedir(d);
}
TEST(directories_list_what_is_in_them) {
  CALL(mkdir("d", 0700));
  list("d");
  put_file("d/file", "");
  CALL(mkdir("d/sub", 0700)); CALL(symlink("x", "d/link")); CALL(mkfifo("d/fifo", 0600));
  list("d");
  CALL(unlink("d/file")); CALL(rename("d/sub", "d/other"));
  list("d");
  list("none");
  put_file("plain", "");
  list("plain");
}
TEST(getdents_gives_whole_records_once) {
  struct record { uint64_t inode; int64_t next; unsigned short length; unsigned char type; char name[]; };
  char b[600], name[16];
  int fd, total = 0, aligned = 1;
  CALL(mkdir("d", 0700));
  for (int i = 0; i < 60; i++) { sprintf(name, "d/file%02d", i); put_file(name, ""); }
  fd = CALL(open("d", O_RDONLY));
  long got, seen[60] = {0};
  while ((got = syscall(SYS_getdents64, fd, b, sizeof b)) > 0)
    for (char *at = b; at < b + got;) {
      struct record *r = (void *)at;
      total++;
      aligned &= r->length % 8 == 0;
      if (r->name[0] == 'f') seen[atoi(r->name + 4)]++;
      at += r->length;
    }
  VALUE(got); VALUE(total); VALUE(aligned);
  int once = 1;
  for (int i = 0; i < 60; i++) once &= seen[i] == 1;
  VALUE(once);
  CALL(syscall(SYS_getdents64, fd, b, sizeof b)); CALL(lseek(fd, 0, SEEK_SET));
  CALL(syscall(SYS_getdents64, fd, b, 10)); CALL(syscall(SYS_getdents64, 1, b, sizeof b));
  CALL(syscall(SYS_getdents64, 99, b, sizeof b)); CALL(syscall(SYS_getdents64, fd, 8, sizeof b)); CALL(rmdir("d"));
}
TEST(the_working_directory_can_go_away) {
  char b[PATH_MAX], home[PATH_MAX];
  getcwd(home, sizeof home);
  CALL(mkdir("d", 0700)); CALL(chdir("d"));
  getcwd(b, sizeof b);
  IS(strcmp(b + strlen(home), "/d") == 0);
  CALL(rmdir("../d"));
  MAP(getcwd(b, sizeof b));
  CALL(open("x", O_WRONLY | O_CREAT, 0600)); CALL(mkdir("x", 0700)); CALL(chdir(".."));
}
TEST(getcwd_measures_its_buffer) {
  char b[PATH_MAX];
  CALL(chdir("/")); CALL(syscall(SYS_getcwd, b, 1)); CALL(syscall(SYS_getcwd, b, 2));
  TEXT(b);
  CALL(syscall(SYS_getcwd, b, 0)); CALL(chdir("/proc/../dev/")); CALL(syscall(SYS_getcwd, b, sizeof b));
  TEXT(b);
  CALL(syscall(SYS_getcwd, 8, sizeof b));
}
TEST(chdir_and_fchdir_want_directories) {
  put_file("file", "");
  CALL(mkdir("d", 0700)); CALL(symlink("d", "s")); CALL(chdir("none")); CALL(chdir("file")); CALL(chdir(""));
  int fd = CALL(open("file", O_RDONLY)), d = CALL(open(".", O_RDONLY));
  CALL(fchdir(fd)); CALL(fchdir(99)); CALL(chdir("s")); CALL(access("../file", F_OK)); CALL(fchdir(d));
  CALL(access("file", F_OK)); CALL(chroot("none"));
}
TEST(dots_and_slashes_resolve) {
  CALL(mkdir("d", 0700)); CALL(mkdir("d/e", 0700));
  put_file("d/file", "x");
  CALL(symlink("d/e", "s")); CALL(access("d//file", F_OK)); CALL(access("./d/./e/../file", F_OK));
  CALL(access("d/file/..", F_OK)); CALL(access("s/../file", F_OK)); CALL(access("/../../../", F_OK));
  CALL(access("d/none/../file", F_OK)); CALL(access("s/..//.//file", F_OK));
}
TEST(fifos_and_nodes_are_made) {
  struct stat s;
  CALL(mkfifo("fifo", 0640)); CALL(stat("fifo", &s));
  OCTAL(s.st_mode);
  CALL(mkfifo("fifo", 0640)); CALL(mknod("plain", S_IFREG | 0600, 0)); CALL(stat("plain", &s));
  OCTAL(s.st_mode);
  CALL(mknod("x", S_IFDIR | 0600, 0)); CALL(mknod("zero", 0600, 0)); CALL(stat("zero", &s));
  OCTAL(s.st_mode);
  CALL(mknod("none/x", S_IFREG, 0));
}
TEST(names_are_bytes) {
  char name[] = "\xff\x80 \n'\x01";
  put_file(name, "odd");
  show_file(name);
  list(".");
  CALL(rename(name, "\xc3\xa9"));
  list(".");
  CALL(symlink("\xfe", "s"));
  char b[4];
  bytes("link", b, CALL(readlink("s", b, 4)));
}
