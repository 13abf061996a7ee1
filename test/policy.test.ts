/** Security policies: what each refuses and lets pass (test/golden/policies.txt), with the errno, the audit line and strace's note; and guests that meet them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from '../src/cli/main.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { POLICY_NAMES, POLICY_ROWS, policiesAsMarkdown, SecurityPolicy } from '../src/syscalls/policy.ts';
import { Trace } from '../src/syscalls/strace.ts';
import { CliHost } from './support/cli-host.ts';
import { runGuest } from './support/guest.ts';
import { PROGRAM } from './support/kernel-world.ts';
import { contexts, REGS, regs, TrampfdWorld, words } from './support/trampfd-world.ts';
import { golden } from './support/vectors.ts';

const R = 1, W = 2, X = 4, SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, O_RDWR = 2, O_CREAT = 0o100;
const SHM_EXEC = 0o100000, MFD_NOEXEC_SEAL = 8, READ_IMPLIES_EXEC = 0x40_0000, MAYMOVE = 1;
const PAGE = 4096, STACK = 0x7fff_fffe_f000, PLACE = 0x10_0000_0000;
const FILES = { '/bin/code.so': new Uint8Array(3 * PAGE).fill(0x90), '/bin/other': PROGRAM };

/** A kernel world with the calls that scenarios are made of. */
class World extends TrampfdWorld {
  constructor(policy: SecurityPolicy | null) { super(FILES, policy); }
  /** -errno, or 0 and above; a call that does not return has succeeded. */
  try(number: number, ...args: readonly (number | bigint | string)[]): number { const result = this.call(number, ...args); return typeof result === 'number' ? result : 0; }
  mmap(prot: number, flags: number, fd = -1, at = 0, length = PAGE, offset = 0): number { return this.try(9, at, length, prot, flags, fd, offset); }
  mprotect(at: number, prot: number, length = PAGE): number { return this.try(10, at, length, prot); }
  mremap(at: number, ...rest: readonly number[]): number { return this.try(25, at, ...rest); }
  open(path: string, flags = 0): number { return this.try(2, path, flags, 0o755); }
  /** A file of three pages that the guest wrote. */
  written(path: string, bytes: Uint8Array = FILES['/bin/code.so']): number {
    const fd = this.open(path, O_CREAT | O_RDWR);
    this.try(1, fd, this.buffer(bytes.length, bytes), bytes.length);
    return fd;
  }
  memfd(): number {
    const fd = this.try(319, 'code', MFD_NOEXEC_SEAL);
    this.try(77, fd, PAGE);
    return fd;
  }
  segment(): number { return this.try(29, 0, PAGE, 0o1777); }
}
/** What a program tries; the result of the last call counts. */
const SCENARIOS: Readonly<Record<string, (w: World) => number>> = {
  'memory, writable': w => w.mmap(R | W, PRIVATE | ANONYMOUS),
  'memory, writable and executable': w => w.mmap(R | W | X, PRIVATE | ANONYMOUS),
  'memory, executable': w => w.mmap(R | X, PRIVATE | ANONYMOUS),
  'memory, shared, executable': w => w.mmap(R | X, SHARED | ANONYMOUS),
  'memory, written, then executable': w => w.mprotect(w.mmap(R | W, PRIVATE | ANONYMOUS), R | X),
  'memory, shared, written, then executable': w => w.mprotect(w.mmap(R | W, SHARED | ANONYMOUS), R | X),
  'memory, without rights, then executable': w => w.mprotect(w.mmap(0, PRIVATE | ANONYMOUS), X),
  'memory, executable by pkey_mprotect': w => w.try(329, w.mmap(R | W, PRIVATE | ANONYMOUS), PAGE, R | X, -1n),
  'memory, readable, which implies executable': w => { w.try(135, READ_IMPLIES_EXEC); return w.mmap(R, PRIVATE | ANONYMOUS); },
  'memory, made readable, which implies executable': w => { const at = w.mmap(0, PRIVATE | ANONYMOUS); w.try(135, READ_IMPLIES_EXEC); return w.mprotect(at, R); },
  'the heap, executable': w => { const at = Math.ceil(w.try(12, 0) / PAGE) * PAGE; w.try(12, at + PAGE); return w.mprotect(at, R | W | X); },
  'the stack, executable': w => w.mprotect(STACK, R | W | X, PAGE),
  'a thread\'s stack, executable': w => { const at = w.mmap(R | W, PRIVATE | ANONYMOUS); w.task.registers.rsp = at + 8; return w.mprotect(at, R | W | X); },
  'a file, private, executable': w => w.mmap(R | X, PRIVATE, w.open('/bin/code.so')),
  'a file, private, readable, then executable': w => w.mprotect(w.mmap(R, PRIVATE, w.open('/bin/code.so')), R | X),
  'a file, private, writable but not written, then executable': w => w.mprotect(w.mmap(R | W, PRIVATE, w.open('/bin/code.so')), R | X),
  'a file, private, written, then executable': w => { const at = w.mmap(R | W, PRIVATE, w.open('/bin/code.so')); w.poke(at, new Uint8Array([0xc3])); return w.mprotect(at, R | X); },
  'a file, private, executable, written, then executable': w => {
    const at = w.mmap(R | X, PRIVATE, w.open('/bin/code.so'));
    w.mprotect(at, R | W); w.poke(at, new Uint8Array([0xc3]));
    return w.mprotect(at, R | X);
  },
  'a file, private, writable and executable': w => w.mmap(R | W | X, PRIVATE, w.open('/bin/code.so')),
  'a file, private, executable, made writable too': w => w.mprotect(w.mmap(R | X, PRIVATE, w.open('/bin/code.so')), R | W | X),
  'a file, shared, executable': w => w.mmap(R | X, SHARED, w.open('/bin/code.so')),
  'a file\'s pages, executable one after the other': w => { const fd = w.open('/bin/code.so'); w.mmap(R | X, PRIVATE, fd); return w.mmap(R | X, PRIVATE, fd, 0, PAGE, PAGE); },
  'a file, executable twice': w => { const fd = w.open('/bin/code.so'); w.mmap(R | X, PRIVATE, fd); return w.mmap(R | X, PRIVATE, fd); },
  'a file, executable again in the same place': w => { const fd = w.open('/bin/code.so'); w.mmap(R | X, PRIVATE | FIXED, fd, PLACE); return w.mmap(R | X, PRIVATE | FIXED, fd, PLACE); },
  'a file, executable, and what was readable too': w => { const fd = w.open('/bin/code.so'); w.mmap(R | X, PRIVATE, fd); return w.mprotect(w.mmap(R, PRIVATE, fd), R | X); },
  'the program\'s text, executable elsewhere': w => w.mmap(R | X, PRIVATE, w.open('/bin/program'), 0, PAGE, PAGE),
  'a file\'s code, moved': w => w.mremap(w.mmap(R | X, PRIVATE, w.open('/bin/code.so')), PAGE, 2 * PAGE, MAYMOVE),
  'a file\'s code, mapped a second time by mremap': w => w.mremap(w.mmap(R | X, SHARED, w.open('/bin/code.so')), 0, PAGE, MAYMOVE),
  'memory, moved': w => w.mremap(w.mmap(R | W, PRIVATE | ANONYMOUS), PAGE, 2 * PAGE, MAYMOVE),
  'a file\'s code, opened for writing': w => { w.mmap(R | X, PRIVATE, w.open('/bin/code.so')); return w.open('/bin/code.so', O_RDWR); },
  'a file\'s code, opened for writing by its descriptor': w => { const fd = w.open('/bin/code.so'); w.mmap(R | X, PRIVATE, fd); return w.open(`/proc/self/fd/${fd}`, O_RDWR); },
  'a file\'s code, cut': w => { w.mmap(R | X, PRIVATE, w.open('/bin/code.so')); return w.try(76, '/bin/code.so', PAGE); },
  'a file that is mapped readable, opened for writing': w => { w.mmap(R, PRIVATE, w.open('/bin/code.so')); return w.open('/bin/code.so', O_RDWR); },
  'a file that was opened for writing, executable': w => { w.open('/bin/code.so', O_RDWR); return w.mmap(R | X, PRIVATE, w.open('/bin/code.so')); },
  'a file that was cut, executable': w => { w.try(76, '/bin/code.so', PAGE); return w.mmap(R | X, PRIVATE, w.open('/bin/code.so')); },
  'a file in /tmp the guest wrote, executable': w => { w.written('/tmp/mine'); return w.mmap(R | X, PRIVATE, w.open('/tmp/mine')); },
  'a file in /tmp, renamed': w => { w.written('/tmp/mine'); w.try(82, '/tmp/mine', '/bin/mine.so'); return w.mmap(R | X, PRIVATE, w.open('/bin/mine.so')); },
  'a file in /dev/shm, executable': w => w.mmap(R | X, SHARED, w.written('/dev/shm/mine')),
  'a file in /tmp, shared, written, then executable': w => w.mprotect(w.mmap(R | W, SHARED, w.written('/tmp/mine')), R | X),
  'a file in /tmp, shared, once writable, then executable': w => { const at = w.mmap(R | W, SHARED, w.written('/tmp/mine')); w.mprotect(at, R); return w.mprotect(at, R | X); },
  'a file in /tmp, shared, writable and executable': w => w.mmap(R | W | X, SHARED, w.written('/tmp/mine')),
  'a memfd': w => w.try(319, 'code', 0),
  'a memfd that is sealed against execution': w => w.memfd(),
  'a memfd, executable': w => w.mmap(R | X, PRIVATE, w.memfd()),
  'a memfd, writable here and executable there': w => { const fd = w.memfd(); w.mmap(R | W, SHARED, fd); return w.mmap(R | X, SHARED, fd); },
  'a memfd, writable and executable': w => w.mmap(R | W | X, SHARED, w.memfd()),
  'a segment of System V': w => w.try(30, w.segment(), 0, 0),
  'a segment of System V, executable': w => w.try(30, w.segment(), 0, SHM_EXEC),
  'a segment of System V, then executable': w => w.mprotect(w.try(30, w.segment(), 0, 0), R | X),
  'a program': w => w.try(59, '/bin/other', 0, 0),
  'a program the guest wrote': w => { w.try(3, w.written('/tmp/mine', PROGRAM)); return w.try(59, '/tmp/mine', 0, 0); },
  'a script the guest wrote': w => { w.try(3, w.written('/tmp/mine', new TextEncoder().encode('#!/bin/other\n'))); return w.try(59, '/tmp/mine', 0, 0); },
  'a trampoline': w => w.try(440, 0, w.words(0), 0),
  'a trampoline, mapped': w => w.map(w.create()),
  'a trampoline whose code the kernel makes, mapped': w => { const fd = w.createFast(); w.write(fd, REGS, regs(['rip', 0x400000n])); return w.mapFast(fd); },
  'a trampoline by a system call': w => w.sys('tramp_create', 0, 0, w.buffer(40, contexts([['rip', 0x400000n]])), 0),
  'a page of trampolines with tables, mapped': w => {
    const fd = w.sys('trampfd', w.buffer(16));
    w.write(fd, 0, words(1, 17, 0x600000n)); w.write(fd, 1, words(16, 0, 0x600000n));
    return w.mmap(R | X, PRIVATE, fd, 0, PAGE, PAGE);
  },
};
const policyOf = (text: string): SecurityPolicy | null => { const policy = SecurityPolicy.of(text); if (typeof policy === 'string') throw new Error(policy); return policy; };
const worldOf = (text: string): World => new World(policyOf(text));
const NAMES = new Map([[1, 'EPERM'], [9, 'EBADF'], [12, 'ENOMEM'], [13, 'EACCES'], [30, 'EROFS']]);
const shown = (result: number): string => result >= 0 ? '-' : NAMES.get(-result) ?? String(result);

/** What each policy refuses, once the whole table was tried. */
const refusedBy = new Map<string, string[]>();
function noted(policy: string, name: string, result: number): number {
  if (result < 0) refusedBy.set(policy, [...refusedBy.get(policy) ?? [], name]);
  return result;
}
/** What no policy minds. */
const HARMLESS = ['memory, writable', 'memory, moved', 'a file, private, executable', 'a program'];

const table = suite('policy › the table');
table('what programs try, under every policy: what passes, what is refused and how', () => {
  const columns = [...POLICY_NAMES.slice(1), 'wx,ipe'], width = Math.max(...Object.keys(SCENARIOS).map(name => name.length));
  const lines = Object.entries(SCENARIOS).map(([name, run]) => {
    assert.ok(run(worldOf('permissive')) >= 0, `${name}: passes where everything does`);
    return `${name.padEnd(width)}  ${columns.map(column => shown(noted(column, name, run(worldOf(column)))).padEnd(Math.max(column.length, 6))).join('  ')}`.trimEnd();
  });
  golden('policies.txt', [`${''.padEnd(width)}  ${columns.map(column => column.padEnd(6)).join('  ')}`, ...lines, ''].join('\n'));
});
for (const row of POLICY_ROWS.filter(({ hook }) => hook !== 'stack')) {
  table(`${row.policy} at ${row.hook}: ${row.when}`, () => {
    const denied: string[] = [], told: string[] = [];
    const tried = [...refusedBy.get(row.policy) ?? [], ...HARMLESS];
    for (const name of tried) {
      const w = new World(new SecurityPolicy('one row', [row]));
      if ((SCENARIOS[name]?.(w) ?? 0) === -row.errno) denied.push(name);
      told.push(...w.host.reports);
    }
    assert.ok(denied.length > 0, 'denies something');
    assert.equal(denied.filter(name => HARMLESS.includes(name)), []);
    for (const line of told) assert.match(line, new RegExp(`^tramp64: audit: denied \\{ ${row.permission} \\} .*policy=${row.policy}$`));
    assert.ok(told.length >= denied.length, 'and tells it');
  });
}
table('the README shows it as it is', () => {
  const path = join(dirname(fileURLToPath(import.meta.url)), '../src/syscalls/README.md'), text = readFileSync(path, 'utf8');
  const wanted = text.replace(/<!-- policies -->\n[^]*?<!-- end of policies -->/, () => `<!-- policies -->\n${policiesAsMarkdown()}<!-- end of policies -->`);
  if (process.env['UPDATE'] === '1') writeFileSync(path, wanted); else assert.is(text, wanted, 'UPDATE=1 rewrites it');
});
table.run();

const rules = suite('policy › rules');
rules('permissive is no policy, with or without company', () => {
  assert.is(SecurityPolicy.of('permissive'), null);
  assert.is((SecurityPolicy.of('permissive,wx') as SecurityPolicy).name, 'permissive,wx');
  assert.match(SecurityPolicy.of('wx,') as string, /^option --policy takes names out of permissive, wx, .*, not ''$/);
});
rules('mprotect changes what lies before the mapping that is refused', () => {
  const w = worldOf('wx'), fd = w.open('/bin/code.so'), at = w.mmap(R, PRIVATE | FIXED, fd, PLACE);
  w.mmap(R | W, PRIVATE | FIXED | ANONYMOUS, -1, PLACE + PAGE);
  assert.is(w.mprotect(at, R | X, 2 * PAGE), -13);
  assert.equal([at, at + PAGE].map(place => w.task.process.memory.find(place)?.prot), [R | X, R | W]);
});
rules('an executable mapping may lose the right, and what was never written gets it again', () => {
  const w = worldOf('wx,ipe'), at = w.mmap(R | X, PRIVATE, w.open('/bin/code.so'));
  assert.equal([w.mprotect(at, R), w.mprotect(at, R | X), w.mprotect(at, R | X)], [0, 0, 0]);
});
rules('execve forgets that reading implies executing', () => {
  const w = worldOf('permissive');
  w.try(135, READ_IMPLIES_EXEC | 0x4_0000);
  w.try(59, '/bin/other', 0, 0);
  assert.is(w.try(135, 0xffff_ffff), 0x4_0000);
});
rules('a denial is told once for each kind and process, and by strace with every call', () => {
  const w = worldOf('wx');
  w.kernel.trace = new Trace(line => w.host.report(line));
  for (let k = 0; k < 3; k++) w.mmap(R | W | X, PRIVATE | ANONYMOUS);
  w.mmap(R | W, PRIVATE | ANONYMOUS);
  const [audit, ...calls] = w.host.reports;
  assert.is(audit, 'tramp64: audit: denied { execmem } pid=1000 comm="program" call=mmap prot=rwx of="" policy=wx');
  const denied = 'mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 EACCES (Permission denied) <denied: execmem, policy wx>';
  assert.equal(calls.slice(0, 3), [denied, denied, denied]);
  assert.match(calls[3] ?? '', / = 0x[0-9a-f]+$/);
});
rules('a program that tries for ever does not tell for ever', () => {
  const w = worldOf('ipe'), fd = w.written('/tmp/mine');
  for (let k = 0; k < 1100; k++) { w.try(82, `/tmp/${k === 0 ? 'mine' : k - 1}`, `/tmp/${k}`); w.mmap(R | X, PRIVATE, fd); }
  assert.ok(w.host.reports.length <= 1000, `${w.host.reports.length} lines`);
});
rules.run();

// — guests —

const guest = (code: string, hasExecutableStack = false): Uint8Array => {
  const { bytes, labels } = assemble(`_start:\n${code}`, { origin: 0x400000 });
  return writeElf({ text: { at: 0x400000, bytes }, entry: labels.get('_start') ?? 0, hasExecutableStack });
};
/** As GCC does for a nested function: code on the stack, called. Exits with 42. */
const ON_THE_STACK = guest('mov rax, 0xc30000002ab8\npush rax\ncall rsp\nmov edi, eax\nmov eax, 60\nsyscall', true);
const MMAP = (prot: number, flags: number): string => `xor edi, edi\nmov esi, 4096\nmov edx, ${prot}\nmov r10d, ${flags}\nmov r8, -1\nxor r9d, r9d\nmov eax, 9\nsyscall`;
/** Asks for memory that is writable and executable, writes code and calls it; the errno where it gets none. */
const WRITABLE_CODE = guest(`${MMAP(R | W | X, PRIVATE | ANONYMOUS)}
  mov edi, eax
  neg edi
  test rax, rax
  js out
  mov rcx, 0xc30000002ab8
  mov [rax], rcx
  call rax
  mov edi, eax
out: mov eax, 60
  syscall`);

const guests = suite('policy › a guest');
for (const [text, status, signal] of [['permissive', 42, null], ['ipe', 42, null], ['execstack', 139, 11], ['wx', 139, 11], ['deny-all', 139, 11]] as const) {
  guests(`with code on an executable stack, under ${text}: ${signal === null ? 'runs it' : 'dies of SIGSEGV'}`, () => {
    const { status: got, signal: by, stderr } = runGuest(ON_THE_STACK, { policy: policyOf(text) });
    assert.equal([got, by], [status, signal]);
    if (signal !== null) assert.match(stderr, /^tramp64: audit: denied \{ execstack \} call=execve stack of="\/guest" policy=execstack\n/);
  });
}
for (const [text, status] of [['permissive', 42], ['execstack', 42], ['wx', 13], ['ipe', 13], ['exectramp-only', 13], ['deny-all', 13]] as const) {
  guests(`that writes code where it will run, under ${text}: ${status === 42 ? 'runs it' : 'gets EACCES'}`, () => { assert.is(runGuest(WRITABLE_CODE, { policy: policyOf(text) }).status, status); });
}
guests('of the command line meets the policy it names', async () => {
  const run = async (...options: readonly string[]): Promise<readonly [number, string]> => {
    const host = new CliHost(['run', ...options, './guest'], { '/home/guest': [WRITABLE_CODE] });
    return [await main(host), host.errors];
  };
  assert.equal(await run('--policy', 'permissive'), [42, '']);
  assert.equal(await run('--policy', 'execstack,wx'), [13, 'tramp64: audit: denied { execmem } pid=1000 comm="guest" call=mmap prot=rwx of="" policy=wx\n']);
  const [status, said] = await run('--policy', 'strict');
  assert.is(status, 2);
  assert.match(said, /^tramp64: option --policy takes names out of permissive, wx, execstack, ipe, exectramp-only, deny-all with commas between them, not 'strict'\n$/);
});
guests.run();
