/* What processes can read of themselves: proc(5). Everything that differs between runs is taken out. */
#include "conform.h"
#include <sys/prctl.h>

static char text[200000];
static long slurp(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) { say("%s: %s", path, error_name(errno)); text[0] = 0; return -1; }
  long n = 0, got;
  while ((got = read(fd, text + n, sizeof text - 1 - (size_t)n)) > 0) n += got;
  text[n] = 0;
  close(fd);
  return n;
}
/* The value of a line `name:\tvalue`. */
static const char *field(const char *name) {
  static char value[200];
  char *at = text;
  size_t n = strlen(name);
  while (at) {
    if (strncmp(at, name, n) == 0 && at[n] == ':') {
      at += n + 1;
      while (*at == ' ' || *at == '\t') at++;
      size_t k = strcspn(at, "\n");
      if (k > 199) k = 199;
      memcpy(value, at, k);
      value[k] = 0;
      return value;
    }
    at = strchr(at, '\n');
    if (at) at++;
  }
  return "none";
}

TEST(maps_show_mappings_with_their_rights) {
  put_file("mapped", "x");
  int fd = open("mapped", O_RDWR);
  char *base = mmap(0, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mmap(base + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
  mmap(base + 2 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 4096);
  mprotect(base + 4 * 4096, 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  munmap(base + 7 * 4096, 4096);
  mmap(base + 8 * 4096, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  slurp("/proc/self/maps");
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long from, to, offset;
    char rights[8], device[12], path[300] = "";
    long inode;
    if (sscanf(line, "%lx-%lx %7s %lx %11s %ld %299s", &from, &to, rights, &offset, device, &inode, path) < 6) {
      say("odd line: %s", line);
      continue;
    }
    if (from < (unsigned long)base || from >= (unsigned long)base + 16 * 4096) continue;
    char *name = strrchr(path, '/');
    say("%ld+%ld %s %lx inode %s %s", (long)(from - (unsigned long)base) / 4096, (long)(to - from) / 4096, rights, offset, inode ? "yes" :
      "no", name ? name : path);
  }
}
TEST(maps_name_heap_stack_and_program) {
  char *heap = sbrk(8192);
  int here, heaps = 0, stacks = 0, programs = 0, sorted = 1;
  unsigned long last = 0;
  slurp("/proc/self/maps");
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long from, to;
    sscanf(line, "%lx-%lx", &from, &to);
    sorted &= from >= last;
    last = to;
    if (strstr(line, "[heap]")) heaps += (unsigned long)heap >= from && (unsigned long)heap < to;
    if (strstr(line, "[stack]")) stacks += (unsigned long)&here >= from && (unsigned long)&here < to;
    if ((unsigned long)slurp >= from && (unsigned long)slurp < to) programs += strchr(line, '/') != 0 && strstr(line, "r-xp") != 0;
  }
  VALUE(heaps); VALUE(stacks); VALUE(programs); VALUE(sorted);
}
TEST(fd_lists_open_descriptors) {
  put_file("file", "x");
  open("file", O_RDONLY);
  dup2(1, 7);
  int seen[20] = {0};
  DIR *d = opendir("/proc/self/fd");
  struct dirent *e;
  while ((e = readdir(d))) if (e->d_name[0] != '.' && atoi(e->d_name) < 20) seen[atoi(e->d_name)] = e->d_type;
  closedir(d);
  for (int i = 0; i < 20; i++) if (seen[i]) say("%d type %d", i, seen[i]);
  char link[PATH_MAX], home[PATH_MAX];
  getcwd(home, sizeof home);
  long n = readlink("/proc/self/fd/3", link, sizeof link - 1);
  link[n > 0 ? n : 0] = 0;
  IS(strncmp(link, home, strlen(home)) == 0 && strcmp(link + strlen(home), "/file") == 0);
  int ends[2];
  pipe(ends);
  n = readlink("/proc/self/fd/4", link, sizeof link - 1);
  link[n > 0 ? n : 0] = 0;
  IS(strncmp(link, "pipe:[", 6) == 0);
  CALL(readlink("/proc/self/fd/19", link, sizeof link)); CALL(unlink("file"));
  n = readlink("/proc/self/fd/3", link, sizeof link - 1);
  link[n > 0 ? n : 0] = 0;
  IS(strcmp(link + strlen(link) - 10, " (deleted)") == 0);
  int again = CALL(open("/proc/self/fd/3", O_RDONLY));
  char c;
  CALL(read(again, &c, 1));
  struct stat s;
  CALL(stat("/proc/self/fd/3", &s));
  VALUE(s.st_nlink);
  CALL(lstat("/proc/self/fd/3", &s));
  OCTAL(s.st_mode);
}
TEST(fdinfo_tells_position_and_flags) {
  put_file("file", "0123456789");
  int fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC);
  lseek(fd, 4, SEEK_SET);
  slurp("/proc/self/fdinfo/3");
  TEXT(field("pos")); TEXT(field("flags"));
  CALL(open("/proc/self/fdinfo/19", O_RDONLY));
}
TEST(status_and_stat_tell_who_this_is) {
  prctl(PR_SET_NAME, "a (name) x");
  slurp("/proc/self/status");
  TEXT(field("Name")); TEXT(field("State"));
  IS(atoi(field("Pid")) == getpid()); IS(atoi(field("Tgid")) == getpid()); IS(atoi(field("PPid")) == getppid());
  TEXT(field("Threads"));
  IS(atoi(field("Uid")) == (int)getuid());
  umask(027);
  slurp("/proc/self/status");
  TEXT(field("Umask"));
  IS(atoi(field("VmSize")) > 100); IS(atoi(field("VmRSS")) > 10);
  block(SIGUSR1);
  signal(SIGUSR2, SIG_IGN);
  raise(SIGUSR1);
  slurp("/proc/self/status");
  TEXT(field("SigBlk")); TEXT(field("SigIgn")); TEXT(field("SigPnd")); TEXT(field("ShdPnd")); TEXT(field("SigCgt"));
  slurp("/proc/self/stat");
  int pid, parent, group;
  char name[64], state;
  sscanf(text, "%d (%[^)]) x) %c", &pid, name, &state);
  char *end = strrchr(text, ')');
  sscanf(end + 2, "%c %d %d", &state, &parent, &group);
  say("%c", state);
  IS(pid == getpid() && parent == getppid() && group == getpgrp());
  slurp("/proc/self/comm");
  TEXT(text);
}
TEST(cmdline_environ_exe_and_cwd_are_there) {
  char link[PATH_MAX], home[PATH_MAX];
  long n = slurp("/proc/self/cmdline");
  IS(n > 0 && text[n - 1] == 0 && strlen(text) > 0);
  n = slurp("/proc/self/environ");
  IS(n >= 0);
  getcwd(home, sizeof home);
  n = readlink("/proc/self/cwd", link, sizeof link - 1);
  link[n] = 0;
  IS(strcmp(link, home) == 0);
  n = readlink("/proc/self/exe", link, sizeof link - 1);
  link[n] = 0;
  IS(access(link, X_OK) == 0);
  n = readlink("/proc/self/root", link, sizeof link - 1);
  link[n] = 0;
  TEXT(link);
  n = readlink("/proc/self", link, sizeof link - 1);
  link[n] = 0;
  IS(atoi(link) == getpid());
  char path[64];
  sprintf(path, "/proc/%d/comm", getpid());
  IS(slurp(path) > 0);
  CALL(open("/proc/99999999", O_RDONLY)); CALL(access("/proc/self/task", F_OK));
  sprintf(path, "/proc/self/task/%d/comm", gettid());
  CALL(access(path, F_OK));
  n = readlink("/proc/thread-self", link, sizeof link - 1);
  IS(n > 0);
}
TEST(auxv_is_the_programs_own) {
  long n = slurp("/proc/self/auxv");
  IS(n > 0 && n % 16 == 0);
  unsigned long *a = (unsigned long *)text;
  int page = 0;
  for (; a[0]; a += 2) if (a[0] == 6) page = (int)a[1];
  VALUE(page);
}
TEST(files_of_proc_are_read_only_and_seekable) {
  char b[8], c[8];
  int fd = CALL(open("/proc/self/status", O_RDONLY));
  CALL(read(fd, b, 5)); CALL(lseek(fd, 0, SEEK_SET)); CALL(read(fd, c, 5));
  IS(memcmp(b, c, 5) == 0);
  struct stat s;
  fstat(fd, &s);
  OCTAL(s.st_mode);
  VALUE(s.st_size);
  CALL(open("/proc/self/nothing", O_RDONLY)); CALL(open("/proc/self/maps", O_RDONLY | O_DIRECTORY));
  CALL(mkdir("/proc/self/x", 0700)); CALL(open("/proc/self/x", O_WRONLY | O_CREAT, 0600));
  stat("/proc/self", &s);
  OCTAL(s.st_mode);
  lstat("/proc/self", &s);
  OCTAL(s.st_mode & S_IFMT);
  stat("/proc/self/fd", &s);
  OCTAL(s.st_mode);
}
TEST(the_machine_is_described) {
  slurp("/proc/meminfo");
  IS(strncmp(field("MemTotal"), "none", 4) != 0);
  slurp("/proc/cpuinfo");
  IS(strstr(text, "processor") != 0); IS(slurp("/proc/uptime") > 0);
  IS(slurp("/proc/stat") > 0 && strncmp(text, "cpu ", 4) == 0);
  IS(slurp("/proc/version") > 0 && strncmp(text, "Linux version ", 14) == 0); IS(slurp("/proc/loadavg") > 0);
  IS(slurp("/proc/filesystems") > 0); IS(slurp("/proc/mounts") > 0);
  IS(slurp("/proc/sys/kernel/pid_max") > 0 && atoi(text) > 0);
  IS(slurp("/proc/sys/kernel/ostype") > 0 && strcmp(text, "Linux\n") == 0); IS(slurp("/proc/sys/kernel/osrelease") > 0);
  IS(slurp("/proc/sys/vm/overcommit_memory") > 0);
}
static void *stays(void *argument) { await(*(Gate *)argument); return 0; }
TEST(tasks_are_listed) {
  Gate g = gate();
  pthread_t t[2];
  pthread_create(&t[0], 0, stays, &g);
  pthread_create(&t[1], 0, stays, &g);
  int n = 0;
  DIR *d = opendir("/proc/self/task");
  struct dirent *e;
  while ((e = readdir(d))) n += e->d_name[0] != '.';
  closedir(d);
  VALUE(n);
  slurp("/proc/self/status");
  TEXT(field("Threads"));
  let_go(g);
  let_go(g);
  pthread_join(t[0], 0);
  pthread_join(t[1], 0);
  pause_ms(10);
  slurp("/proc/self/status");
  TEXT(field("Threads"));
}
TEST(other_processes_can_be_read_by_number) {
  Gate g = gate();
  pid_t child = CHILD({ prctl(PR_SET_NAME, "other"); let_go(g); for (;;) pause(); });
  await(g);
  char path[64];
  sprintf(path, "/proc/%d/comm", child);
  slurp(path);
  TEXT(text);
  sprintf(path, "/proc/%d/status", child);
  slurp(path);
  IS(atoi(field("PPid")) == getpid());
  kill(child, SIGSTOP);
  int s;
  waitpid(child, &s, WUNTRACED);
  slurp(path);
  TEXT(field("State"));
  kill(child, SIGKILL);
  siginfo_t i;
  waitid(P_PID, (id_t)child, &i, WEXITED | WNOWAIT);
  slurp(path);
  TEXT(field("State"));
  waitpid(child, 0, 0);
  CALL(open(path, O_RDONLY));
}
TEST(dev_fd_and_std_names_lead_to_descriptors) {
  int ends[2];
  char b[8];
  pipe(ends);
  write(ends[1], "x", 1);
  char path[32];
  sprintf(path, "/dev/fd/%d", ends[0]);
  int fd = CALL(open(path, O_RDONLY));
  CALL(read(fd, b, 8)); CALL(open("/dev/fd/55", O_RDONLY));
  put_file("file", "abc");
  fd = open("file", O_RDONLY);
  read(fd, b, 1);
  sprintf(path, "/proc/self/fd/%d", fd);
  int again = CALL(open(path, O_RDWR));
  CALL(read(again, b, 8));
}
