/** Source text to items: labels, instructions and the directives of GNU as that tests and benches need. */
import { Tokens, constant, parseExpression, valueOf, withoutComment } from './assemble-expression.ts';
import type { Expression, Names } from './assemble-expression.ts';
import { parseOperand } from './assemble-operand.ts';
import type { SourceOperand } from './assemble-operand.ts';

export interface Statement {
  readonly line: number;
  readonly prefixes: readonly string[];
  readonly mnemonic: string;
  readonly operands: readonly SourceOperand[];
}

export type Item = { readonly line: number } & (
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'code'; readonly statement: Statement }
  | { readonly kind: 'data'; readonly width: number; readonly values: readonly Expression[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'fill'; readonly count: Expression; readonly fill: number }
  /** `fill` null: NOPs. */
  | { readonly kind: 'align'; readonly boundary: number; readonly fill: number | null; readonly most: number }
  | { readonly kind: 'org'; readonly place: Expression; readonly fill: number });
type Part<T> = T extends unknown ? Omit<T, 'line'> : never;

const WIDTHS: Readonly<Record<string, number>> = {
  '.byte': 1, '.word': 2, '.short': 2, '.value': 2, '.2byte': 2, '.long': 4, '.int': 4, '.4byte': 4, '.quad': 8, '.8byte': 8,
};
/** What as needs to be told and we know: syntax, section, linkage. */
const SILENT: ReadonlySet<string> = new Set(['.intel_syntax', '.text', '.code64', '.globl', '.global', '.type', '.size', '.p2alignl', '.file']);
const PREFIXES: ReadonlySet<string> = new Set(['lock', 'rep', 'repe', 'repz', 'repne', 'repnz', 'notrack', 'bnd']);

export function readSource(source: string, symbols: Readonly<Record<string, number | bigint>>): readonly Item[] {
  return new Reader(symbols).read(source);
}

class Reader {
  private readonly constants: Map<string, bigint>;
  private readonly items: Item[] = [];
  private readonly labels = new Set<string>();
  /** Symbols that stand for a number and not for a place, though it is known only after layout. */
  private readonly numbers = new Set<string>();
  /** How often each numeric label has been defined so far. */
  private readonly locals = new Map<string, number>();

  constructor(symbols: Readonly<Record<string, number | bigint>>) {
    this.constants = new Map(Object.entries(symbols).map(([name, value]) => [name, BigInt(value)]));
  }

  read(source: string): readonly Item[] {
    source.split('\n').forEach((text, at) => this.readLine(new Tokens(withoutComment(text), at + 1)));
    return this.items;
  }

  private readLine(tokens: Tokens): void {
    while (tokens.peek(1).text === ':' && tokens.peek(1).kind === 'mark') this.readLabel(tokens);
    if (tokens.isEnd()) return;
    const first = tokens.next();
    if (first.kind !== 'name') tokens.fail(`expected an instruction or a directive, found ${first.text}`);
    if (tokens.take('=')) return this.set(tokens, first.text);
    if (first.text.startsWith('.')) this.readDirective(tokens, first.text.toLowerCase());
    else this.add(tokens, { kind: 'code', statement: this.readStatement(tokens, first.text.toLowerCase()) });
    tokens.expectEnd();
  }

  private add(tokens: Tokens, item: Part<Item>): void { this.items.push({ ...item, line: tokens.line }); }

  private readLabel(tokens: Tokens): void {
    const { kind, text } = tokens.next();
    tokens.next();
    if (kind !== 'name' && !/^\d+$/.test(text)) tokens.fail(`${text} cannot be a label`);
    if (kind === 'name') {
      if (this.constants.has(text) || this.labels.has(text)) tokens.fail(`${text} is defined twice`);
      this.labels.add(text);
      return this.add(tokens, { kind: 'label', name: text });
    }
    const count = (this.locals.get(text) ?? 0) + 1;
    this.locals.set(text, count);
    this.add(tokens, { kind: 'label', name: localName(text, count) });
  }

  /** What a name is worth while reading. Numeric labels: 1b is the last `1:` before, 1f the next one. */
  private readonly names: Names = name => {
    const local = /^(\d+)([bf])$/.exec(name);
    const known = this.constants.get(name);
    if (known !== undefined) return constant(known);
    const resolved = local === null ? name : localName(local[1] ?? '', (this.locals.get(local[1] ?? '') ?? 0) + (local[2] === 'f' ? 1 : 0));
    return { evaluate: lookup => lookup(resolved), isConstant: false, addresses: this.numbers.has(resolved) ? 0 : 1 };
  };

  private expression(tokens: Tokens): Expression { return parseExpression(tokens, this.names); }

  /** A number that must be known while reading: a boundary, a fill byte. */
  private number(tokens: Tokens): number {
    const value = this.expression(tokens);
    if (!value.isConstant) tokens.fail('a constant is needed here');
    return Number(valueOf(value));
  }

  private set(tokens: Tokens, name: string): void {
    const value = this.expression(tokens);
    if (value.isConstant) this.constants.set(name, valueOf(value));
    else if (value.addresses === 0) this.numbers.add(name);
    this.add(tokens, { kind: 'set', name, value }); // Also for those who named it before.
    tokens.expectEnd();
  }

  private readDirective(tokens: Tokens, name: string): void {
    const width = WIDTHS[name];
    if (width !== undefined) return this.add(tokens, { kind: 'data', width, values: this.list(tokens, () => this.expression(tokens)) });
    if (SILENT.has(name)) {
      while (!tokens.isEnd()) tokens.next();
      return;
    }
    switch (name) {
      case '.ascii': return this.add(tokens, { kind: 'bytes', bytes: this.strings(tokens, '') });
      case '.asciz': case '.string': return this.add(tokens, { kind: 'bytes', bytes: this.strings(tokens, '\0') });
      case '.zero': case '.skip': case '.space':
        return this.add(tokens, { kind: 'fill', count: this.expression(tokens), fill: this.optional(tokens) ?? 0 });
      case '.align': case '.balign': return this.align(tokens, this.number(tokens));
      case '.p2align': return this.align(tokens, 2 ** this.number(tokens));
      case '.org': return this.add(tokens, { kind: 'org', place: this.expression(tokens), fill: this.optional(tokens) ?? 0 });
      case '.equ': case '.set': {
        const symbol = tokens.next();
        if (symbol.kind !== 'name') tokens.fail(`${symbol.text} cannot be a symbol`);
        tokens.expect(',');
        return this.set(tokens, symbol.text);
      }
      default: return tokens.fail(`no such directive: ${name}`);
    }
  }

  private align(tokens: Tokens, boundary: number): void {
    if (boundary < 1 || Math.log2(boundary) % 1 !== 0) tokens.fail(`${boundary} is not a power of two`);
    const fill = this.optional(tokens);
    const most = this.optional(tokens) ?? boundary;
    this.add(tokens, { kind: 'align', boundary, fill, most });
  }

  /** A further argument, which may be left out or empty. */
  private optional(tokens: Tokens): number | null {
    if (!tokens.take(',') || tokens.isEnd() || tokens.is(',')) return null;
    return this.number(tokens);
  }

  private list<T>(tokens: Tokens, one: () => T): T[] {
    const all = [one()];
    while (tokens.take(',')) all.push(one());
    return all;
  }

  private strings(tokens: Tokens, end: string): Uint8Array {
    const texts = this.list(tokens, () => {
      const token = tokens.next();
      return token.kind === 'string' ? token.text + end : tokens.fail(`expected a string, found ${token.text}`);
    });
    return Uint8Array.from(texts.flatMap(text => [...text].flatMap(characterBytes)));
  }

  private readStatement(tokens: Tokens, first: string): Statement {
    const prefixes: string[] = [];
    let mnemonic = first;
    while (PREFIXES.has(mnemonic)) {
      prefixes.push(mnemonic);
      const next = tokens.next();
      if (next.kind !== 'name') tokens.fail(`${mnemonic} has no instruction behind it`);
      mnemonic = next.text.toLowerCase();
    }
    const operands = tokens.isEnd() ? [] : this.list(tokens, () => parseOperand(tokens, this.names));
    return { line: tokens.line, prefixes, mnemonic, operands };
  }
}

/** A name that no source can spell. */
function localName(digits: string, count: number): string { return `${digits}#${count}`; }

/** Characters up to 255 are bytes, as escapes give them; others are UTF-8. */
function characterBytes(character: string): number[] {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return [code];
  if (code < 0x800) return [0xc0 | code >> 6, 0x80 | code & 63];
  if (code < 0x10000) return [0xe0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63];
  return [0xf0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63];
}
