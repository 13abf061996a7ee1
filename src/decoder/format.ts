/** Instruction to text, as objdump -d writes it (binutils), in Intel's and AT&T's syntax. The rules that are data are in format-names.ts. */
import type { Va } from '../base/types.ts';
import { isFar, isOffset, immediateOf, canonicalPrefixes, isLoop, isStackTop } from './format-context.ts';
import type { Context, Symbols, Syntax } from './format-context.ts';
import { ATT_HINT, ATT_NAMES, ATT_SWAPPED, FLOATS, FLOAT_INTEGERS, FLOAT_INTEGER_SUFFIX, FLOAT_SUFFIX, INTEGER_SUFFIX, NO_WAIT,
  OLD_NAMES, SIZED, VECTOR_MARKED, SIZED_BESIDE_REGISTER, SIZED_STRINGS, WORD_MARKED, absorbed } from './format-names.ts';
import { commentOf, operandTexts } from './format-operands.ts';
import { prefixWords } from './format-prefixes.ts';
import { evexName } from './format-evex.ts';
import { opcodeOf, spellingOf } from './format-spelling.ts';
import type { Instruction } from './instruction.ts';

export type { Symbols, Syntax };

/**
 * The instruction at `address` as text. `code`, its bytes, brings back what decoding forgets: repeated and useless prefixes,
 * a displacement of 0. Without it the text is what an assembler would need to be told.
 */
export function format(i: Instruction, address: Va, syntax: Syntax, symbol?: Symbols, code?: Uint8Array): string {
  const next = address + (code?.length ?? i.length);
  const c: Context = { i, syntax, spelling: code === undefined ? null : spellingOf(code), next, symbol };
  if (i.mnemonic === 'ud') return '(bad)';
  const name = i.mnemonic === 'evex' ? evexText(code) : nameOf(c);
  const head = [...prefixWords(c), name].join(' ').padEnd(6);
  return `${head} ${operandTexts(c).join(',')}`.trimEnd() + commentOf(c);
}

/** Its operands are not known. */
function evexText(code: Uint8Array | undefined): string {
  const name = code === undefined ? null : evexName(code, opcodeOf(code).at);
  if (code === undefined || name === null) return '(evex)';
  return `${absorbed(name, code[code.length - 1] ?? 0) ?? name} (evex)`;
}

function nameOf(c: Context): string {
  const i = c.i;
  let name = absorbed(i.mnemonic, immediateOf(i)) ?? i.mnemonic;
  if (c.spelling?.wait === true && NO_WAIT.has(name)) name = `f${name.slice(2)}`;
  if (name === 'movabs' && i.addressSize === 4 && isOffset(c)) return 'mov';
  if (name in OLD_NAMES) return OLD_NAMES[name] ?? name;
  return c.syntax === 'intel' ? name : attName(name, c);
}

function attName(name: string, c: Context): string {
  const i = c.i;
  const memory = i.operands.find(operand => operand.kind === 'mem');
  const [destination, source] = i.operands;
  if (name in ATT_NAMES) return ATT_NAMES[name] ?? name;
  if (name === 'movzx' || name === 'movsx') return name.slice(0, 4) + (INTEGER_SUFFIX[source?.size ?? 0] ?? '') + (INTEGER_SUFFIX[i.size] ?? '');
  if (name === 'movsxd' && destination?.size === 8) return 'movslq';
  if (SIZED_STRINGS.has(name)) return name + (INTEGER_SUFFIX[i.size] ?? '');
  if (name in ATT_SWAPPED && destination?.kind === 'reg' && !isStackTop(c, destination, 0)) return ATT_SWAPPED[name] ?? name;
  if (isLoop(i) && i.addressSize === 4) return `${name}l${hintOf(c)}`;
  if (i.flow === 'branch') return name + hintOf(c);
  if (memory === undefined) return name;
  if (VECTOR_MARKED.has(name)) return name + (memory.size === 32 ? 'y' : 'x');
  if (FLOATS.has(name)) return name + (FLOAT_SUFFIX[memory.size] ?? '');
  if (FLOAT_INTEGERS.has(name)) return name + (FLOAT_INTEGER_SUFFIX[memory.size] ?? '');
  if (SIZED.has(name) && (SIZED_BESIDE_REGISTER.has(name) || !i.operands.some(operand => operand.kind === 'reg'))) {
    return name + (INTEGER_SUFFIX[memory.size] ?? '');
  }
  if (isFar(i)) return `l${name}${i.size === 2 ? 'w' : ''}`;
  return WORD_MARKED.has(name) && memory.size === 2 ? `${name}w` : name;
}

function hintOf(c: Context): string {
  const prefixes = c.spelling?.prefixes ?? canonicalPrefixes(c.i);
  return ATT_HINT[prefixes.filter(byte => byte in ATT_HINT).pop() ?? 0] ?? '';
}
