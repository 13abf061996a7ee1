/* Eight threads that contend on whatever threads contend on (pthreads(7), futex(2)), and print who got how much: on a deterministic machine every run is the same. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 1000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static uint32_t word;
static long counter, tickets, history = 1, waits[THREADS], tries[THREADS];

/* The smallest lock: 0 free, 1 taken, 2 taken and waited for. */
static void lock(int me) {
  uint32_t seen = 0;
  if (__atomic_compare_exchange_n(&word, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
  if (seen != 2) seen = __atomic_exchange_n(&word, 2, __ATOMIC_ACQUIRE);
  while (seen != 0) {
    waits[me]++;
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, 0, 0, 0);
    seen = __atomic_exchange_n(&word, 2, __ATOMIC_ACQUIRE);
  }
}
static void unlock(void) {
  if (__atomic_exchange_n(&word, 0, __ATOMIC_RELEASE) == 2) syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
static void remember(int me) { history = history * 31 + me; }
static void *contend(void *argument) {
  int me = (int)(long)argument;
  for (int round = 0; round < ROUNDS; round++) {
    lock(me); counter++; remember(me);
    for (volatile int work = 0; work < 150 * me; work++);
    if (round % 32 == me) sched_yield();
    unlock();
    pthread_mutex_lock(&mutex);
    remember(me);
    if (round % 16 == me) pthread_cond_broadcast(&condition);
    if (round % 16 == 8 + me % 4 && me % 2) { struct timespec soon; clock_gettime(CLOCK_REALTIME, &soon); soon.tv_nsec += 1000; soon.tv_sec += soon.tv_nsec / 1000000000; soon.tv_nsec %= 1000000000; pthread_cond_timedwait(&condition, &mutex, &soon); }
    pthread_mutex_unlock(&mutex);
    long seen = __atomic_load_n(&tickets, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&tickets, &seen, seen + me, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) tries[me]++;
    if (round % 8 == me) { pthread_rwlock_wrlock(&rwlock); remember(100 + me); pthread_rwlock_unlock(&rwlock); }
    else { pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock); }
    sem_wait(&semaphore); if (round % 32 == 0) sched_yield(); sem_post(&semaphore);
    if (round % 500 == 499) pthread_barrier_wait(&barrier);
  }
  return 0;
}
int main(int argc, char **argv) {
  (void)argv;
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, 0, THREADS);
  sem_init(&semaphore, 0, 3);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, contend, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("counter %ld, tickets %ld\n", counter, tickets);
  if (argc == 1) return 0; /* What follows depends on who came first. */
  struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now);
  printf("history %lx, at %ld.%09ld\n", history, now.tv_sec, now.tv_nsec);
  for (int i = 0; i < THREADS; i++) printf("thread %d waited %ld times, tried %ld times\n", i, waits[i], tries[i]);
  return 0;
}
