/** The interface's rules, line by line, as one guest meets them through the processor: every call of a list, in its order, and what it returned. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ACTION, catchSignal, OUT, run, slot, SPARE, sys, SYS } from './support/trampfd-program.ts';
import { systemCall } from './support/guest-program.ts';
import { TYPES } from '../src/trampfd/uapi.ts';
import { ATTACH, BY_ID, NAME, PERSIST, SET_REGS, SET_STACK } from './support/trampfd-world.ts';

const EBADF = 9, ENOMEM = 12, EACCES = 13, EFAULT = 14, EINVAL = 22, EMFILE = 24, EIDRM = 43;
const BAD = 0x10, END = OUT + 0x200000, SEEK = 8, PLACE = 0x90_0000, OTHER = 0x92_0000, MREMAP = 25;
/** Words of 4 bytes at SPARE, as many as are given, or 8 where a string names a label. */
type Data = readonly (number | string)[];
type Step = readonly [rule: string, call: keyof typeof SYS | number, args: readonly (number | string)[], result: number, data?: Data];
const REG = (name: keyof typeof NAME, value: string | number): Data => [NAME[name], 0, String(value)];
const regsOf = (...entries: readonly Data[]): Data => [entries.length, 0, ...entries.flat()];
const FD = 'r14', AT = SPARE, TARGET = 'target', forty = Array.from({ length: 40 }, () => REG('rip', TARGET)), count = (data: Data): number => data.reduce<number>((sum, word) => sum + (typeof word === 'string' ? 8 : 4), 0);
const write = (rule: string, offset: number, data: Data, result = count(data), length = count(data)): Step => [rule, 'pwrite', [FD, AT, length, offset], result, data];
const read = (rule: string, offset: number, length: number, result: number, at = AT): Step => [rule, 'pread', [FD, at, length, offset], result];
const map = (rule: string, result: number, length = 4096, prot = 0, flags = 2, offset = 0, at = 0): Step => [rule, 'mmap', [at, length, prot, flags, FD, offset], result];

const STEPS: readonly Step[] = [
  // 1. Creation; r14 is a descriptor that was made before.
  ['flags', 'trampfd_create', [0, AT, 1], -EINVAL, [0, 0]], ['data NULL', 'trampfd_create', [0, 0, 0], -EINVAL], ['flags come before all', 'trampfd_create', [99, 0, 1], -EINVAL],
  ['a negative type', 'trampfd_create', [-1, BAD, 0], -EINVAL], ['no such type', 'trampfd_create', [1, BAD, 0], -EINVAL], ['unreadable', 'trampfd_create', [0, BAD, 0], -EFAULT],
  ['half readable', 'trampfd_create', [0, END - 4, 0], -EFAULT], ['a flag of the structure', 'trampfd_create', [0, AT, 0], -EINVAL, [1, 0]], ['its reserved word', 'trampfd_create', [0, AT, 0], -EINVAL, [0, 1]],
  // 1. Positions.
  ['SEEK_SET', SEEK, [FD, 3, 0], 3], ['beyond the last', SEEK, [FD, 4, 0], -EINVAL], ['before the first', SEEK, [FD, -1, 0], -EINVAL], ['SEEK_CUR', SEEK, [FD, 0, 1], -EINVAL], ['SEEK_END', SEEK, [FD, 0, 2], -EINVAL],
  read('the map', 0, 24, 24), read('cut short', 0, 23, -EINVAL), read('too long', 0, 25, -EINVAL), read('a NULL buffer', 0, 24, -EINVAL, 0), read('nothing', 0, 0, -EINVAL), read('unwritable', 0, 24, -EFAULT, BAD),
  read('text is unwritable', 0, 24, -EFAULT, 0x400000), read('allowed PCs', 3, 8, -EINVAL), read('no such context', 4, 8, -EINVAL), write('the map', 0, [0, 0], -EINVAL), write('no such context', 4, [0, 0], -EINVAL),
  // 1. Contexts in the wrong order: none to call, none to map without.
  read('no registers yet', 1, 8, 8), read('no stack yet', 2, 16, 16),
  // 1. Registers.
  write('a count of 7', 1, [0, 0], -EINVAL, 7), write('41 entries', 1, [41, 0, ...forty.flat()], -EINVAL), write('40 entries', 1, regsOf(...forty)), write('649 bytes', 1, regsOf(...forty), -EINVAL, 649),
  write('reserved', 1, [1, 1, ...REG('rip', TARGET)], -EINVAL), write('fewer bytes than entries', 1, [2, 0, ...REG('rip', TARGET)], -EINVAL), write('more bytes', 1, [1, 0, ...REG('rip', TARGET), 0], -EINVAL),
  write('reserved of an entry', 1, [1, 0, NAME.rip, 1, TARGET], -EINVAL), write('a 32-bit name', 1, regsOf(REG('eax', 1), REG('rip', TARGET)), -EINVAL), write('eip', 1, regsOf(REG('eip', TARGET)), -EINVAL),
  write('the name behind the last', 1, regsOf(REG('max', 1), REG('rip', TARGET)), -EINVAL), write('no rip', 1, regsOf(REG('rax', 1)), -EINVAL), write('a rip of 0', 1, regsOf(REG('rip', 0)), -EINVAL),
  write('a rip of 0 and another', 1, regsOf(REG('rip', 0), REG('rip', TARGET))), ['unreadable', 'pwrite', [FD, BAD, 24, 1], -EFAULT], ['a bad count comes first', 'pwrite', [FD, BAD, 7, 1], -EINVAL],
  // 1. Stack.
  write('a count of 15', 2, [0, 0, 0, 0], -EINVAL, 15), write('81 bytes', 2, [0, 0, 65, 0, ...new Array<number>(17).fill(0)], -EINVAL, 81), write('reserved', 2, [0, 0, 4, 1, 7], -EINVAL), write('size and count differ', 2, [0, 0, 8, 0, 7], -EINVAL),
  write('an unknown flag', 2, [2, 0, 4, 0, 7], -EINVAL), write('an offset of 257', 2, [0, 257, 4, 0, 7], -EINVAL), write('an offset of 256', 2, [1, 256, 4, 0, 7]), write('64 bytes', 2, [0, 0, 64, 0, ...new Array<number>(16).fill(1)]),
  read('of 64, 20', 2, 20, 20), write('none', 2, [0, 0, 0, 0]),
  // 1. Allowed PCs.
  write('17 of them', 3, [17, 0, ...new Array<string>(17).fill(TARGET)], -EINVAL), write('a zero', 3, [2, 0, TARGET, '0'], -EINVAL), write('reserved', 3, [1, 1, TARGET], -EINVAL), write('a count that differs', 3, [2, 0, TARGET], -EINVAL),
  write('16 of them', 3, [16, 0, ...new Array<string>(16).fill('finish')]), write('not among them', 1, regsOf(REG('rip', TARGET)), -EINVAL), write('among them', 1, regsOf(REG('rip', 'finish'))),
  write('the last one counts', 1, regsOf(REG('rip', 'finish'), REG('rip', TARGET)), -EINVAL), write('none', 3, [0, 0]), write('free again', 1, regsOf(REG('r10', 5), REG('rip', TARGET))),
  // 1. Mapping.
  map('a length of 1', -EINVAL, 1), map('two pages', -EINVAL, 8192), map('no length', -EINVAL, 0), map('readable', -EINVAL, 4096, 1), map('executable', -EINVAL, 4096, 4), map('shared', -EINVAL, 4096, 0, 1), map('populated', -EINVAL, 4096, 0, 0x8002),
  map('at an offset', -EINVAL, 4096, 0, 2, 4096), map('as it is told', PLACE, 4096, 0, 2, 0, PLACE), map('a second time', PLACE + 4096, 4096, 0, 2, 0, PLACE + 4096),
  ['no permission', 'mprotect', [PLACE, 4096, 1], -EACCES], ['nor any other', 'mprotect', [PLACE, 4096, 5], -EACCES], ['none is what it has', 'mprotect', [PLACE, 4096, 0], 0],
  ['it does not grow', MREMAP, [PLACE, 4096, 8192, 1], -EFAULT], ['neighbours are unmapped alone', 'munmap', [PLACE + 4096, 4096], 0],
  // 3. Without descriptors.
  ['by address, what a descriptor wrote', 'tramp_get', [PLACE, 0, AT, 720], 48], ['a page, not an address', 'tramp_get', [PLACE + 8, 0, AT, 720], -EINVAL], ['unwritable', 'tramp_get', [PLACE, 0, BAD, 48], -EFAULT],
  ['created', 'tramp_create', [0, 0, AT, OTHER], OTHER, [1, 4, 0, 0, ...REG('rip', TARGET), 7]], ['a NULL structure', 'tramp_create', [0, 0, 0, 0], -EINVAL], ['41 registers', 'tramp_create', [0, 0, AT, 0], -EINVAL, [41, 0, 0, 0]],
  ['65 bytes', 'tramp_create', [0, 0, AT, 0], -EINVAL, [0, 65, 0, 0]], ['unreadable', 'tramp_create', [0, 0, BAD, 0], -EFAULT], ['no such type', 'tramp_create', [1, 0, AT, 0], -EINVAL], ['an unknown flag', 'tramp_create', [0, 128, AT, 0], -EINVAL],
  ['fast, of a type without code', 'tramp_create', [TYPES.KERNEL, 32, AT, 0], -EINVAL, [0, 0]], ['persistent without an ID', 'tramp_create', [0, PERSIST, AT, 0], -EINVAL],
  ['neither registers nor stack', 'tramp_set', [OTHER, 0, AT], -EINVAL], ['the stack alone', 'tramp_set', [OTHER, SET_STACK, AT], 0, [0, 0, 0, 0]], ['is gone', 'tramp_get', [OTHER, 0, AT, 720], 32], ['a bad entry', 'tramp_set', [OTHER, SET_REGS, AT], -EINVAL, [1, 0, 0, 0, ...REG('eip', 1)]],
  ['one PC', 'tramp_allow', [OTHER, 0, AT, 1], 0, ['finish']], ['another', 'tramp_set', [OTHER, SET_REGS, AT], -EINVAL, [1, 0, 0, 0, ...REG('rip', TARGET)]], ['17 PCs', 'tramp_allow', [OTHER, 0, AT, 17], -EINVAL], ['any again', 'tramp_allow', [OTHER, 0, 0, 0], 0],
  ['shared', 'tramp_share', [OTHER, 0, 0o600], 0], ['by ID', 'tramp_get', [0, BY_ID, AT, 16], 32], ['not to be attached', 'tramp_share', [0, BY_ID | ATTACH, 0], -EACCES], ['now it is', 'tramp_share', [0, BY_ID, 0o100], 0],
  ['attached', 'tramp_share', [0, BY_ID | ATTACH, OTHER + 4096], OTHER + 4096], ['not to be written', 'tramp_set', [OTHER, SET_REGS, AT], -EACCES, [1, 0, 0, 0, ...REG('rip', TARGET)]], ['nor read', 'tramp_get', [0, BY_ID, AT, 16], -EACCES],
  ['a mode of ten bits', 'tramp_share', [0, BY_ID, 0o1000], -EINVAL], ['freed by ID', 'tramp_free', [0, BY_ID], 0], ['twice', 'tramp_free', [0, BY_ID], -EINVAL], ['by address', 'tramp_free', [OTHER, 0], 0], ['twice by address', 'tramp_free', [OTHER, 0], -EINVAL],
  ['a new one has another number', 'tramp_create', [0, BY_ID, AT, 0o700], 1 << 15, [1, 0, 0, 0, ...REG('rip', TARGET)]], ['the old is removed', 'tramp_share', [0, BY_ID, 0], -EIDRM], ['what is no trampoline', 'tramp_free', [AT, 0], -EINVAL],
  // 1. Life: the mapping goes on without the descriptor; the descriptor does not without itself.
  ['closed', 'close', [FD], 0], ['written all the same', 'pwrite', [FD, AT, 24, 1], -EBADF], ['mapped all the same', 'mmap', [0, 4096, 0, 2, FD, 0], -EBADF], ['changed by address', 'tramp_set', [PLACE, SET_REGS, AT], 0, [1, 0, 0, 0, ...REG('rip', TARGET)]],
];
const dataText = (data: Data, k: number): string => `.balign 8\ndata_${k}: ${data.map(word => typeof word === 'string' ? `.quad ${word}` : `.long ${word}`).join('\n')}\ndata_${k}_end:`;
const RESULTS = OUT + 0x1000;
const rules = suite('trampfd › rules');
rules('of creation, positions, contexts, mapping, targets, rights and life, in one guest', () => {
  const numbered = STEPS.map(([, call, args, , data], k) => {
    const text = systemCall(typeof call === 'number' ? call : SYS[call], ...args);
    const laid = data === undefined ? '' : `mov edi, ${AT}\nmov esi, offset data_${k}\nmov ecx, ${count(data)}\nrep movsb`;
    return `${laid}\n${text}\nmov qword ptr [${RESULTS + 8 * k}], rax`;
  });
  const { out, stderr } = run(`
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    mov r14, rax
    ${numbered.join('\n')}
    ${sys('write', 1, RESULTS, 8 * STEPS.length)}
    mov eax, ${PLACE}
    call rax
    jmp finish
  target: ret
  ${STEPS.map(([, , , , data], k) => data === undefined ? '' : dataText(data, k)).join('\n')}`);
  assert.is(stderr, '');
  assert.equal(STEPS.map(([rule, call], k) => `${call}, ${rule}: ${out[k]}`), STEPS.map(([rule, call, , result]) => `${call}, ${rule}: ${result}`));
});
rules('of limits: 1,021 descriptors, then EMFILE, and one that is closed makes room; bad parameters are told first', () => {
  const { out, stderr } = run(`
    xor ebx, ebx
  more: ${sys('trampfd_create', 0, 'offset zeros', 0)}
    test rax, rax
    js full
    inc rbx
    jmp more
  full: mov ${slot(0)}, rax
    mov ${slot(1)}, rbx
    ${sys('trampfd_create', 0, 'offset wrong', 0)}
    mov ${slot(2)}, rax
    ${sys('close', 500)}
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    mov ${slot(3)}, rax
    jmp finish
  wrong: .long 0, 1`, 4);
  assert.equal([stderr, ...out.map(Number)], ['', -EMFILE, 1021, -EINVAL, 500]);
});
const SA_ONSTACK = 0x800_0000, ON_ALTERNATE = ACTION.replace(`handler, ${0x400_0004}`, `handler, ${0x400_0004 + SA_ONSTACK}`);
/** Pushes that fail, and what the handler finds: rsp before, and how the stack is asked for. */
const PUSHES: readonly (readonly [claim: string, rsp: string, stack: string, works: boolean])[] = [
  ['into text', '0x400100', '0, 0, 8, 0', false], ['into nothing', '0x100', '0, 0, 8, 0', false], ['below address 0', '4', '0, 0, 8, 0', false], ['across the end of what is there', `${OUT + 4}`, '0, 0, 8, 0', false],
  ['from beyond user space', '-8', '0, 0, 8, 0', false], ['over a gap that is not looked at', `${OUT + 0x100}`, '0, 64, 8, 0', true], ['moving rsp into text', '0x400200', '1, 0, 8, 0', false], ['into a page that comes', `${OUT + 0x150000}`, '1, 128, 8, 0', true],
];
for (const [claim, rsp, stack, works] of PUSHES) {
  rules(`of a push ${claim}: ${works ? 'it is done' : 'SIGSEGV at the trampoline, registers loaded, rsp kept'}`, () => {
    const { out, stderr } = run(`
      mov rdi, offset alternate
      xor esi, esi
      mov eax, 131
      syscall
      ${catchSignal(11)}
      ${sys('trampfd_create', 0, 'offset zeros', 0)}
      mov r14, rax
      ${sys('pwrite', 'r14', 'offset context', 40, 1)}
      ${sys('pwrite', 'r14', 'offset pushed', 24, 2)}
      ${sys('mmap', PLACE, 4096, 0, 2, 'r14', 0)}
      mov r10d, 1
      mov rsp, ${rsp}
      mov rbx, rsp
      jmp rax
    target: mov ${slot(0)}, 1
      mov rsp, ${OUT + 0x180000}
      jmp finish
    handler: mov ${slot(0)}, 2
      mov rax, [rsi+16]
      mov ${slot(1)}, rax
      mov rax, [rdx+${40 + 8 * 2}]
      mov ${slot(2)}, rax
      mov rax, [rdx+160]
      sub rax, rbx
      mov ${slot(3)}, rax
      mov rax, [rdx+168]
      mov rcx, offset target
      sub rax, rcx
      mov ${slot(4)}, rax
      jmp finish
    ${ON_ALTERNATE}
    .balign 8
    alternate: .quad ${OUT + 0x1a0000}, 0, 0x8000
    context: .long 2, 0, ${NAME.r10}, 0
      .quad 77
      .long ${NAME.rip}, 0
      .quad target
    pushed: .long ${stack}
      .quad 5`, 5);
    assert.is(stderr, '');
    assert.equal(out.map(Number), works ? [1, 0, 0, 0, 0] : [2, PLACE, 77, 0, 0]);
  });
}
rules('ENOMEM is for mappings beyond RLIMIT_AS, by either form', () => {
  const { out, stderr } = run(`
    ${sys('trampfd_create', 0, 'offset zeros', 0)}
    mov r14, rax
    mov edi, 9
    mov esi, offset limit
    mov eax, 160
    syscall
    ${sys('mmap', 0, 4096, 0, 2, 'r14', 0)}
    mov ${slot(0)}, rax
    ${sys('tramp_create', 0, 0, 'offset empty', 0)}
    mov ${slot(1)}, rax
    jmp finish
  .balign 8
  limit: .quad 4096, 4096
  empty: .quad 0, 0`, 2);
  assert.equal([stderr, ...out.map(Number)], ['', -ENOMEM, -ENOMEM]);
});
rules.run();
