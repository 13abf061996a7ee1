/** Control transfer (SDM vol. 2: JMP, Jcc, CALL, RET, LOOP, JRCXZ, INT n, UD, HLT) and what user mode may not do. */
import type { Size } from '../../base/types.ts';
import { type Instruction, register } from '../../decoder/instruction.ts';
import { type Helper, type Ops, type Semantics, type Temp, VECTOR } from '../ops.ts';
import { push } from './moves.ts';
import { RSP } from '../state.ts';
import { all, helps, type Scores } from './scores.ts';

const STACK_POINTER = register('gpr', RSP, 8);
const RCX = register('gpr', 1, 8), ECX = register('gpr', 1, 4);

/** Under a 66 prefix RIP is cut to 16 bits, and CALL and RET move 2 bytes (AMD64 APM vol. 3 §1.2.2; Intel ignores the prefix). */
const destination = (m: Ops, i: Instruction): Temp => {
  if (i.first.kind === 'rel') return m.target(i.first);
  const to = m.read(i.first);
  m.canonical(to);
  return to;
};

const jmp: Semantics = (m, i) => { m.jump(destination(m, i)); };
const jcc: Semantics = (m, i) => { m.branch(m.condition(i.condition), i.first); };
const call: Semantics = (m, i) => {
  const to = destination(m, i);
  push(m, m.next(), i.size);
  m.jump(to);
};
/** RET n drops n more bytes of arguments. */
const ret: Semantics = (m, i) => {
  const top = m.read(STACK_POINTER);
  const to = m.load(top, i.size);
  m.canonical(to);
  const above = m.add(top, m.constant(i.size), 8);
  m.write(STACK_POINTER, i.operands.length === 0 ? above : m.add(above, m.read(i.first), 8));
  m.jump(to);
};
/** Of an error code: it names an entry of the interrupt table. */
const IN_TABLE = 2;
const counter = (i: Instruction) => i.addressSize === 4 ? ECX : RCX;
/** LOOP, LOOPE, LOOPNE: the counter goes down, flags stay. */
const loop = (zero: boolean | null): Semantics => (m, i) => {
  const size: Size = i.addressSize;
  const left = m.sub(m.read(counter(i)), m.constant(1), size);
  m.write(counter(i), left);
  const goesOn = m.isZero(m.isZero(left));
  m.branch(zero === null ? goesOn : m.and(goesOn, m.condition(zero ? 4 : 5)), i.first);
};
const jrcxz: Semantics = (m, i) => { m.branch(m.isZero(m.read(counter(i))), i.first); };

const trap = (vector: number): Semantics => m => { m.trap(vector); };
/** Only #BP and #OF may be called from user mode. `int 0x80` is what it is under a kernel without 32-bit programs: nothing. */
const interrupt: Helper = function interrupt(c, i) {
  const vector = c.read(i.first) & 0xff;
  if (vector === VECTOR.breakpoint || vector === VECTOR.overflow) c.trapAfter(vector);
  else c.trap(VECTOR.protection, 8 * vector + IN_TABLE);
};
const undefinedInstruction = trap(VECTOR.undefined), forbidden = trap(VECTOR.protection);
const nothing: Semantics = () => { /* Hints and orderings: one processor, in order. */ };

/** Names of rows that share one meaning. */
const FORBIDDEN = ['hlt', 'cli', 'sti', 'in', 'out', 'lgdt', 'lidt', 'lldt', 'ltr', 'lmsw', 'clts', 'invd', 'wbinvd', 'wbnoinvd', 'invlpg', 'invpcid', 'swapgs', 'wrmsr',
  'rdmsr', 'sysret', 'sysexit', 'ljmp', 'lcall', 'xsetbv', 'xsaves', 'xsaves64', 'xrstors', 'xrstors64'];
const UNDEFINED = ['ud', 'ud0', 'ud1', 'ud2', 'evex', 'sysenter', 'rdpkru', 'wrpkru'];
const HINTS = ['nop', 'endbr64', 'endbr32', 'prefetchwt1', 'rdsspd', 'rdsspq', 'serialize'];

export const control = (): Scores => [
  'jmp', jmp, 'jcc', jcc, 'call', call, 'ret', ret, 'loop', loop(null), 'loope', loop(true), 'loopne', loop(false), 'jrcxz', jrcxz, 'jecxz', jrcxz, 'jcxz', jrcxz,
  'int3', trap(VECTOR.breakpoint), 'int1', trap(VECTOR.debug), 'int', helps(interrupt),
  ...all(FORBIDDEN, forbidden), ...all(UNDEFINED, undefinedInstruction), ...all(HINTS, nothing),
];
