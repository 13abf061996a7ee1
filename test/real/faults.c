/* What exceptions become: signal, code, address, RIP, vector and error code, one line a cause: natively and emulated the same. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf away;
static char alternate[65536];
static uint64_t where, m[8] __attribute__((aligned(64)));
static uint16_t control;
static struct { int signal, code; uint64_t address, rip, trap, error; } got;

static void note(int sig, siginfo_t *info, void *context) {
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  got.signal = sig; got.code = info->si_code; got.address = (uint64_t)info->si_addr;
  got.rip = g[REG_RIP]; got.trap = g[REG_TRAPNO]; got.error = g[REG_ERR];
  siglongjmp(away, 1);
}
static void tell(const char *name) {
  static const uint32_t plain = 0x1f80;
  __asm__ volatile("fninit; ldmxcsr %0" :: "m"(plain));
  if (got.signal == 0) { printf("%s: nothing, %lx %lx\n", name, m[0], m[1]); return; }
  printf("%s: signal %d, code %d, address %s, rip + %ld, trap %ld, error %lx\n", name, got.signal, got.code,
    got.address == 0 ? "0" : got.address == got.rip ? "rip" : "?", got.rip - where, got.trap, got.error);
}
/* rax is &m + 0, rdi the same; `before` prepares, `what` is to fault. */
#define TRY(name, word, before, what) do { \
  memset(&got, 0, sizeof got); memset(m, 255, sizeof m); control = word; \
  if (sigsetjmp(away, 1) == 0) { \
    __asm__ volatile("fninit; fldcw %1; lea 1f(%%rip), %%rax; mov %%rax, %0; mov %%rdi, %%rax;" before "; 1: " what \
      : "=m"(where) : "m"(control), "D"(m) : "rax", "rcx", "rdx", "xmm0", "memory"); } \
  tell(name); } while (0)
#define PLAIN 0x37f
#define FAR "movabs $0x8000000000000000, "

/* Every step of a stretch of code: where it ends, and rcx. */
static int steps;
static void step(int sig, siginfo_t *info, void *context) {
  (void)sig;
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (steps++ < 100) printf(" %ld:%llx/%d%s", (long)(g[REG_RIP] - where), g[REG_RCX] & 0xffff, info->si_code, info->si_addr == (void *)g[REG_RIP] ? "" : "?");
}
static void stepping(void) {
  static char from[64], to[64];
  struct sigaction a, old; memset(&a, 0, sizeof a); a.sa_sigaction = step; a.sa_flags = SA_SIGINFO; sigaction(SIGTRAP, &a, &old);
  steps = 0; printf("stepping:");
  __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; xor %%eax, %%eax; xor %%ecx, %%ecx; pushfq; orl $0x100, (%%rsp); popfq;"
    "1: mov $3, %%ecx; rep stosb; mov $2, %%ecx; rep movsb; xor %%ecx, %%ecx; rep stosb; mov $4, %%ecx; cmp %%ecx, %%eax; repe cmpsb; jmp 2f; nop; 2: call 3f; jmp 4f; 3: ret;"
    "4: push $0x302; popfq; pushfq; pop %%rdx; fld1; fstp %%st(0); mov $2, %%ecx; 5: loop 5b; mov %%ss, %%eax; nop; mov $39, %%eax; syscall; nop; nop; pushfq; andl $~0x100, (%%rsp); popfq; nop; nop"
    : "=m"(where) : "D"(to), "S"(from) : "rax", "rcx", "rdx", "r11", "memory", "cc");
  printf("\n"); sigaction(SIGTRAP, &old, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, 0);
  struct sigaction a; memset(&a, 0, sizeof a);
  a.sa_sigaction = note; a.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  int signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &a, 0);

  TRY("div", PLAIN, "xor %%ecx, %%ecx", "div %%ecx");
  TRY("fwait, by zero", 0x37b, "fld1; fldz; fdivrp", "fwait");
  TRY("paddb, by zero", 0x37b, "fld1; fldz; fdivrp", "paddb %%mm0, %%mm0");
  TRY("emms, by zero", 0x37b, "fld1; fldz; fdivrp", "emms");
  TRY("cvtpi2ps of memory, by zero", 0x37b, "fld1; fldz; fdivrp", "cvtpi2ps (%%rdi), %%xmm0; fnclex");
  TRY("cvtpi2pd of a register, by zero", 0x37b, "fld1; fldz; fdivrp", "cvtpi2pd %%mm1, %%xmm0");
  TRY("movdq2q, by zero", 0x37b, "fld1; fldz; fdivrp", "movdq2q %%xmm0, %%mm0");
  TRY("invalid", 0x37e, "fldz; fldz; fdivrp", "fwait");
  TRY("stack fault", 0x37e, "fstp %%st(0)", "fwait");
  TRY("denormal", 0x37d, "movq $1, (%%rdi); fldl (%%rdi); fadd %%st(0)", "fwait");
  TRY("overflow", 0x377, "mov $0x7fe, %%eax; shl $52, %%rax; mov %%rax, (%%rdi); fldl (%%rdi); fstps (%%rdi)", "fwait");
  TRY("underflow", 0x36f, "mov $1, %%eax; shl $52, %%rax; mov %%rax, (%%rdi); fldl (%%rdi); fstps (%%rdi)", "fwait");
  TRY("precision", 0x35f, "fldpi; fstps (%%rdi)", "fwait");
  TRY("everything unmasked", 0x340, "fld1; fldz; fdivrp", "fwait");

#define FLOAT(name, bits, before, what) TRY(name, PLAIN, "movl $(0x1f80 & ~(" #bits " << 7)), (%%rdi); ldmxcsr (%%rdi);" before, what)
  FLOAT("divss by zero", 4, "xorps %%xmm1, %%xmm1; pcmpeqd %%xmm0, %%xmm0; psrld $2, %%xmm0", "divss %%xmm1, %%xmm0");
  FLOAT("sqrtsd of -1", 1, "movabs $0xbff0000000000000, %%rax; movq %%rax, %%xmm0", "sqrtsd %%xmm0, %%xmm0");
  FLOAT("mulps, overflow", 8, "mov $0x7f000000, %%eax; movd %%eax, %%xmm0", "mulps %%xmm0, %%xmm0");
  FLOAT("mulss, underflow", 16, "mov $0x00800000, %%eax; movd %%eax, %%xmm0", "mulss %%xmm0, %%xmm0");
  FLOAT("addss, denormal", 2, "mov $1, %%eax; movd %%eax, %%xmm0", "addss %%xmm0, %%xmm0");
  FLOAT("cvtss2si, inexact", 32, "mov $0x3f000000, %%eax; movd %%eax, %%xmm0", "cvtss2si %%xmm0, %%eax");
  FLOAT("cvtps2pi, inexact", 32, "mov $0x3f000000, %%eax; movd %%eax, %%xmm0", "cvtps2pi %%xmm0, %%mm0");
  FLOAT("cvttpd2pi, invalid", 1, "pcmpeqd %%xmm0, %%xmm0", "cvttpd2pi %%xmm0, %%mm0");
  FLOAT("cvtpi2ps, inexact", 32, "pcmpeqd %%mm0, %%mm0; psrld $2, %%mm0", "cvtpi2ps %%mm0, %%xmm0");
  FLOAT("cvtpi2ps, masked", 0, "pcmpeqd %%mm0, %%mm0; psrld $2, %%mm0", "cvtpi2ps %%mm0, %%xmm0; stmxcsr (%%rdi)");

  TRY("int3", PLAIN, "nop", "int3"); TRY("cd 03", PLAIN, "nop", ".byte 0xcd, 3"); TRY("cd 04", PLAIN, "nop", ".byte 0xcd, 4");
  TRY("cd 00", PLAIN, "nop", ".byte 0xcd, 0"); TRY("cd 01", PLAIN, "nop", ".byte 0xcd, 1"); TRY("cd 2c", PLAIN, "nop", ".byte 0xcd, 0x2c");
  TRY("cd ff", PLAIN, "nop", ".byte 0xcd, 0xff"); TRY("int1", PLAIN, "nop", ".byte 0xf1");
  TRY("TF", PLAIN, "pushfq; orl $0x100, (%%rsp); popfq", "nop; nop");
  TRY("TF, and a fault", PLAIN, "pushfq; orl $0x100, (%%rsp); popfq", "ud2");
  TRY("TF, and int3", PLAIN, "pushfq; orl $0x100, (%%rsp); popfq", "int3");
  TRY("TF, and a jump", PLAIN, "pushfq; orl $0x100, (%%rsp); popfq", "jmp 2f; nop; 2: nop");
  TRY("TF, and POPF that clears it", PLAIN, "pushfq; pushfq; orl $0x100, (%%rsp); popfq", "popfq; nop");
  TRY("TF by IRET", PLAIN, "mov %%rsp, %%rcx; push $0x2b; push %%rcx; push $0x302; push $0x33; lea 1f(%%rip), %%rcx; push %%rcx; iretq", "nop; nop");

  TRY("hlt", PLAIN, "nop", "hlt"); TRY("cli", PLAIN, "nop", "cli"); TRY("sti", PLAIN, "nop", "sti"); TRY("in", PLAIN, "nop", "in $0x80, %%al");
  TRY("out", PLAIN, "nop", "out %%al, %%dx"); TRY("insb", PLAIN, "nop", "insb"); TRY("outsb", PLAIN, "nop", "outsb"); TRY("rdmsr", PLAIN, "nop", "rdmsr");
  TRY("wrmsr", PLAIN, "nop", "wrmsr"); TRY("rdpmc of no counter", PLAIN, "mov $0x77777777, %%ecx", "rdpmc"); TRY("wbinvd", PLAIN, "nop", "wbinvd"); TRY("invd", PLAIN, "nop", "invd");
  TRY("invlpg", PLAIN, "nop", "invlpg (%%rdi)"); TRY("lmsw", PLAIN, "nop", "lmsw %%ax"); TRY("clts", PLAIN, "nop", "clts"); TRY("swapgs", PLAIN, "nop", "swapgs");
  TRY("lldt", PLAIN, "xor %%eax, %%eax", "lldt %%ax"); TRY("ltr", PLAIN, "xor %%eax, %%eax", "ltr %%ax"); TRY("lgdt", PLAIN, "nop", "lgdt (%%rdi)");
  TRY("mov cr0", PLAIN, "nop", "mov %%cr0, %%rax"); TRY("mov cr1", PLAIN, "nop", ".byte 0x0f, 0x20, 0xc8"); TRY("mov to cr4", PLAIN, "nop", "mov %%rax, %%cr4");
  TRY("mov dr0", PLAIN, "nop", "mov %%dr0, %%rax"); TRY("mov to dr7", PLAIN, "nop", "mov %%rax, %%dr7");
  TRY("sysret", PLAIN, "nop", "sysretq"); TRY("sysexit", PLAIN, "nop", "sysexit"); TRY("sysenter", PLAIN, "nop", "sysenter"); TRY("rsm", PLAIN, "nop", "rsm");
  TRY("monitor", PLAIN, "nop", "monitor"); TRY("mwait", PLAIN, "nop", "mwait"); TRY("clac", PLAIN, "nop", "clac"); TRY("stac", PLAIN, "nop", "stac");
  TRY("sgdt", PLAIN, "nop", "sgdt (%%rdi)"); TRY("sidt", PLAIN, "nop", "sidt (%%rdi)"); TRY("smsw", PLAIN, "nop", "smsw (%%rdi)"); TRY("str", PLAIN, "nop", "str (%%rdi)");

  TRY("ud0", PLAIN, "nop", ".byte 0x0f, 0xff, 0xc0"); TRY("ud1", PLAIN, "nop", ".byte 0x0f, 0xb9, 0xc0"); TRY("ud2", PLAIN, "nop", "ud2");
  TRY("push es", PLAIN, "nop", ".byte 6"); TRY("pop es", PLAIN, "nop", ".byte 7"); TRY("push cs", PLAIN, "nop", ".byte 14"); TRY("daa", PLAIN, "nop", ".byte 0x27");
  TRY("aaa", PLAIN, "nop", ".byte 0x37"); TRY("pusha", PLAIN, "nop", ".byte 0x60"); TRY("popa", PLAIN, "nop", ".byte 0x61"); TRY("82", PLAIN, "nop", ".byte 0x82, 0xc0, 1");
  TRY("far call", PLAIN, "nop", ".byte 0x9a, 0, 0, 0, 0, 0x33, 0"); TRY("into", PLAIN, "nop", ".byte 0xce"); TRY("aam", PLAIN, "nop", ".byte 0xd4, 10");
  TRY("salc", PLAIN, "nop", ".byte 0xd6"); TRY("far jump", PLAIN, "nop", ".byte 0xea, 0, 0, 0, 0, 0x33, 0"); TRY("lock nop", PLAIN, "nop", ".byte 0xf0, 0x90");
  TRY("lock add of a register", PLAIN, "nop", ".byte 0xf0, 0x01, 0xc0"); TRY("mov cs", PLAIN, "nop", ".byte 0x8e, 0xc8"); TRY("lea of a register", PLAIN, "nop", ".byte 0x8d, 0xc0");

  TRY("mov ss, 0", PLAIN, "xor %%eax, %%eax", "mov %%eax, %%ss"); TRY("mov ds, 8", PLAIN, "mov $8, %%eax", "mov %%eax, %%ds");
  TRY("mov es, 0x1000", PLAIN, "mov $0x1000, %%eax", "mov %%eax, %%es"); TRY("pop fs", PLAIN, "push $0x43", "pop %%fs"); TRY("lss", PLAIN, "movq $0x33, 4(%%rdi)", "lss (%%rdi), %%eax");
  TRY("iretq to 0", PLAIN, "push $0; push $0; push $0; push $0; push $0", "iretq"); TRY("lretq to 0x10", PLAIN, "push $0x10; push $0", "lretq");

  TRY("movaps", PLAIN, "inc %%rax", "movaps (%%rax), %%xmm0"); TRY("movaps from the stack", PLAIN, "and $-16, %%rsp; inc %%rsp", "movaps (%%rsp), %%xmm0");
  TRY("cmpxchg16b", PLAIN, "nop", "cmpxchg16b 8(%%rdi)"); TRY("fxsave", PLAIN, "nop", "fxsave 8(%%rdi)"); TRY("fxrstor", PLAIN, "nop", "fxrstor 8(%%rdi)"); TRY("ldmxcsr", PLAIN, "nop", "ldmxcsr (%%rdi)");
  TRY("not canonical", PLAIN, FAR "%%rax", "mov (%%rax), %%al"); TRY("store", PLAIN, FAR "%%rax", "mov %%al, (%%rax)"); TRY("add", PLAIN, FAR "%%rax", "addl $1, (%%rax)");
  TRY("by rbp", PLAIN, "push %%rbp;" FAR "%%rbp", "mov (%%rbp), %%al"); TRY("by rbp and fs", PLAIN, "push %%rbp;" FAR "%%rbp", "mov %%fs:(%%rbp), %%al");
  TRY("by rbp and ds", PLAIN, "push %%rbp;" FAR "%%rbp", "mov %%ds:(%%rbp), %%al"); TRY("by rax and ss", PLAIN, FAR "%%rax", "mov %%ss:(%%rax), %%al");
  TRY("by rax and rbp", PLAIN, FAR "%%rbp; xor %%eax, %%eax", "mov (%%rax, %%rbp), %%cl"); TRY("push of memory", PLAIN, FAR "%%rax", "push (%%rax)");
  TRY("pop to memory", PLAIN, FAR "%%rax; push %%rax", "pop (%%rax)"); TRY("push", PLAIN, FAR "%%rsp", "push %%rax"); TRY("pop", PLAIN, FAR "%%rsp", "pop %%rax");
  TRY("push of memory to nowhere", PLAIN, FAR "%%rsp", "push (%%rdi)"); TRY("pushf", PLAIN, FAR "%%rsp", "pushfq"); TRY("call", PLAIN, FAR "%%rsp", "call 1b");
  TRY("ret", PLAIN, FAR "%%rsp", "ret"); TRY("enter", PLAIN, FAR "%%rsp", "enter $0, $0"); TRY("leave", PLAIN, FAR "%%rbp", "leave"); TRY("by rsp", PLAIN, FAR "%%rsp", "mov 8(%%rsp), %%eax");
  TRY("fxsave to nowhere", PLAIN, FAR "%%rsp", "fxsave (%%rsp)"); TRY("fld", PLAIN, FAR "%%rsp", "fldt (%%rsp)"); TRY("movsb", PLAIN, FAR "%%rsi; mov %%rsp, %%rdi", "movsb");
  TRY("stosb", PLAIN, FAR "%%rdi", "stosb"); TRY("rep movsb", PLAIN, FAR "%%rsi; mov %%rsp, %%rdi; mov $5, %%ecx", "rep movsb"); TRY("straddling", PLAIN, "movabs $0x7ffffffffffc, %%rax", "mov (%%rax), %%rax");
  TRY("straddling by rbp", PLAIN, "movabs $0x7ffffffffffc, %%rbp", "mov (%%rbp), %%rax"); TRY("straddling store by rbp", PLAIN, "movabs $0x7ffffffffffc, %%rbp", "mov %%rax, (%%rbp)");
  TRY("jump", PLAIN, FAR "%%rax", "jmp *%%rax"); TRY("call to nowhere", PLAIN, FAR "%%rax", "call *%%rax"); TRY("ret to nowhere", PLAIN, FAR "%%rax; push %%rax", "ret");
  TRY("prefetch", PLAIN, FAR "%%rax", "prefetcht0 (%%rax)"); TRY("clflush", PLAIN, FAR "%%rax", "clflush (%%rax)"); TRY("lddqu", PLAIN, FAR "%%rbp", "lddqu (%%rbp), %%xmm0");
  TRY("wrfsbase", PLAIN, FAR "%%rax", "wrfsbase %%rax"); TRY("xlat", PLAIN, FAR "%%rbx", "xlat"); TRY("maskmovq", PLAIN, "pcmpeqb %%mm0, %%mm0;" FAR "%%rdi", "maskmovq %%mm0, %%mm0");
  stepping();
  return 0;
}
