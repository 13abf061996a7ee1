/** Signals: the frame byte by byte, the calls' mistakes, and guests that catch, change and return. Where the host is Linux, it runs them too. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ESRCH } from '../src/base/errno.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { deliver, raise } from '../src/syscalls/signal.ts';
import { FRAME } from '../src/syscalls/signal-frame.ts';
import { bitOf } from '../src/syscalls/signal-state.ts';
import { DATA_AT, KernelWorld } from './support/kernel-world.ts';
import { golden } from './support/vectors.ts';
import { isNativeHost, runGuest, runNative } from './support/guest.ts';

const SIGILL = 4, SIGABRT = 6, SIGFPE = 8, SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGTERM = 15, SIGCHLD = 17, SIGSTOP = 19, SIGRTMIN = 34;
const SYS = {
  sigaction: 13, sigprocmask: 14, sigreturn: 15, pause: 34, kill: 62, sigpending: 127, sigsuspend: 130, sigaltstack: 131, tkill: 200, tgkill: 234,
} as const;
const SA_SIGINFO = 4, SA_RESTORER = 0x400_0000, SA_ONSTACK = 0x800_0000, SA_NODEFER = 0x4000_0000, SA_RESETHAND = 0x8000_0000;
const SA_CAUGHT = SA_SIGINFO | SA_RESTORER;
const HANDLER = 0x400123, RESTORER = 0x400456, RSP = 4, BAD = 0x10, PID = 1000;
const STACK_AT = DATA_AT + 0x8000;

/** A task whose stack is in its data, with a handler for the signals given. */
function world(...caught: readonly number[]): KernelWorld {
  const w = new KernelWorld();
  w.task.registers.rsp = STACK_AT;
  w.task.registers.set(RSP, BigInt(STACK_AT));
  for (const signal of caught) assert.is(act(w, signal, HANDLER), 0);
  return w;
}
function act(w: KernelWorld, signal: number, handler: number, flags = SA_CAUGHT, mask = 0n): unknown {
  return w.call(SYS.sigaction, signal, w.words(handler, flags, RESTORER, mask), 0, 8);
}
const stackPointer = (w: KernelWorld): number => Number(w.task.registers.get(RSP));

// — the frame —

/** Offsets and sizes as the kernel's headers give them (struct rt_sigframe: asm/ucontext.h, asm/sigcontext.h, asm-generic/siginfo.h), compiled by gcc. */
const LAYOUT: readonly (readonly [name: string, offset: number, bytes: number])[] = [
  ['pretcode', 0, 8], ['uc_flags', 8, 8], ['uc_link', 16, 8], ['uc_stack.ss_sp', 24, 8], ['uc_stack.ss_flags', 32, 4], ['uc_stack.ss_size', 40, 8],
  ['r8', 48, 8], ['r9', 56, 8], ['r10', 64, 8], ['r11', 72, 8], ['r12', 80, 8], ['r13', 88, 8], ['r14', 96, 8], ['r15', 104, 8],
  ['rdi', 112, 8], ['rsi', 120, 8], ['rbp', 128, 8], ['rbx', 136, 8], ['rdx', 144, 8], ['rax', 152, 8], ['rcx', 160, 8], ['rsp', 168, 8], ['rip', 176, 8],
  ['eflags', 184, 8], ['cs', 192, 2], ['gs', 194, 2], ['fs', 196, 2], ['ss', 198, 2], ['err', 200, 8], ['trapno', 208, 8], ['oldmask', 216, 8], ['cr2', 224, 8],
  ['fpstate', 232, 8], ['uc_sigmask', 304, 8], ['si_signo', 312, 4], ['si_errno', 316, 4], ['si_code', 320, 4], ['si_addr', 328, 8],
];
const frame = suite('signals › the frame');
frame('is where and what Linux makes it', () => {
  const w = world(SIGSEGV), { registers, signals } = w.task;
  registers.saveExtended = into => into.forEach((_, i) => { into[i] = i; });
  registers.rip = 0x401234; registers.flags = 0x246;
  for (let i = 0; i < 16; i++) if (i !== RSP) registers.set(i, 0x1111_1111_1111_1111n * BigInt(i));
  signals.alternate = { at: BigInt(DATA_AT), size: 0x2000n, flags: 0 };
  signals.mask = bitOf(SIGUSR1);
  raise(w.task, { signal: SIGSEGV, code: 2, address: 0x7fff_1234_5678, trap: 14, error: 7 });
  assert.is(deliver(w.task), 'handled');
  const at = stackPointer(w), view = w.peek(at, FRAME.bytes);
  const value = (offset: number, bytes: number): bigint => bytes === 8 ? view.getBigUint64(offset, true)
    : BigInt(bytes === 4 ? view.getUint32(offset, true) : view.getUint16(offset, true));
  const image = Number(value(232, 8)), saved = new Uint8Array(w.peek(image, 512).buffer);
  golden('signal-frame.txt', [`stack ${STACK_AT.toString(16)}`, `frame ${at.toString(16)}`, `image ${image.toString(16)}`,
    ...LAYOUT.map(([name, offset, bytes]) => `${offset} ${name} ${value(offset, bytes).toString(16).padStart(2 * bytes, '0')}`)].join('\n') + '\n');
  assert.equal([...saved], Array.from({ length: 512 }, (_, i) => i & 255));
  assert.is(image % 64, 0);
  assert.is(at % 16, 8);
  assert.ok(image + 512 <= STACK_AT - 128, 'the red zone is left alone');
});
frame('the handler starts with the signal in rdi, siginfo in rsi, ucontext in rdx, 0 in rax, and no DF, TF or RF', () => {
  const w = world(SIGSEGV), { registers } = w.task;
  registers.flags = 0x202 | 0x400 | 0x100 | 0x1_0000 | 1;
  registers.set(0, 99n);
  raise(w.task, { signal: SIGSEGV, code: 1, address: 8, trap: 14, error: 4 });
  deliver(w.task);
  const at = registers.get(RSP);
  assert.equal([7, 6, 2, 0].map(i => registers.get(i)), [11n, at + 312n, at + 8n, 0n]);
  assert.equal([registers.rip, registers.flags], [HANDLER, 0x203]);
});
frame('siginfo tells who sent a signal', () => {
  const w = world(SIGUSR1);
  assert.is(w.call(SYS.kill, PID, SIGUSR1), 0);
  deliver(w.task);
  const info = w.peek(stackPointer(w) + FRAME.info, 24);
  assert.equal([info.getInt32(0, true), info.getInt32(8, true), info.getInt32(16, true), info.getInt32(20, true)], [SIGUSR1, 0, PID, w.host.user.uid]);
});
frame('siginfo is not written for handlers that do not ask for it', () => {
  const w = world();
  act(w, SIGUSR1, HANDLER, SA_RESTORER);
  const before = new Uint8Array(0x400).fill(0xee);
  w.poke(STACK_AT - 0x400 - 128, before);
  w.call(SYS.kill, PID, SIGUSR1);
  deliver(w.task);
  assert.is(w.peek(stackPointer(w) + FRAME.info, 4).getUint32(0, true), 0xeeee_eeee);
});
frame('every later frame tells the last exception; CR2 is the last page fault\'s', () => {
  const w = world(SIGSEGV, SIGUSR1), { task } = w;
  const told = (): bigint[] => [FRAME.trap, FRAME.error, FRAME.cr2].map(offset => w.peek(stackPointer(w) + offset, 8).getBigUint64(0, true));
  raise(task, { signal: SIGSEGV, code: 1, address: 0x5000, trap: 14, error: 6 });
  deliver(task);
  assert.equal(told(), [14n, 6n, 0x5000n]);
  task.signals.mask = 0n;
  raise(task, { signal: SIGSEGV, code: 128, address: 0, trap: 13, error: 0 });
  deliver(task);
  assert.equal(told(), [13n, 0n, 0x5000n]);
  w.call(SYS.kill, PID, SIGUSR1);
  deliver(task);
  assert.equal(told(), [13n, 0n, 0x5000n]);
});
frame('the way back restores every register, and only the flags a program may change', () => {
  const w = world(SIGUSR1), { registers } = w.task;
  for (let i = 0; i < 16; i++) if (i !== RSP) registers.set(i, 0xfedc_ba98_7654_3210n ^ BigInt(i));
  registers.rip = 0x401000; registers.flags = 0x246;
  raise(w.task, { signal: SIGUSR1, code: 0, address: 0 });
  const before = [...Array(16).keys()].map(i => registers.get(i));
  deliver(w.task);
  w.poke(stackPointer(w) + FRAME.eflags, new Uint8Array([0xff, 0xff, 0xff, 0xff]));
  for (let i = 0; i < 16; i++) if (i !== RSP) registers.set(i, 0n);
  registers.set(RSP, registers.get(RSP) + 8n);
  registers.rsp = stackPointer(w);
  assert.equal(w.call(SYS.sigreturn), { then: 'registers-replaced' });
  assert.equal([...Array(16).keys()].map(i => registers.get(i)), before);
  assert.equal([registers.rip, registers.flags.toString(16)], [0x401000, (0x202 | 0x4_0dd5).toString(16)]);
});
frame.run();

// — the calls —

/** Name, arguments, result; the signal, stack and set arguments are valid where a row is not about them. */
const SET = DATA_AT + 0x40, STACKS = DATA_AT + 0x80;
const MISTAKES: readonly (readonly [keyof typeof SYS, readonly (number | bigint)[], number])[] = [
  ['sigaction', [0, 0, 0, 8], -EINVAL], ['sigaction', [65, 0, 0, 8], -EINVAL], ['sigaction', [-1, 0, 0, 8], -EINVAL], ['sigaction', [SIGKILL, SET, 0, 8], -EINVAL],
  ['sigaction', [SIGSTOP, SET, 0, 8], -EINVAL], ['sigaction', [SIGKILL, 0, SET, 8], 0], ['sigaction', [1, 0, 0, 16], -EINVAL], ['sigaction', [1, BAD, 0, 8], -EFAULT],
  ['sigaction', [65, BAD, 0, 8], -EFAULT], ['sigaction', [1, 0, BAD, 8], -EFAULT], ['sigaction', [64, SET, SET, 8], 0],
  ['sigprocmask', [0, SET, 0, 4], -EINVAL], ['sigprocmask', [3, SET, 0, 8], -EINVAL], ['sigprocmask', [3, 0, SET, 8], 0], ['sigprocmask', [0, BAD, 0, 8], -EFAULT],
  ['sigprocmask', [3, BAD, 0, 8], -EFAULT], ['sigprocmask', [0, SET, BAD, 8], -EFAULT], ['sigpending', [SET, 9], -EINVAL], ['sigpending', [SET, 4], 0], ['sigpending', [BAD, 8], -EFAULT],
  ['sigsuspend', [SET, 4], -EINVAL], ['sigsuspend', [BAD, 8], -EFAULT],
  ['kill', [PID, 65], -EINVAL], ['kill', [PID, -1], -EINVAL], ['kill', [PID, 0], 0], ['kill', [0, 0], 0], ['kill', [-PID, 0], 0], ['kill', [1, 0], -ESRCH], ['kill', [-1, 0], -ESRCH],
  ['kill', [77, 65], -ESRCH], ['kill', [-0x8000_0000, 0], -ESRCH], ['tkill', [0, 1], -EINVAL], ['tkill', [77, 1], -ESRCH], ['tkill', [PID, 65], -EINVAL],
  ['tgkill', [0, PID, 1], -EINVAL], ['tgkill', [PID, 0, 1], -EINVAL], ['tgkill', [77, PID, 1], -ESRCH], ['tgkill', [PID, 77, 1], -ESRCH], ['tgkill', [PID, PID, 0], 0],
  ['sigaltstack', [BAD, 0], -EFAULT], ['sigaltstack', [0, BAD], -EFAULT], ['sigaltstack', [STACKS, 0], -ENOMEM], ['sigaltstack', [STACKS + 24, 0], -EINVAL], ['sigaltstack', [STACKS + 48, 0], 0],
];
const calls = suite('signals › calls have the errno Linux gives');
for (const [name, args, result] of MISTAKES) {
  calls(`${name}(${args.map(arg => typeof arg === 'number' && arg > 4096 ? `0x${arg.toString(16)}` : String(arg)).join(', ')}) = ${result}`, () => {
    const w = world();
    const stacks = new BigUint64Array([BigInt(DATA_AT), 0n, 2047n, BigInt(DATA_AT), 3n, 4096n, 0n, 2n, 0n]);
    w.poke(STACKS, new Uint8Array(stacks.buffer));
    assert.is(w.call(SYS[name], ...args), result);
  });
}
calls('sigaction gives back what was set, without the flags nobody knows and the signals nobody blocks', () => {
  const w = world(), old = w.buffer(32);
  act(w, SIGUSR1, HANDLER, SA_CAUGHT | 0x400, 0xffff_ffff_ffff_ffffn);
  assert.is(w.call(SYS.sigaction, SIGUSR1, 0, old, 8), 0);
  const view = w.peek(old, 32);
  assert.equal([0, 8, 16, 24].map(at => view.getBigUint64(at, true)), [BigInt(HANDLER), BigInt(SA_CAUGHT), BigInt(RESTORER), 0xffff_ffff_ffff_ffffn & ~(bitOf(SIGKILL) | bitOf(SIGSTOP))]);
});
calls('SIGKILL and SIGSTOP stay out of the mask', () => {
  const w = world();
  w.call(SYS.sigprocmask, 2, w.words(0xffff_ffff_ffff_ffffn), 0, 8);
  assert.is(w.task.signals.mask, 0xffff_ffff_ffff_ffffn & ~(bitOf(SIGKILL) | bitOf(SIGSTOP)));
});
calls.run();

// — raising and delivering —

const delivery = suite('signals › delivery');
delivery('by default signals 17, 18, 23 and 28 do nothing, 19 stops, 20 to 22 do not stop who nobody could continue, and all others kill', () => {
  for (let signal = 1; signal <= 64; signal++) {
    const w = world();
    w.call(SYS.kill, PID, signal);
    const isHarmless = (signal >= 17 && signal <= 23) || signal === 28;
    assert.equal(deliver(w.task), signal === 19 ? 'stopped' : isHarmless ? 'none' : { killed: signal }, `signal ${signal}`);
  }
});
delivery('a blocked signal waits; unblocked, it is delivered', () => {
  const w = world(SIGUSR1), { signals } = w.task;
  signals.mask = bitOf(SIGUSR1);
  w.call(SYS.kill, PID, SIGUSR1);
  assert.is(deliver(w.task), 'none');
  assert.is(signals.shared.length, 1);
  w.call(SYS.sigpending, SET, 8);
  assert.is(w.peek(SET, 8).getBigUint64(0, true), bitOf(SIGUSR1));
  signals.mask = 0n;
  assert.is(deliver(w.task), 'handled');
  assert.is(signals.mask, bitOf(SIGUSR1), 'blocked while it is handled');
  assert.is(signals.shared.length, 0);
});
delivery('standard signals wait once, real-time ones as often as they were sent', () => {
  const w = world(SIGUSR1, SIGRTMIN), { signals } = w.task;
  signals.mask = bitOf(SIGUSR1) | bitOf(SIGRTMIN);
  for (let i = 0; i < 3; i++) { w.call(SYS.kill, PID, SIGUSR1); w.call(SYS.kill, PID, SIGRTMIN); }
  assert.equal(signals.shared.map(({ signal }) => signal), [SIGUSR1, SIGRTMIN, SIGRTMIN, SIGRTMIN]);
});
delivery('the queue has an end: kill loses what does not fit, tgkill is refused', () => {
  const w = world(SIGRTMIN), { signals } = w.task;
  signals.mask = bitOf(SIGRTMIN);
  for (let i = 0; i < 4096; i++) assert.is(w.call(SYS.tkill, PID, SIGRTMIN), 0);
  assert.is(w.call(SYS.tkill, PID, SIGRTMIN), -EAGAIN);
  assert.is(w.call(SYS.kill, PID, SIGRTMIN), 0);
  assert.is(signals.pending.length, 4096);
});
delivery('lower numbers get the outer frames; those of faults are outermost; SIGKILL lets nobody go first', () => {
  const w = world(SIGUSR1, SIGSEGV, 1), { signals } = w.task, seen: number[] = [];
  signals.mask = bitOf(SIGUSR1) | bitOf(1);
  for (const signal of [SIGUSR1, 1]) w.call(SYS.kill, PID, signal);
  raise(w.task, { signal: SIGSEGV, code: 1, address: 0, trap: 14, error: 4 });
  signals.mask = 0n;
  assert.is(deliver(w.task, info => seen.push(info.signal)), 'handled');
  assert.equal(seen, [SIGSEGV, 1, SIGUSR1]);
  signals.mask = 0n;
  w.call(SYS.kill, PID, 1);
  w.call(SYS.kill, PID, SIGKILL);
  assert.equal(deliver(w.task), { killed: SIGKILL });
});
delivery('a fault goes before a SIGILL that was sent, and that before a SIGHUP', () => {
  const w = world(SIGILL, SIGSEGV, 1), { signals } = w.task, seen: number[] = [];
  signals.mask = bitOf(SIGILL) | bitOf(1);
  for (const signal of [1, SIGILL]) w.call(SYS.kill, PID, signal);
  raise(w.task, { signal: SIGSEGV, code: 1, address: 0, trap: 14, error: 4 });
  signals.mask = 0n;
  deliver(w.task, info => seen.push(info.signal));
  assert.equal(seen, [SIGSEGV, SIGILL, 1]);
});
delivery('an ignored signal is not kept; ignoring one throws away what is pending', () => {
  const w = world(SIGUSR1), { signals } = w.task;
  act(w, SIGUSR2, 1);
  w.call(SYS.kill, PID, SIGUSR2);
  w.call(SYS.kill, PID, SIGCHLD);
  assert.is(signals.pending.length, 0);
  signals.mask = bitOf(SIGUSR1);
  w.call(SYS.kill, PID, SIGUSR1);
  act(w, SIGUSR1, 1);
  assert.is(signals.pending.length, 0);
});
delivery('a fault whose signal is blocked or ignored kills', () => {
  for (const how of ['blocked', 'ignored'] as const) {
    const w = world(SIGSEGV);
    if (how === 'ignored') act(w, SIGSEGV, 1);
    else w.task.signals.mask = bitOf(SIGSEGV);
    raise(w.task, { signal: SIGSEGV, code: 1, address: 8, trap: 14, error: 4 });
    assert.equal(deliver(w.task), { killed: SIGSEGV }, how);
  }
});
delivery('a SIGSEGV that is sent, not raised by a fault, can be blocked and ignored', () => {
  const w = world(SIGSEGV);
  w.task.signals.mask = bitOf(SIGSEGV);
  w.call(SYS.kill, PID, SIGSEGV);
  assert.is(deliver(w.task), 'none');
  act(w, SIGSEGV, 1);
  w.task.signals.mask = 0n;
  assert.is(deliver(w.task), 'none');
});
delivery('where no frame can be written, SIGSEGV is delivered instead, and kills if it cannot be either', () => {
  const w = world(SIGUSR1, SIGSEGV), { registers, signals } = w.task, seen: number[] = [];
  registers.set(RSP, 0x1000n);
  signals.alternate = { at: BigInt(DATA_AT + 0x10000), size: 0x2000n, flags: 0 };
  act(w, SIGSEGV, HANDLER, SA_CAUGHT | SA_ONSTACK);
  w.call(SYS.kill, PID, SIGUSR1);
  assert.is(deliver(w.task, info => seen.push(info.signal)), 'handled');
  assert.equal([seen, registers.get(7)], [[SIGUSR1, SIGSEGV], 11n]);
  const plain = world(SIGUSR1, SIGSEGV);
  for (const rsp of [0n, 8n, 0x1000n, 0x7000_0000_0000n, 1n << 63n, 0xffff_ffff_ffff_fff8n]) {
    plain.task.registers.set(RSP, rsp);
    plain.call(SYS.kill, PID, SIGUSR1);
    assert.equal(deliver(plain.task), { killed: SIGSEGV }, `rsp ${rsp.toString(16)}`);
  }
});
delivery('sigsuspend: the handler runs under its mask, and the mask of before comes back with its return', () => {
  const w = world(SIGUSR1), { signals, registers } = w.task;
  signals.mask = bitOf(SIGUSR1) | bitOf(SIGTERM);
  w.call(SYS.kill, PID, SIGUSR1);
  assert.is(w.call(SYS.sigsuspend, w.words(bitOf(SIGUSR2)), 8), -EINTR);
  assert.is(deliver(w.task), 'handled');
  assert.is(signals.mask, bitOf(SIGUSR2) | bitOf(SIGUSR1));
  registers.rsp = stackPointer(w) + 8;
  registers.set(RSP, BigInt(registers.rsp));
  w.call(SYS.sigreturn);
  assert.is(signals.mask, bitOf(SIGUSR1) | bitOf(SIGTERM));
});
delivery('pause with nothing to come is a deadlock, and said to be one', () => {
  const w = world();
  assert.equal(w.call(SYS.pause), { then: 'exit', status: 2, scope: 'process' });
  assert.match(w.host.reports.join(), /deadlock/);
});
delivery('writing to a pipe nobody reads raises SIGPIPE', () => {
  const w = world(), ends = w.buffer(8);
  w.call(22, ends);
  w.call(3, w.peek(ends, 8).getInt32(0, true));
  w.call(1, w.peek(ends, 8).getInt32(4, true), ends, 1);
  assert.equal(deliver(w.task), { killed: 13 });
});
delivery.run();

// — guests —

const TEXT = 0x401000, DATA = 0x500000;
/** r15 points to data: 0 a sigaction, 32 a stack_t, 64 what handlers leave, 256 on what they like; the alternate stack is its second half. */
const PRELUDE = `
  # the interrupted registers and the rest, from the ucontext in rdx
  .equ UC_RIP, 168
  .equ UC_RAX, 144
  .equ UC_FLAGS, 176
  .equ UC_CS, 184
  .equ UC_ERROR, 192
  .equ UC_TRAP, 200
  .equ UC_FPSTATE, 224
  .equ UC_MASK, 296
    mov r15d, ${DATA}
    jmp main
  # edi: signal, rsi: handler, edx: flags; the mask is where it goes
  catch:
    mov [r15], rsi
    mov [r15+8], rdx
    lea rax, [rip+restorer]
    mov [r15+16], rax
    mov rsi, r15
    xor edx, edx
    mov r10d, 8
    mov eax, ${SYS.sigaction}
    syscall
    ret
  restorer:
    mov eax, ${SYS.sigreturn}
    syscall
  # edi: signal
  raise:
    mov esi, edi
    mov eax, 39
    syscall
    mov edi, eax
    mov eax, ${SYS.kill}
    syscall
    ret
  # edi: 0 block, 1 unblock, 2 set; rsi: the set
  mask:
    mov [r15+256], rsi
    lea rsi, [r15+256]
    xor edx, edx
    mov r10d, 8
    mov eax, ${SYS.sigprocmask}
    syscall
    ret
  # the alternate stack; edi: flags
  stack:
    mov esi, 0x4000
  stack_of:
    lea rax, [r15+0x4000]
    mov [r15+32], rax
    mov [r15+40], edi
    mov dword ptr [r15+44], 0
    mov [r15+48], rsi
    lea rdi, [r15+32]
    xor esi, esi
    mov eax, ${SYS.sigaltstack}
    syscall
    ret
  exit:
    mov eax, 60
    syscall
`;
function elf(source: string): Uint8Array {
  const { bytes } = assemble(PRELUDE + source, { origin: TEXT });
  return writeElf({ text: { at: TEXT, bytes }, data: { at: DATA, bytes: new Uint8Array(8), size: 0x8000 }, entry: TEXT });
}
const catching = (signal: number, flags = SA_CAUGHT, label = 'handler'): string => `
    mov edi, ${signal}
    lea rsi, [rip+${label}]
    mov edx, 0x${(flags >>> 0).toString(16)}
    call catch`;
const sending = (signal: number): string => `
    mov edi, ${signal}
    call raise`;
const KILLED = 128 + SIGSEGV;

/** A claim, a program, and its exit status. */
const GUESTS: readonly (readonly [claim: string, source: string, status: number])[] = [
  ['a SIGSEGV handler that moves RIP over the faulting load and sets RAX is believed', `
  main: ${catching(SIGSEGV)}
    mov rax, [8]
  after:
    mov edi, eax
    jmp exit
  handler:
    lea rax, [rip+after]
    mov [rdx+UC_RIP], rax
    mov qword ptr [rdx+UC_RAX], 42
    ret`, 42],
  ['a handler that maps nothing and changes nothing is called again and again', `
  main: ${catching(SIGSEGV)}
    mov rax, [8]
  handler:
    inc dword ptr [r15+64]
    mov edi, [r15+64]
    cmp edi, 5
    je exit
    ret`, 5],
  ['a handler that makes the page writable lets the store go on', `
  main: ${catching(SIGSEGV)}
    mov eax, 9
    xor edi, edi
    mov esi, 4096
    mov edx, 1
    mov r10d, 0x22
    mov r8, -1
    xor r9d, r9d
    syscall
    mov rbx, rax
    mov dword ptr [rbx+8], 33
    mov edi, [rbx+8]
    jmp exit
  handler:
    mov rdi, [rsi+16]
    and rdi, -4096
    mov esi, 4096
    mov edx, 3
    mov eax, 10
    syscall
    ret`, 33],
  ['flags set in the frame are flags after the return', `
  main: ${catching(SIGSEGV)}
    clc
    mov rax, [8]
  after:
    setc dil
    movzx edi, dil
    jmp exit
  handler:
    lea rax, [rip+after]
    mov [rdx+UC_RIP], rax
    or dword ptr [rdx+UC_FLAGS], 1
    ret`, 1],
  ['the saved flags of a fault have RF, those of a signal that was sent have not', `
  main: ${catching(SIGSEGV)}${catching(SIGUSR1)}
    mov rax, [8]
  after: ${sending(SIGUSR1)}
    mov edi, [r15+64]
    jmp exit
  handler:
    mov eax, [rdx+UC_FLAGS]
    shr eax, 16
    and eax, 1
    mov ecx, [r15+64]
    lea eax, [rax+rcx*4+2]
    mov [r15+64], eax
    cmp edi, ${SIGSEGV}
    jne 1f
    lea rax, [rip+after]
    mov [rdx+UC_RIP], rax
  1: ret`, 14],
  ['the red zone survives, and rsp is 8 modulo 16 in the handler, wherever it was before', `
  main: ${catching(SIGSEGV)}
    sub rsp, 0x1003
    mov qword ptr [rsp-128], 77
    mov rax, [8]
  after:
    mov edi, [rsp-128]
    add edi, [r15+64]
    jmp exit
  handler:
    mov eax, esp
    and eax, 15
    mov [r15+64], eax
    lea rax, [rip+after]
    mov [rdx+UC_RIP], rax
    ret`, 85],
  ['xmm registers and mxcsr are fresh in the handler and come back after it', `
  main: ${catching(SIGUSR1)}
    mov dword ptr [r15+80], 0x3f80
    ldmxcsr [r15+80]
    mov eax, 17
    movd xmm5, eax ${sending(SIGUSR1)}
    movd edi, xmm5
    stmxcsr [r15+80]
    cmp dword ptr [r15+80], 0x3f80
    jne exit
    add edi, [r15+64]
    jmp exit
  handler:
    movd eax, xmm5
    test eax, eax
    jne 1f
    stmxcsr [r15+84]
    cmp dword ptr [r15+84], 0x1f80
    jne 1f
    mov dword ptr [r15+64], 50
  1: mov eax, 1
    movd xmm5, eax
    ret`, 67],
  ['xmm registers changed in the image are changed after the return', `
  main: ${catching(SIGUSR1)}${sending(SIGUSR1)}
    movd edi, xmm3
    jmp exit
  handler:
    mov rax, [rdx+UC_FPSTATE]
    mov dword ptr [rax+160+48], 91
    ret`, 91],
  ['on a stack that overflowed, the handler runs on the alternate one', `
  main: xor edi, edi
    call stack ${catching(SIGSEGV, SA_CAUGHT | SA_ONSTACK)}
    mov esp, 0x1000
    push rax
  handler:
    lea rax, [r15+0x4000]
    mov edi, 1
    cmp rsp, rax
    jb exit
    lea rax, [r15+0x8000]
    cmp rsp, rax
    ja exit
    mov edi, 7
    jmp exit`, 7],
  ['without an alternate stack, that kills', `
  main: ${catching(SIGSEGV, SA_CAUGHT | SA_ONSTACK)}
    mov esp, 0x1000
    push rax
  handler:
    mov edi, 7
    jmp exit`, KILLED],
  ['a handler on the alternate stack may not change it: EPERM', `
  main: xor edi, edi
    call stack ${catching(SIGUSR1, SA_CAUGHT | SA_ONSTACK)}${sending(SIGUSR1)}
  handler:
    xor edi, edi
    call stack
    neg eax
    mov edi, eax
    jmp exit`, EPERM],
  ['SS_AUTODISARM: it may, and the frame brings the old one back', `
  main: mov edi, 0x80000000
    call stack ${catching(SIGUSR1, SA_CAUGHT | SA_ONSTACK)}${sending(SIGUSR1)}
    xor edi, edi
    lea rsi, [r15+256]
    mov eax, ${SYS.sigaltstack}
    syscall
    mov edi, [r15+264]
    shr edi, 24
    add edi, [r15+64]
    jmp exit
  handler:
    push rdx
    xor edi, edi
    lea rsi, [r15+256]
    mov eax, ${SYS.sigaltstack}
    syscall
    mov eax, [r15+264]
    mov [r15+64], eax
    pop rdx
    ret`, 0x82],
  ['frames that would leave the alternate stack kill', `
  main: xor edi, edi
    mov esi, 2048
    call stack_of ${catching(SIGUSR1, SA_CAUGHT | SA_ONSTACK | SA_NODEFER)}${sending(SIGUSR1)}
    mov edi, 1
    jmp exit
  handler: ${sending(SIGUSR1)}
    mov edi, 2
    jmp exit`, KILLED],
  ['a handler without SA_RESTORER cannot be called', `
  main: ${catching(SIGUSR1, SA_SIGINFO)}${sending(SIGUSR1)}
    mov edi, 1
    jmp exit
  handler: mov edi, 2
    jmp exit`, KILLED],
  ['a fault while its signal is blocked kills, handler or not', `
  main: ${catching(SIGSEGV)}
    xor edi, edi
    mov esi, ${1 << (SIGSEGV - 1)}
    call mask
    mov rax, [8]
  handler: mov edi, 2
    jmp exit`, KILLED],
  ['a fault in a handler of its own signal kills', `
  main: ${catching(SIGSEGV)}
    mov rax, [8]
  handler: mov rax, [8]`, KILLED],
  ['with SA_NODEFER it is handled as well', `
  main: ${catching(SIGSEGV, SA_CAUGHT | SA_NODEFER)}
    mov rax, [8]
  handler:
    inc dword ptr [r15+64]
    mov edi, [r15+64]
    cmp edi, 3
    je exit
    mov rax, [8]`, 3],
  ['SA_RESETHAND: the second time is the default\'s', `
  main: ${catching(SIGABRT, SA_CAUGHT | SA_RESETHAND)}${sending(SIGABRT)}${sending(SIGABRT)}
    mov edi, 1
    jmp exit
  handler: ret`, 128 + SIGABRT],
  ['a signal raised in its own handler waits for the return', `
  main: ${catching(SIGUSR1)}${sending(SIGUSR1)}
    mov edi, [r15+64]
    jmp exit
  handler:
    cmp dword ptr [r15+64], 0
    jne 1f
    mov dword ptr [r15+64], 1 ${sending(SIGUSR1)}
    add dword ptr [r15+64], 4
    ret
  1: shl dword ptr [r15+64], 1
    ret`, 10],
  ['of two signals that become deliverable together the higher number runs first', `
  main: ${catching(SIGUSR1)}${catching(SIGUSR2)}
    xor edi, edi
    mov esi, ${(1 << (SIGUSR1 - 1)) | (1 << (SIGUSR2 - 1))}
    call mask ${sending(SIGUSR2)}${sending(SIGUSR1)}
    mov edi, 2
    xor esi, esi
    call mask
    mov edi, [r15+64]
    jmp exit
  handler:
    mov eax, [r15+64]
    shl eax, 4
    add eax, edi
    mov [r15+64], eax
    ret`, (SIGUSR2 << 4) + SIGUSR1],
  ['a mask changed in the frame is the mask after the return', `
  main: ${catching(SIGUSR1)}${catching(SIGUSR2, SA_CAUGHT, 'never')}${sending(SIGUSR1)}${sending(SIGUSR2)}
    mov edi, 5
    jmp exit
  handler: or qword ptr [rdx+UC_MASK], ${1 << (SIGUSR2 - 1)}
    ret
  never: mov edi, 6
    jmp exit`, 5],
  ['division by zero is SIGFPE at its own address, FPE_INTDIV, trap 0', `
  main: ${catching(SIGFPE)}
    xor ecx, ecx
  fault:
    div ecx
  handler:
    lea rax, [rip+fault]
    mov edi, 1
    cmp [rsi+16], rax
    jne exit
    cmp [rdx+UC_RIP], rax
    jne exit
    mov edi, [rsi+8]
    shl edi, 4
    add edi, [rdx+UC_TRAP]
    jmp exit`, 16],
  ['UD2 is SIGILL, ILL_ILLOPN, trap 6', `
  main: ${catching(SIGILL)}
    ud2
  handler:
    mov edi, [rsi+8]
    shl edi, 4
    add edi, [rdx+UC_TRAP]
    jmp exit`, 0x26],
  ['INT3 is SIGTRAP with RIP behind it, trap 3', `
  main: ${catching(5)}
    int3
  after:
    mov edi, [r15+64]
    jmp exit
  handler:
    lea rax, [rip+after]
    mov edi, 1
    cmp [rdx+UC_RIP], rax
    jne exit
    mov eax, [rdx+UC_TRAP]
    add eax, [rsi+8]
    mov [r15+64], eax
    ret`, 3 + 128],
  ['a non-canonical address is SIGSEGV from the kernel, without an address, trap 13', `
  main: ${catching(SIGSEGV)}
    movabs rax, 0x8000000000000000
    mov rax, [rax]
  handler:
    mov edi, [rsi+8]
    add edi, [rsi+16]
    add edi, [rdx+UC_TRAP]
    jmp exit`, 128 + 13],
  ['a jump to nowhere faults there: RIP and si_addr are the target, error code 20', `
  main: ${catching(SIGSEGV)}
    mov eax, 0x1230
    jmp rax
  handler:
    mov edi, 1
    cmp qword ptr [rdx+UC_RIP], 0x1230
    jne exit
    cmp qword ptr [rsi+16], 0x1230
    jne exit
    mov edi, [rdx+UC_ERROR]
    jmp exit`, 20],
  ['a non-canonical RIP in the frame kills on the way back', `
  main: ${catching(SIGUSR1)}${sending(SIGUSR1)}
  handler: mov rax, -1
    btr rax, 60
    mov [rdx+UC_RIP], rax
    ret`, KILLED],
  ['a code segment that is not the user\'s kills on the way back', `
  main: ${catching(SIGUSR1)}${sending(SIGUSR1)}
    mov edi, 1
    jmp exit
  handler: mov word ptr [rdx+UC_CS], 8
    ret`, KILLED],
  ['an extended state that cannot be read kills on the way back', `
  main: ${catching(SIGUSR1)}${sending(SIGUSR1)}
    mov edi, 1
    jmp exit
  handler: mov qword ptr [rdx+UC_FPSTATE], 0x1000
    ret`, KILLED],
  ['without extended state the return starts it afresh', `
  main: ${catching(SIGUSR1)}
    mov eax, 5
    movd xmm0, eax ${sending(SIGUSR1)}
    movd edi, xmm0
    add edi, 9
    jmp exit
  handler: mov qword ptr [rdx+UC_FPSTATE], 0
    ret`, 9],
  ['rt_sigreturn without a frame kills', `
  main: mov esp, 0x1000
    jmp restorer`, KILLED],
  ['and a SIGSEGV handler hears of it', `
  main: xor edi, edi
    call stack ${catching(SIGSEGV, SA_CAUGHT | SA_ONSTACK)}
    mov esp, 0x1000
    jmp restorer
  handler:
    mov edi, [rsi+8]
    jmp exit`, 128],
  ['the default action of SIGTERM ends the program', `main: ${sending(SIGTERM)}
    mov edi, 1
    jmp exit`, 128 + SIGTERM],
];
const guests = suite('signals › guests');
for (const [claim, source, status] of GUESTS) {
  guests(claim, () => {
    const program = elf(source), here = runGuest(program);
    if (isNativeHost) assert.is(runNative(program).status, status > 128 && here.signal !== null ? null : status, 'the host agrees');
    assert.is(here.status, status, here.stderr);
  });
}
guests.run();
