/** trampfd_create, system call 440 (trampfd RFC v1). Everything else is done through the descriptor. */
import { EFAULT, EINVAL } from '../base/errno.ts';
import { FileDescription, type Result } from '../syscalls/file.ts';
import { userStructure } from '../syscalls/structure.ts';
import type { Args, SyscallRows, Task } from '../syscalls/task.ts';
import { O_RDWR } from '../syscalls/uapi.ts';
import { TrampolineObjects } from './objects.ts';
import { TYPE_NAMES, USER_BYTES } from './uapi.ts';

export { TrampolineObjects };

/** trampfd_create(type, data, flags): a descriptor, close-on-exec, for a new object without contexts. */
function create(objects: TrampolineObjects, task: Task, a: Args): Result {
  const type = a.int(0), data = a.pointer(1);
  if (a.uint(2) !== 0 || data === 0) return -EINVAL;
  if (type < 0 || type >= TYPE_NAMES.length) return -EINVAL;
  const user = userStructure(task, data, USER_BYTES);
  if (user === null) return -EFAULT;
  if (user.getUint32(0, true) !== 0 || user.getUint32(4, true) !== 0) return -EINVAL;
  return task.process.files.install(new FileDescription(objects.create(type), O_RDWR), true);
}

export function trampfdCalls(objects: TrampolineObjects): SyscallRows {
  return [[440, { name: 'trampfd_create', run: (task, a) => create(objects, task, a), shape: 'int ptr hex → fd' }]];
}
