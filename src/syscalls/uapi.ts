/** Numbers of the Linux user interface on x86-64 that more than one file needs (open(2), stat(2), poll(2), asm-generic/*.h). */

export const AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200, AT_SYMLINK_FOLLOW = 0x400,
  AT_EMPTY_PATH = 0x1000;

export const O_ACCMODE = 3, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_TRUNC = 0o1000, O_APPEND = 0o2000,
  O_NONBLOCK = 0o4000, O_DIRECT = 0o40000, O_LARGEFILE = 0o100000, O_DIRECTORY = 0o200000, O_NOFOLLOW = 0o400000, O_CLOEXEC = 0o2000000, O_PATH = 0o10000000,
  O_TMPFILE = 0o20200000;

export const SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, SEEK_DATA = 3, SEEK_HOLE = 4;

export const S_IFMT = 0o170000, S_IFIFO = 0o010000, S_IFCHR = 0o020000, S_IFDIR = 0o040000, S_IFBLK = 0o060000, S_IFREG = 0o100000,
  S_IFLNK = 0o120000, S_IFSOCK = 0o140000;

export const POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDNORM = 64, POLLRDBAND = 128,
  POLLWRNORM = 256, POLLWRBAND = 512, POLLRDHUP = 0x2000;

export const MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_SHARED_VALIDATE = 3, MAP_TYPE = 15, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20,
  MAP_32BIT = 0x40, MAP_GROWSDOWN = 0x100, MAP_LOCKED = 0x2000, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_NONBLOCK = 0x10000, MAP_HUGETLB = 0x40000, MAP_FIXED_NOREPLACE = 0x100000;

export const SIGPIPE = 13, SIGXFSZ = 25;

export const PATH_MAX = 4096;
/** The most one read or write transfers: INT_MAX rounded down to a page (read(2)). */
export const TRANSFER_BYTES_MAX = 0x7ffff000;
/** Entries an iovec array may have (IOV_MAX). */
export const IOVECS_MAX = 1024;
/** Descriptors a process may have open (RLIMIT_NOFILE's usual soft limit). */
export const DESCRIPTORS_MAX = 1024;
