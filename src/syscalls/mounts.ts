/** Calls that change what is mounted where, and file handles (mount(2), pivot_root(2), open_by_handle_at(2)): nobody may. */
import { EOPNOTSUPP, EPERM } from '../base/errno.ts';
import type { KernelTask } from './process.ts';
import type { SyscallRows } from './task.ts';

const may = (number: number, name: string, shape: string): SyscallRows<KernelTask>[number] => [number, { name, run: () => -EPERM, shape, partial: 'nobody may' }];

export const mountCalls: SyscallRows<KernelTask> = [
  may(155, 'pivot_root', 'path path → int'), may(163, 'acct', 'path → int'), may(165, 'mount', 'path path path hex ptr → int'), may(166, 'umount2', 'path hex → int'),
  may(167, 'swapon', 'path hex → int'), may(168, 'swapoff', 'path → int'), may(179, 'quotactl', 'hex path int ptr → int'),
  [303, { name: 'name_to_handle_at', run: () => -EOPNOTSUPP, shape: 'dirfd path ptr ptr at → int', partial: 'files have no handles' }],
  may(304, 'open_by_handle_at', 'fd ptr open → fd'), may(428, 'open_tree', 'dirfd path hex → fd'), may(429, 'move_mount', 'dirfd path dirfd path hex → int'),
  may(430, 'fsopen', 'path hex → fd'), may(431, 'fsconfig', 'fd uint path ptr int → int'), may(432, 'fsmount', 'fd hex hex → fd'), may(433, 'fspick', 'dirfd path hex → fd'),
  may(442, 'mount_setattr', 'dirfd path hex ptr size → int'),
];
