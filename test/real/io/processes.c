/* Locks, pipes, semaphores and terminals between processes: flock(2), fcntl(2), semop(2), forkpty(3). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <signal.h>
#include <pty.h>
#include <sys/wait.h>
#include <sys/file.h>
#include <sys/sem.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
static char big[1<<20];
static void h(int s){}
int main(int c,char**v){ int st,p[2];setvbuf(stdout,0,_IOLBF,0);
 if(c>1){long n=atol(v[1]);pipe(p);if(!fork()){close(p[0]);for(long i=0;i<n;i++)write(p[1],big,sizeof big);_exit(0);}close(p[1]);long t=0,r;while((r=read(p[0],big,sizeof big))>0)t+=r;printf("%ld\n",t);return 0;}
 /* flock between processes */
 int f=open("/tmp/io-lock",O_RDWR|O_CREAT,0600);write(f,"0123456789",10);
 pipe(p);flock(f,LOCK_EX);
 if(!fork()){int g=open("/tmp/io-lock",O_RDWR);printf("child nb %d %d\n",flock(g,LOCK_EX|LOCK_NB),errno==EWOULDBLOCK);write(p[1],"x",1);int r=flock(g,LOCK_EX);printf("child got %d\n",r);_exit(0);}
 char b;read(p[0],&b,1);usleep(1000);printf("parent unlocks\n");flock(f,LOCK_UN);wait(&st);
 /* deadlock */
 struct flock l={F_WRLCK,SEEK_SET,0,1},m={F_WRLCK,SEEK_SET,1,1};fcntl(f,F_SETLK,&l);
 if(!fork()){fcntl(f,F_SETLK,&m);write(p[1],"x",1);int r=fcntl(f,F_SETLKW,&l);printf("child lock %d %s\n",r,r<0?strerrorname_np(errno):"");_exit(0);}
 read(p[0],&b,1);usleep(20000);int r=fcntl(f,F_SETLKW,&m);printf("parent lock %d %s\n",r,r<0?strerrorname_np(errno):"");l.l_type=F_UNLCK;fcntl(f,F_SETLK,&l);wait(&st);
 /* interrupted F_SETLKW */
 l.l_type=F_WRLCK;if(!fork()){fcntl(f,F_SETLK,&l);write(p[1],"x",1);usleep(100000);_exit(0);}
 read(p[0],&b,1);struct sigaction sa={.sa_handler=h};sigaction(SIGALRM,&sa,0);ualarm(10000,0);r=fcntl(f,F_SETLKW,&l);printf("interrupted %d %s\n",r,r<0?strerrorname_np(errno):"");wait(&st);
 /* partial write by signal */
 pipe(p);ualarm(10000,0);r=write(p[1],big,100000);printf("partial %d\n",r);
 /* sem undo */
 int s=semget(IPC_PRIVATE,1,0600);semctl(s,0,SETVAL,1);if(!fork()){struct sembuf o={0,-1,SEM_UNDO};semop(s,&o,1);_exit(0);}wait(&st);printf("undone %d\n",semctl(s,0,GETVAL));
 if(!fork()){usleep(10000);struct sembuf o={0,1,0};semop(s,&o,1);_exit(0);}struct sembuf o={0,-2,0};printf("waited %d\n",semop(s,&o,1));wait(&st);semctl(s,0,IPC_RMID);
 /* pty */
 int master;pid_t pid=forkpty(&master,0,0,&(struct winsize){30,100});
 if(!pid){struct winsize w;ioctl(0,TIOCGWINSZ,&w);printf("tty %d %d %dx%d %d\n",isatty(0),tcgetpgrp(0)==getpid(),w.ws_row,w.ws_col,getsid(0)==getpid());int t=open("/dev/tty",O_RDWR);printf("devtty %d\n",t>=0);char line[100];if(fgets(line,100,stdin))printf("got %s",line);signal(SIGINT,SIG_DFL);pause();_exit(1);}
 char buf[4096];int got=0,sent=0;for(;;){r=read(master,buf+got,sizeof buf-1-got);if(r<=0)break;got+=r;buf[got]=0;if(sent==0&&strstr(buf,"devtty")){write(master,"hello\r",6);sent=1;}if(sent==1&&strstr(buf,"got hello")){write(master,"\x03",1);sent=2;}}
 printf("end %d %s\n",r,strerrorname_np(errno));waitpid(pid,&st,0);printf("sig %d\n",WIFSIGNALED(st)?WTERMSIG(st):-1);for(int i=0;i<got;i++)printf(buf[i]<32?"\\x%02x":"%c",buf[i]);puts("");
 unlink("/tmp/io-lock");
}
