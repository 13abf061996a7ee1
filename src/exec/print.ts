/** The performer that writes the score down: goldens, documentation, and proofs about the order of accesses and writes. */
import type { Size } from '../base/types.ts';
import { SLOT } from '../base/layout.ts';
import { FORM, type Instruction, NONE, type Operand } from '../decoder/instruction.ts';
import { type Helper, type Ops, RULE, type Rule, type Temp } from './ops.ts';
import type { Primitive } from './primitive.ts';

const RULE_NAMES = Object.keys(RULE);
const bits = (size: Size): number => size * 8;

/** Temps are numbered names; operands are written by form, because a score may depend on nothing else. */
export class Printer implements Ops {
  readonly lines: string[] = [];
  private count = 0;
  private depth = 0;

  private say(text: string): void { this.lines.push('  '.repeat(this.depth) + text); }
  private let(text: string): Temp { this.say(`t${this.count} = ${text}`); return this.count++; }
  private operand(o: Operand): string {
    switch (o.form) {
      case FORM.immediate: return `imm${bits(o.size)}`;
      case FORM.relative: return 'rel';
      case FORM.memory: return `m${bits(o.size)}`;
      case FORM.high8: return 'h8';
      case FORM.vector: return o.size === 32 ? 'ymm' : `xmm${bits(o.size)}`;
      case FORM.other: return o.file;
      default: return `r${bits(o.size)}`;
    }
  }
  constant(value: number): Temp { return this.let(`${value}`); }
  read(o: Operand): Temp { return this.let(`read ${this.operand(o)}`); }
  modify(o: Operand): Temp { return this.let(`modify ${this.operand(o)}`); }
  write(o: Operand, v: Temp): void { this.say(`write ${this.operand(o)}, t${v}`); }
  upper(lower: Temp): Temp { return this.let(`upper t${lower}`); }
  writeUpper(o: Operand, v: Temp): void { this.say(`write-upper ${this.operand(o)}, t${v}`); }
  clearUpper(o: Operand): void { this.say(`clear-upper ${this.operand(o)}`); }
  clearUppers(): void { this.say('clear-uppers'); }
  effective(_o: Operand): Temp { return this.let('effective'); }
  address(o: Operand): Temp { return this.let(`address${o.segment === NONE ? '' : o.segment === SLOT.fs ? ' fs' : ' gs'}`); }
  load(at: Temp, size: Size, aligned = false): Temp { return this.let(`load${bits(size)}${aligned ? ' aligned' : ''} [t${at}]`); }
  store(at: Temp, v: Temp, size: Size, aligned = false): void { this.say(`store${bits(size)}${aligned ? ' aligned' : ''} [t${at}], t${v}`); }
  storeWide(at: Temp, lower: Temp, upper: Temp, aligned = false): void { this.say(`store256${aligned ? ' aligned' : ''} [t${at}], t${lower}, t${upper}`); }
  probe(at: Temp, size: Size): void { this.say(`probe${bits(size)} [t${at}]`); }
  add(a: Temp, b: Temp, size: Size): Temp { return this.let(`add${bits(size)} t${a}, t${b}`); }
  sub(a: Temp, b: Temp, size: Size): Temp { return this.let(`sub${bits(size)} t${a}, t${b}`); }
  and(a: Temp, b: Temp): Temp { return this.let(`and t${a}, t${b}`); }
  or(a: Temp, b: Temp): Temp { return this.let(`or t${a}, t${b}`); }
  xor(a: Temp, b: Temp): Temp { return this.let(`xor t${a}, t${b}`); }
  not(a: Temp, size: Size): Temp { return this.let(`not${bits(size)} t${a}`); }
  divide(high: Temp, low: Temp, divisor: Temp, size: Size, isSigned: boolean): Temp {
    return this.let(`divide${isSigned ? 'Signed' : ''}${bits(size)} t${high}:t${low}, t${divisor}`);
  }
  multiply(a: Temp, b: Temp, size: Size): Temp { return this.let(`multiply${bits(size)} t${a}, t${b}`); }
  multiplyHigh(a: Temp, b: Temp, size: Size, isSigned: boolean): Temp {
    return this.let(`multiply-high${bits(size)} ${isSigned ? 'signed' : 'unsigned'} t${a}, t${b}`);
  }
  shiftLeft(a: Temp, n: Temp, size: Size): Temp { return this.let(`shift-left${bits(size)} t${a}, t${n}`); }
  shiftRight(a: Temp, n: Temp, size: Size): Temp { return this.let(`shift-right${bits(size)} t${a}, t${n}`); }
  shiftRightSigned(a: Temp, n: Temp, size: Size): Temp { return this.let(`shift-right-signed${bits(size)} t${a}, t${n}`); }
  rotateLeft(a: Temp, n: Temp, size: Size): Temp { return this.let(`rotate-left${bits(size)} t${a}, t${n}`); }
  zeroExtend(a: Temp, from: Size): Temp { return this.let(`zero-extend${bits(from)} t${a}`); }
  signExtend(a: Temp, from: Size, to: Size): Temp { return this.let(`sign-extend${bits(from)}to${bits(to)} t${a}`); }
  byteSwap(a: Temp, size: Size): Temp { return this.let(`byte-swap${bits(size)} t${a}`); }
  lowestBit(a: Temp): Temp { return this.let(`lowest-bit t${a}`); }
  highestBit(a: Temp): Temp { return this.let(`highest-bit t${a}`); }
  countOnes(a: Temp): Temp { return this.let(`count-ones t${a}`); }
  isZero(a: Temp): Temp { return this.let(`is-zero t${a}`); }
  equal(a: Temp, b: Temp): Temp { return this.let(`equal t${a}, t${b}`); }
  lessUnsigned(a: Temp, b: Temp): Temp { return this.let(`less-unsigned t${a}, t${b}`); }
  lessSigned(a: Temp, b: Temp, size: Size): Temp { return this.let(`less-signed${bits(size)} t${a}, t${b}`); }
  select(c: Temp, then: Temp, otherwise: Temp): Temp { return this.let(`select t${c}, t${then}, t${otherwise}`); }
  when(c: Temp): boolean { this.say(`when t${c}`); this.depth += 1; return true; }
  end(): void { this.depth -= 1; }
  flags(rule: Rule, size: Size, result: Temp, a: Temp, b: Temp): void {
    this.say(`flags ${RULE_NAMES[rule]}${bits(size)} t${result}, t${a}, t${b}`);
  }
  condition(cc: number): Temp { return this.let(`condition ${cc}`); }
  carry(): Temp { return this.let('carry'); }
  readFlags(): Temp { return this.let('read-flags'); }
  writeFlags(mask: number, value: Temp): void { this.say(`write-flags 0x${mask.toString(16)}, t${value}`); }
  next(): Temp { return this.let('next'); }
  target(o: Operand): Temp { return this.let(`target${o.size === 2 ? '16' : ''}`); }
  canonical(at: Temp): void { this.say(`canonical t${at}`); }
  jump(to: Temp): void { this.say(`jump t${to}`); }
  branch(c: Temp, o: Operand): void { this.say(`branch${o.size === 2 ? '16' : ''} t${c}`); }
  trap(vector: number): void { this.say(`trap ${vector}`); }
  syscall(): void { this.say('syscall'); }
  apply(p: Primitive, a: Temp, b?: Temp, c?: Temp): Temp {
    return this.let([`${p.name} t${a}`, ...(b === undefined ? [] : [`t${b}`]), ...(c === undefined ? [] : [`t${c}`])].join(', '));
  }
  applyBoth(p: Primitive, a: Temp, upperA: Temp, b?: Temp, upperB?: Temp, c?: Temp, upperC?: Temp): Temp {
    const half = (...operands: readonly (Temp | undefined)[]): string => operands.filter(t => t !== undefined).map(t => `t${t}`).join(', ');
    return this.let(`${p.name} ${half(a, b, c)} and ${half(upperA, upperB, upperC)}`);
  }
  help(helper: Helper, _i: Instruction): void { this.say(`help ${helper.name}`); }
}
