/* libffi's closures on trampfd, as trampfd's author had them: userspace methods first, trampfd when all of them are denied. Around an unmodified libffi,
   whose ffi_closure_alloc, ffi_closure_free and ffi_prep_closure_loc come here (--wrap). */
#include <errno.h>
#include <ffi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "denied.h"

enum { TRAMPFD_CREATE = 440, FAST = 1, MAP_OFFSET = 0, REGS_OFFSET = 1, R10 = 17, RIP = 23, PAGE = 4096 };
enum { TRAMPFD = 441, CODE_OFFSET = 0, DATA_OFFSET = 1, TABLE_R10 = 16, TABLE_R11 = 17, ENTRIES_MAX = 256 };
/* Behind the code of a closure's own trampoline, 24 bytes, is the address that it jumps to. */
enum { DESTINATION = 24 };

void *__real_ffi_closure_alloc(size_t, void **);
void __real_ffi_closure_free(void *);
ffi_status __real_ffi_prep_closure_loc(ffi_closure *, ffi_cif *, void (*)(ffi_cif *, void *, void **, void *), void *, void *);
void *__real_mmap(void *, size_t, int, int, int, off_t);

const char *ported = NULL;

/* A page of trampolines that load their code and data from these two tables (RFC v2). It has no descriptor: the mapping is enough. */
struct table { void *code[ENTRIES_MAX], *data[ENTRIES_MAX]; char *page; };
struct entry { struct entry *next; struct table *table; int number; };
static struct entry *unused;
static struct { uint32_t ntrampolines, code_size, code_offset, reserved; } info;

/* libffi's closure first: both are freed by its address. Either an entry of a table, or a descriptor and a page. */
struct closure { ffi_closure closure; struct entry *entry; int fd; void *page; };
/* libffi said no, and would say it again: from then on all closures are ours, and none was libffi's. */
static int all_denied;

static int failed(long number, const char *call, const char *what) {
  note_denied(number, call, what, errno);
  return 0;
}
static int new_table(void) {
  struct { uint32_t ntrampolines, reg; uint64_t table; } code;
  struct { uint32_t reg, reserved; uint64_t table; } data;
  struct table *table;
  struct entry *entries;
  int fd = syscall(TRAMPFD, &info), done = 0;
  if (fd < 0) return failed(TRAMPFD, "trampfd", "table");
  table = calloc(1, sizeof *table), entries = calloc(info.ntrampolines, sizeof *entries);
  if (table != NULL && entries != NULL && info.ntrampolines <= ENTRIES_MAX) {
    code.ntrampolines = info.ntrampolines, code.reg = TABLE_R11, code.table = (uintptr_t)table->code;
    data.reg = TABLE_R10, data.reserved = 0, data.table = (uintptr_t)table->data;
    if (pwrite(fd, &code, sizeof code, CODE_OFFSET) < 0 || pwrite(fd, &data, sizeof data, DATA_OFFSET) < 0) failed(SYS_pwrite64, "pwrite", "[trampfd], table");
    else if ((table->page = __real_mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, info.code_offset)) == MAP_FAILED) failed(SYS_mmap, "mmap", "[trampfd], table");
    else done = 1;
  }
  close(fd);
  if (!done) {
    free(table);
    free(entries);
    return 0;
  }
  for (int k = info.ntrampolines; k-- > 0;) entries[k].next = unused, entries[k].table = table, entries[k].number = k, unused = &entries[k];
  return 1;
}
static int take_entry(struct closure *closure, void **code) {
  if (unused == NULL && !new_table()) return 0;
  closure->entry = unused;
  unused = unused->next;
  *code = closure->entry->table->page + closure->entry->number * info.code_size;
  use_method("trampfd, table");
  return 1;
}
static int write_registers(struct closure *closure, void *destination) {
  struct { uint32_t count, reserved; struct { uint32_t name, reserved; uint64_t value; } entries[2]; } registers = {
    2, 0, { { R10, 0, (uintptr_t)&closure->closure }, { RIP, 0, (uintptr_t)destination } },
  };
  return pwrite(closure->fd, &registers, sizeof registers, REGS_OFFSET) == sizeof registers || failed(SYS_pwrite64, "pwrite", "[trampfd], registers");
}
static int make_trampoline(struct closure *closure, int is_fast, void **code) {
  struct { uint32_t flags, reserved; } user = { is_fast ? FAST : 0, 0 };
  struct { uint32_t size, prot, flags, offset, ioffset, reserved; } map;
  closure->fd = syscall(TRAMPFD_CREATE, 0, &user, 0);
  if (closure->fd < 0) return failed(TRAMPFD_CREATE, "trampfd_create", "TRAMPFD_USER");
  /* Where a fast trampoline lies in its page is known when it has registers: any will do until the closure is prepared. */
  if (write_registers(closure, abort) && pread(closure->fd, &map, sizeof map, MAP_OFFSET) == sizeof map) {
    closure->page = __real_mmap(NULL, map.size, map.prot, map.flags, closure->fd, map.offset);
    if (closure->page != MAP_FAILED) {
      *code = (char *)closure->page + map.ioffset;
      use_method(is_fast ? "trampfd, fast" : "trampfd, by fault");
      return 1;
    }
    failed(SYS_mmap, "mmap", "[trampfd]");
  }
  close(closure->fd);
  return 0;
}
static struct closure *create(size_t size, void **code) {
  struct closure *closure = calloc(1, sizeof *closure + size);
  if (closure == NULL) return NULL;
  if (strcmp(ported, "fast") == 0 || strcmp(ported, "fault") == 0 ? make_trampoline(closure, strcmp(ported, "fast") == 0, code) : take_entry(closure, code)) return closure;
  free(closure);
  return NULL;
}

void *__wrap_ffi_closure_alloc(size_t size, void **code) {
  if (!all_denied) {
    void *closure = __real_ffi_closure_alloc(size, code);
    if (closure != NULL || ported == NULL) return closure;
    all_denied = 1;
  }
  return create(size, code);
}
void __wrap_ffi_closure_free(void *pointer) {
  struct closure *closure = pointer;
  if (!all_denied) { __real_ffi_closure_free(pointer); return; }
  if (closure->entry != NULL) closure->entry->next = unused, unused = closure->entry;
  else {
    munmap(closure->page, PAGE);
    close(closure->fd);
  }
  free(closure);
}
ffi_status __wrap_ffi_prep_closure_loc(ffi_closure *pointer, ffi_cif *cif, void (*to)(ffi_cif *, void *, void **, void *), void *data, void *code) {
  struct closure *closure = (struct closure *)pointer;
  ffi_status status = __real_ffi_prep_closure_loc(pointer, cif, to, data, code);
  void *destination;
  if (status != FFI_OK || !all_denied) return status;
  memcpy(&destination, pointer->tramp + DESTINATION, sizeof destination);
  if (closure->entry == NULL) return write_registers(closure, destination) ? FFI_OK : FFI_BAD_ABI;
  closure->entry->table->code[closure->entry->number] = destination;
  closure->entry->table->data[closure->entry->number] = pointer;
  return FFI_OK;
}
