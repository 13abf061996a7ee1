/** Contenders in which the kernel does the work, or part of it. */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../mmu/vma.ts';
import { MAP_PRIVATE } from '../../syscalls/uapi.ts';
import { CALL_FLAGS, CONTEXT_HEADER_BYTES, FAST, MAP_BYTES, REGS, REGS_OFFSET, RIP_NAME, TABLE } from '../../trampfd/uapi.ts';
import { anonymous, CALL, call, callWith, CONTEXT_OF_RBX, PAGE, SYSCALL, type AssemblyContender } from './common.ts';
import { POINT_AT_TARGET } from './plain.ts';

/** Every trampoline in turn: its pointer, which `make` leaves in rax, goes to [rbx]; its context is r13. */
const createEach = (make: string): string => `
  mov rbx, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
new_trampoline: ${make}
  mov [rbx], rax
  add rbx, 8
  add r13, 16
  dec r15
  jnz new_trampoline
  ret`;
/** `free`: of the pointer at [rbx]. */
const releaseEach = (free: string): string => `
  mov rbx, FUNCTIONS
  mov r15, COUNT
free_trampoline:
  ${free}
  add rbx, 8
  dec r15
  jnz free_trampoline
  ret`;

// — trampfd —
const R10_NAME = 17, CONTEXT_BYTES = REGS.header + 2 * REGS.element;
/** The register context {r10: `context`, rip: target} of the descriptor in r14; rax is free. */
const writeRegisters = (context: string): string => `
  sub rsp, ${CONTEXT_BYTES}
  mov qword ptr [rsp], 2
  mov qword ptr [rsp+8], ${R10_NAME}
  mov [rsp+16], ${context}
  mov qword ptr [rsp+24], ${RIP_NAME}
  lea rax, [rip+target]
  mov [rsp+32], rax
  mov rdi, r14
  mov rsi, rsp
  mov edx, ${CONTEXT_BYTES}
  mov r10d, ${REGS_OFFSET}
  ${call(SYSCALL.pwrite64)}
  add rsp, ${CONTEXT_BYTES}`;
/** The word that goes with the pointer at [rbx]: its descriptor, or its context where the program itself looks that up. */
const KEPT = '[rbx+KEPT-FUNCTIONS]';
/** What RLIMIT_NOFILE leaves, rounded. */
const DESCRIPTORS = 1000;
// — signals: siginfo.si_addr is at 16; gregs in the ucontext start at 40 with r8, r9, r10 and have rip as the 17th —
const SI_ADDR = 16, UC_R10 = 56, UC_RIP = 168;

/** Trampolines by descriptor: `map` is from the descriptor in r14 to the pointer in rax. */
const byDescriptor = (flags: number, map: string): Omit<AssemblyContender, 'name' | 'what'> => ({
  most: DESCRIPTORS,
  create: createEach(`
  ${callWith(SYSCALL.trampfd_create, '0', '&trampfd_user', '0')}
  mov r14, rax
  mov ${KEPT}, rax
  ${writeRegisters('r13')}
  ${map}`),
  invoke: CALL, change: `mov r14, ${KEPT}${writeRegisters('rsi')}`,
  release: releaseEach(`mov rdi, [rbx]
  and rdi, -${PAGE}
  ${callWith(SYSCALL.munmap, 'rdi', `${PAGE}`)}
  ${callWith(SYSCALL.close, KEPT)}`),
  code: `trampfd_user: .long ${flags}, 0`,
});
const mapDescriptor = (prot: number): string => callWith(SYSCALL.mmap, '0', `${PAGE}`, `${prot}`, `${MAP_PRIVATE}`, 'r14', '0');
/** In struct trampfd_map. */
const IOFFSET = 16;

// — the table form: entries that load code and data by tables that the program has —
const TABLE_R10 = 16, TABLE_R11 = 17;
// — the system-call form —
const TRAMP_CONTEXT_BYTES = CONTEXT_HEADER_BYTES + 2 * REGS.element, { SET_REGS, WANTS_FAST, WANTS_GATE } = CALL_FLAGS;
/** `number` with the context {r10: `context`, rip: target} as its third argument, between `first` and `last`; the result is in rax. */
const withContext = (number: number, first: string, flags: number, context: string): string => `
  sub rsp, ${TRAMP_CONTEXT_BYTES}
  mov qword ptr [rsp], 2
  mov qword ptr [rsp+8], 0
  mov qword ptr [rsp+16], ${R10_NAME}
  mov [rsp+24], ${context}
  mov qword ptr [rsp+32], ${RIP_NAME}
  lea rax, [rip+target]
  mov [rsp+40], rax
  ${callWith(number, first, `${flags}`, 'rsp', '0')}
  add rsp, ${TRAMP_CONTEXT_BYTES}`;
const byAddress = (flags: number): Omit<AssemblyContender, 'name' | 'what'> => ({
  create: createEach(withContext(SYSCALL.tramp_create, '0', flags, 'r13')),
  invoke: CALL, change: `mov r8, rsi ${withContext(SYSCALL.tramp_set, '[rbx]', SET_REGS, 'r8')}`,
  release: releaseEach(callWith(SYSCALL.tramp_free, '[rbx]', '0')),
});

export const KERNEL: readonly AssemblyContender[] = [
  {
    name: 'trampfd, by fault', what: 'trampfd_create, registers r10 and rip set by the kernel on the execute fault',
    ...byDescriptor(0, mapDescriptor(0)),
  },
  {
    name: 'trampfd, fast', what: 'the same with code that the kernel generates, mapped where it says',
    ...byDescriptor(FAST, `sub rsp, ${MAP_BYTES}
  ${callWith(SYSCALL.pread64, 'r14', 'rsp', `${MAP_BYTES}`, '0')}
  ${mapDescriptor(PROT_READ | PROT_EXEC)}
  mov ecx, [rsp+${IOFFSET}]
  add rax, rcx
  add rsp, ${MAP_BYTES}`),
  },
  {
    name: 'trampfd, table', libffiPlace: 5, what: `a page of ${TABLE.entries} that the kernel generates, which load r10 and their target from the program's tables`,
    create: `
  ${anonymous(`${PAGE}`, PROT_READ | PROT_WRITE)}
  mov rdi, rax
  mov [SCRATCH+16], rax
  mov ecx, ${TABLE.entries}
  lea rax, [rip+target]
  rep stosq
  mov rbx, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
new_table:
  lea rdi, [rip+trampfd_info]
  ${call(SYSCALL.trampfd)}
  mov r14, rax
  sub rsp, 16
  mov dword ptr [rsp], ${TABLE.entries}
  mov dword ptr [rsp+4], ${TABLE_R11}
  mov rax, [SCRATCH+16]
  mov [rsp+8], rax
  ${callWith(SYSCALL.pwrite64, 'r14', 'rsp', '16', '0')}
  mov dword ptr [rsp], ${TABLE_R10}
  mov dword ptr [rsp+4], 0
  lea rax, ${KEPT}
  mov [rsp+8], rax
  ${callWith(SYSCALL.pwrite64, 'r14', 'rsp', '16', '1')}
  add rsp, 16
  ${callWith(SYSCALL.mmap, '0', `${PAGE}`, `${PROT_READ | PROT_EXEC}`, `${MAP_PRIVATE}`, 'r14', `${TABLE.offset}`)}
  mov r12, rax
  ${callWith(SYSCALL.close, 'r14')}
  mov esi, ${TABLE.entries}
new_entry:
  mov [rbx], r12
  mov ${KEPT}, r13
  add rbx, 8
  add r12, ${TABLE.entryBytes}
  add r13, 16
  dec r15
  jz tables_made
  dec esi
  jnz new_entry
  jmp new_table
tables_made:
  ret`,
    invoke: CALL, change: `mov ${KEPT}, rsi`,
    release: `
  mov r12, FUNCTIONS
  mov r15, COUNT
free_table:
  ${callWith(SYSCALL.munmap, '[r12]', `${PAGE}`)}
  add r12, ${8 * TABLE.entries}
  sub r15, ${TABLE.entries}
  jg free_table
  ${callWith(SYSCALL.munmap, '[SCRATCH+16]', `${PAGE}`)}
  ret`,
    // struct trampfd_info, which the kernel fills in.
    code: '.equ trampfd_info, SCRATCH+32',
  },
  { name: 'trampfd, by address', what: 'the system-call form, by fault: tramp_create, tramp_set, tramp_free; no descriptor', ...byAddress(0) },
  { name: 'trampfd, by address, fast', what: 'the same with code that the kernel generates', ...byAddress(WANTS_FAST) },
  {
    name: 'system call', what: 'getppid, then the closure inline: the yardstick', create: POINT_AT_TARGET,
    invoke: `mov r14, rdi
  mov eax, ${SYSCALL.getppid}
  syscall
  ${CONTEXT_OF_RBX}
  mov rax, [r10]
  add rax, r14`,
  },
  {
    name: 'system-call route', ...byAddress(WANTS_GATE),
    what: 'push rax, rcx, r11; mov eax; syscall in a page that all trampolines share: the kernel does the rest, as by fault',
  },
  {
    name: 'signal', libffiPlace: 6, what: 'a page without permissions; the SIGSEGV handler edits r10 and rip in its ucontext',
    create: `
  mov edi, 11
  lea rsi, [rip+signal_action]
  xor edx, edx
  mov r10d, 8
  ${call(SYSCALL.rt_sigaction)}
  ${anonymous(`COUNT*${PAGE}`, 0)}
  mov [rip+trampolines], rax
  mov r12, FUNCTIONS
  mov r13, CONTEXTS
  mov rcx, COUNT
name_page:
  mov [r12], rax
  mov [r12+KEPT-FUNCTIONS], r13
  add r12, 8
  add r13, 16
  add rax, ${PAGE}
  dec rcx
  jnz name_page
  ret`,
    invoke: CALL, change: `mov ${KEPT}, rsi`,
    release: `${callWith(SYSCALL.munmap, '[FUNCTIONS]', `COUNT*${PAGE}`)}\nret`,
    code: `on_signal:
  mov rax, [rsi+${SI_ADDR}]
  sub rax, [rip+trampolines]
  shr rax, 9
  mov rax, [rax+KEPT]
  mov [rdx+${UC_R10}], rax
  lea rax, [rip+target]
  mov [rdx+${UC_RIP}], rax
  ret
restorer:
  mov eax, ${SYSCALL.rt_sigreturn}
  syscall
.balign 8
signal_action: .quad on_signal, 0x04000004, restorer, 0
.equ trampolines, SCRATCH`,
  },
];
