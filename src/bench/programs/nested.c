/* GCC's nested functions: each trampoline is code that GCC writes on the stack, which is therefore executable. No C library.
   bench WAY COUNT INVOCATIONS CHANGES RELEASES; exit 1: wrong sum. */
typedef long (*function)(long);
#define COUNT_MAX 16384
static function functions[COUNT_MAX];
static long *values[COUNT_MAX];
static long count, invocations, changes, releases;

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
static __attribute__((noinline)) int work(void) {
  long at = 0, sum = 0, expected = 0;
  for (long n = 0; n < changes; n++) {
    *values[at] = 2 * (3 * at + 1);
    if (++at == count) at = 0;
  }
  at = 0;
  for (long n = 0; n < invocations; n++) {
    sum = functions[at](sum);
    if (++at == count) at = 0;
  }
  if (invocations > 0)
    for (long k = 0; k < count; k++) expected += (invocations / count + (k < invocations % count)) * (3 * k + 1) * (k < changes ? 2 : 1);
  return sum != expected;
}
static __attribute__((noinline)) int create(long k) {
  long value = 3 * k + 1;
  long add(long argument) { return argument + value; }
  functions[k] = add;
  values[k] = &value;
  int result = k + 1 < count ? create(k + 1) : work();
  if (!releases) leave(result);
  __asm__ volatile ("" : : : "memory");
  return result;
}
/* Freeing is returning: whoever does not want it leaves from the innermost frame. */
__attribute__((used)) static void begin(long *stack) {
  char **arguments = (char **)(stack + 1);
  count = number(arguments[2]), invocations = number(arguments[3]), changes = number(arguments[4]), releases = number(arguments[5]);
  leave(create(0));
}
__asm__ (".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
