/**
 * Which encodings programs have when they start: what src/decoder/usual-examples.ts lists. Give it programs, each with its arguments in one word:
 * `node --import tsx bench/encodings.ts /bin/true '/bin/bash -c :' > src/decoder/usual-examples.ts`
 */
import { decode } from '../src/decoder/decode.ts';
import type { Block } from '../src/exec/block.ts';
import { utf8Bytes } from '../src/host/host.ts';
import { NodeHost } from '../src/host/node-host.ts';
import { Machine } from '../src/machine.ts';

/** Of each program's start. */
const INSTRUCTIONS_MAX = 150_000;
/** What is private to BlockCache, which nobody else needs. */
interface Inside { readonly blocks: { readonly byAddress: ReadonlyMap<number, Block> } }

const examples = new Map<number, string>();
for (const words of process.argv.slice(2)) {
  const host = new NodeHost(), [program = '', ...args] = words.split(' '), machine = new Machine({ host });
  // Output goes nowhere.
  Object.assign(host, { write: (_: number, from: Uint8Array) => from.length });
  if (machine.exec(utf8Bytes(program), [program, ...args].map(utf8Bytes), host.environment) !== null) throw new Error(`${program} cannot be run`);
  while (machine.turn(1000) === null && machine.cpu.state.instructions < INSTRUCTIONS_MAX);
  const { u8 } = machine.memory;
  for (const { pa, bytes } of (machine.cpu as unknown as Inside).blocks.byAddress.values()) for (let at = pa; at < pa + bytes;) {
    const i = decode(u8, at, at + 15)!;
    if (i.number !== 0 && i.mnemonic !== 'ud') examples.set(i.number, examples.get(i.number) ?? [...u8.subarray(at, at + i.length)].map(byte => byte.toString(16).padStart(2, '0')).join(''));
    at += i.length;
  }
}
process.stdout.write(`/** An instruction of every encoding that some programs have when they start, in hexadecimal. Made by bench/encodings.ts. */\nexport const USUAL_EXAMPLES = \`\n${[...examples.values()].sort().join('\n')}\n\`.trim().split('\\n');\n`);
process.stderr.write(`${examples.size} encodings\n`);
