/* futex(2) without a library: wait, wake, requeue, bitsets, timeouts, WAKE_OP, priority inheritance, robust lists, clear_child_tid. */
#include "conform.h"
#include <linux/futex.h>

static uint32_t word, other; static int woken, asleep;
#define FUTEX(...) syscall(SYS_futex, __VA_ARGS__)
static void wait_asleep(int count) { while (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) < count) pause_ms(1); pause_ms(10); }
typedef struct { uint32_t *at; uint32_t bits; int order; } Sleeper;
static int order[8], orders;
static void *sleeper(void *argument) {
  Sleeper *s = argument;
  __atomic_add_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
  long r = FUTEX(s->at, FUTEX_WAIT_BITSET, 0, 0, 0, s->bits);
  int at = __atomic_fetch_add(&orders, 1, __ATOMIC_SEQ_CST);
  order[at] = s->order;
  __atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
  return (void *)r;
}
static pthread_t threads[8]; static Sleeper sleepers[8];
static void put_to_sleep(int count, const uint32_t *bits) {
  word = other = 0;
  woken = asleep = orders = 0;
  for (int i = 0; i < count; i++) {
    sleepers[i] = (Sleeper){&word, bits ? bits[i] : ~0u, i};
    pthread_create(&threads[i], 0, sleeper, &sleepers[i]);
    wait_asleep(i + 1);
  }
}
static void join_all(int count) { for (int i = 0; i < count; i++) pthread_join(threads[i], 0); }
static void settle(int count) {
  for (int i = 0; i < 2000 && __atomic_load_n(&woken, __ATOMIC_SEQ_CST) < count; i++) pause_ms(1);
  pause_ms(5);
  VALUE(woken);
}

TEST(FUTEX_WAIT_compares_first) {
  word = 5;
  CALL(FUTEX(&word, FUTEX_WAIT, 4, 0, 0, 0));
  struct timespec t = {0, 5000000};
  CALL(FUTEX(&word, FUTEX_WAIT, 5, &t, 0, 0)); CALL(FUTEX(&word, FUTEX_WAIT_PRIVATE, 5, &t, 0, 0));
  t.tv_nsec = 0;
  CALL(FUTEX(&word, FUTEX_WAIT, 5, &t, 0, 0));
  t.tv_nsec = 1000000000;
  CALL(FUTEX(&word, FUTEX_WAIT, 5, &t, 0, 0));
  t.tv_nsec = -1;
  CALL(FUTEX(&word, FUTEX_WAIT, 5, &t, 0, 0)); CALL(FUTEX(&word, FUTEX_WAKE, 1, 0, 0, 0));
  CALL(FUTEX((char *)&word + 1, FUTEX_WAIT, 5, 0, 0, 0)); CALL(FUTEX(8, FUTEX_WAIT, 5, 0, 0, 0));
  CALL(FUTEX(&word, 99, 0, 0, 0, 0)); CALL(FUTEX(&word, FUTEX_WAIT, 5, 8, 0, 0));
  CALL(FUTEX((char *)&word + 1, FUTEX_WAKE, 5, 0, 0, 0));
}
TEST(FUTEX_WAKE_wakes_as_many_as_told_in_order) {
  put_to_sleep(4, 0);
  CALL(FUTEX(&word, FUTEX_WAKE, 1, 0, 0, 0));
  settle(1);
  CALL(FUTEX(&word, FUTEX_WAKE, 2, 0, 0, 0));
  settle(3);
  CALL(FUTEX(&word, FUTEX_WAKE, INT_MAX, 0, 0, 0));
  settle(4);
  CALL(FUTEX(&word, FUTEX_WAKE, 1, 0, 0, 0));
  join_all(4);
  VALUE(order[0]); VALUE(order[3]);
}
TEST(FUTEX_BITSET_chooses_whom_to_wake) {
  static const uint32_t bits[] = {1, 2, 4, 6};
  put_to_sleep(4, bits);
  CALL(FUTEX(&word, FUTEX_WAKE_BITSET, 10, 0, 0, 8)); CALL(FUTEX(&word, FUTEX_WAKE_BITSET, 10, 0, 0, 4));
  settle(2);
  CALL(FUTEX(&word, FUTEX_WAKE_BITSET, 10, 0, 0, 0)); CALL(FUTEX(&word, FUTEX_WAIT_BITSET, 0, 0, 0, 0));
  CALL(FUTEX(&word, FUTEX_WAKE, 10, 0, 0, 0));
  settle(4);
  join_all(4);
}
TEST(FUTEX_REQUEUE_moves_sleepers) {
  put_to_sleep(4, 0);
  CALL(FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 2, &other, 7)); CALL(FUTEX(&word, FUTEX_CMP_REQUEUE, 1, 2, &other, 0));
  settle(1);
  CALL(FUTEX(&other, FUTEX_WAKE, 10, 0, 0, 0));
  settle(3);
  CALL(FUTEX(&word, FUTEX_REQUEUE, 0, 10, &other, 0)); CALL(FUTEX(&word, FUTEX_WAKE, 10, 0, 0, 0));
  CALL(FUTEX(&other, FUTEX_WAKE, 10, 0, 0, 0));
  settle(4);
  join_all(4);
  CALL(FUTEX(&word, FUTEX_CMP_REQUEUE, -1, 1, &other, 0));
}
TEST(FUTEX_WAKE_OP_changes_and_wakes_two) {
  put_to_sleep(2, 0);
  other = 5;
  CALL(FUTEX(&word, FUTEX_WAKE_OP, 1, 1, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)));
  VALUE(other);
  settle(1);
  CALL(FUTEX(&other, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_GT, 5)));
  VALUE(word);
  word = 0;
  CALL(FUTEX(&other, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(FUTEX_OP_OR, 6, FUTEX_OP_CMP_LE, 0)));
  VALUE(word);
  settle(2);
  join_all(2);
  CALL(FUTEX(&other, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(FUTEX_OP_ANDN, 2, FUTEX_OP_CMP_NE, 0)));
  VALUE(word);
  CALL(FUTEX(&other, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(FUTEX_OP_XOR, 5, FUTEX_OP_CMP_LT, 0)));
  VALUE(word);
  CALL(FUTEX(&other, FUTEX_WAKE_OP, 1, 1, &word, FUTEX_OP(7, 5, FUTEX_OP_CMP_LT, 0)));
}
TEST(absolute_timeouts_have_their_clocks) {
  word = 0;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  CALL(FUTEX(&word, FUTEX_WAIT_BITSET, 0, &t, 0, ~0u));
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_sec--;
  CALL(FUTEX(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, 0, ~0u));
  CALL(FUTEX(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, 0, 0, 0));
  long start = now_ms();
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += 20000000;
  if (t.tv_nsec >= 1000000000) { t.tv_sec++; t.tv_nsec -= 1000000000; }
  CALL(FUTEX(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, 0, ~0u));
  IS(now_ms() - start >= 19);
}
static volatile int hits; static void hit(int number) { (void)number; hits++; }
TEST(a_signal_interrupts_FUTEX_WAIT) {
  word = 0;
  struct itimerval t = {{0, 0}, {0, 20000}};
  handle(SIGALRM, hit, 0);
  hits = 0;
  setitimer(ITIMER_REAL, &t, 0);
  CALL(FUTEX(&word, FUTEX_WAIT, 0, 0, 0, 0));
  VALUE(hits);
  struct timespec long_time = {5, 0};
  setitimer(ITIMER_REAL, &t, 0);
  CALL(FUTEX(&word, FUTEX_WAIT, 0, &long_time, 0, 0));
  VALUE(hits);
}
TEST(a_futex_in_shared_memory_is_shared) {
  uint32_t *a = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Gate g = gate();
  pid_t child = CHILD({ let_go(g); _exit(FUTEX(a, FUTEX_WAIT, 0, 0, 0, 0) == 0 ? 3 : 4); });
  await(g);
  pause_ms(20);
  CALL(FUTEX(a, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)); CALL(FUTEX(a, FUTEX_WAKE, 1, 0, 0, 0));
  ENDS(child);
  int fd = memfd_create("x", 0);
  ftruncate(fd, 4096);
  uint32_t *one = mmap(0, 4096, 3, MAP_SHARED, fd, 0), *two = mmap(0, 4096, 3, MAP_SHARED, fd, 0);
  child = CHILD({ let_go(g); FUTEX(one, FUTEX_WAIT, 0, 0, 0, 0); });
  await(g);
  pause_ms(20);
  CALL(FUTEX(two, FUTEX_WAKE, 1, 0, 0, 0));
  ENDS(child);
}
static void *tries_pi(void *argument) {
  long r = FUTEX(argument, FUTEX_TRYLOCK_PI, 0, 0, 0, 0);
  return (void *)(r == -1 ? (long)errno : r);
}
static void *locks_pi(void *argument) {
  __atomic_add_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
  long r = FUTEX(argument, FUTEX_LOCK_PI, 0, 0, 0, 0);
  woken = 1;
  FUTEX(argument, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
  return (void *)r;
}
TEST(priority_inheriting_futexes_know_their_owner) {
  word = 0;
  CALL(FUTEX(&word, FUTEX_LOCK_PI, 0, 0, 0, 0));
  IS(word == (uint32_t)gettid());
  CALL(FUTEX(&word, FUTEX_LOCK_PI, 0, 0, 0, 0)); CALL(FUTEX(&word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
  pthread_t t;
  void *r;
  pthread_create(&t, 0, tries_pi, &word);
  pthread_join(t, &r);
  say("%s", error_name((int)(long)r));
  asleep = woken = 0;
  pthread_create(&t, 0, locks_pi, &word);
  wait_asleep(1);
  IS(word & FUTEX_WAITERS);
  VALUE(woken);
  CALL(FUTEX(&word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  pthread_join(t, &r);
  VALUE((long)r); VALUE(woken); VALUE(word);
  CALL(FUTEX(&word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  word = 99999999;
  CALL(FUTEX(&word, FUTEX_LOCK_PI, 0, 0, 0, 0)); CALL(FUTEX(&word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
}
typedef struct { struct robust_list list; uint32_t word; } Held;
static Held held[2]; static struct robust_list_head head;
static void *dies_holding(void *argument) {
  (void)argument;
  head.list.next = &held[0].list;
  held[0].list.next = &held[1].list;
  held[1].list.next = &head.list;
  head.futex_offset = offsetof(Held, word);
  head.list_op_pending = 0;
  VALUE(syscall(SYS_set_robust_list, &head, sizeof head));
  held[0].word = (uint32_t)gettid() | FUTEX_WAITERS;
  held[1].word = 12345;
  syscall(SYS_exit, 0);
  return 0;
}
TEST(robust_lists_are_walked_at_the_end) {
  struct robust_list_head *got;
  size_t size;
  CALL(syscall(SYS_set_robust_list, &head, 5)); CALL(syscall(SYS_get_robust_list, 0, &got, &size));
  VALUE(size);
  CALL(syscall(SYS_get_robust_list, 99999999, &got, &size));
  pthread_t t;
  pthread_create(&t, 0, dies_holding, 0);
  pthread_join(t, 0);
  HEX(held[0].word);
  VALUE(held[1].word);
}
static int rests(void *argument) { (void)argument; pause_ms(20); return 0; }
TEST(clear_child_tid_wakes_who_waits_for_shared_memory) {
  static char stack[65536] __attribute__((aligned(16)));
  static volatile pid_t tid;
  tid = 1;
  pid_t child = clone(rests, stack + sizeof stack, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, 0, &tid);
  while (tid == 1) if (FUTEX(&tid, FUTEX_WAIT, 1, 0, 0, 0) == -1 && errno != EAGAIN) break;
  VALUE(tid);
  ENDS(child);
  int *kept = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  *kept = 1;
  child = CHILD({ syscall(SYS_set_tid_address, kept); syscall(SYS_exit, 0); });
  ENDS(child);
  VALUE(*kept);
}
TEST(futex_waitv_waits_for_several) {
  struct futex_waitv v[2] = {{0, (uintptr_t)&word, 2, 0}, {3, (uintptr_t)&other, 2, 0}};
  word = 0;
  other = 4;
  CALL(syscall(SYS_futex_waitv, v, 2, 0, 0, 0)); CALL(syscall(SYS_futex_waitv, v, 0, 0, 0, 0));
  CALL(syscall(SYS_futex_waitv, v, 2, 1, 0, 0)); CALL(syscall(SYS_futex_waitv, 8, 2, 0, 0, 0));
}
