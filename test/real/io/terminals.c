/* The line discipline through a pseudo-terminal: termios(3), pty(7). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <pty.h>
#include <poll.h>
#include <sys/ioctl.h>
static void show(const char*w,int fd){char b[4096];int n=read(fd,b,sizeof b);printf("%s %d ",w,n);if(n<0)printf("%s",strerrorname_np(errno));for(int i=0;i<n;i++)printf(b[i]<32||b[i]>126?"\\x%02x":"%c",(unsigned char)b[i]);puts("");}
#define W(fd,s) write(fd,s,sizeof s-1)
#define B show("screen",m);show("line",s)
int main(){setsid();int m,s;char name[64];
 struct winsize ws={24,80,0,0};printf("openpty %d\n",openpty(&m,&s,NULL,NULL,&ws));fcntl(m,F_SETFL,O_RDWR|O_NONBLOCK);fcntl(s,F_SETFL,O_RDWR|O_NONBLOCK);
 struct termios t;tcgetattr(s,&t);printf("%x %x %x %x\n",t.c_iflag,t.c_oflag,t.c_cflag,t.c_lflag);for(int i=0;i<19;i++)printf("%d ",t.c_cc[i]);puts("");
 const char*tests[]={"hello\r","one\ntwo\n","helloo\x7f\n","two words\x17more\n","all\x15x\n","\x16\x03\x7f\n","a\tb\x7f\x7f\n","part\x04","\x04","ab\tc\x7f\x7f\x7f\n","foo\x12\n","foo bar-baz \x17\x17\n","\x01\x02\x7f\n","x\x13y\x11z\n","q\x16\n\n","\xc3\xa9\x7f\n","  \x17\n","a\\\x7f\n",0};
 for(int i=0;tests[i];i++){write(m,tests[i],strlen(tests[i]));usleep(20000);B;}
 W(s,"a\nb\tc\r\n");show("screen",m);
 t.c_lflag&=~ECHOE;tcsetattr(s,TCSANOW,&t);W(m,"abc\x7f\x15z\n");usleep(20000);B;
 t.c_lflag|=ECHOE;t.c_lflag&=~ECHOCTL;tcsetattr(s,TCSANOW,&t);W(m,"\x01z\x7f\x7f\n");usleep(20000);B;
 t.c_lflag|=ECHOCTL;t.c_lflag&=~ECHO;tcsetattr(s,TCSANOW,&t);W(m,"quiet\x7f\n");usleep(20000);B;
 t.c_lflag|=ECHONL;tcsetattr(s,TCSANOW,&t);W(m,"quiet\x7f\n");usleep(20000);B;
 W(m,"half");usleep(20000);cfmakeraw(&t);tcsetattr(s,TCSANOW,&t);B;W(m,"\r\n\x03 a\x7f");usleep(20000);B;
 t.c_lflag|=ECHO;tcsetattr(s,TCSANOW,&t);W(m,"\r\n\x03 a\x7f");usleep(20000);B;
 t.c_cc[VMIN]=3;tcsetattr(s,TCSANOW,&t);W(m,"ab");usleep(20000);B;struct pollfd p={s,POLLIN|POLLOUT};poll(&p,1,0);printf("%x\n",p.revents);W(m,"c");usleep(20000);poll(&p,1,0);printf("%x\n",p.revents);B;
 W(m,"raw then canon");usleep(20000);t.c_lflag|=ICANON;tcsetattr(s,TCSANOW,&t);show("line",s);W(m,"x\n");usleep(20000);B;
 int n=-1;ioctl(m,TIOCGPTN,&n);printf("ptn ok %d\n",n>=0);printf("isatty %d %d\n",isatty(m),isatty(s));
 p.fd=m;poll(&p,1,0);printf("%x\n",p.revents);W(s,"bye");close(s);usleep(20000);poll(&p,1,0);printf("%x\n",p.revents);show("screen",m);show("screen",m);poll(&p,1,0);printf("%x\n",p.revents);
 openpty(&m,&s,name,NULL,NULL);close(m);show("line",s);printf("%d\n",(int)write(s,"x",1));p.fd=s;poll(&p,1,0);printf("%x %d\n",p.revents,tcgetattr(s,&t));
}
