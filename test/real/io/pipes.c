/* Pipes, locks and sizes as one process sees them: pipe(7), fcntl(2), fallocate(2). */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
static char b[1<<21];
#define P(x) do{ long r=(x); printf("%s = %ld %s\n",#x,r,r<0?strerrorname_np(errno):""); }while(0)
int main(){int p[2];pipe2(p,O_NONBLOCK);
P(write(p[1],b,65536-4096));P(write(p[1],b,1));P(write(p[1],b,4096));P(write(p[1],b,8000));P(write(p[1],b,192));P(write(p[1],b,191));P(read(p[0],b,8192));P(write(p[1],b,40000));
pipe2(p,O_NONBLOCK);int n=0;while(write(p[1],b,2049)==2049)n++;P(n);P(write(p[1],b,2047));
pipe2(p,O_NONBLOCK);P(fcntl(p[0],F_GETPIPE_SZ));P(write(p[1],"first",5));P(fcntl(p[1],F_SETPIPE_SZ,0));P(fcntl(p[1],F_SETPIPE_SZ,4097));P(write(p[1],b,8000));P(fcntl(p[1],F_SETPIPE_SZ,1));P(fcntl(p[1],F_SETPIPE_SZ,1<<20));P(write(p[1],b,1<<21));P(read(p[0],b,5));
pipe2(p,O_DIRECT);P(write(p[1],"one",3));P(write(p[1],"second",6));P(write(p[1],b,5000));P(read(p[0],b,100));P(read(p[0],b,2));P(read(p[0],b,9000));P(read(p[0],b,9000));
P(fallocate(p[1],0,0,1));P(flock(p[0],LOCK_EX));P(fsync(p[0]));P(posix_fadvise(p[0],0,0,0));P(readahead(p[0],0,1));P(sync_file_range(p[0],0,1,0));
P(lseek(p[0],0,0));P(fcntl(p[0],F_GETLEASE));P(fcntl(p[0],F_SETLEASE,F_RDLCK));P(fcntl(p[0],F_GETOWN));P(fcntl(p[0],F_GETSIG));P(fcntl(p[0],F_GET_SEALS));
}
