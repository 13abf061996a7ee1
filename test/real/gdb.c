/* For gdb: a trampoline, two threads, a handler, a child; what happens is in main, line by line. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry { unsigned name, reserved; unsigned long value; };
enum { RSI = 12, RIP = 23 };
static long total;
static int seen[2], caught;
static __thread int own = 5;

__attribute__((noinline)) long landed(long x, long y) {
  long product = x * y;
  total += product;
  return total;
}
/* landed, with y bound. */
static long (*bound(long y))(long) {
  struct { unsigned count, reserved; struct entry entries[2]; } context = { 2, 0, { { RSI, 0, (unsigned long)y }, { RIP, 0, (unsigned long)landed } } };
  unsigned long user[3] = { 0 };
  int fd = (int)syscall(440, 0, user, 0);
  if (fd < 0 || pwrite(fd, &context, sizeof context, 1) != (long)sizeof context) return 0;
  return (long (*)(long))mmap(0, 4096, PROT_NONE, MAP_PRIVATE, fd, 0);
}
static void *work(void *argument) {
  int *count = argument;
  for (int i = 0; i < 3; i++)
    *count += 1;
  own += *count;
  return argument;
}
static void handler(int number) { caught = number; }

int main(void) {
  long (*call)(long) = bound(7);
  long first = call(3);
  long second = call(5);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, work, &seen[i]);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  signal(SIGUSR1, handler);
  raise(SIGUSR1);
  pid_t child = fork();
  if (child == 0) _exit(9);
  int status;
  waitpid(child, &status, 0);
  volatile double half = .5;
  half *= (double)total;
  printf("%ld %ld %d %d %d %.1f\n", first, second, seen[0] + seen[1], caught, WEXITSTATUS(status), half);
  return 4;
}
