/** Files of the user's that commands read and write: whole, or not at all. */
import { EPIPE } from '../base/errno.ts';
import { ErrnoTable } from '../host/errno-table.ts';
import { bytesOf, utf8Bytes, type ByteString, type Host } from '../host/host.ts';
import { complain, STATUS_NOT_WRITTEN } from './command.ts';

const S_IFMT = 0o170000, S_IFREG = 0o100000, S_IFDIR = 0o040000, WRITES_NEW = 0o1101, APPENDS = 0o2101, MODE = 0o666;
const CHUNK_BYTES = 1 << 16;

export function wholePath(host: Host, path: ByteString): ByteString { return path.startsWith('/') ? path : `${host.directory}/${path}`; }

/** All of it, or what is wrong with it. */
export function readFile(host: Host, path: ByteString): Uint8Array | string {
  const whole = wholePath(host, path), stat = host.stat(whole, true);
  if (typeof stat === 'number') return 'no such file';
  if ((stat.mode & S_IFMT) !== S_IFREG) return 'not a regular file';
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
/** As UTF-8. */
export function readText(host: Host, path: ByteString): string | { readonly wrong: string } {
  const bytes = readFile(host, path);
  return typeof bytes === 'string' ? { wrong: bytes } : new TextDecoder().decode(bytes);
}

/** null: it is there, with all of `text`. Otherwise what went wrong: then it is as it was before. */
export function writeText(host: Host, path: ByteString, text: string): string | null {
  const whole = wholePath(host, path), stat = host.stat(whole, true), bytes = bytesOf(utf8Bytes(text));
  if (typeof stat !== 'number' && (stat.mode & S_IFMT) === S_IFDIR) return 'it is a directory';
  const isSpecial = typeof stat !== 'number' && (stat.mode & S_IFMT) !== S_IFREG;
  if (isSpecial) return write(host, whole, WRITES_NEW, bytes);
  const part = `${whole}.part`, wrong = write(host, part, WRITES_NEW, bytes) ?? sentence(host.rename(part, whole));
  if (wrong !== null) host.unlink(part);
  return wrong;
}
/** At the end of what is there. */
export function appendText(host: Host, path: ByteString, text: string): string | null {
  const whole = wholePath(host, path), stat = host.stat(whole, true);
  return write(host, whole, APPENDS, bytesOf(utf8Bytes(text)), typeof stat === 'number' ? 0 : stat.size);
}
export function makeDirectory(host: Host, path: ByteString): string | null {
  const whole = wholePath(host, path), stat = host.stat(whole, true);
  if (typeof stat !== 'number') return (stat.mode & S_IFMT) === S_IFDIR ? null : 'it is no directory';
  return sentence(host.mkdir(whole, 0o777 & ~host.umask));
}
/** On standard output. A reader that has gone has seen enough. */
export function print(host: Host, text: string): string | null {
  const bytes = bytesOf(utf8Bytes(text));
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const result = host.write(1, bytes.subarray(at, at + CHUNK_BYTES), null);
    if (result === -EPIPE) return null;
    if (result < Math.min(CHUNK_BYTES, bytes.length - at)) return sentence(Math.min(result, 0)) ?? 'it was cut short';
  }
  return null;
}
/** The exit status: a sentence says why it could not be printed. */
export function printed(host: Host, text: string): number {
  const wrong = print(host, text);
  return wrong === null ? 0 : complain(host, `standard output: ${wrong}`, STATUS_NOT_WRITTEN);
}
function write(host: Host, path: ByteString, flags: number, bytes: Uint8Array, at: number | null = null): string | null {
  const fd = host.open(path, flags, MODE & ~host.umask);
  if (fd < 0) return sentence(fd);
  const written = host.write(fd, bytes, at);
  host.close(fd);
  return written === bytes.length ? null : sentence(Math.min(written, 0)) ?? 'the disk is full';
}
/** Of -errno; null: it is none. */
function sentence(result: number): string | null {
  if (result >= 0) return null;
  const name = new ErrnoTable().byNumber(-result)?.name ?? `error ${-result}`;
  return WORDS[name] ?? name;
}
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory', EACCES: 'permission denied', EROFS: 'the file system cannot be written', ENOSPC: 'the disk is full', EISDIR: 'it is a directory', ENOTDIR: 'no such directory', EFBIG: 'it would be too large',
};
