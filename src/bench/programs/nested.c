/* GCC's nested functions: each trampoline is code that GCC writes on the stack, which is therefore executable. No C library.
   bench WAY COUNT INVOCATIONS CHANGES RELEASES; exit 1: wrong sum. */
#include "laps.h"

typedef long (*function)(long);
#define COUNT_MAX 16384
static function functions[COUNT_MAX];
static long *values[COUNT_MAX];
static const char *invocations, *changes;
static long count, releases, changed, invoked, sum;

static _Noreturn void leave(int status) {
  __asm__ volatile ("syscall" : : "a"(60), "D"(status));
  __builtin_unreachable();
}
static long number(const char *text) {
  long value = 0;
  while (*text) value = 10 * value + *text++ - '0';
  return value;
}
/* All trampolines are alive here: those of the frames above. */
static __attribute__((noinline)) void work(void) {
  long at = 0;
  LAP();
  LAP();
  while (*changes) {
    long round = next_round(&changes);
    changed += round;
    for (long n = 0; n < round; n++) {
      *values[at] = 2 * (3 * at + 1);
      if (++at == count) at = 0;
    }
    LAP();
  }
  at = 0;
  LAP();
  while (*invocations) {
    long round = next_round(&invocations);
    invoked += round;
    for (long n = 0; n < round; n++) {
      sum = functions[at](sum);
      if (++at == count) at = 0;
    }
    LAP();
  }
}
static int is_wrong(void) {
  long expected = 0;
  if (invoked > 0)
    for (long k = 0; k < count; k++) expected += (invoked / count + (k < invoked % count)) * (3 * k + 1) * (k < changed ? 2 : 1);
  return sum != expected;
}
static __attribute__((noinline)) void create(long k) {
  long value = 3 * k + 1;
  long add(long argument) { return argument + value; }
  functions[k] = add;
  values[k] = &value;
  if (k + 1 < count) create(k + 1);
  else {
    work();
    if (!releases) leave(is_wrong());
  }
  __asm__ volatile ("" : : : "memory");
}
/* Freeing is returning: whoever does not want it leaves from the innermost frame. */
__attribute__((used)) static void begin(long *stack) {
  char **arguments = (char **)(stack + 1);
  count = number(arguments[2]), invocations = arguments[3], changes = arguments[4], releases = number(arguments[5]);
  LAP();
  create(0);
  LAP();
  leave(is_wrong());
}
__asm__ (".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
