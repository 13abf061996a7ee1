/* Memory and what processes share: mmap(2), madvise(2), memfd_create(2), sysvipc(7), mq_overview(7). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <signal.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/sem.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <mqueue.h>
#include <time.h>
#define P(x) do{ errno=0; long r=(long)(x); printf("%s = %ld %s\n",#x,r,r<0&&r>-4096?strerrorname_np(errno):""); }while(0)
#define M(x) do{ errno=0; void*r=(void*)(x); printf("%s = %s\n",#x,r==MAP_FAILED?strerrorname_np(errno):"ok"); }while(0)
static sigjmp_buf jb; static void h(int s){siglongjmp(jb,s);}
static int touch(volatile char*p,int w){int s=sigsetjmp(jb,1);if(s)return -s; if(w)*p=1; return *p;}
int main(){setvbuf(stdout,0,_IOLBF,4096);
 signal(SIGSEGV,h);signal(SIGBUS,h);signal(SIGXFSZ,SIG_IGN);
 int A=MAP_PRIVATE|MAP_ANONYMOUS;
 M(mmap(0,4096,3,MAP_SHARED_VALIDATE|MAP_ANONYMOUS,-1,0));
 M(mmap(0,1<<21,3,A|MAP_HUGETLB,-1,0));
 char*p=mmap(0,4096,3,A|MAP_32BIT,-1,0);printf("32bit %d\n",(uintptr_t)p<0x80000000u&&(uintptr_t)p>=0x40000000u);
 p=mmap(0,8192,3,A|MAP_POPULATE,-1,0);unsigned char v[4]={9,9,9,9};mincore(p,8192,v);printf("%d %d\n",v[0]&1,v[1]&1);
 p=mmap(0,8192,3,A,-1,0);mincore(p,8192,v);printf("%d %d\n",v[0]&1,v[1]&1);
 int f=memfd_create("x",MFD_ALLOW_SEALING);ftruncate(f,8192);
 M(mmap(0,4096,3,MAP_SHARED_VALIDATE|MAP_SYNC,f,0));M(mmap(0,4096,3,MAP_SHARED_VALIDATE|MAP_FIXED_NOREPLACE,f,0));
 char*s=mmap(0,12288,3,MAP_SHARED,f,0);
 P(touch(s+4096,1));P(touch(s+8192,1));P(ftruncate(f,4096));P(touch(s+4096,0));P(ftruncate(f,8192));P(touch(s+4096,0));
 s[0]=7;P(madvise(s,4096,MADV_REMOVE));P(s[0]);P(madvise(p,4096,MADV_REMOVE));
 s[0]=7;P(fallocate(f,FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE,0,4096));P(s[0]);s[0]=7;s[10]=8;P(fallocate(f,3,5,100));P(s[0]*100+s[10]);
 P(madvise(p,4096,MADV_FREE));P(madvise(s,4096,MADV_FREE));P(madvise(s,4096,MADV_WIPEONFORK));P(madvise(p,4096,MADV_WIPEONFORK));P(madvise(p,4096,MADV_KEEPONFORK));P(madvise(p,4096,MADV_DONTFORK));P(madvise(p,4096,MADV_DOFORK));
 P(madvise(p,8192,MADV_POPULATE_WRITE));P(madvise(p,0,MADV_NORMAL));P(madvise(p+1,4096,MADV_NORMAL));P(madvise(p,4096,77));P(madvise(0,4096,MADV_DONTNEED));
 p[0]=5;P(madvise(p,4096,MADV_DONTNEED));P(p[0]);
 if(getenv("D")){p[0]=6;char*q=mremap(p,4096,4096,MREMAP_MAYMOVE|4);printf("dontunmap %d %d %d\n",q!=MAP_FAILED&&q!=p,q[0],p[0]);}
 M(mremap(s,4096,8192,MREMAP_MAYMOVE|4));M(mremap(p,4096,8192,4));
 P(mlock(p,4096));P(mlock2(p,4096,2));P(mlockall(0));P(mlockall(4));P(munlockall());P(mlock(0,4096));
 P(syscall(SYS_membarrier,8,0,0));P(syscall(SYS_membarrier,16,0,0));P(syscall(SYS_membarrier,8,0,0));P(syscall(SYS_membarrier,8,1,0));P(syscall(SYS_membarrier,4096,0,0));
 P(syscall(SYS_remap_file_pages,s,4096,0,1,0));s[1]=3;P(((char*)mmap(0,8192,1,MAP_SHARED,f,0))[4097]);P(syscall(SYS_remap_file_pages,p,4096,0,1,0));
 char b1[10]="source",b2[10]="";struct iovec l={b2,6},rv={b1,6};P(process_vm_readv(getpid(),&l,1,&rv,1,0));puts(b2);rv.iov_base=(void*)8;P(process_vm_readv(getpid(),&l,1,&rv,1,0));P(process_vm_readv(getpid(),&l,1,&rv,1,1));P(process_vm_readv(999999,&l,1,&rv,1,0));
 struct rlimit rl={1<<30,1<<30};P(setrlimit(RLIMIT_AS,&rl));M(mmap(0,1<<30,3,A,-1,0));M(mmap(0,1<<20,3,A,-1,0));P(brk((char*)sbrk(0)+(1<<30)));
 /* seals */
 int g=memfd_create("y",MFD_ALLOW_SEALING);ftruncate(g,4096);P(fcntl(g,F_GET_SEALS));P(fcntl(g,F_ADD_SEALS,F_SEAL_SHRINK|F_SEAL_GROW));P(ftruncate(g,0));P(ftruncate(g,9999));P(pwrite(g,"ab",2,4095));P(pwrite(g,"a",1,4096));char*gm=mmap(0,4096,3,MAP_SHARED,g,0);P(fcntl(g,F_ADD_SEALS,F_SEAL_WRITE));P(fcntl(g,F_ADD_SEALS,F_SEAL_FUTURE_WRITE));P(write(g,"x",1));gm[0]=1;M(mmap(0,4096,3,MAP_SHARED,g,0));char*gr=mmap(0,4096,1,MAP_SHARED,g,0);P(mprotect(gr,4096,3));M(mmap(0,4096,3,MAP_PRIVATE,g,0));munmap(gm,4096);P(fcntl(g,F_ADD_SEALS,F_SEAL_WRITE));munmap(gr,4096);P(fcntl(g,F_ADD_SEALS,F_SEAL_WRITE));P(fcntl(g,F_GET_SEALS));P(fallocate(g,3,0,4096));P(fcntl(g,F_ADD_SEALS,F_SEAL_SEAL));P(fcntl(g,F_ADD_SEALS,0));P(fcntl(g,F_ADD_SEALS,0x1000));
 P(fcntl(memfd_create("z",0),F_GET_SEALS));
 /* shm */
 int id=shmget(IPC_PRIVATE,5000,0600);P(id>=0);P(shmget(IPC_PRIVATE,0,0600));key_t k=0x1234567+getpid();P(shmget(k,100,0));int id2=shmget(k,100,IPC_CREAT|0640);P(shmget(k,200,0));P(shmget(k,100,IPC_CREAT|IPC_EXCL));P(shmget(k,50,0)==id2);
 char*a=shmat(id,0,0),*b=shmat(id,0,SHM_RDONLY);a[0]=42;P(b[0]);P(touch(b,1));M(shmat(id,(void*)1,0));char*c=shmat(id,(void*)0x12345678,SHM_RND);printf("%p\n",c);M(shmat(id,a,0));M(shmat(id,a,SHM_REMAP)==a?0:MAP_FAILED);
 struct shmid_ds ds;P(shmctl(id,IPC_STAT,&ds));printf("%zu %d %o %d %d\n",ds.shm_segsz,(int)ds.shm_nattch,ds.shm_perm.mode,ds.shm_cpid==getpid(),ds.shm_lpid==getpid());
 P(shmctl(id,IPC_RMID,0));P(shmctl(id,IPC_STAT,&ds));printf("%o\n",ds.shm_perm.mode);P(shmdt(a));P(shmdt(a));P(shmdt(b));P(shmdt(c));P(shmctl(id,IPC_STAT,&ds));M(shmat(id,0,0));P(shmctl(id2,IPC_RMID,0));P(shmctl(id2,77,0));P(shmctl(-1,IPC_STAT,&ds));
 /* sem */
 int sm=semget(IPC_PRIVATE,3,0600);P(sm>=0);P(semget(IPC_PRIVATE,0,0600));P(semctl(sm,0,SETVAL,5));P(semctl(sm,1,SETVAL,40000));P(semctl(sm,3,GETVAL));unsigned short vals[3]={1,2,3};P(semctl(sm,0,SETALL,vals));P(semctl(sm,2,GETVAL));
 struct sembuf o[3]={{0,-1,0},{1,2,0},{2,0,IPC_NOWAIT}};P(semop(sm,o,3));P(semctl(sm,0,GETVAL));o[2].sem_op=-3;P(semop(sm,o,3));P(semctl(sm,1,GETVAL));P(semctl(sm,1,GETPID)==getpid());o[0]=(struct sembuf){0,-1,IPC_NOWAIT};P(semop(sm,o,1));o[0]=(struct sembuf){5,-1,0};P(semop(sm,o,1));P(semop(sm,o,0));P(semop(sm,o,600));o[0]=(struct sembuf){0,32767,0};P(semop(sm,o,1));P(semop(sm,o,1));
 struct timespec ts={0,1000000};o[0]=(struct sembuf){2,-1,0};P(semtimedop(sm,o,1,&ts));o[0]=(struct sembuf){1,0,0};P(semtimedop(sm,o,1,&ts));struct semid_ds sd;P(semctl(sm,0,IPC_STAT,&sd));printf("%d %o\n",(int)sd.sem_nsems,sd.sem_perm.mode);P(semctl(sm,0,GETNCNT));P(semctl(sm,0,IPC_RMID));P(semop(sm,o,1));
 /* msg */
 int mq=msgget(IPC_PRIVATE,0600);P(mq>=0);struct{long t;char b[9000];}m={3,"three"};P(msgsnd(mq,&m,6,0));m.t=1;strcpy(m.b,"one");P(msgsnd(mq,&m,4,0));m.t=2;strcpy(m.b,"two");P(msgsnd(mq,&m,4,0));m.t=0;P(msgsnd(mq,&m,4,0));m.t=1;P(msgsnd(mq,&m,9000,0));
 P(msgrcv(mq,&m,2,2,0));P(msgrcv(mq,&m,100,-2,0));puts(m.b);P(msgrcv(mq,&m,100,2,MSG_EXCEPT));puts(m.b);P(msgrcv(mq,&m,2,0,MSG_NOERROR));printf("%ld %.2s\n",m.t,m.b);P(msgrcv(mq,&m,100,0,IPC_NOWAIT));
 m.t=1;int n=0;while(msgsnd(mq,&m,1000,IPC_NOWAIT)==0)n++;P(n);struct msqid_ds md;P(msgctl(mq,IPC_STAT,&md));printf("%d %d %d\n",(int)md.msg_qnum,(int)md.__msg_cbytes,(int)md.msg_qbytes);P(msgctl(mq,IPC_RMID,0));P(msgsnd(mq,&m,1,0));
 /* mq */
 char nm[32];sprintf(nm,"/q%d",getpid());mq_unlink(nm);P(mq_open(nm,O_RDWR)<0?-1:0);struct mq_attr at={0,3,16};mqd_t d=mq_open(nm,O_RDWR|O_CREAT|O_NONBLOCK,0600,&at);P(d>=0);P(mq_send(d,"low",3,1));P(mq_send(d,"high",4,9));P(mq_send(d,"low2",4,1));P(mq_send(d,"x",1,1));P(mq_send(d,"0123456789abcdefg",17,1));P(mq_getattr(d,&at));printf("%ld %ld %ld %ld\n",at.mq_flags,at.mq_maxmsg,at.mq_msgsize,at.mq_curmsgs);char bf[16];unsigned pr;P(mq_receive(d,bf,8,&pr));P(mq_receive(d,bf,16,&pr));printf("%.4s %u\n",bf,pr);P(mq_receive(d,bf,16,&pr));printf("%.3s\n",bf);P(mq_receive(d,bf,16,&pr));P(mq_receive(d,bf,16,&pr));
 at.mq_flags=0;P(mq_setattr(d,&at,0));clock_gettime(CLOCK_REALTIME,&ts);ts.tv_nsec=0;P(mq_timedreceive(d,bf,16,&pr,&ts));P(mq_open(nm,O_CREAT|O_EXCL|O_RDWR,0600,0)<0?-1:0);at.mq_maxmsg=0;P(mq_open("/zz",O_CREAT|O_RDWR,0600,&at)<0?-1:0);P(mq_unlink(nm));P(mq_unlink(nm));P(syscall(SYS_mq_open,"a/b",O_CREAT|2,0600,0));P(mq_send(1,"x",1,0));
 rl=(struct rlimit){8,8};setrlimit(RLIMIT_FSIZE,&rl);f=open("/tmp/io-fsize",O_RDWR|O_CREAT|O_TRUNC,0600);P(write(f,"0123456789",10));P(write(f,"x",1));P(ftruncate(f,9));P(ftruncate(f,8));P(fallocate(f,0,0,9));P(write(memfd_create("q",0),"0123456789",10));
}
