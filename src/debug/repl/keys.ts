/** Bytes of a terminal as keys: characters, control characters, and escape sequences whole (ECMA-48 §5.4; xterm's ctlseqs). */

const KEY = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[^\x1b[O]|$)|[^\x1b]/gs;
/** What a key is in application mode, or called by other terminals. */
const SAME: Readonly<Record<string, string>> = { '\x1bOA': '\x1b[A', '\x1bOB': '\x1b[B', '\x1bOC': '\x1b[C', '\x1bOD': '\x1b[D', '\x1bOH': '\x1b[H', '\x1bOF': '\x1b[F', '\x1b[7~': '\x1b[1~', '\x1b[8~': '\x1b[4~' };
export function keysOf(input: string): readonly string[] { return (input.match(KEY) ?? []).map(key => SAME[key] ?? key); }
