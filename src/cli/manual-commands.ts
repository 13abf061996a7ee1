/** `tramp64 completion` and `tramp64 man`: what manual.ts makes of the commands, on standard output. */
import { complain, STATUS_USAGE, type Command, type CommandHost } from './command.ts';
import { printed } from './files.ts';
import { completion, manualPage, SHELLS } from './manual.ts';
import type { CommandLine } from './options.ts';

export function printCompletion(host: CommandHost, { operands: [name, extra] }: CommandLine, commands: readonly Command[]): number {
  const shell = SHELLS.find(each => each === name);
  if (shell === undefined || extra !== undefined) return complain(host, `completion: for which shell? ${SHELLS.join(', ')}`, STATUS_USAGE);
  return printed(host, completion(shell, commands));
}
export function printManual(host: CommandHost, commands: readonly Command[], version: string): number { return printed(host, manualPage(commands, version)); }
