/** /proc/PID/maps (man 5 proc_pid_maps). */
import { PROT_EXEC, PROT_READ, PROT_WRITE, type Vma } from './vma.ts';

/** Where Linux pads to before the name (fs/proc/task_mmu.c, show_map_vma). */
const NAME_COLUMN = 73;

function hex(value: number): string { return value.toString(16).padStart(8, '0'); }

export function mapsLine(vma: Vma): string {
  const permissions = (vma.prot & PROT_READ ? 'r' : '-') + (vma.prot & PROT_WRITE ? 'w' : '-')
    + (vma.prot & PROT_EXEC ? 'x' : '-') + (vma.shared ? 's' : 'p');
  const place = `${hex(vma.start)}-${hex(vma.end)} ${permissions} ${hex(vma.offset)}`;
  const line = `${place} ${vma.object?.device ?? '00:00'} ${vma.object?.inode ?? 0} `;
  return vma.label === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${vma.label.replaceAll('\n', '\\012')}\n`;
}
