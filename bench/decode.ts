/** How fast decoding is: `node --import tsx bench/decode.ts PROGRAM`. Warm, in processor time, the best of a few rounds: others may be busy meanwhile. */
import { readFileSync } from 'node:fs';
import { decode } from '../src/decoder/decode.ts';
import { parseElf } from '../src/loader/elf.ts';

const ROUNDS = 25;
const [program = 'test/fixtures/print.elf'] = process.argv.slice(2), image = parseElf(new Uint8Array(readFileSync(program)), 'read');
if (typeof image === 'string') { console.error(`${program}: ${image}`); process.exit(2); }
const text = image.sections.find(({ name }) => name === '.text')?.bytes ?? new Uint8Array(0);
let best = 0, count = 0;
for (let round = 0; round < ROUNDS; round++) {
  const start = process.cpuUsage();
  count = 0;
  for (let at = 0; at < text.length; count++) at += decode(text, at, text.length)?.length ?? text.length;
  const { user, system } = process.cpuUsage(start);
  best = Math.max(best, count / (user + system) * 1e6);
}
console.log(`${program}: ${count} instructions, ${(best / 1e6).toFixed(1)} million a second`);
