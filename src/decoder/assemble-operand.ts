/** Operands as the source writes them, in the Intel syntax of GNU as: `rax`, `5`, `offset label`, `qword ptr fs:[rbx+rcx*8-16]`, `label[rip]`. */
import { SLOT } from '../base/layout.ts';
import type { Size } from '../base/types.ts';
import { combine, constant, parseExpression, valueOf } from './assemble-expression.ts';
import type { Expression, Names, Tokens } from './assemble-expression.ts';
import { REGISTERS, SEGMENTS } from './format-registers.ts';
import type { NamedRegister } from './format-registers.ts';
import { NONE, type RegisterFile } from './instruction.ts';

export type SourceOperand =
  | { readonly kind: 'reg'; readonly register: NamedRegister }
  /** An immediate, or where a branch goes. `isBare`: a symbol without `offset`, which is memory except in branches. */
  | { readonly kind: 'value'; readonly value: Expression; readonly isBare: boolean; readonly isShort: boolean }
  | SourceMemory;

export interface SourceMemory {
  readonly kind: 'mem';
  /** What `dword ptr` said, or 0. */
  readonly size: Size;
  readonly base: number;
  readonly index: number;
  /** Of the index: gathers have a vector register. */
  readonly indexFile: RegisterFile;
  readonly shift: number;
  /** SLOT.fs, SLOT.gs or NONE; `override` is the name of whichever segment was written. */
  readonly segment: number;
  readonly override: string | null;
  readonly addressSize: 4 | 8;
  readonly displacement: Expression;
}

const POINTER_SIZES: Readonly<Record<string, Size>> = {
  byte: 1, word: 2, dword: 4, fword: 6, qword: 8, mmword: 8, tbyte: 10, oword: 16, xmmword: 16, ymmword: 32,
};

/** A register inside brackets; `register` is null for rip and riz. */
interface Term {
  readonly register: NamedRegister | null;
  readonly isInstructionPointer: boolean;
  readonly bytes: Size;
  readonly scale: number | null;
}

export function parseOperand(tokens: Tokens, names: Names): SourceOperand {
  const size = parsePointer(tokens);
  const override = parseSegment(tokens);
  const first = tokens.peek();
  const register = first.kind === 'name' ? REGISTERS.get(first.text.toLowerCase()) : undefined;
  if (register !== undefined && size === 0 && override === null) return { kind: 'reg', register: parseRegister(tokens, register) };
  if (tokens.take('offset')) {
    if (tokens.take('flat')) tokens.expect(':');
    return { kind: 'value', value: parseExpression(tokens, names), isBare: false, isShort: false };
  }
  const isShort = tokens.take('short');
  let displacement = tokens.is('[') ? constant(0n) : parseExpression(tokens, names);
  if (!tokens.is('[') && size === 0 && override === null) {
    return { kind: 'value', value: displacement, isBare: displacement.addresses !== 0, isShort };
  }
  const terms: Term[] = [];
  while (tokens.take('[')) {
    displacement = combine(displacement, parseExpression(tokens, termNames(terms, names)), (a, b) => a + b);
    tokens.expect(']');
  }
  return memoryOf(tokens, size, override, terms, displacement);
}

/** `st` alone is the top of the stack, `st(2)` a register below it. */
function parseRegister(tokens: Tokens, register: NamedRegister): NamedRegister {
  tokens.next();
  if (register.file !== 'st' || !tokens.take('(')) return register;
  const index = Number(tokens.next().value);
  tokens.expect(')');
  if (index > 7) tokens.fail(`there is no st(${index})`);
  return { file: 'st', index, size: 10 };
}

function parsePointer(tokens: Tokens): Size {
  const word = tokens.peek().kind === 'name' ? tokens.peek().text.toLowerCase() : '';
  if (!Object.hasOwn(POINTER_SIZES, word)) return 0;
  tokens.next();
  tokens.take('ptr');
  return POINTER_SIZES[word] ?? 0;
}

function parseSegment(tokens: Tokens): string | null {
  const name = tokens.peek().text.toLowerCase();
  if (!SEGMENTS.includes(name) || tokens.peek(1).text !== ':') return null;
  tokens.next();
  tokens.next();
  return name;
}

/** Inside brackets a register counts nothing but is noted, with its scale on either side: `rcx*8`, `8*rcx`. */
function termNames(terms: Term[], names: Names): Names {
  return (name, tokens) => {
    const lower = name.toLowerCase();
    const isInstructionPointer = lower === 'rip' || lower === 'eip';
    const isNoIndex = lower === 'riz' || lower === 'eiz';
    const register = REGISTERS.get(lower) ?? null;
    if (register === null && !isInstructionPointer && !isNoIndex) return names(name, tokens);
    if (tokens.peek(-2).text === '-') tokens.fail(`${name} cannot be subtracted`);
    const before = tokens.peek(-2).text === '*' ? Number(tokens.peek(-3).value) : null;
    const scale = tokens.take('*') ? Number(valueOf(parseExpression(tokens, names, 4))) : before;
    const bytes = register?.size ?? (lower.startsWith('e') ? 4 : 8);
    terms.push({ register, isInstructionPointer, bytes, scale });
    return constant(0n);
  };
}

function memoryOf(tokens: Tokens, size: Size, override: string | null, terms: readonly Term[], displacement: Expression): SourceMemory {
  const slot = override === 'fs' ? SLOT.fs : override === 'gs' ? SLOT.gs : NONE;
  const common = { kind: 'mem', size, segment: slot, override, displacement } as const;
  const addressSize = addressSizeOf(tokens, terms);
  if (terms.some(term => term.isInstructionPointer)) {
    if (terms.length > 1) tokens.fail('rip takes no other register beside it');
    return { ...common, base: SLOT.rip, index: NONE, indexFile: 'gpr', shift: 0, addressSize };
  }
  const [base, index] = baseAndIndex(tokens, terms);
  const scale = index?.scale ?? 1;
  const shift = [1, 2, 4, 8].indexOf(scale);
  if (shift < 0) tokens.fail(`a scale is 1, 2, 4 or 8, not ${scale}`);
  const indexFile = index?.register?.file ?? 'gpr';
  if (index?.register?.index === 4 && indexFile === 'gpr') tokens.fail('rsp cannot be an index');
  return { ...common, base: base?.register?.index ?? NONE, index: index?.register?.index ?? NONE, indexFile, shift, addressSize };
}

function addressSizeOf(tokens: Tokens, terms: readonly Term[]): 4 | 8 {
  const general = terms.filter(term => !isVectorTerm(term)), sizes = new Set(general.map(term => term.bytes));
  if (sizes.size > 1) tokens.fail('the registers of an address have one size');
  const [bytes = 8] = sizes;
  const isGeneral = general.every(term => term.register === null || term.register.file === 'gpr');
  if (bytes !== 4 && bytes !== 8 || !isGeneral) return tokens.fail('an address is made of 64-bit or 32-bit registers');
  return bytes;
}

function isVectorTerm(term: Term): boolean { return term.register?.file === 'xmm' || term.register?.file === 'ymm'; }

/** The scaled register is the index, or that of a vector; of two without a scale the first is the base, unless the second is rsp. */
function baseAndIndex(tokens: Tokens, terms: readonly Term[]): [Term | null, Term | null] {
  const [first = null, second = null] = terms;
  if (terms.length > 2) tokens.fail('an address has at most a base and an index');
  if (first === null) return [null, null];
  if (second === null) return first.scale === null && !isVectorTerm(first) ? [first, null] : [null, first];
  if (first.scale !== null && second.scale !== null) tokens.fail('only one register can have a scale');
  const isSwapped = first.scale !== null || isVectorTerm(first) || second.scale === null && second.register?.index === 4;
  return isSwapped ? [second, first] : [first, second];
}
