/** Vector and golden files: compared line by line; UPDATE=1 rewrites them where the truth is at hand. */
import * as assert from 'uvu/assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const isUpdate = process.env['UPDATE'] === '1';

/** The lines of test/vectors/`name`, comments (#) and blank lines aside. */
export function vectorLines(name: string): string[] {
  return readFileSync(join(here, '../vectors', name), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#'));
}
/** Compares `lines` with the recorded ones. `mayRecord`: they come from the truth, so UPDATE=1 may write them. */
export function vectorFile(name: string, lines: readonly string[], mayRecord: boolean): void {
  const path = join(here, '../vectors', name);
  if (isUpdate && mayRecord) {
    const head = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(line => line.startsWith('#')) : [];
    writeFileSync(path, [...head, ...lines, ''].join('\n'));
  }
  assert.equal([...lines], vectorLines(name));
}
/** Compares text with test/golden/`name`. */
export function golden(name: string, text: string): void {
  const path = join(here, '../golden', name);
  if (isUpdate) writeFileSync(path, text);
  assert.is(text, existsSync(path) ? readFileSync(path, 'utf8') : '(no such golden: UPDATE=1 writes it)');
}
