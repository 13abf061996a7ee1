/** Expressions of the debugger's commands: 64-bit numbers, `$registers`, symbols, memory (`*at`, `u32[at]`) and C's operators with C's precedence (ISO C §6.5). */
import { fail } from './mistake.ts';

/** What the names in an expression stand for; null: nothing. */
export interface Scope {
  /** `name` without its dollar. */
  register(name: string): bigint | null;
  symbol(name: string): bigint | null;
  /** null: not mapped. */
  load(at: bigint, bytes: number): bigint | null;
}
/** What can be set: a register, or so many bytes of memory. */
export type Place = { readonly kind: 'register'; readonly name: string } | { readonly kind: 'memory'; readonly at: bigint; readonly bytes: number };
interface Value { readonly value: bigint; readonly place: Place | null }

const TOKEN = /\s*(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+)|('(?:\\.|[^\\])')|(\$[A-Za-z_]\w*)|([A-Za-z_.][\w.@]*)|(<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()[\]]))/y;
const SIZES: Readonly<Record<string, readonly [bytes: number, isSigned: boolean]>> = {
  u8: [1, false], u16: [2, false], u32: [4, false], u64: [8, false], u128: [16, false], i8: [1, true], i16: [2, true], i32: [4, true], i64: [8, true],
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', 0: '\0', r: '\r' };
const POINTER_BYTES = 8;

const truth = (is: boolean): bigint => is ? 1n : 0n;
const divisor = (b: bigint): bigint => b === 0n ? fail('division by zero') : b;
/** By binding strength, the loosest first. */
const OPERATORS: readonly Readonly<Record<string, (a: bigint, b: bigint) => bigint>>[] = [
  { '||': (a, b) => truth(a !== 0n || b !== 0n) },
  { '&&': (a, b) => truth(a !== 0n && b !== 0n) },
  { '|': (a, b) => a | b }, { '^': (a, b) => a ^ b }, { '&': (a, b) => a & b },
  { '==': (a, b) => truth(a === b), '!=': (a, b) => truth(a !== b) },
  { '<': (a, b) => truth(a < b), '>': (a, b) => truth(a > b), '<=': (a, b) => truth(a <= b), '>=': (a, b) => truth(a >= b) },
  { '<<': (a, b) => a << BigInt.asUintN(6, b), '>>': (a, b) => a >> BigInt.asUintN(6, b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / divisor(b), '%': (a, b) => a % divisor(b) },
];
const PREFIXES: Readonly<Record<string, (a: bigint) => bigint>> = { '-': a => -a, '+': a => a, '~': a => ~a, '!': a => truth(a === 0n) };

class Reader {
  private readonly words: readonly string[];
  private readonly text: string;
  private readonly scope: Scope;
  private at = 0;
  constructor(text: string, scope: Scope) {
    const words: string[] = [];
    TOKEN.lastIndex = 0;
    for (let end = 0; end < text.trimEnd().length; end = TOKEN.lastIndex) {
      const match = TOKEN.exec(text);
      if (match === null) fail(`cannot read '${text.slice(end).trim()}'`);
      words.push(match[0].trim());
    }
    this.words = words; this.text = text; this.scope = scope;
  }
  whole(): Value {
    if (this.words.length === 0) fail('an expression is missing');
    const value = this.level(0);
    if (this.at < this.words.length) fail(`'${this.words[this.at]!}' is in the way in '${this.text.trim()}'`);
    return value;
  }
  private level(n: number): Value {
    const row = OPERATORS[n];
    if (row === undefined) return this.unary();
    let left = this.level(n + 1);
    for (;;) {
      const word = this.words[this.at] ?? '', operator = Object.hasOwn(row, word) ? row[word] : undefined;
      if (operator === undefined) return left;
      this.at += 1;
      left = { value: wrapped(operator(left.value, this.level(n + 1).value)), place: null };
    }
  }
  private unary(): Value {
    const word = this.next();
    const prefix = Object.hasOwn(PREFIXES, word) ? PREFIXES[word] : undefined;
    if (prefix !== undefined) return { value: wrapped(prefix(this.unary().value)), place: null };
    if (word === '&') { const { place } = this.unary(); return place?.kind === 'memory' ? { value: place.at, place: null } : fail('& takes something in memory'); }
    if (word === '*') return this.memory(this.unary().value, POINTER_BYTES, false);
    if (word === '(') { const value = this.level(0); this.expect(')'); return value; }
    if (/^\d/.test(word)) return { value: wrapped(BigInt(word)), place: null };
    if (word.startsWith("'")) return { value: BigInt(character(word.slice(1, -1))), place: null };
    if (word.startsWith('$')) {
      const name = word.slice(1);
      return { value: this.scope.register(name) ?? fail(`no register or variable $${name}`), place: { kind: 'register', name } };
    }
    const size = Object.hasOwn(SIZES, word) ? SIZES[word] : undefined;
    if (size !== undefined && this.words[this.at] === '[') {
      this.at += 1;
      const at = this.level(0).value;
      this.expect(']');
      return this.memory(at, size[0], size[1]);
    }
    if (/^[A-Za-z_.]/.test(word)) return { value: this.scope.symbol(word) ?? fail(`no such symbol: ${word}`), place: null };
    return fail(`'${word}' is in the way in '${this.text.trim()}'`);
  }
  private memory(address: bigint, bytes: number, isSigned: boolean): Value {
    const at = BigInt.asUintN(64, address), value = this.scope.load(at, bytes) ?? fail(`nothing is mapped at 0x${at.toString(16)}`);
    return { value: isSigned ? BigInt.asIntN(8 * bytes, value) : value, place: { kind: 'memory', at, bytes } };
  }
  private next(): string { const word = this.words[this.at] ?? fail(`'${this.text.trim()}' ends too soon`); this.at += 1; return word; }
  private expect(word: string): void { if (this.next() !== word) fail(`'${word}' is missing in '${this.text.trim()}'`); }
}
/** Sums stay within 64 bits; wider registers keep theirs. */
function wrapped(value: bigint): bigint { return value >= -(1n << 63n) && value < 1n << 64n ? value : BigInt.asUintN(64, value); }
function character(text: string): number { return (text.startsWith('\\') ? ESCAPES[text[1]!] ?? text[1]! : text).charCodeAt(0); }

export function evaluate(text: string, scope: Scope): bigint { return new Reader(text, scope).whole().value; }
/** Where an assignment goes. */
export function placeOf(text: string, scope: Scope): Place { return new Reader(text, scope).whole().place ?? fail(`'${text.trim()}' cannot be set`); }
/** What is to be watched: memory, or null for an expression that is only an address. */
export function memoryOf(text: string, scope: Scope): { readonly at: bigint; readonly bytes: number } | null {
  const { place } = new Reader(text, scope).whole();
  return place?.kind === 'memory' ? place : null;
}
