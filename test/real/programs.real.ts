/** Real programs, natively and here: the same output, the same status, the same system calls. Needs gcc, musl-gcc, busybox and strace. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseElf, symbolise } from '../../src/loader/elf.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-programs-'));
const TRAMP64 = [process.execPath, join(folder, 'dist/cli.js'), 'run'];
/** The project as it is installed: compiled, for that starts faster. */
const built = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'src'), '--outDir', join(folder, 'dist')]);
if (built.status !== 0) throw new Error(new TextDecoder().decode(built.stdout));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

interface Outcome { readonly status: number | null; readonly stdout: string; readonly stderr: string }
/** Runs in a fresh directory with some files; what the program leaves there is part of the outcome. */
function outcomeOf(command: readonly string[], input: string): Outcome {
  const place = mkdtempSync(join(folder, 'run-'));
  writeFileSync(join(place, 'words'), 'delta\nalpha\ncharlie\nbravo\nalpha\n');
  writeFileSync(join(place, 'numbers'), Array.from({ length: 3000 }, (_, i) => `${(i * 7919) % 3001} line ${i}\n`).join(''));
  const [head = '', ...rest] = command;
  const { status, stdout, stderr } = spawnSync(head, rest, { cwd: place, input, maxBuffer: 1 << 28, timeout: 120_000 });
  const decoder = new TextDecoder('latin1');
  return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
function isSame(command: readonly string[], input = ''): void {
  assert.equal(outcomeOf([...TRAMP64, ...command], input), outcomeOf(command, input), command.join(' '));
}

const busybox = new TextDecoder().decode(spawnSync('sh', ['-c', 'command -v busybox']).stdout).trim();
/** Arguments of busybox; `~` is a space inside one, and what follows `|` is standard input. */
const APPLETS: readonly string[] = [
  'echo hello world', 'echo -e a\\tb\\x41', 'cat words numbers', 'cat - words|from stdin\n', 'cat nothere', 'sort words', 'sort -rn numbers', 'sort -u|b\na\nb\n', 'sha256sum numbers words',
  'md5sum|abc', 'awk {s+=$1}END{print(s,NR)} numbers', 'awk BEGIN{printf("%.6f\\040%d\\n",atan2(1,1)*4,2**31)}', 'sed -e s/line/LINE/g -e 5q numbers', 'sed -n $p words', 'sed -i s/a/A/ words',
  'grep -c 1.*7 numbers', 'grep -n alpha words', 'grep zulu words', 'wc numbers words', 'head -n 3 words', 'tail -n 3 numbers', 'tail -c 10 words', 'cut -d~ -f2- numbers', 'tr a-z A-Z|hello\n',
  'uniq -c words', 'seq 5 -2 -5', 'od -t x1 words', 'gzip -c words', 'gunzip -c nothere', 'bzip2 -c words', 'base64 words', 'dd if=numbers bs=1000 skip=1 count=2 status=none', 'dd of=out status=none|abc',
  'tee copy|abc\n', 'cp words copy', 'mv words moved', 'rm words nothere', 'mkdir -p a/b/c', 'rmdir nothere', 'ln -s words link', 'readlink nothere', 'find . -name w*', 'ls', 'ls -1a', 'stat -c %s:%F:%a words',
  'touch fresh', 'chmod 640 words', 'expr 7 * 6', 'test -f words', 'test -d words', 'true', 'false', 'basename /a/b.c .c', 'dirname /a/b', 'printf %05.2f 3.14159', 'cmp words numbers', 'diff words numbers',
  'rev words', 'tac words', 'nl words', 'fold -w 3 words', 'comm words words', 'paste words words', 'cksum words', 'xxd words', 'strings numbers', 'env -i X=1', 'id -u', 'sleep 0', 
  'sh -c echo~$((6*7));exit~5', 'sh -c for~i~in~1~2;do~echo~$i;done', 'sh -c read~x;echo~<$x>~>&2|shell\n', 'nosuchapplet', 'tar cf /dev/null words', 'vi --help', 'dc|2 3 + p\n',
];
const applets = suite('real › busybox');
for (const row of APPLETS) {
  const [words = '', input = ''] = row.split('|');
  const args = words.split(' ').map(word => word.replaceAll('~', ' '));
  applets(`busybox ${row.trim()}`, () => isSame([busybox, ...args], input));
}
applets.run();

const PROGRAMS: Readonly<Record<string, string>> = {
  printf: 'int main(int n,char**v){printf("%d %s %5.2f %g %e %Lg %x %p %c|%-8s|%08ld\\n",n,v[1],3.14159,1e100,6.02e23,1.5L,255u,(void*)16,65,"left",-42L);return 3;}',
  malloc: `int main(void){char*p[256]={0};unsigned s=1;long sum=0;for(int k=0;k<20000;k++){int i=(s=s*1103515245u+12345)>>16&255;free(p[i]);
    p[i]=k%7?malloc((s>>18)+1):calloc((s>>26)+1,9);p[i][0]=k;sum+=p[i][0];}printf("%ld\\n",sum);return 0;}`,
  qsort: `static int cmp(const void*a,const void*b){return *(int*)a-*(int*)b;}
    int main(void){int a[5000];for(int i=0;i<5000;i++)a[i]=i*7919%10007;qsort(a,5000,4,cmp);long s=0;for(int i=0;i<5000;i++)s=s*31+a[i];printf("%ld\\n",s);}`,
  files: `int main(void){FILE*f=fopen("numbers","r");char b[99];long n=0,s=0;while(fgets(b,99,f))n++,s+=atoi(b);printf("%ld %ld %ld\\n",n,s,ftell(f));
    fseek(f,-20,SEEK_END);puts(fgets(b,99,f)?b:"none");f=freopen("out","w+",f);fprintf(f,"%s\\n","written");rewind(f);puts(fgets(b,99,f));return !remove("out")?4:5;}`,
  scan: 'int main(void){double d;int i;char w[20];while(scanf("%d %lf %19s",&i,&d,w)==3)printf("%d %.3f %s\\n",i,d,w);printf("%s\\n",getenv("HOME")?"home":"none");}',
  map: `int main(void){int f=open("words",O_RDWR);char*p=mmap(0,4096,3,MAP_SHARED,f,0),*q=mmap(0,4096,3,MAP_PRIVATE,f,0);q[0]='Q';p[1]='P';msync(p,4096,MS_SYNC);
    char b[4];pread(f,b,4,0);printf("%.4s %.4s %.4s\\n",b,p,q);munmap(p,4096);p=mmap(0,1<<20,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0);p=mremap(p,1<<20,4<<20,1);p[(4<<20)-1]=7;
    printf("%d %d %d\\n",p[(4<<20)-1],madvise(p,4096,MADV_DONTNEED),mprotect(p,4096,0));return 0;}`,
  pipes: `int main(void){int p[2];pipe(p);struct pollfd q={p[0],POLLIN,0};printf("%d ",poll(&q,1,1));write(p[1],"abc",3);printf("%d ",poll(&q,1,-1));char b[9];printf("%zd ",read(p[0],b,9));
    close(p[1]);printf("%zd %d\\n",read(p[0],b,9),dup2(1,50));return 0;}`,
  directory: `int main(void){DIR*d=opendir(".");struct dirent*e;int n=0;while((e=readdir(d)))n+=strlen(e->d_name);rewinddir(d);while((e=readdir(d)))n++;printf("%d\\n",n);
    struct stat s;stat("words",&s);printf("%ld %o %d\\n",(long)s.st_size,s.st_mode,access("words",X_OK));char b[99];printf("%d\\n",chdir("/tmp")||!getcwd(b,99)||strcmp(b,"/tmp"));return 0;}`,
  abort: 'int main(void){puts("before");fflush(stdout);errno=0;printf("%d %s\\n",close(77),strerror(errno));return 130;}',
};
const INCLUDES = `#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
`;
function compile(compiler: string, name: string, source: string): string {
  const path = join(folder, `${name}-${compiler}`), text = `${path}.c`;
  writeFileSync(text, INCLUDES + source);
  const { status, stderr } = spawnSync(compiler, ['-O2', '-w', '-static', '-o', path, text]);
  if (status !== 0) throw new Error(new TextDecoder().decode(stderr));
  return path;
}
const programs = suite('real › C programs');
for (const compiler of ['gcc', 'musl-gcc']) {
  for (const [name, source] of Object.entries(PROGRAMS)) {
    programs(`${name}, built by ${compiler} -static`, () => isSame([compile(compiler, name, source), 'argument'], '1 2.5 one\n-7 1e3 two\nend\n'));
  }
}
programs('static-PIE programs run at their own address', () => {
  const path = join(folder, 'pie');
  writeFileSync(`${path}.c`, `${INCLUDES}int main(int n,char**v){printf("%s %d\\n",v[0],n);return 9;}`);
  assert.is(spawnSync('gcc', ['-O2', '-w', '-static-pie', '-o', path, `${path}.c`]).status, 0);
  isSame([path]);
});
programs('a program that dies of SIGSEGV says where, with its symbol, and the status is 139', () => {
  const path = compile('gcc', 'segv', 'void __attribute__((noinline)) crash(int*p){*p=1;} int main(void){crash((int*)8);}');
  const outcome = outcomeOf([...TRAMP64, path], '');
  assert.is(outcome.status, 139);
  assert.match(outcome.stderr, /^tramp64: SIGSEGV at rip 0x[0-9a-f]+ <(crash|main)[^>]*>, address 0x8\n$/);
});
programs.run();

const traces = suite('real › strace');
/** What differs by nature: addresses, pids, random bytes, what the host's kernel has and this one has not. */
function plainTrace(text: string): string[] {
  return text.split('\n').filter(line => !/^(execve|rseq|prlimit64|ioctl|write\(1)/.test(line) && line !== '')
    .map(line => line.replace(/0x[0-9a-f]+/g, '0x_').replace(/^(set_tid_address\(.*|getp?p?id\(.*) = \d+$/, '$1 = pid').replace(/"(\\x[0-9a-f]{2})+"/, '"random"')
      .replace(/S_IF(IFO|CHR|SOCK)\|0\d+, st_(size|rdev)=[^,]*(, 0x_\))?/, 'stream'));
}
for (const args of [['cat', 'words'], ['sort', 'words'], ['wc', 'words', 'nothere'], ['mkdir', '-p', 'a/b'], ['touch', 'words', 'fresh'], ['grep', 'alpha', 'words']]) {
  traces(`busybox ${args.join(' ')} makes the same calls in the same notation`, () => {
    const file = join(folder, 'trace'), native = outcomeOf(['strace', '-a1', '-o', file, busybox, ...args], '');
    const here = outcomeOf([...TRAMP64, '--strace', '--', busybox, ...args], '');
    assert.is(here.status, native.status);
    const said = here.stderr.split('\n').filter(line => /^(\w+\(|\+\+\+|---)/.test(line)).join('\n');
    assert.equal(plainTrace(said), plainTrace(readFileSync(file, 'utf8')));
  });
}
traces.run();

const symbols = suite('real › symbols');
symbols('sections and symbols of a static program are those nm and readelf tell', () => {
  const path = compile('gcc', 'symbols', 'int marker(int x){return x*3;} int main(void){return marker(14);}');
  const image = parseElf(readFileSync(path));
  if (typeof image === 'string') throw new Error(image);
  const nm = new TextDecoder().decode(spawnSync('nm', [path]).stdout);
  const at = parseInt(/^([0-9a-f]+) T marker$/m.exec(nm)?.[1] ?? '', 16);
  assert.is(symbolise(image, at), 'marker');
  assert.is(symbolise(image, at + 2), 'marker+0x2');
  assert.ok(image.sections.some(section => section.name === '.text' && section.isExecutable && section.bytes.length > 1000));
});
symbols.after(() => rmSync(folder, { recursive: true, force: true }));
symbols.run();
