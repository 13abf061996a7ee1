/** The debugger's screen: what there is to show, and how large the terminal is, become lines. Pure: the same view gives the same lines. */
import type { WindowSize } from '../../host/host.ts';

export type Style = 'plain' | 'title' | 'head' | 'changed' | 'here' | 'dim';
/** Text in a style. */
export type Piece = readonly [text: string, style: Style];
export type Line = readonly Piece[];

export interface View {
  readonly title: string;
  /** Why the program stopped. */
  readonly reason: string;
  readonly registers: readonly { readonly name: string; readonly value: bigint; readonly isChanged: boolean }[];
  readonly rip: string; readonly flags: string; readonly isFlagsChanged: boolean;
  readonly code: readonly { readonly text: string; readonly mark: string; readonly isHere: boolean }[];
  readonly walkTitle: string; readonly walk: readonly string[];
  readonly stackTitle: string; readonly stack: readonly string[];
  readonly memoryTitle: string; readonly memory: readonly string[];
  readonly cycles: string;
  readonly events: readonly string[];
  /** What is being typed, or what keys there are. */
  readonly bottom: string;
  /** Lines in front of everything else; null: none. */
  readonly overlay: readonly string[] | null;
}
/** How many rows and columns each part has. */
export interface Layout { readonly left: number; readonly right: number; readonly code: number; readonly walk: number; readonly stack: number; readonly memory: number; readonly events: number; readonly overlay: number }

const COLUMNS_MIN = 80, ROWS_MIN = 24;
const LEFT = 46, RIGHT = 33, RIGHT_MAX = 60, CODE = 5, WALK = 5, STACK = 4, MEMORY = 3, EVENTS = 5, REGISTER_COLUMNS = 2;
const SGR: Readonly<Record<Style, string>> = { plain: '', title: '7', head: '1', changed: '1;33', here: '1;32', dim: '2' };

function isTooSmall({ columns, rows }: WindowSize): boolean { return columns < COLUMNS_MIN || rows < ROWS_MIN; }
export function layoutOf({ columns, rows }: WindowSize): Layout {
  const wide = Math.max(0, columns - COLUMNS_MIN), high = Math.max(0, rows - ROWS_MIN), right = Math.min(RIGHT_MAX, RIGHT + Math.floor(wide / 2)), forEvents = Math.floor(high / 3), forTop = high - forEvents, forStack = Math.ceil(forTop / 2);
  return {
    left: LEFT + wide - (right - RIGHT), right, code: CODE + forTop, walk: WALK, stack: STACK + forStack, memory: MEMORY + forTop - forStack, events: EVENTS + forEvents,
    overlay: Math.max(ROWS_MIN, rows) - 2,
  };
}

/** Lines of exactly so many columns. */
export function render(view: View, size: WindowSize): readonly Line[] {
  if (isTooSmall(size)) return tooSmall(size);
  const layout = layoutOf(size), { columns } = size, top = bar(view, columns), bottom: Line = fit([[view.bottom, 'plain']], columns);
  if (view.overlay !== null) return [top, ...Array.from({ length: layout.overlay }, (_, k): Line => fit([[view.overlay?.[k] ?? '', 'plain']], columns)), bottom];
  const left = leftOf(view, layout), right = rightOf(view, layout), body = left.map((line, k): Line => [...fit(line, layout.left), ['|', 'dim'], ...fit(right[k] ?? [], layout.right)]);
  return [
    top, ...body, fit([[view.cycles, 'plain']], columns), head('events', columns), ...column(view.events.slice(-layout.events).map((text): Line => [[text, 'plain']]), layout.events, columns), bottom,
  ];
}
function tooSmall({ columns, rows }: WindowSize): readonly Line[] {
  const lines = [`${columns} columns and ${rows} rows are too few:`, `${COLUMNS_MIN} and ${ROWS_MIN} are needed`];
  return Array.from({ length: rows }, (_, k) => fit([[lines[k] ?? '', 'plain']], columns));
}
function bar({ title, reason }: View, columns: number): Line {
  const room = columns - reason.length - 1;
  return [[(room > title.length ? title.padEnd(room) + reason : title).slice(0, columns).padEnd(columns), 'title']];
}
function leftOf(view: View, { left, code }: Layout): readonly Line[] {
  const rows: Line[] = [], { registers } = view, half = Math.ceil(registers.length / REGISTER_COLUMNS);
  for (let k = 0; k < half; k++) {
    rows.push([registers[k], registers[k + half]].flatMap(register => register === undefined ? [] : [[`${register.isChanged ? '*' : ' '}${register.name.padEnd(3)} `, register.isChanged ? 'changed' : 'plain'], [`${register.value.toString(16).padStart(16, '0')}  `, register.isChanged ? 'changed' : 'plain']] as Piece[]));
  }
  while (rows.length < 8) rows.push([]);
  rows.push([[` rip ${view.rip}  `, 'plain'], [`${view.isFlagsChanged ? '*' : ''}${view.flags}`, view.isFlagsChanged ? 'changed' : 'plain']]);
  return [...rows, head('code', left), ...column(view.code.map(({ text, mark, isHere }): Line => [[`${mark.padEnd(2)} `, isHere ? 'here' : 'changed'], [text, isHere ? 'here' : 'plain']]), code, left)];
}
function rightOf(view: View, { right, walk, stack, memory }: Layout): readonly Line[] {
  const part = (title: string, texts: readonly string[], rows: number): readonly Line[] => [head(title, right), ...column(texts.map((text): Line => [[text, 'plain']]), rows, right)];
  return [...part(view.walkTitle, view.walk, walk), ...part(view.stackTitle, view.stack, stack), ...part(view.memoryTitle, view.memory, memory)];
}
function head(title: string, columns: number): Line { return fit([[`-- ${title} ${'-'.repeat(columns)}`, 'head']], columns); }
function column(lines: readonly Line[], rows: number, columns: number): readonly Line[] { return Array.from({ length: rows }, (_, k) => fit(lines[k] ?? [], columns)); }
/** Cut, or filled up with spaces. Control characters would move the cursor. */
function fit(line: Line, columns: number): Line {
  const pieces: Piece[] = [];
  let room = columns;
  for (const [text, style] of line) {
    const part = text.replace(/[^ -~]/g, '.').slice(0, room);
    if (part !== '') pieces.push([part, style]);
    room -= part.length;
  }
  return room > 0 ? [...pieces, [' '.repeat(room), 'plain']] : pieces;
}
export function textOf(line: Line): string { return line.map(([text]) => text).join(''); }
/** `isPlain`: without colours (no-color.org); what is changed has its mark all the same. */
export function codesOf(line: Line, isPlain: boolean): string {
  return line.map(([text, style]) => isPlain && style !== 'title' || SGR[style] === '' ? text : `\x1b[${SGR[style]}m${text}\x1b[m`).join('');
}
