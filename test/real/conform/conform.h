/*
 * What the conformance programs share: claims, run one after the other, each in an empty directory and with descriptors, signals and timers
 * as after a start; and words that print results so that two runs print the same: no process ids, addresses or times.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct { const char *name; void (*run)(void); } Claim;
extern const Claim __start_claims[], __stop_claims[];
/* `TEST(an_unlinked_file_can_be_read) { ... }` */
#define TEST(name) \
  static void name(void); \
  static const Claim claim_##name __attribute__((section("claims"), used, aligned(16))) = {#name, name}; \
  static void name(void)

/* One write a line, so that processes' lines stay whole and nothing is left in a buffer that fork would copy. errno stays. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
  char line[4096]; int error = errno;
  va_list args; va_start(args, format);
  int length = vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  if (write(1, line, (size_t)length) != length) _exit(99);
  errno = error;
}
static inline const char *error_name(int error) { const char *name = error == 0 ? "0" : strerrorname_np(error); return name ? name : "?"; }
static inline const char *signal_name(int number) {
  static char name[16]; const char *known = number <= 31 ? sigabbrev_np(number) : 0;
  if (known) snprintf(name, sizeof name, "SIG%s", known);
  else if (number >= 32) snprintf(name, sizeof name, "SIGRTMIN+%d", number - 34);
  else snprintf(name, sizeof name, "%d", number);
  return name;
}

/* The expression, and what it returned: -1 with the name of the error. */
#define CALL(expression) ({ errno = 0; long result_ = (long)(expression); tell_call(#expression, result_); result_; })
static inline void tell_call(const char *text, long result) {
  if (result == -1 && errno != 0) say("%s = -1 %s", text, error_name(errno)); else say("%s = %ld", text, result);
}
/* Of calls that return the error itself. */
#define CODE(expression) ({ int code_ = (expression); say("%s = %s", #expression, error_name(code_)); code_; })
/* Of calls whose result differs between runs: whether it failed, and how. */
#define TRY(expression) ({ errno = 0; long result_ = (long)(expression); \
  if (result_ == -1) say("%s = -1 %s", #expression, error_name(errno)); else say("%s succeeds", #expression); result_; })
/* The same for pointers, with MAP_FAILED and null as failures. */
#define MAP(expression) ({ errno = 0; void *at_ = (void *)(expression); \
  if (at_ == MAP_FAILED || at_ == 0) say("%s fails, %s", #expression, error_name(errno)); else say("%s succeeds", #expression); \
  (char *)at_; })
#define IS(expression) ({ int is_ = !!(expression); say("%s: %s", #expression, is_ ? "yes" : "no"); is_; })
#define VALUE(expression) say("%s: %ld", #expression, (long)(expression))
#define HEX(expression) say("%s: 0x%lx", #expression, (unsigned long)(expression))
#define OCTAL(expression) say("%s: 0%lo", #expression, (unsigned long)(expression))
#define TEXT(expression) say("%s: \"%s\"", #expression, (expression))

/* Bytes as text, with everything unusual in hexadecimal, and runs shortened. */
static inline void bytes(const char *label, const void *data, long count) {
  char text[3000]; const unsigned char *p = data; size_t at = 0;
  for (long i = 0; i < count && at < sizeof text - 40;) {
    long run = 1; while (i + run < count && p[i + run] == p[i]) run++;
    int plain = p[i] >= ' ' && p[i] < 127 && p[i] != '\\';
    for (long n = 0; n < (run > 4 ? 1 : run); n++) at += (size_t)sprintf(text + at, plain ? "%c" : "\\%02x", p[i]);
    if (run > 4) at += (size_t)sprintf(text + at, "{%ld}", run);
    i += run;
  }
  text[at] = 0;
  say("%s: %ld bytes \"%s\"", label, count, text);
}

static inline void put_file(const char *name, const char *content) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content)) say("cannot write %s: %s", name, error_name(errno));
  close(fd);
}
static inline void show_file(const char *name) {
  char content[2000]; int fd = open(name, O_RDONLY);
  if (fd < 0) { say("%s: %s", name, error_name(errno)); return; }
  bytes(name, content, read(fd, content, sizeof content));
  close(fd);
}
static inline long size_of(const char *name) { struct stat s; return lstat(name, &s) ? -1 : (long)s.st_size; }

static inline void pause_ms(long ms) {
  struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&rest, &rest) == -1 && errno == EINTR);
}
static inline long now_ms(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }

static inline void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action; memset(&action, 0, sizeof action);
  action.sa_handler = handler; action.sa_flags = flags;
  sigaction(number, &action, 0);
}
static inline void handle_info(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action; memset(&action, 0, sizeof action);
  action.sa_sigaction = handler; action.sa_flags = flags | SA_SIGINFO;
  sigaction(number, &action, 0);
}
static inline sigset_t set_of(int first, ...) {
  sigset_t set; sigemptyset(&set);
  va_list args; va_start(args, first);
  for (int number = first; number != 0; number = va_arg(args, int)) sigaddset(&set, number);
  va_end(args);
  return set;
}
static inline void block(int number) { sigset_t set = set_of(number, 0); sigprocmask(SIG_BLOCK, &set, 0); }
static inline void unblock(int number) { sigset_t set = set_of(number, 0); sigprocmask(SIG_UNBLOCK, &set, 0); }

/* A child that does `body` and ends with status 0 if that comes to its end. */
#define CHILD(...) ({ pid_t child_ = fork(); if (child_ == 0) { __VA_ARGS__; _exit(0); } child_; })
static inline void tell_status(const char *who, int status) {
  if (WIFEXITED(status)) say("%s exited with %d", who, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) say("%s was killed by %s%s", who, signal_name(WTERMSIG(status)), WCOREDUMP(status) ? ", core" : "");
  else if (WIFSTOPPED(status)) say("%s was stopped by %s", who, signal_name(WSTOPSIG(status)));
  else say("%s %s", who, WIFCONTINUED(status) ? "was continued" : "has an odd status");
}
static inline int wait_for(const char *who, pid_t child) {
  int status = 0; pid_t got;
  do got = waitpid(child, &status, 0); while (got == -1 && errno == EINTR);
  if (strncmp(who, "CHILD(", 6) == 0) who = "child";
  if (got == child) tell_status(who, status); else say("waitpid(%s): %s", who, error_name(errno));
  return status;
}
#define ENDS(...) wait_for(#__VA_ARGS__, __VA_ARGS__)
/* A pipe by which one process tells another that it may go on. */
typedef struct { int side[2]; } Gate;
static inline Gate gate(void) { Gate g; if (pipe(g.side)) say("no pipe"); return g; }
static inline void let_go(Gate g) { if (write(g.side[1], "!", 1) != 1) say("gate: %s", error_name(errno)); }
static inline void await(Gate g) { char c; while (read(g.side[0], &c, 1) == -1 && errno == EINTR); }

/* What a program that is executed by its own tests does instead. */
int role(int argc, char **argv) __attribute__((weak));

static inline void as_after_start(void) {
  for (int number = 1; number <= 64; number++) {
    struct sigaction action; memset(&action, 0, sizeof action);
    if (sigaction(number, 0, &action) || number == SIGKILL || number == SIGSTOP) continue;
    action.sa_handler = SIG_IGN; // Drops what is pending.
    sigaction(number, &action, 0);
    action.sa_handler = SIG_DFL; action.sa_flags = 0;
    sigaction(number, &action, 0);
  }
  sigset_t none; sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  alarm(0);
  while (waitpid(-1, 0, WNOHANG) > 0);
  if (syscall(SYS_close_range, 3, ~0u, 0)) for (int fd = 3; fd < 100; fd++) close(fd);
  umask(022);
}
static void run_claim(const Claim *claim) {
  static char home[PATH_MAX];
  if (home[0] == 0 && getcwd(home, sizeof home) == 0) _exit(98);
  say("# %s", claim->name);
  as_after_start();
  if (mkdir(claim->name, 0755) || chdir(claim->name)) say("no directory: %s", error_name(errno));
  claim->run();
  as_after_start();
  if (chdir(home)) _exit(97);
  say(".");
}
/* All claims, or those that are named. */
int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--role") == 0) return role ? role(argc - 2, argv + 2) : 96;
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // Whether a core is dumped is the machine's affair.
  for (const Claim *claim = __start_claims; claim < __stop_claims; claim++) {
    int wanted = argc == 1;
    for (int i = 1; i < argc; i++) wanted |= strcmp(argv[i], claim->name) == 0;
    if (wanted) run_claim(claim);
  }
  return 0;
}
