/** What a call costs without a trampoline. */
import { CALL, CONTEXT_OF_RBX, type AssemblyContender } from './common.ts';

export const POINT_AT_TARGET = `
  mov rdi, FUNCTIONS
  mov rcx, COUNT
  lea rax, [rip+target]
  rep stosq
  ret`;

export const PLAIN: readonly AssemblyContender[] = [
  { name: 'direct call', what: 'the caller knows function and context: no trampoline', create: POINT_AT_TARGET, invoke: `${CONTEXT_OF_RBX}\ncall target` },
  { name: 'indirect call', what: 'function pointer, context passed by the caller: no trampoline', create: POINT_AT_TARGET, invoke: `${CONTEXT_OF_RBX}\n${CALL}` },
];
