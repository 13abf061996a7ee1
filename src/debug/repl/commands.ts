/** All commands, and how a line becomes one of them. */
import { fail, Mistake } from '../mistake.ts';
import type { Command, Interpreter } from './command.ts';
import { LOOKING } from './looking.ts';
import { MACHINE_SIDE } from './machine-side.ts';
import { RUNNING } from './running.ts';
import type { Session } from './session.ts';
import { STOPPING } from './stopping.ts';

/** Files that read files. */
const SOURCES_MAX = 20;

export const COMMANDS: readonly Command[] = [
  ...RUNNING, ...STOPPING, ...LOOKING, ...MACHINE_SIDE,
  { name: 'source', short: ['.'], usage: 'FILE', help: 'the commands of a file, until one goes wrong', completes: 'file', run: (_session, rest, _format, interpreter) => interpreter.source(rest) },
  { name: 'echo', short: [], usage: 'TEXT', help: 'print a text', run: (session, rest) => { session.say(rest); } },
  { name: 'help', short: ['h', '?'], usage: '[COMMAND]', help: 'this list, or one command', completes: 'command', run: (session, rest, _format, interpreter) => { help(session, rest, interpreter.commands); } },
  { name: 'quit', short: ['q', 'exit'], usage: '', help: 'leave the debugger; the program is over', run: session => { session.isOver = true; } },
];

function help(session: Session, rest: string, commands: readonly Command[]): void {
  if (rest !== '') {
    const { name, short, usage, help: text } = commandOf(rest, commands);
    session.say(`${name} ${usage}`.trimEnd());
    session.say(`  ${text}`);
    if (short.length > 0) session.say(`  also: ${short.join(', ')}`);
    return;
  }
  const heads = commands.map(({ name, short }) => [name, ...short.filter(word => word.length <= 2).slice(0, 1)].join(', ')), width = Math.max(...heads.map(head => head.length));
  commands.forEach(({ help: text }, n) => { session.say(`${heads[n]!.padEnd(width)}  ${text}`); });
  session.say('Names may be shortened as long as they are clear. An empty line repeats the last command.');
}
/** By name, by another word for it, or by a beginning that only one has. */
export function commandOf(word: string, commands: readonly Command[]): Command {
  const exact = commands.find(({ name, short }) => name === word || short.includes(word));
  if (exact !== undefined) return exact;
  const found = commands.filter(({ name }) => name.startsWith(word));
  if (found.length === 1) return found[0]!;
  return fail(found.length === 0 ? `no such command: ${word}; see help` : `'${word}' may be ${found.map(({ name }) => name).join(', ')}`);
}

export class CommandLoop implements Interpreter {
  readonly session: Session;
  readonly commands = COMMANDS;
  private readonly read: (path: string) => string | null;
  private last = '';
  private depth = 0;
  constructor(session: Session, read: (path: string) => string | null) { this.session = session; this.read = read; }

  /** Stops at the first line that goes wrong, and says which it was. */
  async source(path: string): Promise<void> {
    if (path === '') fail('source FILE');
    if (this.depth >= SOURCES_MAX) fail(`${path}: files read files ${SOURCES_MAX} deep`);
    const lines = (this.read(path) ?? fail(`${path}: cannot be read`)).split('\n');
    this.depth += 1;
    try {
      for (const [n, line] of lines.entries()) {
        if (this.session.isOver) return;
        try { await this.run(line); } catch (error) { throw error instanceof Mistake ? new Mistake(`${path}:${n + 1}: ${error.message}`) : error; }
      }
    } finally { this.depth -= 1; }
  }
  /** Nothing, or a comment after #, does nothing. A Mistake is the caller's to tell. */
  async run(line: string): Promise<void> {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return;
    const [, word = '', attached, after = ''] = /^([^\s/]+)(?:\/(\w*))?\s*(.*)$/.exec(text) ?? fail(`cannot read '${text}'`);
    const command = commandOf(word, this.commands), apart = attached === undefined && command.usage.startsWith('[/') ? /^\/(\w*)\s*(.*)$/.exec(after) : null;
    const format = attached ?? apart?.[1] ?? '', rest = apart?.[2] ?? after;
    this.last = command.repeats === true ? text.replace(/^(x\b.*?\/\w+|x\b)\s.*$/, '$1') : '';
    await command.run(this.session, rest.trim(), format, this);
  }
  /** What an empty line on a terminal does. */
  async repeat(): Promise<void> { if (this.last !== '') await this.run(this.last); }
}
