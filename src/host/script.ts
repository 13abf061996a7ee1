/** Many modules become a few scripts: esbuild gathers them into chunks, and every constant is written where it is read (esbuild.github.io/api: splitting, define). */
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { Script } from 'node:vm';
import { build, type Metafile, type Plugin, transformSync } from 'esbuild'; // tsx brings it along.

const TARGET = 'node20';
/** What evaluates to a number, once names of constants are replaced. */
const ARITHMETIC = /^[\s\d.a-fx_+\-*%&|^~<>()]+$/i;
/** `var A = 1 << 4;` and `var B = { c: 1, d: 2 };` as esbuild prints them. */
const SCALAR = /^var (\w+) = ([^;{["'`]+);$/gm, TABLE = /^var (\w+) = \{([^{}[\]'`]*)\};$/gm;
/** Comments on lines of their own; nothing else begins like them. */
const COMMENTS = /^\s*\/\*\*[\s\S]*?\*\/$/gm, WORDS = /(?<![\w$.])[A-Za-z_$][\w$]*(?:\.\w+)?/g;
const IMPORT = /^import (?:\{([^}]*)\} from )?"(\.\/|later:)([^"]+)";$/gm, EXPORT = /^export \{([^}]*)\};$/m;
/** `A["b.c"]`: esbuild's define knows only names. */
const QUOTED = /(?<![\w$.])\w+\["[\w.]+"\]/g, KEY = /^(?:[a-z]\w*|"[\w.]+")$/i;
const STAMP_BYTES = 8;
const DYNAMIC_IMPORT = /\bimport\("\.\/([^"]+)"\)/g;

/** What comes before a name that is no member's: `a.b` is one, `...b` is none. */
const ALONE = '(?<![\\w$]|(?<!\\.\\.)\\.)';

/** Names on either side of `as`, or twice the same. */
interface Link { readonly from: string; readonly to: string }
interface Import { readonly file: string; readonly links: readonly Link[] }
interface Chunk {
  readonly file: string;
  /** The module it was made for, if it was made for one. */
  readonly entry: string | undefined;
  readonly modules: readonly string[];
  text: string;
  readonly imports: readonly Import[];
  /** Of modules of later scripts, by the module. */
  readonly later: readonly Import[];
  readonly exports: readonly Link[];
  /** What replaces constants and their members: text by name. */
  readonly constants: Map<string, string>;
  /** Tables of constants: they stay where something reads them in another way. */
  readonly tables: Map<string, string>;
}
type Chunks = ReadonlyMap<string, Chunk>;

/** The script a program starts with. */
export const FIRST = 'tramp64';
export interface Program {
  readonly root: string;
  readonly entry: string;
  /** Modules that wait in scripts of their own, by the script's name. What only they need waits with them. */
  readonly later: Readonly<Record<string, readonly string[]>>;
  /** A script that is always there before these are: what they import of its modules is not looked up. */
  readonly before?: Readonly<Record<string, readonly string[]>>;
  /** Values that modules work out where nobody says what they are, by the names that they declare. */
  readonly known?: Readonly<Record<string, unknown>>;
}

/**
 * Texts of scripts, by name. A script's value is a function of `require` and of what gives another script's value, called so; it gives the functions that others
 * run its chunks by, the first script `main` beside them, and a stamp that scripts of one build have in common. What is imported of a module that waits is looked up wherever it is used, which loads its script;
 * so nothing may use it while modules are initialised, and nothing that is used often ought to be imported so.
 */
export async function scriptsOf(program: Program): Promise<ReadonlyMap<string, string>> {
  const border = new Border(program), chunks = await chunksOf(program, border), main = `${basename(program.entry, '.ts')}.js`;
  while ([...chunks.values()].filter(chunk => gather(chunk, chunks, border)).length > 0);
  for (const chunk of chunks.values()) fold(chunk, border);
  const places = placesOf(main, chunks, border);
  for (const { file, modules } of chunks.values()) border.check(places.get(file)!, modules);
  checkLookUps(chunks);
  const bodies = new Map<string, readonly [text: string, names: readonly string[]]>();
  for (const script of [FIRST, ...border.scripts]) {
    const own = [...chunks.values()].filter(({ file }) => places.get(file) === script);
    const functions = own.map(chunk => written(chunk, chunks, places)).join('\n'), names = own.map(({ file }) => nameOf(file));
    const others = [FIRST, ...border.scripts].filter(other => functions.includes(`script_${other}()`)).map(other => `var ${other}_;function script_${other}(){return ${other}_??=script("${other}")}`).join('');
    bodies.set(script, [others + functions, names]);
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode([...bodies.values()].join()))), stamp = JSON.stringify([...digest.subarray(0, STAMP_BYTES)].join('.')), texts = new Map<string, string>();
  for (const [script, [text, names]] of bodies) texts.set(script, shortened(`(function (require, script) {\n${text}return {${names.join()},stamp:${stamp}${script === FIRST ? `,main:${nameOf(main)}` : ''}}; })`));
  initialise(texts.get(FIRST)!, program.root);
  return texts;
}
/** What is looked up has to be given. */
function checkLookUps(chunks: Chunks): void {
  for (const { text } of chunks.values()) for (const [, script, name] of text.matchAll(LOOKED_UP)) {
    if (!givenBy(chunks.get(`${script!}.js`)!, chunks).some(({ to }) => to === name)) throw new Error(`${name!.replace(/_\d+$/, '')} is looked up in the script '${script!}', which does not give it`);
  }
}
/** Runs all chunks of the first script, as programs will, where no other script can be loaded. */
function initialise(text: string, root: string): void {
  const refused = (script: string): unknown => ({ [nameOf(`${script}.js`)]: () => new Proxy({}, { get(_, name) {
    throw new Error(`${String(name).replace(/_\d+$/, '')}, of a module that waits in the script '${script}', is used while modules are initialised`);
  } }) });
  const first = (new Script(text, { filename: FIRST }).runInThisContext() as (require: unknown, script: typeof refused) => Readonly<Record<string, () => unknown>>)(createRequire(`${root}/`), refused);
  for (const chunk of Object.values(first)) if (typeof chunk === 'function') chunk();
}

/** Which modules wait, and what others import of them. */
class Border {
  readonly scripts: readonly string[];
  private readonly modules = new Map<string, string>();
  private readonly names = new Map<string, Map<string, string>>();
  /** Scripts that modules import of. */
  private readonly importers = new Map<string, Set<string>>();
  private readonly root: string;
  private readonly before: Readonly<Record<string, readonly string[]>>;

  constructor({ root, later, before = {} }: Program) {
    this.root = root; this.before = before;
    for (const [script, modules] of Object.entries(later)) for (const module of modules) this.modules.set(module, script);
    this.scripts = Object.keys(later);
  }
  scriptOf(module: string): string | null { return this.modules.get(module) ?? null; }
  /** How a script exports what is imported of one of its modules. */
  exportOf(module: string, name: string): { readonly script: string; readonly name: string } {
    const script = this.scriptOf(module)!, names = this.names.get(script) ?? new Map<string, string>(), key = `${name} ${module}`;
    this.names.set(script, names.set(key, names.get(key) ?? `${name}_${names.size}`));
    return { script, name: names.get(key)! };
  }
  /** How many names are imported by now. */
  get size(): number { return [...this.names.values()].reduce((sum, names) => sum + names.size, 0); }
  get entries(): { in: string; out: string }[] { return [...this.names.keys()].map(script => ({ in: `script:${script}`, out: script })); }
  /** To esbuild, a module of a script that waits is somebody else's; and each such script has an entry that gives what is imported of it. */
  get plugin(): Plugin {
    return { name: 'later', setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^script:/ }, ({ path }) => ({ path: path.replace('script:', ''), namespace: 'script' }));
      onLoad({ filter: /./, namespace: 'script' }, ({ path }) => ({ contents: [...this.names.get(path)!].map(([key, to]) => { const [name = '', module = ''] = key.split(' '); return `export { ${name} as ${to} } from "./${module}";`; }).join('\n'), resolveDir: this.root }));
      onResolve({ filter: /^\./ }, ({ path, importer, kind, namespace, resolveDir }) => {
        const module = this.within(resolve(resolveDir, path)), script = this.scriptOf(module), from = this.within(importer);
        const own = this.scriptOf(from);
        if (kind !== 'import-statement' || script === null || namespace === 'script' || script === own || (own !== null && this.before[script]?.includes(own) === true)) return null;
        this.importers.set(from, (this.importers.get(from) ?? new Set()).add(script));
        return { path: `later:${module}`, external: true, sideEffects: false };
      });
    } };
  }
  private within(path: string): string { return path.slice(this.root.length + 1); }
  /** What is only in a script that waits would look up what is beside it. */
  check(script: string, modules: readonly string[]): void {
    const importer = modules.find(module => this.importers.get(module)?.has(script) === true);
    if (importer !== undefined) throw new Error(`${importer} is in the script '${script}' alone: it has to be listed there`);
  }
}

/** Names that nobody sees are short: V8 reads them, and keeps them. */
function shortened(script: string): string {
  return transformSync(`result=${script}`, { minifyIdentifiers: true, minifyWhitespace: true, target: TARGET, logLevel: 'warning' }).code.replace(/^result=/, '').replace(/;\s*$/, '');
}
/** Which script each chunk is in: the first one that reaches it. */
function placesOf(main: string, chunks: Chunks, border: Border): ReadonlyMap<string, string> {
  const places = new Map<string, string>(), waits = ({ entry }: Chunk): string | null => entry === undefined ? null : border.scriptOf(entry);
  const reach = (script: string, file: string): void => {
    const chunk = chunks.get(file)!;
    if (places.has(file) || (waits(chunk) ?? script) !== script) return;
    places.set(file, script);
    for (const { file: other } of neededBy(chunk)) reach(script, other);
    for (const [, other] of chunk.text.matchAll(DYNAMIC_IMPORT)) reach(script, other!);
  };
  reach(FIRST, main);
  for (const script of border.scripts) for (const chunk of chunks.values()) if (chunk.file === `${script}.js` || waits(chunk) === script) reach(script, chunk.file);
  return places;
}

/** What is imported of modules that wait is known when all others are bundled; and then, what those import of each other. */
async function chunksOf({ root, entry, known = {} }: Program, border: Border): Promise<Chunks> {
  for (;;) {
    const { size } = border, { outputFiles, metafile } = await build({
      absWorkingDir: root, entryPoints: [{ in: entry, out: basename(entry, '.ts') }, ...border.entries], outdir: '/', write: false, bundle: true, splitting: true, metafile: true,
      platform: 'node', format: 'esm', target: TARGET, logLevel: 'warning', plugins: [border.plugin],
      define: Object.fromEntries(Object.entries(known).map(([name, value]) => [name, JSON.stringify(value)])),
    });
    const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
    const chunks = new Map(outputFiles.map(({ path, text }) => [basename(path), chunkOf(basename(path), outputs.get(basename(path))!, text)]));
    for (const { later } of chunks.values()) for (const { file, links } of later) for (const { from } of links) border.exportOf(file, from);
    if (border.size > size) continue;
    return chunks;
  }
}
function chunkOf(file: string, { entryPoint: entry, inputs }: Metafile['outputs'][string], text: string): Chunk {
  const imports: Import[] = [], later: Import[] = [];
  for (const [, names = '', kind, from = ''] of text.matchAll(IMPORT)) (kind === 'later:' ? later : imports).push({ file: from, links: linksOf(names) });
  return { file, entry, modules: Object.keys(inputs), text: text.replace(IMPORT, '').replace(EXPORT, '').replace(COMMENTS, ''), imports, later, exports: linksOf(EXPORT.exec(text)?.[1] ?? ''), constants: new Map(), tables: new Map() };
}
function linksOf(names: string): readonly Link[] {
  return names.split(',').map(name => name.trim()).filter(name => name !== '').map(name => {
    const [from = '', to = from] = name.split(' as ');
    return { from, to };
  });
}

/** Finds what is constant here, or in the chunks it imports. Whether it found more than before. */
function gather(chunk: Chunk, chunks: Chunks, border: Border): boolean {
  const { constants, tables } = chunk, { size } = constants;
  const later = chunk.later.flatMap(({ file, links }) => links.map(({ from, to }) => { const { script, name } = border.exportOf(file, from); return { file: `${script}.js`, links: [{ from: name, to }] }; }));
  for (const { file, links } of [...chunk.imports, ...later]) {
    const other = chunks.get(file)!;
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
  for (let before = ''; before !== chunk.text;) {
    before = chunk.text;
    chunk.text = chunk.text.replace(SCALAR, scalar).replace(TABLE, table);
  }
  return constants.size > size;
}
/** Writes what is constant where it is read. */
function fold(chunk: Chunk, border: Border): void {
  const { constants } = chunk;
  chunk.text = transformSync(chunk.text.replace(QUOTED, member => constants.get(member) ?? member), {
    define: { ...looked(chunk, border), ...Object.fromEntries([...constants].filter(([name]) => !name.includes('['))) }, minifyWhitespace: true, minifySyntax: true, platform: 'node', format: 'esm', target: TARGET, treeShaking: false,
  }).code;
}
/** What is written where something of a module that waits is used: `LOOKED_UP` makes calls of it. */
function looked({ later }: Chunk, border: Border): Readonly<Record<string, string>> {
  return Object.fromEntries(later.flatMap(({ file, links }) => links.map(({ from, to }) => {
    const { script, name } = border.exportOf(file, from);
    return [to, `later_.${script}.${name}`];
  })));
}
const LOOKED_UP = /\blater_\.(\w+)\.(\w+)/g;

function valueOf(expression: string, constants: ReadonlyMap<string, string>): string | null {
  const text = expression.replace(WORDS, word => /^0x|^\d/.test(word) ? word : constants.has(word) ? `(${constants.get(word)!})` : '?');
  if (!ARITHMETIC.test(text)) return null;
  const value: unknown = new Function(`return ${text};`)();
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** A function that runs a chunk once, with what it needs of others, and gives what they need of it. */
function written(chunk: Chunk, chunks: Chunks, places: ReadonlyMap<string, string>): string {
  const name = nameOf(chunk.file), script = places.get(chunk.file);
  const call = (file: string): string => `${places.get(file) === script ? '' : `script_${places.get(file)!}().`}${nameOf(file)}()`;
  const kept = [...chunk.tables].filter(([table]) => isRead(table, chunk.text) || wanted(chunk, chunks).has(table)).map(([, text]) => text).join('');
  const nodes = [...chunk.text.matchAll(/import (\w+) from"(node:[^"]+)";/g)].map(([, local, module]) => `const ${local!}=require("${module!}");`).join('');
  const links = neededBy(chunk).map(({ file, links: needed }) => `const{${needed.map(({ from, to }) => from === to ? to : `${from}:${to}`).join()}}=${call(file)};`).join('');
  const given = givenBy(chunk, chunks);
  const body = chunk.text.replace(/import \w+ from"node:[^"]+";/g, '').replace(DYNAMIC_IMPORT, (_, file: string) => call(file)).replace(LOOKED_UP, (_, other: string, name: string) => `(${call(`${other}.js`)}.${name})`);
  // Two functions, because every call of one with so many variables clears them all.
  return `var ${name}_;function ${name}(){return ${name}_??=${name}_make()}function ${name}_make(){${nodes}${links}${kept}${body}`
    + `return{${given.map(({ from, to }) => from === to ? to : `${to}:${from}`).join()}}}`;
}
/** Imports of more than constants. No module does anything when it is initialised but give what it exports. */
function neededBy(chunk: Chunk): readonly Import[] {
  return chunk.imports.map(({ file, links }) => ({ file, links: links.filter(({ to }) => !chunk.constants.has(to) && (isRead(to, chunk.text) || isPassedOn(chunk, to))) })).filter(({ links }) => links.length > 0);
}
function isRead(word: string, text: string): boolean { return new RegExp(`${ALONE}${word.replaceAll('$', '\\$')}(?![\\w$])`).test(text); }
/** What is imported only to be exported: a module that is imported both at once and when it is wanted becomes two chunks. */
function isPassedOn(chunk: Chunk, name: string): boolean { return chunk.exports.some(({ from }) => from === name); }
/** What others take of it when they run: not what is constant, but for tables that somebody reads as a whole. */
function givenBy(chunk: Chunk, chunks: Chunks): readonly Link[] {
  const tables = wanted(chunk, chunks);
  return chunk.exports.filter(({ from }) => !chunk.constants.has(from) && (!chunk.tables.has(from) || tables.has(from)));
}
/** Its tables that other chunks read otherwise than by a member's name. */
function wanted(chunk: Chunk, chunks: Chunks): ReadonlySet<string> {
  const names = new Set<string>();
  for (const other of chunks.values()) {
    for (const { file, links } of other.imports) {
      if (file !== chunk.file) continue;
      for (const { from, to } of links) {
        const name = chunk.exports.find(link => link.to === from)!.from;
        if (chunk.tables.has(name) && (isPassedOn(other, to) || new RegExp(`${ALONE}${to}(?![\\w$])`).test(other.text))) names.add(name);
      }
    }
    for (const [, script, name] of other.text.matchAll(LOOKED_UP)) if (`${script!}.js` === chunk.file) names.add(chunk.exports.find(({ to }) => to === name)!.from);
  }
  return names;
}
function nameOf(file: string): string { return `chunk_${file.replace(/\W/g, '_')}`; }
