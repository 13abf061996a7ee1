/*
 * Marks for `tramp64 bench --program ./mine`: where a part of your program begins and ends.
 *
 *   tramp64_begin("mine/create");  ... make 1000 trampolines ...   tramp64_end("mine/create", 1000);
 *   tramp64_begin("mine/invoke");  ... call one 5000 times ...     tramp64_end("mine/invoke", 5000);
 *
 * A name that ends in /create, /change, /invoke or /free is that part of a row of the table; any other name is a row of its own. Parts may come again: they
 * are added up. What is counted is divided by the number; three instructions of the marks themselves are among it.
 *
 * A mark is one instruction, `nop dword ptr [rdi+rsi+disp32]` (0f 1f 84 37 74 36 34 KIND): RDI has the address of the name, RSI the number, KIND is 1 to begin
 * and 2 to end. Every x86-64 processor ignores it, as do other emulators and debuggers: it reads no memory, changes no register and needs no rights, so a
 * marked program runs anywhere as it did before.
 */
#ifndef TRAMP64_H
#define TRAMP64_H
#ifdef __x86_64__
#define TRAMP64_MARK(kind, name, times) \
  __asm__ volatile (".byte 0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, " #kind : : "D"(name), "S"((long)(times)) : "memory")
#else
#define TRAMP64_MARK(kind, name, times) ((void)(name), (void)(times))
#endif
static inline void tramp64_begin(const char *name) {
  (void)*(const volatile char *)name; /* Its page is there before anything is counted. */
  TRAMP64_MARK(1, name, 0);
}
static inline void tramp64_end(const char *name, long times) { TRAMP64_MARK(2, name, times); }
#endif
