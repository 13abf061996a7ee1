/* Remembers which calls libffi made in vain: the linker sends its calls here (--wrap), the library is as it was. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "denied.h"

#define DENIED_MAX 16
static struct { const char *call; long number; char what[48]; int error; } denied[DENIED_MAX];
static int count;

/* What is not there, or is a directory, is no denial: libffi tries many places. */
void note_denied(long number, const char *call, const char *what, int error) {
  if (error == ENOENT || error == EISDIR || error == EOPNOTSUPP) return;
  for (int n = 0; n < count; n++)
    if (denied[n].error == error && strcmp(denied[n].call, call) == 0 && strncmp(denied[n].what, what, sizeof denied[n].what - 1) == 0) return;
  if (count == DENIED_MAX) return;
  denied[count].call = call;
  denied[count].number = number;
  strncpy(denied[count].what, what, sizeof denied[count].what - 1);
  denied[count++].error = error;
}
static const char *name_of(int error) {
  switch (error) {
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case EROFS: return "EROFS";
    case EINVAL: return "EINVAL";
    case ENOSYS: return "ENOSYS";
    case EMFILE: return "EMFILE";
    case ENOMEM: return "ENOMEM";
  }
  return strerror(error);
}
const char *method_used(void);
void tell_denied(void) {
  printf("trampolines: %s; denied:", method_used());
  if (count == 0) printf(" nothing");
  for (int n = 0; n < count; n++) printf("%s %s(%s) %s", n == 0 ? "" : ",", denied[n].call, denied[n].what, name_of(denied[n].error));
  printf("\n");
}

void tell_refusals(void) {
  for (int n = 0; n < count; n++) {
    long record[] = { denied[n].number, -denied[n].error };
    write(1, record, sizeof record);
  }
}

static const char *method = "none";
const char *method_used(void) { return method; }
void use_method(const char *name) { method = name; }

static const char *rights(int prot, int flags) {
  static char text[32];
  snprintf(text, sizeof text, "%s, %s%s%s", (flags & MAP_ANONYMOUS) != 0 ? "memory" : (flags & MAP_SHARED) != 0 ? "shared file" : "file",
    (prot & PROT_READ) != 0 ? "R" : "", (prot & PROT_WRITE) != 0 ? "W" : "", (prot & PROT_EXEC) != 0 ? "X" : "");
  return text;
}
void *__real_mmap(void *, size_t, int, int, int, off_t);
void *__wrap_mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset) {
  void *result = __real_mmap(at, length, prot, flags, fd, offset);
  if (result == MAP_FAILED) { int error = errno; note_denied(SYS_mmap, "mmap", rights(prot, flags), error); errno = error; }
  else if ((prot & PROT_EXEC) != 0) use_method((flags & MAP_ANONYMOUS) != 0 ? "W+X" : (flags & MAP_SHARED) != 0 ? "file mapped twice" : "static");
  return result;
}
int __real_open(const char *, int, ...);
int __wrap_open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int result = __real_open(path, flags, va_arg(more, int));
  va_end(more);
  if (result < 0) { int error = errno; note_denied(SYS_open, "open", path, error); errno = error; }
  return result;
}
int __real_memfd_create(const char *, unsigned);
int __wrap_memfd_create(const char *name, unsigned flags) {
  int result = __real_memfd_create(name, flags);
  if (result < 0) { int error = errno; note_denied(SYS_memfd_create, "memfd_create", name, error); errno = error; }
  return result;
}
int __real_mkostemp(char *, int);
int __wrap_mkostemp(char *name, int flags) {
  int result = __real_mkostemp(name, flags);
  if (result < 0) { int error = errno; *strrchr(name, '/') = 0; note_denied(SYS_open, "mkostemp", name, error); errno = error; }
  return result;
}
