/** Small structures between kernel and guest: struct stat, timespec, rlimit … (the layouts are x86-64's). */
import { EFAULT } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import type { UserMemory } from '../mmu/user.ts';
import type { Result } from './file.ts';
import type { Task } from './task.ts';

/** A copy of `length` bytes of guest memory, or null where it cannot be read. */
export function userStructure(task: Task, at: Va, length: number): DataView | null {
  const bytes = new Uint8Array(length);
  return length === 0 || task.process.memory.copyIn(at, bytes) ? new DataView(bytes.buffer) : null;
}
/** Lays out `length` bytes, zero where `fill` writes nothing, and copies them to the guest. */
export function putStructure(task: Task, at: Va, length: number, fill: (view: DataView) => void): Result {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return task.process.memory.copyOut(at, bytes) ? 0 : -EFAULT;
}
/** An int where the guest wants it: what most ioctls tell. */
export function putInt(memory: UserMemory, at: Va, value: number): Result { return memory.copyOut(at, new Uint8Array(new Int32Array([value]).buffer)) ? 0 : -EFAULT; }
export function setWord(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt.asUintN(64, BigInt(Math.trunc(value))), true);
}
export function getWord(view: DataView, at: number): number { return Number(view.getBigInt64(at, true)); }
