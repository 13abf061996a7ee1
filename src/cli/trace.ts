/** `tramp64 run --trace FILE`: a program that is written down as it runs (src/debug/README.md, "Traces"). */
import { TraceFilter } from '../debug/trace-filter.ts';
import { TracedMachine } from '../debug/traced-machine.ts';
import { bytesOf } from '../host/host.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { type CommandLine, lastValue } from './options.ts';
import { type Prepared, printStats } from './run.ts';

const O_WRONLY = 1, O_CREAT = 0o100, O_TRUNC = 0o1000, BLOCK_CHARACTERS = 1 << 16;
/** Nearly always; and Node encodes that a hundred times as fast. */
const ASCII = /^[\0-\x7f]*$/;

export function runTraced(host: CommandHost, line: CommandLine, { files, path, argv, environment, machine }: Prepared): number {
  const name = lastValue(line, '--trace') ?? '', filter = TraceFilter.of(line.values.get('--trace-filter') ?? []);
  if (typeof filter === 'string') return complain(host, filter, STATUS_USAGE);
  const fd = host.open(name.startsWith('/') ? name : `${host.directory}/${name}`, O_WRONLY | O_CREAT | O_TRUNC, 0o666);
  if (fd < 0) return complain(host, `${name}: cannot be written`, STATUS_USAGE);
  const encoder = new TextEncoder();
  let text = `# tramp64 trace 1: ${argv.join(' ').replaceAll('\n', ' ')}\n`, hasFailed = false;
  const flush = (): void => { hasFailed ||= host.write(fd, ASCII.test(text) ? encoder.encode(text) : bytesOf(text), null) < text.length; text = ''; };
  const traced = new TracedMachine(machine(), filter, record => {
    text += `${record}\n`;
    if (text.length >= BLOCK_CHARACTERS) flush();
  });
  const refusal = traced.exec(path, argv, environment);
  if (refusal !== null) { host.close(fd); return complain(host, refusal.sentence, refusal.status); }
  files.seal();
  const { status } = traced.trace();
  flush();
  host.close(fd);
  if (line.values.has('--stats')) printStats(host, traced.stats());
  return hasFailed ? complain(host, `${name}: could not be written to its end`, STATUS_USAGE) : status;
}
