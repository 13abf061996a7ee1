/* Files in memory: memfd_create(2), seals of fcntl(2), and what is different about them. */
#include "conform.h"
#define PAGE 4096

TEST(a_memfd_is_a_file_without_a_name) {
  int fd = CALL(memfd_create("name", MFD_CLOEXEC));
  struct stat s;
  HEX(fcntl(fd, F_GETFD)); HEX(fcntl(fd, F_GETFL));
  CALL(write(fd, "abc", 3)); CALL(fstat(fd, &s));
  OCTAL(s.st_mode);
  VALUE(s.st_size); VALUE(s.st_nlink);
  CALL(lseek(fd, 1, SEEK_SET));
  char b[8];
  CALL(read(fd, b, 8));
  bytes("b", b, 2);
  char link[64], path[32];
  sprintf(path, "/proc/self/fd/%d", fd);
  link[CALL(readlink(path, link, 63))] = 0;
  TEXT(link);
  int again = CALL(open(path, O_RDONLY));
  CALL(read(again, b, 8)); CALL(lseek(fd, 0, SEEK_CUR));
}
TEST(memfd_create_looks_at_name_and_flags) {
  char name[300];
  memset(name, 'n', 300);
  name[250] = 0;
  CALL(memfd_create(name, 0));
  name[249] = 0;
  CALL(memfd_create(name, 0)); CALL(memfd_create("x", 0x8000)); CALL(memfd_create("", 0));
  CALL(memfd_create((char *)8, 0)); CALL(fcntl(3, F_GET_SEALS));
}
TEST(seals_hold) {
  int fd = CALL(memfd_create("x", MFD_ALLOW_SEALING));
  HEX(fcntl(fd, F_GET_SEALS));
  CALL(write(fd, "0123456789", 10)); CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)); CALL(ftruncate(fd, 5));
  CALL(ftruncate(fd, 15)); CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)); CALL(ftruncate(fd, 20));
  CALL(pwrite(fd, "xyz", 3, 14)); CALL(pwrite(fd, "z", 1, 15)); CALL(pwrite(fd, "z", 1, 14));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); CALL(pwrite(fd, "z", 1, 0));
  MAP(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  MAP(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  char *r = MAP(mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0));
  bytes("r", r, 4);
  CALL(mprotect(r, PAGE, PROT_READ | PROT_WRITE));
  CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE));
  HEX(fcntl(fd, F_GET_SEALS));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL)); CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
}
TEST(a_writable_mapping_forbids_the_seal_on_writing) {
  int fd = CALL(memfd_create("x", MFD_ALLOW_SEALING));
  ftruncate(fd, PAGE);
  char *p = MAP(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)); CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
  p[0] = 'p';
  CALL(pwrite(fd, "z", 1, 0)); CALL(munmap(p, PAGE)); CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  HEX(fcntl(fd, F_GET_SEALS));
  CALL(fcntl(fd, F_ADD_SEALS, 1 << 20));
  int ends[2];
  pipe(ends);
  CALL(fcntl(ends[0], F_GET_SEALS)); CALL(fcntl(99, F_GET_SEALS));
}
TEST(a_memfd_is_shared_by_mapping_reading_and_forking) {
  int fd = memfd_create("x", 0);
  ftruncate(fd, 2 * PAGE);
  char *p = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), b[8];
  strcpy(p + PAGE, "mapped");
  CALL(pread(fd, b, 7, PAGE));
  TEXT(b);
  CALL(pwrite(fd, "written", 8, 10));
  TEXT(p + 10);
  ENDS(CHILD({ strcpy(p, "child"); pwrite(fd, "child2", 7, 100); }));
  TEXT(p); TEXT(p + 100);
  char *q = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  strcpy(q, "mine");
  TEXT(p);
}
TEST(holes_of_a_memfd_are_found) {
  int fd = memfd_create("x", 0);
  CALL(pwrite(fd, "a", 1, 0)); CALL(pwrite(fd, "b", 1, 10 * PAGE)); CALL(lseek(fd, 0, SEEK_DATA));
  CALL(lseek(fd, 0, SEEK_HOLE)); CALL(lseek(fd, PAGE, SEEK_DATA)); CALL(lseek(fd, 10 * PAGE, SEEK_HOLE));
  CALL(lseek(fd, 11 * PAGE, SEEK_DATA)); CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE));
  CALL(lseek(fd, 0, SEEK_DATA));
  char c = 'x';
  CALL(pread(fd, &c, 1, 0));
  VALUE(c);
  struct stat s;
  fstat(fd, &s);
  VALUE(s.st_size);
}
TEST(truncating_a_memfd_takes_its_pages) {
  int fd = memfd_create("x", 0);
  ftruncate(fd, 2 * PAGE);
  char *p = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memset(p, 'p', 2 * PAGE);
  CALL(ftruncate(fd, 10));
  bytes("p", p, PAGE);
  CALL(ftruncate(fd, 2 * PAGE));
  bytes("p", p + PAGE, PAGE);
  CALL(ftruncate(fd, -1));
}
TEST(shm_open_makes_files_others_can_open) {
  char name[32];
  sprintf(name, "/conform-%d", getpid());
  int fd = TRY(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600)) ;
  CALL(ftruncate(fd, PAGE));
  char *p = MAP(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  strcpy(p, "shared");
  ENDS(CHILD({ int again = shm_open(name, O_RDONLY, 0); char *q = mmap(0, PAGE, PROT_READ, MAP_SHARED, again, 0); TEXT(q); }));
  TRY(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600)); TRY(shm_unlink(name)); TRY(shm_unlink(name));
  TEXT(p);
}
