/** What a command of `tramp64` is: the table in cli.ts has one a row. */
import type { NodeHost } from '../host/node-host.ts';
import type { CommandLine, Option } from './options.ts';

export interface Command {
  readonly name: string;
  /** What comes after `tramp64 NAME [options]`. */
  readonly operands: string;
  readonly summary: string;
  readonly details: string;
  readonly options: readonly Option[];
  /** Loads the command's own modules: a program started by `run` does not wait for the disassembler's. Returns the exit status. */
  readonly start: (host: NodeHost, line: CommandLine) => Promise<number>;
}

/** One sentence about a mistake of the user's, on standard error. */
export function complain(host: NodeHost, sentence: string, status: number): number {
  host.report(`tramp64: ${sentence}`);
  return status;
}
export const STATUS_USAGE = 2;
