/** Pages remembered in locals: accesses that stay on one compare their address to it, and ask the TLB (SDM 3A §4.10.2) only when they leave it. */
import { NEAR } from '../../base/layout.ts';
import type { Code, Local } from '../../wasm/code.ts';
import { OP } from '../../wasm/opcode.ts';

export interface Near {
  /** Its address, an i64, and what to add to addresses there, an i32. Whether it is good only JavaScript changes, outside of generated code. */
  readonly page: Local;
  readonly addend: Local;
  /** Where slow paths leave the page they met: STATE.near or STATE.met. */
  readonly at: number;
  /** It can be written, too, even if it is for loads. */
  readonly isWritable: boolean;
}

/** Takes over the page that a slow path has left. */
export function loadNear(code: Code, { page, addend, at }: Near): void {
  code.i32(0); code.memory(OP['i64.load'], at + NEAR.page); code.set(page);
  code.i32(0); code.memory(OP['i32.load'], at + NEAR.addend); code.set(addend);
}
