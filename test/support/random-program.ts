/**
 * Programs of real shape from a seed: loops in loops, branches, calls, tables, recursion, graphs no compiler of C would write; bodies of every
 * form the other tests know, and of random rows of the instruction tables. They count down, so they end; what they do to memory stays in DATA,
 * but for the page TROUBLE, which is not mapped at first.
 */
import { PAGE_BYTES, SLOT } from '../../src/base/layout.ts';
import type { Va } from '../../src/base/types.ts';
import { ROWS } from '../../src/decoder/all-rows.ts';
import { assemble } from '../../src/decoder/assemble.ts';
import { decode } from '../../src/decoder/decode.ts';
import { encode, fits, isEncodable, PLAIN, sizesOf } from '../../src/decoder/encode.ts';
import { memory, NONE, register, type Operand } from '../../src/decoder/instruction.ts';
import type { Row } from '../../src/decoder/rows.ts';
import { semanticsNamed, semanticsOf } from '../../src/exec/semantics/index.ts';
import { CODE, DATA } from './cpu-world.ts';
import { INTEGER_FORMS } from './integer-forms.ts';
import { Random } from './random.ts';
import { randomOperands } from './row-operands.ts';
import { FORMS as SSE_FORMS } from './sse-forms.ts';
import { vexForms } from './vex-forms.ts';
import { FORMS as X87_FORMS, TRANSCENDENTALS } from './x87-forms.ts';

export const DATA_PAGES = 3, TROUBLE = DATA + DATA_PAGES * PAGE_BYTES;
/** Where FS and GS point, and r15: to be used with 32-bit addressing only. */
export const FS_BASE = DATA + 0x200, GS_BASE = DATA + PAGE_BYTES - 0x40, R15 = 0xdead_beef_0000_0000n | BigInt(DATA + 0x800);

/** A line or a few. Programs are still programs without those that may go. */
export interface Part { readonly text: string; readonly mayGo: boolean }
export interface ProgramShape { readonly seed: number; readonly modifiesItself: boolean; /** It may end where something goes wrong. */ readonly mayFail: boolean }

export class Program {
  readonly shape: ProgramShape;
  readonly parts: readonly Part[];
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, Va>;
  constructor(shape: ProgramShape, parts: readonly Part[]) {
    this.shape = shape; this.parts = parts;
    const { bytes, labels } = assemble(this.source, { origin: CODE, symbols: { DATA, TROUBLE } });
    this.bytes = bytes; this.labels = labels;
  }
  get source(): string { return this.parts.map(part => part.text).join('\n'); }
}
export function randomProgram(shape: ProgramShape): Program { return new Program(shape, new Writer(shape).program()); }

// — bodies —

const FREE = [0, 1, 2, 3, 8, 9, 10, 11];
const FAMILIES = ['a', 'c', 'd', 'b', '8', '9', '10', '11'];
const NAMES: readonly RegExp[] = [/\br([abcd])x\b/g, /\be([abcd])x\b/g, /\b([abcd])x\b/g, /\b([abcd])l\b/g, /\br(8|9)(d|w|b|)\b/g];
/** Another name for each of the eight registers forms use. High bytes only exist beside the old ones. */
function renamed(body: string, random: Random): string {
  const isHigh = /\b[abcd]h\b/.test(body), letters = isHigh ? ['a', 'b', 'c', 'd'] : FAMILIES;
  if (isHigh && /\br[89]/.test(body)) return body;
  const pool = [...letters], to = new Map(['a', 'c', 'd', 'b', '8', '9'].filter(f => letters.includes(f)).map(f => [f, pool.splice(random.below(pool.length), 1)[0]]));
  const name = (family: string, size: 'r' | 'e' | 'w' | 'b'): string => {
    const f = to.get(family) ?? family;
    if (f.length === 1 && f > '9') return size === 'r' ? `r${f}x` : size === 'e' ? `e${f}x` : size === 'w' ? `${f}x` : `${f}l`;
    return `r${f}${size === 'r' ? '' : size === 'e' ? 'd' : size}`;
  };
  const all = new RegExp(`${NAMES.map(r => `(?:${r.source})`).join('|')}|\\b([abcd])h\\b`, 'g');
  return body.replace(all, (_text, r?: string, e?: string, w?: string, b?: string, extended?: string, suffix?: string, high?: string) => {
    if (r !== undefined) return name(r, 'r');
    if (e !== undefined) return name(e, 'e');
    if (w !== undefined) return name(w, 'w');
    if (b !== undefined) return name(b, 'b');
    if (high !== undefined) return `${to.get(high)}h`;
    return name(extended!, suffix === '' ? 'r' : suffix === 'd' ? 'e' : suffix === 'w' ? 'w' : 'b');
  });
}
/** Single instructions whose registers are all named. */
const HAS_IMPLIED = /\n|\bcl$|^(mul|div|idiv|cbw|c[wdq]|lahf|sahf|cmpxchg|xlat|enter|leave|str|movs[bwdq]$|lods|scas|rep|loop|jr?e?cxz|push|pop)|^imul \S+$|^imul \w+ ptr|^j|1:|^cd|^cq/;
function integerBody(random: Random, { body } = random.pick(INTEGER_FORMS)): string {
  return HAS_IMPLIED.test(body) ? body : renamed(body, random);
}

const ALIGNED = /^(movaps|movapd|movdqa|movnt|[a-z]+p[sd] xmm|p[a-z]+ xmm|punpck|unpck|cvt|round|mpsadbw|insertps|rcp|rsqrt)/;
const POOL: readonly (readonly [string, string])[] = FAMILIES.map(f => f > '9' ? [`r${f}x`, `e${f}x`] as const : [`r${f}`, `r${f}d`] as const);
function sseBody(random: Random, { text } = random.pick(SSE_FORMS)): string {
  const [wide, narrow] = random.pick(POOL);
  const first = random.below(16), second = random.below(4) === 0 ? first : random.below(16), isAligned = ALIGNED.test(text) && random.below(12) !== 0;
  const fixed = text.startsWith('pblendv') || text.startsWith('blendv') ? 'xmm0' : '';
  const [head, tail] = fixed === '' ? [text, ''] : [text.slice(0, text.lastIndexOf(',')), ', xmm0'];
  const renamedText = head.replace(/xmm([01])/g, (_, n) => `xmm${n === '0' ? first : second}`).replace(/\brax\b/g, wide).replace(/\beax\b/g, narrow) + tail;
  return `${pointer('esi', random, isAligned)}\n${renamedText.replace('[rcx]', random.pick(['[rsi]', '[rsi+16]', isAligned ? '[rsi+r14*8*2]' : '[rsi+r13*4+3]']).replace('*8*2', '*8'))}`;
}
/** What leaves the unit as it is afterwards does so only by chance; FNINIT helps. */
const UPSETS_X87 = /^f(ldenv|rstor|ldcw)$/;
const X87_ALL = [...X87_FORMS, ...TRANSCENDENTALS];
function x87Body(random: Random, { code, operation } = random.pick(X87_ALL)): string {
  return `.byte ${code.match(/../g)!.map(byte => `0x${byte}`).join(', ')}${UPSETS_X87.test(operation) ? '\n.byte 0xdb, 0xe3' : ''}`;
}
/** Somewhere in the data: where accesses straddle pages, lie at odd addresses, or are aligned. */
function pointer(name: string, random: Random, isAligned = random.below(2) === 0): string {
  const near = DATA + PAGE_BYTES * (1 + random.below(2));
  const at = random.below(3) === 0 ? near - (isAligned ? 16 * random.below(4) : random.below(40)) : DATA + 0x80 + random.below(0x2d00);
  return `mov ${name}, ${isAligned ? at & ~31 : at}`;
}

// — rows —

const UNWANTED = /^(push|pop|enter|leave|xlat|popf|std|movs|stos|lods|cmps|scas|v?maskmov|fxrstor|xrstor|fldenv|frstor|fldcw|v?ldmxcsr|wr|rdtsc|cpuid|int|xgetbv|ret|call|jmp|loop|j)/;
const CANDIDATES: readonly Row[] = ROWS.filter(row => isEncodable(row) && semanticsNamed(row.operation) !== undefined && row.flow === 'next' && !UNWANTED.test(row.operation)
  && !row.operands.some(spec => ['mmx', 'segment', 'control', 'debug', 'ymm'].includes(spec.file)));
/** Divisions mostly trap on random operands. */
const isRare = (row: Row): boolean => /^i?div$/.test(row.operation);
function tamed(o: Operand, random: Random): Operand {
  if (o.kind === 'reg' && o.file === 'gpr') return FREE.includes(o.index) ? o : register('gpr', FREE[o.index & 7], o.size);
  if (o.kind !== 'mem') return o;
  const disp = random.pick([0, 8, 16, random.below(64), -random.below(64)]), index = random.below(3) === 0 ? 12 + random.below(3) : NONE;
  switch (random.below(10)) {
    case 0: return memory(o.size, 15, NONE, 0, disp, NONE, 4);
    case 1: return memory(o.size, NONE, NONE, 0, disp + 64, random.pick([SLOT.fs, SLOT.gs]), 8);
    case 2: return memory(o.size, NONE, 14, random.below(4), DATA + 0x100 + disp, NONE, 8);
    case 3: return memory(o.size, 7, index, index === NONE ? 0 : random.below(4), disp, NONE, random.pick([4, 8] as const));
    case 4: return memory(o.size, 4, NONE, 0, -128 + random.below(64), NONE, 8);
    default: return memory(o.size, 6, index, index === NONE ? 0 : random.below(4), disp, NONE, 8);
  }
}
const SEGMENT_BYTES: Readonly<Record<number, number>> = { [SLOT.fs]: 0x64, [SLOT.gs]: 0x65 };
/** Its bytes, or '' where these operands will not do. */
function rowBody(random: Random): string {
  const row = random.pick(CANDIDATES);
  if (isRare(row) && random.below(8) !== 0) return '';
  const size = random.pick(sizesOf(row)), isAligned = random.below(16) !== 0;
  const wide = (o: Operand): Operand => isAligned && o.kind === 'mem' && o.size >= 16 ? memory(o.size, 6, NONE, 0, o.size * random.below(4), NONE, 8) : o;
  const operands = randomOperands(row, size, random).map(o => wide(tamed(o, random))), [to, from] = operands;
  if (/^bt/.test(row.operation) && to?.kind === 'mem' && from?.kind === 'reg') return '';
  const segment = operands.find(o => o.kind === 'mem')?.segment ?? NONE;
  const manner = {
    ...PLAIN, lock: row.lock && to?.kind === 'mem' && random.below(3) === 0, condition: row.adds === 'condition' ? random.below(16) : 0, segment: SEGMENT_BYTES[segment] ?? 0,
  };
  if (!fits(row, operands, size, manner)) return '';
  const bytes = encode(row, operands, size, manner), room = new Uint8Array(24);
  room.set(bytes);
  const i = decode(room, 0, room.length);
  if (i === null || i.length !== bytes.length || i.flow !== 'next' || semanticsOf(i) !== semanticsNamed(i.operation)) return '';
  const before = operands.some(o => o.kind === 'mem' && o.size === 16) ? `${pointer('esi', random, isAligned)}\n` : '';
  return `${before}.byte ${bytes.map(byte => `0x${byte.toString(16)}`).join(', ')}`;
}

// — what forms alone do not show —

const CC = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const SIZED: readonly (readonly string[])[] = [['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'], ['ax', 'cx', 'dx', 'bx', 'r8w', 'r11w'], ['eax', 'ecx', 'edx', 'ebx', 'r8d', 'r10d'], ['rax', 'rcx', 'rdx', 'rbx', 'r9', 'r11']];
const WORDS = ['byte', 'word', 'dword', 'qword'];
const hex = (n: bigint): string => n < 0n ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`;
const EDGES = [0n, 1n, -1n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, 0x8000_0000n, 0x7fff_ffffn, -0x8000_0000n, 2n, -2n, 255n, 128n, 0x8000n, 0xffff_ffffn];
type Snippet = (random: Random) => string;
const two = (random: Random): [string, string, number] => {
  const size = random.below(4), names = SIZED[size];
  return [random.pick(names), random.pick(names), size];
};
const canMeet = (a: string, b: string): boolean => !(/^.h$/.test(a) && /^r/.test(b)) && !(/^.h$/.test(b) && /^r/.test(a));
const SNIPPETS: readonly Snippet[] = [
  // Producers and consumers of flags.
  random => { const [a, b] = two(random); return canMeet(a, b) ? `${random.pick(['cmp', 'sub', 'add', 'test', 'and', 'adc', 'sbb', 'xor'])} ${a}, ${b}` : 'cmc'; },
  random => `set${random.pick(CC)} ${random.pick(['al', 'ah', 'bh', 'r8b', 'byte ptr [rsi]', 'byte ptr [rdi+1]'])}`,
  random => `cmov${random.pick(CC)} ${random.pick(['eax, ebx', 'rax, [rsi]', 'r9, r10', 'cx, word ptr [rdi]', 'edx, dword ptr [rsi+2]'])}`,
  random => `j${random.pick(CC)} 1f\n${random.pick(['inc eax', 'neg r8', 'stc', 'xor ecx, edx', 'mov [rsi], rax'])}\n1:`,
  random => random.pick(['lahf', 'sahf', 'pushf\npop rax', 'pushf\npop r9', 'cmc', 'stc', 'clc', 'adc rax, 0', 'sbb ecx, ecx', 'sbb r8, r8', 'push 0x8d5\npopf', 'adcx rax, rbx', 'adox rcx, r8', 'rcl rax, 1', 'rcr bl, 1']),
  random => { const [a, , size] = two(random); return `${random.pick(['inc', 'dec', 'neg', 'not'])} ${random.pick([a, `${WORDS[size]} ptr [rsi+1]`])}`; },
  // Counts of every kind.
  random => { const [a, , size] = two(random); return `mov cl, ${random.below(70)}\n${random.pick(['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr'])} ${random.pick([/^(r|e)?c/.test(a) ? 'ebx' : a, `${WORDS[size]} ptr [rsi]`])}, cl`; },
  random => { const [a] = two(random); return `${random.pick(['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr'])} ${a}, ${random.below(40)}`; },
  random => { const size = 1 + random.below(3); return `${random.pick(['shld', 'shrd'])} ${random.pick([random.pick(SIZED[size]), `${WORDS[size]} ptr [rdi]`])}, ${random.pick(SIZED[size])}, ${random.pick(['cl', `${random.below(40)}`])}`; },
  random => `${random.pick(['bt', 'bts', 'btr', 'btc'])} ${random.pick([`qword ptr [rsi], ${random.below(70)}`, `word ptr [rsi+3], ${random.below(70)}`, 'rax, rcx', 'r8w, dx'])}`,
  random => `mov ecx, ${random.below(4000) - 2000}\n${random.pick(['bt', 'bts', 'btr', 'btc'])} ${random.pick(['dword ptr [DATA+0x900], ecx', 'word ptr [DATA+0xfff], cx', 'qword ptr [DATA+0x1ffd], rcx'])}`,
  // Division at its edges; some trap.
  random => `mov rax, ${hex(random.pick(EDGES))}\n${random.pick(['cqo', 'cdq', 'cwd', 'xor edx, edx', 'mov edx, 1', 'mov rdx, -1'])}\nmov rcx, ${hex(random.pick(EDGES))}\n${random.pick(['idiv', 'div'])} ${random.pick(['cl', 'cx', 'ecx', 'rcx', 'ch'])}`,
  random => `mov rdx, ${hex(random.pick(EDGES))}\nmov rax, ${hex(random.pick(EDGES))}\n${random.pick(['mul', 'imul'])} ${random.pick(['dl', 'dx', 'edx', 'rdx', 'dh', 'al', 'rax'])}`,
  // One register in several places.
  random => { const [a, b] = two(random); return canMeet(a, b) ? `${random.pick(['xchg', 'xadd', 'cmpxchg'])} ${a}, ${b}` : 'xchg al, ah'; },
  random => { const [, b, size] = two(random); return `${random.pick(['', '', 'lock '])}${random.pick(['xchg', 'xadd', 'cmpxchg', 'add', 'or', 'sbb'])} ${WORDS[size]} ptr [${random.pick(['rsi', 'rdi+3'])}], ${b}`.replace('lock xchg', 'xchg').replace(/(ah|bh|ch|dh)$/, 'bl'); },
  random => random.pick(['mov ah, al', 'mov bh, ch', 'xchg al, ah', 'add ah, ah', 'movzx eax, ah', 'movsx ecx, bh', 'mov ax, bx', 'mov eax, eax', 'mov r8w, ax', 'lea ax, [rax+rcx]', 'xadd ah, bh', 'imul ax, bx, 3', 'mul ah', 'not ch']),
  // Strings.
  random => `cld\n${pointer('esi', random)}\n${pointer('edi', random)}\nmov ecx, ${random.below(40)}\n${random.pick(['rep movs', 'rep stos', 'rep lods', 'repe cmps', 'repne scas', 'repe scas'])}${random.pick(['b', 'w', 'd', 'q'])}`,
  random => `std\n${pointer('esi', random)}\n${pointer('edi', random)}\nmov ecx, ${random.below(8)}\n${random.pick(['rep movs', 'movs', 'rep stos', 'stos', 'lods', 'cmps', 'scas'])}${random.pick(['b', 'w', 'd', 'q'])}\ncld`,
  random => `cld\n${pointer('edi', random)}\nlea esi, [edi+${random.below(9)}-4]\nmov ecx, ${random.below(60)}\nrep movs${random.pick(['b', 'd'])}`,
  // Addresses: segments, 32 bits, around 2^64, relative to RIP, in and below the stack.
  random => random.pick(['mov rax, fs:[8]', 'add gs:[r14*8+3], rdx', 'mov fs:[r13*4-9], ecx', 'lea rax, fs:[rbx+8]', 'rdfsbase rcx', 'xor ebx, gs:[r12-2]', 'movups xmm3, gs:[0x38]', 'mov eax, fs:[r15d-0x600800]']),
  random => random.pick(['mov [r15d+8], rax', 'add eax, [r15d+r14d*4]', 'lea rcx, [r15d+ebx]', 'movups [r15d-3], xmm4', 'lea eax, [r15d*2+5]', 'inc word ptr [r15d+0x7fd]']),
  random => {
    const index = BigInt.asUintN(64, random.operand()), scale = random.below(4), goal = BigInt(DATA + 0x40 + random.below(0x2f00));
    const base = BigInt.asUintN(64, goal - (index << BigInt(scale)) - 24n);
    return `mov r10, ${hex(base)}\nmov r11, ${hex(index)}\n${random.pick(['mov rax, X', 'add X, ecx', 'lea rbx, X', 'movq xmm2, qword ptr X', 'inc byte ptr X', 'xchg X, dx'])}`.replace('X', `[r10+r11*${1 << scale}+24]`);
  },
  random => random.pick(['mov [rip+scratch], rax', 'add eax, [rip+scratch+3]', 'inc word ptr [rip+scratch+8]', 'movups xmm5, [rip+scratch]', 'movups [rip+scratch+16], xmm5', 'xor [rip+scratch+5], r9', 'lea rax, [rip+scratch]', 'cmp byte ptr [rip+scratch], 3']),
  random => random.pick(['push rax\npop rbx', 'push qword ptr [rsi]\npop r8', 'push cx\npop dx', 'push 7\npop qword ptr [rdi]', 'pop qword ptr [rsp-16]\npush rcx\n', 'push rsp\npop rax', 'mov [rsp-40], rdx', 'add [rsp-33], ecx',
    'sub rsp, 40\nmov [rsp+8], rax\nxor rax, [rsp+9]\nadd rsp, 40', 'lea rsp, [rsp-24]\npush rax\npop rcx\nlea rsp, [rsp+24]', 'mov r9, rsp\nand r9, 15', 'enter 24, 1\nmov [rbp-8], rax\nleave', 'push rbx\npush rcx\npop qword ptr [rsp]\npop rdx']),
  // Rounding.
  random => `mov dword ptr [DATA+0x80], ${random.pick(['0x1f80', '0x3f80', '0x5f80', '0x7f80', '0x9fc0', '0x1fbf'])}\nldmxcsr [DATA+0x80]`,
  random => `mov word ptr [DATA+0x88], ${random.pick(['0x37f', '0xf7f', '0x77f', '0xb7f', '0x27f', '0x7f'])}\nfldcw word ptr [DATA+0x88]`,
  random => `${random.pick(['fild', 'fld'])} ${random.pick(['dword', 'qword'])} ptr [rsi]\n${random.pick(['fadd', 'fmul', 'fsub', 'fdiv', 'fst'])} ${random.pick(['dword', 'qword'])} ptr [rdi]\n${random.pick(['fstp qword ptr [rsi+1]', 'fistp dword ptr [rdi]', 'fstp st(0)', 'fisttp qword ptr [rsi]'])}`,
];
/** Touches what may not be there. */
const TROUBLES: readonly string[] = [
  'mov rax, [TROUBLE]', 'add dword ptr [TROUBLE-2], eax', 'mov [TROUBLE-5], rcx', 'movups [TROUBLE-8], xmm1', 'movups xmm1, [TROUBLE-1]', 'cmp eax, eax\nadc [TROUBLE+8], rax', 'push qword ptr [TROUBLE]\npop rax',
  'cld\nmov edi, TROUBLE-9\nmov ecx, 30\nrep stosb', 'cld\nmov esi, TROUBLE-9\nmov edi, DATA+0x100\nmov ecx, 30\nrep movsb', 'cmp al, bl\nsetg [TROUBLE+3]', 'fld qword ptr [TROUBLE-3]\nfstp st(0)', 'lock xadd [TROUBLE+16], rdx',
  'cmp ebx, ecx\ncmovl eax, [TROUBLE+4]', 'xor eax, eax\ndiv dword ptr [TROUBLE+4]', 'bts dword ptr [TROUBLE], 3', 'cld\nmov esi, TROUBLE-3\nmov edi, DATA\nmov ecx, 9\nrepe cmpsb', 'movaps xmm0, [TROUBLE+16]', 'sub ecx, edx\npop qword ptr [TROUBLE+8]\npush rax',
];

// — shape —

const PATCHES = ['mov dword ptr [rip+P+1], eax', 'inc byte ptr [rip+P+1]', 'xor byte ptr [rip+P], 0x38', 'xor byte ptr [rip+P], 0x08', 'mov word ptr [rip+P+3], cx', 'add dword ptr [rip+P+1], 0x101', 'lea r10, [rip+P+2]\nmov [r10], bl',
  'cld\nlea rdi, [rip+P+1]\nmov ecx, 4\nrep stosb'];
const TEMPLATES = ['add eax, ecx\nxor ebx, eax\nrol rdx, 3', 'lea r8, [r8+r9*2]\nsete al\nadc rcx, 5', 'cmp eax, ebx\ncmovg ecx, edx\nsbb ebx, 1', 'jmp 1f\nnop\n1: dec r9\nbt rax, 3', 'movaps xmm1, xmm2\npaddd xmm1, xmm3', 'call 1f\njmp 2f\n1: inc eax\nret\n2:'];
const AREA_BYTES = 16;

class Writer {
  private readonly random: Random;
  private readonly shape: ProgramShape;
  private readonly parts: Part[] = [];
  private readonly functions: number;
  private readonly recursive = new Set<number>();
  private label = 0;
  private patches = 0;
  private areas = 0;

  constructor(shape: ProgramShape) {
    this.shape = shape;
    this.random = new Random(shape.seed);
    this.functions = 1 + this.random.below(4);
    for (let f = 0; f < this.functions; f++) if (this.random.below(3) === 0) this.recursive.add(f);
  }
  program(): readonly Part[] {
    const { random } = this;
    this.keep('main:');
    this.keep('mov r12d, 3\nmov r13d, 2\nmov r14d, 5');
    this.keep(pointer('esi', random)); this.keep(pointer('edi', random));
    for (const name of ['rax', 'rcx', 'rdx', 'rbx', 'r8', 'r9', 'r10', 'r11']) this.drop(`mov ${name}, ${hex(random.operand())}`);
    this.loop(0, -1, 4 + random.below(4));
    this.keep('syscall');
    for (let f = 0; f < this.functions; f++) this.function(f);
    this.keep('.balign 64, 0xcc\nscratch: .skip 32, 0x5a');
    TEMPLATES.forEach((text, k) => this.keep(`.balign ${AREA_BYTES}, 0x90\nt${k}: ${text}\n.balign ${AREA_BYTES}, 0x90`));
    return this.parts;
  }
  private keep(text: string): void { this.parts.push({ text, mayGo: false }); }
  private drop(text: string): void { if (text !== '') this.parts.push({ text, mayGo: true }); }
  private fresh(): string { return `L${this.label++}`; }

  private function(f: number): void {
    const { random } = this, isRecursive = this.recursive.has(f);
    // Some begin on a page of their own, some lie across two.
    this.keep(random.pick(['', '.balign 16', `.balign ${PAGE_BYTES}`, `.balign ${PAGE_BYTES}\n.skip ${PAGE_BYTES - 1 - random.below(60)}`]));
    this.keep(`f${f}:`);
    if (isRecursive) this.keep(`dec ebp\njle f${f}_out`);
    this.keep('push r12\npush r13\npush r14\nmov r12d, 1\nmov r13d, 2\nmov r14d, 3');
    this.statements(random.below(3), f, 2 + random.below(3));
    if (isRecursive) {
      this.keep(`call f${f}`);
      this.statements(3, f, random.below(2));
      if (random.below(2) === 0) this.keep(`call f${f}`);
    }
    this.keep('pop r14\npop r13\npop r12');
    this.keep(`f${f}_out: ${random.pick(['ret', 'ret', 'ret', 'pop r11\njmp r11'])}`);
  }
  /** `level`: the loop counters from r12 + level on are free. `f`: functions after it may be called. */
  private statements(level: number, f: number, count: number): void { for (let k = 0; k < count; k++) this.statement(level, f); }
  private statement(level: number, f: number): void {
    const { random } = this, isDeep = level >= 3;
    switch (random.below(16)) {
      case 0: case 1: if (!isDeep) { this.loop(level, f, 1 + random.below(3)); return; } break;
      case 2: this.branch(level, f); return;
      case 3: case 4: if (f + 1 < this.functions) { this.call(f); return; } break;
      case 5: this.switch(level, f); return;
      case 6: if (!isDeep) { this.graph(level); return; } break;
      case 7: if (this.shape.modifiesItself) { this.patch(); return; } break;
      case 8: if (random.below(4) === 0) { for (let k = 0; k < 75; k++) this.drop(integerBody(random)); return; } break;
      default:
    }
    this.bodies(1 + random.below(4));
  }
  private bodies(count: number): void { for (let k = 0; k < count; k++) this.body(); }
  private body(): void {
    const { random } = this;
    if (random.below(4) === 0) this.keep(pointer(random.pick(['esi', 'edi']), random));
    switch (random.below(12)) {
      case 0: case 1: case 2: this.drop(integerBody(random)); return;
      case 3: case 4: this.drop(sseBody(random)); return;
      case 5: case 6: case 7: this.drop(rowBody(random)); return;
      case 8: this.drop(x87Body(random)); return;
      case 9: this.drop(random.below(6) === 0 ? random.pick(TROUBLES) : random.pick(SNIPPETS)(random)); return;
      default: this.drop(random.pick(SNIPPETS)(random));
    }
  }
  private loop(level: number, f: number, statements: number): void {
    const { random } = this, counter = `r${12 + level}`, again = this.fresh(), count = level === 0 ? 4 + random.below(8) : 1 + random.below(5);
    this.keep(`mov ${counter}d, ${count}`);
    const goOn = random.pick([`dec ${counter}d\njnz ${again}`, `sub ${counter}, 1\nja ${again}`, `lea ${counter}, [${counter}-1]\ntest ${counter}, ${counter}\njg ${again}`,
      `mov r11, ${counter}\nmov ecx, ${counter}d\nlea ${counter}, [r11-1]\nloop ${again}`, `xchg rcx, ${counter}\ndec ecx\nxchg ${counter}, rcx\nmov r11, ${counter}\njne ${again}`, `add ${counter}b, -1\njnz ${again}`, `dec ${counter}w\njns ${again}`]);
    // Distances decide how branches are encoded; far ones end inverted.
    this.keep(`${again}:`);
    this.statements(level + 1, f, statements);
    this.keep(goOn.includes('loop ') ? `mov r11, ${counter}\nmov ecx, ${counter}d\nlea ${counter}, [r11-1]\nloop 1f\njmp 2f\n1: jmp ${again}\n2:` : goOn);
    this.keep(`mov ${counter}d, 2`); // It is an index, too: small again.
  }
  private condition(): string {
    const { random } = this;
    return random.pick([`test ${random.pick(['al', 'bl', 'cl', 'r8b'])}, ${1 << random.below(8)}`, 'cmp eax, ebx', 'cmp rcx, r9', 'bt rax, 5', 'test r14b, 1', 'cmp r12b, 3', 'dec r10d', 'add r8, r9', 'test rax, rax', '', 'ucomisd xmm0, xmm1']);
  }
  private branch(level: number, f: number): void {
    const { random } = this, other = this.fresh(), after = this.fresh();
    this.keep(this.condition());
    if (random.below(3) === 0) this.drop(random.pick(['mov r10, rax', 'lea r11, [rcx+8]', 'movaps xmm6, xmm7', 'mov [rsi], ecx', 'not r9']));
    this.keep(`j${random.pick(CC)} ${other}`);
    this.statements(level, f, 1 + random.below(2));
    if (random.below(2) === 0) { this.keep(`jmp ${after}\n${other}:`); this.statements(level, f, 1); this.keep(`${after}:`); } else this.keep(`${other}:`);
  }
  private call(f: number): void {
    const { random } = this, g = f + 1 + random.below(this.functions - f - 1);
    this.keep(`mov ebp, ${1 + random.below(5)}`);
    const table = this.fresh(), others = [g, f + 1 + random.below(this.functions - f - 1)];
    this.keep(random.pick([
      `call f${g}`, `call f${g}`, `lea r11, [rip+f${g}]\ncall r11`, `lea r11, [rip+f${g}]\nmov [DATA+0x20], r11\ncall qword ptr [DATA+0x20]`, `lea rax, [rip+1f]\npush rax\nlea r11, [rip+f${g}]\npush r11\nret\n1:`,
      `mov r11, r14\nand r11d, 1\nlea r10, [rip+${table}]\ncall qword ptr [r10+r11*8]\njmp 1f\n.balign 8, 0x90\n${table}: ${others.map(n => `.quad f${n}`).join('\n')}\n1:`,
    ]));
  }
  private switch(level: number, f: number): void {
    const { random } = this, table = this.fresh(), after = this.fresh(), cases = Array.from({ length: 4 }, () => this.fresh());
    this.keep(`mov r11, ${random.pick(['rax', 'r12', 'r13', 'rcx'])}\nand r11d, 3\nlea r10, [rip+${table}]\njmp qword ptr [r10+r11*8]\n.balign 8, 0x90\n${table}: ${cases.map(name => `.quad ${name}`).join('\n')}`);
    for (const name of cases) {
      this.keep(`${name}:`);
      this.statements(Math.max(level, 2), f, random.below(2));
      if (random.below(4) !== 0) this.keep(`jmp ${after}`); // Or it falls through.
    }
    this.keep(`${after}:`);
  }
  /** Nodes that go anywhere, entered anywhere: loops with several entries among them. */
  private graph(level: number): void {
    const { random } = this, counter = `r${12 + level}`, nodes = Array.from({ length: 2 + random.below(6) }, () => this.fresh()), end = this.fresh();
    const isCounted = (): string => `dec ${counter}d\njs ${end}`;
    this.keep(`mov ${counter}d, ${6 + random.below(20)}`);
    for (let k = random.below(3); k > 0; k--) this.keep(`${this.condition()}\nj${random.pick(CC)} ${random.pick(nodes)}`);
    for (const name of nodes) {
      this.keep(`${name}:\n${isCounted()}`);
      this.bodies(random.below(3));
      for (let k = random.below(3); k > 0; k--) this.keep(`${this.condition()}\nj${random.pick(CC)} ${random.pick(nodes)}`);
      if (random.below(2) === 0) this.keep(`jmp ${random.pick([...nodes, end])}`);
    }
    this.keep(`${end}: mov ${counter}d, 1`);
  }
  /** Code that is written: an immediate or an opcode, here or elsewhere; or a whole area. */
  private patch(): void {
    const { random } = this;
    if (random.below(3) === 0 || this.patches === 0) { this.keep(`p${this.patches++}: ${random.pick(['add eax, 0x11223344', 'sub eax, 0x55667788', 'cmp eax, 0x10203040', 'xor eax, 0x12345678'])}`); return; }
    if (random.below(3) === 0 || this.areas === 0) { this.keep(`.balign ${AREA_BYTES}, 0x90\na${this.areas++}: .skip ${AREA_BYTES}, 0x90`); return; }
    if (random.below(2) === 0) this.drop(random.pick(PATCHES).replaceAll('P', `p${random.below(this.patches)}`));
    else {
      const from = `t${random.below(TEMPLATES.length)}`, to = `a${random.below(this.areas)}`;
      this.drop(random.pick([
        `movups xmm7, [rip+${from}]\nmovups [rip+${to}], xmm7`, `cld\nlea rsi, [rip+${from}]\nlea rdi, [rip+${to}]\nmov ecx, ${AREA_BYTES}\nrep movsb\n${pointer('esi', random)}\n${pointer('edi', random)}`,
        `mov r10, [rip+${from}]\nmov [rip+${to}], r10\nmov r10, [rip+${from}+8]\nmov [rip+${to}+8], r10`,
      ]));
    }
  }
}

/** Every form the other tests know, so many in a loop, each with a pointer of its own. */
/** Every third: all have a test of their own. */
function someVexBodies(seed: number): string[] { return vexForms(seed, 1).filter((_, n) => n % 3 === seed % 3).map(form => form.body); }
export function formPrograms(seed: number, formsEach: number): readonly Program[] {
  const random = new Random(seed);
  const bodies = [...INTEGER_FORMS.map(form => integerBody(random, form)), ...SSE_FORMS.map(form => sseBody(random, form)), ...X87_ALL.map(form => x87Body(random, form)), ...someVexBodies(seed)];
  return Array.from({ length: Math.ceil(bodies.length / formsEach) }, (_, n) => {
    const own = bodies.slice(n * formsEach, (n + 1) * formsEach).map(body => ({ text: `${pointer('esi', random)}\n${body}`, mayGo: true }));
    const start = { text: `main: ${pointer('edi', random)}\nmov r12d, 6\nmov r13d, 2\nmov r14d, 3\nagain:`, mayGo: false }, end = { text: 'dec r12d\njnz again\nsyscall', mayGo: false };
    return new Program({ seed: seed + n, modifiesItself: false, mayFail: false }, [start, ...own, end]);
  });
}

/** What registers and data hold at first. */
export function randomData(random: Random): Uint8Array {
  const bytes = new Uint8Array(DATA_PAGES * PAGE_BYTES), view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8) view.setBigUint64(at, random.operand(), true);
  return bytes;
}
