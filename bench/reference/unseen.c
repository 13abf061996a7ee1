/* More of them, timed when the profile's figures stood. None was chosen with these in view; that conditional branches help to predict indirect ones was learned from `calls`. */
#include "harness.h"

#define N 1024
static int numbers[N], work[N];
static u8 text[8192];
static int other[N];
NOINLINE static u64 p_mergesort(void) {
  for (int i = 0; i < N; i++) work[i] = numbers[i];
  int *a = work, *b = other;
  for (int w = 1; w < N; w *= 2) { for (int lo = 0; lo < N; lo += 2 * w) { int i = lo, m = lo + w < N ? lo + w : N, j = m, hi = lo + 2 * w < N ? lo + 2 * w : N; for (int k = lo; k < hi; k++) if (i < m && (j >= hi || a[i] <= a[j])) b[k] = a[i++]; else b[k] = a[j++]; } int *t = a; a = b; b = t; }
  return a[N / 2];
}
NOINLINE static long queens(u32 all, u32 columns, u32 left, u32 right) { if (columns == all) return 1; long n = 0; for (u32 free = all & ~(columns | left | right); free;) { u32 bit = free & -free; free ^= bit; n += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1); } return n; }
NOINLINE static u64 p_queens(void) { return queens(127, 0, 0, 0); }
static u8 packed[16384], unpacked[8192];
NOINLINE static u64 p_runs(void) { long n = 0, m = 0; for (int i = 0; i < 8192;) { u8 c = text[i] & 3; int k = 1; while (i + k < 8192 && (text[i + k] & 3) == c && k < 255) k++; packed[n++] = k; packed[n++] = c; i += k; } for (long i = 0; i < n; i += 2) for (int k = packed[i]; k > 0; k--) unpacked[m++] = packed[i + 1]; return m + n; }
NOINLINE static u64 p_xtea(void) { u32 k[4] = { 1, 2, 3, 4 }, a = 5, b = 6; for (int r = 0; r < 64; r++) { u32 sum = 0; for (int i = 0; i < 32; i++) { a += ((b << 4 ^ b >> 5) + b) ^ (sum + k[sum & 3]); sum += 0x9E3779B9; b += ((a << 4 ^ a >> 5) + a) ^ (sum + k[sum >> 11 & 3]); } } return (u64)a << 32 | b; }
static short table[130][130];
NOINLINE static u64 p_lcs(void) { for (int i = 1; i <= 128; i++) for (int j = 1; j <= 128; j++) { int x = text[i] & 3, y = text[j + 200] & 3; table[i][j] = x == y ? table[i - 1][j - 1] + 1 : table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1]; } return table[128][128]; }
static int dist[24][24];
NOINLINE static u64 p_paths(void) { for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) dist[i][j] = i == j ? 0 : numbers[24 * i + j] & 1023; for (int k = 0; k < 24; k++) for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) { int d = dist[i][k] + dist[k][j]; if (d < dist[i][j]) dist[i][j] = d; } return dist[3][17]; }
typedef struct vm { long stack[64]; int sp; int pc; long steps; } vm; typedef void (*op_t)(vm *); 
static u8 code[64];
NOINLINE static void op_push(vm *m) { m->stack[m->sp++] = m->pc; } NOINLINE static void op_add(vm *m) { if (m->sp > 1) { m->sp--; m->stack[m->sp - 1] += m->stack[m->sp]; } }
NOINLINE static void op_xor(vm *m) { if (m->sp > 1) { m->sp--; m->stack[m->sp - 1] ^= m->stack[m->sp]; } } NOINLINE static void op_dup(vm *m) { if (m->sp > 0 && m->sp < 63) { m->stack[m->sp] = m->stack[m->sp - 1]; m->sp++; } }
static op_t volatile ops_raw[4] = { op_push, op_add, op_xor, op_dup };
NOINLINE static u64 p_calls(void) { vm m; m.sp = 0; m.steps = 0; for (int r = 0; r < 64; r++) for (m.pc = 0; m.pc < 64; m.pc++) { ops_raw[code[m.pc]](&m); if (m.sp > 60) m.sp = 2; m.steps++; } return m.steps + m.stack[0]; }
NOINLINE static u64 p_words(void) { long words = 0, upper = 0; int in = 0; for (int i = 0; i < 8192; i++) { u8 c = text[i] & 127; if (c == 32 || c < 14) in = 0; else if (!in) { in = 1; words++; } if (c >= 'a' && c <= 'z') { upper++; unpacked[i] = c - 32; } else unpacked[i] = c; } return words * 100000 + upper; }
NOINLINE static u64 p_roots(void) { u64 s = 0; for (int i = 0; i < 512; i++) { u32 n = numbers[i] & 0xffffff, x = n, y = (x + 1) / 2; while (y < x) { x = y; y = (x + n / x) / 2; } s += x; } return s; }
static u8 life[2][34][34];
NOINLINE static u64 p_life(void) { int from = 0; for (int g = 0; g < 8; g++, from ^= 1) for (int i = 1; i <= 32; i++) for (int j = 1; j <= 32; j++) { u8 (*a)[34] = life[from]; int n = a[i-1][j-1] + a[i-1][j] + a[i-1][j+1] + a[i][j-1] + a[i][j+1] + a[i+1][j-1] + a[i+1][j] + a[i+1][j+1]; life[from ^ 1][i][j] = n == 3 || (n == 2 && a[i][j]); } return life[from][5][5]; }
static double px[8], py[8], vx[8], vy[8];
NOINLINE static u64 p_bodies(void) { for (int s = 0; s < 20; s++) { for (int i = 0; i < 8; i++) for (int j = i + 1; j < 8; j++) { double dx = px[i] - px[j], dy = py[i] - py[j], d = dx * dx + dy * dy + 0.01, r; __asm__("sqrtsd %1, %0" : "=x"(r) : "x"(d)); double f = 0.001 / (d * r); vx[i] -= dx * f; vy[i] -= dy * f; vx[j] += dx * f; vy[j] += dy * f; } for (int i = 0; i < 8; i++) { px[i] += 0.01 * vx[i]; py[i] += 0.01 * vy[i]; } } return (u64)(px[3] * 1000); }
struct cell { struct cell *next; int key; }; static struct cell cells[256];
NOINLINE static u64 p_insert_list(void) { struct cell *first = 0; for (int i = 0; i < 200; i++) { struct cell **at = &first; while (*at && (*at)->key < numbers[i]) at = &(*at)->next; cells[i].key = numbers[i]; cells[i].next = *at; *at = &cells[i]; } return first->key; }
static u32 counts[256];
NOINLINE static u64 p_histogram(void) { for (int i = 0; i < 256; i++) counts[i] = 0; for (int i = 0; i < 8192; i++) counts[text[i]]++; u32 s = 0; for (int i = 0; i < 256; i++) { s += counts[i]; counts[i] = s; } return counts[100]; }
NOINLINE static u64 p_decimal(void) { u64 h = 0; for (int i = 0; i < 512; i++) { u32 v = numbers[i]; char b[12]; int n = 0; do { b[n++] = '0' + v % 10; v /= 10; } while (v); while (n) h = h * 31 + b[--n]; } return h; }
static u8 seen[64 * 64]; static short todo[64 * 64 * 4];
NOINLINE static u64 p_flood(void) { for (int i = 0; i < 4096; i++) seen[i] = (text[i] & 7) < 2; int n = 0, area = 0; todo[n++] = 65; while (n) { int at = todo[--n]; if (at < 0 || at >= 4096 || seen[at]) continue; seen[at] = 1; area++; todo[n++] = at + 1; todo[n++] = at - 1; todo[n++] = at + 64; todo[n++] = at - 64; } return area; }
typedef u64 (*program_t)(void);
static const program_t programs[] = { p_mergesort, p_queens, p_runs, p_xtea, p_lcs, p_paths, p_calls, p_words, p_roots, p_life, p_bodies, p_insert_list, p_histogram, p_decimal, p_flood };
static void prepare(void) {
  for (int i = 0; i < N; i++) numbers[i] = draw() >> 40;
  for (int i = 0; i < 8192; i++) text[i] = draw() >> 20;
  for (int i = 0; i < 64; i++) code[i] = draw() >> 30 & 3;
  for (int i = 1; i <= 32; i++) for (int j = 1; j <= 32; j++) life[0][i][j] = draw() >> 40 & 1;
  for (int i = 0; i < 8; i++) { px[i] = i; py[i] = i * i % 7; }
}
#define RUN
#include "harness.h"
