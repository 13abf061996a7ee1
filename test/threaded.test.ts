/** Threaded code does what the interpreter does, and counts what it counts: at every stop, whatever becomes of the code meanwhile. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_BYTES } from '../src/base/layout.ts';
import { assemble } from '../src/decoder/assemble.ts';
import { decode } from '../src/decoder/decode.ts';
import { fewName, threadsName } from '../src/exec/threaded/threads.ts';
import { decodeExample } from '../src/decoder/usual.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import { useOf } from '../src/exec/lower/instruction-use.ts';
import { semanticsOf } from '../src/exec/semantics/index.ts';
import { headOf, NONE_KNOWN, Shape, tailOf } from '../src/exec/threaded/form.ts';
import { prebuild } from '../src/exec/threaded/prebuild.ts';
import { Machine } from '../src/machine.ts';
import { PROT_ALL, PROT_READ } from '../src/mmu/vma.ts';
import { CODE, CpuWorld, DATA } from './support/cpu-world.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost, type Fixture } from './support/fixtures.ts';
import { compiledHere, missing, optimisedBefore, took } from './support/prebuilt.ts';

const SECOND = CODE + PAGE_BYTES;
/** Everything is threaded from its first execution on, and handlers are made as soon as an instruction wants one. */
const AT_ONCE: CpuOptions = { engine: 'threaded', threaded: { runs: 0, wait: 1 } };
const INTERPRETED: CpuOptions = { engine: 'interpret' };
const stat = (w: CpuWorld, name: string): number => w.cpu.stats().find(row => row[0] === name)?.[1] ?? NaN;

/** Runs a program both ways, in slices; every stop must find the same. Gives the threaded world. */
function agree(source: string, { options = AT_ONCE, slice = 100_000, before = (_: CpuWorld): void => {} } = {}): CpuWorld {
  const [expected, found] = [INTERPRETED, options].map(one => new CpuWorld(source, CODE, { timing: options.timing ?? 'fast', ...one })) as [CpuWorld, CpuWorld];
  before(expected); before(found);
  const next = (w: CpuWorld): object => ({ exit: w.run(slice), ...w.snapshot(), data: w.peek(DATA, 64).join(' ') });
  for (let stop = 0, last: object = {}; ; stop++) {
    const reached = next(found);
    assert.equal(reached, next(expected), `stop ${stop}`);
    if (!('exit' in reached) || reached.exit !== 'budget') return found;
    assert.not.equal(reached, last, 'nothing happens any more');
    last = reached;
  }
}
/** A body thirty times, with registers that change and flags that are looked at. */
const looped = (body: string): string => `
  mov rax, 0x123456789abcdef0\nmov rcx, 0x8000000000000001\nmov rdx, 3\nmov rbx, 0xff00ff00ff00ff\nlea rsi, [rip+count]\nmov rdi, ${DATA}\nmov r8, 7\nxor r9, r9
again: ${body}\npushf\npop r10\nadd r9, r10\nadd r8, r9\nadd rax, r8\nsub dword ptr [rdi+56], -1\ncmp dword ptr [rdi+56], 30\njb again\nsyscall\ncount: .quad 0`;

const forms = suite('threaded › forms');
for (const body of [
  'add al, cl', 'add ah, bl', 'sub cx, ax', 'xchg al, ah', 'xchg ax, cx', 'xchg rax, rcx', 'xadd al, ah', 'xadd rax, rax', 'xadd ecx, edx', 'cmpxchg ecx, edx', 'cmpxchg rax, rax', 'cmpxchg al, ah',
  'xor eax, eax', 'mov eax, eax', 'movzx eax, ah', 'movsx rax, al', 'movsxd rcx, ecx', 'lea rax, [rax+rax*2+5]', 'lea ecx, [rdi*4+7]', 'lea rax, [rip+again]', 'imul rax, rcx, 77', 'imul cx, ax',
  'mul rcx', 'mul cl', 'imul edx', 'shl eax, 0', 'shl eax, 3', 'shr rax, cl', 'sar ax, 1', 'rol al, 3', 'ror rcx, 9', 'rcl eax, 1', 'rcr rax, 7', 'shld rax, rcx, 5', 'shrd ax, cx, cl', 'bt rax, 5', 'bts eax, ecx',
  'inc eax', 'dec rcx', 'neg rax', 'not cx', 'adc rax, rcx', 'sbb al, cl', 'setb al', 'cmovs rax, rcx', 'cmovae ecx, eax', 'bsf rax, r9', 'bsr ecx, eax', 'popcnt rax, rcx', 'tzcnt eax, ecx', 'bswap eax',
  'cbw', 'cwde', 'cqo', 'lahf', 'sahf', 'clc', 'stc', 'cmc', 'push rsp\npop rcx', 'push rax\npop qword ptr [rdi+8]', 'mov [rdi+r8*1+8], al\nand r8, 7', 'add [rdi], rcx', 'lock inc dword ptr [rdi+4]', 'xchg [rdi], rax',
  'mov rax, [rdi]', 'mov rdi, rdi\nmov rax, qword ptr [rdi+8]', 'mov al, fs:[rdi]', 'mov eax, [edi]', 'div r8', 'idiv dl\nmov al, 1', 'mov ecx, 2\nl: inc rax\nloop l', 'jrcxz n\nn: nop',
  'cmp rax, rcx\njg n\njl n\nnop\nn: nop', 'test al, al\njs n\njp n\nn: nop', 'call f\njmp e\nf: ret\ne: nop', 'lea rcx, [rip+f]\ncall rcx\njmp e\nf: ret 8\ne: sub rsp, 8', 'lea rcx, [rip+e]\njmp rcx\nnop\ne: nop',
  'mov rsi, rdi\nmovsb', 'mov ecx, 5\nmov rsi, rdi\nrep stosb\nmov rdi, rsi', 'fld1\nfstp qword ptr [rdi+16]', 'cvtsi2sd xmm0, r8\nsqrtsd xmm0, xmm0\nmovsd [rdi+8], xmm0',
  'movq xmm1, rax\npshufd xmm2, xmm1, 0x4e\npaddb xmm2, xmm1\npsrlq xmm2, 3\nmovdqu [rdi], xmm2', 'movq xmm1, rax\nucomisd xmm1, xmm2\nja n\nn: nop',
]) forms(`\`${body.replaceAll('\n', '; ')}\``, () => {
  for (const timing of ['fast', 'none'] as const) assert.ok(stat(agree(looped(body), { options: { ...AT_ONCE, timing } }), 'instructions threaded') > 0);
});
forms('an instruction whose form is met late is called first, and has a handler later', () => {
  const w = agree(Array.from({ length: 12 }, (_, k) => `mov ecx, 200\nl${k}: ${['rol', 'ror', 'shl', 'shr', 'sar', 'add', 'sub', 'xor', 'or', 'and', 'adc', 'sbb'][k]} rax, ${k + 1}\ndec ecx\njnz l${k}`).join('\n') + '\nsyscall',
    { options: { engine: 'threaded', threaded: { runs: 2, wait: 50 } } });
  assert.ok(stat(w, 'generations') > 1);
  assert.ok(stat(w, 'instructions called') > 0);
  assert.ok(stat(w, 'instructions threaded') > 4000);
});
forms.run();

const stops = suite('threaded › stops');
const SUM = `mov ecx, 40\nagain: mov eax, ecx\nand eax, 7\nadd rbx, [rdi+rax*8]\nmov [rdi+56], rbx\ntest al, 1\njz even\nadd rbx, 3\neven: sub ecx, 1\njnz again\nsyscall`;
for (const slice of [1, 2, 7, 100]) stops(`slices of ${slice} instructions`, () => { agree(SUM, { slice, before: w => w.set('rdi', DATA) }); });
for (const [name, body, exit] of [
  ['a load', 'mov rax, [rdi]', 'page-fault 0x602000 4'], ['a store', 'mov [rdi], rax', 'page-fault 0x602000 6'], ['what reads and writes', 'add [rdi], rax', 'page-fault 0x602000 6'],
  ['a push', 'mov rsp, rdi\npush rax', 'page-fault 0x602000 6'], ['a division', 'mov edx, 0\nmov eax, 1\nmov ecx, 0x602000\nsub ecx, edi\ndiv ecx', '#0'], ['an alignment', 'lea rdx, [rdi+rdi-0x602000+1]\nmovaps xmm0, [rdx]', '#13'],
  ['a string', 'mov rsi, rdi\nlodsb', 'page-fault 0x602000 4'],
] as const) stops(`${name} that faults after it did not is precise`, () => {
  const source = `mov edi, ${DATA + 2 * PAGE_BYTES - 512}\nadd rax, 1\njmp again\nagain: add rbx, rdi\ninc rcx\n${body}\nnext: add rdi, 64\ncmp rdi, ${DATA + 2 * PAGE_BYTES}\njbe again\nsyscall`;
  const w = agree(source, { before: one => { one.map(DATA, 2); } });
  if (name !== 'a push') assert.ok(stat(w, 'instructions threaded') > 0);
  if (name !== 'an alignment' && name !== 'a push') assert.is(new CpuWorld(source, CODE, AT_ONCE).run(), exit);
});
stops('a breakpoint in a threaded block stops before its instruction', () => {
  const w = new CpuWorld(SUM, CODE, AT_ONCE);
  w.set('rdi', DATA);
  assert.is(w.run(50), 'budget');
  w.cpu.setBreakpoint(w.label('even'));
  assert.is(w.run(), 'stop');
  assert.is(w.rip, w.label('even'));
  w.cpu.clearBreakpoint(w.label('even'));
  assert.is(w.run(), 'syscall');
});
stops.run();

const code = (source: string): Uint8Array => assemble(source, { origin: 0 }).bytes;
const changes = suite('threaded › code that changes');
changes('a loop that rewrites its own body sees every version', () => {
  assert.is(agree(`mov ecx, 50\nagain: inc byte ptr [rip+patch+2]\npatch: add ebx, 0\nloop again\nsyscall`).get('rbx'), 1275);
});
changes('so does one whose body is in another block', () => {
  agree(`mov ecx, 50\nagain: inc byte ptr [rip+patch+2]\njmp patch\npatch: add ebx, 0\ndec ecx\njnz again\nsyscall`);
});
changes('one that is rewritten by `rep stosb`, which is called', () => {
  agree(`mov edx, 9\nagain: lea rdi, [rip+patch+1]\nmov eax, edx\nmov ecx, 1\nrep stosb\npatch: mov ebx, 0\nadd rsi, rbx\ndec edx\njnz again\nsyscall`);
});
changes('the memory for records may be full again and again', () => {
  const bodies = Array.from({ length: 40 }, (_, k) => `b${k}: add rax, ${k}\nadd rbx, rax\ntest bl, ${1 << k % 8}\njz b${k + 1}\nsub rax, 1`).join('\n');
  const w = agree(`mov ecx, 50\nagain: ${bodies}\nb40: dec ecx\njnz again\nsyscall`, { options: { engine: 'threaded', threaded: { runs: 1, wait: 1, bytes: 4096 } } });
  assert.ok(stat(w, 'blocks threaded') > 200);
});
const CALLS = `mov ecx, 100\nagain: call f\nadd rbx, rax\ndec ecx\njnz again\nsyscall\n.org ${PAGE_BYTES}\nf: mov eax, 1\nret`;
changes('a function that is unmapped in the middle faults, and other code in its place runs', () => {
  for (const options of [INTERPRETED, AT_ONCE]) {
    const w = new CpuWorld(CALLS, CODE, options);
    w.run(300);
    w.space.unmap(SECOND, PAGE_BYTES);
    assert.is(w.run(), `page-fault 0x${SECOND.toString(16)} 20`);
    w.map(SECOND, 1, PROT_ALL);
    w.poke(SECOND, code('mov eax, 1000\nret'));
    assert.is(w.run(), 'syscall');
    assert.is(w.get('rbx'), 50 + 50_000);
  }
});
changes('one that loses PROT_EXEC faults', () => {
  const w = new CpuWorld(CALLS, CODE, AT_ONCE);
  w.run(300);
  w.space.protect(SECOND, PAGE_BYTES, PROT_READ);
  assert.is(w.run(), `page-fault 0x${SECOND.toString(16)} 21`);
});
changes.run();

const regions = suite('threaded › regions');
for (const hotRuns of [3, 10, 50]) for (const slice of [40, 100_000]) {
  regions(`blocks are compiled after ${hotRuns} executions, in slices of ${slice}, and all go on from one to the other`, () => {
    const source = `mov edi, ${DATA}\nmov ecx, 300\nagain: mov eax, ecx\ncall f\nadd rbx, rax\ntest cl, 31\njnz more\ncall g\nmore: dec ecx\njnz again\nsyscall\nf: and eax, 3\nlea rdx, [rip+table]\nmovsxd rax, [rdx+rax*4]\nadd rax, rdx
jmp rax\na: add eax, 1\nret\nb: sub eax, 7\nret\nc: imul eax, ecx\nret\nd: mov [rdi], eax\nret\ng: add rbx, [rdi]\nrol rbx, 3\nret\ntable: .long a-table, b-table, c-table, d-table`;
    const w = agree(source, { slice, options: { engine: 'auto', hotRuns, threaded: { runs: 1, wait: 1 } } });
    assert.ok(stat(w, 'instructions threaded') > 0);
    assert.ok(stat(w, 'instructions compiled') > 0);
  });
}
regions.run();

const WHAT_PERFORMS: readonly (readonly [string, CpuOptions])[] = [
  ['threaded from the beginning', AT_ONCE], ['threaded after a while', { engine: 'threaded', threaded: { wait: 2000 } }],
  ['threaded, then compiled', { engine: 'auto', hotRuns: 60, threaded: { runs: 2, wait: 500 } }],
];
const withFile = (options: CpuOptions): CpuOptions => ({ ...options, prebuilt: compiledHere() });
const fixtures = suite('threaded › fixtures');
function outcome({ name, args, stdin }: Fixture, cpu: CpuOptions): object {
  const host = fixtureHost(fixtureBytes(name), stdin), machine = new Machine({ host, memoryBytes: 32 << 20, cpu });
  assert.is(machine.exec('/guest', ['guest', ...args], ENVIRONMENT), null);
  const { status } = machine.run(), { instructions, cycles, pageFaults, systemCalls, branchMisses, causes } = machine.counters();
  return { status, output: host.output, instructions, cycles, pageFaults, systemCalls, branchMisses, causes };
}
for (const fixture of FIXTURES) {
  fixtures(`${fixture.name} writes and counts the same however it is performed`, () => {
    const expected = outcome(fixture, INTERPRETED);
    for (const [name, options] of WHAT_PERFORMS) assert.equal(outcome(fixture, options), expected, name);
    assert.equal(outcome(fixture, withFile(WHAT_PERFORMS[2]![1])), expected, 'prebuilt');
    assert.equal(outcome(fixture, { ...WHAT_PERFORMS[2]![1], prebuilt: optimisedBefore() }), expected, 'prebuilt and optimised');
  });
}
fixtures('a cycle an instruction is that, too', () => {
  for (const fixture of FIXTURES.slice(0, 2)) {
    const expected = outcome(fixture, { ...INTERPRETED, timing: 'none' });
    assert.equal(outcome(fixture, { ...AT_ONCE, timing: 'none' }), expected);
    assert.equal(outcome(fixture, withFile({ ...AT_ONCE, timing: 'none' })), expected);
  }
});
fixtures.run();

const prebuilt = suite('threaded › prebuilt');
/** Forms that are in the file, and in the second half some that are not. */
const LOOPS = `mov edi, ${DATA}\nmov ecx, 1000\nagain: mov rax, rcx\nadd [rdi], eax\nmovzx edx, byte ptr [rdi+1]\ncmp dl, 3\nje more\nadd rbx, rdx\nmore: cvtsi2sd xmm0, ecx\naddsd xmm1, xmm0\nmulsd xmm1, xmm0\ndivsd xmm1, xmm0\nsub rcx, 1
jne again\nmov ecx, 500\nanother: rol ax, 3\nlahf\nadc bx, [rdi+2]\nphminposuw xmm2, xmm1\ndec ecx\njnz another\nsyscall`;
for (const [name, options] of [['threaded', AT_ONCE], ['auto', { engine: 'auto', hotRuns: 500, threaded: { runs: 1, wait: 1 } }]] as const) {
  for (const timing of ['fast', 'none'] as const) prebuilt(`${name}, ${timing}: what has a handler needs no generation`, () => {
    const w = agree(LOOPS, { options: withFile({ ...options, timing }), slice: 700 });
    assert.ok(stat(w, 'instructions threaded') > 5000);
    assert.is(stat(w, 'generations'), 0);
  });
}
prebuilt('what is called all the time is generated in the end, and so is what runs for long', () => {
  const often = agree(`mov ecx, 9000\nagain: rol ax, 3\nrol bx, 5\nrol dx, 7\nadc bx, cx\ndec ecx\njnz again\nsyscall`, { options: withFile(AT_ONCE) });
  assert.ok(stat(often, 'generations') > 0);
  assert.ok(stat(often, 'instructions called') < 12_000, 'of 36,000');
  const both = agree(`mov ecx, 9000\nagain: rol ax, 3\nrol bx, 5\nrol dx, 7\nadc bx, cx\ndec ecx\njnz again\nmov ecx, 9000\nanother: add rax, rcx\nadd rbx, rax\nrol bx, 1\nlea rdx, [rbx+rcx*2]\nsub rcx, 1\njne another\nsyscall`, { options: withFile(AT_ONCE) });
  assert.ok(stat(both, 'instructions called') < 30_000, 'of 90,000');
  const long = agree('mov ecx, 900000\nagain: add rax, rcx\nadd rbx, rax\nxor rax, rbx\nsub rcx, 1\njne again\nsyscall', { options: withFile(AT_ONCE), slice: 1_000_000 });
  assert.ok(stat(long, 'generations') > 0);
});
prebuilt('what is called seldom, if in many places, needs no generation: the code of short scripts is kept', () => {
  const places = `again: ${'rol ax, 3\n'.repeat(120)}dec ecx\njnz again\nsyscall`, seldom = agree(`mov ecx, 250\n${places}`, { options: withFile(AT_ONCE) });
  assert.ok(stat(seldom, 'instructions called') > 25_000);
  assert.is(stat(seldom, 'generations'), 0);
  assert.ok(stat(agree(`mov ecx, 400\n${places}`, { options: withFile(AT_ONCE) }), 'generations') > 0);
});
prebuilt('a float that is odd finds its primitive', () => {
  for (const start of ['0x7ff0000000000001', '1', '0x7fefffffffffffff']) {
    agree(`mov rax, ${start}\nmovq xmm0, rax\nmov ecx, 50\nagain: addsd xmm0, xmm0\nmovapd xmm1, xmm0\nmulsd xmm1, xmm0\nsubsd xmm1, xmm0\ncomisd xmm0, xmm1\ncvttsd2si rdx, xmm1\ndec ecx\njnz again\nsyscall`, { options: withFile(AT_ONCE) });
  }
});
prebuilt('V8 takes machine code it gave before, and that is not soon replaced', () => {
  const { modules } = took, w = agree('mov ecx, 900000\nagain: add rax, rcx\nadd rbx, rax\nxor rax, rbx\nsub rcx, 1\njne again\nsyscall', { options: { ...AT_ONCE, prebuilt: optimisedBefore() }, slice: 1_000_000 });
  assert.ok(took.modules >= modules + 2, 'what generated code stands on, and the handlers');
  assert.is(stat(w, 'generations'), 0);
});
prebuilt('where there is no file, all is as ever', () => {
  const w = agree(LOOPS, { options: { engine: 'threaded', threaded: { runs: 1, wait: 500 }, prebuilt: missing() } });
  assert.is(stat(w, 'generations') > 0, true);
});
prebuilt('the forms are those of this decoder, and most have a handler', () => {
  const { modules, known, few, primitives } = prebuild();
  assert.ok(known.forms.length > 3 * 400);
  for (const isTimed of [false, true]) assert.ok(modules.get(fewName(threadsName(isTimed)))!.length < modules.get(threadsName(isTimed))!.length / 2);
  assert.ok(few > 400 && few < known.forms.length / 3 / 2, `${few} few`);
  assert.ok(primitives.some(({ name }) => name === 'f64.add'));
  for (const { name, example } of primitives) {
    const i = decodeExample(example);
    assert.ok(useOf(semanticsOf(i), i).floats.some(primitive => primitive.name === name), `${example} calls ${name}`);
  }
  for (const bytes of modules.values()) assert.ok(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>));
});
prebuilt('what it says of a shape is what any instruction of that shape does', () => {
  const { known } = prebuild(), met = new Set<number>();
  for (const { name } of FIXTURES) {
    const bytes = fixtureBytes(name);
    for (let at = 0; at < Math.min(bytes.length, 0x8000); at++) {
      const i = decode(bytes, at, bytes.length);
      if (i === null || headOf(i) < 0 || tailOf(i) < 0) continue;
      const [told, found] = [known, NONE_KNOWN].map(one => new Shape(headOf(i), tailOf(i), semanticsOf(i), i, null, one)) as [Shape, Shape];
      assert.equal(told.facts, found.facts, i.mnemonic);
      met.add(i.row);
    }
  }
  assert.ok(met.size > 100);
});
prebuilt.run();
