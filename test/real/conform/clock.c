/* Clocks: clock_gettime(2), clock_getres(2), gettimeofday(2), time(2), times(2), clock(3), clock_getcpuclockid(3). */
#include "conform.h"
#include <sys/times.h>

static long ns(clockid_t clock) { struct timespec t; return clock_gettime(clock, &t) ? -1 : t.tv_sec * 1000000000 + t.tv_nsec; }
TEST(clocks_never_go_back) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_THREAD_CPUTIME_ID, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_TAI};
  for (int c = 0; c < 9; c++) {
    int good = 1;
    long last = ns(clocks[c]);
    for (int i = 0; i < 500; i++) {
      long now = ns(clocks[c]);
      good &= now >= last && now >= 0;
      last = now;
    }
    VALUE(good);
  }
}
TEST(resolutions_are_nanoseconds_or_ticks) {
  struct timespec t;
  CALL(clock_getres(CLOCK_REALTIME, &t));
  VALUE(t.tv_sec); VALUE(t.tv_nsec);
  CALL(clock_getres(CLOCK_MONOTONIC, &t));
  VALUE(t.tv_nsec);
  CALL(clock_getres(CLOCK_MONOTONIC_COARSE, &t));
  IS(t.tv_nsec == 1000000 || t.tv_nsec == 4000000 || t.tv_nsec == 10000000);
  CALL(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &t));
  VALUE(t.tv_nsec);
  CALL(clock_getres(CLOCK_MONOTONIC, 0)); CALL(clock_getres(99, &t)); CALL(clock_gettime(99, &t));
  CALL(clock_gettime(-99997, &t)); CALL(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
  CALL(syscall(SYS_clock_getres, CLOCK_REALTIME, 8)); CALL(clock_settime(CLOCK_MONOTONIC, &t));
}
TEST(realtime_clocks_agree) {
  struct timeval v;
  CALL(gettimeofday(&v, 0));
  long real = ns(CLOCK_REALTIME), micro = v.tv_sec * 1000000 + v.tv_usec;
  IS(real / 1000 >= micro && real / 1000 - micro < 5000000);
  time_t t = time(0), u;
  IS(t - v.tv_sec >= 0 && t - v.tv_sec <= 5); IS(time(&u) == u); IS(real > 1500000000L * 1000000000L);
  IS(v.tv_usec >= 0 && v.tv_usec < 1000000); IS(ns(CLOCK_REALTIME_COARSE) <= ns(CLOCK_REALTIME));
  IS(ns(CLOCK_MONOTONIC_COARSE) <= ns(CLOCK_MONOTONIC)); IS(ns(CLOCK_BOOTTIME) >= ns(CLOCK_MONOTONIC) - 1000000000);
  struct timezone z = {9, 9};
  CALL(gettimeofday(0, &z));
  VALUE(z.tz_minuteswest);
  CALL(syscall(SYS_gettimeofday, 8, 0)); CALL(syscall(SYS_time, 8));
}
TEST(work_takes_processor_time_and_sleep_does_not) {
  long cpu = ns(CLOCK_PROCESS_CPUTIME_ID), mine = ns(CLOCK_THREAD_CPUTIME_ID), wall = ns(CLOCK_MONOTONIC);
  for (volatile int i = 0; i < 1000000; i++);
  IS(ns(CLOCK_PROCESS_CPUTIME_ID) > cpu); IS(ns(CLOCK_THREAD_CPUTIME_ID) > mine);
  cpu = ns(CLOCK_PROCESS_CPUTIME_ID);
  wall = ns(CLOCK_MONOTONIC);
  pause_ms(50);
  IS(ns(CLOCK_MONOTONIC) - wall >= 49000000); IS(ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 40000000);
}
TEST(times_and_clock_count_in_their_units) {
  struct tms t;
  long ticks = times(&t);
  IS(ticks > 0); IS(t.tms_utime >= 0 && t.tms_cutime == 0); IS(clock() >= 0);
  VALUE(sysconf(_SC_CLK_TCK));
  CALL(syscall(SYS_times, 8));
  ENDS(CHILD({ for (volatile int i = 0; i < 1000000; i++); }));
  IS(times(&t) >= ticks);
  clockid_t c;
  CODE(clock_getcpuclockid(0, &c));
  IS(ns(c) > 0);
  CODE(clock_getcpuclockid(99999999, &c));
  pthread_getcpuclockid(pthread_self(), &c);
  IS(ns(c) > 0);
}
TEST(dates_are_computed_alike) {
  struct tm m;
  char b[64];
  time_t t = 1234567890;
  gmtime_r(&t, &m);
  strftime(b, sizeof b, "%F %T %a %j", &m);
  TEXT(b);
  m.tm_mon += 14;
  VALUE(timegm(&m));
  t = -1;
  gmtime_r(&t, &m);
  strftime(b, sizeof b, "%F %T", &m);
  TEXT(b);
}
TEST(the_scheduler_can_be_asked) {
  struct timespec t;
  struct sched_param p = {0};
  cpu_set_t set;
  CALL(sched_yield()); CALL(sched_getscheduler(0)); CALL(sched_getparam(0, &p));
  VALUE(p.sched_priority);
  CALL(sched_get_priority_max(SCHED_FIFO)); CALL(sched_get_priority_min(SCHED_FIFO));
  CALL(sched_get_priority_max(SCHED_OTHER)); CALL(sched_get_priority_max(99));
  TRY(sched_rr_get_interval(0, &t));
  CALL(sched_setscheduler(0, SCHED_OTHER, &p));
  p.sched_priority = 5;
  CALL(sched_setscheduler(0, SCHED_OTHER, &p)); CALL(sched_getscheduler(99999999));
  CALL(sched_getaffinity(0, sizeof set, &set));
  IS(CPU_COUNT(&set) >= 1);
  CALL(sched_getaffinity(0, 1, &set)); CALL(sched_getaffinity(99999999, sizeof set, &set));
  CPU_ZERO(&set);
  CALL(sched_setaffinity(0, sizeof set, &set));
  IS(sched_getcpu() >= 0);
  unsigned cpu;
  CALL(getcpu(&cpu, 0)); CALL(sched_getparam(0, 0));
}
