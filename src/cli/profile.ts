/** `tramp64 run --profile FILE --events FILE`: a program that is looked at as it runs (src/debug/README.md, "Profiles"). */
import { ProfiledMachine } from '../debug/profiled-machine.ts';
import { bytesOf, utf8Bytes } from '../host/host.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { wholePath, writeText } from './files.ts';
import { type CommandLine, lastValue } from './options.ts';
import { type Prepared, printStats, runToEnd } from './run.ts';

const O_WRONLY = 1, O_CREAT = 0o100, O_TRUNC = 0o1000, BLOCK_CHARACTERS = 1 << 16;

export function runProfiled(host: CommandHost, line: CommandLine, { files, path, argv, environment, machine: options }: Prepared): number {
  const profile = lastValue(line, '--profile'), events = lastValue(line, '--events');
  const fd = events === undefined ? -1 : host.open(wholePath(host, events), O_WRONLY | O_CREAT | O_TRUNC, 0o666);
  if (events !== undefined && fd < 0) return complain(host, `${events}: cannot be written`, STATUS_USAGE);
  let text = '', wrong: string | null = null;
  const flush = (): void => {
    const bytes = bytesOf(utf8Bytes(text));
    if (host.write(fd, bytes, null) < bytes.length) wrong ??= `${events ?? ''}: could not be written to its end`;
    text = '';
  };
  const machine = new ProfiledMachine(options(), { isSampled: profile !== undefined, put: events === undefined ? null : more => { text += more; if (text.length >= BLOCK_CHARACTERS) flush(); } });
  const refusal = machine.exec(path, argv, environment);
  if (refusal !== null) { if (fd >= 0) host.close(fd); return complain(host, refusal.sentence, refusal.status); }
  files.seal();
  const { status } = runToEnd(host, machine);
  if (fd >= 0) { flush(); host.close(fd); }
  if (profile !== undefined && machine.profile !== null) {
    const failure = writeText(host, profile, machine.profile.folded());
    if (failure !== null) wrong ??= `${profile}: ${failure}`;
  }
  if (line.values.has('--stats')) printStats(host, machine.stats());
  return wrong === null ? status : complain(host, wrong, STATUS_USAGE);
}
