/** trampfd_create and trampfd, system calls 440 (trampfd RFC v1) and 441 (RFC v2, 440 there), after which everything is done through the descriptor; and the calls that go without. */
import { EINVAL } from '../base/errno.ts';
import { FileDescription, type Result } from '../syscalls/file.ts';
import { putStructure } from '../syscalls/structure.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { type Args, call, type SyscallRows, type Task } from '../syscalls/task.ts';
import { O_RDWR } from '../syscalls/uapi.ts';
import { enterGate } from './gate.ts';
import { handleCalls } from './handles.ts';
import { TrampolineObjects } from './objects.ts';
import { isType } from './types.ts';
import { ENTER_CALL, INFO_BYTES, TABLE } from './uapi.ts';

export { TrampolineObjects };

/** trampfd_create(type, data, flags): a descriptor, close-on-exec, for a new object without contexts. */
function create(objects: TrampolineObjects, task: Task, a: Args): Result {
  const type = a.int(0), data = a.pointer(1);
  if (a.uint(2) !== 0 || data === 0) return -EINVAL;
  if (!isType(type)) return -EINVAL;
  const object = objects.create(task, type, data);
  return typeof object === 'number' ? object : task.process.files.install(new FileDescription(object, O_RDWR), true);
}
/** trampfd(info): what a table can have is written to `info`; a descriptor, close-on-exec, for a new object without tables. */
function table(objects: TrampolineObjects, task: Task, a: Args): Result {
  const written = putStructure(task, a.pointer(0), INFO_BYTES, info => {
    info.setUint32(0, TABLE.entries, true); info.setUint32(4, TABLE.entryBytes, true); info.setUint32(8, TABLE.offset, true);
  });
  if (written < 0) return written;
  return task.process.files.install(new FileDescription(objects.createTable(task.process), O_RDWR), true);
}

export function trampfdCalls(objects: TrampolineObjects): SyscallRows<KernelTask> {
  return [
    call(440, 'trampfd_create', 'int ptr hex → fd', (task, a) => create(objects, task, a)),
    call(441, 'trampfd', 'ptr → fd', (task, a) => table(objects, task, a)),
    ...handleCalls(objects),
    call(ENTER_CALL, 'tramp_enter', '→ int', enterGate),
  ];
}
