/* Where the x87's last instruction was (SDM vol. 1 §8.1.8), through every image that has it, and as handlers of SIGFPE find it. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define USED __attribute__((used, aligned(64)))
static USED uint8_t image[512], image64[512], area[1024];
static USED uint32_t environment[7];
static USED uint16_t unmasked = 0x340;
static USED float nothing;

static void show(const char *what, const uint8_t *of) {
  uint16_t code;
  uint64_t instruction, operand;
  memcpy(&code, of + 6, 2), memcpy(&instruction, of + 8, 8), memcpy(&operand, of + 16, 8);
  printf("  %s %04x %016lx %016lx\n", what, code, instruction, operand);
}
static void tell(const char *name) {
  printf("%s: %08x %08x %08x %08x\n", name, environment[3], environment[4], environment[5], environment[6]);
  show("fxsave", image), show("fxsave64", image64);
}
static void handler(int signal, siginfo_t *info, void *at) {
  struct _libc_fpstate *f = ((ucontext_t *)at)->uc_mcontext.fpregs;
  printf("signal %d code %d: %04x %lx %lx, control %x status %x\n", signal, info->si_code, f->fop, f->rip, f->rdp, f->cwd, f->swd);
  f->swd = 0, f->cwd = 0x37f;
}

#define PERFORM(name, code) \
  do { \
    __asm__ volatile("fninit\n" code "\nfxsave image(%%rip)\nfxsave64 image64(%%rip)\nfnstenv environment(%%rip)\nfninit" ::: "eax", "edx", "memory"); \
    tell(name); \
  } while (0)
#define FAILS "fldcw unmasked(%%rip)\nfld1\nfdivs nothing(%%rip)\n"
#define COMPONENTS(n) "mov $" #n ", %%eax\nxor %%edx, %%edx\n"
#define BY(save, restore) PERFORM(save ", " restore, FAILS COMPONENTS(7) save " area(%%rip)\nfninit\n" COMPONENTS(7) restore " area(%%rip)")

int main(void) {
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
  sigaction(SIGFPE, &action, 0);
  PERFORM("no exception", "fld1\nfadds nothing(%%rip)");
  PERFORM("prefixes", FAILS "fnclex\n.byte 0x66, 0x48, 0xd8, 0xc9");
  PERFORM("control instructions", FAILS "fnstcw environment(%%rip)\nfnstsw %%ax\nfnstenv environment(%%rip)\nfnclex\nfwait");
  PERFORM("others", FAILS "fnclex\nfnop\nfincstp\nfxch");
  PERFORM("SS, and nothing stored", "fldcw unmasked(%%rip)\npush %%rbp\nlea nothing(%%rip), %%rbp\nfistpl (%%rbp)\npop %%rbp");
  PERFORM("fnsave", FAILS "fnsave area(%%rip)");
  memset(area, 0, sizeof area);
  BY("xsave", "xrstor");
  BY("xsave", "xrstor64");
  BY("xsave64", "xrstor64");
  BY("xsave64", "xrstor");
  BY("xsavec", "xrstor");
  BY("fxsave", "fxrstor64");
  BY("fxsave64", "fxrstor");
  BY("fnstenv", "fldenv");
  memset(area, 0, sizeof area);
  PERFORM("not asked for", FAILS COMPONENTS(7) "xsave area(%%rip)\n" COMPONENTS(6) "xrstor area(%%rip)");
  memset(area + 512, 0, 64);
  PERFORM("not in the area", FAILS COMPONENTS(7) "xrstor area(%%rip)");
  PERFORM("after a signal", FAILS "fwait");
  return 0;
}
