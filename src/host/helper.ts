/** Another process of this program (nodejs.org/api/child_process), which answers lines on its standard input with lines on its standard output. */
import childProcess, { type ChildProcess } from 'node:child_process';

export class ChildHelper {
  private readonly child: ChildProcess;
  private text = '';
  private hasEnded = false;
  private answer: ((line: string | null) => void) | null = null;

  constructor(words: readonly string[]) {
    this.child = childProcess.spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (part: string) => { this.take(part); });
    this.child.stdin.on('error', () => { this.ended(); });
    this.child.on('error', () => { this.ended(); }).on('close', () => { this.ended(); });
  }
  /** null: it has ended. One question at a time. */
  ask(line: string): Promise<string | null> {
    if (this.hasEnded) return Promise.resolve(null);
    return new Promise(resolve => {
      this.answer = resolve;
      this.child.stdin.write(`${line}\n`);
    });
  }
  /** What it is asked it need not answer any more. */
  end(): void {
    if (this.answer !== null) this.child.kill('SIGKILL');
    this.child.stdin.end();
  }

  private take(part: string): void {
    this.text += part;
    const end = this.text.indexOf('\n');
    if (end < 0) return;
    const line = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    this.give(line);
  }
  private ended(): void {
    this.hasEnded = true;
    this.give(null);
  }
  private give(line: string | null): void {
    const { answer } = this;
    this.answer = null;
    answer?.(line);
  }
}
