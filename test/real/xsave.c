/* XSAVE and its kin, and what signal frames have of it: natively and emulated the same. All of YMM goes through XSAVE and XRSTOR; PKRU and its kin are left out. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/syscall.h>

typedef struct { uint8_t b[1024]; } area __attribute__((aligned(64)));
static area one, two, init;
static sigjmp_buf away;
static int fault;
#define U16(a, at) (*(uint16_t *)((a)->b + (at)))
#define U32(a, at) (*(uint32_t *)((a)->b + (at)))
#define U64(a, at) (*(uint64_t *)((a)->b + (at)))
enum { BV = 512, COMP = 520, AVX = 576 };
static uint64_t hash(const uint8_t *p, int n) { uint64_t h = 1469598103934665603ull; while (n-- > 0) h = (h ^ *p++) * 1099511628211ull; return h; }
static void show(const char *name, area *a) {
  printf("%s: bv %lx, comp %lx, rest %lx, fcw %x fsw %x ftw %x, st %lx, mxcsr %x, xmm %lx, software %lx, ymm %lx\n", name, U64(a, BV), U64(a, COMP), hash(a->b + 528, 48),
    U16(a, 0), U16(a, 2), a->b[4], hash(a->b + 32, 128), U32(a, 24), hash(a->b + 160, 256), hash(a->b + 416, 96), hash(a->b + AVX, 256));
}
static void caught(int sig, siginfo_t *info, void *c) { (void)info; (void)c; fault = sig; siglongjmp(away, 1); }

/* A state in which every component is in use. */
static void fill(area *a, int seed) {
  memset(a, 0, sizeof *a);
  U16(a, 0) = 0x37f; U16(a, 2) = 0x2800; a->b[4] = 0xe0; U32(a, 24) = 0x1f80 + 0x2000 * (seed & 3);
  for (int i = 0; i < 8; i++) for (int k = 0; k < 10; k++) a->b[32 + 16 * i + k] = (uint8_t)(seed * 7 + i * 31 + k + 1);
  for (int k = 160; k < 416; k++) a->b[k] = (uint8_t)(seed + k * 5);
  for (int k = AVX; k < AVX + 256; k++) a->b[k] = (uint8_t)(seed * 3 + k * 11);
  U64(a, BV) = 7;
}
#define SAVE(how, a, m) __asm__ volatile(how " %0" : "+m"(*(a)) : "a"(m), "d"(0) : "memory")
#define LOAD(a, m) __asm__ volatile("xrstor64 %0" :: "m"(*(a)), "a"(m), "d"(0) : "memory")
/* Runs `what` between a state of which everything is known and a look at everything, without anything between. */
#define AROUND(before, what) do { LOAD(before, 7); what; memset(&two, 0, 0); } while (0)
static void put_pattern(area *a) { memset(a, 0xcc, sizeof *a); U64(a, BV) = U64(a, COMP) = 0; memset(a->b + 528, 0, 48); }

static void saving(void) {
  area used, clean; fill(&used, 1); memset(&clean, 0, sizeof clean); U32(&clean, 24) = 0x1f80;
  for (int state = 0; state < 4; state++) for (int mask = 0; mask < 8; mask++) {
    area start = state == 0 ? clean : used;
    if (state == 2) U64(&start, BV) = 4;
    if (state == 3) { U64(&start, BV) = 0; U32(&start, 24) = 0x3f80; }
    /* A processor may think the x87 in use for longer than we do. */
    int m = state == 1 ? mask : mask & 6; char name[64];
#define ONE(how) put_pattern(&one); LOAD(&start, 7); SAVE(how, &one, m); LOAD(&init, 7); snprintf(name, sizeof name, "%s, state %d, mask %d", how, state, m); show(name, &one);
    ONE("xsave64") ONE("xsave") ONE("xsaveopt64") ONE("xsavec64") ONE("xsavec") ONE("fxsave64")
  }
}
static void restoring(void) {
  for (int bits = 0; bits < 8; bits++) for (int mask = 0; mask < 8; mask++) for (int compact = 0; compact < 2; compact++) {
    area base, with; char name[64];
    fill(&base, 1); fill(&with, 2); U64(&with, BV) = bits; put_pattern(&one);
    if (compact) U64(&with, COMP) = 7ull | 1ull << 63;
    LOAD(&base, 7); LOAD(&with, mask); SAVE("xsave64", &one, 7); LOAD(&init, 7);
    U64(&one, BV) = 0;
    snprintf(name, sizeof name, "xrstor of %d, mask %d%s", bits, mask, compact ? ", compacted" : ""); show(name, &one);
  }
}
static void refusing(void) {
  static const struct { int at; uint64_t value; } bad[] = {
    {BV, 8}, {BV, 1ull << 40}, {COMP, 1}, {COMP, 7}, {COMP, 1ull << 63 | 3}, {COMP, 1ull << 63 | 15}, {528, 1}, {536, 1}, {568, 1}, {24, 0x10000}, {24, 0xffffff1f80000}, {0, 0xffffffffffffffff} };
  for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) for (int compact = 0; compact < 2; compact++) for (int bits = 1; bits < 8; bits += 3) {
    area with; fill(&with, 2); U64(&with, BV) = bits;
    if (compact) U64(&with, COMP) = 7ull | 1ull << 63;
    U64(&with, bad[k].at) = bad[k].value; fault = 0;
    if (sigsetjmp(away, 1) == 0) LOAD(&with, bits);
    __asm__ volatile("fninit"); LOAD(&init, 7);
    printf("%d := %lx, mask %d%s: %d\n", bad[k].at, bad[k].value, bits, compact ? ", compacted" : "", fault);
  }
  for (int off = 0; off < 64; off += 16) {
    fault = 0; if (sigsetjmp(away, 1) == 0) LOAD((area *)(init.b + off), 0); printf("xrstor at + %d: %d\n", off, fault);
    fault = 0; if (sigsetjmp(away, 1) == 0) SAVE("xsave64", (area *)(one.b + off), 0); printf("xsave at + %d: %d\n", off, fault);
    fault = 0; if (sigsetjmp(away, 1) == 0) SAVE("xsavec64", (area *)(one.b + off), 0); printf("xsavec at + %d: %d\n", off, fault);
  }
}
static unsigned xgetbv(unsigned c) { unsigned a, d; __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(c)); return a; }
static void registers(void) {
  unsigned a, b, c, d;
  printf("xcr0 %x\n", xgetbv(0) & 7);
  for (int i = 0; i < 8; i++) { fault = 0; area s; fill(&s, 3); U64(&s, BV) = i; LOAD(&s, 7); unsigned in = 0; if (sigsetjmp(away, 1) == 0) in = xgetbv(1); LOAD(&init, 7); printf("xinuse of %d: %x, %d\n", i, in & 4, fault); }
  for (unsigned k = 2; k < 4; k++) { fault = 0; if (sigsetjmp(away, 1) == 0) xgetbv(k); printf("xgetbv %u: %d\n", k, fault); }
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0xd), "c"(2)); printf("cpuid d.2: %x %x %x %x\n", a, b, c, d);
  __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0xd), "c"(1)); printf("cpuid d.1: %x\n", a & 7);
}

/* Signal frames. */
static int step; static area *frame_area;
static void look(int sig, siginfo_t *info, void *context) {
  (void)sig; (void)info;
  ucontext_t *c = context; area *a = (area *)c->uc_mcontext.fpregs, mine; uint32_t *software = (uint32_t *)(a->b + 464);
  SAVE("xsave64", &mine, 7); LOAD(&init, 7);
  frame_area = a;
  printf("step %d: flags %lx, magic %x, sizes match %d, features %x, magic2 %x, alignment %ld\n", step, c->uc_flags, software[0], software[1] == software[4] + 4, software[2] & 7,
    *(uint32_t *)(a->b + software[4]), (long)a % 64);
  area copy; memcpy(&copy, a, 832); memset(copy.b + 416, 0, 96); U64(&copy, BV) &= 7; show("  frame", &copy); U64(&mine, BV) = 0; memset(mine.b + 416, 0, 96); memset(mine.b + 520, 0, 56); show("  mine", &mine);
  switch (step) {
    case 1: for (int k = 0; k < 256; k++) { a->b[160 + k] ^= 0x55; a->b[AVX + k] ^= 0xaa; } U64(a, 32) ^= 1; U32(a, 24) = 0x7f80; break;
    case 2: U64(a, BV) &= ~4ull; break;
    case 3: U64(a, BV) &= ~2ull; break;
    case 4: U64(a, BV) &= ~1ull; break;
    case 5: software[0] = 0; break;
    case 6: *(uint32_t *)(a->b + software[4]) = 0; break;
    case 7: software[2] = 3; break;
    case 8: software[2] = 4; break;
    case 9: c->uc_mcontext.fpregs = 0; break;
    case 10: software[4] = 500; break;
    case 11: software[4] = 100000; break;
    case 12: c->uc_flags &= ~1ul; break;
    case 13: U64(a, BV) |= 8; break;
    case 14: U64(a, COMP) = 1; break;
    case 15: U32(a, 24) = 0x10000; break;
    case 16: c->uc_mcontext.fpregs = (void *)((char *)a + 16); break;
  }
}
static void frames(void) {
  struct sigaction s; memset(&s, 0, sizeof s); s.sa_sigaction = look; s.sa_flags = SA_SIGINFO; sigaction(SIGUSR1, &s, 0);
  for (step = 0; step < 17; step++) {
    area a; char name[32]; fill(&a, step); fault = 0; long result = SYS_tgkill, pid = getpid();
    if (sigsetjmp(away, 1) == 0) {
      __asm__ volatile("mov %%rax, %%r8; mov $7, %%eax; xor %%edx, %%edx; xrstor64 %1; mov %%r8, %%rax; mov %%edi, %%edx; mov %%edi, %%esi; mov $10, %%edx; syscall; mov $7, %%eax; xor %%edx, %%edx; xsave64 %2; xrstor64 %3"
        : "+a"(result) : "m"(a), "m"(one), "m"(init), "D"(pid) : "rcx", "r11", "r8", "rdx", "rsi", "memory");
    } else { SAVE("xsave64", &one, 7); LOAD(&init, 7); printf("  SIGSEGV %d\n", fault); }
    U64(&one, BV) = 0; snprintf(name, sizeof name, "  after %d", step); show(name, &one);
  }
}
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  U32(&init, 24) = 0x1f80;
  struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = caught; a.sa_flags = SA_SIGINFO | SA_NODEFER; sigaction(SIGSEGV, &a, 0); sigaction(SIGILL, &a, 0);
  put_pattern(&one); memset(one.b, 0, sizeof one.b);
  saving(); restoring(); refusing(); registers(); frames();
  return 0;
}
