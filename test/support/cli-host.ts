/** A host for command lines: a table in memory that also keeps what would go to standard error. */
import type { CommandHost } from '../../src/cli/command.ts';
import { byteString } from '../../src/host/host.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';

export class CliHost extends MemoryHost implements CommandHost {
  errors = '';
  readonly arguments: readonly string[];
  constructor(args: readonly string[], files: Readonly<Record<string, readonly [contents: string | Uint8Array, mode?: number]>> = {}) {
    super();
    this.arguments = args;
    for (const [path, [contents, mode]] of Object.entries(files)) this.put(path, contents, mode);
  }
  override write(fd: number, from: Uint8Array, at: number | null): number {
    if (fd !== 2) return super.write(fd, from, at);
    this.errors += byteString(from);
    return from.length;
  }
  breathe(): Promise<void> { return new Promise(resolve => { setImmediate(resolve); }); }
  override report(line: string): void { this.errors += line + '\n'; }
}
