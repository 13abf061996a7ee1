/** `tramp64 disasm`: the executable sections of an ELF file, one instruction a line. */
import { disasmElf } from '../decoder/disasm.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import { parseElf } from '../loader/elf.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { type CommandLine, lastValue } from './options.ts';

const WRITE_BYTES = 1 << 16;

export function disasm(host: CommandHost, line: CommandLine): number {
  const [path, extra] = line.operands;
  if (path === undefined || extra !== undefined) {
    return complain(host, 'disasm: one file, please. Usage: tramp64 disasm FILE [--syntax intel|att]', STATUS_USAGE);
  }
  const bytes = readFile(host, path);
  if (typeof bytes === 'string') return complain(host, `${path}: ${bytes}`, STATUS_USAGE);
  const image = parseElf(bytes, 'read');
  if (typeof image === 'string') return complain(host, `${path}: ${image}`, STATUS_USAGE);
  const syntax = lastValue(line, '--syntax') === 'att' ? 'att' : 'intel';
  let text = '';
  for (const row of disasmElf(image, { syntax })) {
    text += row + '\n';
    if (text.length < WRITE_BYTES) continue;
    if (host.write(1, bytesOf(text), null) < 0) return 0; // The reader has gone: head(1) has seen enough.
    text = '';
  }
  host.write(1, bytesOf(text), null);
  return 0;
}

/** The whole file, or what is wrong with it. */
function readFile(host: CommandHost, path: ByteString): Uint8Array | string {
  const whole = path.startsWith('/') ? path : `${host.directory}/${path}`;
  const stat = host.stat(whole, true);
  if (typeof stat === 'number') return 'no such file';
  if ((stat.mode & 0o170000) !== 0o100000) return 'not a regular file';
  const fd = host.open(whole, 0, 0);
  if (fd < 0) return 'permission denied';
  const bytes = new Uint8Array(stat.size);
  let done = 0;
  while (done < bytes.length) {
    const got = host.read(fd, bytes.subarray(done), done);
    if (got <= 0) break;
    done += got;
  }
  host.close(fd);
  return bytes.subarray(0, done);
}
