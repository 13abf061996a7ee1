/** The screen as something to work with: keys become commands of the session, and its words events. Knows no terminal: keys come in, a view goes out. */
import type { Va } from '../../base/types.ts';
import type { Host, WindowSize } from '../../host/host.ts';
import { codeAt, codeBefore } from '../code.ts';
import { Mistake } from '../mistake.ts';
import { complete } from '../repl/completion.ts';
import { CommandLoop } from '../repl/commands.ts';
import { keysOf } from '../repl/keys.ts';
import { LineEditor } from '../repl/line-editor.ts';
import { type Driver, Session } from '../repl/session.ts';
import type { TargetOptions } from '../target.ts';
import { layoutOf, type View } from './render.ts';
import { type Before, registersOf, viewOf } from './view.ts';

interface Key { readonly keys: readonly string[]; readonly shown: string; readonly help: string; readonly run: (tui: Tui) => void | Promise<void> }
/** Something is asked for in the bottom line. */
interface Prompt { readonly text: string; readonly editor: LineEditor; readonly done: (line: string) => void | Promise<void> }

const HINTS = 's step n next f finish c continue b back r rev-next C rev-cont : cmd ? help';
const UP = '\x1b[A', DOWN = '\x1b[B', PAGE_UP = '\x1b[5~', PAGE_DOWN = '\x1b[6~', ESCAPE = '\x1b', SCROLL_BYTES = 64, STACK_SCROLL_BYTES = 32;
const command = (line: string) => (tui: Tui): Promise<void> => tui.move(line);
const KEYS: readonly Key[] = [
  { keys: ['s'], shown: 's', help: 'step: one instruction, into calls and trampolines', run: command('step') },
  { keys: ['n'], shown: 'n', help: 'next: over calls', run: command('next') },
  { keys: ['f'], shown: 'f', help: 'finish: until this function has returned', run: command('finish') },
  { keys: ['u'], shown: 'u', help: 'until: like next, but through loops to their end', run: command('until') },
  { keys: ['c'], shown: 'c', help: 'continue (Control-C stops the program)', run: command('continue') },
  { keys: ['b'], shown: 'b', help: 'back: one instruction back', run: command('back') },
  { keys: ['r'], shown: 'r', help: 'reverse-next: back over calls', run: command('reverse-next') },
  { keys: ['R'], shown: 'R', help: 'reverse-finish: back to the call of this function', run: command('reverse-finish') },
  { keys: ['C'], shown: 'C', help: 'reverse-continue: back to the last stop', run: command('reverse-continue') },
  { keys: ['g'], shown: 'g', help: 'run: from the beginning, until something stops the program', run: command('run') },
  { keys: [UP, 'k'], shown: 'up k', help: 'the listing: one instruction up', run: tui => { tui.scroll(-1); } },
  { keys: [DOWN, 'j'], shown: 'down j', help: 'the listing: one instruction down', run: tui => { tui.scroll(1); } },
  { keys: ['.'], shown: '.', help: 'the listing: back to the next instruction', run: tui => { tui.choice.code = null; } },
  { keys: [' '], shown: 'space', help: 'a breakpoint at the listing\'s instruction, or none any more', run: tui => tui.toggle() },
  { keys: ['h'], shown: 'h', help: 'until the listing\'s instruction', run: tui => tui.move(`until *0x${tui.cursor.toString(16)}`) },
  { keys: ['T'], shown: 'T', help: 'stop at trampolines, or no more', run: tui => tui.toggleKind('trampoline') },
  { keys: ['F'], shown: 'F', help: 'stop at page faults, or no more', run: tui => tui.toggleKind('fault') },
  { keys: ['S'], shown: 'S', help: 'stop at system calls, or no more', run: tui => tui.toggleKind('syscall') },
  { keys: ['m'], shown: 'm', help: 'memory at an address', run: tui => { tui.ask('memory at: ', line => { tui.choice.memory = line === '' ? null : tui.session.address(line); }); } },
  { keys: ['p'], shown: 'p', help: 'the page-table walk of an address', run: tui => { tui.ask('page table of: ', line => { tui.choice.walk = line === '' ? null : tui.session.address(line); }); } },
  { keys: [PAGE_UP], shown: 'PgUp', help: 'memory: up', run: tui => { tui.choice.memory = Math.max(0, (tui.choice.memory ?? tui.session.rip) - SCROLL_BYTES); } },
  { keys: [PAGE_DOWN], shown: 'PgDn', help: 'memory: down', run: tui => { tui.choice.memory = (tui.choice.memory ?? tui.session.rip) + SCROLL_BYTES; } },
  { keys: ['['], shown: '[', help: 'the stack: up', run: tui => { tui.choice.stackBytes = Math.max(0, tui.choice.stackBytes - STACK_SCROLL_BYTES); } },
  { keys: [']'], shown: ']', help: 'the stack: down', run: tui => { tui.choice.stackBytes += STACK_SCROLL_BYTES; } },
  { keys: ['\t'], shown: 'Tab', help: 'the next thread', run: tui => { tui.nextThread(); } },
  { keys: ['e'], shown: 'e', help: 'all events', run: tui => { tui.showLines(tui.session.log.lines); } },
  { keys: ['t'], shown: 't', help: 'trampolines with their contexts', run: tui => tui.look('trampfd') },
  { keys: ['M'], shown: 'M', help: 'mappings', run: tui => tui.look('maps') },
  { keys: ['L'], shown: 'L', help: 'the TLB', run: tui => tui.look('tlb') },
  { keys: ['y'], shown: 'y', help: 'cycles', run: tui => tui.look('cycles') },
  { keys: ['w'], shown: 'w', help: 'who called whom', run: tui => tui.look('backtrace') },
  { keys: ['v'], shown: 'v', help: 'x87, vector and system registers', run: tui => tui.look('registers x87 vector system') },
  { keys: [':'], shown: ':', help: 'any command of the debugger', run: tui => { tui.ask(':', line => tui.look(line), true); } },
  { keys: ['?'], shown: '?', help: 'this list', run: tui => { tui.showLines(KEYS.map(({ shown, help }) => `${shown.padEnd(8)} ${help}`)); } },
  { keys: ['q'], shown: 'q', help: 'quit', run: tui => { tui.session.isOver = true; } },
];

export class Tui {
  readonly session: Session;
  readonly choice: { code: Va | null; memory: Va | null; walk: Va | null; stackBytes: number } = { code: null, memory: null, walk: null, stackBytes: 0 };
  private readonly loop: CommandLoop;
  private readonly commands: LineEditor;
  private size: WindowSize;
  private before: Before = new Map();
  private reason = '';
  private said: string[] = [];
  private prompt: Prompt | null = null;
  private overlay: readonly string[] | null = null;
  private page = 0;
  /** The end of a line the program has begun to write. */
  private written = '';

  /** `open`: of programs whose output goes to `output`. */
  constructor(open: (output: (bytes: Uint8Array) => void) => TargetOptions, host: Host, size: WindowSize, read: (path: string) => string | null, breathe?: Driver['breathe']) {
    this.session = new Session(() => open(bytes => { this.output(bytes); }), { say: line => { this.said.push(...line.split('\n')); }, ...breathe === undefined ? {} : { breathe } });
    this.loop = new CommandLoop(this.session, read);
    this.commands = new LineEditor(text => complete(text, this.session, this.loop.commands, host));
    this.size = size;
  }
  start(): void { this.session.start(); }
  resize(size: WindowSize): void { this.size = size; }

  /** A command as if it had been typed. */
  command(line: string): Promise<void> { return this.attempt(() => this.look(line)); }

  /** Keys that came at once. */
  async input(text: string): Promise<void> {
    if (this.prompt !== null) { await this.type(this.prompt, text); return; }
    for (const key of keysOf(text)) {
      if (this.session.isOver) return;
      if (this.overlay !== null) { this.turnPage(key); continue; }
      const row = KEYS.find(({ keys }) => keys.includes(key));
      if (row !== undefined) await this.attempt(() => row.run(this));
      if (this.prompt !== null) { const rest = text.slice(text.indexOf(key) + key.length); if (rest !== '') await this.input(rest); return; }
    }
  }
  private async type(prompt: Prompt, text: string): Promise<void> {
    const { outcome, rest } = text === ESCAPE ? { outcome: { kind: 'cancelled' } as const, rest: '' } : prompt.editor.feed(text);
    if (outcome.kind === 'typing') return;
    this.prompt = null;
    if (outcome.kind === 'line') await this.attempt(() => prompt.done(outcome.text.trim()));
    if (rest !== '') await this.input(rest);
  }
  ask(text: string, done: Prompt['done'], isCommand = false): void {
    const editor = isCommand ? this.commands : new LineEditor(head => complete(`print ${head}`, this.session, this.loop.commands, this.session.target.files));
    editor.begin();
    this.prompt = { text, editor, done };
  }
  private async attempt(run: () => void | Promise<void>): Promise<void> {
    try { await run(); } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      this.reason = error.message;
    }
  }
  private turnPage(key: string): void {
    const rows = layoutOf(this.size).overlay, last = Math.max(0, (this.overlay?.length ?? 0) - rows);
    if (key === DOWN || key === 'j') this.page = Math.min(last, this.page + 1);
    else if (key === UP || key === 'k') this.page = Math.max(0, this.page - 1);
    else if (key === PAGE_UP) this.page = Math.max(0, this.page - rows);
    else if ((key === PAGE_DOWN || key === ' ') && this.page < last) this.page = Math.min(last, this.page + rows);
    else this.overlay = null;
  }
  showLines(lines: readonly string[]): void { this.overlay = lines.length === 0 ? ['nothing'] : lines; this.page = 0; }

  /** A command that moves the program: what it says of a stop are events. */
  async move(line: string): Promise<void> {
    const { session } = this, before = registersOf(session);
    this.said = [];
    this.reason = '';
    try { await this.loop.run(line); } finally {
      this.before = before;
      this.choice.code = null; this.choice.stackBytes = 0;
      const words = this.said.filter(text => !text.startsWith('=>') && !/^thread \d+$/.test(text));
      if (words.length > 0 && this.reason === '') this.reason = words[0]!;
      if (session.hasTarget) for (const text of words) session.log.add(session.target.position, text);
      this.said = [];
    }
  }
  /** Any command: what it says is shown in front, if it is more than a line. */
  async look(line: string): Promise<void> {
    const before = this.session.hasTarget ? this.session.target.position : null;
    this.said = [];
    this.reason = '';
    const registers = registersOf(this.session);
    await this.loop.run(line);
    const { said } = this, isMoved = this.session.hasTarget && before !== null && this.session.target.position.instructions !== before.instructions;
    if (isMoved) { this.before = registers; this.choice.code = null; }
    this.said = [];
    if (said.length === 1 || isMoved) {
      this.reason = said[0] ?? '';
      for (const text of said) if (this.session.hasTarget) this.session.log.add(this.session.target.position, text);
    } else if (said.length > 1) this.showLines(said);
  }
  private output(bytes: Uint8Array): void {
    this.written += String.fromCharCode(...bytes.subarray(0, 4096));
    const lines = this.written.split('\n');
    this.written = lines.pop()!.slice(-200);
    for (const line of lines) this.session.log.add(this.session.hasTarget ? this.session.target.position : { instructions: 0, events: 0 }, `output: ${line}`);
  }

  get cursor(): Va { return this.choice.code ?? this.session.rip; }
  scroll(by: number): void {
    const { target, names, process } = this.session, { cursor } = this;
    const next = by < 0 ? codeBefore(target, names, process, cursor, 1)[0]?.address : codeAt(target, names, process, cursor, 2)[1]?.address;
    if (next !== undefined) this.choice.code = next;
  }
  async toggle(): Promise<void> {
    const { session, cursor } = this, point = session.points.all.find(({ cause }) => cause.kind === 'break' && cause.address === cursor);
    await this.look(point === undefined ? `break *0x${cursor.toString(16)}` : `delete ${point.number}`);
  }
  async toggleKind(kind: 'trampoline' | 'fault' | 'syscall'): Promise<void> {
    const point = this.session.points.all.find(({ cause }) => cause.kind === kind);
    await this.look(point === undefined ? `break ${kind}` : `delete ${point.number}`);
    if (point !== undefined) this.reason = `no stops for ${kind}`;
  }
  nextThread(): void {
    const { session } = this, tids = session.target.tasks.map(({ tid }) => tid);
    if (!session.isAlive || tids.length < 2) return;
    session.select(tids[(tids.indexOf(session.tid) + 1) % tids.length]!);
    this.before = new Map();
    this.choice.code = null;
  }

  get view(): View {
    const { prompt, session, overlay, page, reason } = this, rows = layoutOf(this.size).overlay;
    const bottom = prompt !== null ? `${prompt.text}${prompt.editor.text}_` : overlay !== null ? `lines ${page + 1} to ${Math.min(overlay.length, page + rows)} of ${overlay.length}: space, up, down, any other key` : HINTS;
    return viewOf(session, this.choice, this.before, { reason: reason.length > 40 ? `${reason.slice(0, 37)}...` : reason, bottom, overlay: overlay?.slice(page, page + rows) ?? null, events: session.log.lines }, layoutOf(this.size));
  }
}
