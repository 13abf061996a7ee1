/** The matrix measured by several processes: each is told cells, a line each, and answers with rows. Cells know nothing of each other, so that rows are the same however many there are. */
import { Measuring, type Cell } from '../bench/cell.ts';
import { cellAt, measureOne, placeOf, type Progress } from '../bench/matrix.ts';
import { WrongSum } from '../bench/laps.ts';
import type { Place, Row } from '../bench/record.ts';
import { bytesOf } from '../host/host.ts';
import { complain, STATUS_USAGE, type CommandHost, type Helper } from './command.ts';
import { printed } from './files.ts';
import { type CommandLine, lastValue } from './options.ts';

/** More than processors are of no use, and each takes memory. */
const HELPERS_MAX = 8;
/** A process takes as long to start as some cells take to be measured. */
const CELLS_EACH_MIN = 8;
/** What such a process is started with. */
const WORDS = ['bench', 'cells'] as const;
export const [, HELPING] = WORDS;

interface Question { readonly place: Place; readonly seed: number | null; readonly repeats: boolean }
type Answer = { readonly row: Row } | { readonly wrong: string };

/** How many processes are worth it: 1 is this one. Or what is wrong with `--jobs`. */
export function jobsOf(host: CommandHost, line: CommandLine, cells: number): number | string {
  const text = lastValue(line, '--jobs');
  if (text !== undefined && !/^[1-9]\d{0,2}$/.test(text)) return `option --jobs takes a number of processes, not '${text}'`;
  if (host.helper === undefined) return 1;
  return text === undefined ? Math.min(host.processors ?? 1, HELPERS_MAX, Math.max(1, Math.floor(cells / CELLS_EACH_MIN))) : Math.min(Number(text), cells);
}
/** null: it was ended. What helpers that end too early leave is measured here. */
export async function measureTogether(host: CommandHost, jobs: number, cells: readonly Cell[], progress: Progress, repeats: boolean): Promise<readonly Row[] | null> {
  const helpers = Array.from({ length: jobs }, () => host.helper?.(WORDS)).filter(helper => helper !== undefined);
  try { return await new Together(cells, progress, repeats).measured(helpers); } finally { for (const helper of helpers) helper.end(); }
}
class Together {
  private readonly cells: readonly Cell[];
  private readonly progress: Progress;
  private readonly repeats: boolean;
  /** What has not been begun: what takes longest is at the end, and taken first. */
  private readonly left: number[];
  private readonly rows = new Map<number, Row>();
  private isEnded = false;
  constructor(cells: readonly Cell[], progress: Progress, repeats: boolean) {
    this.cells = cells; this.progress = progress; this.repeats = repeats;
    this.left = cells.map((_, n) => n).sort((a, b) => (cells[a]?.count ?? 0) - (cells[b]?.count ?? 0) || b - a);
  }
  async measured(helpers: readonly Helper[]): Promise<readonly Row[] | null> {
    await Promise.all(helpers.map(helper => this.feed(helper)));
    const measuring = new Measuring(), again = new Measuring();
    for (let n = await this.next(); n !== null; n = await this.next()) this.rows.set(n, await measureOne(this.cellAt(n), measuring, this.repeats ? again : null));
    return this.isEnded ? null : this.cells.flatMap((_, n) => this.rows.get(n) ?? []);
  }
  private async feed(helper: Helper): Promise<void> {
    for (let n = await this.next(); n !== null; n = await this.next()) {
      const cell = this.cellAt(n), question: Question = { place: placeOf(cell), seed: cell.seed, repeats: this.repeats }, answer = await helper.ask(JSON.stringify(question));
      if (answer === null) { this.left.push(n); return; }
      const told = JSON.parse(answer) as Answer;
      if ('wrong' in told) throw new WrongSum(told.wrong);
      this.rows.set(n, told.row);
    }
  }
  /** null: there is nothing left to do. */
  private async next(): Promise<number | null> {
    const n = this.isEnded ? undefined : this.left.pop();
    if (n === undefined) return null;
    if (await this.progress(this.rows.size, this.cellAt(n))) return n;
    this.isEnded = true;
    return null;
  }
  private cellAt(n: number): Cell {
    const cell = this.cells[n];
    if (cell === undefined) throw new RangeError(`no cell ${n}`);
    return cell;
  }
}

/** The other side: until there are no more questions. */
export async function help(host: CommandHost): Promise<number> {
  const measuring = new Measuring(), again = new Measuring();
  for (const line of linesIn(host)) {
    const question = questionIn(line), cell = question === null ? null : cellAt(question.place, question.seed);
    if (question === null || cell === null) return complain(host, 'bench: cells is for processes that tramp64 bench starts; see tramp64 bench --help', STATUS_USAGE);
    const status = printed(host, `${JSON.stringify(await answerTo(cell, measuring, question.repeats ? again : null))}\n`);
    if (status !== 0) return status;
  }
  return 0;
}
async function answerTo(cell: Cell, measuring: Measuring, again: Measuring | null): Promise<Answer> {
  try { return { row: await measureOne(cell, measuring, again) }; } catch (error) {
    if (error instanceof WrongSum) return { wrong: error.message };
    throw error;
  }
}
function questionIn(line: string): Question | null {
  try {
    const question = JSON.parse(line) as Partial<Question> | null;
    return question?.place === undefined ? null : { place: question.place, seed: question.seed ?? null, repeats: question.repeats === true };
  } catch { return null; }
}
function* linesIn(host: CommandHost): Generator<string> {
  const bytes = bytesOf('\0'.repeat(4096));
  let text = '';
  for (;;) {
    const end = text.indexOf('\n');
    if (end >= 0) { yield text.slice(0, end); text = text.slice(end + 1); continue; }
    const got = host.read(0, bytes, null);
    if (got <= 0) return;
    text += new TextDecoder().decode(bytes.subarray(0, got));
  }
}
