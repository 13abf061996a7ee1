#!/usr/bin/env node
/** The command line: argv -> a command. The only place that exits. */
import { complain, STATUS_USAGE, type Command } from './cli/command.ts';
import { describeOptions, readCommandLine, type Option } from './cli/options.ts';
import { bytesOf } from './host/host.ts';
import { NodeHost } from './host/node-host.ts';

const HELP: Option = { name: '--help', value: null, help: 'print this text' };

const COMMANDS: readonly Command[] = [
  {
    name: 'run', operands: '[--] PROGRAM [ARGS]', summary: 'run a static x86-64 Linux program',
    details: 'Files, terminal, environment and working directory are this machine\'s; the exit status is the program\'s, or 128 + the signal that ended it.',
    options: [
      { name: '--strace', value: null, help: 'print system calls and signals on standard error' },
      { name: '--stats', value: null, help: 'print what was counted on standard error at the end' },
      { name: '--env', value: 'NAME=VALUE', help: 'set a variable of the program\'s environment (may be repeated)' },
      HELP,
    ],
    start: async (host, line) => (await import('./cli/run.ts')).run(host, line),
  },
  {
    name: 'disasm', operands: 'FILE', summary: 'print the instructions of an executable',
    details: 'One a line: address, bytes and text, separated by tabs.',
    options: [{ name: '--syntax', value: 'intel|att', choices: ['intel', 'att'], help: 'whose notation (default: intel)' }, HELP],
    start: async (host, line) => (await import('./cli/disasm.ts')).disasm(host, line),
  },
];

async function main(host: NodeHost): Promise<number> {
  const [first, ...words] = host.arguments;
  if (first === '--version') return say(host, `tramp64 ${version(host)}\n`);
  if (first === '--help' || first === '-h' || first === 'help') return help(host, words[0]);
  if (first === undefined) { help(host, undefined, 2); return STATUS_USAGE; }
  const command = COMMANDS.find(row => row.name === first);
  if (command === undefined) {
    const what = first.startsWith('-') ? `unknown option ${first}` : `unknown command '${first}'`;
    return complain(host, `${what}; see tramp64 --help`, STATUS_USAGE);
  }
  const line = readCommandLine(command.name === 'disasm' ? operandsLast(words, command.options) : words, command.options);
  if (typeof line === 'string') return complain(host, `${command.name}: ${line}; see tramp64 ${command.name} --help`, STATUS_USAGE);
  if (line.values.has(HELP.name)) return help(host, command.name);
  return command.start(host, line);
}

/** `disasm FILE --syntax att`: where no program's own arguments follow, options may come after the operands. */
function operandsLast(words: readonly string[], options: readonly Option[]): readonly string[] {
  const ended = words.indexOf('--'), upTo = ended < 0 ? words.length : ended;
  const before: string[] = [], operands: string[] = [];
  for (let i = 0; i < upTo; i++) {
    const word = words[i] ?? '';
    (word.startsWith('-') ? before : operands).push(word);
    if (options.some(option => option.name === word && option.value !== null) && i + 1 < upTo) before.push(words[++i] ?? '');
  }
  return [...before, '--', ...operands, ...words.slice(upTo + 1)];
}

function help(host: NodeHost, name: string | undefined, fd = 1): number {
  const command = COMMANDS.find(row => row.name === name);
  if (name !== undefined && command === undefined) return complain(host, `unknown command '${name}'; see tramp64 --help`, STATUS_USAGE);
  if (command !== undefined) {
    return say(host, `usage: tramp64 ${command.name} [options] ${command.operands}\n\n${command.summary}\n${command.details}\n\n${describeOptions(command.options)}`, fd);
  }
  const rows = COMMANDS.map(row => `  ${row.name.padEnd(8)} ${row.summary}\n`).join('');
  return say(host, `usage: tramp64 COMMAND [options] ...\n\n${rows}\n  tramp64 COMMAND --help   says more\n  tramp64 --version\n`, fd);
}
function say(host: NodeHost, text: string, fd = 1): number { host.write(fd, bytesOf(text), null); return 0; }

/** From the package's own description, which lies beside `src` and `dist`. */
function version(host: NodeHost): string {
  const fd = host.open(new URL('../package.json', import.meta.url).pathname, 0, 0), bytes = new Uint8Array(4096);
  const text = String.fromCharCode(...bytes.subarray(0, Math.max(0, host.read(fd, bytes, 0))));
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

/** A mistake of the emulator's own: said in a sentence too. */
async function guarded(host: NodeHost): Promise<number> {
  const STATUS_BROKEN = 70;
  try { return await main(host); } catch (error) {
    return complain(host, `internal error: ${error instanceof Error ? error.message : String(error)}`, STATUS_BROKEN);
  }
}

process.exit(await guarded(new NodeHost()));
