/* Locks of threads: pthread_mutex_lock(3), pthread_mutexattr_setrobust(3), pthread_cond_wait(3), pthread_rwlock_rdlock(3),
   pthread_barrier_wait(3). */
#include "conform.h"

static pthread_mutex_t mutex;
static pthread_cond_t condition;
static pthread_rwlock_t rwlock;
static pthread_barrier_t barrier;
static long counter;
static void make(int type, int robust, int protocol, int shared) {
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_settype(&a, type);
  pthread_mutexattr_setrobust(&a, robust);
  pthread_mutexattr_setprotocol(&a, protocol);
  pthread_mutexattr_setpshared(&a, shared);
  pthread_mutex_init(&mutex, &a);
}
static struct timespec in_ms(long ms, clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static void *in_thread(void *(*f)(void *), void *argument) {
  pthread_t t;
  void *r;
  pthread_create(&t, 0, f, argument);
  pthread_join(t, &r);
  return r;
}
static void *tries(void *argument) { (void)argument; return (void *)(long)pthread_mutex_trylock(&mutex); }
static void *unlocks(void *argument) { (void)argument; return (void *)(long)pthread_mutex_unlock(&mutex); }
static void *locks_and_dies(void *argument) { (void)argument; pthread_mutex_lock(&mutex); return 0; }

TEST(a_normal_mutex_excludes) {
  make(PTHREAD_MUTEX_NORMAL, 0, 0, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE((int)(long)in_thread(tries, 0)); CODE(pthread_mutex_unlock(&mutex));
  CODE((int)(long)in_thread(tries, 0));
  struct timespec t = in_ms(10, CLOCK_REALTIME);
  CODE(pthread_mutex_timedlock(&mutex, &t));
  t = in_ms(10, CLOCK_MONOTONIC);
  CODE(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &t)); CODE(pthread_mutex_destroy(&mutex));
}
TEST(a_recursive_mutex_counts) {
  make(PTHREAD_MUTEX_RECURSIVE, 0, 0, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_trylock(&mutex));
  CODE(pthread_mutex_unlock(&mutex)); CODE((int)(long)in_thread(tries, 0)); CODE((int)(long)in_thread(unlocks, 0));
  CODE(pthread_mutex_unlock(&mutex)); CODE(pthread_mutex_unlock(&mutex)); CODE(pthread_mutex_unlock(&mutex));
}
TEST(an_error_checking_mutex_checks) {
  make(PTHREAD_MUTEX_ERRORCHECK, 0, 0, 0);
  CODE(pthread_mutex_unlock(&mutex)); CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_lock(&mutex));
  CODE((int)(long)in_thread(unlocks, 0)); CODE(pthread_mutex_trylock(&mutex)); CODE(pthread_mutex_unlock(&mutex));
}
TEST(a_robust_mutex_tells_of_a_dead_owner) {
  make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, 0, 0);
  in_thread(locks_and_dies, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_consistent(&mutex)); CODE(pthread_mutex_unlock(&mutex));
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_unlock(&mutex));
  in_thread(locks_and_dies, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_unlock(&mutex)); CODE(pthread_mutex_lock(&mutex));
  CODE(pthread_mutex_consistent(&mutex));
}
TEST(a_robust_mutex_survives_a_killed_process) {
  pthread_mutex_t *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(m, &a);
  ENDS(CHILD({ pthread_mutex_lock(m); raise(SIGKILL); }));
  CODE(pthread_mutex_lock(m)); CODE(pthread_mutex_consistent(m)); CODE(pthread_mutex_unlock(m));
  Gate g = gate();
  pid_t child = CHILD({ pthread_mutex_lock(m); let_go(g); pause_ms(20); _exit(0); });
  await(g);
  CODE(pthread_mutex_lock(m));
  ENDS(child);
}
TEST(a_mutex_that_inherits_priority_works_as_others) {
  make(PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_INHERIT, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE((int)(long)in_thread(tries, 0)); CODE(pthread_mutex_unlock(&mutex));
  CODE(pthread_mutex_trylock(&mutex));
  struct timespec t = in_ms(10, CLOCK_REALTIME);
  CODE(pthread_mutex_timedlock(&mutex, &t)); CODE(pthread_mutex_unlock(&mutex));
  make(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_INHERIT, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_unlock(&mutex));
  in_thread(locks_and_dies, 0);
  CODE(pthread_mutex_lock(&mutex)); CODE(pthread_mutex_consistent(&mutex)); CODE(pthread_mutex_unlock(&mutex));
}
static void *adds(void *argument) {
  for (long i = 0; i < (long)argument; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
static void contend(int type, int protocol, int robust) {
  make(type, robust, protocol, 0);
  counter = 0;
  pthread_t t[4];
  for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, adds, (void *)2000);
  for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
  VALUE(counter);
}
TEST(no_kind_of_mutex_loses_an_addition) {
  contend(PTHREAD_MUTEX_NORMAL, 0, 0);
  contend(PTHREAD_MUTEX_RECURSIVE, 0, 0);
  contend(PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0);
  contend(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, 0);
  contend(PTHREAD_MUTEX_NORMAL, 0, PTHREAD_MUTEX_ROBUST);
}
static void *with_pi(void *argument) { (void)argument; pthread_mutex_lock(&mutex); counter = 5; pthread_mutex_unlock(&mutex); return 0; }
TEST(a_waiter_gets_the_mutex_when_it_is_free) {
  for (int protocol = 0; protocol < 2; protocol++) {
    make(PTHREAD_MUTEX_NORMAL, 0, protocol ? PTHREAD_PRIO_INHERIT : 0, 0);
    pthread_t t;
    counter = 0;
    pthread_mutex_lock(&mutex);
    pthread_create(&t, 0, with_pi, 0);
    pause_ms(10);
    VALUE(counter);
    pthread_mutex_unlock(&mutex);
    pthread_join(t, 0);
    VALUE(counter);
  }
}
static int woken; static int tickets;
static void *waits(void *argument) {
  (void)argument;
  pthread_mutex_lock(&mutex);
  tickets++;
  while (counter == 0) pthread_cond_wait(&condition, &mutex);
  counter--;
  woken++;
  pthread_mutex_unlock(&mutex);
  return 0;
}
TEST(a_condition_wakes_one_or_all) {
  make(PTHREAD_MUTEX_NORMAL, 0, 0, 0);
  pthread_cond_init(&condition, 0);
  pthread_t t[4];
  counter = woken = tickets = 0;
  for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, waits, 0);
  for (int ready = 0; !ready;) {
    pthread_mutex_lock(&mutex);
    ready = tickets == 4;
    pthread_mutex_unlock(&mutex);
    pause_ms(1);
  }
  pthread_mutex_lock(&mutex);
  counter = 1;
  CODE(pthread_cond_signal(&condition));
  pthread_mutex_unlock(&mutex);
  pause_ms(10);
  pthread_mutex_lock(&mutex);
  VALUE(woken);
  counter = 3;
  CODE(pthread_cond_broadcast(&condition));
  pthread_mutex_unlock(&mutex);
  for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
  VALUE(woken);
  CODE(pthread_cond_destroy(&condition));
}
TEST(timed_waits_on_conditions_give_up) {
  make(PTHREAD_MUTEX_NORMAL, 0, 0, 0);
  pthread_condattr_t a;
  pthread_condattr_init(&a);
  CODE(pthread_condattr_setclock(&a, CLOCK_MONOTONIC)); CODE(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID));
  pthread_cond_init(&condition, &a);
  pthread_mutex_lock(&mutex);
  struct timespec t = in_ms(10, CLOCK_MONOTONIC);
  long start = now_ms();
  CODE(pthread_cond_timedwait(&condition, &mutex, &t));
  IS(now_ms() - start >= 9);
  CODE(pthread_mutex_trylock(&mutex));
  t.tv_nsec = -1;
  CODE(pthread_cond_timedwait(&condition, &mutex, &t));
  t = (struct timespec){0, 0};
  CODE(pthread_cond_clockwait(&condition, &mutex, CLOCK_REALTIME, &t)); CODE(pthread_mutex_unlock(&mutex));
}
static int turn;
static void *plays(void *argument) {
  int me = (int)(long)argument;
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&condition, &mutex);
    turn = !me;
    counter = counter * 3 + me;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
TEST(two_threads_take_turns) {
  make(PTHREAD_MUTEX_NORMAL, 0, 0, 0);
  pthread_cond_init(&condition, 0);
  turn = 0;
  counter = 0;
  pthread_t a, b;
  pthread_create(&a, 0, plays, 0);
  pthread_create(&b, 0, plays, (void *)1);
  pthread_join(a, 0);
  pthread_join(b, 0);
  VALUE(counter); VALUE(turn);
}
static void *reads(void *argument) {
  (void)argument;
  int r = pthread_rwlock_tryrdlock(&rwlock);
  if (r == 0) pthread_rwlock_unlock(&rwlock);
  return (void *)(long)r;
}
static void *writes(void *argument) {
  (void)argument;
  int r = pthread_rwlock_trywrlock(&rwlock);
  if (r == 0) pthread_rwlock_unlock(&rwlock);
  return (void *)(long)r;
}
TEST(readers_share_and_writers_do_not) {
  CODE(pthread_rwlock_init(&rwlock, 0)); CODE(pthread_rwlock_rdlock(&rwlock)); CODE((int)(long)in_thread(reads, 0));
  CODE((int)(long)in_thread(writes, 0));
  struct timespec t = in_ms(5, CLOCK_REALTIME);
  CODE(pthread_rwlock_timedwrlock(&rwlock, &t)); CODE(pthread_rwlock_unlock(&rwlock));
  CODE(pthread_rwlock_wrlock(&rwlock)); CODE((int)(long)in_thread(reads, 0)); CODE((int)(long)in_thread(writes, 0));
  CODE(pthread_rwlock_rdlock(&rwlock)); CODE(pthread_rwlock_wrlock(&rwlock)); CODE(pthread_rwlock_unlock(&rwlock));
  CODE((int)(long)in_thread(writes, 0)); CODE(pthread_rwlock_destroy(&rwlock));
}
static long pair[2];
static void *mixes(void *argument) {
  long bad = 0;
  for (int i = 0; i < 500; i++)
    if ((long)argument) {
      pthread_rwlock_wrlock(&rwlock);
      pair[0]++;
      pair[1]++;
      pthread_rwlock_unlock(&rwlock);
    } else {
      pthread_rwlock_rdlock(&rwlock);
      bad += pair[0] != pair[1];
      pthread_rwlock_unlock(&rwlock);
    }
  return (void *)bad;
}
TEST(readers_never_see_half_a_write) {
  pthread_rwlock_init(&rwlock, 0);
  pair[0] = pair[1] = 0;
  pthread_t t[6];
  for (long i = 0; i < 6; i++) pthread_create(&t[i], 0, mixes, (void *)(i % 2));
  long bad = 0;
  void *r;
  for (int i = 0; i < 6; i++) { pthread_join(t[i], &r); bad += (long)r; }
  VALUE(bad); VALUE(pair[0]); VALUE(pair[1]);
}
static long arrived, serial;
static void *meets(void *argument) {
  (void)argument;
  long early = 0;
  for (int round = 1; round <= 20; round++) {
    __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
    early += __atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < round * 4;
    pthread_barrier_wait(&barrier);
  }
  return (void *)early;
}
TEST(a_barrier_lets_all_through_together) {
  CODE(pthread_barrier_init(&barrier, 0, 0)); CODE(pthread_barrier_init(&barrier, 0, 4));
  pthread_t t[4];
  arrived = serial = 0;
  long early = 0;
  void *r;
  for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, meets, 0);
  for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); early += (long)r; }
  VALUE(early); VALUE(serial); VALUE(arrived);
}
static pthread_spinlock_t spin;
static void *spins(void *argument) {
  (void)argument;
  for (int i = 0; i < 3000; i++) {
    pthread_spin_lock(&spin);
    counter++;
    pthread_spin_unlock(&spin);
  }
  return 0;
}
TEST(spin_locks_exclude_too) {
  pthread_spin_init(&spin, 0);
  counter = 0;
  pthread_t t[3];
  for (int i = 0; i < 3; i++) pthread_create(&t[i], 0, spins, 0);
  for (int i = 0; i < 3; i++) pthread_join(t[i], 0);
  VALUE(counter);
  CODE(pthread_spin_trylock(&spin)); CODE(pthread_spin_trylock(&spin));
}
static long atomics;
static void *atoms(void *argument) {
  for (int i = 0; i < 3000; i++) {
    __atomic_add_fetch(&atomics, 1, __ATOMIC_SEQ_CST);
    long seen = __atomic_load_n(&counter, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&counter, &seen, seen + (long)argument, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  }
  return 0;
}
TEST(atomic_operations_are_atomic) {
  atomics = counter = 0;
  pthread_t t[4];
  for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, atoms, (void *)(i + 1));
  for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
  VALUE(atomics); VALUE(counter);
}
TEST(shared_mutexes_and_conditions_work_between_processes) {
  struct both { pthread_mutex_t m; pthread_cond_t c; int stage; } *s = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
    0);
  pthread_mutexattr_t a;
  pthread_condattr_t b;
  pthread_mutexattr_init(&a);
  pthread_condattr_init(&b);
  pthread_mutexattr_setpshared(&a, 1);
  pthread_condattr_setpshared(&b, 1);
  pthread_mutex_init(&s->m, &a);
  pthread_cond_init(&s->c, &b);
  pid_t child = CHILD({
    pthread_mutex_lock(&s->m);
    while (s->stage != 1) pthread_cond_wait(&s->c, &s->m);
    say("child at 1");
    s->stage = 2;
    pthread_cond_broadcast(&s->c);
    pthread_mutex_unlock(&s->m);
  });
  pause_ms(5);
  pthread_mutex_lock(&s->m);
  say("parent sets 1");
  s->stage = 1;
  pthread_cond_broadcast(&s->c);
  while (s->stage != 2) pthread_cond_wait(&s->c, &s->m);
  say("parent at 2");
  pthread_mutex_unlock(&s->m);
  ENDS(child);
}
