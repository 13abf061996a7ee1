/** `tramp64 diff A B`: where two traces part (as cmp(1) and diff(1) tell by their status). Reads them side by side, so that they may be of any size. */
import { byteString, bytesOf, type ByteString } from '../host/host.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { type CommandLine, lastValue } from './options.ts';

const BLOCK_BYTES = 1 << 18, CONTEXT = 5, NEWLINE = 10, COMMENT = '#';
const STATUS_SAME = 0, STATUS_DIFFERENT = 1;

/** Lines of a file, without comments. */
class Lines {
  /** Of the line given last, from 1 on. */
  number = 0;
  hasFailed = false;
  private readonly host: CommandHost;
  private readonly fd: number;
  private readonly block = new Uint8Array(BLOCK_BYTES);
  private lines: readonly string[] = [];
  private at = 0;
  private rest = '';
  private isDone = false;
  constructor(host: CommandHost, fd: number) { this.host = host; this.fd = fd; }

  /** null: there are no more. */
  next(): ByteString | null {
    for (;;) {
      if (this.at < this.lines.length) {
        const line = this.lines[this.at]!;
        this.at += 1; this.number += 1;
        if (!line.startsWith(COMMENT)) return line;
      } else if (!this.fill()) return null;
    }
  }
  private fill(): boolean {
    if (this.isDone) return false;
    const got = this.host.read(this.fd, this.block, null);
    if (got <= 0) {
      this.hasFailed = got < 0;
      this.isDone = true;
      this.lines = this.rest === '' ? [] : [this.rest];
    } else {
      const end = this.block.subarray(0, got).lastIndexOf(NEWLINE), text = this.rest + byteString(this.block.subarray(0, end + 1));
      this.rest = end === -1 ? text + byteString(this.block.subarray(0, got)) : byteString(this.block.subarray(end + 1, got));
      this.lines = end === -1 ? [] : text.slice(0, -1).split('\n');
    }
    this.at = 0;
    return true;
  }
}

export function diff(host: CommandHost, line: CommandLine): number {
  const [a, b, extra] = line.operands, context = Number(lastValue(line, '--context') ?? CONTEXT);
  if (a === undefined || b === undefined || extra !== undefined) return complain(host, 'diff: two traces, please. Usage: tramp64 diff A B', STATUS_USAGE);
  if (!Number.isInteger(context) || context < 0 || context > 10_000) return complain(host, `diff: option --context takes a number of records, not '${lastValue(line, '--context')}'`, STATUS_USAGE);
  const files: Lines[] = [];
  for (const name of [a, b]) {
    const fd = host.open(name.startsWith('/') ? name : `${host.directory}/${name}`, 0, 0);
    if (fd < 0) return complain(host, `diff: ${name}: cannot be read`, STATUS_USAGE);
    files.push(new Lines(host, fd));
  }
  const [first, second] = files as [Lines, Lines], before: ByteString[] = [];
  for (;;) {
    const left = first.next(), right = second.next();
    if (first.hasFailed || second.hasFailed) return complain(host, `diff: ${first.hasFailed ? a : b}: cannot be read`, STATUS_USAGE);
    if (left === right && left === null) return STATUS_SAME;
    if (left === right) { before.push(left!); if (before.length > context) before.shift(); continue; }
    host.write(1, bytesOf([
      `${a}:${left === null ? 'end' : first.number} and ${b}:${right === null ? 'end' : second.number} differ`,
      ...before.map(text => `  ${text}`), ...following(first, left, context).map(text => `- ${text}`), ...following(second, right, context).map(text => `+ ${text}`), '',
    ].join('\n')), null);
    return STATUS_DIFFERENT;
  }
}
/** A line, and some after it. */
function following(lines: Lines, line: ByteString | null, context: number): readonly ByteString[] {
  if (line === null) return ['(ends here)'];
  const found = [line];
  for (let next = found.length <= context ? lines.next() : null; next !== null; next = found.length <= context ? lines.next() : null) found.push(next);
  return found;
}
