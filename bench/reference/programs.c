/* Small general programs, which the profile was chosen with in view: see harness.h. */
#include "harness.h"

#define N 1024
static int numbers[N], work[N];
static void copy_numbers(void) { for (int i = 0; i < N; i++) work[i] = numbers[i]; }
NOINLINE static void quick(int *a, int lo, int hi) {
  while (lo < hi) { int p = a[(lo + hi) >> 1], i = lo, j = hi; while (i <= j) { while (a[i] < p) i++; while (a[j] > p) j--; if (i <= j) { int t = a[i]; a[i++] = a[j]; a[j--] = t; } } if (j - lo < hi - i) { quick(a, lo, j); lo = i; } else { quick(a, i, hi); hi = j; } }
}
NOINLINE static u64 p_quicksort(void) { copy_numbers(); quick(work, 0, N - 1); return work[N / 2]; }
NOINLINE static u64 p_insertion(void) { for (int i = 0; i < 200; i++) { int v = numbers[i], j = i; while (j > 0 && work[j - 1] > v) { work[j] = work[j - 1]; j--; } work[j] = v; } return work[100]; }
NOINLINE static u64 p_heapsort(void) {
  copy_numbers();
  for (int k = N / 2 - 1, n = N; n > 1;) { int root; if (k >= 0) root = k--; else { int t = work[0]; work[0] = work[--n]; work[n] = t; root = 0; }
    for (int c; (c = 2 * root + 1) < n; root = c) { if (c + 1 < n && work[c + 1] > work[c]) c++; if (work[root] >= work[c]) break; int t = work[root]; work[root] = work[c]; work[c] = t; } }
  return work[7];
}
static u8 text[8192];
NOINLINE static u64 p_fnv(void) { u64 h = 14695981039346656037ul; for (int i = 0; i < 8192; i++) h = (h ^ text[i]) * 1099511628211ul; return h; }
static u32 crc_table[256];
NOINLINE static u64 p_crc(void) { u32 c = ~0u; for (int i = 0; i < 8192; i++) c = crc_table[(c ^ text[i]) & 255] ^ c >> 8; return c; }
NOINLINE static u64 p_adler(void) { u32 a = 1, b = 0; for (int i = 0; i < 8192; i++) { a += text[i]; if (a >= 65521) a -= 65521; b += a; if (b >= 65521) b -= 65521; } return b << 16 | a; }
static double ma[32][32], mb[32][32], mc[32][32];
NOINLINE static u64 p_matrix(void) { for (int i = 0; i < 32; i++) for (int j = 0; j < 32; j++) { double s = 0; for (int k = 0; k < 32; k++) s += ma[i][k] * mb[k][j]; mc[i][j] = s; } return (u64)mc[3][4]; }
static int ia[64][64], ib[64][64];
NOINLINE static u64 p_transpose(void) { for (int r = 0; r < 4; r++) { for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) ib[j][i] = ia[i][j] + r; } return ib[3][4]; }
struct node { struct node *next; long value; }; static struct node nodes[1024]; static struct node *head;
NOINLINE static u64 p_list(void) { long s = 0; for (int r = 0; r < 8; r++) for (struct node *n = head; n; n = n->next) s += n->value; return s; }
struct tree { struct tree *left, *right; int key; }; static struct tree trees[1024]; static struct tree *root;
NOINLINE static u64 p_tree(void) { long found = 0; for (int i = 0; i < 1024; i++) { struct tree *t = root; int k = numbers[i]; while (t && t->key != k) { found++; t = k < t->key ? t->left : t->right; } } return found; }
static u8 program[256];
NOINLINE static u64 p_interpreter(void) {
  long stack[16], *sp = stack, acc = 0; int pc = 0, steps = 0; *sp = 1;
  for (;;) { switch (program[pc++]) { case 0: acc += *sp; break; case 1: if (sp < stack + 15) *++sp = acc & 255; break; case 2: if (sp > stack) sp--; break; case 3: acc ^= 0x55; break; case 4: acc = acc * 3 + 1; break; case 5: if (acc & 1) pc++; break; case 6: acc -= *sp >> 1; break; default: pc = 0; if (++steps == 64) return acc; } }
}
NOINLINE static long length(const char *s) { long n = 0; while (s[n]) n++; return n; }
NOINLINE static int compare(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *(u8 *)a - *(u8 *)b; }
static char words[256][16];
NOINLINE static u64 p_strings(void) { long s = 0; for (int i = 0; i < 255; i++) { s += length(words[i]); s += compare(words[i], words[i + 1]) < 0; s += compare(words[i], words[i]); } return s; }
NOINLINE static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
NOINLINE static u64 p_fib(void) { return fib(18); }
NOINLINE static long ack(long m, long n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }
NOINLINE static u64 p_ackermann(void) { return ack(2, 40); }
struct shape { long (*area)(struct shape *); long a, b; }; static struct shape shapes[256];
static long area_square(struct shape *s) { return s->a * s->a; } static long area_rectangle(struct shape *s) { return s->a * s->b; } static long area_triangle(struct shape *s) { return s->a * s->b / 2; }
NOINLINE static u64 p_virtual(void) { long s = 0; for (int r = 0; r < 16; r++) for (int i = 0; i < 256; i++) s += shapes[i].area(&shapes[i]); return s; }
static u8 sieve[16384];
NOINLINE static u64 p_sieve(void) { for (int i = 0; i < 16384; i++) sieve[i] = 1; long n = 0; for (int i = 2; i < 16384; i++) if (sieve[i]) { n++; for (int j = 2 * i; j < 16384; j += i) sieve[j] = 0; } return n; }
static u32 buckets[2048];
NOINLINE static u64 p_hashtable(void) { for (int i = 0; i < 2048; i++) buckets[i] = 0; long probes = 0; for (int i = 0; i < N; i++) { u32 k = numbers[i] | 1, h = k * 2654435761u >> 21; while (buckets[h] && buckets[h] != k) { h = (h + 1) & 2047; probes++; } buckets[h] = k; } return probes; }
NOINLINE static u64 p_collatz(void) { long most = 0; for (u64 i = 1; i < 1000; i++) { long n = 0; for (u64 x = i; x != 1; n++) x = x & 1 ? 3 * x + 1 : x >> 1; if (n > most) most = n; } return most; }
NOINLINE static u64 p_gcd(void) { u64 s = 0; for (int i = 0; i < 512; i++) { u32 a = numbers[i] | 1, b = numbers[i + 1] | 1; while (b) { u32 t = a % b; a = b; b = t; } s += a; } return s; }
NOINLINE static u64 p_mandelbrot(void) { long s = 0; for (int y = 0; y < 24; y++) for (int x = 0; x < 32; x++) { double cr = x / 16.0 - 1.5, ci = y / 12.0 - 1, r = 0, i = 0; int n = 0; while (r * r + i * i < 4 && n < 50) { double t = r * r - i * i + cr; i = 2 * r * i + ci; r = t; n++; } s += n; } return s; }
NOINLINE static u64 p_bits(void) { long s = 0; for (int r = 0; r < 8; r++) for (int i = 0; i < N; i++) { u32 v = numbers[i]; v = (v & 0x55555555) + (v >> 1 & 0x55555555); v = (v & 0x33333333) + (v >> 2 & 0x33333333); v = (v + (v >> 4)) & 0x0f0f0f0f; s += v * 0x01010101u >> 24; } return s; }
NOINLINE static u64 p_binary_search(void) { long s = 0; for (int i = 0; i < N; i++) { int k = numbers[i], lo = 0, hi = N; while (lo < hi) { int m = (lo + hi) / 2; if (work[m] < k) lo = m + 1; else hi = m; } s += lo; } return s; }

typedef u64 (*program_t)(void);
static const program_t programs[] = { p_quicksort, p_binary_search, p_insertion, p_heapsort, p_fnv, p_crc, p_adler, p_matrix, p_transpose, p_list, p_tree, p_interpreter, p_strings, p_fib, p_ackermann, p_virtual, p_sieve, p_hashtable, p_collatz, p_gcd, p_mandelbrot, p_bits };
static void prepare(void) {
  for (int i = 0; i < N; i++) numbers[i] = draw() >> 40;
  for (int i = 0; i < 8192; i++) text[i] = draw() >> 20;
  for (u32 i = 0; i < 256; i++) { u32 c = i; for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1; crc_table[i] = c; }
  for (int i = 0; i < 32; i++) for (int j = 0; j < 32; j++) { ma[i][j] = i + j; mb[i][j] = i - j; }
  struct node **at = &head; int place[1024]; for (int i = 0; i < 1024; i++) place[i] = i; for (int i = 1023; i > 0; i--) { int j = draw() % (i + 1), t = place[i]; place[i] = place[j]; place[j] = t; }
  for (int i = 0; i < 1024; i++) { nodes[place[i]].value = i; *at = &nodes[place[i]]; at = &nodes[place[i]].next; } *at = 0;
  for (int i = 0; i < 1024; i++) { struct tree **t = &root; while (*t) t = numbers[i] < (*t)->key ? &(*t)->left : &(*t)->right; trees[i].key = numbers[i]; *t = &trees[i]; }
  for (int i = 0; i < 255; i++) program[i] = draw() >> 30 & 7 ? draw() >> 33 & 7 : 4; for (int i = 0; i < 255; i++) if (program[i] > 6) program[i] = 3; program[255] = 7;
  for (int i = 0; i < 256; i++) { int n = 3 + draw() % 11; for (int k = 0; k < n; k++) words[i][k] = 'a' + draw() % 3; }
  for (int i = 0; i < 256; i++) { int k = draw() % 3; shapes[i].area = k == 0 ? area_square : k == 1 ? area_rectangle : area_triangle; shapes[i].a = i; shapes[i].b = i + 3; }
}
#define RUN
#include "harness.h"
