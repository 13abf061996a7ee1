/** A line being typed: keys change it, and it knows what the terminal has to show (ECMA-48; keys as of readline(3)'s emacs mode). Reads and writes nothing itself. */
import { keysOf } from './keys.ts';
import { type Completed, common } from './completion.ts';

export type Outcome =
  /** It is still being typed. */
  | { readonly kind: 'typing' }
  | { readonly kind: 'line'; readonly text: string }
  /** Control-C: it is given up. Control-D on an empty one: there will be no more. */
  | { readonly kind: 'cancelled' } | { readonly kind: 'end' };

const HISTORY_MAX = 1000, LIST_MAX = 60;

export class LineEditor {
  text = '';
  cursor = 0;
  /** What is to be shown above the line, once. */
  notice: readonly string[] = [];
  private readonly history: string[] = [];
  private at = 0;
  private draft = '';
  private cut = '';
  private readonly complete: (text: string) => Completed;
  constructor(complete: (text: string) => Completed) { this.complete = complete; }

  begin(): void { this.text = ''; this.cursor = 0; this.at = this.history.length; this.draft = ''; this.notice = []; }
  /** Keys that came at once, up to the first that ends the line; gives what is left. */
  feed(input: string): { readonly outcome: Outcome; readonly rest: string } {
    const keys = keysOf(input);
    for (const [n, key] of keys.entries()) {
      const outcome = this.key(key);
      if (outcome.kind !== 'typing') return { outcome, rest: keys.slice(n + 1).join('') };
    }
    return { outcome: { kind: 'typing' }, rest: '' };
  }
  private key(key: string): Outcome {
    const move = Object.hasOwn(this.keys, key) ? this.keys[key] : undefined;
    if (key === '\r' || key === '\n') return this.finish();
    if (key === '\x03') return { kind: 'cancelled' };
    if (key === '\x04' && this.text === '') return { kind: 'end' };
    if (move !== undefined) move();
    else if (key >= ' ' && !key.startsWith('\x1b')) this.insert(key);
    return { kind: 'typing' };
  }
  private readonly keys: Readonly<Record<string, () => void>> = {
    '\x7f': () => { this.erase(this.cursor - 1, this.cursor); }, '\b': () => { this.erase(this.cursor - 1, this.cursor); },
    '\x1b[3~': () => { this.erase(this.cursor, this.cursor + 1); }, '\x04': () => { this.erase(this.cursor, this.cursor + 1); },
    '\x1b[D': () => { this.to(this.cursor - 1); }, '\x02': () => { this.to(this.cursor - 1); }, '\x1b[C': () => { this.to(this.cursor + 1); }, '\x06': () => { this.to(this.cursor + 1); },
    '\x01': () => { this.to(0); }, '\x1b[H': () => { this.to(0); }, '\x1b[1~': () => { this.to(0); },
    '\x05': () => { this.to(this.text.length); }, '\x1b[F': () => { this.to(this.text.length); }, '\x1b[4~': () => { this.to(this.text.length); },
    '\x1bb': () => { this.to(this.wordBefore()); }, '\x1bf': () => { this.to(this.cursor + (/^\W*\w*/.exec(this.text.slice(this.cursor))?.[0].length ?? 0)); },
    '\x15': () => { this.kill(0, this.cursor); }, '\x0b': () => { this.kill(this.cursor, this.text.length); }, '\x17': () => { this.kill(this.wordBefore(), this.cursor); },
    '\x19': () => { this.insert(this.cut); },
    '\x1b[A': () => { this.recall(this.at - 1); }, '\x10': () => { this.recall(this.at - 1); }, '\x1b[B': () => { this.recall(this.at + 1); }, '\x0e': () => { this.recall(this.at + 1); },
    '\t': () => { this.tab(); },
  };
  private wordBefore(): number { return /\S*\s*$/.exec(this.text.slice(0, this.cursor))!.index; }
  private to(at: number): void { this.cursor = Math.max(0, Math.min(at, this.text.length)); }
  private insert(text: string): void { this.text = this.text.slice(0, this.cursor) + text + this.text.slice(this.cursor); this.cursor += text.length; }
  private erase(from: number, to: number): void {
    if (from < 0) return;
    this.text = this.text.slice(0, from) + this.text.slice(to);
    this.cursor = from;
  }
  private kill(from: number, to: number): void { this.cut = this.text.slice(from, to); this.erase(from, to); }
  private recall(at: number): void {
    if (at < 0 || at > this.history.length) return;
    if (this.at === this.history.length) this.draft = this.text;
    this.at = at;
    this.text = this.history[at] ?? this.draft;
    this.cursor = this.text.length;
  }
  private finish(): Outcome {
    const { text, history } = this;
    if (text.trim() !== '' && history.at(-1) !== text) history.push(text);
    if (history.length > HISTORY_MAX) history.shift();
    return { kind: 'line', text };
  }
  private tab(): void {
    const { from, words } = this.complete(this.text.slice(0, this.cursor));
    if (words.length === 0) return;
    const whole = words.length === 1 ? `${words[0]!} ` : common(words), old = this.text.slice(from, this.cursor);
    if (whole.length > old.length) { this.insert(whole.slice(old.length)); return; }
    this.notice = words.length > LIST_MAX ? [...words.slice(0, LIST_MAX), `and ${words.length - LIST_MAX} more`] : words;
  }
  /** The terminal's line: what there is room for around the cursor, and where that is. */
  shown(prompt: string, columns: number): string {
    const room = Math.max(1, columns - prompt.length - 1), from = Math.max(0, this.cursor - room);
    return `\r${prompt}${this.text.slice(from, from + room)}\x1b[K\r\x1b[${prompt.length + this.cursor - from}C`;
  }
}
