/**
 * The contenders: every way of the trampfd discussion (kernel-hardening, July 2020) to call a closure through a plain
 * function pointer. Each is guest assembly (Intel syntax) around one common loop; see program.ts for what surrounds it.
 *
 * A system call that fails goes to `failed_` and its number, which tells; code that has another way to try calls `refused` first (program.ts).
 * All call `target(argument)` in rdi, the closure's context in r10, as GCC's static chain: it returns argument + bound value.
 */

export interface Contender {
  readonly name: string;
  /** One line for the legend. */
  readonly what: string;
  /** Fills the table at FUNCTIONS with COUNT pointers; may use every register. Ends with `ret`. */
  readonly create: string;
  /** One invocation of the closure whose pointer is at [rbx]: argument in rdi, result in rax; keeps rbx rbp r12 r13. */
  readonly invoke: string;
  /** Further code. */
  readonly code?: string;
  /** Its place in libffi's order: the methods of userspace first, trampfd when all others were refused. */
  readonly libffiPlace?: number;
  /** PT_GNU_STACK asks for an executable stack. */
  readonly hasExecutableStack?: boolean;
}

const SYSCALL = { mmap: 9, mprotect: 10, rt_sigaction: 13, rt_sigreturn: 15, pwrite64: 18, getppid: 110, memfd_create: 319, write: 1, trampfd_create: 440 };
const PAGE = 4096;
const CALL = 'call qword ptr [rbx]';
/** The closure's context belonging to the pointer at [rbx]: contexts are 16 bytes, pointers 8. */
const CONTEXT_OF_RBX = 'lea r10, [rbx+rbx+CONTEXTS-2*FUNCTIONS]';

const call = (number: number): string => `mov eax, ${number}\nsyscall\ntest rax, rax\njs failed_${number}`;
const POINT_AT_TARGET = `
  mov rdi, FUNCTIONS
  mov rcx, COUNT
  lea rax, [rip+target]
  rep stosq
  ret`;

/** Registers in the order Andy Lutomirski's sketch pushes them. */
const PUSHED = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const popAll = [...PUSHED].reverse().map(register => `pop ${register}`).join('\n');
/** Where r10 and r11 lie in what was pushed, from the last one up. */
const SAVED_R10 = 8 * (PUSHED.length - 1 - PUSHED.indexOf('r10')), SAVED_R11 = 8 * (PUSHED.length - 1 - PUSHED.indexOf('r11'));

/**
 * Code pages with a data page right behind: one page of template code in a memory file, mapped executable as often as
 * needed, each copy followed by fresh memory with 16 bytes {context, target} a slot. The page's last words are for all slots.
 */
function remapped(slotBytes: number, dataBytes: number, slot: (k: number) => string, fill: string, pageFill = ''): { create: string; code: string } {
  const slots = Math.floor(Math.min(PAGE / slotBytes, (PAGE - 16) / dataBytes));
  const create = `
  ${call(SYSCALL.memfd_create).replace('mov eax', 'lea rdi, [rip+empty]\nxor esi, esi\nmov eax')}
  mov r14, rax
  mov rdi, r14
  lea rsi, [rip+template]
  mov edx, ${PAGE}
  ${call(SYSCALL.write)}
  mov r12, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
new_pair:
  xor edi, edi
  mov esi, ${2 * PAGE}
  mov edx, 3
  mov r10d, 0x22
  mov r8, -1
  xor r9d, r9d
  ${call(SYSCALL.mmap)}
  mov rbx, rax
  mov rdi, rbx
  mov esi, ${PAGE}
  mov edx, 5
  mov r10d, 0x12
  mov r8, r14
  xor r9d, r9d
  ${call(SYSCALL.mmap)}
  ${pageFill}
  mov rcx, rbx
  lea rdx, [rbx+${PAGE}]
  mov esi, ${slots}
new_slot:
  mov [r12], rcx
  ${fill}
  add r12, 8
  add r13, 16
  add rcx, ${slotBytes}
  add rdx, ${dataBytes}
  dec r15
  jz created
  dec esi
  jnz new_slot
  jmp new_pair
created:
  ret`;
  const code = `
.balign ${PAGE}, 0xcc
template:
${Array.from({ length: slots }, (_, k) => `slot_${k}:\n${slot(k)}\n.org template+${(k + 1) * slotBytes}, 0xcc`).join('\n')}
.org template+${PAGE}, 0xcc
empty: .byte 0`;
  return { create, code };
}
/** {context, target} of the slot at [rdx]. */
const FILL_PAIR = `mov [rdx], r13
  lea rax, [rip+target]
  mov [rdx+8], rax`;
/** Two pointers that the slots of a page share, at its data page's end. */
const SHARED = { handler: 2 * PAGE - 8, tail: 2 * PAGE - 16 };

/** What the quoted mail sketches: `push` everything, rdi = the saved registers, rsi = the trampoline, call the handler. */
const pushAllSlot = (after: string) => (k: number): string => `${PUSHED.map(register => `push ${register}`).join('\n')}
mov rdi, rsp
lea rsi, [rip+slot_${k}]
call qword ptr [rip+template+${SHARED.handler}]
${after}`;
/** The handler's part: which slot, and its {context, target} into the saved r10 and r11. `slotBytes` is divided by through a multiplication. */
const lookUp = (reciprocal: number): string => `
  mov rax, rsi
  and rax, -${PAGE}
  sub rsi, rax
  imul ecx, esi, ${reciprocal}
  shr ecx, 21
  shl ecx, 4
  lea rax, [rax+rcx+${PAGE}]
  mov rdx, [rax]
  mov [rdi+${SAVED_R10}], rdx
  mov rdx, [rax+8]
  mov [rdi+${SAVED_R11}], rdx`;
const reciprocalOf = (slotBytes: number): number => Math.ceil(2 ** 21 / slotBytes);
const sharedPointers = (tail: boolean): string => `lea rax, [rip+trampoline_handler]
  mov [rbx+${SHARED.handler}], rax
  ${tail ? `lea rax, [rip+pop_and_jump]\n  mov [rbx+${SHARED.tail}], rax` : ''}`;

const dropSlots = remapped(40, 16, pushAllSlot(''), FILL_PAIR, sharedPointers(false));
const returnSlots = remapped(48, 16, pushAllSlot(`jmp qword ptr [rip+template+${SHARED.tail}]`), FILL_PAIR, sharedPointers(true));
const pairSlots = remapped(16, 16, k => `mov r10, [rip+template+${PAGE + 16 * k}]\njmp qword ptr [rip+template+${PAGE + 16 * k + 8}]`, FILL_PAIR);
/** The inverse loads fifteen registers from its slot's image and jumps to the sixteenth word. */
const IMAGE = [...PUSHED, 'target'];
const imageOf = (name: string): number => 8 * IMAGE.indexOf(name);
const inverseSlots = remapped(128, 128,
  k => [...PUSHED.map(register => `mov ${register}, [rip+template+${PAGE + 128 * k + imageOf(register)}]`), `jmp qword ptr [rip+template+${PAGE + 128 * k + imageOf('target')}]`].join('\n'),
  `mov [rdx+${imageOf('r10')}], r13
  lea rax, [rip+target]
  mov [rdx+${imageOf('target')}], rax`);

export const CONTENDERS: readonly Contender[] = [
  { name: 'direct call', what: 'the caller knows function and context: no trampoline', create: POINT_AT_TARGET, invoke: `${CONTEXT_OF_RBX}\ncall target` },
  { name: 'indirect call', what: 'function pointer, context passed by the caller: no trampoline', create: POINT_AT_TARGET, invoke: `${CONTEXT_OF_RBX}\n${CALL}` },
  {
    name: 'trampfd, by fault', libffiPlace: 9, what: 'trampfd_create, registers r10 and rip set by the kernel on the execute fault',
    create: `
  mov r12, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
new_trampoline:
  xor edi, edi
  lea rsi, [rip+trampfd_user]
  xor edx, edx
  ${call(SYSCALL.trampfd_create)}
  mov r14, rax
  sub rsp, 40
  mov qword ptr [rsp], 2
  mov qword ptr [rsp+8], 17
  mov [rsp+16], r13
  mov qword ptr [rsp+24], 23
  lea rax, [rip+target]
  mov [rsp+32], rax
  mov rdi, r14
  mov rsi, rsp
  mov edx, 40
  mov r10d, 1
  ${call(SYSCALL.pwrite64)}
  add rsp, 40
  xor edi, edi
  mov esi, ${PAGE}
  xor edx, edx
  mov r10d, 2
  mov r8, r14
  xor r9d, r9d
  ${call(SYSCALL.mmap)}
  mov [r12], rax
  add r12, 8
  add r13, 16
  dec r15
  jnz new_trampoline
  ret`,
    invoke: CALL, code: 'trampfd_user: .quad 0',
  },
  {
    name: 'return trampoline, drop', what: 'page remapped; push all, call the handler, which drops the frame and jumps on',
    create: dropSlots.create, invoke: CALL,
    code: `trampoline_handler: ${lookUp(reciprocalOf(40))}
  add rsp, 8
  ${popAll}
  jmp r11
${dropSlots.code}`,
  },
  {
    name: 'return trampoline, return', what: 'page remapped; push all, call the handler, which returns into the trampoline',
    create: returnSlots.create, invoke: CALL,
    code: `trampoline_handler: ${lookUp(reciprocalOf(48))}
  ret
pop_and_jump:
  ${popAll}
  jmp r11
${returnSlots.code}`,
  },
  {
    name: 'inverse, load all', what: 'page remapped; load all registers from an image, jump',
    create: inverseSlots.create, code: inverseSlots.code,
    // The image overwrites every register: the argument goes into it, and the caller keeps its own on the stack.
    invoke: `mov rax, [rbx]
  mov [rax+${PAGE + imageOf('rdi')}], rdi
  push rbx
  push rbp
  push r12
  push r13
  call rax
  pop r13
  pop r12
  pop rbp
  pop rbx`,
  },
  {
    name: 'code page + data page', libffiPlace: 1, what: 'page remapped; rip-relative loads from the page behind: libffi\'s static trampolines',
    create: pairSlots.create, invoke: CALL, code: pairSlots.code,
  },
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
    name: 'signal', what: 'a page without permissions; the SIGSEGV handler edits r10 and rip in its ucontext',
    create: `
  mov edi, 11
  lea rsi, [rip+signal_action]
  xor edx, edx
  mov r10d, 8
  ${call(SYSCALL.rt_sigaction)}
  xor edi, edi
  mov rsi, COUNT*${PAGE}
  xor edx, edx
  mov r10d, 0x22
  mov r8, -1
  xor r9d, r9d
  ${call(SYSCALL.mmap)}
  mov [rip+trampolines], rax
  mov r12, FUNCTIONS
  mov rcx, COUNT
name_page:
  mov [r12], rax
  add r12, 8
  add rax, ${PAGE}
  dec rcx
  jnz name_page
  ret`,
    invoke: CALL,
    // siginfo.si_addr is at 16; gregs in the ucontext start at 40 with r8, r9, r10 and have rip as the 17th.
    code: `on_signal:
  mov rax, [rsi+16]
  sub rax, [rip+trampolines]
  shr rax, 8
  add rax, CONTEXTS
  mov [rdx+56], rax
  lea rax, [rip+target]
  mov [rdx+168], rax
  ret
restorer:
  mov eax, ${SYSCALL.rt_sigreturn}
  syscall
.balign 8
signal_action: .quad on_signal, 0x04000004, restorer, 0
.equ trampolines, SCRATCH`,
  },
];
