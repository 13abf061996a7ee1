/** Names for addresses, in reports: from the symbols of whatever file lies there. */
import type { Va } from '../base/types.ts';
import { lastName } from '../host/path.ts';
import { parseElf, symbolise } from '../loader/elf.ts';
import { HostPages } from './pages.ts';
import type { KernelProcess } from './process.ts';

/** `main+0x10`; of another file than the program `strlen+0x10 in libc.so.6`, or where in it; null: nothing is known. */
export function symbolAt(process: KernelProcess, address: Va): string | null {
  const { image, bias, path } = process.executable, vma = process.memory.find(address);
  if (!(vma?.object instanceof HostPages)) return symbolise(image, address - bias);
  const pages = vma.object, file = parseElf({ length: pages.stat.size, read: (at, length) => pages.bytes(at, length) }, 'read');
  if (typeof file === 'string') return null;
  const offset = vma.offset + address - vma.start, segment = file.segments.find(s => offset >= s.offset && offset < s.offset + s.fileBytes);
  if (segment === undefined) return null;
  const at = segment.address + offset - segment.offset, name = symbolise(file, at), ofFile = lastName(pages.name);
  if (pages.name === path) return name;
  return name === null ? `${ofFile}+0x${at.toString(16)}` : `${name} in ${ofFile}`;
}
