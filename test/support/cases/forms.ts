/** Which instructions random cases are made of: every row of the decoder that the emulator has a score for, with random operands, in families. */
import { SLOT } from '../../../src/base/layout.ts';
import { ROWS } from '../../../src/decoder/all-rows.ts';
import { decode } from '../../../src/decoder/decode.ts';
import { encode, fits, isEncodable, PLAIN, sizesOf } from '../../../src/decoder/encode.ts';
import { type Instruction, memory, NONE, type Operand } from '../../../src/decoder/instruction.ts';
import { MAP, PLACE, type Row } from '../../../src/decoder/rows.ts';
import { VECTOR } from '../../../src/exec/ops.ts';
import { Printer } from '../../../src/exec/print.ts';
import { semanticsOf } from '../../../src/exec/semantics/index.ts';
import type { Random } from '../random.ts';
import { randomOperands } from '../row-operands.ts';
import { WINDOW } from './layout.ts';
import { BIT_OFFSET, IMAGE_BYTES, IMPLIED, windowBytesOf } from './rules.ts';

export type Family = 'integer' | 'sse' | 'avx' | 'x87' | 'mmx';
export const FAMILIES: readonly Family[] = ['integer', 'sse', 'avx', 'x87', 'mmx'];

/** Families whose random cases have every rounding, mask and flag of MXCSR; MMX conversions do not all obey it. */
export const obeysMxcsr = (family: Family): boolean => family !== 'mmx' && family !== 'integer';
/** What depends on more than the state of a case: the model, the clock, chance, the kernel, segment bases. */
const LEFT_OUT = new Set(`cpuid rdtsc rdtscp rdpmc rdpid rdrand rdseed xgetbv xsetbv syscall sysenter sysret sysexit int int1 int3 iret lcall ljmp retf
  wrfsbase wrgsbase swapgs lss lfs lgs smsw sldt str sgdt sidt lar lsl verr verw nop ud`.trim().split(/\s+/));
const SAVES = /^(fxsave|fxrstor)(64)?$/;

/** null: in none. */
export function familyOf(row: Row): Family | null {
  if (!isEncodable(row) || LEFT_OUT.has(row.operation) || row.map >= MAP.evex) return null;
  const has = (...files: readonly string[]): boolean => row.operands.some(spec => files.includes(spec.file));
  if (has('control', 'debug') || row.operands[0]?.file === 'segment' || row.operation === 'pop' && has('segment')) return null;
  if (has('mmx') || row.operation === 'emms') return 'mmx';
  const isEscape = row.map === MAP.primary && row.opcode >= 0xd8 && row.opcode <= 0xdf;
  if (isEscape || row.operation === 'fwait' || SAVES.test(row.operation)) return 'x87';
  if (row.operation.startsWith('xsave') || row.operation.startsWith('xrstor')) return null;
  const isVex = row.map >= MAP.vex;
  if (has('xmm', 'ymm') || /^v?(ldmxcsr|stmxcsr|zeroupper|zeroall)$/.test(row.operation)) return isVex ? 'avx' : 'sse';
  return 'integer';
}

/** Whether the score is anything but #UD. */
export function isImplemented(i: Instruction): boolean {
  const printer = new Printer();
  semanticsOf(i)(printer, i);
  return printer.lines.join() !== `trap ${VECTOR.undefined}`;
}

/** One instruction. Where it is relative to RIP, the distance to the window (or to where a branch goes) is put in when it has its place. */
export interface Snippet {
  readonly encoding: Uint8Array;
  readonly i: Instruction;
  /** Where in the encoding 4 bytes count from the next instruction to the window, or -1. */
  readonly patchAt: number;
  readonly windowBytes: number;
}

const BYTES_MAX = 24, TRIES = 60;
/** An instruction of the row, or null: none is implemented. */
export function snippetOf(row: Row, random: Random): Snippet | null {
  for (let tries = 0; tries < TRIES; tries++) {
    const size = random.pick(sizesOf(row)), operands = placed(row, randomOperands(row, size, random), random), isMemory = operands.some(o => o.kind === 'mem');
    const manner = {
      ...PLAIN, lock: row.lock && operands[0]?.kind === 'mem' && random.below(3) === 0, condition: row.adds === 'condition' ? random.below(16) : 0,
      repeat: row.rep ? random.pick([0, 0xf2, 0xf3]) : 0, segment: isMemory && random.below(10) === 0 ? random.pick([0x64, 0x65, 0x2e, 0x3e]) : 0,
      isAddress32: row.rep && random.below(6) === 0,
    };
    if (!fits(row, operands, size, manner) || strays(row.operation, operands)) continue;
    // Images in memory have a form for either operand size, though no operand does.
    const isShort = row.operation in IMAGE_BYTES && random.below(3) === 0;
    const snippet = snippetFrom(Uint8Array.from([...isShort ? [0x66] : [], ...encode(row, operands, size, manner)]));
    if (snippet !== null && snippet.i.row === row.index) return isImplemented(snippet.i) ? snippet : null;
  }
  return null;
}
export function snippetFrom(encoding: Uint8Array): Snippet | null {
  const room = new Uint8Array(BYTES_MAX);
  room.set(encoding);
  const i = decode(room, 0, BYTES_MAX);
  if (i === null || i.row < 0 || i.length !== encoding.length) return null;
  const row = ROWS[i.row]!, isRelative = i.operands.some(o => o.kind === 'mem' && o.base === SLOT.rip);
  const valueBytes = row.operands.reduce((sum, spec) => sum + (spec.place !== PLACE.immediate ? 0 : spec.encoded > 0 ? spec.encoded : i.size === 2 ? 2 : 4), row.hiddenBytes);
  return { encoding, i, patchAt: isRelative ? i.length - valueBytes - 4 : -1, windowBytes: windowBytesOf(i) };
}

/** A bit offset that addresses, too, can be anywhere: also where other cases are kept. */
function strays(operation: string, [to, offset]: readonly Operand[]): boolean {
  return BIT_OFFSET.test(operation) && to?.kind === 'mem' && offset?.kind === 'reg' && (to.base === offset.index || to.index === offset.index);
}
/** Operands whose memory can be made to lie in the window. */
function placed(row: Row, operands: readonly Operand[], random: Random): Operand[] {
  const usesStack = IMPLIED[row.operation]?.includes('rsp') === true, room = windowBytesOf({ operation: row.operation, operands });
  return operands.map((o, n) => {
    // A frame that ends in the window: a processor that meets a fault at its end begins anew, with what it has pushed before.
    if (row.operation === 'enter' && o.kind === 'imm') return { ...o, lo: o.lo & 0xff, hi: 0 } as Operand;
    if (o.kind === 'rel') return { ...o, disp: TAKEN_DISTANCE } as Operand;
    if (o.kind !== 'mem') return o;
    const isAlone = o.base === NONE || o.base === SLOT.rip;
    // A lone index is 3 at most.
    const offset = offsetFor(IMAGE_BYTES[row.operation] ?? o.size, o.base === NONE && o.index !== NONE ? room - (3 << o.shift) : room, random);
    if (row.operands[n]!.place === PLACE.offset) return memory(o.size, NONE, NONE, 0, WINDOW + offset, NONE, 8, 0);
    if (o.file === 'xmm' || o.file === 'ymm') return { ...o, disp: o.base === NONE ? WINDOW + 64 : o.disp } as Operand;
    const base = usesStack && o.base === 4 ? 3 : o.base, disp = o.base === SLOT.rip ? offset : isAlone ? WINDOW + offset : o.disp;
    return { ...o, base, disp, dispHigh: disp >> 31 } as Operand;
  });
}
/** From the end of a branch to where it goes. */
export const TAKEN_DISTANCE = 5;

/** Mostly aligned, sometimes across the page, sometimes anywhere. */
export function offsetFor(bytes: number, room: number, random: Random): number {
  const last = Math.max(room - Math.max(bytes, 1), 0);
  switch (random.below(6)) {
    case 0: return random.below(last + 1);
    case 1: return Math.min(last, Math.max(0, 64 - bytes + random.below(bytes + 1)));
    default: {
      const step = bytes >= 64 ? 16 : Math.max(1, bytes === 10 || bytes === 6 ? 2 : bytes);
      return random.below(Math.floor(last / step) + 1) * step;
    }
  }
}
