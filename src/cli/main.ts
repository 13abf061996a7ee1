/** From words to a command: what `tramp64` says when it is asked for help, and when it does not understand. */
import { bytesOf } from '../host/host.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { COMMANDS } from './commands.ts';
import { readCommandLine } from './options.ts';
import { HELP, RUN } from './run-command.ts';

/** Returns the exit status. `manifest`: path of the package's package.json, for `--version`. */
export async function main(host: CommandHost, manifest = ''): Promise<number> {
  const [first, ...words] = host.arguments;
  if (first === '--version') return say(host, `tramp64 ${version(host, manifest)}\n`);
  if (first === '--help' || first === '-h' || first === 'help') return help(host, words[0]);
  if (first === undefined) { await help(host, undefined, 2); return STATUS_USAGE; }
  const command = first === RUN.name ? RUN : COMMANDS.find(row => row.name === first);
  if (command === undefined) {
    const what = first.startsWith('-') ? `unknown option ${first}` : `unknown command '${first}'`;
    return complain(host, `${what}; see tramp64 --help`, STATUS_USAGE);
  }
  const line = readCommandLine(words, command.options, command.mixesOptions === true);
  if (typeof line === 'string') return complain(host, `${command.name}: ${line}; see tramp64 ${command.name} --help`, STATUS_USAGE);
  if (line.values.has(HELP.name)) return help(host, command.name);
  if (command !== RUN) host.optimise?.('baseline'); // That one knows how long its program runs.
  return command.start(host, line, () => version(host, manifest));
}

async function help(host: CommandHost, name: string | undefined, fd = 1): Promise<number> {
  const command = COMMANDS.find(row => row.name === name);
  if (name !== undefined && command === undefined) return complain(host, `unknown command '${name}'; see tramp64 --help`, STATUS_USAGE);
  const { helpOf, overview } = await import('./manual.ts');
  return say(host, command === undefined ? overview(COMMANDS) : helpOf(command), fd);
}
async function say(host: CommandHost, text: string, fd = 1): Promise<number> {
  if (fd === 1) return (await import('./files.ts')).printed(host, text);
  host.write(fd, bytesOf(text), null);
  return 0;
}

/** From the package's own description. */
function version(host: CommandHost, manifest: string): string {
  const fd = host.open(manifest, 0, 0), bytes = new Uint8Array(4096);
  const text = String.fromCharCode(...bytes.subarray(0, Math.max(0, host.read(fd, bytes, 0))));
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
