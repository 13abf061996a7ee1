/** The C library's long tail (ISO C 7, POSIX.1-2017), from glibc and musl, statically linked: natively and here the same output and status. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-libc-'));
const TRAMP64 = [process.execPath, '--import', join(root, 'node_modules/tsx/dist/loader.mjs'), join(root, 'src/cli.ts'), 'run', '--'];
const INCLUDES = ['errno', 'fcntl', 'limits', 'locale', 'math', 'stdint', 'stdio', 'stdlib', 'string', 'strings', 'sys/stat', 'time', 'unistd', 'wchar', 'wctype']
  .map(name => `#include <${name}.h>\n`).join('');
const STDIN = '12 -7 0x1f 3.5e2 word [abc]xyz 017\nsecond line\n\na much longer third line, with commas, and ends\nno newline';

const PROGRAMS: Readonly<Record<string, string>> = {
  printf: `int main(void){for(int w=0;w<8;w+=3)for(int p=0;p<6;p++)for(double d=-1234.5;d<1e9;d=d<0?-d:d*977.3)printf("%*.*f|%-*.*e|%+*.*g|%#*.*a\\n",w,p,d,w,p,d,w,p,d,w,p,d);
    printf("%hhx %hx %lx %llx %jx %zx %tx\\n",(unsigned char)255,(short)-1&0xffff,~0UL,~0ULL,(intmax_t)-1,(size_t)9,(ptrdiff_t)-9);
    printf("%2$s %1$d %3$*4$d\\n",1,"two",3,8);printf("%08.3f|% 08d|%-08d|%+.0e|%#.0f|%p\\n",3.14159,42,42,5e5,1.0,(void*)0x1234);
    char b[16];printf("%d <%s>\\n",snprintf(b,sizeof b,"%s","longer than sixteen bytes"),b);return 11;}`,
  scanf: `int main(void){int a,b,c,n,o;double d;char w[9],s[9],t[9];n=scanf("%d %d %i %lf %8s [%8[a-c]]%8s %o",&a,&b,&c,&d,w,s,t,&o);
    printf("%d: %d %d %d %g %s %s %s %d\\n",n,a,b,c,d,w,s,t,o);long double l;char e;n=sscanf("  1.25e-10zz%7","%Lf%c",&l,&e);printf("%d %.15Lg %c\\n",n,l,e);
    int k;float f;n=sscanf("abc 0x1.8p3 rest","%*s %f%n",&f,&k);printf("%d %a %d\\n",n,f,k);printf("%d\\n",sscanf("x","%d",&a));return 0;}`,
  strtod: `int main(void){const char*s[]={"0","-0","1e308","1.7976931348623157e308","1e309","4.9e-324","2e-324","2.2250738585072011e-308","0x1.fffffffffffffp1023","0x.1p-1074",
    "9007199254740993","0.1","123456789012345678901234567890","inf","-Infinity","nan","1e","1.e+5x",".5",".","+.5e-1"," 7 ","1e-400","8.5e-46"};
    for(unsigned i=0;i<sizeof s/sizeof*s;i++){char*e,*g,*h;errno=0;double d=strtod(s[i],&e);int n=errno;float f=strtof(s[i],&g);long double l=strtold(s[i],&h);
    printf("%s: %.17g %d %td, %.9g %td, %.21Lg %td\\n",s[i],d,n,e-s[i],f,g-s[i],l,h-s[i]);}
    const char*i[]={"9223372036854775807","9223372036854775808","-9223372036854775809","0777","0x7f","zz","-1","  +12abc"};
    for(int k=0;k<8;k++)for(int r=0;r<37;r+=9){char*e;errno=0;long v=strtol(i[k],&e,r);int n=errno;printf("%ld %d %td %lu\\n",v,n,e-i[k],strtoul(i[k],0,r));}return 0;}`,
  sort: `struct row{char name[12];double key;short id;};static int by(const void*a,const void*b){const struct row*x=a,*y=b;return x->key<y->key?-1:x->key>y->key?1:x->id-y->id;}
    int main(void){static struct row r[3000];unsigned s=7;for(int i=0;i<3000;i++){s=s*1664525+1013904223;sprintf(r[i].name,"n%u",s>>8&65535);r[i].key=(s>>20)/7.;r[i].id=i;}
    qsort(r,3000,sizeof*r,by);for(int i=0;i<3000;i+=250)printf("%s %.3f %d\\n",r[i].name,r[i].key,r[i].id);int hits=0;
    for(int i=0;i<3000;i+=7){struct row*f=bsearch(&r[i],r,3000,sizeof*r,by);hits+=f==&r[i];}printf("%d\\n",hits);return 0;}`,
  malloc: `int main(void){static char*p[512];static size_t z[512];unsigned s=3;unsigned long h=0;for(int k=0;k<30000;k++){s=s*1103515245u+12345;unsigned i=s>>20&511;
    for(size_t j=0;j<z[i];j+=1000)if(p[i][j]!=(char)i)return 9;size_t n=(s>>9&15)==0?(s>>13&0x3ffff):(s>>13&255)+1;if(n==0)n=1;
    switch(s>>29){case 0:free(p[i]);p[i]=0;z[i]=0;continue;case 1:free(p[i]);p[i]=aligned_alloc(64,(n+63)&~63ul);h+=(uintptr_t)p[i]%64;break;
    case 2:free(p[i]);p[i]=calloc(n,1);for(size_t j=0;j<n;j+=997)h+=p[i][j];break;default:p[i]=realloc(p[i],n);}memset(p[i],i,n);z[i]=n;h=h*31+n;}printf("%lu\\n",h);return 0;}`,
  string: `int main(void){static char a[600],b[600];unsigned long h=0;for(int o=0;o<20;o++)for(int n=0;n<300;n+=1+n/9){memset(a,'.',sizeof a);for(int i=0;i<n;i++)a[o+i]='a'+i*7%26;a[o+n]=0;
    h=h*131+strlen(a+o);memcpy(b+7,a+o,n+1);h=h*3+(strcmp(a+o,b+7)==0)+2*(memcmp(a+o,b+7,n)==0);if(n>2){b[7+n-2]^=1;h=h*5+(strcmp(a+o,b+7)>0)+(memcmp(a+o,b+7,n)>0)+(strncmp(a+o,b+7,n-2)==0);}
    char*q=strchr(a+o,'z'),*r=strrchr(a+o,'a'),*m=memchr(a+o,'q',n),*t=strstr(a+o,"fmt");h=h*7+(q?q-a:1)+(r?r-a:2)+(m?m-a:3)+(t?t-a:4);memmove(a+o+3,a+o,n);h=h*11+a[o+n/2];
    h+=strspn(a+o,"ahov")+strcspn(a+o,"xyz");stpcpy(b,a+o);h=h*13+strnlen(b,100);}printf("%lx\\n",h);char s[]="a,b;;c d",*v;for(char*k=strtok_r(s,",; ",&v);k;k=strtok_r(0,",; ",&v))puts(k);
    char*d=strdup("Mixed Case");printf("%d %d %s\\n",strcasecmp(d,"mixed case"),strncasecmp(d,"MIXER",4),strncat(strcpy(a,d),"!!!!",2));return 0;}`,
  math: `int main(void){double x[]={0,-0.,.5,1,-1.5,2,3.14159265358979,10,-20.25,100.125,1e-8,1e8,1e22,708,-745,1e300,INFINITY};volatile double r;
    #define F(f) for(int i=0;i<17;i++){r=f(x[i]);printf(#f" %.17g\\n",r!=r?0./1:r);}
    F(sin)F(cos)F(tan)F(asin)F(atan)F(sinh)F(cosh)F(tanh)F(exp)F(exp2)F(expm1)F(log)F(log2)F(log10)F(log1p)F(sqrt)F(cbrt)F(floor)F(ceil)F(rint)F(round)F(trunc)F(erf)F(tgamma)F(lgamma)
    for(int i=0;i<17;i++)for(int j=0;j<17;j++){double p=pow(x[i],x[j]),m=fmod(x[i],x[j]),t=atan2(x[i],x[j]),h=hypot(x[i],x[j]);printf("%.17g %.17g %.17g %.17g\\n",p!=p?-9:p,m!=m?-9:m,t,h);}
    int e;double ip,f=frexp(10.5,&e),g=modf(-3.25,&ip);printf("%.17g %d %.17g %.17g %.17g\\n",f,e,ldexp(.75,9),g,ip);printf("%.17g %.17g %ld\\n",nextafter(1,2),fma(1.1,1.1,-1.21),lrint(2.5));return 0;}`,
  'long double': `int main(void){long double x[]={.5L,1.25L,-2.75L,10,1e10L,1e-10L,1e4000L};for(int i=0;i<7;i++){long double y=x[i];
    printf("%.21Lg %.21Lg %.21Lg %.21Lg %.21Lg %La\\n",sqrtl(fabsl(y)),floorl(y),y*y/3,fmodl(y,.7L),rintl(y),y);printf("%lld %llu %d %f\\n",i<5?(long long)y:0,i<5?(unsigned long long)fabsl(y):0,(int)signbit(y),(double)y);
    printf("%.18Lg %.18Lg %.18Lg %.18Lg\\n",sinl(i<6?y:0),expl(i<4?y:0),logl(fabsl(y)),atan2l(y,2));}
    long double s=0;for(int i=1;i<2000;i++)s+=1.0L/i/i;printf("%.21Lg\\n",s);return 0;}`,
  time: `int main(void){time_t t[]={0,1,86399,951782400,1078012799,1700000000,4102444800,-1,-86400*365L};char b[200];for(int i=0;i<9;i++){struct tm m;gmtime_r(&t[i],&m);
    strftime(b,200,"%Y-%m-%d %H:%M:%S %a %A %b %B %j %U %W %V %G %u %w %y %C %e %I %p %D %F %R %T %Z %z %%",&m);puts(b);localtime_r(&t[i],&m);m.tm_mday+=40;m.tm_hour-=30;
    long made=mktime(&m);printf("%ld %s",made,asctime(&m));}time_t now=time(0);printf("%d %.0f\\n",now>0,difftime(100,40));return 0;}`,
  getline: `int main(void){char*l=0;size_t c=0;ssize_t n;int k=0;while((n=getline(&l,&c,stdin))>=0){printf("%d %zd %s|\\n",++k,n,l);if(k==3)break;}while((n=getdelim(&l,&c,',',stdin))>=0)printf("%zd <%s>\\n",n,l);
    printf("%d %d %d\\n",feof(stdin)!=0,ferror(stdin),getchar());free(l);return k;}`,
  errors: `int main(void){for(int e=0;e<134;e++)puts(strerror(e));FILE*f=fopen("/no/such","r");printf("%d %d\\n",f==0,errno);errno=0;printf("%d %d\\n",mkdir(".",0700),errno);errno=0;printf("%d %d\\n",rmdir("/"),errno!=0);
    errno=0;printf("%d %d\\n",open("x",O_RDONLY|O_DIRECTORY),errno);errno=0;printf("%ld %d\\n",(long)lseek(99,0,0),errno);errno=0;printf("%d %d\\n",fclose(fdopen(dup(1),"w")),errno);
    errno=0;sqrt(-1.);log(0.);printf("%d %d\\n",EDOM,ERANGE);fflush(stdout);perror("to stderr");return EXIT_FAILURE;}`,
  files: `int main(void){FILE*f=fopen("one","w+");for(int i=0;i<3000;i++)fprintf(f,"%d,%x\\n",i,i*i);printf("%ld\\n",ftell(f));fseek(f,777,SEEK_SET);char b[99];fgets(b,99,f);fputs(b,stdout);fseek(f,10,SEEK_SET);fputs("HERE",f);
    rewind(f);size_t n=0,r;unsigned h=0;while((r=fread(b,1,99,f))>0){for(size_t i=0;i<r;i++)h=h*31+b[i];n+=r;}printf("%zu %u\\n",n,h);fclose(f);f=fopen("one","a");setvbuf(f,0,_IONBF,0);fputs("more",f);fclose(f);
    struct stat s;printf("%d %d ",rename("one","two"),access("one",F_OK));stat("two",&s);printf("%ld %o\\n",(long)s.st_size,s.st_mode);printf("%d %d %d\\n",truncate("two",5),stat("two",&s),(int)s.st_size);
    int d=open("two",O_RDWR|O_APPEND);printf("%zd %zd %ld\\n",write(d,"abc",3),pread(d,b,99,4),(long)lseek(d,0,SEEK_END));close(d);printf("%d %d\\n",link("two","three"),unlink("two"));f=tmpfile();fputs("t",f);rewind(f);
    printf("%c %d\\n",getc(f),mkdir("d",0755));char t[]="d/tXXXXXX";int k=mkstemp(t);printf("%d %d\\n",k>2,(int)strlen(t));unlink(t);printf("%d %d\\n",rmdir("d"),remove("nothing"));return 0;}`,
  locale: `int main(void){printf("%s %s\\n",setlocale(LC_ALL,0),setlocale(LC_ALL,"C"));struct lconv*l=localeconv();printf("%s|%s\\n",l->decimal_point,l->thousands_sep);printf("%d %d\\n",setlocale(LC_NUMERIC,"xx_YY")!=0&&0,strcoll("a","b")<0);
    for(int c=0;c<128;c++)printf("%d%d%d ",isalpha(c)!=0,ispunct(c)!=0,toupper(c));char b[20];printf("\\n%zu %s\\n",strxfrm(b,"text",20),b);return 0;}`,
  wide: `int main(void){setlocale(LC_ALL,"C");wchar_t w[40]=L"wide string",v[40];printf("%zu %d %d\\n",wcslen(w),wcscmp(w,L"wide"),(int)(wcsstr(w,L"str")-w));wcscpy(v,w);wcscat(v,L"!");for(wchar_t*p=v;*p;p++)*p=towupper(*p);
    char b[99];printf("%zu %s %ls\\n",wcstombs(b,v,99),b,v);printf("%d\\n",swprintf(v,40,L"%d %ls %.2f",42,L"in",2.5));printf("%ls %ld %g\\n",v,wcstol(L"-99x",0,10),wcstod(L"2.5e3",0));
    mbstate_t s={0};wchar_t c;printf("%zu %d\\n",mbrtowc(&c,"A",1,&s),(int)c);wmemset(v,L'z',5);printf("%d %d\\n",wmemcmp(v,L"zzzzz",5),iswdigit(L'7')!=0);return 0;}`,
};

interface Outcome { readonly status: number | null; readonly stdout: string; readonly stderr: string; readonly left: readonly string[] }
/** Runs in a fresh directory; the names of what the program leaves there are part of the outcome. */
function outcomeOf(command: readonly string[]): Outcome {
  const cwd = mkdtempSync(join(folder, 'run-')), [head = '', ...rest] = command;
  const env = { PATH: '/bin:/usr/bin', TZ: 'UTC', LC_ALL: 'C' };
  const { status, stdout, stderr } = spawnSync(head, rest, { cwd, env, input: STDIN, maxBuffer: 1 << 28, timeout: 120_000 });
  return { status, stdout: byteString(new Uint8Array(stdout)), stderr: byteString(new Uint8Array(stderr)), left: readdirSync(cwd) };
}
/** In lines, so that a difference shows the one it is in. */
const lined = ({ stdout, ...rest }: Outcome): object => ({ ...rest, stdout: stdout.split('\n') });
function compile(compiler: string, name: string, source: string): string {
  const path = join(folder, `${name.replaceAll(' ', '-')}-${compiler}`);
  writeFileSync(`${path}.c`, `#define _GNU_SOURCE\n#include <ctype.h>\n#include <stddef.h>\n${INCLUDES}${source.replace(/^ *(#define .*)$/gm, '$1')}\n`);
  const { status, stderr } = spawnSync(compiler, ['-O2', '-w', '-static', '-fno-builtin', '-o', path, `${path}.c`, '-lm']);
  assert.is(status, 0, byteString(new Uint8Array(stderr)));
  return path;
}

const library = suite('real › libc');
for (const compiler of ['gcc', 'musl-gcc']) {
  for (const [name, source] of Object.entries(PROGRAMS)) {
    library(`${name}, built by ${compiler} -static`, () => {
      const path = compile(compiler, name, source), native = outcomeOf([path]);
      assert.ok(native.status !== null && native.status !== 9, `${name} must work natively`);
      assert.equal(lined(outcomeOf([...TRAMP64, path])), lined(native));
    });
  }
}
library('string functions of glibc are those with VEX where CPUID has AVX2', () => {
  const path = compile('gcc', 'string', PROGRAMS['string']!), native = spawnSync(path, []);
  for (const [model, hasVex] of [['v2', false], ['v3', true], ['zen3', true]] as const) {
    const { status, stdout, stderr } = spawnSync(TRAMP64[0]!, [...TRAMP64.slice(1, -1), '--stats', '--cpu', model, path]), [, blocks] = /^blocks with VEX +(\d+)$/m.exec(byteString(new Uint8Array(stderr))) ?? [];
    assert.is(status, native.status);
    assert.equal(new Uint8Array(stdout), new Uint8Array(native.stdout));
    assert.is(Number(blocks) > 0, hasVex, `${model}: ${blocks} blocks with VEX`);
  }
});
library.after(() => rmSync(folder, { recursive: true, force: true }));
library.run();
