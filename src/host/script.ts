/** Many modules become one script: esbuild gathers them into chunks, and every constant is written where it is read (esbuild.github.io/api: splitting, define). */
import { buildSync, transformSync } from 'esbuild'; // tsx brings it along.

const TARGET = 'node20';
/** What evaluates to a number, once names of constants are replaced. */
const ARITHMETIC = /^[\s\d.a-fx_+\-*%&|^~<>()]+$/i;
/** `var A = 1 << 4;` and `var B = { c: 1, d: 2 };` as esbuild prints them. */
const SCALAR = /^var (\w+) = ([^;{["'`]+);$/gm, TABLE = /^var (\w+) = \{([^{}[\]'`]*)\};$/gm;
/** Comments on lines of their own; nothing else begins like them. */
const COMMENTS = /^\s*\/\*\*[\s\S]*?\*\/$/gm, WORDS = /(?<![\w$.])[A-Za-z_$][\w$]*(?:\.\w+)?/g;
const IMPORT = /^import (?:\{([^}]*)\} from )?"\.\/([^"]+)";$/gm, EXPORT = /^export \{([^}]*)\};$/m;
/** `A["b.c"]`: esbuild's define knows only names. */
const QUOTED = /(?<![\w$.])\w+\["[\w.]+"\]/g, KEY = /^(?:[a-z]\w*|"[\w.]+")$/i;
const DYNAMIC_IMPORT = /\bimport\("\.\/([^"]+)"\)/g;

/** What comes before a name that is no member's: `a.b` is one, `...b` is none. */
const ALONE = '(?<![\\w$]|(?<!\\.\\.)\\.)';

/** Names on either side of `as`, or twice the same. */
interface Link { readonly from: string; readonly to: string }
interface Chunk {
  readonly file: string;
  text: string;
  readonly imports: { readonly file: string; readonly links: readonly Link[] }[];
  readonly exports: readonly Link[];
  /** What replaces constants and their members: text by name. */
  readonly constants: Map<string, string>;
  /** Tables of constants: they stay where something reads them in another way. */
  readonly tables: Map<string, string>;
}

/** Texts of two scripts. The value of the first is a function of `require`, and of what gives the second's value; it gives what `entry` exports. */
export interface Scripts { readonly first: string; readonly more: string }

/**
 * @param rare names of modules that few runs import: they, and what only they need, are the second script
 * @param known values that modules work out where nobody says what they are, by the names that they declare
 */
export function scriptsOf(root: string, entry: string, rare: readonly string[], known: Readonly<Record<string, unknown>>): Scripts {
  const chunks = chunksOf(root, entry, known);
  for (const chunk of chunks.values()) fold(chunk, chunks);
  const main = /(\w+)\.ts$/.exec(entry)![1]! + '.js', here = reachedFrom(main, chunks, rare), there = [...chunks.keys()].filter(file => !here.has(file));
  const functions = (files: Iterable<string>): string => [...files].map(file => written(chunks.get(file)!, chunks, here)).join('\n');
  const names = (files: Iterable<string>): string => [...files].map(nameOf).join();
  return {
    first: shortened(`(function (require, more) {\nvar rest_;function rest(){return rest_ ??= more()(require,{${names(here)}})}\n${functions(here)}return ${nameOf(main)}(); })`),
    more: shortened(`(function (require, {${names(here)}}) {\n${functions(there)}return {${names(there)}}; })`),
  };
}
/** Names that nobody sees are short: V8 reads them, and keeps them. */
function shortened(script: string): string {
  return transformSync(`result=${script}`, { minifyIdentifiers: true, minifyWhitespace: true, target: TARGET, logLevel: 'warning' }).code.replace(/^result=/, '').replace(/;\s*$/, '');
}
/** Chunks that are reached without going by rare ones. */
function reachedFrom(main: string, chunks: ReadonlyMap<string, Chunk>, rare: readonly string[]): Set<string> {
  const reached = new Set<string>(), waiting = [main];
  while (waiting.length > 0) {
    const file = waiting.pop()!;
    if (reached.has(file) || rare.some(name => file.startsWith(`${name}-`))) continue;
    reached.add(file);
    const { imports, text } = chunks.get(file)!;
    waiting.push(...imports.map(link => link.file), ...[...text.matchAll(DYNAMIC_IMPORT)].map(([, other]) => other!));
  }
  return reached;
}

function chunksOf(root: string, entry: string, known: Readonly<Record<string, unknown>>): Map<string, Chunk> {
  const { outputFiles } = buildSync({
    absWorkingDir: root, entryPoints: [entry], outdir: '/', write: false, bundle: true, splitting: true,
    platform: 'node', format: 'esm', target: TARGET, logLevel: 'warning',
    define: Object.fromEntries(Object.entries(known).map(([name, value]) => [name, JSON.stringify(value)])),
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(1), chunkOf(path.slice(1), text)]));
}
function chunkOf(file: string, text: string): Chunk {
  const imports = [...text.matchAll(IMPORT)].map(([, names = '', from = '']) => ({ file: from, links: linksOf(names) }));
  return { file, text: text.replace(IMPORT, '').replace(COMMENTS, ''), imports, exports: linksOf(EXPORT.exec(text)?.[1] ?? ''), constants: new Map(), tables: new Map() };
}
function linksOf(names: string): readonly Link[] {
  return names.split(',').map(name => name.trim()).filter(name => name !== '').map(name => {
    const [from = '', to = from] = name.split(' as ');
    return { from, to };
  });
}

/** Replaces what is constant here, or in the chunks it imports, which come to that first. */
function fold(chunk: Chunk, chunks: ReadonlyMap<string, Chunk>): void {
  if (chunk.constants.size > 0) return;
  const { constants, tables } = chunk;
  for (const { file, links } of chunk.imports) {
    const other = chunks.get(file)!;
    fold(other, chunks);
    for (const { from, to } of links) {
      const name = other.exports.find(link => link.to === from)!.from;
      for (const [known, text] of other.constants) if (known === name || (known.startsWith(name) && /^[.[]/.test(known.slice(name.length)))) constants.set(to + known.slice(name.length), text);
    }
  }
  const isWritten = (name: string): boolean => new RegExp(`${ALONE}${name}(?:\\.\\w+)? *(?:[-+*/%&|^]|<<|>>>?)?=(?!=)|(?:\\+\\+|--)${name}\\b|${ALONE}${name}(?:\\.\\w+)?(?:\\+\\+|--)`).test(chunk.text.replace(`var ${name} =`, ''));
  const scalar = (whole: string, name: string, expression: string): string => {
    const value = valueOf(expression, constants);
    if (value === null || isWritten(name)) return whole;
    constants.set(name, value);
    return '';
  };
  const table = (whole: string, name: string, body: string): string => {
    const rows = body.split(',').filter(row => row.trim() !== '').map(row => row.split(':').map(word => word.trim()));
    const values = rows.map(([key, value]) => key !== undefined && KEY.test(key) && value !== undefined ? valueOf(value, constants) : null);
    if (values.includes(null) || isWritten(name)) return whole;
    rows.forEach(([key = ''], n) => {
      const word = key.replaceAll('"', '');
      constants.set(`${name}["${word}"]`, values[n]!);
      if (/^[a-z]\w*$/i.test(word)) constants.set(`${name}.${word}`, values[n]!);
    });
    tables.set(name, `var ${name}={${rows.map(([key], n) => `${key!}:${values[n]!}`).join()}};`);
    return '';
  };
  chunk.text = chunk.text.replace(EXPORT, '');
  for (let before = ''; before !== chunk.text;) {
    before = chunk.text;
    chunk.text = chunk.text.replace(SCALAR, scalar).replace(TABLE, table);
  }
  chunk.text = transformSync(chunk.text.replace(QUOTED, member => constants.get(member) ?? member), {
    define: Object.fromEntries([...constants].filter(([name]) => !name.includes('['))), minifyWhitespace: true, minifySyntax: true, platform: 'node', format: 'esm', target: TARGET, treeShaking: false,
  }).code;
}
function valueOf(expression: string, constants: ReadonlyMap<string, string>): string | null {
  const text = expression.replace(WORDS, word => /^0x|^\d/.test(word) ? word : constants.has(word) ? `(${constants.get(word)!})` : '?');
  if (!ARITHMETIC.test(text)) return null;
  const value: unknown = new Function(`return ${text};`)();
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** A function that runs a chunk once, with what it needs of others, and gives what they need of it. */
function written(chunk: Chunk, chunks: ReadonlyMap<string, Chunk>, here: ReadonlySet<string>): string {
  const name = nameOf(chunk.file), isRead = (word: string, text: string): boolean => new RegExp(`${ALONE}${word.replaceAll('$', '\\$')}(?![\\w$])`).test(text);
  const kept = [...chunk.tables].filter(([table]) => isRead(table, chunk.text) || wanted(chunk, chunks).has(table)).map(([, text]) => text).join('');
  const nodes = [...chunk.text.matchAll(/import (\w+) from"(node:[^"]+)";/g)].map(([, local, module]) => `const ${local!}=require("${module!}");`).join('');
  const links = chunk.imports.map(({ file, links: all }) => {
    const needed = all.filter(({ to }) => !chunk.constants.has(to) && (isRead(to, chunk.text) || isPassedOn(chunk, to)));
    return `const{${needed.map(({ from, to }) => from === to ? to : `${from}:${to}`).join()}}=${nameOf(file)}();`;
  }).join('');
  const given = chunk.exports.filter(({ from }) => !chunk.constants.has(from) && (!chunk.tables.has(from) || wanted(chunk, chunks).has(from)));
  const body = chunk.text.replace(/import \w+ from"node:[^"]+";/g, '').replace(DYNAMIC_IMPORT, (_, file: string) => here.has(file) || !here.has(chunk.file) ? `${nameOf(file)}()` : `rest().${nameOf(file)}()`);
  return `var ${name}_;function ${name}(){if(${name}_!==void 0)return ${name}_;${nodes}${links}${kept}${body}`
    + `return ${name}_={${given.map(({ from, to }) => from === to ? to : `${to}:${from}`).join()}}}`;
}
/** What is imported only to be exported: a module that is imported both at once and when it is wanted becomes two chunks. */
function isPassedOn(chunk: Chunk, name: string): boolean { return chunk.exports.some(({ from }) => from === name); }
/** Its tables that other chunks read otherwise than by a member's name. */
function wanted(chunk: Chunk, chunks: ReadonlyMap<string, Chunk>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const other of chunks.values()) {
    for (const { file, links } of other.imports) {
      if (file !== chunk.file) continue;
      for (const { from, to } of links) {
        const name = chunk.exports.find(link => link.to === from)!.from;
        if (chunk.tables.has(name) && (isPassedOn(other, to) || new RegExp(`${ALONE}${to}(?![\\w$])`).test(other.text))) names.add(name);
      }
    }
  }
  return names;
}
function nameOf(file: string): string { return `chunk_${file.replace(/\W/g, '_')}`; }
