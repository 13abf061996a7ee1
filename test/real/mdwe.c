/* What Linux refuses under PR_SET_MDWE, as far as the policy `wx` refuses the same: prints a line a case, which must be equal natively and here. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

static void mapped(const char *what, void *at) { printf("%s: %s\n", what, at == MAP_FAILED ? strerrorname_np(errno) : "0"); }
static void changed(const char *what, int result) { printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "0"); }
static void *map(int prot, int flags, int fd) { return mmap(NULL, 4096, prot, flags, fd, 0); }

int main(void) {
  const int rw = PROT_READ | PROT_WRITE, rx = PROT_READ | PROT_EXEC, own = MAP_PRIVATE | MAP_ANONYMOUS, all = MAP_SHARED | MAP_ANONYMOUS;
  int fd = memfd_create("code", 0);
  if (fd < 0 || ftruncate(fd, 4096) < 0) return 1;
  prctl(65 /* PR_SET_MDWE */, 1UL, 0UL, 0UL, 0UL);
  mapped("memory, writable", map(rw, own, -1));
  mapped("memory, writable and executable", map(rw | PROT_EXEC, own, -1));
  mapped("shared memory, writable and executable", map(rw | PROT_EXEC, all, -1));
  mapped("a file, executable", map(rx, MAP_SHARED, fd));
  mapped("a file, writable", map(rw, MAP_SHARED, fd));
  mapped("a file, writable and executable", map(rw | PROT_EXEC, MAP_SHARED, fd));
  mapped("a private file, writable and executable", map(rw | PROT_EXEC, MAP_PRIVATE, fd));
  changed("memory becomes executable", mprotect(map(rw, own, -1), 4096, rx));
  changed("shared memory becomes executable", mprotect(map(rw, all, -1), 4096, rx));
  changed("a writable file becomes executable", mprotect(map(rw, MAP_SHARED, fd), 4096, rx));
  changed("an executable file stays so", mprotect(map(rx, MAP_SHARED, fd), 4096, rx));
  changed("an executable file becomes writable too", mprotect(map(rx, MAP_PRIVATE, fd), 4096, rw | PROT_EXEC));
  changed("an executable file becomes readable", mprotect(map(rx, MAP_SHARED, fd), 4096, PROT_READ));
  char *written = map(rw, MAP_PRIVATE, fd);
  *written = 1;
  changed("a private file that was written becomes executable", mprotect(written, 4096, rx));
  personality(READ_IMPLIES_EXEC);
  changed("memory that is read and so executed", mprotect(map(PROT_NONE, own, -1), 4096, PROT_READ));
  return 0;
}
