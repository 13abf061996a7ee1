/** What the way into the kernel and back costs: system calls, signals, faults, mappings. */
import { FREE, type Kernel, type Stopwatch } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const call = (number: number, ...args: readonly (number | string)[]): string =>
  `${args.map((arg, k) => `mov ${['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'][k]!}, ${arg}`).join('\n')}\nmov eax, ${number}\nsyscall\n`;
const MMAP = 9, MPROTECT = 10, MUNMAP = 11, SIGACTION = 13, SIGPROCMASK = 14, MADVISE = 28, GETPID = 39, GETTID = 186, TGKILL = 234, OPEN = 2, CLOSE = 3, PIPE = 22, MEMFD = 319, FTRUNCATE = 77;
const PRIVATE = 2, SHARED = 1, FIXED = 16, ANONYMOUS = 32;
const mapped = (bytes: number, prot: number, flags = PRIVATE | ANONYMOUS, fd: number | string = -1): string => call(MMAP, 0, bytes, prot, flags, fd, 0);
const times = (count: number, body: string): string => `mov ebx, ${count}\n.balign 16\nround:\n${body}\ndec ebx\njnz round\nret\n`;
const repeated = (count: number, body: string, before = ''): readonly [Kernel, number] => [{ before, code: times(count, body), dataBytes: 1 << 20 }, count];

const ACTION = FREE + 64, SAVED = FREE + 8, FRAME_R10 = 40 + 16, FRAME_RIP = 40 + 128, FRAME_RSP = 40 + 120;
/** A handler of a signal, and what it does with the ucontext in RDX. */
const handled = (signal: number, handler: string): readonly [string, string] => [
  `lea rax, [handler]\nmov [${ACTION}], rax\nmov qword ptr [${ACTION + 8}], 0x44000004\nlea rax, [restorer]\nmov [${ACTION + 16}], rax\nmov qword ptr [${ACTION + 24}], 0\n${call(SIGACTION, signal, ACTION, 0, 8)}`,
  `.balign 16\nhandler:\n${handler}\nret\nrestorer:\nmov eax, 15\nsyscall\n`,
];
const signalled = (signal: number, handler: string, body: string, before = ''): readonly [Kernel, number] => {
  const [install, code] = handled(signal, handler);
  return [{ before: install + before, code: times(20, body) + code, dataBytes: 1 << 20 }, 20];
};
const skip = (bytes: number): string => `add qword ptr [rdx+${FRAME_RIP}], ${bytes}`;
const TRAMPOLINE = `mov qword ptr [rdx+${FRAME_R10}], ${SAVED}\nlea rax, [target]\nmov [rdx+${FRAME_RIP}], rax`;
const PUSHING = `mov rcx, [rdx+${FRAME_RSP}]\nsub rcx, 8\nlea rax, [target]\nmov [rcx], rax\nmov [rdx+${FRAME_RSP}], rcx\nmov qword ptr [rdx+${FRAME_R10}], ${SAVED}\nlea rax, [stub]\nmov [rdx+${FRAME_RIP}], rax`;
const TARGET = '\nret\n.balign 16\ntarget:\nmov rax, [r10]\nadd rax, rdi\nret\nstub:\nret\n';
const keep = `mov [${SAVED}], rax\n`, kept = `[${SAVED}]`, PAGES = 256, PAGE = 4096;
/** Every page of a mapping touched once, which was given back before. */
const touched = (access: string, prepare: string, release = ''): readonly [Kernel, number] => [{
  before: `${mapped(PAGES * PAGE, 3)}${keep}`,
  // The time is taken by the kernel itself, of the loop alone: the harness's includes what prepares it.
  code: `${prepare}lfence\nrdtsc\nlfence\nmov r14d, eax\nmov rdi, ${kept}\nmov ecx, ${PAGES}\nround:\n${access}\nadd rdi, ${PAGE}\ndec ecx\njnz round\nrdtscp\nlfence\nsub eax, r14d\nmov [${FREE}], eax\n${release}ret`,
  dataBytes: 1 << 20,
}, PAGES];
const all = `mov rdi, ${kept}\nmov ecx, ${PAGES}\nfill:\nmov byte ptr [rdi], 1\nadd rdi, ${PAGE}\ndec ecx\njnz fill\n`;
const forget = `${all}${call(MADVISE, kept, PAGES * PAGE, 4)}`;
const EXE = '/proc/self/exe', path = (at: number, text: string): string => [...`${text}\0`].map((c, k) => `mov byte ptr [${at + k}], ${c.charCodeAt(0)}`).join('\n');
const opened = `${path(FREE + 256, EXE)}\n${call(OPEN, FREE + 256, 0)}mov r15, rax\n`, memfd = `${path(FREE + 256, 'm')}\n`;

/** A kernel, and how often it does what is measured; rows that no guest here can have are left out. */
const KERNELS: Readonly<Record<string, readonly [Kernel, number]>> = {
  'syscall getppid': repeated(100, call(110)), 'syscall enosys': repeated(100, call(100000)),
  'syscall rt sigprocmask read': repeated(100, call(SIGPROCMASK, 0, 0, FREE, 8)),
  'time syscall': repeated(50, call(201, 0)), 'getcpu syscall': repeated(50, call(309, FREE, 0, 0)), 'brk0 syscall': repeated(50, call(12, 0)),
  'pipe write1 read1 pair': repeated(20, call(1, `[${SAVED + 4}]`, FREE, 1).replace('mov rdi', 'mov edi') + call(0, kept, FREE, 1).replace('mov rdi', 'mov edi'), call(PIPE, SAVED)),
  'tgkill self SIGUSR1 roundtrip(3 syscalls+sigreturn)': signalled(10, '', `${call(GETTID)}mov r12, rax\n${call(GETPID)}${call(TGKILL, 'rax', 'r12', 10)}`),
  'int3 SIGTRAP roundtrip': signalled(5, '', 'int3'), 'ud2 SIGILL roundtrip': signalled(4, skip(2), 'ud2'),
  'segv read PROT NONE roundtrip': signalled(11, skip(3), `mov rdx, ${kept}\nmov rax, [rdx]`, mapped(PAGE, 0) + keep),
  'segv read unmapped roundtrip': signalled(11, skip(3), 'mov edx, 16\nmov rax, [rdx]'),
  'trampfd emul segv set r10 rip': signalled(11, TRAMPOLINE + TARGET, `call ${kept}`, mapped(PAGE, 0) + keep),
  'trampfd emul segv push target set r10 rip': signalled(11, PUSHING + TARGET, `call ${kept}`, mapped(PAGE, 0) + keep),
  'trampfd emul segv NX page present': signalled(11, TRAMPOLINE + TARGET, `call ${kept}`, `${mapped(PAGE, 3)}${keep}mov byte ptr [rax], 0xc3\n`),
  'minor fault anon write first touch': touched('mov byte ptr [rdi], 1', forget), 'minor fault anon read zero page': touched('mov al, [rdi]', forget),
  'minor fault memfd shared write pagecache hit': touched('mov byte ptr [rdi], 1', `${memfd}${call(MEMFD, FREE + 256, 0)}mov r15, rax\n${call(FTRUNCATE, 'r15', PAGES * PAGE)}${mapped(PAGES * PAGE, 3, SHARED, 'r15')}${keep}${all}${call(MUNMAP, kept, PAGES * PAGE)}${mapped(PAGES * PAGE, 3, SHARED, 'r15')}${keep}`, call(MUNMAP, kept, PAGES * PAGE) + call(CLOSE, 'r15')),
  'cow fault memfd private write': touched('mov byte ptr [rdi], 1', `${memfd}${call(MEMFD, FREE + 256, 0)}mov r15, rax\n${call(FTRUNCATE, 'r15', PAGES * PAGE)}${mapped(PAGES * PAGE, 3, SHARED, 'r15')}${keep}${all}${call(MUNMAP, kept, PAGES * PAGE)}${mapped(PAGES * PAGE, 3, PRIVATE, 'r15')}${keep}`, call(MUNMAP, kept, PAGES * PAGE) + call(CLOSE, 'r15')),
  'mprotect RW RX pair': repeated(20, call(MPROTECT, kept, PAGE, 3) + call(MPROTECT, kept, PAGE, 5), `${mapped(PAGE, 3)}${keep}mov byte ptr [rax], 0xc3\n`),
  'mprotect RW store RX call': repeated(20, `${call(MPROTECT, kept, PAGE, 3)}mov rax, ${kept}\nmov [rax+64], ebx\n${call(MPROTECT, kept, PAGE, 5)}call ${kept}`, `${mapped(PAGE, 3)}${keep}mov dword ptr [rax], 0xc3f88948\n`),
  'mprotect noop same prot': repeated(20, call(MPROTECT, kept, PAGE, 5), `${mapped(PAGE, 5)}${keep}`),
  'mmap munmap 4k anon': repeated(20, `${mapped(PAGE, 3)}${call(MUNMAP, 'rax', PAGE)}`),
  'mmap 8k touch1 munmap': repeated(20, `${mapped(2 * PAGE, 3)}mov byte ptr [rax+4096], 1\n${call(MUNMAP, 'rax', 2 * PAGE)}`),
  'mmap8k anon+mmapFIXED exec file page+munmap': repeated(10, `${mapped(2 * PAGE, 3)}mov r12, rax\n${call(MMAP, 'r12', PAGE, 5, PRIVATE | FIXED, 'r15', PAGE)}${call(MUNMAP, 'r12', 2 * PAGE)}`, opened),
  'mmap8k anon+mmapFIXED exec file page+touch both+munmap': repeated(10, `${mapped(2 * PAGE, 3)}mov r12, rax\n${call(MMAP, 'r12', PAGE, 5, PRIVATE | FIXED, 'r15', PAGE)}mov qword ptr [r12+4096], 1\nmov al, [r12]\n${call(MUNMAP, 'r12', 2 * PAGE)}`, opened),
  'mmap exec file page+munmap': repeated(10, `${call(MMAP, 0, PAGE, 5, PRIVATE, 'r15', PAGE)}${call(MUNMAP, 'rax', PAGE)}`, opened),
  'memfd create+trunc+dual map+write+exec+unmap+close': repeated(4, `${call(MEMFD, FREE + 256, 0)}mov r15, rax\n${call(FTRUNCATE, 'r15', PAGE)}${mapped(PAGE, 3, SHARED, 'r15')}mov r12, rax\n${mapped(PAGE, 5, SHARED, 'r15')}mov r13, rax\nmov byte ptr [r12], 0xc3\ncall r13\n${call(MUNMAP, 'r12', PAGE)}${call(MUNMAP, 'r13', PAGE)}${call(CLOSE, 'r15')}`, memfd),
};
const TOUCHES = /^(?:minor|cow) fault/;

export function kernel(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'kernel').filter(row => row['name']! in KERNELS).map(row => {
    const name = row['name']!, [kernel, count] = KERNELS[name]!;
    const cycles = TOUCHES.test(name) ? watch.value(kernel) : watch.cycles(kernel);
    return { name, measured: measuredOf(row), modelled: cycles / count };
  });
}
