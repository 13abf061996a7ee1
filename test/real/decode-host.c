/*
 * Asks the processor about encodings: reads lines of hex, puts each at the very end of a page with nothing mapped behind,
 * single-steps a child there, and prints `signal step address`: the stop signal, how far RIP went, the fault's address.
 * A fault at the end of the page means that the processor wanted more bytes.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char *const code = (unsigned char *)0x10000000, *const data = (unsigned char *)0x20000000;
enum { CODE_BYTES = 0x1000, DATA_BYTES = 0x20000 };

static pid_t start(struct user_regs_struct *registers) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (;;) pause();
  }
  int status;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
  ptrace(PTRACE_GETREGS, child, 0, registers);
  registers->orig_rax = -1;
  registers->rax = registers->rcx = registers->rdx = registers->rbx = (unsigned long)data + 0x8000;
  registers->rbp = registers->rsi = registers->rdi = registers->rax;
  registers->r8 = registers->r9 = registers->r10 = registers->r11 = registers->rax;
  registers->r12 = registers->r13 = registers->r14 = registers->r15 = registers->rax;
  registers->rsp = (unsigned long)data + 0x10000;
  registers->eflags = 0x202;
  return child;
}

int main(void) {
  mmap(code, CODE_BYTES, 7, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap(data, DATA_BYTES, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  struct user_regs_struct first;
  pid_t child = start(&first);
  char line[80];
  while (fgets(line, sizeof line, stdin)) {
    unsigned char bytes[32];
    int count = 0;
    for (unsigned value; count < 32 && sscanf(line + 2 * count, "%2x", &value) == 1; count++) bytes[count] = value;
    unsigned char *at = code + CODE_BYTES - count;
    memcpy(at, bytes, count);
    struct user_regs_struct registers = first;
    registers.rip = (unsigned long)at;
    ptrace(PTRACE_SETREGS, child, 0, &registers);
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
    int status;
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) {
      puts("0 0 0");
      child = start(&first);
      continue;
    }
    siginfo_t info;
    ptrace(PTRACE_GETSIGINFO, child, 0, &info);
    ptrace(PTRACE_GETREGS, child, 0, &registers);
    printf("%d %lld %d\n", WSTOPSIG(status), (long long)(registers.rip - (unsigned long)at), info.si_addr == code + CODE_BYTES);
  }
  kill(child, SIGKILL);
  return 0;
}
