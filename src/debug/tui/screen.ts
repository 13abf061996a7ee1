/** Lines on a terminal (ECMA-48; the alternate screen is xterm's): only those that are not there yet are written. */
import { codesOf, type Line } from './render.ts';

/** Another screen, without a cursor; and back. Both may come twice. */
export const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J', LEAVE = '\x1b[m\x1b[?25h\x1b[?1049l';

export class Screen {
  private shown: string[] = [];
  private readonly isPlain: boolean;
  constructor(isPlain: boolean) { this.isPlain = isPlain; }
  /** Nobody knows what is there. */
  forget(): void { this.shown = []; }
  /** What makes the screen show these lines. */
  update(lines: readonly Line[]): string {
    let text = this.shown.length === 0 ? '\x1b[2J' : '';
    const next = lines.map(line => codesOf(line, this.isPlain));
    next.forEach((line, row) => { if (this.shown[row] !== line) text += `\x1b[${row + 1};1H${line}`; });
    this.shown = next;
    return text;
  }
}
