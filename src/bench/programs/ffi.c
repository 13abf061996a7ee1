/* libffi's closures. bench WAY COUNT INVOCATIONS CHANGES RELEASES: the life of closures, exit 1 if a sum is wrong, 2 if there are none to be had.
   bench WAY N: what closures are good for, with N of them at once. WAY: unported; ported (README.md), or ported-METHOD. */
#include <ffi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>
#include "denied.h"
#include "laps.h"

#define COUNT_MAX 16384
typedef long (*function)(long);
static ffi_closure *closures[COUNT_MAX];
static function functions[COUNT_MAX];
static long values[COUNT_MAX];

static int is_reader;

static void *new_closure(void **code) {
  void *closure = ffi_closure_alloc(sizeof(ffi_closure), code);
  if (closure != NULL) return closure;
  if (is_reader) tell_denied();
  else tell_refusals();
  exit(2);
}
static void add(ffi_cif *cif, void *result, void **arguments, void *value) {
  *(ffi_arg *)result = *(long *)arguments[0] + *(long *)value;
}
static void bind(ffi_cif *cif, long k, long value) {
  values[k] = value;
  if (ffi_prep_closure_loc(closures[k], cif, add, &values[k], (void *)functions[k]) != FFI_OK) exit(3);
}
static int life(char **arguments) {
  const char *invocations = arguments[1], *changes = arguments[2];
  long count = atol(arguments[0]), releases = atol(arguments[3]), at = 0, sum = 0, expected = 0, changed = 0, invoked = 0;
  static ffi_type *types[] = { &ffi_type_slong };
  ffi_cif cif;
  if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 1, &ffi_type_slong, types) != FFI_OK) return 3;
  LAP();
  for (long k = 0; k < count; k++) {
    closures[k] = new_closure((void **)&functions[k]);
    bind(&cif, k, 3 * k + 1);
  }
  LAP();
  LAP();
  while (*changes) {
    long round = next_round(&changes);
    changed += round;
    for (long n = 0; n < round; n++) {
      bind(&cif, at, 2 * (3 * at + 1));
      if (++at == count) at = 0;
    }
    LAP();
  }
  at = 0;
  LAP();
  while (*invocations) {
    long round = next_round(&invocations);
    invoked += round;
    for (long n = 0; n < round; n++) {
      sum = functions[at](sum);
      if (++at == count) at = 0;
    }
    LAP();
  }
  if (releases) {
    for (long k = 0; k < count; k++) ffi_closure_free(closures[k]);
    LAP();
  }
  if (invoked > 0)
    for (long k = 0; k < count; k++) expected += (invoked / count + (k < invoked % count)) * (3 * k + 1) * (k < changed ? 2 : 1);
  tell_refusals();
  /* Not exit: what is measured has nothing to flush. */
  _Exit(sum != expected);
}

/* — behaviour: what a callee gets is what the caller gave, and the other way round — */
struct point { double x, y; };
struct mixed { long a; double b; };
struct large { long a[5]; };
static int failures;
static void expect(const char *what, int holds) {
  printf("%s: %s\n", what, holds ? "ok" : "WRONG");
  failures += !holds;
}
static void *closure_of(ffi_cif *cif, void (*to)(ffi_cif *, void *, void **, void *), void *data) {
  void *code, *closure = new_closure(&code);
  if (ffi_prep_closure_loc(closure, cif, to, data, code) != FFI_OK) exit(3);
  return code;
}
static void ints(ffi_cif *cif, void *result, void **a, void *data) {
  *(ffi_sarg *)result = *(signed char *)a[0] + 2 * *(short *)a[1] + 3 * *(int *)a[2] + 4 * *(long *)a[3] + 5 * *(unsigned char *)a[4] + 6 * *(int *)a[5] + 7 * *(int *)a[6]
    + 8 * *(long *)a[7] + *(int *)data;
}
static void doubles(ffi_cif *cif, void *result, void **a, void *data) {
  double sum = *(double *)data;
  for (int k = 0; k < 10; k++) sum += (k + 1) * (k % 2 ? (double)*(float *)a[k] : *(double *)a[k]);
  *(double *)result = sum;
}
static void structs(ffi_cif *cif, void *result, void **a, void *data) {
  struct point p = *(struct point *)a[0];
  struct mixed m = *(struct mixed *)a[1];
  struct large l = *(struct large *)a[2];
  struct large r = { { p.x, p.y, m.a, m.b, l.a[4] + *(int *)data } };
  *(struct large *)result = r;
}
static void pair(ffi_cif *cif, void *result, void **a, void *data) {
  struct mixed m = { *(long *)a[0] + *(int *)data, *(double *)a[1] };
  *(struct mixed *)result = m;
}
static void varargs(ffi_cif *cif, void *result, void **a, void *data) {
  *(ffi_sarg *)result = *(int *)a[0] + *(int *)a[1] + (long)*(double *)a[2] + *(long *)a[3] + *(int *)data;
}

static int check(long many) {
  static ffi_type *in_ints[] = { &ffi_type_schar, &ffi_type_sshort, &ffi_type_sint, &ffi_type_slong, &ffi_type_uchar, &ffi_type_sint, &ffi_type_sint, &ffi_type_slong };
  static ffi_type *in_doubles[10], *in_long_double[] = { &ffi_type_slong, &ffi_type_double }, *in_varargs[] = { &ffi_type_sint, &ffi_type_sint, &ffi_type_double, &ffi_type_slong };
  static ffi_type *of_point[] = { &ffi_type_double, &ffi_type_double, NULL }, *of_mixed[] = { &ffi_type_slong, &ffi_type_double, NULL };
  static ffi_type *of_large[] = { &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, &ffi_type_slong, NULL };
  static ffi_type point = { 0, 0, FFI_TYPE_STRUCT, of_point }, mixed = { 0, 0, FFI_TYPE_STRUCT, of_mixed }, large = { 0, 0, FFI_TYPE_STRUCT, of_large };
  static ffi_type *in_structs[] = { &point, &mixed, &large };
  static int one = 1;
  static double half = 0.5;
  ffi_cif cif_ints, cif_doubles, cif_structs, cif_pair, cif_varargs, cif_long;

  for (int k = 0; k < 10; k++) in_doubles[k] = k % 2 ? &ffi_type_float : &ffi_type_double;
  ffi_prep_cif(&cif_ints, FFI_DEFAULT_ABI, 8, &ffi_type_slong, in_ints);
  long (*f)(signed char, short, int, long, unsigned char, int, int, long) = closure_of(&cif_ints, ints, &one);
  expect("ints", f(-1, -2, -3, 1L << 40, 200, -6, 7, -8) == -1 - 4 - 9 + (4L << 40) + 1000 - 36 + 49 - 64 + 1);

  ffi_prep_cif(&cif_doubles, FFI_DEFAULT_ABI, 10, &ffi_type_double, in_doubles);
  double (*g)(double, float, double, float, double, float, double, float, double, float) = closure_of(&cif_doubles, doubles, &half);
  expect("doubles", g(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 385.5);

  ffi_prep_cif(&cif_structs, FFI_DEFAULT_ABI, 3, &large, in_structs);
  struct large (*h)(struct point, struct mixed, struct large) = closure_of(&cif_structs, structs, &one);
  struct large r = h((struct point){ 1, 2 }, (struct mixed){ 3, 4 }, (struct large){ { 0, 0, 0, 0, 5 } });
  expect("structs in memory", r.a[0] == 1 && r.a[1] == 2 && r.a[2] == 3 && r.a[3] == 4 && r.a[4] == 6);

  ffi_prep_cif(&cif_pair, FFI_DEFAULT_ABI, 2, &mixed, in_long_double);
  struct mixed (*p)(long, double) = closure_of(&cif_pair, pair, &one);
  struct mixed m = p(41, 2.5);
  expect("structs in registers", m.a == 42 && m.b == 2.5);

  ffi_prep_cif_var(&cif_varargs, FFI_DEFAULT_ABI, 1, 4, &ffi_type_sint, in_varargs);
  int (*v)(int, ...) = closure_of(&cif_varargs, varargs, &one);
  expect("varargs", v(10, 20, 30.0, 40L) == 101);

  ffi_prep_cif(&cif_long, FFI_DEFAULT_ABI, 1, &ffi_type_slong, &in_ints[3]);
  long sum = 0, expected = 0;
  for (long k = 0; k < many; k++) {
    closures[k] = new_closure((void **)&functions[k]);
    bind(&cif_long, k, 3 * k + 1);
  }
  for (long k = 0; k < many; k++) sum = functions[(k * 7919) % many](sum), expected += 3 * k + 1;
  for (long k = 0; k < many; k += 2) ffi_closure_free(closures[k]);
  for (long k = 0; k < many; k += 2) {
    closures[k] = new_closure((void **)&functions[k]);
    bind(&cif_long, k, -k);
  }
  for (long k = 0; k < many; k++) sum = functions[k](sum), expected += k % 2 ? 3 * k + 1 : -k;
  for (long k = 0; k < many; k++) ffi_closure_free(closures[k]);
  printf("%ld closures at once: %s\n", many, sum == expected ? "ok" : "WRONG");
  failures += sum != expected;
  tell_denied();
  return failures != 0;
}
/* How closures are ported: by libffi first, ""; by one of our methods, its name; NULL: not at all. */
extern const char *ported;
__attribute__((weak)) const char *ported = NULL;
int main(int count, char **arguments) {
  const char *way = count > 1 ? arguments[1] : "";
  if (strncmp(way, "ported", 6) == 0) ported = way[6] == '-' ? way + 7 : "";
  if (count == 6) return life(arguments + 2);
  if (count == 3) return is_reader = 1, check(atol(arguments[2]));
  return 4;
}
