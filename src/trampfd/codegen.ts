/**
 * The code of a fast trampoline (SDM vol. 2; the mail's "instance data could be baked into the code"), as steps: each is the bytes of an instruction
 * and, for who was interrupted on the way, what it does.
 */
import type { UserMemory, UserRegisters } from '../mmu/user.ts';
import type { RegisterContext, StackContext } from './context.ts';

export interface Step {
  readonly bytes: Uint8Array;
  /** `false`: it cannot be done, and nothing was. Steps that can fail come before those that change a register that is named. */
  perform(registers: UserRegisters, memory: UserMemory): boolean;
}

const RSP = 4, REX = 0x40, REX_W = 0x48, REX_B = 1;
export const ENDBR64: readonly number[] = [0xf3, 0x0f, 0x1e, 0xfa];
const MOVABS_BYTES = 10, JUMP_BYTES = 6, PC_BYTES = 8;
/** Bytes that are nobody's code: HLT is privileged, so that who gets there gets a SIGSEGV, as anywhere else where there is no code. */
export const NO_CODE = 0xf4;

const step = (bytes: readonly number[], perform: Step['perform']): Step => ({ bytes: Uint8Array.from(bytes), perform });
const word = (value: number): readonly number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
export const quadword = (value: bigint): readonly number[] => Array.from({ length: 8 }, (_, k) => Number(value >> BigInt(8 * k) & 0xffn));
const upTo8 = (offset: number): number => Math.ceil(offset / 8) * 8;
const isByte = (value: number): boolean => value >= -128 && value < 128;
/** ModRM, SIB and displacement of [rsp+at]. */
function atRsp(reg: number, at: number): readonly number[] {
  const modrm = reg << 3 | 4;
  return at === 0 ? [modrm, 0x24] : isByte(at) ? [0x40 | modrm, 0x24, at & 255] : [0x80 | modrm, 0x24, ...word(at)];
}

const endbr = step(ENDBR64, () => true);
/** MOV as short as the value allows, without a flag: zero-extended, sign-extended, whole. */
function load(register: number, lo: number, hi: number): Step {
  const r = register & 7, high = register > 7 ? REX_B : 0;
  const bytes = hi === 0 ? [...high === 0 ? [] : [REX | high], 0xb8 | r, ...word(lo)]
    : hi === -1 && lo < 0 ? [REX_W | high, 0xc7, 0xc0 | r, ...word(lo)]
      : [REX_W | high, 0xb8 | r, ...word(lo), ...word(hi)];
  return step(bytes, registers => { registers.setWords(register, lo, hi); return true; });
}

/** MOV of immediates: what lies at [rsp+at] afterwards is `data`. Eight bytes at once where they are a sign-extended word. */
function store(data: Uint8Array, at: number): Step[] {
  const steps: Step[] = [], view = new DataView(data.buffer, data.byteOffset, data.length);
  const put = (prefix: readonly number[], from: number, length: number, immediate: number): void => {
    const bytes = data.slice(from, from + length);
    steps.push(step([...prefix, ...atRsp(0, at + from), ...data.subarray(from, from + immediate)],
      (registers, memory) => memory.copyOut(registers.rsp + at + from, bytes)));
  };
  for (let from = 0; from < data.length;) {
    const left = data.length - from;
    const length = left >= 8 && view.getInt32(from, true) >> 31 === view.getInt32(from + 4, true) ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    if (length === 8) put([REX_W, 0xc7], from, 8, 4);
    else put(length === 4 ? [0xc7] : length === 2 ? [0x66, 0xc7] : [0xc6], from, length, length);
    from += length;
  }
  return steps;
}

/** What becomes of rsp, all 64 bits. */
function moveRsp(bytes: readonly number[], to: (rsp: bigint) => bigint): Step {
  return step(bytes, registers => { registers.set(RSP, BigInt.asUintN(64, to(registers.get(RSP)))); return true; });
}
const rorxRsp = (by: number): Step => moveRsp([0xc4, 0xe3, 0xfb, 0xf0, 0xe4, by], rsp => rsp >> BigInt(by) | rsp << BigInt(64 - by));
/**
 * rsp = ((rsp - down) & -16) - 8, with neither a flag nor a register but rsp. Rotated left by four, the digit that is to go shares its byte with
 * the top digit, which is zero in every address of user space: so a byte can be written (as 8, for rsp + 8 ≡ 0), and the rest rotates back.
 */
function align(down: number): readonly Step[] {
  const by = -down - 16, digit = 8;
  return [
    moveRsp([REX_W, 0x8d, ...atRsp(RSP, by)], rsp => rsp + BigInt(by)), rorxRsp(60),
    moveRsp([REX, 0xb4, digit << 4], rsp => rsp & ~0xffn | BigInt(digit << 4)), rorxRsp(4),
  ];
}

/** JMP through the eight bytes after it (aligned, so that they are read at once): no register is needed for the PC, and no return is faked. */
function jump(context: RegisterContext, offset: number): Step {
  const padding = new Array<number>(upTo8(offset + JUMP_BYTES) - offset - JUMP_BYTES).fill(NO_CODE);
  return step([0xff, 0x25, ...word(padding.length), ...padding, ...quadword(context.pc)], registers => { registers.rip = context.target; return true; });
}

/** The named registers' last values, in the order they are last named. */
function lastLoads({ loads }: RegisterContext): (readonly [register: number, lo: number, hi: number])[] {
  const last = new Map<number, readonly [number, number, number]>();
  for (let k = 0; k < loads.length; k += 3) {
    last.delete(loads[k]!);
    last.set(loads[k]!, [loads[k]!, loads[k + 1]!, loads[k + 2]!]);
  }
  return [...last.values()];
}
function push(context: StackContext | null): readonly Step[] {
  if (context === null) return [];
  const { data, offset, isMoving } = context, down = data.length + offset;
  return isMoving ? [...align(down), ...store(data, 0)] : store(data, -down);
}

export function bytesOf(steps: readonly Step[]): number { return steps.reduce((sum, { bytes }) => sum + bytes.length, 0); }
/** Where steps lie that follow each other from an offset on. */
export function offsetsOf(steps: readonly Step[], from: number): number[] {
  const offsets: number[] = [];
  for (const { bytes } of steps) { offsets.push(from); from += bytes.length; }
  return offsets;
}
/** The trampoline without its first instruction, to lie at `offset` of a page. */
export function bodyOf(registers: RegisterContext, stack: StackContext | null, offset: number): readonly Step[] {
  const steps = [...push(stack), ...lastLoads(registers).map(([register, lo, hi]) => load(register, lo, hi))];
  return [...steps, jump(registers, offset + bytesOf(steps))];
}
/** The first instruction: what an indirect branch must find under CET. */
export const entry: readonly Step[] = [endbr];
/** The same, and on to a body elsewhere in the page. */
export function entryTo(body: number, offset: number): readonly Step[] {
  const JMP_REL32_BYTES = 5, from = offset + ENDBR64.length + JMP_REL32_BYTES;
  return [endbr, step([0xe9, ...word(body - from)], () => true)];
}
/** The most bytes that contexts like these take, whatever values they give. */
export function bytesFor(registers: RegisterContext | null, stack: StackContext | null): number {
  if (registers === null) return 0;
  return upTo8(ENDBR64.length + bytesOf(push(stack)) + MOVABS_BYTES * lastLoads(registers).length + JUMP_BYTES) + PC_BYTES;
}
