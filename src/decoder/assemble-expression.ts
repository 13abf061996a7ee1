/** Tokens and expressions of the assembler: numbers, symbols, `.`, + - * / % & | ^ << >> ~ and parentheses (as(1), "Expressions"). */

/** The user's mistake, as a sentence with its line. */
export class AssembleError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

export type TokenKind = 'name' | 'number' | 'string' | 'mark' | 'end';
export interface Token { readonly kind: TokenKind; readonly text: string; readonly value: bigint }

const END: Token = { kind: 'end', text: 'the end of the line', value: 0n };
/** Numbers and numeric labels, names, strings, characters, marks: one group each. */
const PARTS = [
  /(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+[bf](?![\w.$])|\d+)/,
  /([A-Za-z_.$][\w.$]*)/, /"((?:[^"\\]|\\.)*)"/, /'(\\.|[^'\\])'?/, /(<<|>>|[-+*/%&|^~()[\],:=])/,
];
const PATTERN = new RegExp(`\\s*(?:${PARTS.map(part => part.source).join('|')})`, 'y');
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** The text that an escaped string stands for; \123 is octal, \x41 hexadecimal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]+|.)/g, (_, escape: string) => {
    if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8) & 0xff);
    if (escape.length > 1) return String.fromCharCode(parseInt(escape.slice(1), 16) & 0xff);
    return ESCAPES[escape] ?? escape;
  });
}

/** `text` without its comment: `#` and `;` start one outside strings and character constants. */
export function withoutComment(text: string): string {
  return /^(?:[^"'#;]|"(?:[^"\\]|\\.)*"|'(?:\\.|[^\\])'?)*/.exec(text)?.[0] ?? '';
}

export class Tokens {
  readonly line: number;
  private readonly all: readonly Token[];
  private at = 0;

  constructor(text: string, line: number) {
    this.line = line;
    this.all = tokensOf(text, line);
  }

  peek(ahead = 0): Token { return this.all[this.at + ahead] ?? END; }
  next(): Token { const token = this.peek(); this.at++; return token; }
  is(text: string): boolean { return this.peek().kind !== 'string' && this.peek().text.toLowerCase() === text && this.peek().kind !== 'end'; }
  isEnd(): boolean { return this.peek().kind === 'end'; }
  /** Takes `text` if it comes next. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  expect(text: string): void {
    if (!this.take(text)) this.fail(`expected ${text}, found ${this.peek().text}`);
  }
  expectEnd(): void {
    if (!this.isEnd()) this.fail(`${this.peek().text} is not expected here`);
  }
  fail(message: string): never { throw new AssembleError(this.line, message); }
}

function tokensOf(text: string, line: number): Token[] {
  const pattern = new RegExp(PATTERN);
  const end = text.trimEnd().length;
  const tokens: Token[] = [];
  while (pattern.lastIndex < end) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new AssembleError(line, `cannot read ${text.slice(start).trim()}`);
    const [, number, name, string, character, mark] = match;
    if (number !== undefined && /^\d+[bf]$/.test(number)) tokens.push({ kind: 'name', text: number, value: 0n });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, value: numberOf(number) });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, value: 0n });
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescaped(string), value: 0n });
    else if (character !== undefined) tokens.push({ kind: 'number', text: character, value: BigInt(unescaped(character).charCodeAt(0)) });
    else tokens.push({ kind: 'mark', text: mark ?? '', value: 0n });
  }
  return tokens;
}

/** As C reads numbers: a leading 0 is octal. */
function numberOf(text: string): bigint { return BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text); }

/** Gives a symbol its value: a constant, or an address that may still move. */
export type Lookup = (name: string) => bigint;

export interface Expression {
  readonly evaluate: (lookup: Lookup) => bigint;
  /** No symbol takes part that is still to be placed: the value is known, and short encodings may be chosen by it. */
  readonly isConstant: boolean;
  /** Addresses added less addresses subtracted: `end - start` is a number, `start + 8` a place. */
  readonly addresses: number;
}

export function constant(value: bigint): Expression { return { evaluate: () => value, isConstant: true, addresses: 0 }; }

export function combine(a: Expression, b: Expression, compute: (a: bigint, b: bigint) => bigint): Expression {
  if (a.isConstant && b.isConstant) return constant(compute(a.evaluate(unknown), b.evaluate(unknown)));
  // The counts go the way of the values: a difference of two addresses is a number, so is an address masked or scaled.
  const addresses = Number(compute(BigInt(a.addresses), BigInt(b.addresses)));
  return { evaluate: lookup => compute(a.evaluate(lookup), b.evaluate(lookup)), isConstant: false, addresses };
}
export function valueOf(expression: Expression): bigint { return expression.evaluate(unknown); }
function unknown(): bigint { return 0n; }

/** What a name means while the source is read: a known constant, or a symbol to be looked up. */
export type Names = (name: string, tokens: Tokens) => Expression;

interface Operator { readonly precedence: number; readonly compute: (a: bigint, b: bigint) => bigint }

/** Binary operators with as's precedences: multiplicative first, then bits, then sums. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  '*': { precedence: 3, compute: (a, b) => a * b },
  '/': { precedence: 3, compute: (a, b) => b === 0n ? 0n : a / b },
  '%': { precedence: 3, compute: (a, b) => b === 0n ? 0n : a % b },
  '<<': { precedence: 3, compute: (a, b) => b > 63n || b < 0n ? 0n : a << b },
  '>>': { precedence: 3, compute: (a, b) => b > 63n || b < 0n ? 0n : BigInt.asUintN(64, a) >> b },
  '|': { precedence: 2, compute: (a, b) => a | b },
  '&': { precedence: 2, compute: (a, b) => a & b },
  '^': { precedence: 2, compute: (a, b) => a ^ b },
  '+': { precedence: 1, compute: (a, b) => a + b },
  '-': { precedence: 1, compute: (a, b) => a - b },
};

export function parseExpression(tokens: Tokens, names: Names, precedence = 1): Expression {
  let left = parseUnary(tokens, names);
  for (;;) {
    const operator = OPERATORS[tokens.peek().kind === 'mark' ? tokens.peek().text : ''];
    if (operator === undefined || operator.precedence < precedence) return left;
    tokens.next();
    left = combine(left, parseExpression(tokens, names, operator.precedence + 1), operator.compute);
  }
}

function parseUnary(tokens: Tokens, names: Names): Expression {
  const token = tokens.next();
  if (token.kind === 'number') return constant(token.value);
  if (token.kind === 'name') return names(token.text, tokens);
  if (token.kind === 'mark') {
    if (token.text === '-') return combine(constant(0n), parseUnary(tokens, names), (a, b) => a - b);
    if (token.text === '~') return combine(constant(-1n), parseUnary(tokens, names), (a, b) => a ^ b);
    if (token.text === '+') return parseUnary(tokens, names);
    if (token.text === '(') {
      const inner = parseExpression(tokens, names);
      tokens.expect(')');
      return inner;
    }
  }
  return tokens.fail(`expected a value, found ${token.text}`);
}
