/** `tramp64 disasm`: the executable sections of an ELF file, one instruction a line. */
import { disasmElf } from '../decoder/disasm.ts';
import { bytesOf } from '../host/host.ts';
import { parseElf } from '../loader/elf.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { readFile } from './files.ts';
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
