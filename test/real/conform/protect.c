/* Faults and rights of pages: mprotect(2), sigaction(2) on SIGSEGV and SIGBUS, pkeys(7) refused. */
#include "conform.h"
#define PAGE 4096
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static sigjmp_buf back;
static siginfo_t last;
static void caught(int number, siginfo_t *info, void *context) { (void)number; (void)context; last = *info; siglongjmp(back, 1); }
static void watch(void) {
  handle_info(SIGSEGV, caught, 0);
  handle_info(SIGBUS, caught, 0);
  handle_info(SIGILL, caught, 0);
  handle_info(SIGFPE, caught, 0);
  handle_info(SIGTRAP, caught, 0);
}
static const char *code_of(const siginfo_t *info) {
  static char text[20];
  if (info->si_signo == SIGSEGV && info->si_code == SEGV_MAPERR) return "SEGV_MAPERR";
  if (info->si_signo == SIGSEGV && info->si_code == SEGV_ACCERR) return "SEGV_ACCERR";
  if (info->si_signo == SIGBUS && info->si_code == BUS_ADRERR) return "BUS_ADRERR";
  snprintf(text, sizeof text, "code %d", info->si_code);
  return text;
}
/* What the access does: nothing, or a signal at a distance from `base`. */
#define ACCESS(base, expression) do { if (sigsetjmp(back, 1) == 0) { expression; say("%s: done", #expression); } \
  else say("%s: %s %s at %s%+ld", #expression, signal_name(last.si_signo), code_of(&last), #base, \
    (long)((char *)last.si_addr - (char *)(base))); } while (0)
static volatile char sink;

TEST(rights_decide_between_reading_and_writing) {
  watch();
  char *a = mmap(0, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  ACCESS(a, a[3] = 1);
  CALL(mprotect(a, PAGE, PROT_READ));
  ACCESS(a, sink = a[3]); ACCESS(a, a[4] = 1);
  CALL(mprotect(a, PAGE, PROT_NONE));
  ACCESS(a, sink = a[5]); ACCESS(a, a[6] = 1);
  CALL(mprotect(a, PAGE, READ_WRITE));
  ACCESS(a, a[7] = a[3]);
  VALUE(a[7]);
  CALL(munmap(a, PAGE));
  ACCESS(a, sink = a[8]); ACCESS(a, a[9] = 1);
  CALL(mprotect(a, PAGE, PROT_READ));
}
TEST(mprotect_cuts_in_the_middle) {
  watch();
  char *a = mmap(0, 4 * PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  memset(a, 'a', 4 * PAGE);
  CALL(mprotect(a + PAGE, 2 * PAGE, PROT_READ));
  ACCESS(a, a[PAGE - 1] = 1); ACCESS(a, a[PAGE] = 1); ACCESS(a, a[3 * PAGE - 1] = 1); ACCESS(a, a[3 * PAGE] = 1);
  CALL(mprotect(a + 1, PAGE, PROT_READ)); CALL(mprotect(a, 0, PROT_READ)); CALL(mprotect(a, PAGE, 99));
  munmap(a + 2 * PAGE, PAGE);
  CALL(mprotect(a, 4 * PAGE, PROT_NONE));
  ACCESS(a, sink = a[PAGE]); ACCESS(a, sink = a[3 * PAGE]);
}
TEST(an_access_across_pages_faults_at_the_second) {
  watch();
  char *a = mmap(0, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  CALL(mprotect(a + PAGE, PAGE, PROT_NONE));
  memset(a, 7, PAGE);
  ACCESS(a, *(volatile long *)(a + PAGE - 4) = -1);
  bytes("a", a + PAGE - 4, 4);
  ACCESS(a, sink = (char)*(volatile long *)(a + PAGE - 1)); ACCESS(a, sink = (char)*(volatile int *)(a + PAGE - 4));
}
TEST(past_the_end_of_a_file_is_SIGBUS) {
  watch();
  put_file("file", "short");
  int fd = open("file", O_RDWR);
  char *p = mmap(0, 3 * PAGE, READ_WRITE, MAP_SHARED, fd, 0);
  ACCESS(p, sink = p[PAGE - 1]); ACCESS(p, sink = p[PAGE]); ACCESS(p, p[2 * PAGE + 5] = 1);
  CALL(ftruncate(fd, PAGE + 1));
  ACCESS(p, p[PAGE + 9] = 1); ACCESS(p, sink = p[2 * PAGE]);
  CALL(ftruncate(fd, 0));
  ACCESS(p, sink = p[0]); ACCESS(p, sink = p[PAGE]);
  char *q = mmap(0, PAGE, READ_WRITE, MAP_PRIVATE, fd, 0);
  ACCESS(q, q[1] = 1);
}
TEST(kernel_calls_on_forbidden_memory_fail_without_a_signal) {
  watch();
  char *a = mmap(0, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  mprotect(a, PAGE, PROT_READ);
  int fd = open("/dev/zero", O_RDWR);
  CALL(read(fd, a, 10)); CALL(write(fd, a, 10));
  mprotect(a, PAGE, PROT_NONE);
  CALL(read(fd, a, 10));
  int ends[2];
  pipe(ends);
  CALL(write(ends[1], a, 10)); CALL(read(fd, a + PAGE - 5, 10)); CALL(read(fd, a + PAGE, 10));
}
TEST(code_can_be_written_then_run_and_no_other_way) {
  static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
  watch();
  unsigned char *a = mmap(0, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  memcpy(a, code, sizeof code);
  int (*f)(void) = (int (*)(void))a;
  ACCESS(a, VALUE(f()));
  CALL(mprotect(a, PAGE, PROT_READ | PROT_EXEC));
  VALUE(f());
  ACCESS(a, a[1] = 43);
  CALL(mprotect(a, PAGE, READ_WRITE | PROT_EXEC));
  a[1] = 43;
  VALUE(f());
  a[1] = 44;
  VALUE(f());
  CALL(mprotect(a, PAGE, PROT_READ));
  ACCESS(a, VALUE(f()));
  munmap(a, PAGE);
  ACCESS(a, VALUE(f()));
}
TEST(non_canonical_addresses_fault_without_an_address) {
  watch();
  char *wild = (char *)0x8000000000000000;
  if (sigsetjmp(back, 1) == 0) sink = *(volatile char *)wild;
  else {
    VALUE(last.si_code); VALUE((long)last.si_addr);
  }
  char *high = (char *)-PAGE;
  ACCESS(high, sink = *(volatile char *)high); ACCESS(0, sink = *(volatile char *)16);
}
static volatile int zero, seven = 7;
TEST(arithmetic_and_instructions_have_their_signals) {
  watch();
  if (sigsetjmp(back, 1) == 0) VALUE(seven / zero); else say("%s %d", signal_name(last.si_signo), last.si_code);
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("ud2"); else say("%s %d", signal_name(last.si_signo), last.si_code);
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("int3"); else say("%s %d", signal_name(last.si_signo), last.si_code);
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("hlt"); else say("%s %d", signal_name(last.si_signo), last.si_code);
}
static char *guarded; static int repaired;
static void repair(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  repaired++;
  if ((char *)info->si_addr >= guarded && (char *)info->si_addr < guarded + 8 * PAGE)
    mprotect((char *)((long)info->si_addr & -PAGE), PAGE, READ_WRITE);
  else _exit(50);
}
TEST(a_handler_that_repairs_lets_the_access_be_repeated) {
  handle_info(SIGSEGV, repair, 0);
  guarded = mmap(0, 8 * PAGE, PROT_NONE, ANONYMOUS, -1, 0);
  long sum = 0;
  for (int i = 0; i < 8 * PAGE; i += 8) *(long *)(guarded + i) = i;
  for (int i = 0; i < 8 * PAGE; i += 8) sum += *(long *)(guarded + i);
  VALUE(sum); VALUE(repaired);
}
TEST(the_stack_grows_down_to_its_limit) {
  struct rlimit r;
  getrlimit(RLIMIT_STACK, &r);
  pid_t child = CHILD({
    volatile char big[1 << 20];
    for (int i = (1 << 20) - 1; i >= 0; i -= 1000) big[i] = 1;
    say("a megabyte is there");
  });
  ENDS(child);
}
TEST(protection_keys_and_odd_calls_are_refused_cleanly) {
  char *a = mmap(0, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
  CALL(pkey_mprotect(a, PAGE, PROT_READ, 99)); CALL(mprotect(a, PAGE, PROT_READ | PROT_GROWSDOWN));
  CALL(mprotect((void *)-PAGE, 2 * PAGE, PROT_READ));
}
TEST(deaths_by_fault_are_seen_by_the_parent) {
  ENDS(CHILD(*(volatile int *)8 = 0)); ENDS(CHILD({ signal(SIGSEGV, SIG_IGN); *(volatile int *)8 = 0; }));
  ENDS(CHILD({ block(SIGSEGV); watch(); *(volatile int *)8 = 0; })); ENDS(CHILD(VALUE(seven / zero)));
  ENDS(CHILD(__asm__ volatile("ud2"))); ENDS(CHILD(abort())); ENDS(CHILD({ block(SIGABRT); abort(); }));
  ENDS(CHILD({ signal(SIGABRT, SIG_IGN); abort(); }));
}
