/* libffi's closures on trampfd, as trampfd's author had them: userspace methods first, trampfd when all of them are denied, and a signal when trampfd is, too.
   Around an unmodified libffi, whose ffi_closure_alloc, ffi_closure_free and ffi_prep_closure_loc come here (--wrap). */
#define _GNU_SOURCE
#include <errno.h>
#include <ffi.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "denied.h"

enum { TRAMPFD_CREATE = 440, FAST = 0x10000, MAP_OFFSET = 0, REGS_OFFSET = 1, R10 = 17, RIP = 23, PAGE = 4096 };
enum { TRAMPFD = 441, CODE_OFFSET = 0, DATA_OFFSET = 1, TABLE_R10 = 16, TABLE_R11 = 17, ENTRIES_MAX = 256 };
enum { TRAMP_CREATE = 442, TRAMP_SET = 443, TRAMP_FREE = 447, SET_REGS = 2, GATE = 64 };
/* Behind the code of a closure's own trampoline, 24 bytes, is the address that it jumps to. */
enum { DESTINATION = 24 };

void *__real_ffi_closure_alloc(size_t, void **);
void __real_ffi_closure_free(void *);
ffi_status __real_ffi_prep_closure_loc(ffi_closure *, ffi_cif *, void (*)(ffi_cif *, void *, void **, void *), void *, void *);
void *__real_mmap(void *, size_t, int, int, int, off_t);

const char *ported = NULL;

/* libffi's closure first: both are freed by its address. Then what its method keeps. */
struct closure {
  ffi_closure closure;
  const struct method *method;
  void *code, *destination;
  struct entry *entry;
  int fd;
  struct place *place;
};
struct method {
  const char *name, *said;
  /* To closure->code; 0: it was denied. */
  int (*make)(struct closure *);
  /* To closure->destination, with the closure in r10. */
  int (*bind)(struct closure *);
  void (*release)(struct closure *);
};
static int failed(long number, const char *call, const char *what) {
  note_denied(number, call, what, errno);
  return 0;
}

/* A page of trampolines that load their code and data from these two tables (RFC v2). It has no descriptor: the mapping is enough. */
struct table { void *code[ENTRIES_MAX], *data[ENTRIES_MAX]; char *page; };
struct entry { struct entry *next; struct table *table; int number; };
static struct entry *unused;
static struct { uint32_t ntrampolines, code_size, code_offset, reserved; } info;

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
static int take_entry(struct closure *closure) {
  if (unused == NULL && !new_table()) return 0;
  closure->entry = unused;
  unused = unused->next;
  closure->code = closure->entry->table->page + closure->entry->number * info.code_size;
  return 1;
}
static int bind_entry(struct closure *closure) {
  closure->entry->table->code[closure->entry->number] = closure->destination;
  closure->entry->table->data[closure->entry->number] = &closure->closure;
  return 1;
}
static void give_entry(struct closure *closure) { closure->entry->next = unused, unused = closure->entry; }

/* A descriptor and a page for each (RFC v1), until it is freed. */
static int write_registers(struct closure *closure) {
  struct { uint32_t count, reserved; struct { uint32_t name, reserved; uint64_t value; } entries[2]; } registers = {
    2, 0, { { R10, 0, (uintptr_t)&closure->closure }, { RIP, 0, (uintptr_t)closure->destination } },
  };
  return pwrite(closure->fd, &registers, sizeof registers, REGS_OFFSET) == sizeof registers || failed(SYS_pwrite64, "pwrite", "[trampfd], registers");
}
static int make_file(struct closure *closure, int is_fast) {
  struct { uint32_t flags, reserved; } user = { is_fast ? FAST : 0, 0 };
  struct { uint32_t size, prot, flags, offset, ioffset, reserved; } map;
  closure->fd = syscall(TRAMPFD_CREATE, 0, &user, 0);
  if (closure->fd < 0) return failed(TRAMPFD_CREATE, "trampfd_create", "TRAMPFD_USER");
  /* Where a fast trampoline lies in its page is known when it has registers: any will do until the closure is prepared. */
  if (write_registers(closure) && pread(closure->fd, &map, sizeof map, MAP_OFFSET) == sizeof map) {
    char *page = __real_mmap(NULL, map.size, map.prot, map.flags, closure->fd, map.offset);
    if (page != MAP_FAILED) {
      closure->code = page + map.ioffset;
      return 1;
    }
    failed(SYS_mmap, "mmap", "[trampfd]");
  }
  close(closure->fd);
  return 0;
}
static int make_fault(struct closure *closure) { return make_file(closure, 0); }
static int make_fast(struct closure *closure) { return make_file(closure, 1); }
static void close_file(struct closure *closure) {
  munmap((void *)((uintptr_t)closure->code & -PAGE), PAGE);
  close(closure->fd);
}

/* A system call for each: what the kernel maps is itself one (push; mov; syscall). */
struct context { uint32_t nregs, stack_size, stack_flags, stack_offset; struct { uint32_t name, reserved; uint64_t value; } entries[2]; };
static struct context context_of(struct closure *closure) {
  return (struct context){ 2, 0, 0, 0, { { R10, 0, (uintptr_t)&closure->closure }, { RIP, 0, (uintptr_t)closure->destination } } };
}
static int make_gate(struct closure *closure) {
  struct context context = context_of(closure);
  long code = syscall(TRAMP_CREATE, 0, GATE, &context, 0);
  if (code == -1) return failed(TRAMP_CREATE, "tramp_create", "a system call");
  closure->code = (void *)code;
  return 1;
}
static int set_gate(struct closure *closure) {
  struct context context = context_of(closure);
  return syscall(TRAMP_SET, closure->code, SET_REGS, &context) == 0 || failed(TRAMP_SET, "tramp_set", "registers");
}
static void free_gate(struct closure *closure) { syscall(TRAMP_FREE, closure->code, 0); }

/* Addresses without permissions, 16 bytes apart: a call of one is a SIGSEGV, and the handler goes on where the trampoline would have gone. That needs nothing that a
   policy denies, but takes a thousand times as long, and a handler that is the whole program's. */
enum { PLACES = 1 << 20, PLACE_BYTES = 16 };
struct place { struct closure *closure; struct place *next; };
static char *addresses;
static struct place *places, *unused_place;
static size_t places_used;
static struct sigaction before;

static void on_fault(int number, siginfo_t *fault, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  uintptr_t at = (uintptr_t)fault->si_addr, from = at - (uintptr_t)addresses;
  if (from < (uintptr_t)PLACES * PLACE_BYTES && from % PLACE_BYTES == 0 && (uintptr_t)registers[REG_RIP] == at) {
    struct closure *closure = places[from / PLACE_BYTES].closure;
    if (closure != NULL) {
      registers[REG_R10] = (uintptr_t)&closure->closure;
      registers[REG_RIP] = (uintptr_t)closure->destination;
      return;
    }
  }
  /* The program's own: its handler's, or again without us. */
  if ((before.sa_flags & SA_SIGINFO) != 0) before.sa_sigaction(number, fault, context);
  else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(number);
  else signal(SIGSEGV, SIG_DFL);
}
static int begin_signals(void) {
  struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  void *reserved, *table;
  if (addresses != NULL) return 1;
  reserved = __real_mmap(NULL, (size_t)PLACES * PLACE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  table = __real_mmap(NULL, PLACES * sizeof *places, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED || table == MAP_FAILED) return failed(SYS_mmap, "mmap", "memory, none");
  places = table, addresses = reserved;
  return sigaction(SIGSEGV, &ours, &before) == 0 || failed(SYS_rt_sigaction, "sigaction", "SIGSEGV");
}
static int take_place(struct closure *closure) {
  if (!begin_signals()) return 0;
  closure->place = unused_place;
  if (closure->place != NULL) unused_place = closure->place->next;
  else if (places_used < PLACES) closure->place = &places[places_used++];
  else return 0;
  closure->place->closure = closure;
  closure->code = addresses + (closure->place - places) * PLACE_BYTES;
  return 1;
}
static int stay(struct closure *closure) { return 1; }
static void give_place(struct closure *closure) {
  closure->place->closure = NULL;
  closure->place->next = unused_place, unused_place = closure->place;
}

/* In the order in which they are tried. Only two are, if none is asked for by name: where a table is denied, all of trampfd is. */
static const struct method METHODS[] = {
  { "table", "trampfd, table", take_entry, bind_entry, give_entry },
  { "fast", "trampfd, fast", make_fast, write_registers, close_file },
  { "fault", "trampfd, by fault", make_fault, write_registers, close_file },
  { "gate", "system-call route", make_gate, set_gate, free_gate },
  { "signal", "signal", take_place, stay, give_place },
};
enum { METHOD_COUNT = sizeof METHODS / sizeof *METHODS };

static int is_tried(const struct method *method) {
  return *ported != 0 ? strcmp(ported, method->name) == 0 : method == &METHODS[0] || method == &METHODS[METHOD_COUNT - 1];
}
/* libffi said no, and would say it again, or was not asked: from then on all closures are ours, and none was libffi's. */
static int is_ours;

void *__wrap_ffi_closure_alloc(size_t size, void **code) {
  struct closure *closure;
  if (!is_ours && (ported == NULL || *ported == 0)) {
    void *theirs = __real_ffi_closure_alloc(size, code);
    if (theirs != NULL || ported == NULL) return theirs;
  }
  is_ours = 1;
  closure = calloc(1, sizeof *closure + size);
  if (closure == NULL) return NULL;
  closure->destination = abort;
  for (const struct method *method = METHODS; method < METHODS + METHOD_COUNT; method++) {
    if (!is_tried(method) || !method->make(closure)) continue;
    closure->method = method;
    use_method(method->said);
    *code = closure->code;
    return closure;
  }
  free(closure);
  return NULL;
}
void __wrap_ffi_closure_free(void *pointer) {
  struct closure *closure = pointer;
  if (!is_ours) { __real_ffi_closure_free(pointer); return; }
  closure->method->release(closure);
  free(closure);
}
ffi_status __wrap_ffi_prep_closure_loc(ffi_closure *pointer, ffi_cif *cif, void (*to)(ffi_cif *, void *, void **, void *), void *data, void *code) {
  struct closure *closure = (struct closure *)pointer;
  ffi_status status = __real_ffi_prep_closure_loc(pointer, cif, to, data, code);
  if (status != FFI_OK || !is_ours) return status;
  memcpy(&closure->destination, pointer->tramp + DESTINATION, sizeof closure->destination);
  return closure->method->bind(closure) ? FFI_OK : FFI_BAD_ABI;
}
