/** The code of fast trampolines: what it is, instruction by instruction, and that it does what a fault does, wherever it is interrupted. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../src/decoder/decode.ts';
import { format } from '../src/decoder/format.ts';
import { PF_FETCH, PF_USER } from '../src/mmu/fault.ts';
import { PhysicalMemory } from '../src/syscalls/pages.ts';
import type { KernelTask } from '../src/syscalls/process.ts';
import { CodeMemory } from '../src/trampfd/code-pages.ts';
import { bodyOf, bytesFor, entry } from '../src/trampfd/codegen.ts';
import { parseRegisters, parseStack, type Contexts, type RegisterContext, type StackContext } from '../src/trampfd/context.ts';
import { Generated } from '../src/trampfd/generated.ts';
import { NO_SERVICES } from '../src/trampfd/services.ts';
import { TrampolineFile } from '../src/trampfd/trampoline.ts';
import { CODE, CpuWorld, STACK as STACK_TOP } from './support/cpu-world.ts';
import { Random } from './support/random.ts';
import { NAME, regs, SET_SP, stack, type Entry, type Name } from './support/trampfd-world.ts';

function contexts(entries: readonly Entry[], pushed?: readonly [data: readonly number[], flags?: number, offset?: number]): { readonly registers: RegisterContext; readonly stack: StackContext | null } {
  const registers = parseRegisters(regs(...entries)), pushes = pushed === undefined ? null : parseStack(stack(...pushed));
  if (registers === null || typeof registers === 'number' || typeof pushes === 'number') throw new Error('no such context');
  return { registers, stack: pushes };
}
/** The code as instructions, up to the jump, and the bytes after that. */
function listing(c: { readonly registers: RegisterContext; readonly stack: StackContext | null }): string[] {
  const bytes = Uint8Array.from([...entry, ...bodyOf(c.registers, c.stack, 4)].flatMap(({ bytes }) => [...bytes])), lines: string[] = [];
  for (let at = 0; ;) {
    const i = decode(bytes, at, bytes.length);
    if (i === null) throw new Error('cut short');
    lines.push(format(i, at, 'intel').replace(/ +/g, ' '));
    at += i.length;
    if (i.operation === 'jmp') return [...lines, Array.from(bytes.subarray(at), byte => byte.toString(16).padStart(2, '0')).join(' ')];
  }
}

const code = suite('trampfd › generated code');
code('two registers and the PC take 40 bytes: MOVABS where nothing shorter has the value, and JMP through eight aligned bytes', () => {
  const c = contexts([['r10', 0x1122_3344_5566_7788n], ['rbx', 0x8000_0000_0000_0000n], ['rip', 0x7fff_f7a0_1234n]]);
  assert.is(bytesFor(c.registers, null), 40);
  assert.equal(listing(c), [
    'endbr64', 'movabs r10,0x1122334455667788', 'movabs rbx,0x8000000000000000', 'jmp QWORD PTR [rip+0x2] # 20', 'f4 f4 34 12 a0 f7 ff 7f 00 00',
  ]);
});
code('MOV is as short as the value allows: zero-extended, sign-extended, whole', () => {
  const c = contexts([['rax', 0n], ['rcx', 0xffff_ffffn], ['r9', 0x8000_0000n], ['rdx', 0xffff_ffff_ffff_ffffn], ['r15', 0xffff_ffff_8000_0000n], ['rsi', 0x1_0000_0000n], ['rdi', 0xffff_ffff_7fff_ffffn], ['rip', 1n]]);
  assert.equal(listing(c).slice(0, -2), [
    'endbr64', 'mov eax,0x0', 'mov ecx,0xffffffff', 'mov r9d,0x80000000', 'mov rdx,0xffffffffffffffff', 'mov r15,0xffffffff80000000', 'movabs rsi,0x100000000', 'movabs rdi,0xffffffff7fffffff',
  ]);
});
code('a register named twice is loaded once', () => {
  assert.equal(listing(contexts([['rax', 1n], ['rip', 5n], ['rbx', 2n], ['rax', 3n], ['rip', 6n]])).slice(0, -2), ['endbr64', 'mov ebx,0x2', 'mov eax,0x3']);
});
code('data are stored below rsp, eight bytes at once where they are a sign-extended word', () => {
  assert.equal(listing(contexts([['rip', 5n]], [[1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xfe, 0xfd], 0, 4])).slice(0, -2), [
    'endbr64', 'mov QWORD PTR [rsp-0x17],0x4030201', 'mov DWORD PTR [rsp-0xf],0x4030201', 'mov DWORD PTR [rsp-0xb],0x8070605', 'mov WORD PTR [rsp-0x7],0xfeff', 'mov BYTE PTR [rsp-0x5],0xfd',
  ]);
  assert.equal(listing(contexts([['rip', 5n]], [[1], 0, 256])).slice(1, -2), ['mov BYTE PTR [rsp-0x101],0x1']);
});
code('SET_SP aligns rsp without a flag and without a register', () => {
  assert.equal(listing(contexts([['rip', 5n]], [[1, 0, 0, 0, 0, 0, 0, 0], SET_SP, 8])).slice(0, -2), [
    'endbr64', 'lea rsp,[rsp-0x20]', 'rorx rsp,rsp,0x3c', 'mov spl,0x80', 'rorx rsp,rsp,0x4', 'mov QWORD PTR [rsp],0x1',
  ]);
});
code.run();

/** A trampoline at a page of its own, whose target is an instruction that stops. */
class Trampoline extends CpuWorld {
  readonly generated: Generated;
  readonly at: number;
  constructor(first: Contexts) {
    super('hlt');
    const holder = { services: NO_SERVICES, mapped: () => {}, unmapped: () => {} }, memory = new PhysicalMemory(this.memory.u8, this.mmu.frames, this.mmu);
    this.generated = new Generated(new CodeMemory(), holder);
    const task = { process: { memory: this.space, system: { memory } } } as unknown as KernelTask, instance = this.generated.instanceFor(task, first)!;
    this.at = this.space.map({ at: 0x700000, length: 4096, prot: 5, maxProt: 5, fixed: true, shared: false, special: true, object: instance, offset: 0 }) + instance.ioffset;
  }
  /** All that a program can see: registers, flags and the stack. */
  get seen(): unknown[] {
    const { state } = this.cpu;
    return [...Array.from({ length: 16 }, (_, register) => state.get(register)), state.rip, state.flags, ...this.peek(STACK_TOP - 0x400, 0x400)];
  }
  /** At the trampoline, with registers, flags and a stack of chance. */
  call(seed: number): void {
    const { state } = this.cpu, random = new Random(seed);
    for (let register = 0; register < 16; register++) if (register !== 4) state.setWords(register, random.word() | 0, random.word() | 0);
    state.flags = 0x202 | random.word() & 0xcd5;
    state.rsp = STACK_TOP - 0x80 - (random.word() & 31);
    this.poke(STACK_TOP - 0x400, new Uint8Array(0x400).fill(0xcc));
    state.rip = this.at;
  }
}
const NAMES = Object.keys(NAME).filter(name => /^r/.test(name) && name !== 'rip') as Name[];
const VALUES = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 0xffff_ffff_8000_0000n, 0xffff_ffff_7fff_ffffn, 0xffff_ffff_ffff_ffffn, 1n << 63n];
function randomContexts(random: Random): ReturnType<typeof contexts> {
  const value = (): bigint => (random.word() & 1) === 0 ? VALUES[random.word() % VALUES.length]! : BigInt(random.word()) << 32n | BigInt(random.word());
  const entries = Array.from({ length: [0, 1, 2, 3, 15, 39][random.word() % 6]! }, () => [NAMES[random.word() % NAMES.length]!, value()] as const);
  const byte = (): number => (random.word() & 3) === 0 ? random.word() & 255 : (random.word() & 1) * 255;
  const pushed = (random.word() & 1) === 0 ? undefined : [Array.from({ length: 1 + random.word() % 64 }, byte), random.word() & 1, random.word() % 257] as const;
  return contexts([...entries, ['rip', BigInt(CODE)]], pushed);
}
const random = suite('trampfd › a fast trampoline');
random('does what the slow one does, whatever its contexts, rewritten in place or moved; and wherever it is left, the kernel does the rest', () => {
  const SEED = 7, ROUNDS = 150, source = new Random(SEED), world = new Trampoline(contexts([['rip', 1n]]));
  for (let round = 0; round < ROUNDS; round++) {
    const c = randomContexts(source), seed = source.word(), { state } = world.cpu, what = `seed ${SEED}, round ${round}`;
    assert.ok(world.generated.replace(c), what);
    const slow = new TrampolineFile(0, () => {});
    slow.registers = c.registers; slow.stack = c.stack;
    world.call(seed);
    assert.ok(slow.denied({ ...world.space.find(world.at)!, start: world.at }, { address: world.at, code: PF_USER | PF_FETCH }, state, world.space), what);
    const expected = world.seen;
    for (let left = 1; ; left++) {
      world.call(seed);
      assert.is(world.run(left), 'budget', what);
      const isThrough = state.rip === CODE;
      world.space.leave(state);
      assert.equal(world.seen, expected, `${what}, left after ${left} instructions`);
      if (isThrough) break;
    }
  }
});
random.run();
