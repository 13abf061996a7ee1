/* Nested functions on a stack, and libffi's closures in malloc's memory, neither executable: what runs them is TRAMPFD_EMULATE. Flags and range are arguments. */
#define _GNU_SOURCE
#include <ffi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) static long apply(long (*f)(long), long x) { return f(x); }
__attribute__((noinline)) static long nested(long k) { long sum = 0; long in(long x) { sum += x; return x * k + sum; } return apply(in, 3) + apply(in, 4); }
__attribute__((noinline)) static long deep(long n, long (*up)(long)) {
  long here(long x) { return n + (up ? up(x) : x); }
  return n == 0 ? apply(here, 1) : deep(n - 1, here);
}
static int by(const void *a, const void *b, void *c) { return ((int (*)(const void *, const void *))c)(a, b); }
static void bound(ffi_cif *cif, void *result, void **args, void *data) {
  double sum = *(long *)data;
  for (unsigned i = 0; i < cif->nargs; i++) sum += cif->arg_types[i] == &ffi_type_double ? *(double *)args[i] : (double)*(long *)args[i];
  if (cif->rtype == &ffi_type_double) *(double *)result = sum; else *(ffi_arg *)result = (ffi_arg)sum;
}
int main(int argc, char **argv) {
  if (argc > 1) {
    struct { unsigned flags, reserved; unsigned long start, length; } e = { (unsigned)atoi(argv[1]), 0, 0, 0 };
    int fd = (int)syscall(440, 0x102, &e, 0);
    void *on = mmap(0, 4096, PROT_NONE, MAP_PRIVATE, fd, 0);
    if (fd < 0 || on == MAP_FAILED) { perror("trampfd"); return 1; }
    close(fd);
  }
  printf("nested %ld %ld\n", nested(5), deep(20, 0));
  int v[] = { 5, -3, 9, 0, 7 }, turns = 0;
  int down(const void *a, const void *b) { turns += 1; return *(const int *)b - *(const int *)a; }
  qsort_r(v, 5, sizeof *v, by, (void *)down);
  printf("sorted %d %d %d %d %d, %s\n", v[0], v[1], v[2], v[3], v[4], turns > 3 ? "counted" : "lost");
  fflush(stdout);
  ffi_type *longs[6] = { &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, &ffi_type_slong }, *mixed[3] = { &ffi_type_double, &ffi_type_slong, &ffi_type_double };
  ffi_cif six, mix;
  ffi_prep_cif(&six, FFI_DEFAULT_ABI, 6, &ffi_type_slong, longs); ffi_prep_cif(&mix, FFI_DEFAULT_ABI, 3, &ffi_type_double, mixed);
  enum { COUNT = 1000 };
  static ffi_closure *closures[COUNT]; static long data[COUNT]; long sum = 0; double sums = 0;
  for (int i = 0; i < COUNT; i++) {
    closures[i] = malloc(sizeof *closures[i]); data[i] = 10 * i;
    if (ffi_prep_closure_loc(closures[i], i & 1 ? &mix : &six, bound, &data[i], closures[i]) != FFI_OK) return 2;
  }
  for (int i = 0; i < COUNT; i++) {
    if (i & 1) sums += ((double (*)(double, long, double))(void *)closures[i])(.5, i, .25);
    else sum += ((long (*)(long, long, long, long, long, long))(void *)closures[i])(i, 1, 2, 3, 4, 5);
  }
  printf("libffi %ld %.2f\n", sum, sums);
  return 0;
}
