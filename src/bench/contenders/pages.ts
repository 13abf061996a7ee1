/** Contenders in pages of code with pages of data behind, and the ways to come by such a page of code (the trampfd discussion of July 2020). */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../mmu/vma.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED } from '../../syscalls/uapi.ts';
import { anonymous, CALL, callWith, PAGE, SYSCALL, type AssemblyContender } from './common.ts';

/** Where the page of code comes from. r14: what `open` left, rbx: where it goes. */
interface Source { readonly open: string; readonly map: string; readonly code?: string; readonly isOpen: boolean }
const writeTemplate = callWith(SYSCALL.write, 'r14', '&template', `${PAGE}`);
const mapFile = (offset: string): string => callWith(SYSCALL.mmap, 'rbx', `${PAGE}`, `${PROT_READ | PROT_EXEC}`, `${MAP_PRIVATE | MAP_FIXED}`, 'r14', offset);
const copyTemplate = `mov rdi, rbx
lea rsi, [rip+template]
mov ecx, ${PAGE / 8}
rep movsq`;
const protect = (prot: number): string => callWith(SYSCALL.mprotect, 'rbx', `${PAGE}`, `${prot}`);

const SOURCES = {
  'written, writable and executable': {
    isOpen: false, open: '',
    map: `${callWith(SYSCALL.mmap, 'rbx', `${PAGE}`, `${PROT_READ | PROT_WRITE | PROT_EXEC}`, `${MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS}`, '-1', '0')}\n${copyTemplate}`,
  },
  'written, then executable': { isOpen: false, open: '', map: `${copyTemplate}\n${protect(PROT_READ | PROT_EXEC)}` },
  'temporary file': {
    isOpen: true, map: mapFile('0'), code: 'temporary: .asciz "/tmp/trampolines"',
    // O_RDWR | O_CREAT | O_EXCL
    open: `${callWith(SYSCALL.open, '&temporary', '0xc2', '0x1c0')}\nmov r14, rax\n${callWith(SYSCALL.unlink, '&temporary')}\n${writeTemplate}`,
  },
  'memory file': { isOpen: true, open: `${callWith(SYSCALL.memfd_create, '&empty', '0')}\nmov r14, rax\n${writeTemplate}`, map: mapFile('0'), code: 'empty: .byte 0' },
  'text of the program': {
    isOpen: true, open: `${callWith(SYSCALL.open, '&program', '0')}\nmov r14, rax`, map: `lea r9, [template-TEXT+${PAGE}]\n${mapFile('r9')}`, code: 'program: .asciz "/proc/self/exe"',
  },
} satisfies Readonly<Record<string, Source>>;

/** Slots of code in a page, each with data of its own in the pages behind: where they lie, and what is in them. */
interface Layout {
  readonly source: keyof typeof SOURCES;
  readonly slots: number;
  readonly dataBytes: number;
  /** All code of the page. */
  readonly template: string;
  /** From the address of a slot in rcx to the next one's: rax is free, and esi is how many of the page are left, this one included. */
  readonly next: string;
  /** Data at [rdx] for the context r13; rax is free. */
  readonly fill: string;
  /** What the slots of a page share, rbx. */
  readonly pageFill?: string;
}
/** 16 bytes at the end of the last data page are for all slots. */
const SHARED_BYTES = 16;
const dataPagesOf = (slots: number, dataBytes: number): number => Math.ceil((slots * dataBytes + SHARED_BYTES) / PAGE);
/** As many as leave room in one data page. */
const slotsOf = (slotBytes: number, dataBytes: number): number => Math.floor(Math.min(PAGE / slotBytes, (PAGE - SHARED_BYTES) / dataBytes));

function paged(layout: Layout): { readonly create: string; readonly release: string; readonly code: string; readonly template: string } {
  const source: Source = SOURCES[layout.source], bytes = PAGE * (1 + dataPagesOf(layout.slots, layout.dataBytes));
  const create = `
  ${source.open}
  ${source.isOpen ? 'mov [SCRATCH], r14' : ''}
  mov r12, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
new_pages:
  ${anonymous(`${bytes}`, PROT_READ | PROT_WRITE)}
  mov rbx, rax
  ${source.map}
  ${layout.pageFill ?? ''}
  mov rcx, rbx
  lea rdx, [rbx+${PAGE}]
  mov esi, ${layout.slots}
new_slot:
  mov [r12], rcx
  ${layout.fill}
  add r12, 8
  add r13, 16
  ${layout.next}
  add rdx, ${layout.dataBytes}
  dec r15
  jz created
  dec esi
  jnz new_slot
  jmp new_pages
created:
  ret`;
  const release = `
  mov r12, FUNCTIONS
  mov r15, COUNT
free_pages:
  ${callWith(SYSCALL.munmap, 'qword ptr [r12]', `${bytes}`)}
  add r12, ${8 * layout.slots}
  sub r15, ${layout.slots}
  jg free_pages
  ${source.isOpen ? callWith(SYSCALL.close, '[SCRATCH]') : ''}
  ret`;
  return { create, release, code: source.code ?? '', template: `template:\n${layout.template}\n.org template+${PAGE}, 0xcc` };
}

const equalSlots = (slotBytes: number, dataBytes: number, slot: (k: number) => string): Pick<Layout, 'slots' | 'dataBytes' | 'template' | 'next'> => {
  const slots = slotsOf(slotBytes, dataBytes);
  return {
    slots, dataBytes, next: `add rcx, ${slotBytes}`,
    template: Array.from({ length: slots }, (_, k) => `slot_${k}:\n${slot(k)}\n.org template+${(k + 1) * slotBytes}, 0xcc`).join('\n'),
  };
};

// — return trampolines: the mail's sketch —
/** Registers in the order Andy Lutomirski's sketch pushes them. */
const PUSHED = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const pushAll = PUSHED.map(register => `push ${register}`).join('\n');
const popAll = [...PUSHED].reverse().map(register => `pop ${register}`).join('\n');
/** Where r10 and r11 lie in what was pushed, from the last one up. */
const SAVED_R10 = 8 * (PUSHED.length - 1 - PUSHED.indexOf('r10')), SAVED_R11 = 8 * (PUSHED.length - 1 - PUSHED.indexOf('r11')), SAVED_BYTES = 8 * PUSHED.length;

/** {context, target} of the slot at [rdx]. */
const FILL_PAIR = `mov [rdx], r13
  lea rax, [rip+target]
  mov [rdx+8], rax`;
/** Two pointers that the slots of a page share, at the end of `dataPages`, from the page of code. */
const sharedAt = (dataPages: number): { readonly handler: number; readonly tail: number } => ({ handler: PAGE * (1 + dataPages) - 8, tail: PAGE * (1 + dataPages) - 16 });
const pointer = (at: number, label: string): string => `lea rax, [rip+${label}]\nmov [rbx+${at}], rax`;

/** What the quoted mail sketches: `push` everything, rdi = the saved registers, rsi = the trampoline, call the handler. */
const pushAllSlot = (after: string) => (k: number): string => `${pushAll}
mov rdi, rsp
lea rsi, [rip+slot_${k}]
call qword ptr [rip+template+${sharedAt(1).handler}]
${after}`;
/** From an address in a page of slots, rsi, to the page, rax, and the number of the slot, ecx: a division by `slotBytes` is a multiplication. */
const numberOf = (slotBytes: number): string => `
  mov rax, rsi
  and rax, -${PAGE}
  sub esi, eax
  imul ecx, esi, ${Math.ceil(2 ** 21 / slotBytes)}
  shr ecx, 21`;
/** {context, target} of slot ecx of page rax into the saved r10 and r11. */
const INTO_SAVED = `
  shl ecx, 4
  lea rax, [rax+rcx+${PAGE}]
  mov rdx, [rax]
  mov [rdi+${SAVED_R10}], rdx
  mov rdx, [rax+8]
  mov [rdi+${SAVED_R11}], rdx`;
/** New data rsi for the pointer at [rbx]. */
const changePair = (slotBytes: number): string => `mov rdx, rsi
  mov rsi, [rbx]
  ${numberOf(slotBytes)}
  shl ecx, 4
  mov [rax+rcx+${PAGE}], rdx`;

const DROP_BYTES = 40, RETURN_BYTES = 48, PAIR_BYTES = 16, IMAGE_BYTES = 128;
const dropSlots = paged({ source: 'memory file', ...equalSlots(DROP_BYTES, 16, pushAllSlot('')), fill: FILL_PAIR, pageFill: pointer(sharedAt(1).handler, 'trampoline_handler') });
const returnSlots = paged({
  source: 'memory file', ...equalSlots(RETURN_BYTES, 16, pushAllSlot(`jmp qword ptr [rip+template+${sharedAt(1).tail}]`)), fill: FILL_PAIR,
  pageFill: `${pointer(sharedAt(1).handler, 'trampoline_handler')}\n${pointer(sharedAt(1).tail, 'pop_and_jump')}`,
});

/** Compacted: a slot is one call of 5 bytes to the page's last 6, and everything that was in a slot is in the handler. */
const CALL_BYTES = 5, JUMP_BYTES = 6;
const CALL_SLOTS = Math.floor((PAGE - JUMP_BYTES) / CALL_BYTES), CALL_PAGES = dataPagesOf(CALL_SLOTS, 16);
const jumpToHandler = (dataPages: number): string => `.org template+${PAGE - JUMP_BYTES}, 0xcc\nto_handler: jmp qword ptr [rip+template+${sharedAt(dataPages).handler}]`;
const callSlots = paged({
  source: 'memory file', slots: CALL_SLOTS, dataBytes: 16, next: `add rcx, ${CALL_BYTES}`, fill: FILL_PAIR, pageFill: pointer(sharedAt(CALL_PAGES).handler, 'trampoline_handler'),
  template: Array.from({ length: CALL_SLOTS }, (_, k) => `.org template+${k * CALL_BYTES}, 0xcc\n.byte 0xe8\n.long to_handler-template-${(k + 1) * CALL_BYTES}`).join('\n') + `\n${jumpToHandler(CALL_PAGES)}`,
});

/**
 * Smaller still: a slot is one byte, `push rsp`, and runs through those behind it to a call. How many ran is told by the stack: `push rsp`
 * leaves the address of the word above it, which nothing else above them does.
 */
const SLED_SLOTS = 32, SLED_BYTES = SLED_SLOTS + CALL_BYTES, SLEDS = Math.floor((PAGE - JUMP_BYTES) / SLED_BYTES);
const SLED_PAGES = dataPagesOf(SLEDS * SLED_SLOTS, 16);
const sledSlots = paged({
  source: 'memory file', slots: SLEDS * SLED_SLOTS, dataBytes: 16, fill: FILL_PAIR, pageFill: pointer(sharedAt(SLED_PAGES).handler, 'trampoline_handler'),
  next: `inc rcx\nlea eax, [rsi-1]\ntest eax, ${SLED_SLOTS - 1}\njnz in_sled\nadd rcx, ${CALL_BYTES}\nin_sled:`,
  template: Array.from({ length: SLEDS }, (_, k) => `.org template+${k * SLED_BYTES}, 0xcc
.byte ${Array(SLED_SLOTS).fill('0x54').join(', ')}
.byte 0xe8
.long to_handler-template-${(k + 1) * SLED_BYTES}`).join('\n') + `\n${jumpToHandler(SLED_PAGES)}`,
});
/** From a slot's address, rsi, to the page, rax, and the number of the slot, ecx. */
const NUMBER_IN_SLED = `
  ${numberOf(SLED_BYTES)}
  imul edx, ecx, ${SLED_BYTES}
  sub esi, edx
  shl ecx, 5
  add ecx, esi`;

/** The inverse loads fifteen registers from its slot's image and jumps to the sixteenth word. */
const IMAGE = [...PUSHED, 'target'];
const imageOf = (name: string): number => 8 * IMAGE.indexOf(name);
const inverseSlots = paged({
  source: 'memory file',
  ...equalSlots(IMAGE_BYTES, IMAGE_BYTES, k => [
    ...PUSHED.map(register => `mov ${register}, [rip+template+${PAGE + IMAGE_BYTES * k + imageOf(register)}]`),
    `jmp qword ptr [rip+template+${PAGE + IMAGE_BYTES * k + imageOf('target')}]`,
  ].join('\n')),
  fill: `mov [rdx+${imageOf('r10')}], r13
  lea rax, [rip+target]
  mov [rdx+${imageOf('target')}], rax`,
});

export const RETURN_TRAMPOLINES: readonly AssemblyContender[] = [
  {
    name: 'return trampoline, drop', what: 'page remapped; push all, call the handler, which drops the frame and jumps on',
    ...dropSlots, invoke: CALL, change: changePair(DROP_BYTES),
    code: `trampoline_handler: ${numberOf(DROP_BYTES)}${INTO_SAVED}
  add rsp, 8
  ${popAll}
  jmp r11
${dropSlots.code}`,
  },
  {
    name: 'return trampoline, return', what: 'page remapped; push all, call the handler, which returns into the trampoline',
    ...returnSlots, invoke: CALL, change: changePair(RETURN_BYTES),
    code: `trampoline_handler: ${numberOf(RETURN_BYTES)}${INTO_SAVED}
  ret
pop_and_jump:
  ${popAll}
  jmp r11
${returnSlots.code}`,
  },
  {
    name: 'return trampoline, compact', what: `${CALL_SLOTS} of ${CALL_BYTES} bytes a page: a call, and all the rest in the handler`,
    ...callSlots, invoke: CALL, change: changePair(CALL_BYTES),
    code: `trampoline_handler:
  ${pushAll}
  mov rdi, rsp
  mov rsi, [rsp+${SAVED_BYTES}]
  sub rsi, ${CALL_BYTES} ${numberOf(CALL_BYTES)}${INTO_SAVED}
  ${popAll}
  lea rsp, [rsp+8]
  jmp r11
${callSlots.code}`,
  },
  {
    name: 'return trampoline, 1 byte', what: `${SLEDS * SLED_SLOTS} a page: up to ${SLED_SLOTS} times push rsp, then a call; the handler counts the words`,
    ...sledSlots, invoke: CALL, change: `mov rdi, rsi\nmov rsi, [rbx]\n${NUMBER_IN_SLED}\nshl ecx, 4\nmov [rax+rcx+${PAGE}], rdi`,
    code: `trampoline_handler:
  ${pushAll}
  mov rdi, rsp
  lea rbx, [rsp+${SAVED_BYTES}+8]
  mov rsi, [rbx-8]
  sub rsi, ${CALL_BYTES}
count_words:
  lea rax, [rbx+8]
  cmp [rbx], rax
  jne counted
  dec rsi
  mov rbx, rax
  jmp count_words
counted: ${NUMBER_IN_SLED}
  mov [rsp-8], rbx
${INTO_SAVED}
  ${popAll}
  mov rsp, [rsp-${SAVED_BYTES}-8]
  jmp r11
${sledSlots.code}`,
  },
  {
    name: 'inverse, load all', what: 'page remapped; load all registers from an image, jump',
    ...inverseSlots,
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
    change: `mov rax, [rbx]\nmov [rax+${PAGE + imageOf('r10')}], rsi`,
  },
];

// — code and data side by side, from everywhere that code can come from —
const pairs = (source: keyof typeof SOURCES): ReturnType<typeof paged> => paged({
  source, fill: FILL_PAIR,
  ...equalSlots(PAIR_BYTES, 16, k => `mov r10, [rip+template+${PAGE + 16 * k}]\njmp qword ptr [rip+template+${PAGE + 16 * k + 8}]`),
});
const codeAndData = (name: string, what: string, source: keyof typeof SOURCES): AssemblyContender =>
  ({ name, what, ...pairs(source), invoke: CALL, change: `mov rax, [rbx]\nmov [rax+${PAGE}], rsi` });

/** Code at two addresses of one memory file, one to write and one to run: 24 bytes that have the data in them. */
const BAKED_BYTES = 24, BAKED_SLOTS = Math.floor(PAGE / BAKED_BYTES);
const doubleMapped: AssemblyContender = {
  name: 'memory file, mapped twice', libffiPlace: 4, what: 'written at one address, executable at another; data in the code: movabs r10, jump',
  create: `
  mov r12, FUNCTIONS
  mov r13, CONTEXTS
  mov r15, COUNT
  ${callWith(SYSCALL.memfd_create, '&empty', '0')}
  mov r14, rax
  mov [SCRATCH], rax
  mov rax, COUNT
  xor edx, edx
  mov ecx, ${BAKED_SLOTS}
  add rax, ${BAKED_SLOTS - 1}
  div rcx
  shl rax, 12
  mov rbp, rax
  ${callWith(SYSCALL.ftruncate, 'r14', 'rbp')}
  ${callWith(SYSCALL.mmap, '0', 'rbp', `${PROT_READ | PROT_WRITE}`, `${MAP_SHARED}`, 'r14', '0')}
  mov rbx, rax
  ${callWith(SYSCALL.mmap, '0', 'rbp', `${PROT_READ | PROT_EXEC}`, `${MAP_SHARED}`, 'r14', '0')}
  mov rdi, rax
  sub rax, rbx
  mov [SCRATCH+8], rax
  mov [SCRATCH+16], rbp
new_baked_page:
  mov esi, ${BAKED_SLOTS}
new_baked:
  mov [r12], rdi
  mov word ptr [rbx], 0xba49
  mov [rbx+2], r13
  mov dword ptr [rbx+10], 0x25ff
  lea rax, [rip+target]
  mov [rbx+16], rax
  add r12, 8
  add r13, 16
  add rbx, ${BAKED_BYTES}
  add rdi, ${BAKED_BYTES}
  dec r15
  jz baked
  dec esi
  jnz new_baked
  add rbx, ${PAGE - BAKED_SLOTS * BAKED_BYTES}
  add rdi, ${PAGE - BAKED_SLOTS * BAKED_BYTES}
  jmp new_baked_page
baked:
  ret`,
  invoke: CALL,
  change: 'mov rax, [rbx]\nsub rax, [SCRATCH+8]\nmov [rax+2], rsi',
  release: `
  mov r12, [FUNCTIONS]
  ${callWith(SYSCALL.munmap, 'r12', '[SCRATCH+16]')}
  sub r12, [SCRATCH+8]
  ${callWith(SYSCALL.munmap, 'r12', '[SCRATCH+16]')}
  ${callWith(SYSCALL.close, '[SCRATCH]')}
  ret`,
  code: 'empty: .byte 0',
};

export const CODE_PAGES: readonly AssemblyContender[] = [
  { ...codeAndData('code page + data page', 'page of a memory file; rip-relative loads from the page behind', 'memory file'), libffiPlace: 2 },
  { ...codeAndData('(1) written, W+X', 'the same, in memory that is writable and executable', 'written, writable and executable'), libffiPlace: 3 },
  codeAndData('(2) written, then X', 'the same, in memory that is written and then made executable', 'written, then executable'),
  codeAndData('(3) temporary file', 'the same, from a file in /tmp', 'temporary file'),
  { ...codeAndData('(4) text remapped', 'the same, from the program\'s own text: libffi\'s static trampolines', 'text of the program'), libffiPlace: 1 },
  doubleMapped,
];
