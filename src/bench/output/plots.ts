/** Plots of results as SVG (w3.org/TR/SVG11): lines over the number of trampolines, bars of causes, the matrix of policies. Each comes wide, and narrow for phones. */
import { type Cause, CAUSES } from '../../timing/causes.ts';
import { POLICIES } from '../axes.ts';
import { bytesIn, type Row } from '../record.ts';
import { outcomeOf } from './columns.ts';
import { FAMILIES, familyOf } from './families.ts';

export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly wide: string;
  readonly narrow: string;
  /** Its colours are those of families. */
  readonly isByFamily: boolean;
}
/** Widths in pixels; what is not wide has its legend below. */
const WIDE = 940, NARROW = 380;

export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const at = (value: number): string => `${Math.round(value * 10) / 10}`;
const text = (x: number, y: number, words: string, attributes = ''): string => `<text x="${at(x)}" y="${at(y)}"${attributes}>${escaped(words)}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string => `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${kind}"/>`;
const drawing = (width: number, height: number, title: string, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(height)}" width="${width}" height="${Math.ceil(height)}" role="img" aria-label="${escaped(title)}"><title>${escaped(title)}</title>${body}</svg>`;

/** Of every drawing, and of the page they are in. */
export const STYLE = `svg{font:12px system-ui,sans-serif}svg text{fill:var(--ink)}svg .quiet{fill:var(--quiet)}svg .grid{stroke:var(--line)}svg .lead{stroke:var(--line)}svg .end{text-anchor:end}svg .mid{text-anchor:middle}
svg .s{fill:none;stroke:var(--c);stroke-width:2}svg .s.rare{stroke-dasharray:2 4}svg .p{fill:var(--c)}svg .n{fill:var(--c)}svg g.series:hover .s{stroke-width:4}
svg .works{fill:var(--works)}svg .fails{fill:var(--fails)}
${FAMILIES.map(({ name }) => `.f-${name}{--c:var(--f-${name})}`).join('')}
${CAUSES.map(({ cause }) => `svg .${cause}{fill:var(--${cause})}`).join('')}`;
/** What the processor does is blue to green, what it waits for beyond itself violet, the kernel red to yellow. */
const COLOURS: Readonly<Record<Cause, { readonly light: string; readonly dark: string }>> = {
  issue: { light: '#4f8fc0', dark: '#5b9fd3' }, dependencies: { light: '#1f5f8b', dark: '#2f74a6' }, branch: { light: '#3a9d8f', dark: '#4cb8a9' },
  cache: { light: '#8566b4', dark: '#a084d0' }, tlb: { light: '#b79bd8', dark: '#c9b3e6' },
  syscall: { light: '#d98e1f', dark: '#eda53c' }, fault: { light: '#8f2d1c', dark: '#b8472f' }, signal: { light: '#c9607f', dark: '#e0809c' }, trampfd: { light: '#c04c00', dark: '#ff9355' },
};
const colours = (scheme: 'light' | 'dark'): string => [...FAMILIES.map(family => `--f-${family.name}:${family[scheme]}`), ...CAUSES.map(({ cause }) => `--${cause}:${COLOURS[cause][scheme]}`)].join(';');
export const LIGHT = `--paper:#fff;--ink:#1b1b1b;--quiet:#5f5f5f;--line:#d9d9d9;--band:#f4f4f2;--link:#00548f;--works:#d5ecd9;--fails:#f6d6d2;${colours('light')}`;
export const DARK = `--paper:#15171a;--ink:#e8e8e6;--quiet:#a3a6aa;--line:#3a3e44;--band:#1e2126;--link:#8cc7f5;--works:#1d4527;--fails:#5a2620;${colours('dark')}`;
/** With its own colours, for a file. */
export const alone = (svg: string): string => svg.replace('<title>', `<style>svg{${LIGHT};background:var(--paper)}@media (prefers-color-scheme:dark){svg{${DARK}}}${STYLE}</style><title>`);

const POWERS = [1e-2, 1e-1, 1, 10, 100, 1000, 1e4, 1e5, 1e6];
export const short = (value: number): string => value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${Math.round(value / 100) / 10}k` : value >= 10 || Number.isInteger(value) ? `${Math.round(value)}` : value.toFixed(value < 1 ? 2 : 1);

// — lines over counts —
interface Series { readonly names: readonly string[]; readonly points: readonly (readonly [count: number, value: number])[]; readonly rare: readonly (readonly [count: number, value: number])[] }
const SAME = 0.1;
/** Mechanisms with the same values are one line. */
function seriesOf(rows: readonly Row[], value: (row: Row) => number | null): readonly Series[] {
  const byShape = new Map<string, { names: string[]; points: (readonly [number, number])[]; rare: (readonly [number, number])[] }>();
  for (const name of new Set(rows.map(row => row.mechanism))) {
    const pointsOf = (wants: (order: string) => boolean): (readonly [number, number])[] => rows.filter(row => row.mechanism === name && wants(row.order))
      .map(row => [row.count, value(row)] as const).filter((point): point is readonly [number, number] => point[1] !== null && point[1] > 0).sort((a, b) => a[0] - b[0]);
    const points = pointsOf(order => order === 'in-turn'), other = pointsOf(order => order !== 'in-turn'), known = new Map(points);
    const rare = other.some(([count, y]) => Math.abs(y - (known.get(count) ?? y)) > SAME * y) ? other : [];
    if (points.length === 0) continue;
    const shape = JSON.stringify([familyOf(name).name, [...points, ...rare].map(([x, y]) => [x, Math.round(y * 10)])]), series = byShape.get(shape);
    if (series === undefined) byShape.set(shape, { names: [name], points, rare });
    else series.names.push(name);
  }
  return [...byShape.values()].sort((a, b) => (b.points.at(-1)?.[1] ?? 0) - (a.points.at(-1)?.[1] ?? 0));
}
function joined(names: readonly string[], letters: number): string {
  const all = names.join(' · ');
  return all.length <= letters || names.length === 1 ? all : `${names[0] ?? ''} and ${names.length - 1} more`;
}
function lines(title: string, axis: string, rows: readonly Row[], value: (row: Row) => number | null, width: number): string {
  const isWide = width === WIDE, series = seriesOf(rows, value), counts = [...new Set(rows.map(row => row.count))].sort((a, b) => a - b), values = series.flatMap(({ points, rare }) => [...points, ...rare]).map(([, y]) => y);
  const low = Math.min(...values), high = Math.max(...values), left = 44, right = isWide ? 270 : 30, top = 30, height = isWide ? Math.max(360, 16 * series.length) : 300, inner = width - left - right;
  const x = (count: number): number => left + inner * Math.log(count / (counts[0] ?? 1)) / Math.max(1, Math.log((counts.at(-1) ?? 1) / (counts[0] ?? 1)));
  const floor = Math.log10(low) - 0.08, y = (v: number): number => top + height - height * (Math.log10(v) - floor) / Math.max(0.5, Math.log10(high) + 0.08 - floor);
  const grid = POWERS.filter(power => power >= low * 0.83 && power <= high * 1.2).map(power => line(left, y(power), left + inner, y(power), 'grid') + text(left - 6, y(power) + 4, short(power), ' class="quiet end"'));
  const ticks = counts.filter((_, n) => isWide || n % 2 === 0 || counts.length < 5).map(count => text(x(count), top + height + 18, count.toLocaleString('en'), ' class="quiet mid"'));
  const path = (points: Series['points']): string => points.map(([count, v], n) => `${n === 0 ? 'M' : 'L'}${at(x(count))} ${at(y(v))}`).join('');
  const places = spread(series.map(({ points }) => y(points.at(-1)?.[1] ?? 1)), isWide ? 15 : 11, top + height);
  const drawn = series.map(({ names, points, rare }, n) => {
    const end = points.at(-1) ?? [1, 1], place = places[n] ?? 0, family = familyOf(names[0] ?? ''), edge = left + inner;
    const label = isWide ? text(edge + 26, place + 4, joined(names, 40), ' class="n"') : text(edge + 14, place + 4, `${n + 1}`, ' class="n" font-size="10"');
    const dots = points.map(([count, v]) => `<circle cx="${at(x(count))}" cy="${at(y(v))}" r="3" class="p"/>`).join('');
    return `<g class="series f-${family.name}"><title>${escaped(`${names.join(', ')}: ${points.map(([count, v]) => `${count}: ${short(v)}`).join(', ')}`)}</title>${line(x(end[0]) + 4, y(end[1]), edge + (isWide ? 22 : 12), place, 'lead')}`
      + `<path d="${path(points)}" class="s"/>${rare.length > 0 ? `<path d="${path(rare)}" class="s rare"/>` : ''}${dots}${label}</g>`;
  });
  const legend = isWide ? [] : series.map(({ names }, n) => `<g class="f-${familyOf(names[0] ?? '').name}">${text(left, top + height + 62 + 17 * n, `${n + 1}`, ' class="n end"')}${text(left + 10, top + height + 62 + 17 * n, joined(names, 44), ' class="n"')}</g>`);
  const below = series.some(({ rare }) => rare.length > 0) ? 'trampolines at once; dotted: called scattered' : 'trampolines at once';
  return drawing(width, top + height + 50 + (isWide ? 0 : 17 * series.length + 12), title, text(left - 36, 16, axis, ' class="quiet"') + [...grid, ...ticks].join('') + text(left + inner / 2, top + height + 38, below, ' class="quiet mid"') + drawn.join('') + legend.join(''));
}
/** Places as near to where they should be as their distance allows; given from the top. */
function spread(wanted: readonly number[], distance: number, bottom: number): readonly number[] {
  const places = [...wanted];
  for (let n = 1; n < places.length; n++) places[n] = Math.max(places[n] ?? 0, (places[n - 1] ?? 0) + distance);
  const over = (places.at(-1) ?? 0) - bottom;
  for (let n = places.length - 1, limit = bottom; over > 0 && n >= 0; n--, limit -= distance) places[n] = Math.min(places[n] ?? 0, limit);
  return places;
}

// — bars —
const BAR = 20;
/** A part of a bar that is seen. */
const NOTICED = 0.002;
function causes(title: string, rows: readonly Row[], width: number): string {
  const isWide = width === WIDE, left = isWide ? 220 : 8, right = 62, inner = width - left - right, pitch = isWide ? BAR + 4 : BAR + 20;
  const met = CAUSES.filter(({ cause }) => rows.some(({ invoke }) => (invoke?.causes[cause] ?? 0) >= NOTICED * (invoke?.cycles ?? 0))), across = isWide ? met.length : 3, top = 14 + 20 * Math.ceil(met.length / across);
  const drawn = rows.map((row, n) => {
    const { invoke } = row, y = top + n * pitch + (isWide ? 0 : 16);
    if (invoke === null) return '';
    let from = left;
    // Of a difference of two rounds a part may be negative.
    const whole = met.reduce((sum, { cause }) => sum + Math.max(0, invoke.causes[cause]), 0);
    const bars = met.map(({ cause }) => {
      const part = Math.max(0, invoke.causes[cause]) / whole * inner, bar = part <= 0 ? '' : `<rect x="${at(from)}" y="${at(y)}" width="${at(part)}" height="${BAR - 4}" class="${cause}"/>`;
      from += part;
      return bar;
    }).join('');
    const said = met.map(({ cause, name }) => `${name} ${short(invoke.causes[cause])}`).join(', ');
    return `<g><title>${escaped(`${row.mechanism}: ${said}`)}</title>${isWide ? text(left - 8, y + 13, row.mechanism, ' class="end"') : text(left, y - 4, row.mechanism)}${bars}${text(left + inner + 6, y + 13, short(invoke.cycles), ' class="quiet"')}</g>`;
  });
  const legend = met.map(({ cause, name }, n) => {
    const x = 8 + (n % across) * 116, y = 8 + 20 * Math.floor(n / across);
    return `<rect x="${x}" y="${y}" width="12" height="12" class="${cause}"/>${text(x + 18, y + 10, name)}`;
  });
  return drawing(width, top + rows.length * pitch + 8, title, legend.join('') + drawn.join(''));
}

// — policies —
function policyMatrix(title: string, rows: readonly Row[], width: number): string {
  const isWide = width === WIDE, names = [...new Set(rows.map(row => row.mechanism))], policies = POLICIES.map(({ name }) => name).filter(name => rows.some(row => row.policy === name));
  const left = isWide ? 220 : 8, top = isWide ? 30 : 92, cell = (width - left - 8) / policies.length, pitch = isWide ? 24 : 42;
  const heads = policies.map((name, p) => isWide ? text(left + (p + 0.5) * cell, 20, name, ' class="quiet mid"') : `<text transform="translate(${at(left + (p + 0.6) * cell)} ${top - 8}) rotate(-60)" class="quiet">${name}</text>`);
  const body = names.map((name, n) => {
    const y = top + n * pitch, band = isWide ? y : y + 16;
    const cells = policies.map((policy, p) => {
      const row = rows.find(each => each.mechanism === name && each.policy === policy);
      if (row === undefined) return '';
      const works = row.invoke !== null, words = works ? `${row.refusals.length > 0 ? '~' : ''}${short(row.invoke.cycles)}` : 'no';
      return `<g><title>${escaped(`${name}, ${policy}: ${outcomeOf(row)}`)}</title><rect x="${at(left + p * cell + 1)}" y="${at(band + 1)}" width="${at(cell - 2)}" height="20" class="${works ? 'works' : 'fails'}"/>${text(left + (p + 0.5) * cell, band + 15, words, ' class="mid"')}</g>`;
    });
    return (isWide ? text(left - 8, y + 15, name, ' class="end"') : text(left, y + 11, name)) + cells.join('');
  });
  return drawing(width, top + names.length * pitch + 30, title, heads.join('') + body.join('') + text(left, top + names.length * pitch + 20, 'cycles of an invocation; ~: after a refusal', ' class="quiet"'));
}

/** Rows of each profile in each environment. */
export function groupsOf(rows: readonly Row[]): readonly (readonly Row[])[] {
  const byPlace = new Map<string, Row[]>();
  for (const row of rows) byPlace.set(`${row.profile}\0${row.environment}`, [...byPlace.get(`${row.profile}\0${row.environment}`) ?? [], row]);
  return [...byPlace.values()];
}
/** All there is to be drawn of rows of one profile and environment. */
export function plotsOf(rows: readonly Row[]): readonly Plot[] {
  const permitted = rows.filter(row => row.policy === 'permissive' && row.invoke !== null), least = Math.min(...permitted.map(row => row.count)), plots: Plot[] = [];
  const add = (name: string, title: string, draw: (width: number) => string): void => { plots.push({ name, title, wide: draw(WIDE), narrow: draw(NARROW), isByFamily: name === 'cost' || name === 'memory' }); };
  const hasCounts = new Set(permitted.map(row => row.count)).size > 1, single = permitted.filter(row => row.count === least && row.order === 'in-turn');
  if (hasCounts) add('cost', 'Cycles of an invocation', width => lines('Cycles of an invocation against the number of trampolines', 'cycles', permitted, row => row.invoke?.cycles ?? null, width));
  if (single.length > 0) add('causes', `Where the cycles go (${least === 1 ? 'one trampoline' : `${least} trampolines`})`, width => causes('Cycles of an invocation by cause', single, width));
  if (hasCounts) add('memory', 'Bytes for one trampoline', width => lines('Bytes of memory for one trampoline against the number of trampolines', 'bytes', permitted, row => row.memory === null ? null : bytesIn(row.memory), width));
  if (new Set(rows.map(row => row.policy)).size > 1) add('policies', 'What works under which policy', width => policyMatrix('Mechanisms under security policies', rows.filter(row => row.count === Math.min(...rows.map(each => each.count))), width));
  return plots;
}
