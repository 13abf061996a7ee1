/* Threads as glibc makes them: pthreads(7), pthread_create(3), pthread_cancel(3), sem_overview(7), pthread_key_create(3). */
#include "conform.h"
#include <semaphore.h>
#include <threads.h>

static void *doubles(void *argument) { return (void *)((long)argument * 2); }
TEST(join_returns_what_the_thread_did) {
  pthread_t t;
  void *result;
  CODE(pthread_create(&t, 0, doubles, (void *)21)); CODE(pthread_join(t, &result));
  VALUE((long)result);
  long sum = 0;
  pthread_t many[20];
  for (long i = 0; i < 20; i++) pthread_create(&many[i], 0, doubles, (void *)i);
  for (int i = 0; i < 20; i++) { pthread_join(many[i], &result); sum += (long)result; }
  VALUE(sum);
}
static void *exits(void *argument) { pthread_exit(argument); }
TEST(pthread_exit_gives_a_result_too) {
  pthread_t t;
  void *result;
  pthread_create(&t, 0, exits, (void *)5);
  pthread_join(t, &result);
  VALUE((long)result);
  CODE(pthread_join(pthread_self(), 0));
  IS(pthread_equal(pthread_self(), pthread_self()));
}
static sem_t go, done;
static void *detached(void *argument) { (void)argument; sem_wait(&go); sem_post(&done); return 0; }
TEST(detached_threads_cannot_be_joined) {
  sem_init(&go, 0, 0);
  sem_init(&done, 0, 0);
  pthread_t t;
  pthread_create(&t, 0, detached, 0);
  CODE(pthread_tryjoin_np(t, 0)); CODE(pthread_detach(t)); CODE(pthread_join(t, 0));
  sem_post(&go);
  sem_wait(&done);
  pthread_attr_t a;
  pthread_attr_init(&a);
  pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
  CODE(pthread_create(&t, &a, detached, 0));
  sem_post(&go);
  sem_wait(&done);
  pause_ms(5);
}
TEST(timed_joins_give_up) {
  sem_init(&go, 0, 0);
  sem_init(&done, 0, 0);
  pthread_t t;
  pthread_create(&t, 0, detached, 0);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 10000000;
  if (soon.tv_nsec >= 1000000000) { soon.tv_sec++; soon.tv_nsec -= 1000000000; }
  CODE(pthread_timedjoin_np(t, 0, &soon));
  sem_post(&go);
  CODE(pthread_join(t, 0));
}
static int cleaned; static void clean(void *argument) { cleaned = cleaned * 10 + (int)(long)argument; }
static void *waits(void *argument) {
  (void)argument;
  pthread_cleanup_push(clean, (void *)1);
  pthread_cleanup_push(clean, (void *)2);
  sem_post(&done);
  for (;;) pause();
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return 0;
}
static void *resists(void *argument) {
  (void)argument;
  int old;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
  sem_post(&done);
  sem_wait(&go);
  cleaned = 77;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
  pthread_testcancel();
  cleaned = 88;
  return 0;
}
static void *spins(void *argument) {
  (void)argument;
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
  sem_post(&done);
  for (volatile long i = 0;; i++);
  return 0;
}
TEST(cancellation_runs_the_cleanup) {
  void *result;
  pthread_t t;
  sem_init(&go, 0, 0);
  sem_init(&done, 0, 0);
  cleaned = 0;
  pthread_create(&t, 0, waits, 0);
  sem_wait(&done);
  CODE(pthread_cancel(t)); CODE(pthread_join(t, &result));
  IS(result == PTHREAD_CANCELED);
  VALUE(cleaned);
  pthread_create(&t, 0, resists, 0);
  sem_wait(&done);
  CODE(pthread_cancel(t));
  sem_post(&go);
  CODE(pthread_join(t, &result));
  IS(result == PTHREAD_CANCELED);
  VALUE(cleaned);
  pthread_create(&t, 0, spins, 0);
  sem_wait(&done);
  CODE(pthread_cancel(t)); CODE(pthread_join(t, &result));
  IS(result == PTHREAD_CANCELED);
}
static pthread_key_t key; static int destroyed; static _Thread_local int local = 3; static int threads_seen[4];
static void destroy(void *value) { destroyed += (int)(long)value; }
static void *keeps(void *argument) {
  IS(pthread_getspecific(key) == 0);
  pthread_setspecific(key, argument);
  local += (int)(long)argument;
  threads_seen[(long)argument] = local;
  return 0;
}
TEST(each_thread_has_its_own_variables) {
  pthread_t t;
  destroyed = 0;
  CODE(pthread_key_create(&key, destroy));
  pthread_setspecific(key, (void *)100);
  for (long i = 1; i <= 3; i++) { pthread_create(&t, 0, keeps, (void *)i); pthread_join(t, 0); }
  VALUE(destroyed); VALUE((long)pthread_getspecific(key)); VALUE(local); VALUE(threads_seen[1]); VALUE(threads_seen[3]);
  CODE(pthread_key_delete(key)); CODE(pthread_key_delete(key));
}
static pthread_once_t once = PTHREAD_ONCE_INIT; static int initialised; static void initialise(void) { pause_ms(5); initialised++; }
static void *onces(void *argument) { pthread_once(&once, initialise); return (void *)(long)(initialised == 1 && argument == 0); }
TEST(once_is_once) {
  pthread_t t[6];
  long good = 0;
  void *result;
  for (int i = 0; i < 6; i++) pthread_create(&t[i], 0, onces, 0);
  for (int i = 0; i < 6; i++) { pthread_join(t[i], &result); good += (long)result; }
  VALUE(good); VALUE(initialised);
}
TEST(semaphores_count_and_wait) {
  sem_t s;
  int v;
  CALL(sem_init(&s, 0, 2)); CALL(sem_trywait(&s)); CALL(sem_wait(&s)); CALL(sem_trywait(&s)); CALL(sem_post(&s));
  CALL(sem_getvalue(&s, &v));
  VALUE(v);
  CALL(sem_wait(&s));
  struct timespec t = {0, 0};
  CALL(sem_timedwait(&s, &t));
  t.tv_nsec = -1;
  CALL(sem_timedwait(&s, &t)); CALL(sem_init(&s, 0, 0x80000000u));
  sem_init(&s, 0, SEM_VALUE_MAX);
  CALL(sem_post(&s));
}
TEST(a_shared_semaphore_works_between_processes) {
  sem_t *s = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sem_init(s, 1, 0);
  sem_init(s + 1, 1, 0);
  pid_t child = CHILD({ sem_wait(s); say("child"); sem_post(s + 1); });
  say("parent");
  sem_post(s);
  sem_wait(s + 1);
  say("parent again");
  ENDS(child);
}
TEST(named_semaphores_are_found_by_name) {
  char name[32];
  sprintf(name, "/conform-%d", getpid());
  sem_t *s = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
  IS(s != SEM_FAILED);
  ENDS(CHILD({ sem_t *again = sem_open(name, 0); IS(again != SEM_FAILED); CALL(sem_trywait(again)); }));
  CALL(sem_trywait(s));
  TRY(sem_unlink(name));
  IS(sem_open(name, 0) == SEM_FAILED);
  CALL(sem_close(s));
}
static volatile pid_t other_tid; static volatile int got_signal, in_right_thread; static pthread_t target;
static void note(int number) { got_signal = number; in_right_thread = pthread_equal(pthread_self(), target); }
static void *sleeps(void *argument) { (void)argument; other_tid = gettid(); sem_post(&done); while (!got_signal) pause_ms(1); return 0; }
TEST(pthread_kill_reaches_one_thread) {
  sem_init(&done, 0, 0);
  got_signal = 0;
  handle(SIGUSR1, note, 0);
  pthread_create(&target, 0, sleeps, 0);
  sem_wait(&done);
  IS(other_tid != getpid());
  CODE(pthread_kill(target, 0)); CODE(pthread_kill(target, SIGUSR1));
  pthread_join(target, 0);
  VALUE(got_signal); VALUE(in_right_thread);
  CALL(syscall(SYS_tgkill, getpid(), getpid(), 0)); CALL(syscall(SYS_tgkill, getpid(), 99999999, 0));
  CALL(syscall(SYS_tgkill, -1, getpid(), 0)); CALL(syscall(SYS_tkill, gettid(), 0)); CALL(syscall(SYS_tkill, 0, 0));
}
static void *takes(void *argument) {
  sigset_t s = set_of(SIGUSR2, 0);
  pthread_sigmask(SIG_UNBLOCK, &s, 0);
  (void)argument;
  sem_post(&done);
  while (!got_signal) pause_ms(1);
  return 0;
}
TEST(a_process_signal_goes_to_a_thread_that_lets_it) {
  sem_init(&done, 0, 0);
  got_signal = 0;
  handle(SIGUSR2, note, 0);
  block(SIGUSR2);
  pthread_create(&target, 0, takes, 0);
  sem_wait(&done);
  kill(getpid(), SIGUSR2);
  pthread_join(target, 0);
  VALUE(got_signal); VALUE(in_right_thread);
}
static void *ends_all(void *argument) { (void)argument; exit(19); }
static void *only_itself(void *argument) { (void)argument; syscall(SYS_exit, 3); return 0; }
static void *last_one(void *argument) { (void)argument; pause_ms(10); say("the last thread"); return 0; }
TEST(exit_ends_all_threads_and_the_last_one_ends_the_process) {
  pthread_t t;
  ENDS(CHILD({ pthread_create(&t, 0, ends_all, 0); for (;;) pause(); }));
  ENDS(CHILD({ pthread_create(&t, 0, last_one, 0); pthread_exit(0); }));
  ENDS(CHILD({ pthread_create(&t, 0, only_itself, 0); pthread_join(t, 0); say("joined"); _exit(2); }));
  ENDS(CHILD({ pthread_create(&t, 0, last_one, 0); syscall(SYS_exit, 6); }));
}
static void *dies(void *argument) { (void)argument; *(volatile int *)8 = 0; return 0; }
TEST(a_fault_in_one_thread_ends_all) { pthread_t t; ENDS(CHILD({ pthread_create(&t, 0, dies, 0); for (;;) pause(); })); }
static void *forks(void *argument) { (void)argument; pid_t child = CHILD({ IS(gettid() == getpid()); _exit(8); }); ENDS(child); return 0; }
static void before(void) { say("before fork"); } static void in_parent(void) { cleaned++; } static void in_child(void) { say("in child"); }
TEST(a_fork_takes_one_thread_along) {
  pthread_t t;
  pthread_create(&t, 0, forks, 0);
  pthread_join(t, 0);
  ENDS(CHILD({
    CODE(pthread_atfork(before, in_parent, in_child));
    cleaned = 0;
    pid_t child = CHILD(_exit(cleaned));
    ENDS(child);
    VALUE(cleaned);
  }));
}
TEST(attributes_of_threads_are_kept) {
  pthread_attr_t a;
  size_t n;
  int d;
  CODE(pthread_attr_init(&a)); CODE(pthread_attr_setstacksize(&a, 1 << 20)); CODE(pthread_attr_getstacksize(&a, &n));
  VALUE(n);
  CODE(pthread_attr_setstacksize(&a, 100)); CODE(pthread_attr_setdetachstate(&a, 99));
  CODE(pthread_attr_getdetachstate(&a, &d));
  VALUE(d);
  CODE(pthread_attr_getguardsize(&a, &n));
  VALUE(n);
  pthread_t t;
  void *r;
  CODE(pthread_create(&t, &a, doubles, (void *)4));
  pthread_join(t, &r);
  VALUE((long)r);
  char name[20] = "";
  CODE(pthread_setname_np(pthread_self(), "a name")); CODE(pthread_getname_np(pthread_self(), name, 20));
  TEXT(name);
  CODE(pthread_setname_np(pthread_self(), "a name that is far too long"));
}
static int c11(void *argument) { return (int)(long)argument + 1; }
TEST(threads_of_c11_are_there) {
  thrd_t t;
  int r;
  mtx_t m;
  VALUE(thrd_create(&t, c11, (void *)41) == thrd_success); VALUE(thrd_join(t, &r) == thrd_success); VALUE(r);
  mtx_init(&m, mtx_plain);
  VALUE(mtx_trylock(&m) == thrd_success); VALUE(mtx_trylock(&m) == thrd_busy);
}
static void *deep(void *argument) { volatile char big[100000]; big[0] = big[99999] = 1; return argument; }
TEST(hundreds_of_threads_come_and_go) {
  int good = 0;
  for (int i = 0; i < 200; i++) {
    pthread_t t;
    if (pthread_create(&t, 0, deep, 0) == 0 && pthread_join(t, 0) == 0) good++;
  }
  VALUE(good);
  pthread_t t[50];
  pthread_attr_t a;
  pthread_attr_init(&a);
  pthread_attr_setstacksize(&a, 200000);
  good = 0;
  for (int i = 0; i < 50; i++) good += pthread_create(&t[i], &a, deep, 0) == 0;
  for (int i = 0; i < 50; i++) good += pthread_join(t[i], 0) == 0;
  VALUE(good);
}
