/** x87 instructions (SDM vol. 2, F...; vol. 1, ch. 8), one helper each: operands, stack faults, the operation, status, pops. */
import { PAGE_BYTES } from '../../base/layout.ts';
import type { Instruction, Operand } from '../../decoder/instruction.ts';
import { AF, CF, type Helper, type HelperContext, OF, PF, SF as SIGN, ZF } from '../ops.ts';
import type { CpuState } from '../state.ts';
import {
  add, type Binary, compare, divide, divideReversed, extract, multiply, ORDER, remainder, roundToInteger, scale, squareRoot, subtract,
  subtractReversed, type Unary, withoutNumber,
} from '../x87/arithmetic.ts';
import { readDecimal, readInteger, readReal, writeDecimal, writeInteger, writeReal } from '../x87/convert.ts';
import { DE, Environment, IE, OE, PE, ROUND, UE } from '../x87/environment.ts';
import { Float80, INDEFINITE, KIND, kindOf, negate, one, quieted, zero } from '../x87/float80.ts';
import { rememberInstruction, rememberOperand } from '../x87/pointers.ts';
import {
  C0, C1, C2, C3, free, isEmpty, pop, push, readRegister, record, setTop, stackFault, summarise, topOf, writeRegister,
} from '../x87/stack.ts';
import { arctangentOf, cosine, isOutOfRange, powerLessOne, sine, tangent, yLog2x, yLog2xPlusOne } from '../x87/transcendental.ts';
import { helps, type Scores } from './scores.ts';
import { CONTROL, wait } from './x87-control.ts';

function begin(c: HelperContext, mode?: number): Environment {
  wait(c);
  return new Environment(c.state.fpuControl, mode);
}
function setConditions(s: CpuState, bits: number): void { s.fpuStatus = (s.fpuStatus & ~(C0 | C2 | C3)) | bits; }

// — memory operands: an image in the Environment's words —

function loadImage(c: HelperContext, e: Environment, operand: Operand): void {
  const at = c.address(operand), bytes = operand.size;
  let view = c.state.memory.view, from = 0;
  if (at % PAGE_BYTES + bytes <= PAGE_BYTES) from = c.span(at, bytes, false);
  else {
    const copy = new Uint8Array(bytes);
    probeSignificand(c, at, bytes, false);
    c.load(at, copy);
    view = new DataView(copy.buffer);
  }
  e.lo = bytes === 2 ? view.getInt16(from, true) : view.getInt32(from, true);
  if (bytes >= 8) e.hi = view.getInt32(from + 4, true);
  if (bytes === 10) e.rest = view.getInt16(from + 8, true);
  rememberOperand(c.state, operand, at);
}
function storeImage(c: HelperContext, e: Environment, operand: Operand): void {
  const at = c.address(operand), bytes = operand.size;
  const isWithinPage = at % PAGE_BYTES + bytes <= PAGE_BYTES;
  const copy = isWithinPage ? null : new Uint8Array(bytes);
  const view = copy === null ? c.state.memory.view : new DataView(copy.buffer);
  const to = copy === null ? c.span(at, bytes, true) : 0;
  if (copy !== null) probeSignificand(c, at, bytes, true);
  if (bytes === 2) view.setInt16(to, e.lo, true);
  else view.setInt32(to, e.lo, true);
  if (bytes >= 8) view.setInt32(to + 4, e.hi, true);
  if (bytes === 10) view.setInt16(to + 8, e.rest, true);
  if (copy !== null) c.store(at, copy);
  rememberOperand(c.state, operand, at);
}
/** For what is not stored after all. */
function probeImage(c: HelperContext, operand: Operand): void {
  const at = c.address(operand);
  probeSignificand(c, at, operand.size, true);
  c.probe(at, operand.size, true);
  rememberOperand(c.state, operand, at);
}
/** Ten bytes are accessed as eight and two: where the first piece faults, the second may lie where addresses are not canonical. */
function probeSignificand(c: HelperContext, at: number, bytes: number, isWrite: boolean): void { if (bytes === 10) c.probe(at, 8, isWrite); }
const memoryOf = (i: Instruction): Operand | null => (i.operands[0]?.kind === 'mem' ? i.operands[0] : null);
/** The register an instruction names last, or what it means when it names none. */
const registerOf = (i: Instruction, implied: number): number => i.operands.at(-1)?.index ?? implied;

type Read = (e: Environment, bytes: number) => Float80;

// — FADD to FDIVR: a target, a source, a result —

function arithmetic(operation: Binary, read: Read, pops = 0): Helper {
  return (c, i) => {
    const e = begin(c), s = c.state, source = memoryOf(i);
    if (source !== null) {
      loadImage(c, e, source);
      return intoRegister(s, e, 0, isEmpty(s, 0) ? null : operation(e, readRegister(s, 0), read(e, source.size)), 0);
    }
    const to = i.operands.length === 2 ? i.operands[0]!.index : pops;
    const from = i.operands.length === 2 ? i.operands[1]!.index : registerOf(i, 0);
    const isFault = isEmpty(s, to) || isEmpty(s, from);
    intoRegister(s, e, to, isFault ? null : operation(e, readRegister(s, to), readRegister(s, from)), pops);
  };
}
/** Writes a result to ST(to), or the masked answer to an empty operand; then pops. */
function intoRegister(s: CpuState, e: Environment, to: number, result: Float80 | null, pops: number): void {
  if (result === null) stackFault(e, false);
  if (!record(s, e)) return;
  writeRegister(s, to, result ?? INDEFINITE);
  for (let k = 0; k < pops; k++) pop(s);
}
const unary = (operation: Unary): Helper => c => {
  const e = begin(c), s = c.state;
  intoRegister(s, e, 0, isEmpty(s, 0) ? null : operation(e, readRegister(s, 0)), 0);
};
/** ST(0) and ST(1) into ST(1 if it pops, else 0). */
const binary = (operation: Binary, pops: number): Helper => c => {
  const e = begin(c), s = c.state;
  const isFault = isEmpty(s, 0) || isEmpty(s, 1);
  intoRegister(s, e, pops, isFault ? null : operation(e, readRegister(s, 0), readRegister(s, 1)), pops);
};

// — loads —

/** `late`: what is raised but, unlike elsewhere, keeps no result back: #D of FLD. */
function pushResult(s: CpuState, e: Environment, v: Float80, late = 0): void {
  const isFull = !isEmpty(s, -1);
  if (isFull) stackFault(e, true);
  if (!record(s, e)) return;
  push(s, isFull ? INDEFINITE : v);
  if (isFull) return;
  s.fpuStatus |= late;
  summarise(s);
}
const load = (read: Read): Helper => (c, i) => {
  const e = begin(c), source = memoryOf(i);
  if (source === null) return loadRegister(c.state, e, registerOf(i, 0));
  loadImage(c, e, source);
  const v = read(e, source.size);
  const isQuieted = source.size < 10 && kindOf(v) === KIND.signaling;
  if (isQuieted) e.raised |= IE;
  pushResult(c.state, e, isQuieted ? quieted(v) : v, e.isFromDenormal ? DE : 0);
};
/** An empty source goes before a full stack. */
function loadRegister(s: CpuState, e: Environment, from: number): void {
  if (!isEmpty(s, from)) return pushResult(s, e, readRegister(s, from));
  stackFault(e, false);
  if (record(s, e)) push(s, INDEFINITE);
}

/** The value cut off after 64 bits, and the rounding modes in which the bits behind take it up by one. */
interface Constant { readonly exponent: number; readonly hi: number; readonly lo: number; readonly goesUpAt: readonly number[] }
/** SDM vol. 2, FLD1/FLDL2T/...: 66 bits inside, rounded by RC. */
const CONSTANTS: Readonly<Record<string, Constant>> = {
  fldl2t: { exponent: 0x4000, hi: 0xd49a784b, lo: 0xcd1b8afe, goesUpAt: [ROUND.up] },
  fldl2e: { exponent: 0x3fff, hi: 0xb8aa3b29, lo: 0x5c17f0bb, goesUpAt: [ROUND.up, ROUND.nearest] },
  fldpi: { exponent: 0x4000, hi: 0xc90fdaa2, lo: 0x2168c234, goesUpAt: [ROUND.up, ROUND.nearest] },
  fldlg2: { exponent: 0x3ffd, hi: 0x9a209a84, lo: 0xfbcff798, goesUpAt: [ROUND.up, ROUND.nearest] },
  fldln2: { exponent: 0x3ffe, hi: 0xb17217f7, lo: 0xd1cf79ab, goesUpAt: [ROUND.up, ROUND.nearest] },
};
const constant = (name: string): Helper => c => {
  const e = begin(c), { exponent, hi, lo, goesUpAt } = CONSTANTS[name]!;
  pushResult(c.state, e, new Float80(0, exponent, hi | 0, lo + (goesUpAt.includes(e.mode) ? 1 : 0) | 0));
};
const pushed = (v: Float80): Helper => c => { const e = begin(c); pushResult(c.state, e, v); };

// — stores —

type Write = (e: Environment, v: Float80, bytes: number) => void;

/** Nothing is stored under an unmasked #I or stack fault; nor under #O or #U, whose result would not fit the memory. */
function store(write: Write, pops: number, mode?: number): Helper {
  return (c, i) => {
    const e = begin(c, mode), s = c.state, target = memoryOf(i);
    if (target === null) return storeRegister(s, e, registerOf(i, 0), pops);
    if (isEmpty(s, 0)) stackFault(e, false);
    write(e, isEmpty(s, 0) ? INDEFINITE : readRegister(s, 0), target.size);
    const isKept = !e.traps(IE | OE | UE);
    // What is not stored is not rounded.
    if (!isKept) { e.raised &= ~PE; e.isUp &&= e.traps(IE); }
    if (isKept) storeImage(c, e, target);
    else probeImage(c, target);
    record(s, e);
    if (isKept && pops > 0) pop(s);
  };
}
function storeRegister(s: CpuState, e: Environment, to: number, pops: number): void {
  intoRegister(s, e, to, isEmpty(s, 0) ? null : readRegister(s, 0), pops);
}
/** FSTP by another encoding (D9 D8): an empty ST(0) is popped without a word. */
const storeUnchecked: Helper = (c, i) => {
  wait(c);
  const s = c.state;
  s.fpuStatus &= ~C1;
  if (!isEmpty(s, 0)) writeRegister(s, registerOf(i, 0), readRegister(s, 0));
  pop(s);
};
const integerBy = (mode?: number): Write => (e, v, bytes) => writeInteger(e, mode ?? e.mode, v, bytes);

// — comparisons: the conditions are set even where an unmasked exception stops the pop —

/** For what leaves C1 alone unless the stack faults. */
function recordBeside(s: CpuState, e: Environment, isFault: boolean): boolean {
  const kept = isFault ? 0 : s.fpuStatus & C1;
  const isDone = record(s, e);
  s.fpuStatus |= kept;
  return isDone;
}
function comparison(read: Read, isQuiet: boolean, pops: number): Helper {
  return (c, i) => {
    const e = begin(c), s = c.state, source = memoryOf(i);
    if (source !== null) loadImage(c, e, source);
    const from = source === null ? registerOf(i, 1) : 0;
    const isFault = isEmpty(s, 0) || isEmpty(s, from);
    if (isFault) stackFault(e, false);
    const order = isFault ? ORDER.unordered
      : compare(e, readRegister(s, 0), source === null ? readRegister(s, from) : read(e, source.size), isQuiet);
    setConditions(s, order);
    if (!record(s, e)) return;
    for (let k = 0; k < pops; k++) pop(s);
  };
}
/** FCOMI and its kin answer in ZF, PF and CF, where C3, C2 and C0 would go by FSTSW AX, SAHF. C1 stays but for a stack fault. */
const comparisonToFlags = (isQuiet: boolean, pops: number): Helper => (c, i) => {
  const e = begin(c), s = c.state, from = registerOf(i, 1);
  const isFault = isEmpty(s, 0) || isEmpty(s, from);
  if (isFault) stackFault(e, false);
  const order = isFault ? ORDER.unordered : compare(e, readRegister(s, 0), readRegister(s, from), isQuiet);
  c.writeFlags(ZF | PF | CF | OF | SIGN | AF, order >> 8);
  if (!recordBeside(s, e, isFault)) return;
  for (let k = 0; k < pops; k++) pop(s);
};
const test: Helper = c => {
  const e = begin(c), s = c.state;
  if (isEmpty(s, 0)) stackFault(e, false);
  const order = isEmpty(s, 0) ? ORDER.unordered : compare(e, readRegister(s, 0), zero(0), false);
  setConditions(s, order);
  record(s, e);
};
/** FXAM's classes in C3 C2 C0, by KIND; the last is an empty register's. */
const CLASSES = [C3, C3 | C2, C2, C2 | C0, C0, C0, 0];
const examine: Helper = c => {
  wait(c);
  const s = c.state, v = readRegister(s, 0);
  setConditions(s, isEmpty(s, 0) ? C3 | C0 : CLASSES[kindOf(v)]!);
  s.fpuStatus = (s.fpuStatus & ~C1) | (v.sign === 1 ? C1 : 0);
};

// — the rest of the arithmetic —

const fprem = (isNearest: boolean): Helper => c => {
  const e = begin(c), s = c.state;
  s.fpuStatus &= ~C2;
  if (isEmpty(s, 0) || isEmpty(s, 1)) return intoRegister(s, e, 0, null, 0);
  const { value, quotient } = remainder(e, readRegister(s, 0), readRegister(s, 1), isNearest);
  e.isUp = quotient !== null && quotient > 0 && (quotient & 1) !== 0;
  if (!record(s, e)) return;
  writeRegister(s, 0, value);
  if (quotient !== null) setConditions(s, quotient < 0 ? C2 : ((quotient & 4) !== 0 ? C0 : 0) | ((quotient & 2) !== 0 ? C3 : 0));
};
const fxtract: Helper = c => {
  const e = begin(c), s = c.state;
  if (isEmpty(s, 0) || !isEmpty(s, -1)) {
    stackFault(e, !isEmpty(s, 0));
    return replaceAndPush(s, e, INDEFINITE, INDEFINITE);
  }
  const { exponent, significand } = extract(e, readRegister(s, 0));
  replaceAndPush(s, e, exponent, significand);
};
/** Two results: one replaces ST(0), one is pushed. */
function replaceAndPush(s: CpuState, e: Environment, below: Float80, above: Float80): void {
  if (!record(s, e)) return;
  writeRegister(s, 0, below);
  push(s, above);
}

/** FSIN, FCOS: C2 says whether the operand was too large to be reduced. */
const angle = (operation: Unary): Helper => c => {
  const e = begin(c), s = c.state;
  if (refusesAngle(s, e)) return;
  intoRegister(s, e, 0, isEmpty(s, 0) ? null : operation(e, readRegister(s, 0)), 0);
};
/** FPTAN pushes 1 behind the tangent, FSINCOS the cosine behind the sine. */
const angles = (below: Unary, above: Unary): Helper => c => {
  const e = begin(c), s = c.state;
  s.fpuStatus &= ~C2;
  if (isEmpty(s, 0) || !isEmpty(s, -1)) {
    stackFault(e, !isEmpty(s, 0));
    return replaceAndPush(s, e, INDEFINITE, INDEFINITE);
  }
  if (refusesAngle(s, e)) return;
  // C1 is about the one below: it is rounded last.
  const v = readRegister(s, 0), second = above(e, v);
  replaceAndPush(s, e, below(e, v), second);
};
function refusesAngle(s: CpuState, e: Environment): boolean {
  s.fpuStatus &= ~C2;
  if (isEmpty(s, 0) || !isOutOfRange(readRegister(s, 0))) return false;
  record(s, e);
  s.fpuStatus |= C2;
  return true;
}
/** 1, but for what is no number: that is pushed as well. */
const oneOrNaN: Unary = (e, v) => (kindOf(v) === KIND.infinity ? INDEFINITE : withoutNumber(e, v) ?? one(0));

// — moves between registers —

const exchange: Helper = (c, i) => {
  const e = begin(c), s = c.state, other = registerOf(i, 1);
  if (isEmpty(s, 0) || isEmpty(s, other)) stackFault(e, false);
  const first = isEmpty(s, 0) ? INDEFINITE : readRegister(s, 0), second = isEmpty(s, other) ? INDEFINITE : readRegister(s, other);
  if (!record(s, e)) return;
  writeRegister(s, 0, second);
  writeRegister(s, other, first);
};
/** FCMOVcc knows conditions b, e, be and u (that is, p): cc without its last bit, which asks for the contrary. */
const CONDITION_BITS: Readonly<Record<number, number>> = { 2: CF, 4: ZF, 6: CF | ZF, 10: PF };
const conditionalMove: Helper = (c, i) => {
  const e = begin(c), s = c.state, from = registerOf(i, 1);
  if (isEmpty(s, 0) || isEmpty(s, from)) return intoRegister(s, e, 0, null, 0);
  const isMet = (c.readFlags() & CONDITION_BITS[i.condition & ~1]!) !== 0, moves = isMet === ((i.condition & 1) === 0);
  if (moves) writeRegister(s, 0, readRegister(s, from));
};
const rotate = (by: number): Helper => c => {
  wait(c);
  setTop(c.state, topOf(c.state) + by);
  c.state.fpuStatus &= ~C1;
};
const freeRegister = (pops: number): Helper => (c, i) => {
  wait(c);
  free(c.state, registerOf(i, 0));
  c.state.fpuStatus &= ~C1;
  if (pops > 0) pop(c.state);
};

const helpers = (): Readonly<Record<string, Helper>> => ({
  fadd: arithmetic(add, readReal), faddp: arithmetic(add, readReal, 1), fiadd: arithmetic(add, readInteger),
  fsub: arithmetic(subtract, readReal), fsubp: arithmetic(subtract, readReal, 1), fisub: arithmetic(subtract, readInteger),
  fsubr: arithmetic(subtractReversed, readReal), fsubrp: arithmetic(subtractReversed, readReal, 1),
  fisubr: arithmetic(subtractReversed, readInteger),
  fmul: arithmetic(multiply, readReal), fmulp: arithmetic(multiply, readReal, 1), fimul: arithmetic(multiply, readInteger),
  fdiv: arithmetic(divide, readReal), fdivp: arithmetic(divide, readReal, 1), fidiv: arithmetic(divide, readInteger),
  fdivr: arithmetic(divideReversed, readReal), fdivrp: arithmetic(divideReversed, readReal, 1),
  fidivr: arithmetic(divideReversed, readInteger),
  fld: load(readReal), fild: load(readInteger), fbld: load(readDecimal),
  fst: store(writeReal, 0), fstp: store(writeReal, 1), fstpnce: storeUnchecked, fist: store(integerBy(), 0), fistp: store(integerBy(), 1),
  fisttp: store(integerBy(ROUND.chop), 1), fbstp: store(writeDecimal, 1),
  fcom: comparison(readReal, false, 0), fcomp: comparison(readReal, false, 1), fcompp: comparison(readReal, false, 2),
  ficom: comparison(readInteger, false, 0), ficomp: comparison(readInteger, false, 1),
  fucom: comparison(readReal, true, 0), fucomp: comparison(readReal, true, 1), fucompp: comparison(readReal, true, 2),
  fcomi: comparisonToFlags(false, 0), fcomip: comparisonToFlags(false, 1),
  fucomi: comparisonToFlags(true, 0), fucomip: comparisonToFlags(true, 1),
  ftst: test, fxam: examine,
  fchs: unary((_, v) => negate(v)), fabs: unary((_, v) => (v.sign === 1 ? negate(v) : v)),
  fsqrt: unary(squareRoot), frndint: unary(roundToInteger), fscale: binary(scale, 0), fprem: fprem(false), fprem1: fprem(true), fxtract,
  f2xm1: unary(powerLessOne), fyl2x: binary(yLog2x, 1), fyl2xp1: binary(yLog2xPlusOne, 1), fpatan: binary(arctangentOf, 1),
  fsin: angle(sine), fcos: angle(cosine), fsincos: angles(sine, cosine), fptan: angles(tangent, oneOrNaN),
  fld1: pushed(one(0)), fldz: pushed(zero(0)),
  ...Object.fromEntries(Object.keys(CONSTANTS).map(name => [name, constant(name)])),
  fxch: exchange, fincstp: rotate(1), fdecstp: rotate(-1), ffree: freeRegister(0), ffreep: freeRegister(1), fcmovcc: conditionalMove, fnop: wait,
});
/** Exceptions or not; what faults was not executed. */
const remembered = (helper: Helper): Helper => function x87(c, i) { helper(c, i); rememberInstruction(c.state, i); };

export const x87 = (): Scores =>
  [...Object.entries(helpers()).map(([name, helper]) => [name, remembered(helper)] as const), ...Object.entries(CONTROL)].flatMap(([name, helper]) => [name, helps(helper)]);
