/** Results as one page that needs nothing else: the comparison, plots, and every row, sortable; light and dark, for desks and phones. */
import { BASELINE, type Results, type Row } from '../record.ts';
import { Rows, type Column } from './columns.ts';
import { FAMILIES, familyOf } from './families.ts';
import { DARK, escaped, groupsOf, LIGHT, plotsOf, STYLE } from './plots.ts';

const PAGE_STYLE = `:root{color-scheme:light dark;${LIGHT}}@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2.5rem 0 .5rem}p{max-width:70ch}.quiet{color:var(--quiet)}code{overflow-wrap:anywhere}a{color:var(--link)}
.wide{display:block}.narrow{display:none}svg{max-width:100%;height:auto}
.scroll{overflow-x:auto;max-height:80vh;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{padding:.3rem .6rem;text-align:right;white-space:nowrap}td.words,th.words{text-align:left}td.words{white-space:normal;max-width:18em}
thead th{position:sticky;top:0;background:var(--band);z-index:2;padding:0}thead button{all:unset;display:block;width:100%;box-sizing:border-box;padding:.4rem .6rem;cursor:pointer;font-weight:600}thead button:focus-visible{outline:2px solid var(--link);outline-offset:-2px}
th[aria-sort=ascending] button::after{content:" \\25B4"}th[aria-sort=descending] button::after{content:" \\25BE"}
tbody th{position:sticky;left:0;background:var(--paper);font-weight:500;text-align:left;border-left:4px solid var(--c)}tbody tr:nth-child(even)>*{background:var(--band)}
input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:.3rem .6rem;margin:.3rem 0 .6rem;width:min(100%,20rem)}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.5rem 0;font-size:.9rem}ul.legend li::before{content:"";display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px;background:var(--c)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}dt{font-weight:600}dd{margin:0}
@media (max-width:700px){body{padding-top:1rem}.wide{display:none}.narrow{display:block}tbody th{max-width:40vw;white-space:normal}dl{display:block}dd{margin-bottom:.4rem}}`;

/** Sorts by the column whose head is pressed, and back; keeps rows that match what is typed. */
const SCRIPT = `for(const table of document.querySelectorAll('table')){const body=table.tBodies[0];
table.tHead.addEventListener('click',event=>{const head=event.target.closest('th');if(!head)return;
const column=head.cellIndex,down=head.getAttribute('aria-sort')==='ascending';
for(const other of head.parentNode.cells)other.removeAttribute('aria-sort');head.setAttribute('aria-sort',down?'descending':'ascending');
const key=row=>{const cell=row.cells[column],value=cell.dataset.v;return value===undefined?cell.textContent:value===''?Infinity:Number(value)};
const rows=[...body.rows].sort((a,b)=>{const x=key(a),y=key(b);return (x<y?-1:x>y?1:0)*(down?-1:1)});body.append(...rows)});
const box=table.closest('section').querySelector('input');if(box)box.addEventListener('input',()=>{const wanted=box.value.toLowerCase();for(const row of body.rows)row.hidden=!row.textContent.toLowerCase().includes(wanted)})}`;

export function asHtml(results: Results): string {
  const all = new Rows(results.rows), kinds = groupsOf(results.rows);
  const sections = kinds.map(rows => {
    const place = kinds.length === 1 ? '' : ` (${rows[0]?.profile ?? ''}, ${rows[0]?.environment ?? ''})`;
    return plotsOf(rows).map(plot => `<section><h2>${escaped(plot.title + place)}</h2>${plot.isByFamily ? legend(rows) : ''}<div class="wide">${plot.wide}</div><div class="narrow">${plot.narrow}</div></section>`).join('\n');
  });
  const seen = results.host === null ? '' : ` Measured in ${results.host.seconds.toFixed(0)} s with Node ${escaped(results.host.node)} on ${escaped(results.host.platform)}; the numbers do not depend on that.`;
  const first = firstOf(results.rows);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>tramp64 bench</title><link rel="icon" href="data:,"><style>${PAGE_STYLE}
${STYLE}</style></head><body>
<h1>What a trampoline costs</h1>
<p>Ways to call a closure through a plain function pointer, run as real guest code by tramp64 ${escaped(results.version)}. Instructions, faults and bytes are exact; cycles are modelled.${seen}</p>
${first.length === 0 ? '' : `<section><h2>The comparison</h2><p class="quiet">${escaped(commonOf(new Rows(first)))}. Press a column&#39;s head to sort.</p>${legend(first)}${table(new Rows(first))}</section>`}
${sections.join('\n')}
<section><h2>All ${results.rows.length} rows</h2><p class="quiet">${escaped(commonOf(all))}</p><input type="search" placeholder="Only rows with these letters" aria-label="Only rows with these letters">${table(all)}</section>
<section><h2>How to read it</h2>${help(all)}</section>
<script>${SCRIPT}</script>
</body></html>
`;
}
/** Each mechanism once: as few trampolines as there are, permitted everything. */
function firstOf(rows: readonly Row[]): readonly Row[] {
  const plain = rows.filter(row => row.policy === 'permissive' && row.order === 'in-turn'), least = Math.min(...plain.map(row => row.count));
  return plain.filter(row => row.count === least && row.profile === plain[0]?.profile && row.environment === plain[0].environment);
}
function legend(rows: readonly Row[]): string {
  const names = new Set(rows.map(row => familyOf(row.mechanism).name));
  return `<ul class="legend">${FAMILIES.filter(({ name }) => names.has(name)).map(({ name, title }) => `<li class="f-${name}">${escaped(title)}</li>`).join('')}</ul>`;
}
function commonOf(all: Rows): string { return all.common.map(([title, value]) => `${title} ${value}`).join(', '); }
function table(all: Rows): string {
  const { columns } = all, isWords = (column: Column): boolean => all.rows.some(row => typeof column.of(row, all) === 'string');
  const heads = columns.map(column => `<th scope="col"${isWords(column) ? ' class="words"' : ''}><button type="button"${column.help === '' ? '' : ` title="${escaped(column.help)}"`}>${escaped(column.title)}</button></th>`).join('');
  const body = all.rows.map(row => `<tr class="f-${familyOf(row.mechanism).name}">${columns.map((column, n) => {
    const value = column.of(row, all), shown = escaped(all.cell(column, row));
    return n === 0 ? `<th scope="row">${shown}</th>` : isWords(column) ? `<td class="words">${shown}</td>` : `<td data-v="${value ?? ''}">${shown}</td>`;
  }).join('')}</tr>`).join('\n');
  return `<div class="scroll" tabindex="0" role="region" aria-label="table"><table><thead><tr>${heads}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}
function help(all: Rows): string {
  const items = all.columns.filter(column => column.help !== '').map(({ title, help: words }) => `<dt>${escaped(title)}</dt><dd>${escaped(words)}</dd>`).join('');
  return `<p>Every number is for one trampoline or one invocation. The ratio is against <em>${BASELINE}</em>, which has no trampoline. Memory is beyond what as many of these need; pages that many trampolines share are divided by their number.</p><dl>${items}</dl>`;
}
