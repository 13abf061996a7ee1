/**
 * The frame a signal handler runs on, and the way back from it
 * (Linux: arch/x86/include/uapi/asm/sigcontext.h, asm/ucontext.h, arch/x86/kernel/signal_64.c; sigreturn(2)).
 *
 *     rsp at entry ►  0  pretcode: where the handler returns to, sa_restorer
 *                     8  ucontext: flags, link, stack, the registers, the mask
 *                   312  siginfo
 *                   440  … up to 64-byte alignment: the FXSAVE image, 512 bytes, which the context points to; with XSAVE its whole area, and a magic word
 *                        128 bytes below the interrupted rsp: the red zone, left alone (or the top of the alternate stack)
 */
import type { Va } from '../base/types.ts';
import type { SignalRegisters, UserMemory } from '../mmu/user.ts';
import { isFault } from './signal-names.ts';
import { NO_STACK, SS_AUTODISARM, type SignalAction, type SignalInfo, type SignalStack, type SignalState } from './signal-state.ts';
import type { Task } from './task.ts';

/** Offsets from the frame's start. */
export const FRAME = {
  pretcode: 0, flags: 8, link: 16, stack: 24, registers: 48, rip: 176, eflags: 184, cs: 192, gs: 194, fs: 196, ss: 198, error: 200, trap: 208,
  oldMask: 216, cr2: 224, extended: 232, reserved: 240, mask: 304, info: 312, bytes: 440,
} as const;
/** struct stack_t. */
export const STACK = { at: 0, flags: 8, size: 16, bytes: 24 } as const;
/** siginfo_t. */
const INFO = { signal: 0, code: 8, address: 16, pid: 16, uid: 20, value: 24 } as const;
export const INFO_BYTES = 128;
/** General registers in the order sigcontext has them, by their encoding: r8 … r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp. */
const REGISTERS: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4];
const RAX = 0, RDX = 2, RSP = 4, RSI = 6, RDI = 7;

const FXSAVE_BYTES = 512, XSAVE_HEADER_BYTES = 64;
const EXTENDED_ALIGNMENT = 64n, RED_ZONE_BYTES = 128n;
/** struct _fpx_sw_bytes, in bytes of the FXSAVE image that are software's; XSTATE_BV behind the image; and the word at the area's end. */
const SOFTWARE = { magic: 464, length: 468, features: 472, areaBytes: 480 } as const, XSTATE_BV = 512;
const FP_XSTATE_MAGIC1 = 0x46505853, FP_XSTATE_MAGIC2 = 0x46505845, MAGIC_BYTES = 4;
/** x87 and SSE, which every image has; and AVX. */
const FEATURES_FXSAVE = 3, FEATURES_XSAVE = 7;
const CS_USER = 0x33, SS_USER = 0x2b, RPL_USER = 3;

/** uc_flags: the SS slot is valid, and it is restored as it stands; and that the image is XSAVE's area. */
const UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4;
const SA_SIGINFO = 4n, SA_RESTORER = 0x400_0000n, SA_ONSTACK = 0x800_0000n;
export const SA_NODEFER = 0x4000_0000n;

/** EFLAGS bits (SDM vol. 1 §3.4.3): what a handler starts without, and what a frame may change. */
const TF = 0x100, DF = 0x400, RF = 0x1_0000;
const CLEARED_FOR_HANDLER = TF | DF | RF;
/** CF PF AF ZF SF TF DF OF AC. RF is the processor's own: it would be gone with the next instruction. */
const RESTORED_FLAGS = 0x4_0dd5;
/** Vectors whose saved EFLAGS have no RF: #DB after the instruction, INT3, INTO. All other exceptions are faults (SDM 3B §18.3.1.1). */
const TRAPS_WITHOUT_RF: readonly number[] = [1, 3, 4];

/** Bytes of the image and what ends it. */
function frameBytes(registers: SignalRegisters): number { return registers.extendedBytes + (registers.extendedBytes > FXSAVE_BYTES ? MAGIC_BYTES : 0); }
function isXsave(registers: SignalRegisters): boolean { return registers.extendedBytes > FXSAVE_BYTES; }
/** An address as registers take it: less 2^64 in the upper half. Where neither half is doubles have gaps; nothing can be fetched there, whatever the low bits are. */
function ripOf(value: bigint): Va {
  const signed = BigInt.asIntN(64, value);
  return Number(signed >= 1n << 52n || signed < -(1n << 52n) ? signed & ~0xfffn : signed);
}

export function isOnStack(stack: SignalStack, sp: bigint): boolean {
  return (stack.flags & SS_AUTODISARM) === 0 && contains(stack, sp);
}
function contains({ at, size }: SignalStack, sp: bigint): boolean { return sp > at && sp - at <= size; }

/** Where the image and the frame go; null where they would leave the alternate stack. */
function place(signals: SignalState, action: SignalAction, rsp: bigint, imageBytes: number): { readonly extended: bigint; readonly frame: bigint } | null {
  const { alternate } = signals, isNested = isOnStack(alternate, rsp);
  let sp = rsp - RED_ZONE_BYTES;
  const isEntering = (action.flags & SA_ONSTACK) !== 0n && alternate.size !== 0n && !isOnStack(alternate, sp);
  if (isEntering) sp = alternate.at + alternate.size;
  const extended = (sp - BigInt(imageBytes)) & -EXTENDED_ALIGNMENT;
  // As after a CALL: rsp ≡ 8 (mod 16).
  const frame = ((extended - BigInt(FRAME.bytes)) & -16n) - 8n;
  if (frame < 0n || ((isNested || isEntering) && !contains(alternate, frame))) return null;
  return { extended, frame };
}

/** Saves the task's state on its stack and sets it to enter the handler. `false`: no frame could be written, nothing changed. */
export function pushFrame(task: Task, info: SignalInfo, action: SignalAction): boolean {
  const { registers, signals } = task, { memory } = task.process;
  const at = (action.flags & SA_RESTORER) === 0n ? null : place(signals, action, registers.get(RSP), frameBytes(registers));
  if (at === null) return false;
  if (!memory.copyOut(Number(at.extended), imageOf(registers))) return false;
  const bytes = new Uint8Array(FRAME.bytes), view = new DataView(bytes.buffer);
  view.setBigUint64(FRAME.pretcode, action.restorer, true);
  view.setBigUint64(FRAME.flags, BigInt((isXsave(registers) ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS), true);
  writeStack(view, FRAME.stack, signals.alternate);
  writeContext(view, registers, signals, info);
  view.setBigUint64(FRAME.extended, at.extended, true);
  writeInfo(view, FRAME.info, info);
  // siginfo is written only for those who asked.
  const length = (action.flags & SA_SIGINFO) === 0n ? FRAME.info : FRAME.bytes;
  if (!memory.copyOut(Number(at.frame), bytes.subarray(0, length))) return false;
  enterHandler(task, info.signal, action, at.frame);
  return true;
}
function imageOf(registers: SignalRegisters): Uint8Array {
  const { extendedBytes } = registers, image = new Uint8Array(frameBytes(registers)), view = new DataView(image.buffer);
  registers.saveExtended(image.subarray(0, extendedBytes));
  if (!isXsave(registers)) return image;
  view.setUint32(XSTATE_BV, view.getUint32(XSTATE_BV, true) | FEATURES_FXSAVE, true);
  view.setUint32(SOFTWARE.magic, FP_XSTATE_MAGIC1, true);
  view.setUint32(SOFTWARE.length, image.length, true);
  view.setUint32(SOFTWARE.features, FEATURES_XSAVE, true);
  view.setUint32(SOFTWARE.areaBytes, extendedBytes, true);
  view.setUint32(extendedBytes, FP_XSTATE_MAGIC2, true);
  return image;
}
function enterHandler(task: Task, signal: number, action: SignalAction, frame: bigint): void {
  const { registers, signals } = task;
  registers.set(RDI, BigInt(signal));
  registers.set(RSI, frame + BigInt(FRAME.info));
  registers.set(RDX, frame + BigInt(FRAME.flags));
  registers.set(RAX, 0n);
  registers.set(RSP, frame);
  registers.rip = ripOf(action.handler);
  registers.flags &= ~CLEARED_FOR_HANDLER;
  registers.resetExtended();
  if ((signals.alternate.flags & SS_AUTODISARM) !== 0) signals.alternate = NO_STACK;
}

function writeContext(view: DataView, registers: SignalRegisters, signals: SignalState, info: SignalInfo): void {
  const { lastTrap } = signals, mask = signals.savedMask ?? signals.mask;
  const resumes = info.trap !== undefined && !TRAPS_WITHOUT_RF.includes(info.trap);
  REGISTERS.forEach((register, i) => view.setBigUint64(FRAME.registers + 8 * i, registers.get(register), true));
  view.setBigInt64(FRAME.rip, BigInt(registers.rip), true);
  view.setBigUint64(FRAME.eflags, BigInt((registers.flags | (resumes ? RF : 0)) >>> 0), true);
  view.setUint16(FRAME.cs, CS_USER, true);
  view.setUint16(FRAME.ss, SS_USER, true);
  view.setBigUint64(FRAME.error, BigInt(lastTrap.error >>> 0), true);
  view.setBigUint64(FRAME.trap, BigInt(lastTrap.trap), true);
  view.setBigUint64(FRAME.oldMask, mask, true);
  view.setBigInt64(FRAME.cr2, BigInt(lastTrap.cr2), true);
  view.setBigUint64(FRAME.mask, mask, true);
}
function writeInfo(view: DataView, at: number, info: SignalInfo): void {
  view.setInt32(at + INFO.signal, info.signal, true);
  view.setInt32(at + INFO.code, info.code, true);
  if (isFault(info.signal, info.code)) { view.setBigInt64(at + INFO.address, BigInt(info.address), true); return; }
  view.setInt32(at + INFO.pid, info.pid ?? 0, true);
  view.setInt32(at + INFO.uid, info.uid ?? 0, true);
  view.setBigUint64(at + INFO.value, BigInt.asUintN(64, info.value ?? 0n), true);
}
/** A siginfo_t as sigwaitinfo(2) gives it. */
export function infoBytes(info: SignalInfo): Uint8Array {
  const bytes = new Uint8Array(INFO_BYTES);
  writeInfo(new DataView(bytes.buffer), 0, info);
  return bytes;
}
/** A siginfo_t as a program gives it. */
export function readInfo(view: DataView): SignalInfo {
  return {
    signal: view.getInt32(INFO.signal, true), code: view.getInt32(INFO.code, true), address: 0,
    pid: view.getInt32(INFO.pid, true), uid: view.getUint32(INFO.uid, true), value: view.getBigUint64(INFO.value, true),
  };
}
/** Only the kernel, and tgkill(2), say so: nobody else may but to oneself (rt_sigqueueinfo(2)). */
export const SI_TKILL = -6;
export function isForged({ code }: SignalInfo): boolean { return code >= 0 || code === SI_TKILL; }
export function writeStack(view: DataView, at: number, stack: SignalStack): void {
  view.setBigUint64(at + STACK.at, stack.at, true);
  view.setUint32(at + STACK.flags, stack.flags, true);
  view.setBigUint64(at + STACK.size, stack.size, true);
}
export function readStack(view: DataView, at: number): SignalStack {
  return { at: view.getBigUint64(at + STACK.at, true), flags: view.getUint32(at + STACK.flags, true), size: view.getBigUint64(at + STACK.size, true) };
}

/** What rt_sigreturn finds beside the registers. */
export interface Returned { readonly mask: bigint; readonly stack: SignalStack; readonly isSound: boolean }

/** Loads the registers from the frame that `rsp` points just behind the start of. null: there is none. */
export function popFrame(task: Task): Returned | null {
  const { registers } = task, { memory } = task.process;
  const bytes = new Uint8Array(FRAME.info), view = new DataView(bytes.buffer);
  if (!memory.copyIn(registers.rsp - 8, bytes)) return null;
  REGISTERS.forEach((register, i) => registers.set(register, view.getBigUint64(FRAME.registers + 8 * i, true)));
  registers.rip = ripOf(view.getBigUint64(FRAME.rip, true));
  registers.flags = (registers.flags & ~(RESTORED_FLAGS | RF)) | (view.getUint32(FRAME.eflags, true) & RESTORED_FLAGS);
  const isRestored = popExtended(task, Number(view.getBigUint64(FRAME.extended, true)));
  const isStrict = (view.getUint32(FRAME.flags, true) & UC_STRICT_RESTORE_SS) !== 0;
  const segmentsHold = (view.getUint16(FRAME.cs, true) | RPL_USER) === CS_USER && (!isStrict || (view.getUint16(FRAME.ss, true) | RPL_USER) === SS_USER);
  return { mask: view.getBigUint64(FRAME.mask, true), stack: readStack(view, FRAME.stack), isSound: isRestored && segmentsHold };
}
/** 0: the state a program starts with. An image that the processor would refuse leaves that state, and is refused. */
function popExtended({ registers, process: { memory } }: Task, at: Va): boolean {
  if (at === 0) { registers.resetExtended(); return true; }
  const image = new Uint8Array(frameBytes(registers));
  if (memory.copyIn(at, image.subarray(0, FXSAVE_BYTES)) && restore(registers, memory, at, image)) return true;
  registers.resetExtended();
  return false;
}
/** Without the magic words there is only what FXSAVE knows. */
function restore(registers: SignalRegisters, memory: UserMemory, at: Va, image: Uint8Array): boolean {
  const features = featuresOf(registers, memory, at, image);
  if (features === null) return at % 16 === 0 && registers.restoreExtended(image.subarray(0, FXSAVE_BYTES), FEATURES_FXSAVE);
  return at % Number(EXTENDED_ALIGNMENT) === 0 && memory.copyIn(at, image) && registers.restoreExtended(image.subarray(0, registers.extendedBytes), features);
}
/** What an area is said to have; null: it is none. */
function featuresOf(registers: SignalRegisters, memory: UserMemory, at: Va, image: Uint8Array): number | null {
  const view = new DataView(image.buffer), areaBytes = view.getUint32(SOFTWARE.areaBytes, true), end = new Uint8Array(MAGIC_BYTES);
  if (!isXsave(registers) || view.getUint32(SOFTWARE.magic, true) !== FP_XSTATE_MAGIC1) return null;
  if (areaBytes < FXSAVE_BYTES + XSAVE_HEADER_BYTES || areaBytes > registers.extendedBytes || areaBytes > view.getUint32(SOFTWARE.length, true)) return null;
  if (!memory.copyIn(at + areaBytes, end) || new DataView(end.buffer).getUint32(0, true) !== FP_XSTATE_MAGIC2) return null;
  return view.getUint32(SOFTWARE.features, true) & FEATURES_XSAVE;
}
