/** Calls that change what is mounted where, and file handles (mount(2), pivot_root(2), open_by_handle_at(2)): nobody may. */
import { EINVAL, EOPNOTSUPP, EPERM } from '../base/errno.ts';
import type { Result } from './file.ts';
import type { KernelTask } from './process.ts';
import { type Args, call, type SyscallRows } from './task.ts';
import { pathArgument } from './walk.ts';

const may = (number: number, name: string, shape: string): SyscallRows<KernelTask>[number] => call(number, name, shape, () => -EPERM, 'nobody may');

/** MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW. */
const UMOUNT_FLAGS = 0xf;
function acct(task: KernelTask, a: Args): Result {
  const path = task.process.system.host.user.euid !== 0 || a.pointer(0) === 0 ? '' : pathArgument(task, a.pointer(0));
  return typeof path === 'number' ? path : -EPERM;
}

export const mountCalls: SyscallRows<KernelTask> = [
  may(155, 'pivot_root', 'path path → int'), may(165, 'mount', 'path path path hex ptr → int'),
  call(163, 'acct', 'path → int', acct, 'nobody may'),
  call(166, 'umount2', 'path hex → int', (_task, a) => (a.uint(1) & ~UMOUNT_FLAGS) !== 0 ? -EINVAL : -EPERM, 'nobody may'),
  may(167, 'swapon', 'path hex → int'), may(168, 'swapoff', 'path → int'), may(179, 'quotactl', 'hex path int ptr → int'),
  call(303, 'name_to_handle_at', 'dirfd path ptr ptr at → int', () => -EOPNOTSUPP, 'files have no handles'),
  may(304, 'open_by_handle_at', 'fd ptr open → fd'), may(428, 'open_tree', 'dirfd path hex → fd'), may(429, 'move_mount', 'dirfd path dirfd path hex → int'),
  may(430, 'fsopen', 'path hex → fd'), may(431, 'fsconfig', 'fd uint path ptr int → int'), may(432, 'fsmount', 'fd hex hex → fd'), may(433, 'fspick', 'dirfd path hex → fd'),
];
