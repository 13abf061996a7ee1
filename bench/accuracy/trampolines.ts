/** Every kind of userspace trampoline, one to 16,384 of them, called in turn or at random; and which paths of targets are predicted. */
import { assemble } from '../../src/decoder/assemble.ts';
import { FREE, type Stopwatch, TEXT_AFTER } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const COUNT_MAX = 16384, ORDER_MAX = 16384, PAGE = 4096;
/** Contexts {value, -}, pointers, and the order of calls. */
const CONTEXTS = FREE, POINTERS = CONTEXTS + 16 * COUNT_MAX, ORDER = POINTERS + 8 * COUNT_MAX;

/** What lies behind the text for all: targets, and handlers that several slots share. */
const SHARED = `
.balign 64
target:
  mov rax, [r10]
  add rax, rdi
  ret
.balign 64
target_above:
  mov r10, [rsp+8]
  add rsp, 16
  mov rax, [r10]
  add rax, rdi
  ret
.balign 64
look_up:
  mov rax, rsi
  and rax, -4096
  sub rsi, rax
  imul ecx, esi, 52429
  shr ecx, 21
  shl ecx, 4
  lea rax, [rax+rcx+4096]
  mov rdx, [rax]
  mov [rdi+40], rdx
  mov rdx, [rax+8]
  mov [rdi+32], rdx
  ret
.balign 64
handler_drops:
  call look_up
  add rsp, 8
  ${['r15', 'r14', 'r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'rbp', 'rdi', 'rsi', 'rdx', 'rcx', 'rbx', 'rax'].map(r => `pop ${r}`).join('\n')}
  jmp r11
.balign 64
handler_returns:
  call look_up
  ret
.balign 64
tail:
  ${['r15', 'r14', 'r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'rbp', 'rdi', 'rsi', 'rdx', 'rcx', 'rbx', 'rax'].map(r => `pop ${r}`).join('\n')}
  jmp r11
.balign 64
compact:
  pop r10
  mov r10, [r10+4091]
  jmp target
`;
const SHARED_CODE = assemble(SHARED, { origin: TEXT_AFTER });
const at = (label: string): number => SHARED_CODE.labels.get(label) ?? 0;
const SLOTS_AT = TEXT_AFTER + 2 * PAGE;
const PUSHES = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'].map(r => `push ${r}`).join('\n');

interface Mechanism {
  readonly slotBytes: number;
  /** Data, one page behind every page of slots: bytes a slot, and what stands there. */
  readonly dataBytes?: number;
  readonly data?: (context: number) => readonly number[];
  /** Code of a slot; `own` is how far its data lies from its beginning. */
  readonly slot: (context: number, n: number, own: number) => string;
}
const two = (context: number): readonly number[] => [context, at('target')];
const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  'N inline stubs': { slotBytes: 32, slot: (_, n) => `mov eax, ${n + 1}\nadd rax, rdi\nret` },
  'GCC on-stack, RWX': { slotBytes: 32, slot: context => `movabs r11, ${at('target')}\nmovabs r10, ${context}\njmp r11` },
  'baked code, two movabs': { slotBytes: 32, slot: context => `movabs r11, ${at('target')}\nmovabs r10, ${context}\njmp r11` },
  'baked code, movabs and jmp rel32': { slotBytes: 16, slot: context => `movabs r10, ${context}\njmp target` },
  'code and data pages, 16 bytes': { slotBytes: 16, dataBytes: 16, data: two, slot: (_, __, own) => `mov r10, [rip+${own - 7}]\njmp [rip+${own + 8 - 13}]` },
  'libffi static, 40 bytes': { slotBytes: 40, dataBytes: 40, data: context => [context, at('target_above')],
    slot: (_, __, own) => `endbr64\nsub rsp, 16\nmov [rsp], r10\nmov r10, [rip+${own - 19}]\nmov [rsp+8], r10\nmov r10, [rip+${own + 8 - 31}]\njmp r10` },
  'push all, handler drops': { slotBytes: 40, dataBytes: 16, data: two, slot: () => `slot:\n${PUSHES}\nmov rdi, rsp\nlea rsi, [rip+slot]\ncall handler_drops` },
  'push all, handler returns': { slotBytes: 48, dataBytes: 16, data: two, slot: () => `slot:\n${PUSHES}\nmov rdi, rsp\nlea rsi, [rip+slot]\ncall handler_returns\njmp tail` },
  'compact call, 8 bytes': { slotBytes: 8, dataBytes: 8, data: context => [context], slot: () => 'call compact' },
};

interface Built { readonly text: Uint8Array; readonly pointers: readonly number[] }
function build(mechanism: Mechanism | undefined, count: number): Built {
  if (mechanism === undefined) return { text: SHARED_CODE.bytes, pointers: Array.from({ length: count }, () => at('target')) };
  const { slotBytes, dataBytes = 0, data, slot } = mechanism, perPage = Math.floor(PAGE / slotBytes), step = dataBytes > 0 ? 2 * PAGE : PAGE;
  const text = new Uint8Array(SLOTS_AT - TEXT_AFTER + Math.ceil(count / perPage) * step), view = new DataView(text.buffer), pointers: number[] = [];
  text.set(SHARED_CODE.bytes);
  const symbols = Object.fromEntries(['target', 'handler_drops', 'handler_returns', 'tail', 'compact'].map(name => [name, at(name)]));
  for (let n = 0; n < count; n++) {
    const page = SLOTS_AT + Math.floor(n / perPage) * step, k = n % perPage, origin = page + k * slotBytes, context = CONTEXTS + 16 * n;
    // What handlers compute from the address is which slot of 40 bytes it would be.
    const place = slotBytes === 48 ? Math.floor(k * slotBytes / 40) : k, own = page + PAGE + place * dataBytes;
    text.set(assemble(slot(context, n, own - origin), { origin, symbols }).bytes, origin - TEXT_AFTER);
    data?.(context).forEach((word, w) => { view.setBigUint64(own + 8 * w - TEXT_AFTER, BigInt(word), true); });
    pointers.push(origin);
  }
  return { text, pointers };
}

/** xorshift64, as the processor's run drew. */
class Draws {
  private state = 0x9e3779b97f4a7c15n;
  below(limit: number): number {
    let s = this.state;
    s = (s ^ s << 13n) & 0xffff_ffff_ffff_ffffn; s ^= s >> 7n; s = (s ^ s << 17n) & 0xffff_ffff_ffff_ffffn;
    this.state = s;
    return Number(s % BigInt(limit));
  }
}
function orderOf(pattern: string, count: number, length: number, draws: Draws): number[] {
  if (pattern === 'random') return Array.from({ length }, () => draws.below(count));
  const turn = Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) { const k = draws.below(n + 1); [turn[n], turn[k]] = [turn[k]!, turn[n]!]; }
  return Array.from({ length }, (_, n) => turn[n % count]!);
}
function loop(isSame: boolean, dependent: boolean, length: number): string {
  return `
mov ebx, ${ORDER}
mov r13d, ${length}
mov r12d, ${POINTERS}
mov r14d, ${CONTEXTS}
xor edi, edi
.balign 64
round:
mov eax, [rbx]
add rbx, 4
${isSame ? 'mov r10, rax\nshl r10, 4\nadd r10, r14\n' : ''}call [r12+rax*8]
${dependent ? 'mov rdi, rax\n' : ''}dec r13
jnz round
ret`;
}
function dataOf(pointers: readonly number[], order: readonly number[]): Uint8Array {
  const data = new Uint8Array(ORDER - FREE + 4 * ORDER_MAX), view = new DataView(data.buffer);
  for (let n = 0; n < COUNT_MAX; n++) view.setBigUint64(16 * n, BigInt(n + 1), true);
  pointers.forEach((pointer, n) => { view.setBigUint64(POINTERS - FREE + 8 * n, BigInt(pointer), true); });
  order.forEach((n, k) => { view.setUint32(ORDER - FREE + 4 * k, n, true); });
  return data;
}

export function trampolines(profile: string, watch: Stopwatch): readonly Comparison[] {
  const built = new Map<string, Built>();
  return rowsOf(profile, 'trampolines').map(row => {
    const mechanism = row['mechanism']!, count = Number(row['count']), pattern = row['pattern']!, length = count <= 64 ? 4096 : 16384;
    const key = `${mechanism} ${count}`, { text, pointers } = built.get(key) ?? build(MECHANISMS[mechanism], count);
    if (!built.has(key)) { built.clear(); built.set(key, { text, pointers }); }
    const order = orderOf(pattern, count, length, new Draws());
    const cycles = watch.cycles({ code: loop(!(mechanism in MECHANISMS), pattern !== 'independent', length), text, data: dataOf(pointers, order) });
    return { name: `${count <= 64 ? 'up to 64' : count} · ${mechanism}, ${count} ${pattern}`, measured: measuredOf(row), modelled: cycles / length };
  });
}

/** So many stubs at a distance, called in turn. */
export function targets(profile: string, watch: Stopwatch): readonly Comparison[] {
  const LENGTH = 4096;
  return rowsOf(profile, 'targets').map(row => {
    const count = Number(row['targets']), spacing = Number(row['spacing']), isJump = row['body'] !== 'ret';
    const text = new Uint8Array(SLOTS_AT - TEXT_AFTER + count * spacing + 16), pointers: number[] = [];
    for (let n = 0; n < count; n++) {
      const origin = SLOTS_AT + n * spacing, stub = 'lea rax, [rdi+1]\nret';
      text.set(assemble(isJump ? `jmp over\n.byte 0x90, 0x90, 0x90, 0x90, 0x90, 0x90\nover:\n${stub}` : stub, { origin }).bytes, origin - TEXT_AFTER);
      pointers.push(origin);
    }
    const data = dataOf(pointers, Array.from({ length: LENGTH }, (_, n) => n % count));
    return { name: `${isJump ? 'jump and return' : 'return'} · ${count} targets ${spacing} bytes apart`, measured: measuredOf(row), modelled: watch.cycles({ code: loop(false, true, LENGTH), text, data }) / LENGTH };
  });
}
