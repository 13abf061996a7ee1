/** Objects gdb transfers whole (GDB manual, appendix E.4, qXfer; formats: appendix G and E.14 to E.21). */
import { byteString, utf8Bytes, type ByteString } from '../../host/host.ts';
import type { KernelProcess, KernelTask } from '../../syscalls/process.ts';
import { infoBytes } from '../../syscalls/signal-frame.ts';
import type { SignalInfo } from '../../syscalls/signal-state.ts';
import { TASK_SIZE } from '../../mmu/vma-list.ts';
import type { Target } from '../target.ts';
import { describe } from './description.ts';
import { threadText } from './threads.ts';

/** Who asks about what. */
export interface Context {
  readonly target: Target;
  readonly process: KernelProcess;
  readonly task: KernelTask;
  readonly hasProcesses: boolean;
  /** The signal the task was stopped by. */
  readonly info: SignalInfo | null;
  /** Processes gdb knows of. */
  readonly processes: readonly KernelProcess[];
}
type Read = (context: Context, annex: string) => ByteString | null;

const xml = (text: string): string => utf8Bytes(text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`));

export const OBJECTS: Readonly<Record<string, Read>> = {
  features: ({ target }, annex) => annex === 'target.xml' ? describe(target.registers) : null,
  auxv: ({ process }) => byteString(process.executable.auxiliary),
  'exec-file': ({ target, process }, annex) => (annex === '' ? process : target.process(parseInt(annex, 16)))?.executable.path ?? null,
  'libraries-svr4': ({ process }) => libraries(process),
  // Anything may be mapped at any time, and gdb asks once.
  'memory-map': () => `<?xml version="1.0"?>\n<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">\n<memory-map>\n<memory type="ram" start="0x0" length="0x${TASK_SIZE.toString(16)}"/>\n</memory-map>\n`,
  siginfo: ({ info }) => info === null ? null : byteString(infoBytes(info)),
  threads: ({ processes, hasProcesses }) => {
    const rows = processes.flatMap(({ pid, tasks }) => tasks.map(({ tid, name }) => `<thread id="${threadText(pid, tid, hasProcesses)}" core="0" name="${xml(name)}"/>`));
    return `<?xml version="1.0"?>\n<threads>\n${rows.join('\n')}\n</threads>\n`;
  },
};

// — shared libraries: the dynamic loader's list in the guest's memory (System V gABI, "Dynamic Section"; glibc's <link.h>) —

const PT_DYNAMIC = 2, DT_DEBUG = 21, PROGRAM_HEADER_BYTES = 56, DYNAMIC_BYTES = 16, ENTRIES_MAX = 1024, PATH_MAX = 4096;
const MAP = { bias: 0, name: 8, dynamic: 16, next: 24, bytes: 40 } as const, R_MAP = 8;

function libraries(process: KernelProcess): ByteString {
  const { memory } = process, word = (at: number): number => {
    const bytes = memory.peek(at, 8);
    return bytes.length < 8 ? 0 : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  };
  const debug = debugOf(process, word), main = debug === 0 ? 0 : word(debug + R_MAP), rows: string[] = [], seen = new Set<number>();
  for (let at = main; at !== 0 && !seen.has(at) && seen.size < ENTRIES_MAX; at = word(at + MAP.next)) {
    seen.add(at);
    if (at === main) continue;
    const bytes = memory.peek(word(at + MAP.name), PATH_MAX), end = bytes.indexOf(0), name = byteString(bytes.subarray(0, Math.max(0, end)));
    const hex = (offset: number): string => `0x${word(at + offset).toString(16)}`;
    if (name !== '') rows.push(`<library name="${xml(name)}" lm="0x${at.toString(16)}" l_addr="${hex(MAP.bias)}" l_ld="${hex(MAP.dynamic)}" lmid="0x0"/>`);
  }
  const attributes = main === 0 ? '' : ` main-lm="0x${main.toString(16)}"`;
  return `<library-list-svr4 version="1.0"${attributes}>${rows.join('\n')}</library-list-svr4>\n`;
}
/** struct r_debug; 0: there is none, or not yet. */
function debugOf({ memory, executable: { image, bias } }: KernelProcess, word: (at: number) => number): number {
  const { address, count } = image.programHeaders;
  for (let k = 0; k < count && address !== 0; k++) {
    const header = memory.peek(address + bias + PROGRAM_HEADER_BYTES * k, 4);
    if (header.length < 4 || new DataView(header.buffer, header.byteOffset).getUint32(0, true) !== PT_DYNAMIC) continue;
    const dynamic = bias + word(address + bias + PROGRAM_HEADER_BYTES * k + 16);
    for (let n = 0; n < ENTRIES_MAX; n++) {
      const tag = word(dynamic + DYNAMIC_BYTES * n);
      if (tag === DT_DEBUG) return word(dynamic + DYNAMIC_BYTES * n + 8);
      if (tag === 0) return 0;
    }
  }
  return 0;
}
