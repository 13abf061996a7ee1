/** The processor's promises: code is what memory holds now, budgets are exact, faults are precise (SDM 3A §6.5-6.6, §8.1.3; vol. 1 §3.3.7.1). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_BYTES } from '../src/base/layout.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { PROT_ALL, PROT_READ } from '../src/mmu/vma.ts';
import { CODE, CpuWorld, DATA, STACK } from './support/cpu-world.ts';

const END = CODE + 2 * PAGE_BYTES, SECOND = CODE + PAGE_BYTES;
const code = (source: string, origin = 0): Uint8Array => assemble(source, { origin }).bytes;

const writing = suite('cpu › code that changes');
writing('a store to a later instruction of the same block is seen', () => {
  const w = new CpuWorld(`mov byte ptr [rip+patch+1], 7\npatch: mov eax, 1\nsyscall`);
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 7);
});
writing('a loop that rewrites its own body sees every version', () => {
  const w = new CpuWorld(`xor ebx, ebx\nmov ecx, 5\nagain: inc byte ptr [rip+patch+2]\npatch: add ebx, 0\nloop again\nsyscall`);
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rbx'), 1 + 2 + 3 + 4 + 5);
});
for (const [name, store] of [
  ['mov', 'mov byte ptr [rdi], 9'], ['stosb', 'stosb'], ['rep movsb', 'mov ecx, 1\nlea rsi, [rip+nine]\nrep movsb'], ['push', 'mov rsp, rdi\nadd rsp, 8\nmov rdx, 0x9090909090909009\npush rdx'],
  ['movdqu', 'movdqu xmm0, [rip+nine]\nmovdqu [rdi], xmm0'], ['xchg', 'xchg [rdi], al'], ['lock or', 'lock or byte ptr [rdi], 8'],
] as const) {
  writing(`a function on another page is called, rewritten by \`${name}\`, and called again`, () => {
    const w = new CpuWorld(`call f\nlea rdi, [rip+f+1]\nmov eax, 9\n${store}\nmov rsp, ${STACK - 0x100}\ncall f\nsyscall
nine: .byte 9, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0\n.org ${PAGE_BYTES}\nf: mov ebx, 1\nret`);
    if (name === 'push') w.poke(w.label('f'), code('mov bl, 1\nnop\nnop\nnop\nret\n.skip 8, 0x90'));
    if (name === 'push') w.poke(w.label('f') + 9, code('ret'));
    assert.is(w.run(), 'syscall');
    assert.is(w.get('rbx') & 0xff, 9);
  });
}
writing('code that was looked at ahead of time, and then rewritten, does what it is when it is come to', () => {
  const w = new CpuWorld(`mov ecx, 2\njmp enter\nagain: mov eax, 1\nenter: mov byte ptr [rip+again+1], 7\ndec ecx\njnz again\nsyscall`);
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 7);
});
writing('what the kernel writes (read(2) into code) is seen', () => {
  const w = new CpuWorld(`again: mov eax, 1\nsyscall\njmp again`);
  w.run();
  w.poke(CODE + 1, [42]);
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 42);
});
writing('an instruction that straddles two pages changes when its second page does', () => {
  const w = new CpuWorld(`again: mov eax, 1\nsyscall\njmp again`, SECOND - 2);
  w.run();
  assert.is(w.get('rax'), 1);
  w.poke(SECOND, [0x12]); // The second byte of the immediate.
  w.run();
  assert.is(w.get('rax'), 0x1201);
});
writing('code written through a second mapping of the same page is seen', () => {
  const w = new CpuWorld('syscall'), at = 0x900000, other = 0xa00000;
  w.space.map({ at, length: PAGE_BYTES, prot: PROT_ALL, fixed: true, shared: true, object: null, offset: 0 });
  w.poke(at, code('mov eax, 1\nmov byte ptr [rdi], 5\njmp rbx'));
  assert.is(w.space.remap(at, 0, PAGE_BYTES, true, other), other);
  w.set('rdi', other + 1); w.set('rbx', at);
  w.cpu.state.rip = at;
  w.run(5);
  assert.is(w.get('rax'), 5);
});
writing.run();

const mapping = suite('cpu › mappings of code');
mapping('unmapped code is gone at once', () => {
  const w = new CpuWorld(`again: call f\nsyscall\njmp again\n.org ${PAGE_BYTES}\nf: mov eax, 1\nret`);
  w.run();
  w.space.unmap(SECOND, PAGE_BYTES);
  assert.is(w.run(), `page-fault 0x${SECOND.toString(16)} 20`);
  assert.is(w.rip, SECOND);
});
mapping('other code mapped in its place is what runs', () => {
  const w = new CpuWorld(`again: call f\nsyscall\njmp again\n.org ${PAGE_BYTES}\nf: mov eax, 1\nret`);
  w.run();
  w.map(SECOND, 1, PROT_ALL);
  w.poke(SECOND, code('mov eax, 2\nret'));
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 2);
});
mapping('code that loses PROT_EXEC faults with present, user and fetch', () => {
  const w = new CpuWorld(`again: call f\nsyscall\njmp again\n.org ${PAGE_BYTES}\nf: mov eax, 1\nret`);
  w.run();
  w.space.protect(SECOND, PAGE_BYTES, PROT_READ);
  assert.is(w.run(), `page-fault 0x${SECOND.toString(16)} 21`);
  w.space.protect(SECOND, PAGE_BYTES, PROT_ALL);
  assert.is(w.run(), 'syscall');
});
mapping('an instruction whose second page is remapped is decoded anew', () => {
  const w = new CpuWorld(`again: mov eax, 0x1111\nsyscall\njmp again`, SECOND - 2);
  w.run();
  w.map(SECOND, 1, PROT_ALL);
  w.poke(SECOND, [0x22, 0, 0, 0x0f, 0x05]);
  w.cpu.state.rip = SECOND - 2;
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 0x2211);
});
mapping('an instruction may end with its page: nothing is fetched from the next', () => {
  const w = new CpuWorld('mov eax, 3\nsyscall', END - 7);
  assert.is(w.run(), 'syscall');
  assert.is(w.rip, END);
  assert.is(w.run(), `page-fault 0x${END.toString(16)} 20`);
});
mapping.run();

const MIX = `
  mov ecx, 40
again:
  imul eax, ecx, 77
  xor eax, ebx
  test al, 4
  jz even
  add ebx, 3
  call f
even:
  mov [DATA+rcx*8], rax
  lea rdx, [rip+f]
  test cl, 3
  jnz skip
  call rdx
skip:
  push rax
  pop rsi
  dec ecx
  jnz again
  mov edi, DATA
  mov ecx, 100
  rep stosb
  rdtsc
  syscall
f: adc ebx, eax
  ret`;
const budgets = suite('cpu › budgets');
budgets('one instruction at a time gives the registers, instructions and cycles of one run', () => {
  const whole = new CpuWorld(MIX), steps = new CpuWorld(MIX);
  assert.is(whole.run(), 'syscall');
  let exit = '';
  for (let k = 0; k < 10_000 && exit !== 'syscall'; k++) {
    const before = steps.cpu.state.instructions;
    exit = steps.run(1);
    assert.is(steps.cpu.state.instructions, before + 1);
  }
  assert.equal(steps.snapshot(), whole.snapshot());
});
for (const slice of [2, 3, 7, 64, 101]) {
  budgets(`slices of ${slice} instructions give the same, and end where single steps do`, () => {
    const a = new CpuWorld(MIX), b = new CpuWorld(MIX);
    for (let exit = ''; exit !== 'syscall';) {
      exit = a.run(slice);
      for (let k = 0, last = ''; k < slice && last !== 'syscall'; k++) last = b.run(1);
      assert.equal(a.snapshot(), b.snapshot());
    }
  });
}
budgets('two runs of one program count the same cycles', () => {
  const a = new CpuWorld(MIX), b = new CpuWorld(MIX);
  a.run(); b.run();
  assert.equal(a.snapshot(), b.snapshot());
});
budgets('`jmp .` ends with its budget, every instruction counted', () => {
  const w = new CpuWorld('here: jmp here');
  assert.is(w.run(1_000), 'budget');
  assert.is(w.rip, CODE);
  assert.is(w.cpu.state.instructions, 1_000);
});
budgets('a budget of nothing executes nothing', () => {
  const w = new CpuWorld('inc eax'), before = w.snapshot();
  assert.is(w.run(0), 'budget');
  assert.equal(w.snapshot(), before);
});
budgets('`rdtsc` grows by at least the cycles of what is between', () => {
  const w = new CpuWorld(`rdtsc\nmov ebx, eax\nmov ecx, 100\nagain: loop again\nrdtsc\nsub eax, ebx\nsyscall`);
  assert.is(w.run(), 'syscall');
  assert.ok(w.get('rax') >= 100, `${w.get('rax')} cycles`);
});
budgets('`rep movsb` of 200,000 bytes goes on after each of its pieces', () => {
  const w = new CpuWorld('rep movsb\nsyscall'), from = 0x1000000, to = 0x2000000, count = 200_000;
  w.map(from, 50); w.map(to, 50);
  w.poke(from, Uint8Array.from({ length: count }, (_, k) => k % 251));
  w.set('rsi', from); w.set('rdi', to); w.set('rcx', count);
  assert.is(w.run(), 'syscall');
  assert.equal([w.get('rsi'), w.get('rdi')], [from + count, to + count]);
  assert.equal(w.peek(to, count), w.peek(from, count));
});
budgets.run();

const breakpoints = suite('cpu › breakpoints');
breakpoints('stop before their instruction, in the middle of a block, and resume past it', () => {
  const w = new CpuWorld('inc eax\nhere: inc eax\ninc eax\nsyscall');
  w.cpu.setBreakpoint(w.label('here'));
  assert.is(w.run(), 'stop');
  assert.equal([w.rip, w.get('rax')], [w.label('here'), 1]);
  assert.is(w.run(), 'syscall');
  assert.is(w.get('rax'), 3);
});
breakpoints('stop at every turn of a loop, and no longer once cleared', () => {
  const w = new CpuWorld('mov ecx, 3\nhere: loop here\nsyscall');
  w.cpu.setBreakpoint(w.label('here'));
  assert.equal([w.run(), w.run(), w.run()], ['stop', 'stop', 'stop']);
  assert.is(w.get('rcx'), 1);
  w.set('rcx', 9);
  w.cpu.clearBreakpoint(w.label('here'));
  assert.is(w.run(), 'syscall');
});
breakpoints('in code already known, one set later stops', () => {
  const w = new CpuWorld('again: inc eax\nhere: inc eax\nsyscall\njmp again');
  w.run();
  w.cpu.setBreakpoint(w.label('here'));
  assert.is(w.run(), 'stop');
  assert.is(w.rip, w.label('here'));
});
breakpoints('right after a system call, and on a page never touched, are not missed', () => {
  const w = new CpuWorld(`syscall\nhere: jmp f\n.org ${PAGE_BYTES}\nf: syscall`);
  w.space.discard(SECOND, PAGE_BYTES);
  w.cpu.setBreakpoint(w.label('here')); w.cpu.setBreakpoint(SECOND);
  assert.equal([w.run(), w.run(), w.rip], ['syscall', 'stop', w.label('here')]);
  assert.equal([w.run(), w.rip], ['stop', SECOND]);
});
breakpoints('are met by a run that begins where the last budget ended, unless told to pass', () => {
  const w = new CpuWorld('inc eax\nhere: inc eax\nsyscall');
  w.cpu.setBreakpoint(w.label('here'));
  assert.equal([w.run(1), w.run(1), w.get('rax')], ['budget', 'stop', 1]);
  w.cpu.state.rip = CODE;
  w.run(1);
  w.cpu.passBreakpoint();
  assert.equal([w.run(1), w.get('rax')], ['budget', 3]);
});
breakpoints('change neither instructions nor cycles', () => {
  const plain = new CpuWorld(MIX), watched = new CpuWorld(MIX);
  watched.cpu.setBreakpoint(watched.label('even')); watched.cpu.setBreakpoint(watched.label('f'));
  plain.run();
  while (watched.run() === 'stop') { /* On it goes. */ }
  assert.equal(watched.snapshot(), plain.snapshot());
});
breakpoints.run();

/** Nothing is mapped here; here neither user nor kernel could map. */
const NOWHERE = 0x700000, NOT_CANONICAL = 0x9000_0000_0000n;
interface Faulting { readonly text: string; readonly exit: string; readonly registers?: Readonly<Record<string, number | bigint>> }
const read = `page-fault 0x${NOWHERE.toString(16)} 4`, write = `page-fault 0x${NOWHERE.toString(16)} 6`;
const at = { rbx: NOWHERE, rsi: NOWHERE, rdi: NOWHERE }, edge = { rbx: DATA + 2 * PAGE_BYTES - 4 };
const edgeExit = (flags: number): string => `page-fault 0x${(DATA + 2 * PAGE_BYTES).toString(16)} ${flags}`;
const wild = { rbx: NOT_CANONICAL, rsi: NOT_CANONICAL, rdi: NOT_CANONICAL };
const FAULTING: readonly Faulting[] = [
  ...['mov rax, [rbx]', 'add rax, [rbx]', 'cmp byte ptr [rbx], 1', 'movzx eax, word ptr [rbx]', 'jmp [rbx]', 'call [rbx]', 'push [rbx]', 'movups xmm0, [rbx]', 'lodsb', 'cmpsb',
    'div qword ptr [rbx]', 'fld tbyte ptr [rbx]', 'leave', 'pop rax', 'ret', 'ret 8', 'popf', 'xlat', 'cmovz rax, [rbx]', 'scasb']
    .map(text => ({ text, exit: read, registers: { ...at, rsp: NOWHERE, rbp: NOWHERE, rax: 0 } })),
  ...['mov [rbx], rax', 'mov byte ptr [rbx], 1', 'inc dword ptr [rbx]', 'lock xadd [rbx], rax', 'xchg rax, [rbx]', 'not word ptr [rbx]', 'shl byte ptr [rbx], 1', 'stosb', 'movups [rbx], xmm0',
    'setz [rbx]', 'cmpxchg [rbx], rcx', 'bts dword ptr [rbx], 1', 'bts [rbx], eax', 'shld [rbx], eax, 1', 'cmpxchg16b [rbx]', 'fstp tbyte ptr [rbx]', 'pop [rbx]']
    .map(text => ({ text, exit: write, registers: { ...at, rax: 0 } })),
  { text: 'fxsave [rbx]', exit: `page-fault 0x${(NOWHERE + 511).toString(16)} 6`, registers: at },
  ...['push rax', 'call rax', 'pushf', 'push 5', 'enter 0, 0'].map(text => ({ text, exit: `page-fault 0x${(NOWHERE - 8).toString(16)} 6`, registers: { rsp: NOWHERE } })),
  { text: 'movsb', exit: write, registers: { rsi: DATA, rdi: NOWHERE } },
  { text: 'movsb', exit: read, registers: { rdi: DATA, rsi: NOWHERE } },
  ...['mov rax, [rbx]', 'movups xmm0, [rbx]'].map(text => ({ text, exit: edgeExit(4), registers: edge })),
  ...['mov [rbx], rax', 'add [rbx], rax', 'movups [rbx], xmm0', 'fstp tbyte ptr [rbx]'].map(text => ({ text, exit: edgeExit(6), registers: edge })),
  ...['mov rax, [rbx]', 'mov [rbx], rax', 'add [rbx], rax', 'lodsb', 'stosb', 'movsb', 'call [rbx]', 'fld tbyte ptr [rbx]', 'movups [rbx], xmm0', 'movaps xmm0, [rbx]']
    .map(text => ({ text, exit: '#13', registers: wild })),
  ...['jmp rbx', 'call rbx'].map(text => ({ text, exit: '#13', registers: wild })),
  { text: 'movaps xmm0, [rbx]', exit: '#13', registers: { rbx: DATA + 8 } },
  { text: 'mov rax, [rbx]', exit: '#13', registers: { rbx: 0x7fff_ffff_fffcn } },
  ...['fld', 'fbld', 'fstp', 'fbstp'].map(name => ({ text: `${name} tbyte ptr [rbx]`, exit: `page-fault 0x7ffffffffff8 ${name.endsWith('d') ? 4 : 6}`, registers: { rbx: 0x7fff_ffff_fff8n } })),
  { text: 'fld tbyte ptr [rbx]', exit: '#13', registers: { rbx: 0x7fff_ffff_fff9n } },
  { text: 'mov rax, [rbx]', exit: 'page-fault 0xffff800000000000 4', registers: { rbx: 0xffff_8000_0000_0000n } },
  ...['push rax', 'pop rax', 'ret', 'pushf', 'popf', 'enter 0, 0', 'mov eax, [rsp+8]', 'mov [rsp], al', 'add [rsp+rax], eax', 'fld qword ptr [rsp]', 'movups xmm0, [rsp]', 'push qword ptr [rax]']
    .map(text => ({ text, exit: '#12', registers: { rsp: NOT_CANONICAL, rax: DATA } })),
  ...['leave', 'mov eax, [rbp]', 'mov eax, ds:[rbp]', 'mov [rbp+rax*2], rcx'].map(text => ({ text, exit: '#12', registers: { rbp: NOT_CANONICAL, rax: 0 } })),
  ...['mov eax, fs:[rbp]', 'mov eax, [rax+rbp]', 'push qword ptr [rax+rbp]', 'movaps xmm0, [rsp]'].map(text => ({ text, exit: '#13', registers: { rbp: NOT_CANONICAL, rax: 0, rsp: DATA + 0x108 } })),
  { text: 'int 0', exit: '#13' }, { text: 'int 0x80', exit: '#13' }, { text: 'mov ss, eax', exit: '#13', registers: { rax: 0 } }, { text: 'mov fs, eax', exit: '#13', registers: { rax: 0x10 } },
  { text: 'div ecx', exit: '#0', registers: { rcx: 0 } }, { text: 'idiv rcx', exit: '#0', registers: { rcx: 1, rax: 0, rdx: 1 } },
  { text: 'ud2', exit: '#6' }, { text: 'hlt', exit: '#13' }, { text: 'cli', exit: '#13' }, { text: 'in al, dx', exit: '#13' },
];
const faults = suite('cpu › faults are precise');
for (const { text, exit, registers } of FAULTING) {
  const where = Object.entries(registers ?? {}).slice(0, 1).map(([name, value]) => ` with ${name} 0x${value.toString(16)}`).join('');
  faults(`\`${text}\`${where}: ${exit}, everything as before it`, () => {
    const w = new CpuWorld(`cmp eax, eax\nstc\nhere: ${text}\nsyscall`);
    for (const [name, value] of Object.entries(registers ?? {})) w.set(name, value);
    const pages = w.peek(DATA, 2 * PAGE_BYTES);
    w.run(2);
    const before = w.snapshot();
    assert.is(w.run(), exit);
    assert.is(w.rip, w.label('here'));
    assert.equal(w.snapshot(), before);
    assert.equal(w.peek(DATA, 2 * PAGE_BYTES), pages);
  });
  faults(`\`${text}\`${where} at the end of a block: the same counters`, () => {
    const w = new CpuWorld(`cmp eax, eax\nstc\nhere: ${text}\nsyscall`);
    for (const [name, value] of Object.entries(registers ?? {})) w.set(name, value);
    assert.is(w.run(), exit);
    const without = new CpuWorld(`cmp eax, eax\nstc\nhere: ${text}\nsyscall`);
    without.run(2);
    assert.equal([w.rip, w.cpu.state.instructions, w.cpu.state.cycles], [w.label('here'), 2, without.cpu.state.cycles]);
  });
}
for (const text of ['ret', 'ret 16']) faults(`\`${text}\` to where no address is: #GP at the RET, the stack as it was`, () => {
  const w = new CpuWorld(text);
  w.poke(w.get('rsp'), [0, 0, 0, 0, 0, 0x90, 0, 0]);
  const before = w.snapshot();
  assert.is(w.run(), '#13');
  assert.equal(w.snapshot(), before);
});
faults('`int3` leaves RIP behind it', () => {
  const w = new CpuWorld('nop\nint3\nnop');
  assert.equal([w.run(), w.rip, w.cpu.state.instructions], ['#3', CODE + 2, 2]);
});
for (const [text, vector] of [['int1', 1], ['int 3', 3], ['int 4', 4]] as const) faults(`\`${text}\` reports the next instruction`, () => {
  const w = new CpuWorld(`nop\nstart: ${text}\nend: nop`);
  assert.equal([w.run(), w.rip, w.cpu.state.instructions], [`#${vector}`, w.label('end'), 2]);
});
faults('TF: #DB after the instruction that follows POPF, and after each one more', () => {
  const w = new CpuWorld('push 0x302\npopf\nfirst: inc eax\nsecond: jmp third\nnop\nthird: ud2');
  const met: unknown[] = [];
  for (const exit of ['#1', '#1', '#6']) { let got = w.run(); while (got === 'budget') got = w.run(); assert.is(got, exit); met.push(w.rip); }
  assert.equal(met, ['second', 'third', 'third'].map(name => w.label(name)));
  assert.is(w.cpu.state.instructions, 4);
});
faults('a fetch from a page that is missing faults at its address, after the jump', () => {
  const w = new CpuWorld('jmp rbx');
  w.set('rbx', NOWHERE);
  assert.equal([w.run(), w.rip, w.cpu.state.instructions], [`page-fault 0x${NOWHERE.toString(16)} 20`, NOWHERE, 1]);
});
faults('an instruction whose second page is missing faults there, RIP at its start', () => {
  const w = new CpuWorld('nop\n.byte 0xb8, 1', END - 3), exit = `page-fault 0x${END.toString(16)} 20`;
  assert.equal([w.run(), w.rip, w.cpu.state.instructions], [exit, END - 2, 1]);
  w.map(END, 1, PROT_ALL);
  w.poke(END, code('.byte 0, 0, 0\nsyscall'));
  assert.equal([w.run(), w.get('rax')], ['syscall', 1]);
});
faults.run();

/** As the processor (AMD) does: RIP is cut to 16 bits, CALL and RET move 2 bytes; where nothing is taken, nothing is cut. */
const SHORT: readonly (readonly [name: string, bytes: readonly number[], rip: number, rsp: number])[] = [
  ['jmp rel16', [0x66, 0xe9, 0x10, 0x00], 0x1014, 0], ['jmp rel16, backwards', [0x66, 0xe9, 0x10, 0x80], 0x9014, 0],
  ['jmp rel8', [0x66, 0xeb, 0x10], 0x1013, 0], ['je rel8', [0x66, 0x74, 0x10], 0x1013, 0], ['je rel16', [0x66, 0x0f, 0x84, 0x10, 0x00], 0x1015, 0],
  ['jne rel8, not taken', [0x66, 0x75, 0x10, 0x0f, 0x05], CODE + 0x1005, 0], ['call rel16', [0x66, 0xe8, 0x10, 0x00], 0x1014, -2],
  ['call ax', [0x66, 0xff, 0xd0], 0x5555, -2], ['jmp ax', [0x66, 0xff, 0xe0], 0x5555, 0], ['call [rsp]', [0x66, 0xff, 0x14, 0x24], 0x5555, -2],
  ['ret', [0x66, 0xc3], 0x5555, 2], ['ret 16', [0x66, 0xc2, 16, 0], 0x5555, 18], ['loop', [0x66, 0xe2, 0x10], 0x1013, 0],
  ['rex.w ret', [0x66, 0x48, 0xc3], 0x44445555, 8],
];
const short = suite('cpu › branches of 16 bits');
for (const [name, bytes, rip, rsp] of SHORT) short(`66 \`${name}\` goes to 0x${rip.toString(16)} and moves RSP by ${rsp}`, () => {
  const w = new CpuWorld('.skip 1', SECOND), top = w.get('rsp');
  w.poke(SECOND, bytes);
  w.poke(top, [0x55, 0x55, 0x44, 0x44, 0, 0, 0, 0]);
  w.set('rax', 0x2222_3333_4444_5555n); w.set('rcx', 5);
  w.cpu.state.flags = 0x246; // ZF is set.
  w.run();
  assert.equal([w.rip, w.get('rsp') - top], [rip, rsp]);
  if (name.startsWith('call')) assert.equal(w.peek(top - 2, 2), [bytes.length, 0x10]);
});
short.run();
