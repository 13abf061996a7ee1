/* Mappings: mmap(2), munmap(2), mremap(2), msync(2), madvise(2), mincore(2), brk(2), fork(2) and what it copies. */
#include "conform.h"
#define PAGE 4096
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)
static char *room(int pages) { return mmap(0, (size_t)pages * PAGE, READ_WRITE, ANONYMOUS, -1, 0); }
/* Which of the pages are mapped, as mincore(2) knows: one letter each. */
static void show_pages(const char *label, char *at, int pages) {
  char text[65] = ""; unsigned char in;
  for (int i = 0; i < pages; i++) text[i] = mincore(at + i * PAGE, PAGE, &in) ? '.' : 'M';
  say("%s: %s", label, text);
}

TEST(anonymous_memory_is_zero) {
  char *a = MAP(mmap(0, 3 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
  int sum = 0;
  for (int i = 0; i < 3 * PAGE; i++) sum += a[i];
  VALUE(sum);
  IS((long)a % PAGE == 0);
  CALL(munmap(a, 3 * PAGE));
  a = MAP(mmap(0, 1, READ_WRITE, ANONYMOUS, -1, 0));
  a[PAGE - 1] = 1;
  CALL(munmap(a, 1)); CALL(munmap(a, 1));
}
TEST(mmap_refuses_what_makes_no_sense) {
  put_file("file", "x");
  int r = open("file", O_RDONLY), w = open("file", O_WRONLY), both = open("file", O_RDWR), ends[2];
  pipe(ends);
  int d = open(".", O_RDONLY);
  MAP(mmap(0, 0, PROT_READ, ANONYMOUS, -1, 0)); MAP(mmap(0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
  MAP(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, 99, 0)); MAP(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, w, 0));
  MAP(mmap(0, PAGE, READ_WRITE, MAP_SHARED, r, 0)); MAP(mmap(0, PAGE, READ_WRITE, MAP_PRIVATE, r, 0));
  MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED, both, 1)); MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED, ends[0], 0));
  MAP(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, d, 0)); MAP(mmap((void *)1, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  MAP(mmap(0, (size_t)1 << 60, PROT_READ, ANONYMOUS, -1, 0));
  MAP(mmap((void *)0x7ffffffff000, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0));
  MAP(mmap(0, -1, PROT_READ, ANONYMOUS, -1, 0)); MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE, r, 0));
  MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x10000000, r, 0));
}
TEST(a_private_mapping_keeps_its_writes_from_the_file) {
  put_file("file", "original");
  int fd = open("file", O_RDWR);
  char *p = MAP(mmap(0, PAGE, READ_WRITE, MAP_PRIVATE, fd, 0));
  p[0] = 'X';
  show_file("file");
  CALL(pwrite(fd, "NEW", 3, 5));
  bytes("p", p, 8);
  char *q = MAP(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
  bytes("q", q, 8);
  CALL(madvise(p, PAGE, MADV_DONTNEED));
  bytes("p", p, 8);
}
TEST(a_shared_mapping_and_the_file_are_one) {
  put_file("file", "original");
  int fd = open("file", O_RDWR);
  char *p = MAP(mmap(0, PAGE, READ_WRITE, MAP_SHARED, fd, 0)), *q = MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0));
  p[0] = 'O';
  show_file("file");
  bytes("q", q, 8);
  CALL(pwrite(fd, "!!", 2, 3));
  bytes("p", p, 8);
  CALL(close(fd));
  p[7] = 'L';
  show_file("file");
  p[10] = 'z';
  VALUE(size_of("file"));
  CALL(msync(p, PAGE, MS_SYNC)); CALL(munmap(p, PAGE));
  show_file("file");
}
TEST(a_file_ends_with_zeros_on_its_last_page) {
  put_file("file", "end");
  int fd = open("file", O_RDWR);
  char *p = MAP(mmap(0, PAGE, READ_WRITE, MAP_SHARED, fd, 0));
  bytes("p", p, PAGE);
  CALL(ftruncate(fd, 2));
  bytes("p", p, 4);
  CALL(ftruncate(fd, 5));
  bytes("p", p, 5);
  CALL(pwrite(fd, "more", 4, 4));
  bytes("p", p, 9);
}
TEST(MAP_FIXED_replaces_and_NOREPLACE_does_not) {
  char *a = room(4);
  memset(a, 'a', 4 * PAGE);
  IS(mmap(a + PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) == a + PAGE);
  bytes("a", a + PAGE - 2, 4);
  MAP(mmap(a + 2 * PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  bytes("a", a + 2 * PAGE, 2);
  CALL(munmap(a + 2 * PAGE, PAGE));
  IS(mmap(a + 2 * PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == a + 2 * PAGE);
  IS(mmap(a + 5, PAGE, READ_WRITE, ANONYMOUS, -1, 0) != MAP_FAILED);
  CALL(munmap(a + 3 * PAGE, PAGE));
  IS(mmap(a + 3 * PAGE, PAGE, READ_WRITE, ANONYMOUS, -1, 0) == a + 3 * PAGE);
}
TEST(munmap_cuts_holes) {
  char *a = room(8);
  memset(a, 1, 8 * PAGE);
  CALL(munmap(a + 2 * PAGE, PAGE)); CALL(munmap(a + 4 * PAGE, 2 * PAGE));
  show_pages("a", a, 8);
  CALL(munmap(a, 8 * PAGE));
  show_pages("a", a, 8);
  CALL(munmap(a + 1, PAGE)); CALL(munmap(a, 0)); CALL(munmap((void *)0x7ffffffff000, 2 * PAGE));
  CALL(munmap(a, 1L << 50));
}
TEST(mremap_grows_shrinks_and_moves) {
  char *a = room(4);
  memcpy(a, "begin", 5);
  memcpy(a + PAGE, "second", 6);
  IS(mremap(a, 4 * PAGE, 2 * PAGE, 0) == a);
  show_pages("a", a, 4);
  IS(mremap(a, 2 * PAGE, 4 * PAGE, 0) == a);
  show_pages("a", a, 4);
  char *wall = mmap(a + 4 * PAGE, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
  IS(wall == a + 4 * PAGE);
  MAP(mremap(a, 4 * PAGE, 8 * PAGE, 0));
  char *b = MAP(mremap(a, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
  IS(b != a);
  bytes("b", b, 5);
  bytes("b", b + PAGE, 6);
  show_pages("a", a, 4);
  char *c = room(8);
  IS(mremap(b, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, c) == c);
  bytes("c", c, 5);
  MAP(mremap(c, PAGE, PAGE, MREMAP_FIXED, b));
  MAP(mremap(c, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, c + PAGE)); MAP(mremap(c + 1, PAGE, PAGE, 0));
  MAP(mremap(c, PAGE, 0, MREMAP_MAYMOVE)); MAP(mremap(b, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  MAP(mremap(c, PAGE, PAGE, 64)); MAP(mremap(c, 0, PAGE, MREMAP_MAYMOVE));
}
TEST(mremap_of_nothing_duplicates_shared_memory) {
  char *a = mmap(0, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *b = MAP(mremap(a, 0, PAGE, MREMAP_MAYMOVE));
  b[0] = 'x';
  bytes("a", a, 1);
}
TEST(brk_moves_the_end_of_data) {
  char *end = sbrk(0);
  IS(sbrk(3 * PAGE) == end);
  end[0] = 1;
  end[3 * PAGE - 1] = 2;
  IS(sbrk(0) == end + 3 * PAGE);
  CALL(brk(end));
  IS(sbrk(0) == end); IS(sbrk(PAGE) == end);
  VALUE(end[0]);
  CALL(brk(end)); CALL(brk((void *)PAGE));
  IS(sbrk(0) == end); IS(syscall(SYS_brk, 0) == (long)end);
}
TEST(madvise_drops_what_it_is_told) {
  char *a = room(3);
  memset(a, 'a', 3 * PAGE);
  CALL(madvise(a + PAGE, PAGE, MADV_DONTNEED));
  bytes("a", a + PAGE - 1, PAGE + 2);
  CALL(madvise(a, PAGE, 9999)); CALL(madvise(a + 1, PAGE, MADV_DONTNEED)); CALL(madvise(a, 0, MADV_DONTNEED));
  munmap(a + PAGE, PAGE);
  CALL(madvise(a, 3 * PAGE, MADV_DONTNEED));
  bytes("a", a + 2 * PAGE, 1);
  CALL(madvise(a, PAGE, MADV_WILLNEED)); CALL(madvise(a, PAGE, MADV_SEQUENTIAL));
  char *s = mmap(0, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  s[0] = 's';
  CALL(madvise(s, PAGE, MADV_DONTNEED));
  bytes("s", s, 1);
  CALL(madvise(s, PAGE, MADV_REMOVE));
  bytes("s", s, 1);
  CALL(madvise(a, PAGE, MADV_FREE)); CALL(madvise(s, PAGE, MADV_FREE));
}
TEST(mincore_knows_what_was_touched) {
  unsigned char in[4];
  char *a = room(4);
  CALL(mincore(a, 4 * PAGE, in));
  say("%d%d%d%d", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
  a[PAGE] = 1;
  CALL(mincore(a, 4 * PAGE, in));
  say("%d%d%d%d", in[0] & 1, in[1] & 1, in[2] & 1, in[3] & 1);
  CALL(mincore(a + 1, PAGE, in));
  munmap(a + PAGE, PAGE);
  CALL(mincore(a, 4 * PAGE, in)); CALL(mincore(a, PAGE, (void *)8)); CALL(mincore(a, 0, in));
}
TEST(msync_looks_at_its_arguments) {
  put_file("file", "x");
  int fd = open("file", O_RDWR);
  char *p = mmap(0, 2 * PAGE, READ_WRITE, MAP_SHARED, fd, 0);
  p[0] = 'y';
  CALL(msync(p, PAGE, MS_ASYNC)); CALL(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
  CALL(msync(p, PAGE, MS_SYNC | MS_ASYNC)); CALL(msync(p, PAGE, 99)); CALL(msync(p + 1, PAGE, MS_SYNC));
  munmap(p + PAGE, PAGE);
  CALL(msync(p, 2 * PAGE, MS_SYNC)); CALL(msync(p, 0, MS_SYNC));
  show_file("file");
}
TEST(fork_copies_private_memory_and_shares_shared) {
  char *a = room(2), *s = mmap(0, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(a, "parent");
  strcpy(s, "parent");
  pid_t child = CHILD({ TEXT(a); TEXT(s); strcpy(a, "child"); strcpy(s, "child"); a[PAGE] = 1; TEXT(a); });
  ENDS(child);
  TEXT(a); TEXT(s);
  VALUE(a[PAGE]);
  Gate g = gate();
  child = CHILD({ await(g); TEXT(a); TEXT(s); });
  strcpy(a, "later");
  strcpy(s, "later");
  let_go(g);
  ENDS(child);
  TEXT(a);
}
TEST(fork_keeps_private_files_and_rights) {
  put_file("file", "content");
  int fd = open("file", O_RDWR);
  char *p = mmap(0, PAGE, READ_WRITE, MAP_PRIVATE, fd, 0);
  p[0] = 'C';
  char *wiped = room(1), *left = room(1);
  wiped[0] = 'w';
  left[0] = 'l';
  CALL(madvise(wiped, PAGE, MADV_WIPEONFORK)); CALL(madvise(left, PAGE, MADV_DONTFORK));
  mprotect(p, PAGE, PROT_READ);
  pid_t child = CHILD({
    bytes("p", p, 7);
    bytes("wiped", wiped, 1);
    show_pages("left", left, 1);
    CALL(read(open("file", O_RDONLY), p, 1));
  });
  ENDS(child);
  bytes("wiped", wiped, 1);
  show_pages("left", left, 1);
}
TEST(mappings_far_apart_can_be_many) {
  char *first = room(400);
  int good = 0;
  for (int i = 0; i < 400; i += 2) good += munmap(first + i * PAGE, PAGE) == 0;
  VALUE(good);
  good = 0;
  for (int i = 1; i < 400; i += 2) {
    first[i * PAGE] = (char)i;
    good += first[i * PAGE] == (char)i;
  }
  VALUE(good);
  CALL(mprotect(first + PAGE, 398 * PAGE, PROT_READ));
  IS(mmap(first, 400 * PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) == first);
  CALL(mprotect(first, 400 * PAGE, PROT_READ)); CALL(munmap(first, 400 * PAGE));
}
TEST(locking_of_memory_is_accepted) {
  char *a = room(2);
  CALL(mlock(a, PAGE)); CALL(munlock(a, PAGE)); CALL(mlock(a + 1, 1)); CALL(munlock(a, 2 * PAGE));
  munmap(a + PAGE, PAGE);
  CALL(mlock(a, 2 * PAGE)); CALL(mlockall(99)); CALL(mlockall(0)); CALL(munlockall()); CALL(mlock2(a, PAGE, 99));
}
TEST(memory_of_another_process_can_be_read) {
  char here[6] = "hello", there[6] = "";
  struct iovec local = {there, 5}, remote = {here, 5};
  CALL(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  TEXT(there);
  CALL(process_vm_writev(getpid(), &remote, 1, &local, 1, 1));
  remote.iov_base = (void *)8;
  CALL(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  CALL(process_vm_readv(99999999, &local, 1, &remote, 1, 0));
}
