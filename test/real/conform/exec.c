/* execve(2): arguments, environment, what stays and what goes, scripts, errors; execveat(2), fexecve(3), posix_spawn(3), system(3). */
#include "conform.h"
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

static volatile int hits;
static void hit(int number) { (void)number; hits++; }
#define SELF "/proc/self/exe"
static char self_path[PATH_MAX];
static const char *self(void) {
  ssize_t n = readlink(SELF, self_path, sizeof self_path - 1);
  self_path[n < 0 ? 0 : n] = 0;
  return self_path;
}
#define EXEC(...) execl(SELF, "conform", "--role", __VA_ARGS__, (char *)0)

TEST(arguments_and_environment_arrive) {
  char *argv[] = {"zero", "--role", "show", "", "two words", "\xff\x01", 0}, *envp[] = {"A=1", "B=", "no equals sign", 0};
  ENDS(CHILD(execve(SELF, argv, envp)));
  char *none[] = {0};
  char *only[] = {"zero", "--role", "show", 0};
  ENDS(CHILD(execve(SELF, only, none))); ENDS(CHILD(execve(SELF, only, 0)));
}
TEST(execve_fails_and_leaves_everything) {
  char *argv[] = {"x", 0};
  put_file("text", "no program");
  chmod("text", 0755);
  put_file("plain", "#!/bin/sh\n");
  put_file("empty", "");
  chmod("empty", 0755);
  mkdir("d", 0755);
  CALL(execve("none", argv, 0)); CALL(execve("plain", argv, 0)); CALL(execve("text", argv, 0));
  CALL(execve("empty", argv, 0)); CALL(execve("d", argv, 0)); CALL(execve("", argv, 0));
  CALL(execve("text/x", argv, 0)); CALL(execve((char *)8, argv, 0)); CALL(execve("text", (char **)8, 0));
  symlink("loop", "loop");
  CALL(execve("loop", argv, 0));
  put_file("elf", "\177ELF\2\1\1");
  chmod("elf", 0755);
  CALL(execve("elf", argv, 0));
  static char big[200000];
  memset(big, 'x', sizeof big - 1);
  char *huge[] = {big, 0};
  CALL(execve(SELF, huge, 0));
  char c = 1;
  VALUE(c);
}
TEST(scripts_run_their_interpreter) {
  char text[PATH_MAX + 100];
  sprintf(text, "#!%s --role\nbody\n", self());
  put_file("script", text);
  chmod("script", 0755);
  ENDS(CHILD(execl("./script", "zero", "one", "two", (char *)0)));
  sprintf(text, "#! \t%s   --role \t\n", self());
  put_file("script spaces", text);
  chmod("script spaces", 0755);
  ENDS(CHILD(execl("./script spaces", "zero", "one", (char *)0)));
  put_file("missing", "#!/none/such\n");
  chmod("missing", 0755);
  CALL(execl("./missing", "x", (char *)0));
  put_file("bare", "#!\n");
  chmod("bare", 0755);
  CALL(execl("./bare", "x", (char *)0));
  put_file("outer", "#!./script\n");
  chmod("outer", 0755);
  ENDS(CHILD(execl("./outer", "zero", "one", (char *)0)));
  put_file("selfish", "#!./selfish\n");
  chmod("selfish", 0755);
  CALL(execl("./selfish", "x", (char *)0));
}
TEST(descriptors_stay_unless_they_are_to_close) {
  put_file("file", "content");
  int keep = open("file", O_RDONLY), gone = open("file", O_RDONLY | O_CLOEXEC), copy = dup(gone), later = dup3(keep, 20, O_CLOEXEC);
  char c;
  read(keep, &c, 1);
  ENDS(CHILD({
    char a[12], b[12], d[12], e[12];
    sprintf(a, "%d", keep);
    sprintf(b, "%d", gone);
    sprintf(d, "%d", copy);
    sprintf(e, "%d", later);
    EXEC("fds", a, b, d, e);
  }));
}
TEST(handlers_are_reset_and_ignored_stays) {
  handle(SIGUSR1, hit, 0);
  signal(SIGUSR2, SIG_IGN);
  block(SIGTERM);
  raise(SIGTERM);
  ENDS(CHILD({ kill(getpid(), SIGTERM); EXEC("signals"); }));
}
TEST(identity_survives_and_the_name_changes) {
  ENDS(CHILD({
    prctl(PR_SET_NAME, "renamed");
    chdir("/");
    umask(027);
    char pid[16], parent[16];
    sprintf(pid, "%d", getpid());
    sprintf(parent, "%d", getppid());
    alarm(50);
    EXEC("identity", pid, parent);
  }));
}
TEST(memory_is_new_and_stacks_are_aligned) {
  ENDS(CHILD({ mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); EXEC("memory"); }));
}
TEST(fexecve_and_execveat_run_a_descriptor) {
  int fd = open(SELF, O_RDONLY);
  char *argv[] = {"by fd", "--role", "show", 0}, *envp[] = {"E=1", 0};
  ENDS(CHILD(fexecve(fd, argv, envp))); ENDS(CHILD(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH)));
  int d = open("/proc/self", O_PATH);
  ENDS(CHILD(syscall(SYS_execveat, d, "exe", argv, envp, 0)));
  CALL(syscall(SYS_execveat, fd, "", argv, envp, 0)); CALL(syscall(SYS_execveat, 99, "x", argv, envp, 0));
  CALL(syscall(SYS_execveat, fd, "", argv, envp, 1));
  symlink(self(), "link");
  CALL(syscall(SYS_execveat, AT_FDCWD, "link", argv, envp, AT_SYMLINK_NOFOLLOW));
}
TEST(posix_spawn_does_its_actions) {
  posix_spawn_file_actions_t a;
  posix_spawnattr_t t;
  posix_spawn_file_actions_init(&a);
  posix_spawnattr_init(&t);
  put_file("in", "from a file");
  posix_spawn_file_actions_addopen(&a, 0, "in", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&a, 1, 9);
  posix_spawn_file_actions_addclose(&a, 8);
  sigset_t s = set_of(SIGUSR1, 0);
  posix_spawnattr_setsigmask(&t, &s);
  posix_spawnattr_setflags(&t, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  char *argv[] = {"spawned", "--role", "spawned", 0}, *envp[] = {0};
  pid_t child;
  int error = posix_spawn(&child, SELF, &a, &t, argv, envp);
  ENDS(child);
  VALUE(error);
  CODE(posix_spawn(&child, "none", 0, 0, argv, envp)); CODE(posix_spawnp(&child, "surely-not-there", 0, 0, argv, envp));
}
TEST(a_vforked_child_can_execute) {
  const char *path = self();
  pid_t child = vfork();
  if (child == 0) { execl(path, "conform", "--role", "exit", "23", (char *)0); _exit(1); }
  ENDS(child);
  child = vfork();
  if (child == 0) { execl("none", "x", (char *)0); _exit(errno == ENOENT ? 2 : 3); }
  ENDS(child);
}
static void *executes(void *unused) { EXEC("threads"); return unused; }
TEST(an_exec_in_a_thread_ends_the_others_and_keeps_the_pid) {
  ENDS(CHILD({ pthread_t t; pthread_create(&t, 0, executes, 0); for (;;) pause(); }));
}
TEST(a_chain_of_programs_keeps_its_pid) {
  pid_t child = CHILD({ char pid[16]; sprintf(pid, "%d", getpid()); EXEC("chain", "20", pid); }); ENDS(child);
}
TEST(system_runs_a_shell) {
  VALUE(system(0) != 0);
  int s = system("exit 3");
  VALUE(WEXITSTATUS(s));
  s = system("kill -TERM $$");
  VALUE(WTERMSIG(s));
  s = system("echo from the shell > out");
  show_file("out");
  FILE *f = popen("echo one; echo two", "r");
  char b[64];
  size_t n = fread(b, 1, 64, f);
  bytes("b", b, (long)n);
  VALUE(pclose(f));
  f = popen("cat > written", "w");
  fputs("text", f);
  VALUE(pclose(f));
  show_file("written");
}
extern char **environ;
int role(int argc, char **argv) {
  const char *what = argc > 0 ? argv[0] : "";
  if (strstr(what, "script") || strcmp(what, "./script") == 0) {
    for (int i = 0; i < argc; i++) say("role argument %d: %s", i, argv[i]);
    return 31;
  }
  if (strcmp(what, "show") == 0) {
    for (int i = 1; i < argc; i++) bytes("argument", argv[i], (long)strlen(argv[i]));
    for (char **e = environ; *e; e++) say("environment %s", *e);
    return 5;
  }
  if (strcmp(what, "exit") == 0) return atoi(argv[1]);
  if (strcmp(what, "fds") == 0) {
    char b[8];
    for (int i = 1; i < argc; i++) { CALL(read(atoi(argv[i]), b, 3)); }
    return 0;
  }
  if (strcmp(what, "signals") == 0) {
    struct sigaction a;
    sigset_t s;
    sigaction(SIGUSR1, 0, &a);
    IS(a.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, 0, &a);
    IS(a.sa_handler == SIG_IGN);
    sigprocmask(SIG_BLOCK, 0, &s);
    IS(sigismember(&s, SIGTERM));
    sigpending(&s);
    IS(sigismember(&s, SIGTERM));
    stack_t k;
    sigaltstack(0, &k);
    IS(k.ss_flags == SS_DISABLE);
    return 0;
  }
  if (strcmp(what, "identity") == 0) {
    char name[32] = "", cwd[64] = "";
    IS(getpid() == atoi(argv[1])); IS(getppid() == atoi(argv[2]));
    prctl(PR_GET_NAME, name);
    IS(strcmp(name, "renamed") != 0);
    TEXT(getcwd(cwd, sizeof cwd));
    OCTAL(umask(0));
    IS(alarm(0) > 40);
    return 0;
  }
  if (strcmp(what, "memory") == 0) {
    unsigned char in;
    IS(mincore((void *)0x10000000, 4096, &in) == -1); IS((long)__builtin_frame_address(0) % 16 == 0);
    VALUE(getauxval(AT_PAGESZ)); VALUE(getauxval(AT_CLKTCK));
    IS(getauxval(AT_UID) == getuid());
    VALUE(getauxval(AT_SECURE));
    IS(getauxval(AT_RANDOM) != 0); IS(getauxval(AT_PHNUM) > 0);
    TEXT((char *)getauxval(AT_PLATFORM));
    return 0;
  }
  if (strcmp(what, "spawned") == 0) {
    char b[20];
    sigset_t s;
    long n = read(0, b, 20);
    bytes("stdin", b, n);
    IS(fcntl(9, F_GETFD) == 0); IS(getpgrp() == getpid());
    sigprocmask(SIG_BLOCK, 0, &s);
    IS(sigismember(&s, SIGUSR1));
    return 6;
  }
  if (strcmp(what, "threads") == 0) {
    IS(getpid() == gettid());
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    struct dirent *e;
    while (d && (e = readdir(d))) n += e->d_name[0] != '.';
    VALUE(n);
    return 4;
  }
  if (strcmp(what, "chain") == 0) {
    int left = atoi(argv[1]);
    if (left == 0) { IS(getpid() == atoi(argv[2])); return 50; }
    char next[12];
    sprintf(next, "%d", left - 1);
    EXEC("chain", next, argv[2]);
    return 1;
  }
  return 95;
}
