/** Programs for kept.real.ts, each by its name: what they say, the host says. */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int code(int);
#ifndef TIMES
#define TIMES 3000
#endif
enum { PAGE = 4096 };
static void fail(const char *what) { perror(what); exit(99); }
static void *map(int protection) {
  void *p = mmap(0, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) fail("mmap");
  return p;
}
/** mov eax, k; add eax, edi; xor eax, k; ret */
static void write_code(uint8_t *at, int k) {
  memcpy(at, "\xb8....\x01\xf8\x35....\xc3", 13);
  memcpy(at + 1, &k, 4); memcpy(at + 8, &k, 4);
}
static unsigned sum(code *f, int times) {
  unsigned s = 0;
  for (int k = 0; k < times; k++) s = s * 31 + (unsigned)f(k);
  return s;
}

/** Code in a page that is writable all the time, changed between calls, in what is called often and from within. */
static void jit(int k) {
  uint8_t *page = map(PROT_READ | PROT_WRITE | PROT_EXEC);
  for (int round = 0; round < 6; round++) {
    write_code(page, k + round / 2);
    printf("%x ", sum((code *)page, TIMES));
  }
  // It changes what it is about to execute: inc byte [rip+4]; nop; nop; mov eax, 7; add eax, edi; ret
  memcpy(page + 64, "\xfe\x05\x03\x00\x00\x00\x90\x90\xb8\x07\x00\x00\x00\x01\xf8\xc3", 16);
  printf("%x ", sum((code *)(page + 64), 600));
  // The same page, as other memory.
  munmap(page, PAGE);
  uint8_t *again = mmap(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  write_code(again, k);
  printf("%x ", sum((code *)again, TIMES));
  write_code(again, k + 1);
  printf("%x\n", sum((code *)again, TIMES));
}
/** Writable or executable, never both. */
static void toggle(int k) {
  uint8_t *page = map(PROT_READ | PROT_WRITE);
  for (int round = 0; round < 8; round++) {
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE)) fail("mprotect");
    write_code(page, k + (round & 3));
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC)) fail("mprotect");
    printf("%x ", sum((code *)page, TIMES));
  }
  puts("");
}
/** Written where it is writable, executed where it is not: one page twice. */
static void twice(int k) {
  int fd = memfd_create("code", 0);
  if (fd < 0 || ftruncate(fd, 2 * PAGE)) fail("memfd");
  uint8_t *writable = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *executable = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  for (int round = 0; round < 4; round++) {
    write_code(writable, k + round);
    printf("%x ", sum((code *)executable, TIMES));
  }
  // pwrite(2) writes it, too; and then the file's other page is there.
  uint8_t bytes[16];
  write_code(bytes, k + 9);
  if (pwrite(fd, bytes, 13, 0) != 13) fail("pwrite");
  printf("%x ", sum((code *)executable, TIMES));
  write_code(writable + PAGE, k + 10);
  if (mmap(executable, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, PAGE) == MAP_FAILED) fail("mmap");
  printf("%x\n", sum((code *)executable, TIMES));
}

/** A page of the program's own, which the file says the beginning of. */
__asm__(".text\n.balign 4096\n.globl own\nown: mov $0x1234, %eax\nadd %edi, %eax\nxor $0x1234, %eax\nret\n.balign 4096\n");
extern uint8_t own[];
static void patch(int k) {
  code *f = (code *)own;
  printf("%x ", sum(f, TIMES));
  if (mprotect(own, PAGE, PROT_READ | PROT_EXEC)) fail("mprotect");
  printf("%x ", sum(f, TIMES));
  for (int round = 0; round < 4; round++) {
    if (mprotect(own, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) fail("mprotect");
    memcpy(own + 1, &(int){ round == 2 ? 0x1234 : k + round }, 4);
    printf("%x ", sum(f, TIMES));
    if (mprotect(own, PAGE, PROT_READ | PROT_EXEC)) fail("mprotect");
    printf("%x ", sum(f, TIMES));
  }
  puts("");
}
/** A child that changes its copy of the page, and a parent that goes on with the file's, turn by turn. */
static void copies(int k) {
  int to[2], from[2];
  char turn;
  if (pipe(to) || pipe(from)) fail("pipe");
  fflush(stdout);
  pid_t child = fork();
  for (int round = 0; round < 6; round++) {
    if (child == 0) {
      if (read(to[0], &turn, 1) != 1) _exit(1);
      if (mprotect(own, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) _exit(2);
      memcpy(own + 1, &(int){ k + round }, 4);
      printf("child %x\n", sum((code *)own, TIMES));
      fflush(stdout);
      if (write(from[1], "x", 1) != 1) _exit(3);
    } else {
      printf("parent %x\n", sum((code *)own, TIMES));
      fflush(stdout);
      if (write(to[1], "x", 1) != 1 || read(from[0], &turn, 1) != 1) fail("pipe");
    }
  }
  int status = 0;
  if (child == 0) _exit(k & 7);
  waitpid(child, &status, 0);
  printf("%d %x\n", status, sum((code *)own, TIMES));
}

static sigjmp_buf back;
static volatile sig_atomic_t faults;
static volatile int zero;
static void jump(int signal, siginfo_t *info, void *context) { (void)context; faults++; siglongjmp(back, signal * 1000 + info->si_code); }
static void count(int signal) { (void)signal; faults++; }
static void signals(int k) {
  struct sigaction action = { .sa_sigaction = jump, .sa_flags = SA_SIGINFO };
  for (int n = 0, all[] = { SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS }; n < 5; n++) sigaction(all[n], &action, 0);
  uint8_t *page = map(PROT_READ);
  volatile int came = 0;
  for (volatile int n = 0; n < 400; n++) {
    int how = sigsetjmp(back, 1);
    if (how != 0) { came += how; continue; }
    switch ((n + k) % 6) {
      case 0: *(volatile int *)8 = n; break;
      case 1: came += 1 / zero; break;
      case 2: __asm__ volatile("ud2"); break;
      case 3: page[n] = 1; break;
      case 4: ((code *)page)(n); break;
      default: came += n;
    }
  }
  printf("%d faults, %d\n", (int)faults, came);
  faults = 0;
  signal(SIGUSR1, count); signal(SIGALRM, count);
  for (int n = 0; n < 200; n++) raise(SIGUSR1);
  ualarm(10000, 0);
  pause();
  printf("%d signals\n", (int)faults);
  fflush(stdout);
  signal(SIGSEGV, SIG_DFL);
  *(volatile int *)8 = 0;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_int total;
static int shared, whose;
static __thread int mine;
static void *thread(void *number) {
  int me = (int)(intptr_t)number;
  for (int n = 0; n < 2000; n++) {
    atomic_fetch_add(&total, n ^ me);
    pthread_mutex_lock(&lock); shared += me; pthread_mutex_unlock(&lock);
    mine += n & me;
  }
  for (int n = 0; n < 20; n++) {
    pthread_mutex_lock(&lock);
    while (whose % 4 != me) pthread_cond_wait(&changed, &lock);
    whose++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
  }
  return (void *)(intptr_t)mine;
}
static void threads(int k) {
  pthread_t all[4];
  intptr_t each = 0;
  for (int n = 0; n < 4; n++) if (pthread_create(&all[n], 0, thread, (void *)(intptr_t)n)) fail("pthread_create");
  for (int n = 0; n < 4; n++) { void *said; pthread_join(all[n], &said); each = each * 7 + (intptr_t)said; }
  printf("%d %d %d %ld %d\n", atomic_load(&total), shared, whose, (long)each, k);
}

static void floats(int k) {
  volatile double x = 0.1 * k, tiny = DBL_MIN, s = 0;
  for (int n = 1; n < 3000; n++) s += n % 3 ? 1.0 / n : x / n;
  printf("%.17g %g %e %a %.3f %5.1f|%-9.2f|\n", s, s * 1e300, x / 3, x / 7, -2.5, 1e15, 0.005);
  printf("%.25Lg %La %Lf\n", 1.0L / 3 + k, 2.0L / 7, 1e20L);
  printf("%g %g %g %g %d\n", 1 / (double)zero, -1 / (double)zero, nan(""), -0.0, (int)lround(x));
  const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
  for (int n = 0; n < 8; n++) {
    fesetround(modes[n & 3]); feclearexcept(FE_ALL_EXCEPT);
    volatile double q = 1 / (x + 3), r = tiny / (n + 2);
    volatile float f = (float)q;
    volatile long i = lrint(x * 7.5);
    int raised = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    printf("%a %a %a %ld %x\n", q, r, f, i, raised);
  }
  for (int n = 0; n < 4; n++) printf("%.15g %.15g %.15g\n", sin(n + x), exp(-n * x), pow(n + 1, x));
  char text[400];
  double sum = 0;
  for (int n = 0; n < 200; n++) { snprintf(text, sizeof text, "%.*e", n % 17, s / (n + 1)); sum += strtod(text, 0); }
  printf("%.17g\n", sum);
}

/** The program again and again, at the same addresses, as itself and as a child. */
static void again(int k, char **argv) {
  char number[12];
  sprintf(number, "%d", k - 1);
  printf("%d %x\n", k, sum((code *)own, 100 * k));
  fflush(stdout);
  if (k <= 0) return;
  pid_t child = fork();
  if (child == 0 || k % 2) {
    if (child != 0) waitpid(child, 0, 0);
    if (child == 0 && k % 3 == 0) _exit(0);
    execve("/proc/self/exe", (char *[]){ argv[0], argv[1], number, 0 }, (char *[]){ 0 });
    fail("execve");
  }
  waitpid(child, 0, 0);
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*run)(int); } programs[] = {
    { "jit", jit }, { "toggle", toggle }, { "twice", twice }, { "patch", patch }, { "copies", copies }, { "signals", signals }, { "threads", threads }, { "floats", floats },
  };
  if (argc < 3) return 98;
  if (!strcmp(argv[1], "again")) { again(atoi(argv[2]), argv); return 0; }
  for (unsigned n = 0; n < sizeof programs / sizeof *programs; n++) if (!strcmp(argv[1], programs[n].name)) { programs[n].run(atoi(argv[2])); return 7; }
  return 97;
}
