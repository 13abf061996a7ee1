/**
 * The dynamic loader's list of what it loaded, and thread-local storage by it, as they are in the guest's memory (System V gABI, "Dynamic Section";
 * glibc's <link.h>; U. Drepper, "ELF Handling For Thread-Local Storage", variant II).
 */
import { byteString, type ByteString } from '../../host/host.ts';
import type { KernelProcess } from '../../syscalls/process.ts';

const PT_DYNAMIC = 2, PT_TLS = 7, DT_DEBUG = 21, PROGRAM_HEADER_BYTES = 56, DYNAMIC_BYTES = 16, ENTRIES_MAX = 1024, PATH_MAX = 4096;
const MAP = { bias: 0, name: 8, dynamic: 16, next: 24 } as const, R_MAP = 8;
/** Of program headers, and of a file's header, which the first segment begins with. */
const HEADER = { address: 16, memoryBytes: 40, alignment: 48 } as const, ELF_MAGIC = 0x464c457f, E_PHOFF = 32, E_PHNUM = 56;
/** Where a thread finds its vector of blocks, and what one entry of glibc's takes: the block's address first. */
const THREAD_VECTOR = 8, VECTOR_ENTRY_BYTES = 16;

/** What is loaded, at `bias`; `map` is its struct link_map. The program is the first. */
export interface Loaded { readonly name: ByteString; readonly map: number; readonly bias: number; readonly dynamic: number }

export function libraries(process: KernelProcess): readonly Loaded[] {
  const { memory } = process, read = wordsOf(process), list: Loaded[] = [], seen = new Set<number>(), debug = debugOf(process);
  for (let at = debug === 0 ? 0 : read(debug + R_MAP); at !== 0 && !seen.has(at) && seen.size < ENTRIES_MAX; at = read(at + MAP.next)) {
    seen.add(at);
    const bytes = memory.peek(read(at + MAP.name), PATH_MAX), name = byteString(bytes.subarray(0, Math.max(0, bytes.indexOf(0))));
    list.push({ name, map: at, bias: read(at + MAP.bias), dynamic: read(at + MAP.dynamic) });
  }
  return list;
}

/** Where a thread has a variable that is `offset` bytes into the block of what `map` names (0: of the program); null: nobody knows. */
export function threadLocal(process: KernelProcess, threadPointer: number, offset: number, map: number): number | null {
  const list = libraries(process), at = list.findIndex(each => each.map === map);
  if (map === 0 || at === 0) {
    const header = headersOf(process).find(({ type }) => type === PT_TLS);
    return header === undefined ? null : threadPointer - blockOffset(header) + offset;
  }
  if (at === -1) return null;
  // Modules have numbers in the order they were loaded in, from 1; those without such storage have none.
  const [main, ...others] = list.slice(0, at + 1).map((each, k) => (k === 0 ? headersOf(process) : headersAt(process, each.bias)).some(({ type }) => type === PT_TLS));
  if (others.at(-1) !== true) return null;
  const number = [main, ...others].filter(has => has === true).length, read = wordsOf(process), block = read(read(threadPointer + THREAD_VECTOR) + number * VECTOR_ENTRY_BYTES);
  // Storage that was never touched is not there yet: glibc writes -1.
  return block === 0 || block > Number.MAX_SAFE_INTEGER ? null : block + offset;
}
/** How far before the thread pointer the program's block begins: its size, aligned as its address is. */
function blockOffset({ address, memoryBytes, alignment }: Header): number {
  const align = Math.max(1, alignment), first = (align - address % align) % align;
  return Math.ceil((memoryBytes - first) / align) * align + first;
}

interface Header { readonly type: number; readonly address: number; readonly memoryBytes: number; readonly alignment: number }
/** Of the program. */
function headersOf(process: KernelProcess): readonly Header[] {
  const { image: { programHeaders: { address, count } }, bias } = process.executable;
  return address === 0 ? [] : headers(process, address + bias, count);
}
/** Of a library. */
function headersAt(process: KernelProcess, bias: number): readonly Header[] {
  const read = wordsOf(process);
  return read(bias, 4) !== ELF_MAGIC ? [] : headers(process, bias + read(bias + E_PHOFF), read(bias + E_PHNUM, 2));
}
function headers(process: KernelProcess, at: number, count: number): readonly Header[] {
  const read = wordsOf(process);
  return Array.from({ length: Math.min(count, ENTRIES_MAX) }, (_, k) => at + PROGRAM_HEADER_BYTES * k).map(header => ({
    type: read(header, 4), address: read(header + HEADER.address), memoryBytes: read(header + HEADER.memoryBytes), alignment: read(header + HEADER.alignment),
  }));
}
/** Reads a word of so many bytes; 0 where nothing is mapped. */
function wordsOf({ memory }: KernelProcess): (at: number, length?: 2 | 4 | 8) => number {
  return (at, length = 8) => {
    const bytes = memory.peek(at, length), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < length) return 0;
    return length === 8 ? Number(view.getBigUint64(0, true)) : length === 4 ? view.getUint32(0, true) : view.getUint16(0, true);
  };
}
/** struct r_debug; 0: there is none, or not yet. */
function debugOf(process: KernelProcess): number {
  const header = headersOf(process).find(({ type }) => type === PT_DYNAMIC), read = wordsOf(process);
  if (header === undefined) return 0;
  for (let n = 0, at = process.executable.bias + header.address; n < ENTRIES_MAX; n++, at += DYNAMIC_BYTES) {
    const tag = read(at);
    if (tag === DT_DEBUG) return read(at + 8);
    if (tag === 0) return 0;
  }
  return 0;
}
