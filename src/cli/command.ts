/** What a command of `tramp64` is: the table in commands.ts has one a row. */
import type { PrebuiltSource } from '../exec/threaded/prebuilt.ts';
import type { ByteString, Host } from '../host/host.ts';
import type { Effort } from '../host/v8-flags.ts';
import type { CommandLine, Option } from './options.ts';

export interface CommandHost extends Host {
  /** What came after `tramp64`. */
  readonly arguments: readonly ByteString[];
  /** What is to be done, from now on, about functions of ours that run often. It never becomes less. */
  optimise?(effort: Effort): void;
  /** What results were measured with, for those who wonder. */
  readonly description?: { readonly node: string; readonly platform: string };
  /** What was generated in advance. */
  readonly prebuilt?: PrebuiltSource;
  /** Translated code that stays from run to run, by name; absent: none does. */
  readonly keptFiles?: KeptFiles;
  /** Signals to the emulator itself are told, at the next turn of the event loop, and do nothing else. Returns what ends that. */
  onSignals?(names: readonly string[], listener: (name: string) => void): () => void;
  /** Lets what happens outside be told. */
  breathe?(): Promise<void>;
  /** Another process of this program, with these words. */
  helper?(words: readonly string[]): Helper;
  /** How many processes can work at once. */
  readonly processors?: number;
}
/** Files of the emulator's own. What cannot be read is not there, and what cannot be written is not. */
export interface KeptFiles {
  /** Tells this build of the emulator from others. */
  readonly stamp: string;
  /** Puts what there is into `into`; gives how many bytes, 0: there is none, or no room for it. */
  read(name: string, into: Uint8Array): number;
  write(name: string, bytes: Uint8Array): void;
}
/** It answers lines with lines. */
export interface Helper {
  /** null: it has ended. One question at a time. */
  ask(line: string): Promise<string | null>;
  end(): void;
}
export interface Command {
  readonly name: string;
  /** What comes after `tramp64 NAME [options]`. */
  readonly operands: string;
  readonly summary: string;
  readonly details: string;
  readonly options: readonly Option[];
  /** Options may come after operands: nothing after them is a program's own. */
  readonly mixesOptions?: boolean;
  /** What its operands may be, where they are words and no files. */
  readonly words?: readonly string[];
  /** Loads the command's own modules: a program started by `run` does not wait for the disassembler's. Returns the exit status. */
  readonly start: (host: CommandHost, line: CommandLine, version: () => string) => Promise<number>;
}

/** One sentence about a mistake of the user's, on standard error. */
export function complain(host: Host, sentence: string, status: number): number {
  host.report(`tramp64: ${sentence}`);
  return status;
}
export const STATUS_USAGE = 2, STATUS_NOT_WRITTEN = 3;
