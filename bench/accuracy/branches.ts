/** What branches cost: predicted, missed, returned from, many of them; and stores that are loaded again. */
import { assemble } from '../../src/decoder/assemble.ts';
import { type Kernel, type Stopwatch, TEXT_AFTER } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const STEP = 'mov rcx, rax\nshl rcx, 13\nxor rax, rcx\nmov rcx, rax\nshr rcx, 7\nxor rax, rcx\nmov rcx, rax\nshl rcx, 17\nxor rax, rcx\n';
const SEED = 0x9e3779b97f4a7c15n;
/** The state goes from call to call, so that nobody learns it by heart. */
const xorshift = (setup: string, body: string): Kernel => ({
  before: `movabs rax, ${SEED}\nmov [FREE], rax`,
  code: `mov r13d, 4000\nmov rax, [FREE]\n${setup}\n.balign 64\nround:\n${STEP}${body}\ndec r13d\njnz round\nmov [FREE], rax\nret`,
});
const conditional = (mask: number): Kernel => xorshift(`mov esi, ${mask}`, 'test rsi, rax\njz over\nadd rdx, 1\nover:');
const indirect = (mask: number): Kernel => xorshift(`mov esi, ${mask}\nlea r12, [rip+targets-here]\nhere:\njmp round_0\n.balign 64\ntargets:\n${'jmp next\n.balign 16\n'.repeat(16)}\n.balign 64\nround_0:`,
  'mov rcx, rax\nand rcx, rsi\nshl rcx, 4\nadd rcx, r12\njmp rcx\nnext:');
const calls = (setup: string, body: string, rest = ''): Kernel => ({
  code: `lea r10, [FREE]\nmov r13d, 2000\nxor edi, edi\n${setup}\n.balign 64\nround:\n${body}\ndec r13\njnz round\nret\n${rest}\n.balign 64\ntarget:\nmov rax, [r10]\nadd rax, rdi\nret`,
});
const DEPTH_SPACING = 32, DEPTH_CALLS = 100;
function depth(levels: number): Kernel {
  const slots = Array.from({ length: levels }, (_, k) => `.balign ${DEPTH_SPACING}\nlevel_${k}:\ncall level_${k + 1}\nret`).join('\n');
  return { code: `mov r13d, ${DEPTH_CALLS}\nlevels:\ncall level_0\ndec r13d\njnz levels\nret\n.balign 64\n${slots}\n.balign ${DEPTH_SPACING}\nlevel_${levels}:\nret` };
}
const REWRITE = `
mov r13d, 200
mov r12d, DATA+0x2000
mov r14d, ${TEXT_AFTER}
xor edi, edi
round:
mov word ptr [r14], 0xbb49
lea rax, [target]
mov [r14+2], rax
mov word ptr [r14+10], 0xba49
mov [r14+12], r12
mov dword ptr [r14+20], 0x90e3ff49
call r14
mov rdi, rax
dec r13d
jnz round
ret
.balign 64
target:
mov rax, [r10]
add rax, rdi
ret`;
/** A kernel, and how often it does what is measured. */
const KERNELS: Readonly<Record<string, readonly [Kernel, number]>> = {
  'loop direct call tgt(dep)': [calls('', 'call target\nmov rdi, rax'), 2000],
  'loop direct call tgt(indep)': [calls('', 'call target'), 2000],
  'loop call ret empty': [{ code: 'mov r13d, 2000\njmp round\n.balign 64\nempty:\nret\n.balign 64\nround:\ncall empty\ndec r13\njnz round\nret' }, 2000],
  'loop indirect reg call tgt(dep)': [calls('lea r12, [target]', 'call r12\nmov rdi, rax'), 2000],
  'rsb mismatch pushret': [{ code: 'mov r13d, 1000\n.balign 64\nround:\ncall pushes\ndec r13\njnz round\nret\n.balign 64\npushes:\nlea rax, [behind]\npush rax\nret\n.balign 64\nbehind:\nret' }, 1000],
  'rsb leak call drop': [{ code: 'mov r13d, 1000\n.balign 64\nround:\ncall leaks\ndec r13\njnz round\nret\n.balign 64\nleaks:\ncall drops\nnop\n.balign 64\ndrops:\nadd rsp, 8\nret' }, 1000],
  'xorshift cond never': [conditional(0), 4000], 'xorshift cond random50': [conditional(1), 4000],
  'xorshift cond random25': [conditional(3), 4000], 'xorshift cond random1of16': [conditional(15), 4000],
  'xorshift indirect 1target': [indirect(0), 4000], 'xorshift indirect 2target': [indirect(1), 4000],
  'xorshift indirect 4target': [indirect(3), 4000], 'xorshift indirect 16target': [indirect(15), 4000],
  'gcc tramp rebuilt every call(SMC)': [{ code: REWRITE, before: `mov edi, ${TEXT_AFTER}\nmov esi, 4096\nmov edx, 7\nmov eax, 10\nsyscall`, text: new Uint8Array(4096) }, 200],
};
export function branches(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'branches').map(row => {
    const name = row['name']!, levels = /^call depth (\d+)/.exec(name);
    const [kernel, times] = levels === null ? KERNELS[name]! : [depth(Number(levels[1])), DEPTH_CALLS * (Number(levels[1]) + 1)];
    return { name, measured: measuredOf(row), modelled: watch.cycles(kernel) / times };
  });
}

/** A conditional branch on random bits that come again after a while. */
export function patterns(profile: string, watch: Stopwatch): readonly Comparison[] {
  const LENGTH = 16384, data = new Uint8Array(LENGTH);
  let state = SEED;
  const draw = (): number => { state ^= state << 13n & 0xffff_ffff_ffff_ffffn; state ^= state >> 7n; state = (state ^ state << 17n) & 0xffff_ffff_ffff_ffffn; return Number(state & 1n); };
  return rowsOf(profile, 'patterns').map(row => {
    const period = Number(row['period']);
    for (let k = 0; k < LENGTH; k++) data[k] = k < period ? draw() : data[k - period]!;
    const code = `mov esi, FREE\nmov ecx, ${LENGTH}\n.balign 64\nround:\nmovzx eax, byte ptr [rsi]\nadd rsi, 1\ntest eax, eax\njz over\nadd rdx, 1\nover:\ndec rcx\njnz round\nret`;
    return { name: `period ${period}`, measured: measuredOf(row), modelled: watch.cycles({ code, data, calls: 30 }) / LENGTH };
  });
}

/** Chains of jumps, in the order of their addresses or not. */
export function jumps(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'jumps').map(row => {
    const spacing = Number(row['spacing']), count = Number(row['count']), rounds = count >= 4096 ? 4 : Math.floor(65536 / count), order = Array.from({ length: count }, (_, n) => n);
    if (row['order'] !== 'in order') {
      let state = 12345;
      for (let n = count - 1; n > 1; n--) { state = (Math.imul(state, 1103515245) + 12345) >>> 0; const k = 1 + (state >>> 8) % n; [order[n], order[k]] = [order[k]!, order[n]!]; }
    }
    order.push(count);
    const text = new Uint8Array(count * spacing + 64), view = new DataView(text.buffer);
    for (let n = 0; n < count; n++) {
      const from = order[n]! * spacing;
      text[from] = 0xe9;
      view.setInt32(from + 1, order[n + 1]! * spacing - from - 5, true);
    }
    text.set(assemble(`dec ecx\njnz ${TEXT_AFTER}\nret`, { origin: TEXT_AFTER + count * spacing }).bytes, count * spacing);
    const cycles = watch.cycles({ code: `mov ecx, ${rounds}\njmp TEXT_AFTER`, text });
    return { name: `${spacing} bytes apart, ${row['order']!} · ${count} jumps`, measured: measuredOf(row), modelled: cycles / (count * rounds) };
  });
}

const repeated = (body: string, setup = ''): Kernel => ({ code: `mov esi, FREE\nmov edx, 8\n${setup}\nmov ecx, 100\n.balign 64\nround:\n${`${body}\n`.repeat(50)}dec ecx\njnz round\nret` });
const FORWARDING: Readonly<Record<string, readonly [Kernel, number]>> = {
  'store forward mov mov same addr': [repeated('mov [rsi], rax\nmov rax, [rsi]'), 5000],
  'add mem imm chain': [repeated('add qword ptr [rsi], 1'), 5000],
  'store forward diff addr regs': [repeated('mov [rsi+rdx+8], rax\nmov rax, [rsi+16]'), 5000],
  'store forward fail 2x4B to 8B': [repeated('mov [rsi], eax\nmov [rsi+4], eax\nmov rax, [rsi]'), 5000],
  'push pop same reg chain': [repeated('push rax\npop rax'), 5000],
  'divsd chain': [repeated('divsd xmm0, xmm1', 'mov eax, 3\ncvtsi2sd xmm0, rax\ncvtsi2sd xmm1, rax'), 5000],
};
export function forwarding(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'forwarding').map(row => {
    const [kernel, times] = FORWARDING[row['name']!]!;
    return { name: row['name']!, measured: measuredOf(row), modelled: watch.cycles(kernel) / times };
  });
}
