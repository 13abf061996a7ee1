/** `#!` scripts (execve(2), "Interpreter scripts"; Linux: fs/binfmt_script.c). Pure: from a file's first bytes to the words they ask for. */
import { byteString, type ByteString } from '../host/host.ts';

/** How much of a file is looked at (Linux: BINPRM_BUF_SIZE). */
export const HEAD_BYTES = 256;

export interface Script {
  readonly interpreter: ByteString;
  /** What follows the interpreter's name, as one word; null: nothing. */
  readonly argument: ByteString | null;
}

/** null: no script. 'malformed': it says `#!` but names no interpreter, or one that does not end within the head. */
export function parseScript(head: Uint8Array): Script | 'malformed' | null {
  if (head[0] !== 0x23 || head[1] !== 0x21) return null;
  const [, interpreter = '', rest = ''] = /^[ \t]*([^ \t\0]+)([^]*)$/.exec(firstLine(head)) ?? [];
  if (interpreter === '') return 'malformed';
  const argument = rest.startsWith('\0') ? '' : /^[ \t]*([^\0]*)/.exec(rest)?.[1] ?? '';
  return { interpreter, argument: argument === '' ? null : argument };
}
/** What stands between `#!` and the end of the line, or of the head if at least a name ends there; else nothing. */
function firstLine(head: Uint8Array): string {
  const text = byteString(head.subarray(2, HEAD_BYTES)).padEnd(HEAD_BYTES - 2, '\0');
  const end = /[\n\0]/.exec(text);
  if (end?.[0] === '\n') return text.slice(0, end.index).replace(/[ \t]+$/, '');
  return /^[ \t]*[^ \t]+[ \t\0]/.test(text) ? text.slice(0, -1).replace(/[ \t]+$/, '') : '';
}
