/**
 * Who called whom. Of each frame, the first that says something: .eh_frame (cfi.ts); the kernel's signal frame; a function's first instruction or RET, where the return
 * address is on top; `push rbp; mov rbp, rsp` at the function's beginning; otherwise the nearest word of the stack that is an address behind a call instruction.
 */
import type { Va } from '../base/types.ts';
import { WORD } from '../base/words.ts';
import { decode } from '../decoder/decode.ts';
import { PROT_EXEC } from '../mmu/vma.ts';
import type { KernelProcess } from '../syscalls/process.ts';
import { FrameTable } from './cfi.ts';
import type { Module, Names } from './names.ts';
import type { Target } from './target.ts';

/** `cfa`: RSP in the caller, before it called; null: nobody knows. `by`: what said so. */
export interface Frame { readonly pc: Va; readonly sp: Va; readonly cfa: Va | null; readonly caller: Va | null; readonly by: 'cfi' | 'signal' | 'top' | 'rbp' | 'scan' | null }

/** DWARF's numbers (psABI for x86-64, figure 3.36). */
const DWARF = ['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'], RBP = 6, RSP = 7, RETURN = 16;
/** MOV EAX, 15; SYSCALL: rt_sigreturn. */
const SIGRETURNS: readonly (readonly number[])[] = [[0xb8, 15, 0, 0, 0, 0x0f, 0x05], [0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05]];
/** In struct ucontext, the saved registers (arch/x86/include/uapi/asm/sigcontext.h), by DWARF's number; rip last. */
const SAVED_AT: readonly (readonly [register: number, offset: number])[] = [
  [8, 40], [9, 48], [10, 56], [11, 64], [12, 72], [13, 80], [14, 88], [15, 96], [5, 104], [4, 112], [RBP, 120], [3, 128], [1, 136], [0, 144], [2, 152], [RSP, 160], [RETURN, 168],
];
const PROLOGUES: readonly (readonly number[])[] = [[0x55, 0x48, 0x89, 0xe5], [0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5], [0x55, 0x48, 0x8b, 0xec]];
const CALL_BYTES_MAX = 8, SCAN_WORDS = 1024, WORD_BYTES = 8;

type Values = Map<number, Va>;
interface Found { readonly cfa: Va; readonly caller: Va; readonly values: Values; readonly by: Frame['by'] }

/** Where bytes and instructions come from: a target, or any machine. */
export type Looking = Pick<Target, 'readMemory' | 'instructionAt'>;

export class Backtrace {
  private readonly target: Looking;
  private readonly names: Names;
  private readonly tables = new WeakMap<Module['image'], FrameTable | null>();
  constructor(target: Looking, names: Names) { this.target = target; this.names = names; }

  /** @param register the value of one, by name */
  of(process: KernelProcess, register: (name: string) => number, most: number): readonly Frame[] {
    const frames: Frame[] = [];
    let values: Values = new Map(DWARF.map((name, number) => [number, register(name)])), pc = register('rip');
    for (let n = 0; n < most; n++) {
      const sp = values.get(RSP) ?? 0, found = this.caller(process, pc, values, n === 0 || frames[n - 1]!.by === 'signal');
      frames.push({ pc, sp, cfa: found?.cfa ?? null, caller: found?.caller ?? null, by: found?.by ?? null });
      if (found === null || found.caller === 0 || found.cfa <= sp && found.by !== 'signal') break;
      pc = found.caller; values = found.values;
    }
    return frames;
  }
  private word({ pid }: KernelProcess, at: Va): Va | null {
    return wordIn(this.target.readMemory(pid, at, WORD_BYTES));
  }
  /** @param isExact the instruction at `pc` comes next; otherwise it is behind a call, which may be another function's */
  private caller(process: KernelProcess, pc: Va, values: Values, isExact: boolean): Found | null {
    return this.bySignal(process, pc, values) ?? this.byTable(process, isExact ? pc : pc - 1, values) ?? (isExact ? this.byTop(process, pc, values) : null)
      ?? this.byRbp(process, pc, values) ?? this.byScan(process, values);
  }
  private byTable(process: KernelProcess, at: Va, values: Values): Found | null {
    const module = this.names.moduleAt(process, at);
    if (module === null) return null;
    const row = this.tableOf(module)?.rowAt(at - module.bias) ?? null, base = row === null ? undefined : values.get(row.cfaRegister);
    if (row === null || base === undefined) return null;
    const cfa = base + row.cfaOffset, next: Values = new Map(values);
    for (const [register, rule] of row.rules) {
      const value = rule.kind === 'at' ? this.word(process, cfa + rule.offset) : rule.kind === 'register' ? values.get(rule.register) ?? null : null;
      if (value === null) next.delete(register); else next.set(register, value);
    }
    const isLast = row.rules.get(row.returnRegister)?.kind === 'lost', caller = isLast ? 0 : next.get(row.returnRegister);
    if (caller === undefined) return null;
    next.set(RSP, cfa); next.delete(RETURN);
    return { cfa, caller, values: next, by: 'cfi' };
  }
  private tableOf({ image }: Module): FrameTable | null {
    let table = this.tables.get(image);
    if (table === undefined) {
      const section = image.sections.find(({ name }) => name === '.eh_frame');
      this.tables.set(image, table = section === undefined ? null : new FrameTable(section.bytes, section.address));
    }
    return table;
  }
  private bySignal(process: KernelProcess, pc: Va, values: Values): Found | null {
    const bytes = this.target.readMemory(process.pid, pc, CALL_BYTES_MAX + 1), sp = values.get(RSP) ?? 0;
    if (!SIGRETURNS.some(code => code.every((byte, k) => bytes[k] === byte))) return null;
    const next: Values = new Map();
    for (const [register, offset] of SAVED_AT) { const value = this.word(process, sp + offset); if (value !== null) next.set(register, value); }
    const cfa = next.get(RSP), caller = next.get(RETURN);
    next.delete(RETURN);
    return cfa === undefined || caller === undefined ? null : { cfa, caller, values: next, by: 'signal' };
  }
  private byTop(process: KernelProcess, pc: Va, values: Values): Found | null {
    const start = this.names.around(process, pc)?.start, instruction = this.target.instructionAt(process.pid, pc);
    return start === pc || instruction?.flow === 'return' ? this.returnAt(process, values.get(RSP) ?? 0, values, 'top') : null;
  }
  private byRbp(process: KernelProcess, pc: Va, values: Values): Found | null {
    const start = this.names.around(process, pc)?.start, rbp = values.get(RBP);
    if (start === undefined || rbp === undefined || rbp < (values.get(RSP) ?? 0)) return null;
    const bytes = this.target.readMemory(process.pid, start, CALL_BYTES_MAX);
    if (!PROLOGUES.some(code => code.every((byte, k) => bytes[k] === byte) && pc >= start + code.length)) return null;
    const found = this.returnAt(process, rbp + WORD_BYTES, values, 'rbp'), old = this.word(process, rbp);
    if (found !== null && old !== null) found.values.set(RBP, old);
    return found;
  }
  private byScan(process: KernelProcess, values: Values): Found | null {
    const sp = values.get(RSP) ?? 0;
    for (let at = sp; at < sp + SCAN_WORDS * WORD_BYTES; at += WORD_BYTES) {
      if (this.word(process, at) === null) return null;
      const found = this.returnAt(process, at, values, 'scan');
      if (found !== null) return found;
    }
    return null;
  }
  /** Its caller is at the address in a word of the stack, if a call instruction is in front of that. */
  private returnAt(process: KernelProcess, at: Va, values: Values, by: Frame['by']): Found | null {
    const caller = this.word(process, at);
    if (caller === null || callBefore(this.target, process, caller) === null) return null;
    return { cfa: at + WORD_BYTES, caller, values: new Map(values).set(RSP, at + WORD_BYTES), by };
  }
}
/** An address, as far as numbers are exact; null: it is not all there. */
export function wordIn(bytes: Uint8Array): Va | null {
  if (bytes.length < WORD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, WORD_BYTES);
  return view.getUint32(0, true) + WORD * view.getUint32(4, true);
}
/** Where the call begins that returns to an address; null: none does. */
export function callBefore(target: Looking, { pid, memory }: KernelProcess, at: Va): Va | null {
  const vma = memory.find(at - 1);
  if (vma === null || (vma.prot & PROT_EXEC) === 0) return null;
  for (let length = 2; length <= CALL_BYTES_MAX; length++) {
    const bytes = target.readMemory(pid, at - length, length), instruction = bytes.length < length ? null : decode(bytes, 0, length);
    if (instruction !== null && instruction.length === length && (instruction.flow === 'call' || instruction.flow === 'call-indirect')) return at - length;
  }
  return null;
}
