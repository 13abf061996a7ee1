/** One score, several performers: whatever runs, registers, memory, faults, instruction counts and cycles are the interpreter's. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_BYTES, SLOT } from '../src/base/layout.ts';
import type { Va } from '../src/base/types.ts';
import { assemble } from '../src/decoder/assemble.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import type { Timing } from '../src/timing/costs.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { Machine } from '../src/machine.ts';
import { PROT_ALL, PROT_EXEC, PROT_READ } from '../src/mmu/vma.ts';
import { CODE, type CpuWorld, DATA, STACK } from './support/cpu-world.ts';
import { Arena, compete, differenceOf } from './support/duel.ts';
import { EAGER, nameOf, OTHERS, REFERENCE, TIMINGS } from './support/engines.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost, type Fixture } from './support/fixtures.ts';
import { runGuest } from './support/guest.ts';
import { systemCall as call } from './support/guest-program.ts';
import { formPrograms, randomProgram } from './support/random-program.ts';
import { Random, testSeed } from './support/random.ts';

/** TEST_PROGRAMS=n: n random programs for every engine; and everything else in every engine, timing and rhythm, not only in a few that take turns. */
const PROGRAMS = Number(process.env['TEST_PROGRAMS'] ?? 15), isThorough = process.env['TEST_PROGRAMS'] !== undefined;
const arena = new Arena();
let turns = 0;
/** `compile` and one of the others, each as another one every time; or all. */
function competitors(): readonly CpuOptions[] {
  turns += 1;
  if (isThorough) return EAGER;
  const others = OTHERS.filter(engine => engine !== 'compile');
  return ['compile', others[turns % others.length]!].map((engine, k) => { const own = EAGER.filter(options => options.engine === engine); return own[(5 * turns + k) % own.length]!; });
}
const code = (source: string, origin = 0): Uint8Array => assemble(source, { origin, symbols: { CODE, DATA, STACK } }).bytes;

// — programs —

function outcomeOf({ name, args, stdin }: Fixture, cpu: CpuOptions): Record<string, unknown> {
  const host = fixtureHost(fixtureBytes(name), stdin), machine = new Machine({ host, memoryBytes: 32 << 20, cpu });
  assert.is(machine.exec('/guest', ['guest', ...args], ENVIRONMENT), null);
  const ending = machine.run(), { instructions, cycles, pageFaults, systemCalls, branchMisses, causes } = machine.counters();
  return { ...ending, stdout: host.output, instructions, cycles, pageFaults, systemCalls, branchMisses, causes };
}
/** Every engine as it comes and hot soon; or one of these. */
function guestCompetitors(timing: Timing): readonly CpuOptions[] {
  const all = OTHERS.flatMap((engine): CpuOptions[] => [{ engine, timing }, { engine, timing, hotRuns: isThorough ? 1 : 20, threaded: { wait: 500 } }]);
  turns += 1;
  return isThorough ? all : [all[turns % all.length]!];
}
const fixtures = suite('engines › fixtures');
for (const [k, fixture] of FIXTURES.entries()) for (const timing of TIMINGS) if (isThorough || timing === TIMINGS[k % TIMINGS.length]) {
  fixtures(`${fixture.name} with timing ${timing} does and counts what the interpreter does and counts`, () => {
    const expected = outcomeOf(fixture, { engine: REFERENCE, timing });
    for (const options of guestCompetitors(timing)) assert.equal(outcomeOf(fixture, options), expected, nameOf(options));
  });
}
fixtures.run();

const INSTRUCTIONS_MAX = 2500;
const programs = suite(`engines › random programs (seed ${testSeed()})`);
for (const engine of OTHERS) programs(`${PROGRAMS} of them, disturbed at random, in ${engine}`, () => {
  for (let k = 0; k < PROGRAMS; k++) {
    const seed = testSeed() + k, random = new Random(seed ^ 0x1234);
    const options = random.pick(EAGER.filter(o => o.engine === engine));
    const { complaint } = compete(randomProgram({ seed, modifiesItself: random.below(3) === 0, mayFail: true }), options, INSTRUCTIONS_MAX, arena);
    assert.is(complaint, null, complaint ?? '');
  }
});
const FORMS_EACH = 160;
for (const engine of OTHERS) if (engine !== 'auto' || isThorough) programs(`every form of integers, vectors and the x87 in hot loops, in ${engine}`, () => {
  for (const program of formPrograms(testSeed(), FORMS_EACH)) {
    const { complaint } = compete(program, EAGER.find(o => o.engine === engine && o.hotRuns === 2)!, 2 * INSTRUCTIONS_MAX, arena);
    assert.is(complaint, null, complaint ?? '');
  }
});
programs.run();

// — small worlds —

/** What is done to a world before its program runs, and when it comes back; false ends it. */
interface Play {
  readonly source: string;
  readonly origin?: Va;
  readonly prepare?: (w: CpuWorld) => void;
  /** After a run that ended with something else than its budget. */
  readonly exit?: (w: CpuWorld, exit: string, times: number) => boolean;
  readonly pages?: readonly Va[];
  readonly budget?: number;
}
const OURS: readonly Va[] = [CODE, CODE + PAGE_BYTES, DATA, DATA + PAGE_BYTES, STACK - 2 * PAGE_BYTES, STACK - PAGE_BYTES];
/** Sizes of the pieces in which a play is performed, over and over: long ones let code become hot, short ones end in the middle of it. */
const MIXED = [60, 500, 1, 50, 3, 7, 500, 2], RHYTHMS: readonly (readonly number[])[] = isThorough ? [MIXED, [10_000], [100, 1, 1, 1, 1, 1], [3], [50]] : [MIXED];
/** Plays it in every engine beside the reference. Returns the reference's last world. */
function play({ source, origin, prepare, exit, pages, budget }: Play): CpuWorld {
  let last: CpuWorld | null = null;
  for (const options of competitors()) for (const rhythm of RHYTHMS) {
    const [a, b] = arena.pair(options, source, origin);
    prepare?.(a); prepare?.(b);
    const compared = [...OURS, ...pages ?? []];
    for (let turn = 0, times = 0; a.cpu.state.instructions < (budget ?? 10_000) && turn < 10_000; turn++) {
      const count = rhythm[turn % rhythm.length]!, mine = a.run(count), other = b.run(count);
      const where = `${nameOf(options)}, runs of ${rhythm.join(' ')}, after ${a.cpu.state.instructions} instructions at ${a.rip.toString(16)}`;
      assert.is(other, mine, where);
      assert.is(differenceOf(a, b, mine !== 'budget' || turn % 8 === 0 ? compared : []), null, where);
      if (mine === 'budget') continue;
      if (exit === undefined) assert.is(mine, 'syscall', where);
      const goesOn = [a, b].map(w => exit?.(w, mine, times) ?? false);
      times += 1;
      if (goesOn[0] !== true) break;
    }
    last = a;
  }
  return last!;
}
/** A loop around a body, `times` times. */
const loop = (body: string, times = 12): string => `mov r15d, ${times}\nagain:\n${body}\ndec r15d\njnz again\nsyscall\n`;
const VALUES = 'mov rax, 0x1122334455667788\nmov rbx, 0x99aabbccddeeff00\nmov rcx, 0xfedcba9876543210\nmov rdx, 0x0f1e2d3c4b5a6978\nmov esi, DATA+64\nmov edi, DATA+128';

const floats = suite('engines › floats under MXCSR');
/** Rounds on which doubles and singles shrink until they are denormals and then zero, grow until they overflow, and are divided by what is left. */
const FLOATS = `movsd xmm0, [rip+small]\nmovsd xmm1, [rip+factor]\nmovsd xmm2, [rip+large]\nmovss xmm8, [rip+single]\nmovss xmm9, [rip+single+4]\nxorps xmm5, xmm5\nxorps xmm10, xmm10\nmovupd xmm12, [rip+small]
ldmxcsr [rip+control]\n${loop(`mulsd xmm0, xmm1\nmovapd xmm3, xmm0\naddsd xmm5, xmm3\nsubsd xmm3, xmm5\nmulsd xmm2, xmm2\nmovapd xmm4, xmm1\ndivsd xmm4, xmm0\nsqrtsd xmm6, xmm0\nmulpd xmm12, xmm12\naddpd xmm12, [rip+pair]
mulss xmm8, xmm9\naddss xmm10, xmm8\nmulps xmm11, xmm8\ncomisd xmm0, xmm5\nsetb bl\nucomiss xmm8, [rip+single]\nsetnp cl\ncvttsd2si rax, xmm2\ncvtsd2ss xmm7, xmm0\ncvtss2sd xmm13, xmm8\nminsd xmm13, xmm2\ncmpltsd xmm13, xmm0
cvtsi2ss xmm14, rax\nroundsd xmm15, xmm5, 4\nadd rdx, rax\ntest r15d, 7\njnz 1f\nsubsd xmm2, xmm2\nldmxcsr [rip+control]\nstmxcsr [rip+seen]\n1: vaddpd ymm3, ymm5, ymm12\nvmulps ymm11, ymm3, ymm8`, 40)}
.balign 32\nsmall: .quad 0x01a56e1fc2f8f359, 0x3ff0000000000001\nfactor: .quad 0x3f1a36e2eb1c432d\nlarge: .quad 0x4341c37937e08000\nsingle: .long 0x0da24260, 0x3dcccccd\ncontrol: .long CONTROL\nseen: .long 0\n.balign 16\npair: .quad 0x0000000000000123, 0x8000000000000000`;
for (const control of [0x1fa0, 0x1f80, 0x3fa0, 0x9fe0, 0x1fe0]) floats(`0x${control.toString(16)}: results and flags`, () => { play({ source: FLOATS.replace('CONTROL', `${control}`) }); });
for (const mask of [0x80, 0x100, 0x800, 0x680]) floats(`0x${mask.toString(16)} not masked: #XM before anything is written, and the loop goes on when it is`, () => {
  play({
    source: FLOATS.replace('CONTROL', `${0x1fa0 & ~mask}`),
    exit: (w, exit, times) => { if (exit !== '#19') return false; w.cpu.state.mxcsr |= times % 2 === 0 ? mask : 0x1f80; return times < 20; },
  });
});
floats.run();

const registers = suite('engines › parts of registers');
const BYTE = ['al', 'ah', 'bl', 'bh'], WORD = ['ax', 'bx'], DOUBLE = ['eax', 'ebx'], QUAD = ['rax', 'rbx'];
for (const op of ['xchg', 'xadd', 'cmpxchg', 'mov', 'add', 'sbb', 'movzx', 'movsx']) {
  const isWidening = op === 'movzx' || op === 'movsx';
  registers(`\`${op}\` of every two parts of two registers`, () => {
    const pairs = isWidening ? [...WORD, ...DOUBLE].flatMap(a => BYTE.map(b => [a, b])) : [BYTE, WORD, DOUBLE, QUAD].flatMap(names => names.flatMap(a => names.map(b => [a, b])));
    // What they make goes into r8 and r9, where it does not fade as it does in registers whose upper halves are cleared.
    play({ source: `${VALUES}\nmov r8, rax\nmov r9, rbx\n${loop(pairs.map(([a, b]) => `mov rax, r8\nmov rbx, r9\n${op} ${a}, ${b}\nxor r8, rax\nrol r8, 9\nadd r9, rbx\nlea r9, [r9+r9*4+1]`).join('\n'), 12)}`, budget: 3_000 });
  });
}
for (const op of ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr']) {
  registers(`\`${op}\` by every count, of every size, and its flags`, () => {
    const operands = ['al', 'bh', 'bx', 'eax', 'rdx', 'word ptr [rsi+63]'];
    const body = operands.map((operand, k) => `mov ecx, r15d\n${op} ${operand}, cl\npushf\npop r${8 + k % 4}\n${op} ${operand}, ${1 + 7 * k}\nadc rdi, 0\nseto [rsi+${k}]`).join('\n');
    play({ source: `${VALUES}\n${loop(body, 67)}` });
  });
}
const FLAGS_OF = ['add', 'sub', 'cmp', 'adc', 'sbb', 'and', 'test', 'xor', 'inc', 'dec', 'neg', 'shl', 'shr', 'sar', 'rol', 'rcr', 'imul', 'mul', 'xadd', 'cmpxchg', 'bt', 'bsf', 'shld', 'popcnt'];
const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const OPERANDS: readonly (readonly [string, string])[] = [['al', 'dl'], ['ax', 'dx'], ['eax', 'edx'], ['rax', 'rdx']];
/** The operation on these registers; null: not of this size. */
function producer(op: string, to: string, from: string, size: number): string | null {
  if (['bt', 'bsf', 'shld', 'popcnt', 'imul'].includes(op) && size === 0) return null;
  if (['inc', 'dec', 'neg', 'mul'].includes(op)) return `${op} ${to}`;
  if (['shl', 'shr', 'sar', 'rol', 'rcr'].includes(op)) return `mov ecx, edx\n${op} ${to}, cl`;
  return op === 'shld' ? `mov ecx, edx\nshld ${to}, ${from}, cl` : `${op} ${to}, ${from}`;
}
for (const op of FLAGS_OF) registers(`every condition after \`${op}\` of every size, at the ends of its range; in the same block and in another`, () => {
  const edges = [0n, 1n, 8n, 9n, 16n, 17n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn], pairs = edges.flatMap((a, k) => [0, 1, 3, 6, 11].map(n => [a, edges[(k + n) % edges.length]!]));
  const conditions = CONDITIONS.map((cc, k) => `set${cc} [DATA+0xf00+${k}]`).join('\n');
  const bodies = OPERANDS.map(([to, from], size) => {
    const text = producer(op, to, from, size), load = 'mov rax, [rsi]\nmov rdx, [rsi+8]\nadd ebx, 0x7fffffff';
    return text === null ? '' : `${load}\n${text}\n${conditions}\nlahf\nadd r8, rax\n${load}\n${text}\njmp 1f\n1: ${CONDITIONS.filter((_, k) => k % 3 === size % 3).map(cc => `set${cc} bl\nadd r9, rbx`).join('\n')}\npushf\npop rcx\nadd r8, rcx\nadc r8, [DATA+0xf00]\nxor r9, [DATA+0xf08]`;
  }).join('\n');
  play({ source: `mov esi, DATA\n${loop(`${bodies}\nadd rsi, 16`, pairs.length)}`, budget: 60_000, prepare: w => w.poke(DATA, new Uint8Array(BigUint64Array.from(pairs.flat()).buffer)) });
});
registers('divisions at the ends of their ranges: what traps is passed over', () => {
  const edges = ['0', '1', '-1', '0x7fffffffffffffff', '-0x8000000000000000', '0x80000000', '0x7f', '0x80', '0x8000', '0xff'];
  const body = edges.flatMap(divisor => ['div', 'idiv'].flatMap(op => ['cl', 'cx', 'ecx', 'rcx'].map(by =>
    `mov rax, [DATA+r15*8]\nmov rdx, [DATA+r15*8+${8 * (1 + divisor.length % 3)}]\nmov rcx, ${divisor}\n${op} ${by}\nadd r8, rax\nxor r9, rdx`))).join('\n');
  const values = [...edges, ...edges].map(n => BigInt.asUintN(64, n.startsWith('-') ? -BigInt(n.slice(1)) : BigInt(n)));
  play({
    source: loop(body, 10), budget: 3_000,
    prepare: w => w.poke(DATA, new Uint8Array(BigUint64Array.from(values).buffer)),
    exit: (w, exit) => { if (exit !== '#0') return false; w.set('rcx', 5); w.set('rdx', 0); return true; },
  });
});
registers('POPF sets TF in a hot loop now and then: #DB after the instruction behind it', () => {
  const body = 'mov eax, 0x202\ntest r15b, 7\njnz 1f\nor eax, 0x100\n1: push rax\nadd rbx, r15\npopf\nrol rbx, 3\nxor rbx, r15';
  play({ source: loop(body, 60), exit: (w, exit) => { if (exit !== '#1') return false; w.cpu.state.flags &= ~0x100; return true; } });
});
registers.run();

const memory = suite('engines › memory');
memory('what straddles pages at multiples of 2 GiB: neighbours there share no TLB entry', () => {
  const at = [0x8000_0000, 0x1_0000_0000, 0x7fff_8000_0000];
  play({
    source: loop(at.map(border => `mov rsi, ${border}\nmov rax, [rsi]\nadd rbx, [rsi-4]\nmov [rsi-3], rbx\nmovups xmm0, [rsi-9]\nmov rdx, [rsi-8]\nxor [rsi-1], ecx\nmovups [rsi-15], xmm0\nadd ecx, eax`).join('\n')),
    prepare: w => { for (const border of at) { w.map(border - PAGE_BYTES, 2); w.poke(border, Uint8Array.from({ length: 64 }, (_, k) => k)); w.poke(border - 64, Uint8Array.from({ length: 64 }, (_, k) => 200 - k)); } },
    pages: at.flatMap(border => [border - PAGE_BYTES, border]),
  });
});
memory('code that crosses a multiple of 4 GiB', () => {
  const border = 0x1_0000_0000, at = border - 24;
  play({
    source: 'mov rax, 0xffffffe8\njmp rax', pages: [border - PAGE_BYTES, border],
    prepare: w => {
      w.map(border - PAGE_BYTES, 2, PROT_ALL);
      w.poke(at, code('mov r15d, 30\nagain: inc eax\nadd ebx, eax\njmp 1f\n.org 18\n1: rol rbx, 3\nnop\nnop\nadd rcx, rbx\nlea rdx, [rip+again]\ncall f\ndec r15d\njnz again\nsyscall\nf: mov edi, DATA\nstosb\nret', at));
    },
  });
  // What ends at the border writes code, and faults.
  play({
    source: 'mov rax, 0xffffffe8\njmp rax', pages: [border - PAGE_BYTES, border],
    prepare: w => {
      w.map(border - PAGE_BYTES, 2, PROT_ALL);
      w.poke(at, code('mov r15d, 30\nagain: mov rdi, [DATA+r15*8]\nmov eax, 0x90\njmp 1f\n.org 22\n1: rep stosb\nmov ecx, 1\ndec r15d\njnz again\nsyscall\n.skip 20, 0x90', at));
      w.poke(DATA, new Uint8Array(BigUint64Array.from({ length: 32 }, (_, k) => BigInt(k % 3 === 0 ? DATA + 0x800 : k % 3 === 1 ? border + 24 : DATA + 2 * PAGE_BYTES)).buffer));
    },
    exit: (w, exit, times) => { if (!exit.startsWith('page-fault')) return false; w.set('rdi', DATA + 0x900); return times < 20; },
  });
});
memory('a page that is missing, in the middle of a block with flags pending, mapped at the fault', () => {
  const missing = 0x700000;
  for (const access of ['mov [rbx], rcx', 'add [rbx-4], ecx', 'movups xmm0, [rbx-8]', 'adc rax, [rbx]', 'push qword ptr [rbx]\npop r9', 'cmovg rax, [rbx+8]', 'rep stosb', 'sete [rbx]', 'inc byte ptr [rbx]', 'lock xadd [rbx], rax', 'vmovdqu ymm1, [rbx-9]', 'vmovdqu [rbx-9], ymm1', 'vmovaps [rbx], ymm1', 'vpaddd ymm1, ymm2, [rbx-31]', 'vpmaskmovd [rbx-16], ymm3, ymm2', 'vpgatherdd ymm1, [rbx+ymm2*4], ymm3', 'call qword ptr [rbx-8]\nnop']) {
    play({
      source: `${VALUES}\n${loop(`mov ebx, ${missing}\nmov edi, ${missing - 4}\nmov ecx, 9\nlea r10, [rip+f]\nmov [${missing}-8], r10\ncmp eax, r15d\n${access}\nsetl al\nadc rdx, 3\npushf\npop r8\n`)}f: ret`,
      prepare: w => w.map(missing - PAGE_BYTES, 1), pages: [missing - PAGE_BYTES, missing],
      exit: (w, exit, times) => {
        if (!exit.startsWith('page-fault')) return false;
        w.map(missing, 1);
        if (times % 2 === 0) w.space.protect(missing, PAGE_BYTES, PROT_READ);
        return times < 20;
      },
    });
  }
});
memory('`rep stosb` of 200,000 bytes in a hot loop goes on after each of its pieces', () => {
  const at = 0x1000000;
  play({ source: loop(`mov edi, ${at}\nmov ecx, 200000\nmov eax, r15d\nstc\nrep stosb\nadc rbx, rcx`, 6), prepare: w => w.map(at, 50), pages: [at, at + 49 * PAGE_BYTES] });
});
memory('`rep movsb` onto a page that is missing, over and over', () => {
  const at = 0x1000000;
  play({
    source: loop(`mov edi, ${at + PAGE_BYTES - 20}\nmov esi, DATA\nmov ecx, 50\ncmp ecx, r15d\nrep movsb\nsetg bl\nadc rdx, rsi`), prepare: w => w.map(at, 1), pages: [at, at + PAGE_BYTES],
    exit: (w, exit, times) => { if (!exit.startsWith('page-fault')) return false; if (times % 3 === 2) w.space.unmap(at + PAGE_BYTES, PAGE_BYTES); w.map(at + PAGE_BYTES, 1); return times < 30; },
  });
});
memory('what helpers address relative to RIP', () => {
  play({ source: `${VALUES}\n${loop('fild qword ptr [rip+data]\nfadd dword ptr [rip+data+3]\nfistp qword ptr [rip+data+8]\npush rbx\npop qword ptr [rip+data+16]\ncmpxchg8b [rip+data]\ncrc32 eax, dword ptr [rip+data+9]\nadd rbx, [rip+data+5]\nstmxcsr [rip+data+28]', 40)}.balign 64\ndata: .quad 1, 2, 3, 4, 5` });
});
memory('FS and GS, 32-bit addresses, and addresses that come round at 2^64', () => {
  play({
    source: `${VALUES}\nmov r14, 0xffffffff00600000\nmov r13, -0x100000000000\nmov r12, 0x100000600010\n${loop('mov fs:[8], rax\nadd rax, gs:[r15]\nadd [r14d+0x20], eax\nmov rcx, [r14d+r15d*2+1]\ninc word ptr [r12+r13]\njmp 1f\n1: lea rdx, [r14d+4]\nadd rax, rdx\nlea rcx, [r14d+r15d*8]\nmov fs:[r14d-0x5fff00], cl\nrdfsbase r8\nadd r8, 8\nwrfsbase r8\nxor rbx, fs:[0]')}`,
    prepare: w => { w.cpu.state.set(SLOT.fs, BigInt(DATA)); w.cpu.state.set(SLOT.gs, BigInt(DATA + PAGE_BYTES - 10)); },
  });
});
const STACK_LOOP = loop('push rbx\nmov [rsp-24], rcx\nadd rcx, [rsp-22]\ncall f\nadd [rsp-13], eax\npop rbx\nmovups xmm0, [rsp-40]\nmovups [rsp-50], xmm0\nadd rbx, rcx', 60) + 'f: mov eax, [rsp+3]\nret';
memory('loads and stores by the same registers, from page to page: readable, writable, missing, with code', () => {
  const at = 0x900000, pages = 6;
  for (const body of ['mov eax, [rbx+rcx]\nadd edx, eax\nmov [rbx+rcx], edx', 'add edx, [rbx+rcx]\nadd [rbx+rcx+4], edx', 'mov [rbx+rcx-2], edx\nmov rdx, [rbx+rcx-5]', 'movups xmm0, [rbx+rcx]\nmov rdi, [rsi+rcx-9]\nmov [rsi], rdi\nadd edx, edi\nmovups [rbx+rcx*2], xmm0']) {
    play({
      source: `mov ebx, ${at}\nmov esi, DATA+128\nmov r14d, 1021\nxor ecx, ecx\n${loop(`${body}\nadd rcx, r14\ncmp ecx, ${(pages - 1) * PAGE_BYTES}\njb 2f\nxor ecx, ecx\n2: test r15b, 63\njnz 3f\nsyscall\n3: nop`, 400)}`,
      prepare: w => { w.map(at - PAGE_BYTES, 2 * pages + 1); w.poke(at + 3 * PAGE_BYTES, [0x90, 0xc3]); w.map(DATA - PAGE_BYTES, 1); }, pages: [DATA - PAGE_BYTES, ...Array.from({ length: pages }, (_, k) => at + k * PAGE_BYTES)],
      exit: (w, exit, times) => {
        const page = at + (times % pages) * PAGE_BYTES, [kind, address] = exit.split(' ');
        if (kind === 'page-fault') {
          const missing = Math.floor(Number(address) / PAGE_BYTES) * PAGE_BYTES;
          if (w.space.protect(missing, PAGE_BYTES, PROT_ALL) !== 0) w.map(missing, 1);
        } else if (times % 3 === 0) w.space.unmap(page, PAGE_BYTES);
        else w.space.protect(page, PAGE_BYTES, PROT_READ);
        return times < 60;
      },
    });
  }
});
memory('a page that only loads may use is no page for the next store, whoever found it', () => {
  const readable = 0x900000, first = readable + PAGE_BYTES, second = first + PAGE_BYTES;
  play({
    source: `mov ebx, ${readable}\nmov ecx, 7\nadd rdx, 1\n${loop(`mov edi, [rbx]\nmov rsi, r14\nmov r14, r13\nmov r13, r12\nmov [rsi], edx\nadd edx, edi\ntest r15b, 7\njnz 2f\nmov r14d, ${first}\nmov r13d, ${second}\nmov r12d, ${readable}\nsyscall\n2: nop`, 400)}`,
    prepare: w => { w.map(readable, 3); w.poke(readable, [3]); w.poke(second, [5]); w.space.protect(readable, PAGE_BYTES, PROT_READ); for (const r of ['r12', 'r13', 'r14']) w.set(r, first); },
    exit: (w, exit) => { w.mmu.flush(); if (exit !== 'syscall') { w.set('rsi', first); w.set('r12', first); } return true; },
    pages: [readable, first, second], budget: 6_000,
  });
});
memory('the stack is elsewhere in every round: at a border, across it, on another page', () => {
  play({ source: `${VALUES}\nlea r14, [STACK-1024]\n${STACK_LOOP.replace('dec r15d', 'lea rsp, [r14+r15*8]\ntest r15b, 7\njnz 2f\nlea rsp, [r14+r15*4-0x1000]\n2: dec r15d')}` });
});
memory('the stack\'s page is unmapped, protected, moved, between two rounds and while code goes on', () => {
  play({
    source: `${VALUES}\n${STACK_LOOP.replace('dec r15d', 'test r15b, 3\njnz 2f\nsyscall\n2: dec r15d')}`,
    exit: (w, exit, times) => {
      const at = STACK - PAGE_BYTES;
      if (exit !== 'syscall') w.map(at, 1);
      else if (times % 4 === 0) w.space.unmap(at, PAGE_BYTES);
      else if (times % 4 === 1) w.space.protect(at, PAGE_BYTES, PROT_READ);
      else if (times % 4 === 2) { w.space.protect(at, PAGE_BYTES, PROT_ALL); w.space.remap(at, PAGE_BYTES, PAGE_BYTES, true, 0x900000); w.map(at, 1); w.space.unmap(0x900000, PAGE_BYTES); }
      return times < 60;
    },
  });
});
memory('code on the stack, written and executed in a hot loop', () => {
  play({
    source: `${VALUES}\n${loop('push rbx\nmov eax, r15d\nshr eax, 1\nshl eax, 8\nor eax, 0x90c300b0\nmov [rsp-64], eax\nlea r14, [rsp-64]\npush rcx\ncall r14\npop rcx\nadd rcx, [rsp]\nadd rbx, rax\npop rdx', 60)}`,
    prepare: w => w.space.protect(STACK - PAGE_BYTES, PAGE_BYTES, PROT_ALL),
    exit: (_, exit, times) => exit !== 'syscall' && times < 10,
  });
});
memory('a stack pointer that is not canonical, or nowhere, in a hot loop', () => {
  for (const wild of ['0x5a5a500000000800', '0x5a5a500100000800', '0x800', '-0x800', '0x7fffffffe800', '0x800000000000']) {
    play({
      source: `${VALUES}\nmov r14, rsp\n${loop(`mov rsp, r14\ncmp r15d, 6\njne 2f\nmov rsp, ${wild}\n2: push rbx\nadd rbx, [rsp+8]\npop rcx`, 30)}`,
      exit: (w, _exit, times) => { w.cpu.state.rip = w.label('again'); w.set('r15', w.get('r15') - 1); return times < 4 && w.get('r15') > 0; },
    });
  }
});
for (const text of ['mov rax, [rbx]', 'mov [rbx], rax', 'add [rbx], rax', 'jmp rbx', 'call rbx', 'lodsb', 'movaps xmm0, [rsi+8]', 'movaps [rsi+4], xmm1', 'vmovdqu [rbx], ymm2', 'vmovdqu ymm2, [rbx-20]', 'vmovaps ymm0, [rsi+16]', 'vmovdqa [rsi+16], ymm1', 'ud2', 'hlt', 'int3', 'push rax']) {
  memory(`\`${text}\` with wild addresses in a hot loop: the same exceptions`, () => {
    play({
      source: `mov r14d, DATA+16\n${loop(`mov rbx, r14\nmov esi, DATA\nlea rcx, [rip+1f]\nmov [DATA+16], rcx\ncmp r15d, 6\njne 2f\nmov rbx, 0x900000000000\nmov rsi, rbx\n2: cmp r15d, ebx\n${text}\nnop\n1: adc rdx, 1`)}`,
      prepare: w => w.poke(DATA + 16, [0xc3]),
      exit: (w, _exit, times) => { w.cpu.state.rip = w.label('again'); w.set('r15', w.get('r15') - 1); return times < 15 && w.get('r15') > 0; },
    });
  });
}
memory.run();

const branches = suite('engines › branches');
const SHORT: readonly (readonly [string, string])[] = [['jz', '.byte 0x66, 0x74, 0x10'], ['jmp', '.byte 0x66, 0xeb, 0x10'], ['loop', '.byte 0x66, 0xe2, 0x10'], ['jrcxz', '.byte 0x66, 0xe3, 0x10'], ['call', '.byte 0x66, 0xe8, 0x10, 0x00'], ['ret', 'push 0\n.byte 0x66, 0xc3']];
for (const [name, bytes] of SHORT) branches(`66 \`${name}\` in a hot loop`, () => {
  play({
    source: `mov r14, rsp\n${loop(`mov rsp, r14\nmov ecx, r15d\nsub ecx, 4\ncmp ecx, 1\n${bytes}\ninc rbx`)}`,
    exit: (w, _exit, times) => { w.cpu.state.rip = w.label('again'); w.set('r15', w.get('r15') - 1); return times < 15 && w.get('r15') > 0; },
  });
});
branches('a budget ends at every instruction of a compiled loop, and goes on', () => {
  for (let budget = 1; budget < 40; budget++) {
    for (const options of competitors()) {
      const worlds = arena.pair(options, `${VALUES}\n${loop('add rax, rbx\nmov [rsi], rax\ntest al, 1\njz 1f\npush rax\npop rcx\n1: adc rdx, rcx\ncall f\nrol rbx, 1', 40)}f: xadd rax, rbx\nret`);
      const [a, b] = worlds;
      for (const w of worlds) w.run(150);
      for (let k = 0; k < 5; k++) {
        assert.is(b.run(budget), a.run(budget));
        assert.is(differenceOf(a, b, OURS), null, `${nameOf(options)}, ${budget}`);
      }
    }
  }
});
const BLOCKS = 'a: inc eax\ntest al, 1\njz c\nb: add ebx, eax\njmp d\nc: xor ebx, 0x55\nd: mov [rsi], ebx\ncmp bl, 9\njb f\ne: call g\nf: dec r15d\njns a\nsyscall\ng: rol rax, 3\nh: ret';
branches('entry at every block of a compiled loop, one after the other', () => {
  for (const options of competitors()) {
    const worlds = arena.pair(options, `${VALUES}\nmov r15d, 30\n${BLOCKS}`), [a, b] = worlds;
    for (const w of worlds) w.run(100);
    for (const label of [...'abcdefhagfedcba']) {
      for (const w of worlds) { w.cpu.state.rip = w.label(label); w.set('r15', 5); w.set('rsp', STACK - 0x100); w.poke(STACK - 0x100, new Uint8Array(new BigUint64Array([BigInt(w.label('f'))]).buffer)); }
      for (const count of [1, 30, 2, 100]) {
        assert.is(b.run(count), a.run(count));
        assert.is(differenceOf(a, b, OURS), null, `${nameOf(options)} from ${label}`);
      }
    }
  }
});
branches('breakpoints in the middle of a compiled loop, set and cleared, and single steps past them', () => {
  for (const options of competitors()) {
    const worlds = arena.pair(options, `${VALUES}\nmov r15d, 3000\n${BLOCKS}`), [a, b] = worlds;
    const random = new Random(testSeed());
    for (const w of worlds) w.run(100);
    for (let k = 0; k < 120; k++) {
      const label = random.pick([...'abcdefgh']), isSet = random.below(3) !== 0, count = random.pick([1, 1, 5, 60]);
      for (const w of worlds) { if (isSet) w.cpu.setBreakpoint(w.label(label)); else for (const l of 'abcdefgh') w.cpu.clearBreakpoint(w.label(l)); }
      assert.is(b.run(count), a.run(count));
      assert.is(differenceOf(a, b, OURS), null, `${nameOf(options)} turn ${k}`);
    }
  }
});
branches('more blocks than a region holds, a table of jumps among them', () => {
  const cases = Array.from({ length: 90 }, (_, k) => k);
  play({
    source: `mov r14d, 7\n${loop(`imul r14d, r14d, 1103515245\nadd r14d, 12345\nmov eax, r14d\nshr eax, 16\nxor edx, edx\nmov ecx, ${cases.length}\ndiv ecx\nlea rax, [rip+table]\njmp [rax+rdx*8]\n${cases.map(k => `c${k}: add rbx, ${k + 1}\n${k % 3 === 0 ? 'jmp out' : k % 5 === 0 ? 'test bl, 4\njz out' : ''}`).join('\n')}\nout:`, 150)}.balign 8\ntable: ${cases.map(k => `.quad c${k}`).join('\n')}`,
  });
});
branches.run();

// — code that changes —

const writing = suite('engines › code that changes');
/** Each is a program that overwrites what runs. */
const WRITERS: readonly (readonly [string, string])[] = [
  ['an immediate of its own block', loop('add byte ptr [rip+p+2], 3\np: add ebx, 0\nadd rcx, rbx', 40)],
  ['an immediate of the next block', loop('inc byte ptr [rip+p+2]\ntest ebx, 1\njz p\nnop\np: add ebx, 0', 40)],
  ['an immediate of the block before', loop('p: add ebx, 0\njmp 1f\n1: inc byte ptr [rip+p+2]', 40)],
  ['the opcode of an instruction', loop('xor byte ptr [rip+p], 0x28\np: add eax, 0x11223344\nadd rcx, rax', 40)],
  ['an instruction of another page', `${loop('inc byte ptr [rip+p+2]\ncall f', 40)}.org ${PAGE_BYTES}\nf: p: add ebx, 0\nret`],
  ['an instruction that lies across pages', `${loop('call f\nadd dword ptr [rip+p+1], 0x1010101\nadd ecx, ebx', 40)}.org ${PAGE_BYTES - 3}\nf: p: mov ebx, 0x5060708\nret`],
  ['the branch that ends its block', loop('xor byte ptr [rip+p], 1\ntest r15b, 1\np: jz 1f\ninc ebx\n1: inc ecx', 40)],
  ['itself by `rep movsb`, whole', `${loop('lea rsi, [rip+t0]\ntest r15b, 1\njz 1f\nlea rsi, [rip+t1]\n1: lea rdi, [rip+area]\nmov ecx, 8\nrep movsb\narea: .skip 8, 0x90\nadd edx, eax', 40)}t0: inc eax\nrol ebx, 1\nxor eax, ebx\nnop\nnop\nt1: lea eax, [rax+rax*2]\nadd ebx, 7\nnop\nnop`],
  ['itself by `rep movsb`, from behind it to before it', `${loop('p: add ebx, 1\nmov byte ptr [rip+p+2], 1\nlea rdi, [rip+p+2]\nlea rsi, [rip+q]\nmov ecx, 1\nrep movsb\nadd ebx, 5', 30)}q: .byte 9`],
  ['the REP that does it', loop('lea rdi, [rip+p]\nmov eax, 0xf3\nmov ecx, 1\np: rep stosb\ninc ebx', 30)],
  ['a store by a vector', loop('movups xmm0, [rip+p]\nmovd xmm1, r15d\npxor xmm2, xmm2\npaddb xmm0, xmm2\nmovups [rip+p], xmm0\np: mov eax, 0x11\nmov ecx, 0x22\nmov edx, 0x33\nnop\nadd eax, edx', 30)],
  ['by a push', loop('lea rsp, [rip+p+8]\nmov eax, r15d\nand eax, 63\nshl eax, 16\nmov rcx, 0x909090909000c383\nor rax, rcx\npush rax\nmov esp, STACK-0x100\nadd edx, ebx\np: add ebx, 5\n.skip 12, 0x90', 30)],
  ['data beside it in its page', `${loop('add [rip+data], rax\ninc dword ptr [rip+data+8]\nmov rax, [rip+data+3]\nmovups [rip+data+16], xmm0\ncall f', 40)}.balign 16\ndata: .skip 64\nf: mov [rip+data+40], r15\nret`],
  ['a copy of a function that runs elsewhere', `${loop('lea rsi, [rip+f]\nlea rdi, [rip+there]\nmov ecx, offset g-f\nrep movsb\ncall there\nmov eax, [rip+f+1]\nadd eax, 0x10101\nmov [rip+f+1], eax\ncall f', 30)}f: mov ebx, 0x1234567\nadd edx, ebx\nret\ng:\n.org ${PAGE_BYTES + 100}\nthere: .skip 32`],
];
for (const [name, source] of WRITERS) writing(`a loop writes ${name}`, () => { play({ source, budget: 3_000 }); });
writing('what the kernel writes into a compiled loop is seen', () => {
  play({ source: loop('add ebx, 1\ntest r15b, 7\njnz 1f\nsyscall\n1: rol rcx, 1\nadd rcx, rbx', 60), exit: (w, _exit, times) => { w.poke(w.label('again') + 2, [times + 2]); return times < 6; } });
});
writing.run();

const mappings = suite('engines › mappings of code');
const CALLS = `${loop('call f\nadd rbx, rax\ntest r15b, 3\njnz 1f\nsyscall\n1: nop', 100)}.org ${PAGE_BYTES}\nf: mov eax, 1\nxor ecx, eax\nret`;
const SECOND = CODE + PAGE_BYTES, ELSEWHERE = 0x900000, THIRD = 0xa00000;
const OTHER = 'mov eax, 2\nxor ecx, 7\nadd rdx, rax\nret', AS_LONG = 'mov eax, 5\nxor ecx, eax\nret';
/** A page of code in shared memory: it lives on wherever else it is mapped. */
function shared(w: CpuWorld, at: Va, source: string): void {
  w.space.map({ at, length: PAGE_BYTES, prot: PROT_ALL, fixed: true, shared: true, object: null, offset: 0 });
  w.poke(at, code(source, at));
}
/** The shared page at `from` becomes what is at `at`, too. */
function alias(w: CpuWorld, from: Va, at: Va): void { assert.is(w.space.remap(from, 0, PAGE_BYTES, true, at), at); }
mappings('a page of a compiled loop is unmapped: the fetch faults; mapped again, it goes on', () => {
  play({
    source: CALLS, exit: (w, exit, times) => {
      if (exit === 'syscall') w.space.unmap(SECOND, PAGE_BYTES);
      else { w.map(SECOND, 1, PROT_ALL); w.poke(SECOND, code(times % 2 === 0 ? OTHER : AS_LONG)); }
      return times < 20;
    },
  });
});
mappings('a page of a compiled loop loses PROT_EXEC, PROT_WRITE, and gets them back', () => {
  play({
    source: CALLS, exit: (w, exit, times) => {
      w.space.protect(SECOND, PAGE_BYTES, exit !== 'syscall' ? PROT_ALL : times % 3 === 0 ? PROT_READ : PROT_READ | PROT_EXEC);
      return times < 20;
    },
  });
});
mappings('two pages of code take turns at one address, both alive elsewhere', () => {
  play({
    source: CALLS, pages: [ELSEWHERE, THIRD],
    prepare: w => { shared(w, ELSEWHERE, OTHER); shared(w, THIRD, AS_LONG); alias(w, ELSEWHERE, SECOND); },
    exit: (w, _exit, times) => { alias(w, times % 2 === 0 ? THIRD : ELSEWHERE, SECOND); return times < 24; },
  });
});
mappings('the same, and one is replaced before what calls it is hot', () => {
  for (const first of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]) {
    for (const options of competitors()) {
      const worlds = arena.pair(options, CALLS), [a, b] = worlds;
      for (const w of worlds) { shared(w, ELSEWHERE, OTHER); shared(w, THIRD, AS_LONG); alias(w, ELSEWHERE, SECOND); w.run(first); alias(w, THIRD, SECOND); w.run(first); }
      assert.is(differenceOf(a, b, OURS), null, `${nameOf(options)} after ${first}`);
      for (const w of worlds) { w.run(17); alias(w, ELSEWHERE, SECOND); w.run(40); }
      assert.is(differenceOf(a, b, OURS), null, `${nameOf(options)} after ${first}, back`);
    }
  }
});
mappings('a loop at two addresses: what is written through one is seen through the other', () => {
  play({
    source: `mov r15d, 60\nagain: mov eax, ${ELSEWHERE}\ncall rax\nmov eax, ${THIRD}\ncall rax\ninc byte ptr [${ELSEWHERE}+1]\ninc byte ptr [${THIRD}+7]\nadd rdx, rbx\ndec r15d\njnz again\nsyscall`,
    prepare: w => { shared(w, ELSEWHERE, 'mov ebx, 1\nmov ecx, 4\n1: add ebx, ecx\nloop 1b\nret'); alias(w, ELSEWHERE, THIRD); }, pages: [ELSEWHERE, THIRD],
  });
});
mappings('an instruction whose second page is replaced', () => {
  const source = `mov r15d, 60\nagain: call f\nadd edx, ebx\ntest r15b, 3\njnz 1f\nsyscall\n1: dec r15d\njnz again\nsyscall\n.org ${PAGE_BYTES - 3}\nf: mov ebx, 0x5060708\nret`;
  play({ source, exit: (w, _exit, times) => { const bytes = w.peek(SECOND, PAGE_BYTES); w.map(SECOND, 1, PROT_ALL); bytes[1] = times; w.poke(SECOND, bytes); return times < 15; } });
});
mappings('regions are dropped and made again, hundreds of times', () => {
  for (const options of competitors()) {
    const [a, b] = arena.pair(options, loop('inc byte ptr [rip+p+2]\np: add ebx, 0\ncall f', isThorough ? 3_000 : 300) + 'f: rol rbx, 1\nret');
    assert.is(b.run(20_000), a.run(20_000));
    assert.is(differenceOf(a, b, OURS), null);
  }
});
mappings.run();

// — signals and trampolines —

const TEXT = 0x400000, OUT = 0x600000;
function guest(source: string): Uint8Array {
  const { bytes, labels } = assemble(source, { origin: TEXT, symbols: { OUT } });
  return writeElf({ text: { at: TEXT, bytes }, data: { at: OUT, bytes: new Uint8Array(8), size: 0x20000 }, entry: labels.get('_start') ?? 0 });
}
/** The guest's output and counters, in every engine what they are in the reference. */
function sameGuest(source: string): Uint8Array {
  const elf = guest(source);
  let output = new Uint8Array();
  for (const timing of TIMINGS) {
    const outcome = (cpu: CpuOptions): Record<string, unknown> => {
      const { status, signal, stdout, stderr, counters: { instructions, cycles, pageFaults, systemCalls } } = runGuest(elf, { cpu });
      output = new Uint8Array(stdout);
      return { status, signal, stdout: [...stdout], stderr, instructions, cycles, pageFaults, systemCalls };
    };
    const expected = outcome({ engine: REFERENCE, timing });
    for (const options of guestCompetitors(timing)) assert.equal(outcome(options), expected, nameOf(options));
  }
  return output;
}
const SIGFPE = 8, SIGSEGV = 11;
/** Every signal appends its registers as ucontext has them to what is written out; `after` makes the fault go away. */
const caught = (body: string, after: string): string => `
_start:
  mov r12d, OUT+0x1000
  ${[SIGFPE, SIGSEGV].map(signal => `mov eax, 13\nmov edi, ${signal}\nlea rsi, [rip+action]\nxor edx, edx\nmov r10d, 8\nsyscall`).join('\n')}
  mov eax, 9
  mov edi, 0x10000000
  mov esi, 0x2000
  mov edx, 3
  mov r10d, 0x32
  mov r8, -1
  xor r9d, r9d
  syscall
  mov esi, 0x10000000
  mov r15d, 30
again:
  ${body}
  dec r15d
  jnz again
  mov eax, 1
  mov edi, 1
  mov esi, OUT+0x1000
  mov rdx, r12
  sub rdx, rsi
  syscall
  mov eax, 231
  xor edi, edi
  syscall
handler:
  mov r14, rdx
  lea rsi, [rdx+0x28]
  mov rdi, r12
  mov ecx, 19
  rep movsq
  mov rax, [rdx+0xe0]
  movups xmm0, [rax+160]
  movups [rdi], xmm0
  movups xmm0, [rax+192]
  movups [rdi+16], xmm0
  lea rdi, [rdi+32]
  mov [r14+0x28+32], rdi
  ${after}
  ret
restorer: mov eax, 15
  syscall
.balign 8
action: .quad handler, 0x4000004, restorer, 0`;
const signals = suite('engines › signals and trampolines');
signals('a division by zero in a hot loop: the handler sees every register as the interpreter left it', () => {
  const bytes = sameGuest(caught('mov eax, r15d\nadd rbx, rax\nmovd xmm0, eax\npaddd xmm2, xmm0\nxor edx, edx\nmov ecx, r15d\nand ecx, 3\ncmp rbx, rax\nidiv ecx\nadc rbx, rdx', 'mov qword ptr [r14+0x28+14*8], 7'));
  assert.ok(bytes.length > 7 * 19 * 8, `${bytes.length} bytes`);
});
signals('a write to a page that a handler opens, and that is closed again', () => {
  const protect = (prot: number): string => `mov eax, 10\nmov edi, 0x10001000\nmov esi, 0x1000\nmov edx, ${prot}\nsyscall`;
  const bytes = sameGuest(caught(`test r15b, 7\njnz 1f\n${protect(1)}\n1: mov eax, r15d\nlea rbx, [rbx+rax*4]\nmov edx, 0x10001000\nmovd xmm2, ebx\nsub ebx, r15d\nmov [rdx-3], rbx\nadc rbp, rax`, protect(3)));
  assert.ok(bytes.length > 2 * 19 * 8, `${bytes.length} bytes`);
});
signals('trampolines called from hot loops load their contexts', () => {
  const make = (name: string): string => `${call(440, 0, 'offset zero', 0)}\nmov r14, rax\n${call(18, 'r14', `offset ${name}`, `offset ${name}_end-${name}`, 1)}\n${call(9, 0, 4096, 0, 2, 'r14', 0)}`;
  const context = (name: string, value: string): string => `.balign 8\n${name}: .long 2, 0\n.long 17, 0\n.quad ${value}\n.long 23, 0\n.quad target\n${name}_end:`;
  const bytes = sameGuest(`_start:\n${make('one')}\nmov r12, rax\n${make('two')}\nmov r13, rax\nmov r15d, 200\nagain: mov edi, r15d\ncall r12\nadd rbx, rax\nmov rax, r13\ntest r15b, 3\ncmovz rax, r12\ncall rax\nrol rbx, 5\nadd rbx, rax\npushf\npop rcx\nand ecx, 0x8d5\nadd rbx, rcx\ndec r15d\njnz again
    mov [OUT], rbx\n${call(1, 1, 'OUT', 8)}\n${call(231, 0)}\ntarget: lea rax, [rdi+r10*2]\ntest rax, 8\njz 1f\nxor rax, r10\n1: ret\n.balign 8\nzero: .quad 0\n${context('one', '40')}\n${context('two', '0x123456789')}`);
  assert.is(bytes.length, 8);
});
signals.run();
