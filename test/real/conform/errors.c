/* Wrong arguments, by tables: a pointer that is none gives EFAULT, a number that is no descriptor EBADF, flags nobody knows EINVAL
   (errno(3) and each call's page). */
#include "conform.h"
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

/* What arguments stand for; others are themselves. */
enum { BAD = 0x7000001, FILE_FD, PIPE_IN, PIPE_OUT, SOCKET, DIRECTORY, NAME, BUFFER, NOBODY, EPOLL, TIMERFD, HERE };
static char buffer[8192]; static long at[16]; static int named = -1;
static void prepare(void) {
  put_file("file", "0123456789");
  memset(buffer, 0, sizeof buffer);
  int ends[2], pair[2];
  at[1] = open("file", O_RDWR);
  pipe2(ends, O_NONBLOCK);
  at[2] = ends[0];
  at[3] = ends[1];
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
  at[4] = pair[0];
  at[5] = open(".", O_RDONLY);
  at[6] = (long)"file";
  at[7] = (long)buffer;
  at[8] = 99;
  at[9] = epoll_create1(0);
  at[10] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  at[11] = AT_FDCWD;
}
typedef struct { const char *name; long number; long args[6]; } Row;
#define ROW(name, ...) {#name, SYS_##name, {__VA_ARGS__}}
static void go_through(const Row *rows, size_t count, long bad) {
  prepare();
  for (size_t i = 0; i < count; i++) {
    long a[6], r;
    for (int k = 0; k < 6; k++)
      a[k] = rows[i].args[k] == BAD ? bad : rows[i].args[k] > BAD && rows[i].args[k] <= HERE ? at[rows[i].args[k] - BAD] : rows[i].args[k];
    if (named >= 0) dup2(named, (int)bad); // A row may have closed it.
    errno = 0;
    r = syscall(rows[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r == -1) say("%s: %s", rows[i].name, error_name(errno)); else say("%s: %ld", rows[i].name, r);
  }
}
static const Row pointers[] = {
  ROW(read, FILE_FD, BAD, 4), ROW(write, FILE_FD, BAD, 4), ROW(pread64, FILE_FD, BAD, 4, 0), ROW(pwrite64, FILE_FD, BAD, 4, 0),
  ROW(readv, FILE_FD, BAD, 1), ROW(writev, FILE_FD, BAD, 1), ROW(preadv, FILE_FD, BAD, 1, 0), ROW(pwritev, FILE_FD, BAD, 1, 0),
  ROW(write, PIPE_OUT, BAD, 4), ROW(open, BAD, 0), ROW(openat, HERE, BAD, 0), ROW(creat, BAD, 0600), ROW(stat, BAD, BUFFER),
  ROW(stat, NAME, BAD), ROW(lstat, BAD, BUFFER), ROW(lstat, NAME, BAD), ROW(fstat, FILE_FD, BAD), ROW(newfstatat, HERE, BAD, BUFFER, 0),
  ROW(newfstatat, HERE, NAME, BAD, 0), ROW(statx, HERE, BAD, 0, 0, BUFFER), ROW(statx, HERE, NAME, 0, 0, BAD), ROW(statfs, BAD, BUFFER),
  ROW(statfs, NAME, BAD), ROW(fstatfs, FILE_FD, BAD), ROW(access, BAD, 0), ROW(faccessat, HERE, BAD, 0), ROW(link, BAD, NAME),
  ROW(link, NAME, BAD), ROW(linkat, HERE, BAD, HERE, NAME, 0), ROW(unlink, BAD), ROW(unlinkat, HERE, BAD, 0), ROW(rename, BAD, NAME),
  ROW(rename, NAME, BAD), ROW(renameat2, HERE, BAD, HERE, NAME, 0), ROW(symlink, BAD, NAME), ROW(symlink, NAME, BAD),
  ROW(symlinkat, BAD, HERE, NAME), ROW(readlink, BAD, BUFFER, 10), ROW(readlinkat, HERE, BAD, BUFFER, 10), ROW(mkdir, BAD, 0700),
  ROW(mkdirat, HERE, BAD, 0700), ROW(rmdir, BAD), ROW(chdir, BAD), ROW(chmod, BAD, 0600), ROW(fchmodat, HERE, BAD, 0600),
  ROW(chown, BAD, -1, -1), ROW(lchown, BAD, -1, -1), ROW(fchownat, HERE, BAD, -1, -1, 0), ROW(truncate, BAD, 0), ROW(utime, BAD, 0),
  ROW(utime, NAME, BAD), ROW(utimes, NAME, BAD), ROW(utimensat, HERE, BAD, 0, 0), ROW(utimensat, HERE, NAME, BAD, 0),
  ROW(mknod, BAD, 0600, 0), ROW(getcwd, BAD, 4096), ROW(getdents64, DIRECTORY, BAD, 1000), ROW(getxattr, BAD, NAME, BUFFER, 8),
  ROW(getxattr, NAME, BAD, BUFFER, 8), ROW(pipe, BAD), ROW(pipe2, BAD, 0), ROW(poll, BAD, 1, 0), ROW(ppoll, BAD, 1, 0, 0, 0),
  ROW(ppoll, 0, 0, BAD, 0, 0), ROW(select, 5, BAD, 0, 0, 0), ROW(select, 0, 0, 0, 0, BAD),
  ROW(epoll_ctl, EPOLL, EPOLL_CTL_ADD, PIPE_IN, BAD), ROW(epoll_wait, EPOLL, BAD, 1, 0), ROW(sendfile, PIPE_OUT, FILE_FD, BAD, 1),
  ROW(fcntl, FILE_FD, F_GETLK, BAD), ROW(fcntl, FILE_FD, F_SETLK, BAD), ROW(ioctl, PIPE_IN, FIONREAD, BAD),
  ROW(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), ROW(bind, SOCKET, BAD, 16), ROW(connect, SOCKET, BAD, 16),
  ROW(getsockname, SOCKET, BUFFER, BAD), ROW(getsockname, SOCKET, BAD, BUFFER), ROW(getpeername, SOCKET, BUFFER, BAD),
  ROW(sendto, SOCKET, BAD, 4, 0, 0, 0), ROW(sendmsg, SOCKET, BAD, 0), ROW(recvmsg, SOCKET, BAD, 0),
  ROW(setsockopt, SOCKET, SOL_SOCKET, SO_REUSEADDR, BAD, 4), ROW(getsockopt, SOCKET, SOL_SOCKET, SO_TYPE, BUFFER, BAD),
  ROW(getsockopt, SOCKET, SOL_SOCKET, SO_TYPE, BAD, BUFFER), ROW(rt_sigaction, SIGUSR1, BAD, 0, 8), ROW(rt_sigaction, SIGUSR1, 0, BAD, 8),
  ROW(rt_sigprocmask, 0, BAD, 0, 8), ROW(rt_sigprocmask, 0, 0, BAD, 8), ROW(rt_sigpending, BAD, 8), ROW(rt_sigtimedwait, BAD, 0, 0, 8),
  ROW(rt_sigqueueinfo, 0, 0, BAD), ROW(sigaltstack, BAD, 0), ROW(sigaltstack, 0, BAD), ROW(signalfd4, -1, BAD, 8, 0),
  ROW(nanosleep, BAD, 0), ROW(clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, 0), ROW(clock_gettime, CLOCK_MONOTONIC, BAD),
  ROW(clock_getres, CLOCK_MONOTONIC, BAD), ROW(gettimeofday, BAD, 0), ROW(time, BAD), ROW(times, BAD), ROW(setitimer, ITIMER_REAL, BAD, 0),
  ROW(getitimer, ITIMER_REAL, BAD), ROW(timer_create, CLOCK_MONOTONIC, BAD, BUFFER), ROW(timer_create, CLOCK_MONOTONIC, 0, BAD),
  ROW(timerfd_settime, TIMERFD, 0, BAD, 0), ROW(timerfd_gettime, TIMERFD, BAD), ROW(uname, BAD), ROW(sysinfo, BAD),
  ROW(getrlimit, RLIMIT_NOFILE, BAD), ROW(setrlimit, RLIMIT_NOFILE, BAD), ROW(prlimit64, 0, RLIMIT_NOFILE, BAD, 0),
  ROW(prlimit64, 0, RLIMIT_NOFILE, 0, BAD), ROW(getrusage, 0, BAD), ROW(getresuid, BAD, BUFFER, BUFFER), ROW(getrandom, BAD, 4, 0),
  ROW(getcpu, BAD, 0), ROW(sched_getaffinity, 0, 128, BAD), ROW(sched_setaffinity, 0, 8, BAD), ROW(sched_getparam, 0, BAD),
  ROW(memfd_create, BAD, 0), ROW(execve, BAD, 0, 0), ROW(execve, NAME, BAD, 0), ROW(mincore, BUFFER, 0, BAD),
  ROW(get_robust_list, 0, BAD, BUFFER), ROW(arch_prctl, 0x1003, BAD), ROW(futex, BAD, 0, 0, 0, 0, 0), ROW(clone3, BAD, 88), ROW(acct, BAD),
  ROW(chroot, BAD), ROW(process_vm_readv, 0, BAD, 1, BAD, 1, 0), ROW(eventfd2, 0, 1), ROW(capget, BAD, BUFFER),
  ROW(copy_file_range, FILE_FD, BAD, FILE_FD, 0, 1, 0), ROW(splice, FILE_FD, BAD, PIPE_OUT, 0, 1, 0),
};
#define ROWS(table) table, sizeof table / sizeof *table
TEST(a_low_address_gives_EFAULT) { go_through(ROWS(pointers), 8); }
TEST(a_non_canonical_address_gives_EFAULT) { go_through(ROWS(pointers), (long)0x8000000000001000); }
TEST(an_address_of_the_kernel_gives_EFAULT) { go_through(ROWS(pointers), (long)0xffff800000001000); }
TEST(a_forbidden_page_gives_EFAULT) { go_through(ROWS(pointers), (long)mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }
TEST(a_buffer_over_the_end_of_memory_gives_EFAULT) {
  char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  memset(page, 'p', 4096);
  prepare();
  struct stat s;
  (void)s;
  CALL(open(page + 4090, O_RDONLY)); CALL(syscall(SYS_stat, "file", page + 4000)); CALL(pipe((int *)(page + 4092)));
  CALL(syscall(SYS_uname, page + 3800)); CALL(syscall(SYS_getcwd, page + 4095, 4096));
  CALL(syscall(SYS_nanosleep, page + 4088, 0)); CALL(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, page + 4088));
  CALL(syscall(SYS_getrandom, page + 4090, 100, 0)); CALL(syscall(SYS_readlink, "/proc/self/exe", page + 4094, 100));
  CALL(syscall(SYS_poll, page + 4092, 1, 0)); CALL(syscall(SYS_rt_sigaction, SIGUSR1, page + 4090, 0, 8));
  CALL(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, page + 4092));
}
static const Row descriptors[] = {
  ROW(read, BAD, BUFFER, 4), ROW(write, BAD, BUFFER, 4), ROW(pread64, BAD, BUFFER, 4, 0), ROW(pwrite64, BAD, BUFFER, 4, 0),
  ROW(readv, BAD, BUFFER, 1), ROW(writev, BAD, BUFFER, 1), ROW(preadv, BAD, BUFFER, 1, 0), ROW(lseek, BAD, 0, 0), ROW(close, BAD),
  ROW(fstat, BAD, BUFFER), ROW(newfstatat, BAD, NAME, BUFFER, 0), ROW(statx, BAD, NAME, 0, 0, BUFFER), ROW(fstatfs, BAD, BUFFER),
  ROW(dup, BAD), ROW(dup2, BAD, 50), ROW(dup3, BAD, 50, 0), ROW(fcntl, BAD, F_GETFD), ROW(fcntl, BAD, F_GETFL), ROW(fcntl, BAD, F_DUPFD, 0),
  ROW(fcntl, BAD, F_GETLK, BUFFER), ROW(ioctl, BAD, FIONREAD, BUFFER), ROW(flock, BAD, 2), ROW(ftruncate, BAD, 0),
  ROW(fallocate, BAD, 0, 0, 10), ROW(fsync, BAD), ROW(fdatasync, BAD), ROW(fchmod, BAD, 0600), ROW(fchown, BAD, -1, -1), ROW(fchdir, BAD),
  ROW(getdents64, BAD, BUFFER, 1000), ROW(openat, BAD, NAME, 0), ROW(mkdirat, BAD, NAME, 0700), ROW(unlinkat, BAD, NAME, 0),
  ROW(renameat, BAD, NAME, HERE, NAME), ROW(renameat, HERE, NAME, BAD, NAME), ROW(linkat, BAD, NAME, HERE, NAME, 0),
  ROW(symlinkat, NAME, BAD, NAME), ROW(readlinkat, BAD, NAME, BUFFER, 10), ROW(fchmodat, BAD, NAME, 0600),
  ROW(fchownat, BAD, NAME, -1, -1, 0), ROW(faccessat, BAD, NAME, 0), ROW(utimensat, BAD, NAME, 0, 0), ROW(mknodat, BAD, NAME, 0600, 0),
  ROW(futimesat, BAD, NAME, 0), ROW(mmap, 0, 4096, PROT_READ, MAP_PRIVATE, BAD, 0), ROW(sendfile, BAD, FILE_FD, 0, 1),
  ROW(sendfile, PIPE_OUT, BAD, 0, 1), ROW(splice, BAD, 0, PIPE_OUT, 0, 1, 0), ROW(tee, BAD, PIPE_OUT, 1, 0),
  ROW(vmsplice, BAD, BUFFER, 1, 0), ROW(copy_file_range, BAD, 0, FILE_FD, 0, 1, 0), ROW(fadvise64, BAD, 0, 0, 0), ROW(readahead, BAD, 0, 1),
  ROW(sync_file_range, BAD, 0, 0, 0), ROW(syncfs, BAD), ROW(fgetxattr, BAD, NAME, BUFFER, 4), ROW(flistxattr, BAD, BUFFER, 4),
  ROW(bind, BAD, BUFFER, 16), ROW(connect, BAD, BUFFER, 16), ROW(listen, BAD, 1), ROW(accept, BAD, 0, 0), ROW(accept4, BAD, 0, 0, 0),
  ROW(getsockname, BAD, BUFFER, BUFFER), ROW(getpeername, BAD, BUFFER, BUFFER), ROW(sendto, BAD, BUFFER, 1, 0, 0, 0),
  ROW(recvfrom, BAD, BUFFER, 1, 0, 0, 0), ROW(sendmsg, BAD, BUFFER, 0), ROW(recvmsg, BAD, BUFFER, 0), ROW(shutdown, BAD, 0),
  ROW(setsockopt, BAD, 1, 2, BUFFER, 4), ROW(getsockopt, BAD, 1, 3, BUFFER, BUFFER), ROW(epoll_ctl, BAD, EPOLL_CTL_ADD, PIPE_IN, BUFFER),
  ROW(epoll_ctl, EPOLL, EPOLL_CTL_ADD, BAD, BUFFER), ROW(epoll_wait, BAD, BUFFER, 1, 0), ROW(timerfd_settime, BAD, 0, BUFFER, 0),
  ROW(timerfd_gettime, BAD, BUFFER), ROW(signalfd4, BAD, BUFFER, 8, 0), ROW(execveat, BAD, NAME, 0, 0, 0),
  ROW(inotify_add_watch, BAD, NAME, 1), ROW(pidfd_send_signal, BAD, 0, 0, 0),
};
TEST(a_number_that_is_no_descriptor_gives_EBADF) { go_through(ROWS(descriptors), 99); }
TEST(a_negative_descriptor_gives_EBADF) { go_through(ROWS(descriptors), -1); }
TEST(a_descriptor_that_only_names_is_refused) {
  put_file("named", "");
  named = open("named", O_PATH);
  go_through(ROWS(descriptors), 200);
  close(200);
  named = -1;
}
static const Row flags[] = {
  ROW(pipe2, BUFFER, 1), ROW(dup3, FILE_FD, 60, 1), ROW(eventfd2, 0, 4), ROW(epoll_create1, 1), ROW(timerfd_create, 1, 1),
  ROW(signalfd4, -1, BUFFER, 8, 1), ROW(memfd_create, NAME, 0x10000), ROW(socket, AF_UNIX, 0x100001, 0), ROW(accept4, SOCKET, 0, 0, 1),
  ROW(unlinkat, HERE, NAME, 1), ROW(linkat, HERE, NAME, HERE, NAME, 1), ROW(renameat2, HERE, NAME, HERE, NAME, 0x100),
  ROW(newfstatat, HERE, NAME, BUFFER, 1), ROW(statx, HERE, NAME, 1, 0, BUFFER), ROW(faccessat2, HERE, NAME, 0, 1), ROW(access, NAME, 64),
  ROW(fchownat, HERE, NAME, -1, -1, 1), ROW(utimensat, HERE, NAME, 0, 1), ROW(openat2, HERE, NAME, BUFFER, 0), ROW(lseek, FILE_FD, 0, 77),
  ROW(fallocate, FILE_FD, 0x1000, 0, 1), ROW(flock, FILE_FD, 0), ROW(fcntl, FILE_FD, 12345, 0), ROW(fcntl, FILE_FD, F_SETLEASE, 99),
  ROW(madvise, BUFFER, 0, 12345), ROW(mprotect, 0, 4096, 0x100), ROW(msync, 0, 0, 0x100), ROW(mremap, 0, 4096, 4096, 0x100),
  ROW(mlockall, 0x100), ROW(close_range, 90, 91, 0x100), ROW(wait4, -1, 0, 0x100, 0), ROW(waitid, 9, 0, 0, 4), ROW(waitid, 0, 0, 0, 0),
  ROW(getrandom, BUFFER, 1, 0x100), ROW(getpriority, 9, 0), ROW(setpriority, 9, 0, 0), ROW(getitimer, 9, BUFFER),
  ROW(clock_gettime, 77, BUFFER), ROW(clock_nanosleep, 77, 0, BUFFER, 0), ROW(timer_create, 77, 0, BUFFER),
  ROW(rt_sigprocmask, 9, BUFFER, 0, 8), ROW(rt_sigaction, 99, BUFFER, 0, 8), ROW(kill, 0, 99), ROW(tgkill, 0, 0, 9),
  ROW(getrlimit, 99, BUFFER), ROW(getrusage, 9, BUFFER), ROW(prctl, 0x99999, 0, 0, 0, 0), ROW(sched_setscheduler, 0, 99, BUFFER),
  ROW(sched_get_priority_max, 99), ROW(shutdown, SOCKET, 9), ROW(sendto, SOCKET, BUFFER, 1, MSG_OOB, 0, 0),
  ROW(recvfrom, SOCKET, BUFFER, 1, MSG_OOB | MSG_DONTWAIT, 0, 0), ROW(setsockopt, SOCKET, 12345, 1, BUFFER, 4),
  ROW(splice, FILE_FD, 0, PIPE_OUT, 0, 1, 0x100), ROW(tee, PIPE_IN, PIPE_OUT, 1, 0x100), ROW(inotify_init1, 1), ROW(unshare, 1),
  ROW(membarrier, 12345, 0, 0), ROW(rseq, 8, 1, 0, 0), ROW(futex, BUFFER, 77, 0, 0, 0, 0), ROW(epoll_ctl, EPOLL, 9, PIPE_IN, BUFFER),
  ROW(umount2, NAME, 0x100000), ROW(reboot, 0, 0, 0, 0), ROW(syslog, 99, 0, 0), ROW(personality, 0xffffffff), ROW(ioprio_get, 9, 0),
  ROW(execveat, HERE, NAME, 0, 0, 1), ROW(getdents64, FILE_FD, BUFFER, 1000), ROW(kcmp, 0, 0, 99, 0, 0),
};
TEST(what_nobody_knows_gives_EINVAL) { go_through(ROWS(flags), 0); }
TEST(lengths_that_are_too_large_are_cut_or_refused) {
  prepare();
  CALL(syscall(SYS_read, at[1], buffer, -1L)); CALL(lseek((int)at[1], 0, SEEK_SET));
  CALL(syscall(SYS_write, at[1], buffer, -1L));
  VALUE(size_of("file") <= 8192 * 4);
  struct iovec v = {buffer, (size_t)-1};
  CALL(readv((int)at[1], &v, 1)); CALL(syscall(SYS_readv, at[1], buffer, 2000)); CALL(syscall(SYS_getrandom, 8, 0, 0));
  CALL(syscall(SYS_poll, buffer, -1, 0)); CALL(syscall(SYS_getgroups, -1, buffer));
  CALL(syscall(SYS_bind, at[4], buffer, -1)); CALL(syscall(SYS_bind, at[4], buffer, 1000));
  CALL(syscall(SYS_sendto, at[4], buffer, -1L, 0, 0, 0));
  CALL(syscall(SYS_mmap, 0, -4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CALL(syscall(SYS_readlink, "file", buffer, -1)); CALL(syscall(SYS_getdents64, at[5], buffer, 0));
  CALL(syscall(SYS_ftruncate, at[1], -5L)); CALL(syscall(SYS_epoll_wait, at[9], buffer, 1 << 30, 0));
  CALL(syscall(SYS_sched_getaffinity, 0, 3, buffer));
  CALL(syscall(SYS_setsockopt, at[4], SOL_SOCKET, SO_REUSEADDR, buffer, -1));
}
