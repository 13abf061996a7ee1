/** What may come at the cursor: names of commands, symbols, registers, files. */
import type { ByteString, Host } from '../../host/host.ts';
import { commandOf } from './commands.ts';
import type { Command } from './command.ts';
import { Mistake } from '../mistake.ts';
import type { Session } from './session.ts';

/** Where the word begins that is completed, and what it may become. */
export interface Completed { readonly from: number; readonly words: readonly string[] }

export function complete(text: string, session: Session, commands: readonly Command[], host: Host): Completed {
  const head = /^\s*([^\s/]*)$/.exec(text);
  if (head !== null) return { from: text.length - head[1]!.length, words: commands.map(({ name }) => name).filter(name => name.startsWith(head[1]!)).sort() };
  const first = /^\s*([^\s/]+)/.exec(text)?.[1] ?? '', word = /[$\w./@-]*$/.exec(text)![0], from = text.length - word.length;
  const begin = (words: readonly string[]): Completed => ({ from, words: words.filter(each => each.startsWith(word)).sort() });
  let wanted: Command['completes'];
  try { wanted = commandOf(first, commands).completes; } catch (error) { if (error instanceof Mistake) return { from, words: [] }; throw error; }
  if (wanted === undefined) return { from, words: [] };
  if (typeof wanted !== 'string') return begin(wanted);
  if (wanted === 'command') return begin(commands.map(({ name }) => name));
  if (wanted === 'file') return files(word, from, host);
  if (!session.isAlive) return { from, words: [] };
  if (wanted === 'register' || word.startsWith('$')) {
    const dollar = word.startsWith('$') ? '$' : '';
    return begin(session.target.registers.all.map(({ name }) => dollar + name));
  }
  return begin(session.names.beginning(session.process, word));
}
function files(word: ByteString, from: number, host: Host): Completed {
  const folder = word.slice(0, word.lastIndexOf('/') + 1), last = word.slice(folder.length), names = host.list(folder.startsWith('/') ? folder : `${host.directory}/${folder}`);
  return { from: from + folder.length, words: typeof names === 'number' ? [] : names.filter(name => name.startsWith(last)).sort() };
}
/** What all of them begin with. */
export function common(words: readonly string[]): string {
  let [start = ''] = words;
  for (const word of words) while (!word.startsWith(start)) start = start.slice(0, -1);
  return start;
}
