/** Chains of loads through more and more memory: where each level of caches and TLBs ends. */
import { FREE, type Stopwatch } from './guest.ts';
import { type Comparison, measuredOf, rowsOf } from './reference.ts';

const LINE = 64, PAGE = 4096, BYTES_MAX = 64 << 20, LOADS_MIN = 4096, LOADS_MAX = 65536;

export function memory(profile: string, watch: Stopwatch): readonly Comparison[] {
  return rowsOf(profile, 'memory').flatMap(row => {
    const isPages = row['test'] === 'a line a page', size = Number(row['size']), count = isPages ? size : size / LINE;
    if (count * (isPages ? PAGE : LINE) > BYTES_MAX) return [];
    const isHuge = row['test'] === 'lines, huge pages', base = Math.ceil(FREE / (2 << 20)) * (2 << 20);
    const place = (n: number): number => isPages ? n * PAGE + (n * LINE) % PAGE : n * LINE, bytes = count * (isPages ? PAGE : LINE);
    const data = new Uint8Array(base - FREE + bytes), view = new DataView(data.buffer), order = Uint32Array.from({ length: count }, (_, n) => n);
    let state = 99;
    for (let n = count - 1; n > 0; n--) { state = (Math.imul(state, 1103515245) + 12345) >>> 0; const k = Math.floor(state / 2 ** 32 * (n + 1)), kept = order[n]!; order[n] = order[k]!; order[k] = kept; }
    for (let n = 0; n < count; n++) view.setUint32(base - FREE + place(order[n]!), base + place(order[(n + 1) % count]!), true);
    const loads = Math.min(Math.max(count, LOADS_MIN), isPages ? Infinity : LOADS_MAX), start = base + place(order[0]!);
    // The chain goes on where it stopped; all of it is walked once before.
    const code = `mov rax, [DATA+48]\nmov ecx, ${loads / 16}\nround:\n${'mov rax, [rax]\n'.repeat(16)}dec ecx\njnz round\nmov [DATA+48], rax\nret`;
    const advice = `mov edi, ${base}\nmov esi, ${Math.max(bytes, PAGE)}\nmov edx, ${isHuge ? 14 : 15}\nmov eax, 28\nsyscall\n`;
    const before = `${advice}mov dword ptr [DATA+48], ${start}\nmov rax, [DATA+48]\nmov ecx, ${Math.max(1, Math.ceil(count / 16))}\nwalk:\n${'mov rax, [rax]\n'.repeat(16)}dec ecx\njnz walk`;
    return [{ name: `${row['test']!} · ${size}`, measured: measuredOf(row), modelled: watch.cycles({ before, code, data }) / loads }];
  });
}
