/* Watching files: inotify(7), inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2). */
#include "conform.h"
#include <sys/inotify.h>

static const char *const event_names[] = {
  "ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM", "MOVED_TO", "CREATE", "DELETE", "DELETE_SELF",
  "MOVE_SELF", 0, "UNMOUNT", "Q_OVERFLOW", "IGNORED",
};
/* All that happened since, a line each; cookies as the order they came in. */
static void show_events(int fd) {
  static uint32_t cookies[100];
  static int known;
  char buffer[8192] __attribute__((aligned(8)));
  for (;;) {
    long got = read(fd, buffer, sizeof buffer);
    if (got < 0) { say("end: %s", error_name(errno)); return; }
    for (char *at = buffer; at < buffer + got;) {
      struct inotify_event *event = (struct inotify_event *)at;
      char text[300] = "";
      for (int bit = 0; bit < 16; bit++)
        if (event->mask >> bit & 1) snprintf(text + strlen(text), 100, " %s", event_names[bit] ? event_names[bit] : "?");
      if (event->mask & IN_ISDIR) strcat(text, " ISDIR");
      int cookie = 0;
      if (event->cookie != 0) {
        for (cookie = 1; cookie <= known && cookies[cookie] != event->cookie; cookie++);
        if (cookie > known) { known = cookie; cookies[cookie] = event->cookie; }
      }
      say("wd %d%s cookie %d length %u \"%s\"", event->wd, text, cookie, event->len, event->len > 0 ? event->name : "");
      at += sizeof *event + event->len;
    }
  }
}
static int watcher(void) { return inotify_init1(IN_NONBLOCK); }

TEST(a_directory_tells_of_its_files) {
  int fd = watcher();
  CALL(mkdir("d", 0755));
  CALL(inotify_add_watch(fd, "d", IN_ALL_EVENTS));
  put_file("d/file", "content");
  show_events(fd);
  show_file("d/file");
  show_events(fd);
  CALL(chmod("d/file", 0600));
  CALL(truncate("d/file", 2));
  CALL(link("d/file", "d/other"));
  CALL(symlink("file", "d/link"));
  CALL(mkdir("d/inner", 0755));
  show_events(fd);
  CALL(unlink("d/other"));
  CALL(rmdir("d/inner"));
  CALL(unlink("d/link"));
  CALL(unlink("d/file"));
  show_events(fd);
  put_file("elsewhere", "x");
  show_events(fd);
}
TEST(a_file_tells_of_itself) {
  int fd = watcher();
  put_file("file", "content");
  CALL(inotify_add_watch(fd, "file", IN_ALL_EVENTS));
  int file = CALL(open("file", O_RDWR));
  char c;
  CALL(read(file, &c, 1));
  CALL(write(file, "x", 1));
  CALL(ftruncate(file, 3));
  CALL(fchmod(file, 0640));
  CALL(close(file));
  show_events(fd);
  CALL(rename("file", "other"));
  show_events(fd);
  CALL(unlink("other"));
  show_events(fd);
  CALL(inotify_rm_watch(fd, 1));
}
TEST(a_file_that_is_open_goes_with_its_last_close) {
  int fd = watcher();
  put_file("file", "content");
  int file = CALL(open("file", O_RDONLY));
  CALL(inotify_add_watch(fd, "file", IN_DELETE_SELF | IN_ATTRIB | IN_CLOSE));
  CALL(unlink("file"));
  show_events(fd);
  CALL(close(file));
  show_events(fd);
}
TEST(moves_have_a_cookie) {
  int fd = watcher();
  CALL(mkdir("from", 0755));
  CALL(mkdir("to", 0755));
  put_file("from/file", "");
  put_file("to/old", "");
  CALL(inotify_add_watch(fd, "from", IN_MOVE | IN_DELETE));
  CALL(inotify_add_watch(fd, "to", IN_MOVE | IN_DELETE | IN_MOVE_SELF));
  CALL(rename("from/file", "to/file"));
  CALL(rename("to/file", "to/old"));
  CALL(rename("to", "moved"));
  CALL(rename("from", "moved/from"));
  CALL(rename("moved/old", "out"));
  show_events(fd);
}
TEST(a_watched_directory_that_goes) {
  int fd = watcher();
  CALL(mkdir("d", 0755));
  CALL(inotify_add_watch(fd, ".", IN_ALL_EVENTS & ~IN_ACCESS));
  CALL(inotify_add_watch(fd, "d", IN_ALL_EVENTS & ~IN_ACCESS));
  DIR *dir = opendir("d");
  while (readdir(dir));
  closedir(dir);
  show_events(fd);
  CALL(rmdir("d"));
  show_events(fd);
}
TEST(masks_choose_and_are_changed) {
  int fd = watcher();
  put_file("file", "");
  CALL(inotify_add_watch(fd, "file", IN_OPEN));
  CALL(inotify_add_watch(fd, "file", IN_CLOSE));
  show_file("file");
  show_events(fd);
  CALL(inotify_add_watch(fd, "file", IN_OPEN | IN_MASK_ADD));
  show_file("file");
  show_events(fd);
  CALL(inotify_add_watch(fd, "file", IN_OPEN | IN_MASK_CREATE));
  CALL(inotify_add_watch(fd, "file", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
  CALL(inotify_add_watch(fd, "file", IN_OPEN | IN_ONLYDIR));
  CALL(inotify_add_watch(fd, "file", IN_OPEN | IN_ONESHOT));
  show_file("file");
  show_file("file");
  show_events(fd);
  CALL(symlink("file", "link"));
  CALL(inotify_add_watch(fd, "link", IN_OPEN | IN_DONT_FOLLOW));
  CALL(inotify_add_watch(fd, "link", IN_OPEN));
  show_file("link");
  show_events(fd);
}
TEST(what_happens_again_is_told_once) {
  int fd = watcher();
  CALL(inotify_add_watch(fd, ".", IN_MODIFY));
  int file = open("file", O_RDWR | O_CREAT, 0644), other = open("other", O_RDWR | O_CREAT, 0644);
  for (int i = 0; i < 5; i++) write(file, "x", 1);
  write(other, "x", 1);
  write(file, "x", 1);
  int n;
  CALL(ioctl(fd, FIONREAD, &n));
  VALUE(n);
  show_events(fd);
}
TEST(inotify_looks_at_its_arguments) {
  int fd = CALL(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), n;
  HEX(fcntl(fd, F_GETFD));
  HEX(fcntl(fd, F_GETFL));
  CALL(inotify_init1(1));
  CALL(inotify_add_watch(fd, "none", IN_OPEN));
  CALL(inotify_add_watch(fd, ".", 0));
  CALL(inotify_add_watch(fd, ".", 0x10000));
  CALL(inotify_add_watch(0, ".", IN_OPEN));
  CALL(inotify_add_watch(99, ".", IN_OPEN));
  CALL(inotify_rm_watch(fd, 7));
  CALL(inotify_rm_watch(99, 7));
  CALL(inotify_rm_watch(0, 7));
  CALL(inotify_add_watch(fd, ".", IN_CREATE));
  char buffer[16];
  CALL(read(fd, buffer, sizeof buffer));
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  CALL(poll(&p, 1, 0));
  put_file("a_name_that_is_rather_long", "");
  CALL(poll(&p, 1, 0));
  HEX(p.revents);
  CALL(read(fd, buffer, sizeof buffer));
  CALL(ioctl(fd, FIONREAD, &n));
  VALUE(n);
  CALL(write(fd, buffer, 1));
  CALL(lseek(fd, 0, SEEK_SET));
  CALL(inotify_rm_watch(fd, 1));
  show_events(fd);
  CALL(inotify_add_watch(fd, ".", IN_CREATE));
}
TEST(a_reader_waits_for_what_happens) {
  int fd = inotify_init();
  CALL(inotify_add_watch(fd, ".", IN_CREATE));
  pid_t child = CHILD({ pause_ms(20); put_file("made", ""); });
  char buffer[300] __attribute__((aligned(8)));
  CALL(read(fd, buffer, sizeof buffer));
  TEXT(((struct inotify_event *)buffer)->name);
  ENDS(child);
}
TEST(a_full_queue_overflows) {
  int fd = watcher(), file = open("file", O_RDWR | O_CREAT, 0644), other = open("other", O_RDWR | O_CREAT, 0644), n;
  CALL(inotify_add_watch(fd, ".", IN_MODIFY));
  for (int i = 0; i < 9000; i++) { pwrite(file, "x", 1, 0); pwrite(other, "x", 1, 0); }
  CALL(ioctl(fd, FIONREAD, &n));
  VALUE(n);
  static char all[1 << 20] __attribute__((aligned(8)));
  long got = CALL(read(fd, all, sizeof all));
  struct inotify_event *last = (struct inotify_event *)(all + got - sizeof *last);
  VALUE(last->wd);
  HEX(last->mask);
}
