/* Timers and sleep: alarm(2), setitimer(2), timer_create(2), timer_settime(2), timer_getoverrun(2), nanosleep(2), clock_nanosleep(2). */
#include "conform.h"

static volatile int hits, code, value, overrun; static timer_t the_timer;
static void hit(int number) { (void)number; hits++; }
static void note(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  hits++;
  code = info->si_code;
  value = info->si_value.sival_int;
  overrun = info->si_overrun;
}
static void wait_hits(int count) { for (int i = 0; i < 3000 && hits < count; i++) pause_ms(1); }

TEST(alarm_rings_once_and_tells_what_was_left) {
  handle(SIGALRM, hit, 0);
  hits = 0;
  VALUE(alarm(100)); VALUE(alarm(50)); VALUE(alarm(0)); VALUE(alarm(0));
  alarm(1);
  long start = now_ms();
  CALL(pause());
  long took = now_ms() - start;
  IS(took >= 990 && took < 3000);
  VALUE(hits); VALUE(alarm(0));
}
TEST(setitimer_repeats) {
  handle(SIGALRM, hit, 0);
  hits = 0;
  struct itimerval t = {{0, 5000}, {0, 10000}}, old;
  CALL(setitimer(ITIMER_REAL, &t, 0));
  wait_hits(4);
  IS(hits >= 4);
  CALL(getitimer(ITIMER_REAL, &old));
  VALUE(old.it_interval.tv_usec);
  IS(old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 5000);
  t = (struct itimerval){{0, 0}, {0, 0}};
  CALL(setitimer(ITIMER_REAL, &t, &old));
  VALUE(old.it_interval.tv_usec);
  int before = hits;
  pause_ms(15);
  IS(hits == before);
  CALL(getitimer(ITIMER_REAL, &old));
  VALUE(old.it_value.tv_usec);
}
TEST(alarm_and_the_real_timer_are_one) {
  struct itimerval t = {{7, 0}, {100, 0}};
  setitimer(ITIMER_REAL, &t, 0);
  IS(alarm(20) >= 99);
  CALL(getitimer(ITIMER_REAL, &t));
  VALUE(t.it_interval.tv_sec);
  IS(t.it_value.tv_sec == 19 || t.it_value.tv_sec == 20);
  alarm(0);
  t.it_value.tv_usec = 1000000;
  CALL(setitimer(ITIMER_REAL, &t, 0)); CALL(setitimer(99, &t, 0)); CALL(getitimer(99, &t));
  CALL(setitimer(ITIMER_REAL, (void *)8, 0)); CALL(getitimer(ITIMER_REAL, (void *)8));
}
TEST(virtual_timers_count_work) {
  handle(SIGVTALRM, hit, 0);
  handle(SIGPROF, hit, 0);
  hits = 0;
  struct itimerval t = {{0, 0}, {0, 10000}};
  CALL(setitimer(ITIMER_VIRTUAL, &t, 0));
  for (volatile long i = 0; hits < 1 && i < 2000000000; i++);
  VALUE(hits);
  CALL(setitimer(ITIMER_PROF, &t, 0));
  for (volatile long i = 0; hits < 2 && i < 2000000000; i++);
  VALUE(hits);
}
TEST(timer_create_sends_the_signal_it_was_told) {
  struct sigevent e;
  memset(&e, 0, sizeof e);
  e.sigev_notify = SIGEV_SIGNAL;
  e.sigev_signo = SIGRTMIN + 1;
  e.sigev_value.sival_int = 77;
  handle_info(SIGRTMIN + 1, note, 0);
  hits = 0;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  struct itimerspec t = {{0, 0}, {0, 10000000}}, now;
  CALL(timer_settime(the_timer, 0, &t, 0)); CALL(timer_gettime(the_timer, &now));
  IS(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 10000000);
  wait_hits(1);
  VALUE(hits); VALUE(code); VALUE(value); VALUE(overrun);
  CALL(timer_gettime(the_timer, &now));
  VALUE(now.it_value.tv_nsec);
  CALL(timer_getoverrun(the_timer)); CALL(timer_delete(the_timer)); CALL(timer_delete(the_timer));
  CALL(timer_settime(the_timer, 0, &t, 0));
}
TEST(missed_expirations_are_overruns) {
  struct sigevent e;
  memset(&e, 0, sizeof e);
  e.sigev_notify = SIGEV_SIGNAL;
  e.sigev_signo = SIGUSR1;
  handle_info(SIGUSR1, note, 0);
  hits = 0;
  block(SIGUSR1);
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  struct itimerspec t = {{0, 1000000}, {0, 1000000}}, none = {{0, 0}, {0, 0}};
  CALL(timer_settime(the_timer, 0, &t, 0));
  pause_ms(30);
  unblock(SIGUSR1);
  CALL(timer_settime(the_timer, 0, &none, 0));
  IS(hits >= 1); IS(overrun >= 10); IS(overrun < 2000);
  CALL(timer_delete(the_timer));
}
TEST(timers_may_be_absolute_silent_or_default) {
  handle(SIGALRM, hit, 0);
  hits = 0;
  CALL(timer_create(CLOCK_REALTIME, 0, &the_timer));
  struct itimerspec t = {{0, 0}, {0, 0}};
  clock_gettime(CLOCK_REALTIME, &t.it_value);
  CALL(timer_settime(the_timer, TIMER_ABSTIME, &t, 0));
  wait_hits(1);
  VALUE(hits);
  CALL(timer_delete(the_timer));
  struct sigevent e;
  memset(&e, 0, sizeof e);
  e.sigev_notify = SIGEV_NONE;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  t.it_value = (struct timespec){100, 0};
  struct itimerspec old;
  CALL(timer_settime(the_timer, 0, &t, 0)); CALL(timer_settime(the_timer, 0, &t, &old));
  IS(old.it_value.tv_sec >= 99);
  CALL(timer_delete(the_timer));
  e.sigev_notify = SIGEV_SIGNAL;
  e.sigev_signo = 99;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  e.sigev_signo = SIGUSR1;
  CALL(timer_create(99, &e, &the_timer));
  e.sigev_notify = 99;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer)); CALL(syscall(SYS_timer_create, CLOCK_MONOTONIC, 0, 8));
  CALL(syscall(SYS_timer_gettime, 12345, &t)); CALL(syscall(SYS_timer_getoverrun, 12345));
}
static volatile pid_t tid_hit; static void which(int number) { (void)number; tid_hit = gettid(); hits++; }
static void *watches(void *argument) { *(volatile pid_t *)argument = gettid(); wait_hits(1); return 0; }
TEST(a_timer_can_be_one_threads) {
  static volatile pid_t tid;
  tid = 0;
  hits = 0;
  handle(SIGUSR2, which, 0);
  pthread_t t;
  pthread_create(&t, 0, watches, (void *)&tid);
  while (!tid) pause_ms(1);
  struct sigevent e;
  memset(&e, 0, sizeof e);
  e.sigev_notify = SIGEV_THREAD_ID;
  e.sigev_signo = SIGUSR2;
  e._sigev_un._tid = tid;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  struct itimerspec s = {{0, 0}, {0, 5000000}};
  CALL(timer_settime(the_timer, 0, &s, 0));
  pthread_join(t, 0);
  IS(tid_hit == tid);
  CALL(timer_delete(the_timer));
}
static void called(union sigval v) { value = v.sival_int; hits = 1; }
TEST(a_timer_can_call_a_function_in_a_thread) {
  hits = 0;
  struct sigevent e;
  memset(&e, 0, sizeof e);
  e.sigev_notify = SIGEV_THREAD;
  e.sigev_notify_function = called;
  e.sigev_value.sival_int = 31;
  CALL(timer_create(CLOCK_MONOTONIC, &e, &the_timer));
  struct itimerspec s = {{0, 0}, {0, 5000000}};
  CALL(timer_settime(the_timer, 0, &s, 0));
  wait_hits(1);
  VALUE(value);
  CALL(timer_delete(the_timer));
}
TEST(sleep_takes_at_least_what_was_asked) {
  struct timespec t = {0, 10000000}, far;
  long start = now_ms();
  CALL(nanosleep(&t, 0));
  IS(now_ms() - start >= 9);
  start = now_ms();
  CALL(usleep(10000));
  IS(now_ms() - start >= 9);
  clock_gettime(CLOCK_MONOTONIC, &far);
  far.tv_nsec += 15000000;
  if (far.tv_nsec >= 1000000000) { far.tv_sec++; far.tv_nsec -= 1000000000; }
  CODE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &far, 0));
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  IS(now.tv_sec > far.tv_sec || (now.tv_sec == far.tv_sec && now.tv_nsec >= far.tv_nsec));
  CODE(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0));
  t.tv_nsec = 1000000000;
  CALL(nanosleep(&t, 0));
  t.tv_nsec = -1;
  CALL(nanosleep(&t, 0));
  t = (struct timespec){-1, 0};
  CALL(nanosleep(&t, 0)); CALL(nanosleep((void *)8, 0));
  CODE(clock_nanosleep(99, 0, &t, 0)); CODE(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, 0));
}
TEST(timers_are_not_inherited_and_survive_exec) {
  struct itimerval t = {{0, 0}, {50, 0}};
  setitimer(ITIMER_REAL, &t, 0);
  ENDS(CHILD({ getitimer(ITIMER_REAL, &t); VALUE(t.it_value.tv_sec); }));
  alarm(0);
}
