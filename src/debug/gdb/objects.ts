/** Objects gdb transfers whole (GDB manual, appendix E.4, qXfer; formats: appendix G and E.14 to E.21). */
import { byteString, utf8Bytes, type ByteString } from '../../host/host.ts';
import type { KernelProcess, KernelTask } from '../../syscalls/process.ts';
import { infoBytes } from '../../syscalls/signal-frame.ts';
import type { SignalInfo } from '../../syscalls/signal-state.ts';
import { TASK_SIZE } from '../../mmu/vma-list.ts';
import type { Target } from '../target.ts';
import { describe } from './description.ts';
import { libraries } from './link-map.ts';
import { threadText } from './threads.ts';

/** Who asks about what. */
export interface Context {
  readonly target: Target;
  readonly process: KernelProcess;
  readonly task: KernelTask;
  readonly hasProcesses: boolean;
  /** The signal the task was stopped by, or what ptrace(2) would say it was. */
  readonly info: SignalInfo | null;
  /** Processes gdb knows of. */
  readonly processes: readonly KernelProcess[];
}
type Read = (context: Context, annex: string) => ByteString | null;

export const OBJECTS: Readonly<Record<string, Read>> = {
  features: ({ target }, annex) => annex === 'target.xml' ? describe(target.registers) : null,
  auxv: ({ process }) => byteString(process.executable.auxiliary),
  'exec-file': ({ target, process }, annex) => (annex === '' ? process : target.process(parseInt(annex, 16)))?.executable.path ?? null,
  'libraries-svr4': ({ process }) => libraryList(process),
  // Anything may be mapped at any time, and gdb asks once.
  'memory-map': () => `<?xml version="1.0"?>\n<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">\n<memory-map>\n<memory type="ram" start="0x0" length="0x${TASK_SIZE.toString(16)}"/>\n</memory-map>\n`,
  siginfo: ({ info }) => info === null ? null : byteString(infoBytes(info)),
  threads: ({ processes, hasProcesses }) => {
    const rows = processes.flatMap(({ pid, tasks }) => tasks.map(({ tid, name }) => `<thread id="${threadText(pid, tid, hasProcesses)}" core="0" name="${xml(name)}"/>`));
    return `<?xml version="1.0"?>\n<threads>\n${rows.join('\n')}\n</threads>\n`;
  },
};

const xml = (text: string): string => utf8Bytes(text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`));

function libraryList(process: KernelProcess): ByteString {
  const [main, ...others] = libraries(process), hex = (value: number): string => `0x${value.toString(16)}`;
  const rows = others.filter(({ name }) => name !== '').map(({ name, map, bias, dynamic }) => `<library name="${xml(name)}" lm="${hex(map)}" l_addr="${hex(bias)}" l_ld="${hex(dynamic)}" lmid="0x0"/>`);
  return `<library-list-svr4 version="1.0"${main === undefined ? '' : ` main-lm="${hex(main.map)}"`}>${rows.join('\n')}</library-list-svr4>\n`;
}
