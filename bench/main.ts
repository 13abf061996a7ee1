/** `npm run bench`: every contender once, one table, and what it says about the two claims. The same numbers on every run and machine. */
import { CONTENDERS } from './contenders.ts';
import { measure, type Measurement, WrongSum } from './measure.ts';
import { sentences, table } from './report.ts';

const BASE = 'indirect call';

function main(): number {
  const isTerminal = process.stderr.isTTY === true;
  const rows: Measurement[] = [];
  try {
    for (const [n, contender] of CONTENDERS.entries()) {
      if (isTerminal) process.stderr.write(`\r\x1b[K${n + 1}/${CONTENDERS.length} ${contender.name}`);
      rows.push(measure(contender));
    }
  } catch (error) {
    if (!(error instanceof WrongSum)) throw error;
    process.stderr.write(`${isTerminal ? '\n' : ''}tramp64 bench: ${error.message}\n`);
    return 1;
  }
  if (isTerminal) process.stderr.write('\r\x1b[K');
  const find = (name: string): Measurement => rows.find(row => row.contender.name === name)!;
  const legend = CONTENDERS.map(c => `  ${c.name.padEnd(Math.max(...CONTENDERS.map(o => o.name.length)))}  ${c.what}`).join('\n');
  process.stdout.write(`Calling a closure that adds its bound value: cost of one invocation, memory of one trampoline.
Invocation: one trampoline, called 1,000 times; the loop around it and the closure itself are included.
Cycles: modelled, of an AMD Zen 3, at the costs of src/timing. They are sums of published and measured figures, not a pipeline.
Memory: one of 510 trampolines, beyond what the indirect call needs; kernel B is the trampoline object with its contexts,
without the file, inode and mapping that come with every descriptor and mmap.

${table(rows, find(BASE))}

${legend}

${sentences(find)}
`);
  return 0;
}
process.exitCode = main();
