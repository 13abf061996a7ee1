/* The host's x87 as an oracle: reads records of machine code and state on stdin, executes each, writes the records back. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct record {
  uint8_t code[16];
  uint8_t image[112]; /* FNSAVE's 108 bytes: loaded before, stored after. */
  uint8_t memory[128]; /* Where [rsi] points. */
  uint64_t flags, rax;
};

/* push rbx; frstor [rdi]; mov rax, [rdx+8]; push [rdx]; popfq */
static const uint8_t before[] = {0x53, 0xdd, 0x27, 0x48, 0x8b, 0x42, 0x08, 0xff, 0x32, 0x9d};
/* pushfq; pop [rdx]; mov [rdx+8], rax; fnsave [rdi]; pop rbx; ret */
static const uint8_t after[] = {0x9c, 0x8f, 0x02, 0x48, 0x89, 0x42, 0x08, 0xdd, 0x37, 0x5b, 0xc3};

int main(void) {
  uint8_t *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static struct record r __attribute__((aligned(64)));
  if (page == MAP_FAILED) return 1;
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    uint8_t length = r.code[15];
    memcpy(page, before, sizeof before);
    memcpy(page + sizeof before, r.code, length);
    memcpy(page + sizeof before + length, after, sizeof after);
    ((void (*)(uint8_t *, uint8_t *, uint64_t *))(void *)page)(r.image, r.memory, &r.flags);
    if (fwrite(&r, sizeof r, 1, stdout) != 1) return 1;
  }
  return 0;
}
