/** Reads a command line against a table of options (getopt_long(3)): `--` ends them; so does an operand, unless the two may mix. */

export interface Option {
  /** With its dashes. */
  readonly name: string;
  /** What the value is called in the help text; null: a switch. */
  readonly value: string | null;
  /** The values there are; null: any. */
  readonly choices: readonly string[] | null;
  readonly help: string;
}
/** A switch. */
export function flag(name: string, help: string): Option { return { name, value: null, choices: null, help }; }
/** An option with a value. */
export function option(name: string, value: string, help: string): Option { return { name, value, choices: null, help }; }
/** An option with one of these. */
export function choice(name: string, choices: readonly string[], help: string): Option { return { name, value: choices.join('|'), choices, help }; }

export interface CommandLine {
  /** Values by option name, in order; a switch has '' for each time it was given. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
  /** Options with their values as they came. */
  readonly given: readonly (readonly [name: string, value: string])[];
}

/** What an option was given last; undefined: it was not. With `choices` it is one of these. */
export function lastValue<Value extends string = string>({ values }: CommandLine, name: string): Value | undefined { return values.get(name)?.at(-1) as Value | undefined; }

/** The command line, or one sentence on what is wrong with it. */
export function readCommandLine(words: readonly string[], options: readonly Option[], mixes = false): CommandLine | string {
  const values = new Map<string, string[]>(), operands: string[] = [], given: [string, string][] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') { at += 1; break; }
    if (!word.startsWith('-') || word === '-') {
      if (!mixes) break;
      operands.push(word);
      continue;
    }
    const [name = '', ...rest] = word.split('=');
    const option = options.find(candidate => candidate.name === name);
    if (option === undefined) return `unknown option ${name}`;
    let value = rest.join('=');
    if (option.value === null && rest.length > 0) return `option ${name} takes no value`;
    if (option.value !== null && rest.length === 0) {
      at += 1;
      if (at >= words.length) return `option ${name} needs a value: ${name} ${option.value}`;
      value = words[at] ?? '';
    }
    const isChoice = option.choices?.includes(value) ?? true;
    if (!isChoice) return `option ${name} is one of ${option.choices?.join(', ') ?? ''}, not '${value}'`;
    values.set(name, [...values.get(name) ?? [], value]);
    given.push([name, value]);
  }
  return { values, operands: [...operands, ...words.slice(at)], given };
}
