/** Kernels of one instruction or two, unrolled in a loop: chains for latencies, independent copies for throughputs. */
import { FREE, type Stopwatch } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const UNROLLED = 800, UNROLLED_EACH = 5, COPIES_MAX = 100;
const BUFFER_BYTES = 65536;
/** What takes so long that fewer rounds do. */
const SLOW = /clflush|mfence|xsave|fxsave|lock|rep |div|sqrt|pause|popfq|rdtscp|xgetbv|wrfs|std/;

export function instructions(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'instructions').map(row => {
    const body = row['body']!, kind = row['kind']!, count = body.split(';').length;
    const copies = kind === 'each' ? UNROLLED_EACH : Math.max(1, Math.min(COPIES_MAX, Math.floor(UNROLLED / (8 * count))));
    const rounds = SLOW.test(row['name']!) ? 20 : 100, lines = (text: string): string => text.replaceAll('9f', 'out').split(';').join('\n');
    const code = `
mov r12, BUFFER
mov ebx, 3
mov ebp, 1
${lines(row['setup']!)}
mov r14d, ${rounds}
.balign 64
round:
${`${lines(body)}\n`.repeat(copies)}
dec r14d
jnz round
out:
ret`;
    const cycles = watch.cycles({ code, dataBytes: BUFFER_BYTES + 0x1000, symbols: { BUFFER: FREE } });
    return { name: `${row['name']!} (${kind})`, measured: measuredOf(row), modelled: cycles / (copies * rounds * Number(row['operations'])) };
  });
}
