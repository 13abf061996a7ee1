/* Reading, writing and seeking: read(2), write(2), lseek(2), pread(2), readv(2), truncate(2), fallocate(2), sendfile(2),
   copy_file_range(2). */
#include "conform.h"
#include <sys/sendfile.h>

TEST(reads_go_on_where_the_last_ended) {
  put_file("file", "abcdefghij");
  char b[20]; int fd = CALL(open("file", O_RDONLY));
  CALL(read(fd, b, 3)); CALL(read(fd, b + 3, 4)); CALL(read(fd, b + 7, 10)); bytes("b", b, 10); CALL(read(fd, b, 10)); CALL(read(fd, b, 0));
}
TEST(lseek_knows_its_limits) {
  put_file("file", "0123456789");
  int fd = CALL(open("file", O_RDWR)), ends[2];
  char c;
  CALL(lseek(fd, 4, SEEK_SET)); CALL(lseek(fd, -2, SEEK_CUR)); CALL(lseek(fd, -3, SEEK_END));
  CALL(lseek(fd, -1, SEEK_SET)); CALL(lseek(fd, -11, SEEK_END)); CALL(lseek(fd, 0, 99)); CALL(lseek(fd, 0, SEEK_CUR));
  CALL(lseek(fd, 100, SEEK_END)); CALL(read(fd, &c, 1)); CALL(pipe(ends)); CALL(lseek(ends[0], 0, SEEK_CUR));
}
TEST(a_write_past_the_end_leaves_zeros) {
  char b[32]; int fd = CALL(open("file", O_RDWR | O_CREAT, 0600));
  CALL(write(fd, "ab", 2)); CALL(lseek(fd, 8, SEEK_CUR)); CALL(write(fd, "cd", 2)); VALUE(size_of("file"));
  CALL(pread(fd, b, sizeof b, 0)); bytes("b", b, 12);
  CALL(pwrite(fd, "e", 1, 20)); CALL(pread(fd, b, sizeof b, 10)); bytes("b", b, 11);
  CALL(lseek(fd, 0, SEEK_CUR));
}
TEST(holes_are_found_in_whole_data) {
  put_file("file", "no hole here");
  int fd = CALL(open("file", O_RDONLY));
  CALL(lseek(fd, 0, SEEK_DATA)); CALL(lseek(fd, 5, SEEK_DATA)); CALL(lseek(fd, 0, SEEK_HOLE));
  CALL(lseek(fd, 12, SEEK_DATA)); CALL(lseek(fd, 12, SEEK_HOLE)); CALL(lseek(fd, -1, SEEK_DATA));
}
TEST(pread_and_pwrite_leave_the_position) {
  put_file("file", "0123456789");
  char b[10];
  int fd = CALL(open("file", O_RDWR)), ends[2];
  CALL(lseek(fd, 5, SEEK_SET)); CALL(pread(fd, b, 3, 2));
  bytes("b", b, 3);
  CALL(pwrite(fd, "XY", 2, 8)); CALL(lseek(fd, 0, SEEK_CUR)); CALL(pread(fd, b, 1, -1)); CALL(pwrite(fd, b, 1, -1));
  CALL(pread(fd, b, 5, 1000)); CALL(pipe(ends)); CALL(pread(ends[0], b, 1, 0)); CALL(pwrite(ends[1], b, 1, 0));
  show_file("file");
}
TEST(readv_fills_in_order_and_may_stop_short) {
  put_file("file", "abcdefghij");
  char a[3], b[4], c[8]; struct iovec v[] = {{a, 3}, {0, 0}, {b, 4}, {c, 8}};
  int fd = CALL(open("file", O_RDONLY));
  memset(c, '.', 8);
  CALL(readv(fd, v, 4)); bytes("a", a, 3); bytes("b", b, 4); bytes("c", c, 8); CALL(readv(fd, v, 4));
  CALL(readv(fd, v, 0)); CALL(readv(fd, v, -1)); CALL(readv(fd, v, 1025));
  v[1].iov_len = (size_t)-1; CALL(readv(fd, v, 4));
  v[1] = (struct iovec){(void *)8, 2}; lseek(fd, 0, SEEK_SET); CALL(readv(fd, v, 4)); CALL(lseek(fd, 0, SEEK_CUR));
}
TEST(writev_gathers_and_stops_at_a_bad_pointer) {
  struct iovec v[] = {{"one ", 4}, {"two ", 4}, {"", 0}, {"three", 5}};
  int fd = CALL(open("file", O_RDWR | O_CREAT, 0600));
  CALL(writev(fd, v, 4));
  show_file("file");
  v[0].iov_base = (void *)8;
  CALL(writev(fd, v, 4)); CALL(lseek(fd, 0, SEEK_CUR)); CALL(pwritev(fd, v + 1, 3, 2));
  show_file("file");
  CALL(lseek(fd, 0, SEEK_CUR));
  char b[5];
  struct iovec one = {b, 5};
  CALL(preadv(fd, &one, 1, 1));
  bytes("b", b, 5);
  CALL(preadv2(fd, &one, 1, 0, 0)); CALL(preadv2(fd, &one, 1, -1, 0)); CALL(preadv2(fd, &one, 1, 0, 0x4000));
  CALL(pwritev2(fd, v + 1, 1, 0, RWF_APPEND));
  show_file("file");
}
TEST(a_buffer_that_ends_at_unmapped_memory_is_used_up_to_there) {
  char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  memcpy(page + 4090, "abcdef", 6);
  int ends[2], fd = CALL(open("file", O_RDWR | O_CREAT, 0600));
  CALL(pipe(ends));
  CALL(write(fd, page + 4096, 1)); CALL(write(ends[1], page + 4096, 1));
  CALL(write(fd, "0123456789", 10)); CALL(lseek(fd, 0, SEEK_SET)); CALL(read(fd, page + 4096, 1));
  CALL(read(fd, page + 4092, 4)); bytes("page", page + 4090, 6);
  CALL(write(fd, page + 4096, 0)); CALL(read(fd, (void *)8, 0));
}
TEST(truncate_cuts_and_stretches) {
  put_file("file", "0123456789");
  CALL(truncate("file", 4));
  show_file("file");
  CALL(truncate("file", 8));
  show_file("file");
  CALL(truncate("file", -1)); CALL(truncate("none", 0)); CALL(truncate(".", 0));
  int fd = CALL(open("file", O_RDWR)), ends[2];
  CALL(lseek(fd, 6, SEEK_SET)); CALL(ftruncate(fd, 2)); CALL(lseek(fd, 0, SEEK_CUR)); CALL(write(fd, "Z", 1));
  show_file("file");
  CALL(ftruncate(fd, -1)); CALL(pipe(ends)); CALL(ftruncate(ends[1], 0)); CALL(ftruncate(99, 0));
  CALL(truncate("file/x", 0)); CALL(truncate("", 0));
}
TEST(fallocate_makes_room) {
  put_file("file", "abcdef");
  int fd = CALL(open("file", O_RDWR)), r = CALL(open("file", O_RDONLY)), ends[2];
  CALL(fallocate(fd, 0, 0, 10));
  VALUE(size_of("file"));
  CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100));
  VALUE(size_of("file"));
  CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 1, 3));
  show_file("file");
  CALL(fallocate(fd, 0, 0, 0)); CALL(fallocate(fd, 0, -1, 10)); CALL(fallocate(r, 0, 0, 10)); CALL(pipe(ends));
  CALL(fallocate(ends[1], 0, 0, 10)); CALL(fallocate(99, 0, 0, 10)); CALL(posix_fallocate(fd, 0, 20));
  VALUE(size_of("file"));
}
TEST(a_description_is_shared_by_dup_and_not_by_open) {
  put_file("file", "0123456789");
  int a = CALL(open("file", O_RDONLY)), b = CALL(dup(a)), c = CALL(open("file", O_RDONLY)); char x;
  CALL(lseek(a, 4, SEEK_SET)); CALL(lseek(b, 0, SEEK_CUR)); CALL(lseek(c, 0, SEEK_CUR)); CALL(read(b, &x, 1)); CALL(lseek(a, 0, SEEK_CUR));
  CALL(fcntl(a, F_SETFL, O_APPEND)); IS(fcntl(b, F_GETFL) & O_APPEND); IS(fcntl(c, F_GETFL) & O_APPEND);
}
TEST(sendfile_copies_from_a_file) {
  put_file("file", "0123456789");
  int in = CALL(open("file", O_RDONLY)), out = CALL(open("out", O_RDWR | O_CREAT, 0600)), ends[2];
  off_t at = 3;
  CALL(sendfile(out, in, &at, 4));
  VALUE(at);
  CALL(lseek(in, 0, SEEK_CUR));
  show_file("out");
  CALL(sendfile(out, in, 0, 5)); CALL(lseek(in, 0, SEEK_CUR));
  show_file("out");
  CALL(sendfile(out, in, 0, 100)); CALL(sendfile(out, in, 0, 100)); CALL(pipe(ends));
  at = 0;
  CALL(sendfile(ends[1], in, &at, 10));
  char b[20];
  CALL(read(ends[0], b, 20));
  bytes("b", b, 10);
  CALL(sendfile(out, ends[0], 0, 1)); CALL(sendfile(in, in, 0, 1)); CALL(sendfile(99, in, 0, 1));
  CALL(sendfile(out, 99, 0, 1));
  at = -1;
  CALL(sendfile(out, in, &at, 1));
}
TEST(copy_file_range_copies_between_files) {
  put_file("file", "0123456789");
  int in = CALL(open("file", O_RDONLY)), out = CALL(open("out", O_RDWR | O_CREAT, 0600)), ends[2];
  loff_t from = 2, to = 1;
  CALL(copy_file_range(in, &from, out, &to, 4, 0));
  VALUE(from); VALUE(to);
  show_file("out");
  CALL(copy_file_range(in, 0, out, 0, 3, 0)); CALL(lseek(in, 0, SEEK_CUR)); CALL(lseek(out, 0, SEEK_CUR));
  show_file("out");
  CALL(copy_file_range(in, 0, out, 0, 3, 1)); CALL(copy_file_range(out, 0, in, 0, 3, 0)); CALL(pipe(ends));
  CALL(copy_file_range(in, 0, ends[1], 0, 1, 0));
  from = 100;
  CALL(copy_file_range(in, &from, out, 0, 1, 0));
}
TEST(advice_and_syncing_are_taken_from_files_only) {
  put_file("file", "x");
  int fd = CALL(open("file", O_RDWR)), ends[2];
  CALL(pipe(ends));
  CODE(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL)); CODE(posix_fadvise(fd, 0, 0, 99));
  CODE(posix_fadvise(ends[0], 0, 0, 0)); CODE(posix_fadvise(99, 0, 0, 0));
  CALL(fsync(fd)); CALL(fdatasync(fd)); CALL(fsync(ends[0])); CALL(fsync(99)); CALL(readahead(fd, 0, 10));
  CALL(readahead(ends[0], 0, 10)); CALL(syncfs(fd)); CALL(syncfs(99)); CALL(sync_file_range(fd, 0, 1, 0));
  CALL(sync_file_range(fd, 0, 1, 99));
}
TEST(large_files_are_sparse) {
  int fd = CALL(open("file", O_RDWR | O_CREAT, 0600));
  char b[4] = "";
  CALL(pwrite(fd, "end", 3, 5000000000));
  VALUE(size_of("file"));
  CALL(pread(fd, b, 3, 5000000000));
  TEXT(b);
  CALL(pread(fd, b, 3, 2500000000));
  bytes("b", b, 3);
  CALL(lseek(fd, -3, SEEK_END)); CALL(read(fd, b, 4)); CALL(ftruncate(fd, 4294967296));
  VALUE(size_of("file"));
  CALL(lseek(fd, LONG_MAX, SEEK_SET)); CALL(pwrite(fd, "x", 1, LONG_MAX)); CALL(pread(fd, b, 1, LONG_MAX));
}
TEST(special_devices_have_their_ways) {
  char b[8];
  int null = CALL(open("/dev/null", O_RDWR)), zero = CALL(open("/dev/zero", O_RDWR)), full = CALL(open("/dev/full", O_RDWR)), random =
    CALL(open("/dev/urandom", O_RDONLY));
  CALL(read(null, b, 8)); CALL(write(null, b, 8)); CALL(lseek(null, 5, SEEK_SET)); CALL(ftruncate(null, 0));
  memset(b, 1, 8);
  CALL(read(zero, b, 8));
  bytes("b", b, 8);
  CALL(write(zero, b, 8)); CALL(read(full, b, 8)); CALL(write(full, b, 8)); CALL(read(random, b, 8));
  struct stat s;
  fstat(null, &s);
  OCTAL(s.st_mode & S_IFMT);
  HEX(s.st_rdev);
  fstat(zero, &s);
  HEX(s.st_rdev);
  fstat(full, &s);
  HEX(s.st_rdev);
  CALL(open("/dev/null", O_RDONLY | O_DIRECTORY));
}
