/** What Debian's programs are asked to do: scripts for bash, or one program and its arguments. Their output must not depend on time or chance. */
export interface Script { readonly name: string; readonly run: string | readonly string[]; readonly input?: string }
const script = (name: string, run: string, input = ''): Script => ({ name, run, input });
/** A program of a language, as its own `-c` takes it. */
const program = (name: string, command: readonly string[], text: string): Script => ({ name, run: [...command, text] });

export const BASH: readonly Script[] = [
  script('builtins alone', `a=(1 2 3); for i in "\${a[@]}"; do echo $((i*i)); done; declare -A m=([x]=1 [y]=2); echo \${m[x]}\${m[y]} \${#a[@]}; printf '%05d %s %q\\n' 42 x 'a b'
    [[ abc =~ b(.) ]] && echo \${BASH_REMATCH[1]}; s=hello; echo \${s^^} \${s:1:3} \${s/l/L} \${s//l/L} \${s#h} \${s%o} \${#s} \${t:-unset}; f() { local x=$1; ((x<2)) && { echo 1; return; }; echo $((x*$(f $((x-1))))); }; echo {a..e}{1,2}; let z=2**10; echo $z`),
  script('pipes', 'seq 1 100 | grep 7 | sort -rn | head -3; cat numbers | wc -l; yes | head -2; echo a | cat | cat | cat; false | true | (exit 3); echo "${PIPESTATUS[@]}"; set -o pipefail; false | true; echo $?'),
  script('subshells and command substitution', 'x=$(echo $(echo a | tr a b)); (cd /; pwd; x=inner); echo $x; f() { [ $1 -lt 2 ] && echo 1 || echo $(( $1 * $(f $(($1-1))) )); }; f 8; echo "$(printf "one\\n\\ntwo\\n\\n")|"; echo $(<words)'),
  script('here-documents', 'v=value\ncat <<E; cat <<"E"; cat <<-E\nexpands $v $((1+1)) $(echo sub)\nE\nkeeps $v\nE\n\t\ttabs gone\n\tE\ntr a-z A-Z <<< "here $v"'),
  script('traps and signals', `trap 'echo bye $?' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; (trap 'echo term; exit 3' TERM; kill -TERM $BASHPID; echo no); echo $?; trap '' INT; kill -INT $$; trap - INT
    trap 'echo chld' CHLD; /bin/true; trap - CHLD; trap 'echo err $LINENO' ERR; false; exec 2>/dev/null; (kill -9 $BASHPID); echo $?; (kill -SEGV $BASHPID); echo $?; exit 5`),
  script('job control', `set -m; (exit 3) & wait %1; echo $?; sleep 100 & kill %%; wait $!; echo $?; sleep 0.2 & jobs -r | sed 's/ \\+/ /g'; wait; sleep 100 & kill -STOP $!; wait $!; echo $?; kill -CONT $!; sleep 0.2; jobs -r | sed 's/.*Running/Running/'; kill $!; wait
    (sleep 0.3; echo in background; exit 7) & fg 2>/dev/null; echo $?`),
  script('background processes', 'for i in 1 2 3; do (sleep 0.$i; echo $i) & done; wait; (sleep 0.1; exit 4) & wait -n; echo $?; wait; { sleep 0.1; echo late; } & echo early; wait $!; coproc tr a-z A-Z; echo x >&${COPROC[1]}; exec {COPROC[1]}>&-; cat <&${COPROC[0]}'),
  script('read', 'while IFS=, read -r a b c; do echo "$b-$a"; done < table.csv; read -r x y <<< "one two three"; echo "$y"; mapfile -t l < words; echo ${#l[@]} ${l[2]}; while read -r l; do n=$((n+1)); done < <(cat numbers); echo $n; read -rn3 k <<< abcdef; echo $k; read -r line; echo "got $line"; cat', 'first line\nthe rest\nof it\n'),
  script('redirections', 'exec 3> out; echo to three >&3; exec 3>&-; cat out; { echo o; echo e >&2; } > both 2>&1; cat both; ls nothere 2>/dev/null; echo $?; exec 4<> rw; echo data >&4; cat < rw; set -C; echo x > out; echo $?; echo y >| out; cat < out >> both; cat nothere 2>&1 | sed s/cat/CAT/; echo z | tee -a both >/dev/null; cat /dev/fd/5 5< both; : < /dev/null'),
  script('getopts, case, select of paths', 'set -- -a -b val rest; while getopts ab: o; do case $o in a) echo A;; b) echo "B $OPTARG";; esac; done; shift $((OPTIND-1)); echo $1; echo t*; shopt -s globstar extglob; echo **/*e\necho !(t*|w*); ls -d tree/*/; type cd | head -1; hash ls; command -v ls'),
  script('scripts', 'printf "#!/bin/sh -e\\necho \\$0 \\$# \\$1\\n" > s; chmod +x s; ./s "a b"; printf "echo no first line \\$1\\n" > t; chmod +x t; ./t x; printf "#!/usr/bin/env python3\\nprint(1+1)\\n" > p; chmod +x p; ./p; printf "#!/no/such\\n" > n; chmod +x n; ./n; echo $?; echo text > u; ./u; echo $?; ./nothere; echo $?; ./tree; echo $?; . ./t sourced; exec ./s last'),
  script('xargs, find -exec, env, timeout', `seq 1 20 | xargs -n6 echo; printf 'a\\0b c\\0' | xargs -0 -I{} echo '<{}>'; seq 4 | xargs -P1 -n1 sh -c 'exit $0' ; echo $?; find tree -type f | sort | xargs cat; find tree -name t\\* -exec echo f {} \\; | sort; env -i A=1 B=2 env | sort
    timeout 0.2 sleep 9; echo $?; timeout 9 true; echo $?; nice -n 5 sh -c 'echo $(($(nice) - $1))' - $(nice); nohup echo hup 2>/dev/null; setsid echo session; flock words echo locked`),
  script('dash', `cat > d.sh <<'E'\ni=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i | sed s/^/n/; done; trap 'echo out' 0; x=$(cat words | sort -u | tr '\\n' ' '); echo "$x"; (echo sub; exit 2) || echo "st $?"; sleep 0.1 & wait; set -- a b c; echo $# "$*"; umask 027; > new; kill -l 9\nE\ndash d.sh`),
];

export const COREUTILS: readonly Script[] = [
  script('copies, links, modes', `cp -r tree copy; cp -p words w2; ln -s words link; ln words hard; mv w2 moved; mkdir -p x/y/z; chmod 640 moved; chmod -R go-rx x; install -m 755 words prog; rm -r copy/a; rmdir x/y/z; touch -d '2001-02-03 04:05:06' moved; truncate -s 100 numbers; cp -s words sym 2>&1; ln -sf other link; unlink hard
    stat -c '%n %s %a %F %h' moved prog link; stat -c %y moved; readlink link; realpath --relative-to=. tree/../words; ls -l --time-style=+%Y moved; ls -RF tree; ls -1S words text; rm nothere; mkdir tree; cp nothere x; mv words tree/a; cat words`),
  script('sorting', 'sort words; sort -u words; sort -rn numbers | head -2; sort -t, -k2,2n -k1,1r table.csv; sort -c words; echo $?; sort words | uniq -c; sort words | uniq -d; sort -R --random-source=numbers words | sort | head -1; comm <(sort words) <(echo alpha); join -t, <(sort table.csv) <(echo ann,x); tsort <<< "a b b c"; shuf --random-source=numbers -i 1-5 | sort; sort -S 1M --parallel=2 numbers | sha1sum; ptx text | head -2'),
  script('lines and columns', "cut -d, -f2 table.csv; cut -c2-4 words; paste words words | head -2; paste -sd+ words; tr -d aeiou < words; tr -s a-z < text; nl text; fold -w 10 text; fmt -w 20 text; expand text | tail -1; unexpand -a text | tail -1; tac words; head -c 20 text; tail -n +3 words; tail -c 5 words; pr -t -2 words; column -t -s, table.csv; rev words; split -l 100 numbers part; wc part*; csplit -s numbers 10 20; wc -l xx*; cat -A text; cat -n words; wc text; wc -L text"),
  script('sums and codes', 'md5sum words; sha1sum words; sha224sum words; sha256sum words numbers; sha384sum words; sha512sum words; b2sum words; cksum words; sum words; base64 text; base64 text | base64 -d; base32 words; basenc --base16 words; od -c words; od -An -tx1z text; od -tf8 -N16 numbers; sha256sum words | sha256sum -c'),
  script('numbers and words', "seq 1 0.5 3; seq -w 8 11; factor 12345678901234567890 97; expr 7 '*' 6; expr abc : 'a\\(.\\)'; numfmt --to=iec 1234567; echo 1K | numfmt --from=iec; printf '%x %o %e %s\\n' 255 8 1.5 w; test 1 -lt 2; echo $?; [ -d tree -a -f words ]; echo $?; basename /a/b.c .c; dirname /a/b; date -d @86400 +%FT%T; date -ud '2020-02-28 +2 days' +%F; date -d 'last monday' +%a; echo a b | tee t1 t2; yes n | head -3; env | grep ^TZ; printenv HOME | sed 's#.*/##'; id -un; groups; uname -sm; arch; hostid > /dev/null; tty; nproc > /dev/null; true; pathchk words; mktemp -u XXXX | wc -c"),
  script('dd and sizes', 'dd if=numbers of=out bs=512 count=3 2>/dev/null; wc -c out; dd if=words bs=1 skip=3 count=5 2>/dev/null; dd if=/dev/zero bs=1k count=100 2>/dev/null | md5sum; head -c 100000 /dev/zero | tr "\\0" x | md5sum; truncate -s 1M sparse; stat -c %s sparse; du -b words; dd if=words of=sparse conv=notrunc 2>/dev/null; cmp sparse words; split -b 300k sparse big; ls big*; cat big* | cmp - sparse; echo $?; rm big* sparse; fallocate -l 1000 fa; wc -c fa; mkfifo ff; cat ff & echo through > ff; wait; rm ff'),
];

export const TEXT: readonly Script[] = [
  script('grep', `grep -n a words; grep -v a words; grep -c a words; grep -rl 1 tree; grep -E '^(a|b)' words; grep -o '[aeiou]' words | sort | uniq -c; grep -w fox text; grep -i THE text; grep -A1 -B1 lazy text; grep -F '"quotes"' text; grep -P '(?<=l)a' words; grep -q zzz words; echo $?; grep x nothere; echo $?; grep -z a words | tr '\\0' '\\n'; zgrep -c a words; printf 'bin\\0a' | grep a; grep -f words words | head -2; egrep 2>/dev/null '[0-9]{4}' numbers | head -2`),
  script('sed', `sed 's/a/A/g' words; sed -n '2,3p' words; sed '/alpha/d' words; sed -E 's/(.)(.)/\\2\\1/' words; sed '1!G;h;$!d' words; sed -i.bak 's/e/E/' words; cat words words.bak | head -3; sed -n '$=' numbers; sed 'y/abc/xyz/;5q' words; sed -e '1i\\top' -e '$a\\end' words; sed -s -n '1F;1p' words text; sed 's/.*/echo &/e' words | head -2; sed '/brown/{n;s/dog/cat/;w out\n}' text; cat out; sed -n '/quick/,/dog/l' text; seq 10 | sed -n '0~3p' | sed -z 's/\\n/,/g'`),
  script('gawk', `gawk -F, 'NR>1{s+=$2; c[$3]++} END{print s, s/3; for(k in c) print k, c[k] | "sort"}' table.csv; gawk 'BEGIN{printf "%5.2f|%-5s|%05d|%c|%x\\n",3.14159,"ab",42,65,255; print substr("hello",2,3), index("hello","l"), length("hello"), toupper("x"), split("a:b:c",p,":"), p[2]}'
    gawk '{gsub(/a/,"<&>"); print}' words; gawk 'BEGIN{"echo piped" | getline x; print x; while(("cat words" | getline l)>0) n++; print n; print "to sort" | "cat 1>&2"; close("cat 1>&2"); print strftime("%F",0), mktime("2020 01 01 00 00 00"), 2**0.5, int(-3.7), (systime()>0)}'; gawk 'BEGIN{cmd="tr a-z A-Z"; print "coproc" |& cmd; close(cmd,"to"); cmd |& getline x; print x; print match("foobar",/o+/), RSTART, RLENGTH, gensub(/(o)/,"[\\\\1]","g","foo"); n=asort(a); PROCINFO["sorted_in"]="@ind_str_asc"; system("exit 3"); print ARGC}'; gawk 'NR%100==0' numbers; mawk 'BEGIN{print 1/3, "mawk"}'`),
  script('diff, patch, cmp', 'sed s/alpha/omega/ words > w2; diff words w2; diff -u --label a --label b words w2 > p; cat p; cp words w3; patch w3 < p; cmp w3 w2 && echo same; diff -r tree tree; echo $?; diff -y -W 20 words w2; diff3 words w2 w3; sdiff -s words w2; cmp words w2; comm -12 <(sort words) <(sort w2)'),
  script('bc, file', 'echo "scale=20; sqrt(2); 2^100; 7/3" | bc; echo "define f(n){if(n<2)return 1;return n*f(n-1)} f(30)" | bc; bc -l <<< "s(1)"; file words text table.csv tree; printf "\\x7fELF\\x02\\x01\\x01" > e; file -b e; file -b --mime-type words'),
];

const PYTHON = ['/usr/bin/python3', '-c'], PERL = ['perl', '-e'], LUA = ['lua5.4', '-e'];
export const LANGUAGES: readonly Script[] = [
  program('python3: numbers, json, re, hashlib', PYTHON, `
import json, re, hashlib, math, decimal, fractions, struct, zlib, base64, collections, itertools, random, datetime, textwrap
print(2**200, math.pi, math.sin(1), 1/3, round(2.675, 2), float('1e308')*10, divmod(-7, 3), sum(range(10**4)))
print(json.dumps({'a': [1, 2.5, None, True, 'ü']}), json.loads('{"x": [1e3, "\\\\u00e9"]}'))
print(re.findall(r'(\\w)(\\d+)', 'a1 b22 c333'), re.sub(r'(?P<x>o+)', lambda m: m.group('x').upper(), 'foo boo'))
for h in ('md5', 'sha1', 'sha256', 'sha3_512', 'blake2b'): print(h, hashlib.new(h, b'tramp' * 1000).hexdigest())
print(decimal.Decimal(1) / 7, fractions.Fraction(3, 9), struct.pack('<qd', -5, 1.5).hex(), zlib.crc32(b'abc'), len(zlib.compress(b'a' * 10000)))
random.seed(7); print(random.random(), random.randint(1, 100), random.sample(range(50), 5), collections.Counter('mississippi').most_common(2))
print(datetime.datetime(2020, 2, 28) + datetime.timedelta(days=2), list(itertools.permutations('abc'))[:3], sorted({'b': 1, 'a': 2}.items()))
class A:
    def __init__(self): self.x = [i * i for i in range(5)]
    def __repr__(self): return f'A({self.x})'
try: print(A(), {**{'k': 1}}); [][1]
except IndexError as e: print('caught', e)
`),
  program('python3: threading', PYTHON, `
import threading, queue, time
from concurrent.futures import ThreadPoolExecutor
lock, total = threading.Lock(), 0
def work(n):
    global total
    for i in range(n):
        with lock: total += i
threads = [threading.Thread(target=work, args=(200,)) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]; print(total)
q = queue.Queue(3)
def producer():
    for i in range(10): q.put(i)
    q.put(None)
threading.Thread(target=producer).start()
got = []
while (x := q.get()) is not None: got.append(x)
print(got)
with ThreadPoolExecutor(4) as pool: print(list(pool.map(lambda x: x * x, range(10))))
e = threading.Event(); threading.Timer(0.05, e.set).start(); print(e.wait(5))
c = threading.Condition(); ready = []
def waiter():
    with c:
        while not ready: c.wait()
        print('ready', ready)
t = threading.Thread(target=waiter); t.start()
with c: ready.append(1); c.notify_all()
t.join(); b = threading.Barrier(3); r = []
ts = [threading.Thread(target=lambda: (b.wait(), r.append(1))) for _ in range(3)]; [t.start() for t in ts]; [t.join() for t in ts]; print(len(r))
s = threading.local(); s.x = 1; time.sleep(0.01); print(threading.active_count())
`),
  program('python3: subprocess, os, signal, tempfile', PYTHON, `
import subprocess, os, signal, sys, tempfile, shutil, pathlib, glob, select, mmap, fcntl, resource, time
print(subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout, subprocess.check_output('echo $((6*7)) | cat', shell=True))
p = subprocess.Popen(['sort'], stdin=subprocess.PIPE, stdout=subprocess.PIPE); print(p.communicate(b'b\\na\\n'))
print(subprocess.run(['false']).returncode, subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
try: subprocess.run(['sleep', '9'], timeout=0.1)
except subprocess.TimeoutExpired: print('timeout')
try: subprocess.run(['/no/such'])
except FileNotFoundError as e: print(e)
pid = os.fork()
if pid == 0: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
r, w = os.pipe()
if os.fork() == 0: os.write(w, b'from child'); os._exit(0)
os.close(w); print(os.read(r, 99), os.wait()[1])
signal.signal(signal.SIGALRM, lambda s, f: print('alarm', s)); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.2)
signal.signal(signal.SIGUSR1, lambda s, f: print('usr1')); os.kill(os.getpid(), signal.SIGUSR1)
with tempfile.TemporaryDirectory() as d:
    f = pathlib.Path(d) / 'x'; f.write_text('hello'); print(f.read_text(), f.stat().st_size, os.listdir(d)); os.symlink('x', f.parent / 'l'); print(os.readlink(f.parent / 'l'))
    with open(f, 'r+b') as h:
        m = mmap.mmap(h.fileno(), 0); m[0:1] = b'J'; print(m[:]); m.close()
print(sorted(glob.glob('tree/*/*')), [len(x) for _, _, x in sorted(os.walk('tree'))], os.path.exists('words'), shutil.which('ls'))
print(select.select([r], [], [], 0)[0] == [r], resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0, sys.argv, os.cpu_count() > 0)
print(os.sched_getaffinity(0) != set(), os.getpriority(os.PRIO_PROCESS, 0) == os.nice(0), os.get_terminal_size if False else '', os.environ['TZ'])
`),
  program('python3: ctypes with callbacks', PYTHON, `
import ctypes, ctypes.util
libc = ctypes.CDLL(None); libm = ctypes.CDLL('libm.so.6')
libm.pow.restype = ctypes.c_double; libm.pow.argtypes = [ctypes.c_double] * 2; print(libm.pow(2, 0.5), libc.abs(-5), libc.strlen(b'hello'))
T = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)); calls = 0
def compare(a, b):
    global calls; calls += 1; return a[0] - b[0]
arr = (ctypes.c_int * 8)(5, 3, 9, 1, 7, 2, 8, 0); libc.qsort(arr, 8, 4, T(compare)); print(list(arr), calls > 0)
class P(ctypes.Structure): _fields_ = [('x', ctypes.c_int), ('y', ctypes.c_double)]
p = P(1, 2.5); q = ctypes.pointer(p); q.contents.x = 9; print(p.x, p.y, ctypes.sizeof(P), bytes(p)[:4])
b = ctypes.create_string_buffer(32); libc.snprintf(b, 32, b'%d %s', 42, b'str'); print(b.value)
D = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double); print(D(lambda a, b: a * b + 0.5)(3, 4))
`),
  program('python3: sqlite3', PYTHON, `
import sqlite3
c = sqlite3.connect('py.db'); c.execute('create table t(a integer primary key, b text, c real)')
c.executemany('insert into t values(?,?,?)', [(i, f'row{i}', i / 3) for i in range(500)]); c.commit()
print(c.execute('select count(*), sum(c), max(b) from t where a % 7 = 0').fetchone())
c.create_function('twice', 1, lambda x: 2 * x); print(c.execute('select twice(21)').fetchone())
try: c.execute('insert into t values(1, 2, 3)')
except sqlite3.IntegrityError as e: print(e)
d = sqlite3.connect('py.db'); print(d.execute("select b from t order by c desc limit 2").fetchall()); c.rollback(); c.close()
`),
  program('python3: sockets', PYTHON, `
import socket, threading, socketserver, selectors, os
a, b = socket.socketpair(); a.sendall(b'pair'); print(b.recv(99)); a.close(); print(b.recv(9))
s = socket.create_server(('127.0.0.1', 0)); port = s.getsockname()[1]
def serve():
    c, _ = s.accept()
    with c:
        while d := c.recv(100): c.sendall(d.upper())
t = threading.Thread(target=serve); t.start()
c = socket.create_connection(('127.0.0.1', port)); c.sendall(b'hello'); print(c.recv(99)); c.shutdown(socket.SHUT_WR); print(c.recv(9)); t.join()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); v.sendto(b'dgram', u.getsockname()); print(u.recv(99))
x = socket.socket(socket.AF_UNIX); x.bind('sock'); x.listen(); y = socket.socket(socket.AF_UNIX); y.connect('sock'); z, _ = x.accept(); y.send(b'unix'); print(z.recv(9)); os.unlink('sock')
sel = selectors.DefaultSelector(); p, q = socket.socketpair(); p.setblocking(False); sel.register(p, selectors.EVENT_READ, 'd'); q.send(b'!'); print([k.data for k, _ in sel.select(1)])
try: socket.create_connection(('127.0.0.1', 1), timeout=1)
except OSError as e: print(type(e).__name__)
socket.send_fds(p, [b'fd'], [os.open('words', os.O_RDONLY)]); m, f, _, _ = socket.recv_fds(q, 9, 1); print(m, os.read(f[0], 5))
`),
  program('python3: multiprocessing', PYTHON, `
import multiprocessing as mp, os
def square(x): return x * x
def child(q, n): q.put((n, n * n))
if __name__ == '__main__':
    with mp.Pool(3) as pool: print(pool.map(square, range(10)))
    q = mp.Queue(); ps = [mp.Process(target=child, args=(q, i)) for i in range(3)]; [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]
    a, b = mp.Pipe(); p = mp.Process(target=lambda: b.send(['x', 1])); p.start(); print(a.recv()); p.join(); print(p.exitcode)
    v = mp.Value('i', 0)
    def add(v):
        for _ in range(50):
            with v.get_lock(): v.value += 1
    ps = [mp.Process(target=add, args=(v,)) for _ in range(3)]; [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
`),
  program('python3: asyncio', PYTHON, `
import asyncio
async def tick(n, d):
    await asyncio.sleep(d); return n
async def echo(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
async def main():
    print(await asyncio.gather(tick(1, 0.03), tick(2, 0.01), tick(3, 0.02)))
    s = await asyncio.start_server(echo, '127.0.0.1', 0); r, w = await asyncio.open_connection(*s.sockets[0].getsockname()); w.write(b'line\\n'); print(await r.readline()); w.close(); s.close()
    p = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE); print(await p.communicate(b'via cat'), p.returncode)
    try: await asyncio.wait_for(asyncio.sleep(9), 0.01)
    except asyncio.TimeoutError: print('timeout')
    q = asyncio.Queue(); await q.put(1); print(await q.get(), await asyncio.to_thread(lambda: 5))
asyncio.run(main())
`),
  program('perl: text and data', PERL, String.raw`my %h = map { $_ => length } qw(one three five); print "$_=$h{$_}\n" for sort keys %h; print join(",", map { $_ * 2 } grep { $_ % 2 } 1 .. 9), "\n"; printf "%.15g %s %05d %x\n", sqrt(2), "s", 42, 255; my $t = "The quick fox"; (my $u = $t) =~ s/(\w+)/<$1>/g; print "$u\n", scalar reverse("abc"), "\n";
    print join("|", "a1b22c" =~ /(\d+)/g), "\n", join(",", sort { $b <=> $a } 3, 11, 2), "\n"; open my $f, "<", "words" or die; my @l = <$f>; print scalar(@l), " $l[1]"; my $r = { list => [1, 2, { k => "v" }] }; print $r->{list}[2]{k}, "\n"; eval { die { code => 5 } }; print $@->{code}, "\n"; local $_ = "x" x 3; print; print "\n"; print sprintf("%vd", "1.2.3"), " ", ucfirst(lc("HELLO")), "\n"; use POSIX qw(floor strftime); print floor(-1.5), strftime(" %F", gmtime 0), "\n"; use List::Util qw(sum max); print sum(1 .. 10), max(3, 9, 2), "\n"; use Digest::MD5 "md5_hex"; print md5_hex("x"), "\n"; print pack("A3 n C", "abcd", 258, 65) eq "abc\1\2A" ? "pack\n" : "no\n"; use Data::Dumper; $Data::Dumper::Sortkeys = 1; print Dumper($r);`),
  program('perl: fork, pipes, signals, sockets', PERL, String.raw`$| = 1; my $pid = fork; if (!$pid) { exit 7 } waitpid $pid, 0; print $? >> 8, "\n"; print qx(echo sub | tr a-z A-Z); open my $p, "-|", "sort", "words"; print while <$p>; close $p; open my $w, "|-", "cat"; print $w "to cat\n"; close $w; pipe my $r, my $x; if (!fork) { close $r; print $x "child\n"; exit } close $x; print <$r>; wait; system("exit 3"); print $? >> 8, "\n";
    $SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 9; }; print $@; $SIG{CHLD} = sub { print "chld\n" }; if (!fork) { exit } sleep 1; use Socket; use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1"); my $port = $s->sockport; $SIG{CHLD} = "DEFAULT"; if (!fork) { my $c = IO::Socket::INET->new("127.0.0.1:$port"); print $c "over tcp\n"; exit } my $c = $s->accept; print scalar <$c>; wait; socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, 0; syswrite $a, "pair"; sysread $b, my $g, 9; print "$g\n"; exec "echo", "exec'd";`),
  program('lua5.4', LUA, `print(_VERSION, 10 // 3, 2 ^ 0.5, 7 % -3, 1 << 40, math.maxinteger, string.format('%q %5.2f %x', 'a\\nb', 3.14159, 255)) local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end) print(co(), co(), co())
    local t = setmetatable({}, { __index = function(_, k) return k .. '!' end, __call = function(_, x) return x + 1 end }) print(t.key, t(41)) for w in ('one two three'):gmatch('%a+') do io.write(w:upper(), ' ') end print(('x'):rep(3, ','), #'abc', ('hello'):gsub('l', 'L')) local s = { 5, 2, 8 } table.sort(s, function(a, b) return a > b end) print(table.concat(s, ' '), select('#', 1, nil), pcall(error, 'oops'))
    local p = io.popen('echo from shell') print(p:read('a'), p:close()) for l in io.lines('words') do io.write(l, ';') end print(os.execute('exit 3')) print(os.time({ year = 2020, month = 1, day = 1, hour = 0 }), utf8.char(228, 8364), string.pack('<i4', 7):byte(1, -1))`),
];

export const TOOLS: readonly Script[] = [
  script('sqlite3', `sqlite3 my.db "create table t(a,b); insert into t values(1,'x'),(2,'y'); begin; update t set b='z' where a=2; commit;"; sqlite3 my.db 'select * from t; select sum(a), group_concat(b), sqlite_version() > 3 from t;'; sqlite3 :memory: "with recursive c(x) as (select 1 union all select x+1 from c where x<1000) select count(*), sum(x) from c; select json_extract('{\\"a\\":[1,2]}','$.a[1]'); select printf('%.3f', 2.0/3), upper('abc'), substr('hello',2,3), date('2020-02-28','+2 days'), hex(x'0aff');"
    sqlite3 -csv -header my.db 'select * from t'; printf '.mode line\\nselect * from t;\\n.schema\\n.dump\\n' | sqlite3 my.db; sqlite3 my.db 'select nothing'; echo $?; sqlite3 my.db 'create index i on t(b); explain query plan select * from t where b=1; pragma integrity_check; vacuum;'`),
  script('gcc compiles, assembles, links', 'gcc hello.c -o hello -lm && ./hello; echo $?; gcc -O2 -S -o - hello.c | grep -c main; gcc -c -g hello.c && nm hello.o | sort; gcc -static -O2 hello.o -o st -lm && ./st x y; echo "int main(){return x;}" > bad.c; gcc bad.c 2>&1 | head -3; rm -f hello hello.o st'),
  script('make, ar, objdump, strip', `printf 'all: a.out\\n\\t./a.out one\\nlib.a: f.o\\n\\tar rcs $@ $^\\na.out: m.o lib.a\\n\\tgcc -o $@ $^\\n%%.o: %%.c\\n\\tgcc -c -O1 $<\\n' > Makefile; echo 'int f(int x){return x*3;}' > f.c; printf '#include <stdio.h>\\nint f(int);int main(int n,char**v){printf("%%d %%s\\\\n",f(n),v[1]);return 0;}\\n' > m.c; exec 2>/dev/null; make; make -s; rm f.o; make -n -j2; ar t lib.a; objdump -d f.o | tail -4; strip a.out; ./a.out two; size f.o | tail -1 | cut -f1; readelf -h f.o | grep Machine; rm -f *.o *.a a.out`),
  script('git', `git init -q -b main repo; cd repo; git config user.name N; echo one > f; git add f; git commit -qm first; echo two >> f; git commit -qam second; git log --oneline; git log -p --format='%H %an %s'; git status -sb; git checkout -q -b topic HEAD~1; echo other > g; git add .; git commit -qm topic; git checkout -q main; git merge -q topic -m merge; git log --graph --format=%s; git show --stat HEAD | tail -3; git diff HEAD~1 --numstat; git tag v1; git describe; git rev-parse HEAD; git ls-files -s; git cat-file -p HEAD; git stash list; git blame -s f; git grep -n two; git rm -q g; git reset -q --hard; git rebase -q topic 2>&1; git fsck 2>&1; git gc -q; cd ..; git clone -q repo copy 2>&1; git -C copy log --format=%s | head -1; git -C copy branch -a; rm -rf repo copy`),
  script('archives', 'tar --sort=name --mtime=@0 --owner=0 --group=0 -cf t.tar tree words; tar tvf t.tar; sha1sum t.tar; mkdir o; tar xf t.tar -C o; diff -r tree o/tree && echo same; gzip -kn words; zcat words.gz | cmp - words; xz -k words; xzcat words.xz | cmp - words; bzip2 -k words; bzcat words.bz2 | cmp - words; zstd -q -k words; zstdcat words.zst | cmp - words; sha1sum words.gz words.xz words.bz2; tar czf - tree | tar tzf - | sort; tar cJf t.txz tree; tar xOf t.txz tree/a/one; cpio -o --quiet < /dev/null | wc -c; rm -rf t.txz *.zst o t.tar'),
  script('openssl, curl and other libraries', 'openssl dgst -sha256 words; echo secret | openssl enc -aes-256-cbc -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 00112233445566778899aabbccddeeff | openssl base64; openssl prime 1000003; openssl version | cut -c1-9; curl -s file://$PWD/words; jq -c .a[1] <<< "{\\"a\\":[1,{\\"b\\":2}]}"; xmllint --format - <<< "<a><b>1</b></a>"; iconv -f utf-8 -t latin1 <<< "ä" | od -An -tx1; ldd /bin/true | sed "s/ (.*//" | tail -2; getconf PAGE_SIZE; locale | head -1; ps -o comm= -p $$; expect -c "spawn echo hi; expect hi; exit 4" > /dev/null; echo $?'),
];
