/** The line discipline of a terminal (termios(3); Linux: n_tty.c): what typed bytes become for the reader, and what the writer's become on the screen. */
import { Terminal } from './terminal.ts';

const ISTRIP = 0x20, INLCR = 0x40, IGNCR = 0x80, ICRNL = 0x100, IXON = 0x400, IXANY = 0x800, IUTF8 = 0x4000;
const OPOST = 1, OLCUC = 2, ONLCR = 4, OCRNL = 8, ONOCR = 0x10, ONLRET = 0x20, TABDLY = 0x1800;
const ISIG = 1, ICANON = 2, ECHO = 8, ECHOE = 0x10, ECHOK = 0x20, ECHONL = 0x40, NOFLSH = 0x80, ECHOCTL = 0x200, ECHOKE = 0x800, IEXTEN = 0x8000;
const VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSTART = 8, VSTOP = 9, VSUSP = 10, VEOL = 11, VREPRINT = 12,
  VWERASE = 14, VLNEXT = 15, VEOL2 = 16;
const SIGINT = 2, SIGQUIT = 3, SIGTSTP = 20;
const SIGNALS: readonly (readonly [character: number, signal: number])[] = [[VINTR, SIGINT], [VQUIT, SIGQUIT], [VSUSP, SIGTSTP]];

const TAB = 9, NEWLINE = 10, RETURN = 13, BACKSPACE = 8, SPACE = 32, DELETE = 127;
/** Bytes typed and not read; bytes written and not shown. */
const INPUT_BYTES_MAX = 4096, OUTPUT_BYTES_MAX = 65536;

const isControl = (byte: number): boolean => byte < SPACE || byte === DELETE;
const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;
const isWord = (byte: number): boolean => /[\w\x80-\xff]/.test(String.fromCharCode(byte));

/** Bytes in order, up to a limit. */
class ByteQueue {
  private bytes: Uint8Array;
  private first = 0;
  length = 0;
  private readonly max: number;
  constructor(max: number) { this.max = max; this.bytes = new Uint8Array(64); }
  get room(): number { return this.max - this.length; }
  push(byte: number): boolean {
    if (this.length === this.max) return false;
    if (this.first + this.length === this.bytes.length) {
      const moved = new Uint8Array(this.length * 2 > this.bytes.length ? this.bytes.length * 2 : this.bytes.length);
      moved.set(this.bytes.subarray(this.first, this.first + this.length));
      this.bytes = moved;
      this.first = 0;
    }
    this.bytes[this.first + this.length] = byte;
    this.length += 1;
    return true;
  }
  take(into: Uint8Array, most = into.length): number {
    const count = Math.min(most, into.length, this.length);
    into.set(this.bytes.subarray(this.first, this.first + count));
    this.first = this.length === count ? 0 : this.first + count;
    this.length -= count;
    return count;
  }
  clear(): void { this.first = 0; this.length = 0; }
}

export class LineDiscipline {
  readonly terminal: Terminal;
  /** What the screen has not taken. */
  readonly output = new ByteQueue(OUTPUT_BYTES_MAX);
  isStopped = false;
  /** How often something was typed. */
  typings = 0;
  private readonly signal: (signal: number) => void;
  /** What can be read; in canonical mode the lengths of the lines it is made of, of which the last byte may be missing: end of file. */
  private readonly ready = new ByteQueue(INPUT_BYTES_MAX);
  private lines: number[] = [];
  /** The line that is typed. */
  private edited: number[] = [];
  private isLiteral = false;
  private column = 0;
  /** Where the line that is typed began. */
  private startColumn = 0;

  constructor(terminal: Terminal, signal: (signal: number) => void) { this.terminal = terminal; this.signal = signal; }
  private has(word: 0 | 1 | 3, bit: number): boolean { return (this.terminal.flags[word]! & bit) !== 0; }
  /** Is it that character, and does that character do anything? */
  private is(byte: number, character: number): boolean { const at = this.terminal.characters[character]; return at !== 0 && at === byte; }
  private get isCanonical(): boolean { return this.has(3, ICANON); }

  // — the reader —
  /** Bytes, or lines, there are to read: 0 is none yet. */
  get readable(): number {
    if (this.isCanonical) return this.lines.length;
    const { characters } = this.terminal, least = characters[VTIME] === 0 ? Math.max(1, characters[VMIN]!) : 1;
    return this.ready.length >= Math.min(least, INPUT_BYTES_MAX) ? this.ready.length : 0;
  }
  /** What FIONREAD tells. */
  get waiting(): number { return this.isCanonical && this.lines.length === 0 ? 0 : this.ready.length; }
  /** What a read gets: null is nothing yet. One that does not wait takes fewer than VMIN says. */
  read(into: Uint8Array, waits: boolean, isLate = false): number | null {
    if (this.isCanonical) {
      const line = this.lines[0];
      if (line === undefined) return null;
      const count = this.ready.take(into, line);
      if (count === line) this.lines.shift(); else this.lines[0] = line - count;
      return count;
    }
    const minimum = this.terminal.characters[VMIN]!, least = !waits ? Math.min(1, minimum) : minimum === 0 && this.patienceNs > 0 ? 1 : minimum;
    if (!isLate && least > 0 && this.ready.length < Math.min(least, into.length)) return null;
    return this.ready.take(into);
  }
  /** VTIME: how long a read waits for the first byte, or with VMIN for the next one; 0: for ever. */
  get patienceNs(): number { return this.isCanonical ? 0 : this.terminal.characters[VTIME]! * 1e8; }
  /** Does the time a read may take run: from its beginning, or with VMIN from the first byte on? */
  get isTimed(): boolean { return this.patienceNs > 0 && (this.terminal.characters[VMIN] === 0 || this.ready.length > 0); }
  /** Settings have changed: what was typed as a line is there as bytes, and the other way round. */
  changed(): void {
    if (this.isCanonical) {
      if (this.lines.length === 0 && this.ready.length > 0) this.lines.push(this.ready.length);
    } else {
      for (const byte of this.edited) this.ready.push(byte);
      this.edited = [];
      this.lines = [];
    }
    if (!this.has(0, IXON)) this.isStopped = false;
  }
  flushInput(): void { this.ready.clear(); this.lines = []; this.edited = []; this.isLiteral = false; }

  // — the writer —
  /** How many of the bytes were taken. */
  write(bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i++) if (!this.isStopped && this.output.room >= 8) this.show(bytes[i]!); else return i;
    return bytes.length;
  }
  get canWrite(): boolean { return !this.isStopped && this.output.room >= 256; }
  private show(byte: number): void {
    if (!this.has(1, OPOST)) { this.output.push(byte); return; }
    switch (byte) {
      case NEWLINE:
        if (this.has(1, ONLRET)) this.column = 0;
        if (this.has(1, ONLCR)) { this.output.push(RETURN); this.column = 0; }
        break;
      case RETURN:
        if (this.has(1, ONOCR) && this.column === 0) return;
        if (this.has(1, OCRNL)) { this.output.push(NEWLINE); return; }
        this.column = 0;
        break;
      case TAB: {
        const spaces = 8 - this.column % 8;
        this.column += spaces;
        if ((this.terminal.flags[1]! & TABDLY) !== TABDLY) break;
        for (let i = 0; i < spaces; i++) this.output.push(SPACE);
        return;
      }
      case BACKSPACE: this.column = Math.max(0, this.column - 1); break;
      default: if (!isControl(byte) && !isContinuation(byte)) this.column += 1;
    }
    this.output.push(this.has(1, OLCUC) && byte >= 97 && byte <= 122 ? byte - 32 : byte);
  }

  // — the typist —
  /** How many of the bytes were taken; where nobody reads, the rest waits. */
  type(bytes: Uint8Array): number {
    this.typings += 1;
    for (let i = 0; i < bytes.length; i++) {
      if (this.ready.room === 0 && (!this.isCanonical || this.lines.length > 0)) return i;
      this.receive(bytes[i]!);
    }
    return bytes.length;
  }
  private receive(typed: number): void {
    const byte = this.has(0, ISTRIP) ? typed & 0x7f : typed;
    if (this.isLiteral) { this.isLiteral = false; this.keep(byte); return; }
    if (this.has(0, IXON)) {
      if (this.is(byte, VSTART)) { this.isStopped = false; return; }
      if (this.is(byte, VSTOP)) { this.isStopped = true; return; }
      if (this.isStopped && this.has(0, IXANY)) this.isStopped = false;
    }
    if (this.has(3, ISIG)) for (const [character, signal] of SIGNALS) if (this.is(byte, character)) { this.interrupt(byte, signal); return; }
    if (byte === RETURN && this.has(0, IGNCR)) return;
    const mapped = byte === RETURN && this.has(0, ICRNL) ? NEWLINE : byte === NEWLINE && this.has(0, INLCR) ? RETURN : byte;
    if (this.isCanonical) this.edit(mapped); else this.keep(mapped);
  }
  private interrupt(byte: number, signal: number): void {
    if (!this.has(3, NOFLSH)) { this.flushInput(); this.output.clear(); }
    if (this.has(3, ECHO)) this.echo(byte);
    this.signal(signal);
  }
  /** A byte without a meaning of its own. */
  private keep(byte: number): void {
    if (!this.isCanonical) { this.ready.push(byte); this.echoTyped(byte); return; }
    // A line that is too long loses its end, so that it can still be ended.
    if (this.edited.length + this.ready.length >= INPUT_BYTES_MAX - 1) return;
    if (this.edited.length === 0) this.startColumn = this.column;
    this.edited.push(byte);
    this.echoTyped(byte);
  }
  private edit(byte: number): void {
    const isExtended = this.has(3, IEXTEN);
    if (this.is(byte, VERASE)) { this.erase(); return; }
    if (this.is(byte, VKILL)) { this.kill(); return; }
    if (isExtended && this.is(byte, VWERASE)) { this.eraseWord(); return; }
    if (isExtended && this.is(byte, VLNEXT)) {
      this.isLiteral = true;
      if (this.has(3, ECHO) && this.has(3, ECHOCTL)) { this.show(0x5e); this.show(BACKSPACE); }
      return;
    }
    if (isExtended && this.is(byte, VREPRINT) && this.has(3, ECHO)) {
      this.echo(byte);
      this.show(NEWLINE);
      for (const old of this.edited) this.echo(old);
      return;
    }
    if (byte === NEWLINE) {
      if (this.has(3, ECHO) || this.has(3, ECHONL)) this.show(NEWLINE);
      this.end(byte);
    } else if (this.is(byte, VEOF)) this.end(null);
    else if (this.is(byte, VEOL) || isExtended && this.is(byte, VEOL2)) { this.echoTyped(byte); this.end(byte); }
    else this.keep(byte);
  }
  private end(byte: number | null): void {
    const line = byte === null ? this.edited : [...this.edited, byte];
    for (const kept of line) this.ready.push(kept);
    this.lines.push(line.length);
    this.edited = [];
  }
  private echoTyped(byte: number): void {
    if (this.has(3, ECHO)) this.echo(byte);
  }
  private echo(byte: number): void {
    if (!this.has(3, ECHOCTL) || !isControl(byte) || byte === TAB) { this.show(byte); return; }
    this.show(0x5e);
    this.show(byte ^ 0x40);
  }

  /** Takes the last character from the line, and from the screen. */
  private erase(): void {
    let byte = this.edited.pop();
    if (byte === undefined) return;
    while (this.has(0, IUTF8) && isContinuation(byte) && this.edited.length > 0) byte = this.edited.pop()!;
    if (!this.has(3, ECHO)) return;
    if (!this.has(3, ECHOE)) { this.echo(this.terminal.characters[VERASE]!); return; }
    if (byte === TAB) { this.eraseTab(); return; }
    const width = isControl(byte) ? this.has(3, ECHOCTL) ? 2 : 0 : 1;
    for (let i = 0; i < width; i++) { this.show(BACKSPACE); this.show(SPACE); this.show(BACKSPACE); }
  }
  private eraseTab(): void {
    let column = this.startColumn;
    for (const byte of this.edited) {
      if (byte === TAB) column += 8 - column % 8;
      else if (isControl(byte)) column += this.has(3, ECHOCTL) ? 2 : 0;
      else if (!isContinuation(byte)) column += 1;
    }
    for (let left = 8 - column % 8; left > 0; left--) this.show(BACKSPACE);
  }
  private kill(): void {
    if (this.has(3, ECHO) && this.has(3, ECHOK) && this.has(3, ECHOKE) && this.has(3, ECHOE)) {
      while (this.edited.length > 0) this.erase();
      return;
    }
    this.edited = [];
    if (!this.has(3, ECHO)) return;
    this.echo(this.terminal.characters[VKILL]!);
    if (this.has(3, ECHOK)) this.show(NEWLINE);
  }
  private eraseWord(): void {
    while (this.edited.length > 0 && !isWord(this.edited.at(-1)!)) this.erase();
    while (this.edited.length > 0 && isWord(this.edited.at(-1)!)) this.erase();
  }
}
