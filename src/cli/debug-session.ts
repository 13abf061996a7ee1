/** `tramp64 debug PROGRAM`: commands from the command line, files, a pipe or a terminal. */
import { complete } from '../debug/repl/completion.ts';
import { CommandLoop } from '../debug/repl/commands.ts';
import { LineEditor } from '../debug/repl/line-editor.ts';
import { Session } from '../debug/repl/session.ts';
import { Mistake } from '../debug/mistake.ts';
import type { TargetOptions } from '../debug/target.ts';
import { byteString, bytesOf, utf8Bytes } from '../host/host.ts';
import { RedirectedHost } from '../host/redirected-host.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { Interruption } from './interruption.ts';
import { type CommandLine, lastValue } from './options.ts';
import { prepare } from './run.ts';

const PROMPT = '(tramp64) ', STATUS_WRONG = 1, READ_BYTES = 1 << 16, COLUMNS = 80, NEWLINE = 10, O_OUT = 0o1101;

/** Lines of the debugger's and bytes of the program's on one standard output: a line never begins in the middle of another. */
class Output {
  private readonly host: CommandHost;
  private isMidLine = false;
  constructor(host: CommandHost) { this.host = host; }
  say(line: string): void {
    this.host.write(1, bytesOf(`${this.isMidLine ? '\n' : ''}${utf8Bytes(line)}\n`), null);
    this.isMidLine = false;
  }
  program(bytes: Uint8Array, fd: number): void {
    this.host.write(fd, bytes, null);
    if (fd === 1 && bytes.length > 0) this.isMidLine = bytes[bytes.length - 1] !== NEWLINE;
  }
}

export async function debugSession(host: CommandHost, line: CommandLine): Promise<number> {
  const prepared = await prepare(host, line, 'debug');
  if (typeof prepared === 'number') return prepared;
  const isTui = line.values.has('--tui'), isBatch = line.values.has('--batch'), scripts = line.given.filter(([name]) => name === '-x' || name === '-ex');
  const readsCommands = !isTui && !(isBatch && scripts.length > 0), isTerminal = host.isTerminal(0) && host.isTerminal(1);
  if (isTui && !isTerminal) return complain(host, 'debug: --tui needs a terminal', STATUS_USAGE);
  const input = lastValue(line, '--input'), outputTo = lastValue(line, '--output'), output = new Output(host), { files, path, argv, environment, machine } = prepared;
  const whole = (name: string): string => name.startsWith('/') ? name : `${host.directory}/${name}`;
  for (const [name, flags] of [[input, 0], [outputTo, O_OUT]] as const) {
    const fd = name === undefined ? 0 : host.open(whole(name), flags, 0o666);
    if (fd < 0) return complain(host, `debug: ${name}: cannot be opened`, STATUS_USAGE);
    if (name !== undefined) host.close(fd);
  }
  const open = (name: string, flags: number): number => host.open(whole(name), flags, 0o666);
  const targetOptions = (shown: (bytes: Uint8Array, fd: number) => void): TargetOptions => ({
    host: new RedirectedHost(files.host, {
      ...input !== undefined ? { input: open(input, 0) } : isTui || readsCommands && !isTerminal ? { input: null } : {},
      output: outputTo !== undefined ? open(outputTo, O_OUT) : shown,
    }),
    program: { path, argv, envp: environment }, machine,
  });
  const read = (name: string): string | null => readText(host, whole(name));
  if (isTui) {
    const commands = scripts.map(([name, value]) => name === '-x' ? `source ${value}` : value);
    try { return await (await import('./debug-screen.ts')).debugScreen(host, targetOptions, () => { files.seal(); }, read, commands); } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      return complain(host, error.message, STATUS_USAGE);
    }
  }
  const session: Session = new Session(() => targetOptions((bytes, fd) => { output.program(bytes, fd); }), { say: text => { output.say(text); }, breathe: () => interruption.breathe() });
  const loop = new CommandLoop(session, read);
  const interruption = new Interruption(host);
  try {
    session.start();
    files.seal();
    let hasFailed = false;
    const attempt = async (run: () => Promise<void>): Promise<boolean> => {
      try { await run(); return true; } catch (error) {
        if (!(error instanceof Mistake)) throw error;
        hasFailed = true;
        complain(host, error.message, STATUS_WRONG);
        return false;
      }
    };
    for (const [name, value] of scripts) {
      if (session.isOver) break;
      const isGood = await attempt(() => name === '-x' ? loop.source(value) : loop.run(value));
      if (!isGood && isBatch) return STATUS_WRONG;
    }
    if (readsCommands && !session.isOver) {
      if (isTerminal && !isBatch) await converse(host, loop, attempt);
      else {
        for (const text of linesOf(host)) {
          if (session.isOver) break;
          if (!await attempt(() => loop.run(text)) && isBatch) return STATUS_WRONG;
        }
      }
    }
    return hasFailed && !isTerminal ? STATUS_WRONG : 0;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return complain(host, error.message, STATUS_USAGE);
  } finally { interruption.end(); }
}

function readText(host: CommandHost, path: string): string | null {
  const fd = host.open(path, 0, 0);
  if (fd < 0) return null;
  let text = '';
  for (const bytes = new Uint8Array(READ_BYTES); ;) {
    const got = host.read(fd, bytes, null);
    if (got <= 0) { host.close(fd); return got < 0 ? null : text; }
    text += byteString(bytes.subarray(0, got));
  }
}
/** Of standard input, as they come. */
function* linesOf(host: CommandHost): Iterable<string> {
  const bytes = new Uint8Array(READ_BYTES);
  let rest = '';
  for (;;) {
    const got = host.read(0, bytes, null);
    if (got <= 0) break;
    rest += byteString(bytes.subarray(0, got));
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n')) { yield rest.slice(0, at); rest = rest.slice(at + 1); }
  }
  if (rest !== '') yield rest;
}

/** With somebody at a terminal. It is raw only while a line is typed: the program gets it as it was. */
async function converse(host: CommandHost, loop: CommandLoop, attempt: (run: () => Promise<void>) => Promise<boolean>): Promise<void> {
  const { session } = loop, editor = new LineEditor(text => complete(text, session, loop.commands, host)), bytes = new Uint8Array(READ_BYTES);
  const put = (text: string): void => { host.write(1, bytesOf(utf8Bytes(text)), null); };
  let rest = '';
  await attempt(async () => { session.showPlace(); });
  while (!session.isOver) {
    host.setRaw(0, true);
    editor.begin();
    let line: string | null = null;
    for (let isTyping = true; isTyping;) {
      if (editor.notice.length > 0) { put(`\r\n${editor.notice.join('  ')}\r\n`); editor.notice = []; }
      put(editor.shown(PROMPT, host.windowSize(1)?.columns ?? COLUMNS));
      if (rest === '') {
        const got = host.read(0, bytes, null);
        if (got <= 0) { isTyping = false; session.isOver = true; break; }
        rest = byteString(bytes.subarray(0, got));
      }
      const { outcome, rest: left } = editor.feed(rest);
      rest = left;
      if (outcome.kind === 'typing') continue;
      isTyping = false;
      if (outcome.kind === 'line') line = outcome.text;
      if (outcome.kind === 'end') session.isOver = true;
    }
    put(editor.shown(PROMPT, host.windowSize(1)?.columns ?? COLUMNS) + '\r\n');
    host.setRaw(0, false);
    const text = line;
    if (text !== null) await attempt(() => text.trim() === '' ? loop.repeat() : loop.run(text));
  }
}
