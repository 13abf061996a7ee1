/* Who and what: getuid(2), setresuid(2), getgroups(2), uname(2), getrlimit(2), prctl(2), getrandom(2), sysinfo(2), personality(2),
   capget(2), sysconf(3). */
#include "conform.h"
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <linux/capability.h>

TEST(identities_are_read_and_set_to_themselves) {
  uid_t r, e, s;
  gid_t a, b, c;
  CALL(getresuid(&r, &e, &s));
  IS(r == getuid() && e == geteuid());
  CALL(getresgid(&a, &b, &c));
  IS(a == getgid() && b == getegid());
  CALL(setuid(getuid())); CALL(setgid(getgid())); CALL(setreuid(-1, -1)); CALL(setresuid(r, e, s));
  CALL(setresgid(-1, -1, -1)); CALL(setregid(-1, -1)); CALL(syscall(SYS_getresuid, 8, &e, &s));
  IS(setfsuid(-1) == (int)geteuid()); IS(setfsgid(-1) == (int)getegid());
}
TEST(groups_are_counted_before_they_are_read) {
  gid_t list[100];
  int n = getgroups(0, 0);
  IS(n >= 0); IS(getgroups(100, list) == n);
  CALL(getgroups(-1, list)); CALL(syscall(SYS_setgroups, -1, list)); CALL(syscall(SYS_setgroups, 100000, list));
}
TEST(uname_names_linux) {
  struct utsname u;
  CALL(uname(&u));
  TEXT(u.sysname); TEXT(u.machine);
  IS(u.release[0] >= '3'); IS(u.nodename[0] != 0);
  char h[70];
  CALL(gethostname(h, sizeof h));
  IS(strcmp(h, u.nodename) == 0);
  CALL(uname((void *)8)); CALL(sethostname("x", -1)); CALL(gethostname(h, 0));
}
TEST(limits_are_read_and_lowered) {
  struct rlimit r, old;
  for (int i = 0; i < RLIM_NLIMITS; i++) IS(getrlimit(i, &r) == 0 && r.rlim_cur <= r.rlim_max);
  CALL(getrlimit(RLIM_NLIMITS, &r)); CALL(getrlimit(-1, &r)); CALL(getrlimit(RLIMIT_CPU, (void *)8));
  ENDS(CHILD({
    r = (struct rlimit){100, 200};
    CALL(setrlimit(RLIMIT_NPROC, &r)); CALL(getrlimit(RLIMIT_NPROC, &old));
    VALUE(old.rlim_cur); VALUE(old.rlim_max);
    r = (struct rlimit){300, 200};
    CALL(setrlimit(RLIMIT_NPROC, &r));
    r = (struct rlimit){50, 200};
    CALL(prlimit(0, RLIMIT_NPROC, &r, &old));
    VALUE(old.rlim_cur);
    CALL(prlimit(getpid(), RLIMIT_NPROC, 0, &r));
    VALUE(r.rlim_cur);
    CALL(prlimit(99999999, RLIMIT_NPROC, 0, &r)); CALL(setrlimit(99, &r));
  }));
}
TEST(RLIMIT_FSIZE_sends_SIGXFSZ) {
  ENDS(CHILD({
    struct rlimit r = {10, 10};
    setrlimit(RLIMIT_FSIZE, &r);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    signal(SIGXFSZ, SIG_IGN);
    CALL(write(fd, "0123456789abc", 13)); CALL(write(fd, "x", 1)); CALL(ftruncate(fd, 11)); CALL(ftruncate(fd, 5));
    signal(SIGXFSZ, SIG_DFL);
    write(fd, "0123456789", 10);
    write(fd, "x", 1);
  }));
}
TEST(RLIMIT_AS_and_DATA_refuse_memory) {
  ENDS(CHILD({
    struct rlimit r = {200 << 20, 200 << 20};
    setrlimit(RLIMIT_AS, &r);
    MAP(mmap(0, 300 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    MAP(mmap(0, 50 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    IS(malloc(300 << 20) == 0);
  }));
}
TEST(RLIMIT_CPU_kills_who_works_too_long) {
  ENDS(CHILD({ struct rlimit r = {1, 2}; setrlimit(RLIMIT_CPU, &r); getrlimit(RLIMIT_CPU, &r); VALUE(r.rlim_cur); }));
}
TEST(RLIMIT_SIGPENDING_bounds_the_queue) {
  ENDS(CHILD({
    struct rlimit r = {3, 3};
    setrlimit(RLIMIT_SIGPENDING, &r);
    block(SIGRTMIN);
    int n = 0;
    while (n < 200 && sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0) n++;
    IS(n <= 3);
    say("%s", error_name(errno));
  }));
}
TEST(prctl_keeps_what_it_is_told) {
  char name[32] = "";
  CALL(prctl(PR_SET_NAME, "a name longer than fifteen")); CALL(prctl(PR_GET_NAME, name));
  TEXT(name);
  CALL(prctl(PR_GET_DUMPABLE)); CALL(prctl(PR_SET_DUMPABLE, 0)); CALL(prctl(PR_GET_DUMPABLE));
  CALL(prctl(PR_SET_DUMPABLE, 1)); CALL(prctl(PR_SET_DUMPABLE, 9)); CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  ENDS(CHILD({
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  }));
  CALL(prctl(PR_GET_KEEPCAPS)); CALL(prctl(PR_GET_TIMERSLACK)); CALL(prctl(PR_SET_TIMERSLACK, 1000));
  CALL(prctl(PR_GET_TIMERSLACK)); CALL(prctl(PR_SET_TIMERSLACK, 0)); CALL(prctl(PR_SET_PDEATHSIG, 99));
  CALL(prctl(PR_SET_NAME, 8)); CALL(prctl(PR_GET_NAME, 8)); CALL(prctl(123456)); CALL(prctl(PR_GET_SECCOMP));
  CALL(prctl(PR_CAPBSET_READ, 0)); CALL(prctl(PR_CAPBSET_READ, 9999)); CALL(prctl(PR_GET_TID_ADDRESS, 8));
  CALL(prctl(PR_SET_KEEPCAPS, 9)); CALL(prctl(PR_GET_TSC, name)); CALL(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
  CALL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}
TEST(getrandom_fills_what_is_asked) {
  unsigned char b[600];
  memset(b, 0, sizeof b);
  CALL(getrandom(b, 16, 0)); CALL(getrandom(b, 256, GRND_NONBLOCK)); CALL(getrandom(b, 600, GRND_RANDOM));
  int seen[256] = {0}, different = 0;
  for (int i = 0; i < 600; i++) if (!seen[b[i]]++) different++;
  IS(different > 150);
  CALL(getrandom(b, 0, 0)); CALL(getrandom(b, 1, 99)); CALL(getrandom(b, 1, GRND_RANDOM | GRND_INSECURE));
  CALL(getrandom((void *)8, 1, 0)); CALL(getentropy(b, 256)); CALL(getentropy(b, 257));
}
TEST(sysinfo_and_sysconf_make_sense) {
  struct sysinfo s;
  CALL(sysinfo(&s));
  IS(s.totalram >= s.freeram && s.totalram > 0); IS(s.mem_unit >= 1); IS(s.uptime >= 0); IS(s.procs >= 1);
  CALL(sysinfo((void *)8));
  VALUE(sysconf(_SC_PAGESIZE));
  IS(sysconf(_SC_NPROCESSORS_ONLN) >= 1); IS(sysconf(_SC_PHYS_PAGES) > 0); IS(sysconf(_SC_OPEN_MAX) > 0);
  VALUE(sysconf(_SC_ARG_MAX) > 100000); VALUE(getpagesize()); VALUE(sysconf(_SC_IOV_MAX));
  CALL(sysconf(99999));
}
TEST(personality_and_capabilities_can_be_asked) {
  CALL(personality(0xffffffff));
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  CALL(syscall(SYS_capget, &h, d));
  h.version = 1;
  CALL(syscall(SYS_capget, &h, d));
  HEX(h.version);
  CALL(syscall(SYS_capget, &h, 0));
  h.version = _LINUX_CAPABILITY_VERSION_3;
  h.pid = 99999999;
  CALL(syscall(SYS_capget, &h, d)); CALL(syscall(SYS_capget, 8, d));
}
TEST(segment_bases_and_thread_areas_are_kept) {
  unsigned long fs = 0, gs = 0;
  CALL(syscall(SYS_arch_prctl, 0x1003, &fs));
  IS(fs != 0);
  CALL(syscall(SYS_arch_prctl, 0x1001, 0x123456)); CALL(syscall(SYS_arch_prctl, 0x1004, &gs));
  HEX(gs);
  CALL(syscall(SYS_arch_prctl, 0x1001, 0)); CALL(syscall(SYS_arch_prctl, 0x1001, 1ul << 63));
  CALL(syscall(SYS_arch_prctl, 0x1003, 8)); CALL(syscall(SYS_arch_prctl, 99, 0));
}
TEST(unknown_calls_are_ENOSYS) {
  CALL(syscall(9999)); CALL(syscall(-1)); CALL(syscall(500)); CALL(syscall(SYS_uselib, "x"));
  CALL(syscall(SYS_create_module)); CALL(syscall(SYS_tuxcall)); CALL(syscall(SYS_security));
}
