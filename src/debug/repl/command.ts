/** What a command of the debugger is: the tables have one a row. Help and completion come from them. */
import type { Session } from './session.ts';

/** What may come next: names of commands, symbols, registers, files, or one of some words. */
export type Completion = 'command' | 'symbol' | 'expression' | 'register' | 'file' | readonly string[];
export interface Interpreter {
  readonly session: Session;
  readonly commands: readonly Command[];
  /** Runs a line as if it had been typed. */
  run(line: string): Promise<void>;
  /** The lines of a file of the user's. */
  source(path: string): Promise<void>;
}
export interface Command {
  readonly name: string;
  /** Other words for it. */
  readonly short: readonly string[];
  readonly usage: string;
  /** One line. */
  readonly help: string;
  readonly completes?: Completion;
  /** An empty line does it again. */
  readonly repeats?: boolean;
  /** `format`: what came after a slash. */
  readonly run: (session: Session, rest: string, format: string, interpreter: Interpreter) => void | Promise<void>;
}
