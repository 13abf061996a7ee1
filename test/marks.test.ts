/** Marks: a program says that a part of it begins or ends, in a NOP that costs nothing, and a machine that was asked to is told where it stood. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble } from '../src/decoder/assemble.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { LAP_BYTES, Machine, MARK, type Mark } from '../src/machine.ts';
import { kernelCycles } from '../src/timing/causes.ts';

const marks = suite('marks');
const MARKED = (kind: number): string => `.byte 0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, ${kind}`;
const LOOP = `
  lea rdi, [rip+name]
  mov esi, 5
  ${MARKED(MARK.begin)}
  mov ecx, 2000
again:
  inc rax
  dec ecx
  jnz again
  ${MARKED(MARK.end)}
  xor edi, edi
  mov eax, 60
  syscall
name: .asciz "a part"`;
type Engine = 'interpret' | 'threaded' | 'compile' | 'auto';
function run(text: string, engine: Engine, isAsked = true): { readonly told: readonly Mark[]; readonly machine: Machine } {
  const { bytes } = assemble(text, { origin: 0x400000 }), host = new MemoryHost({ '/marked': writeElf({ text: { at: 0x400000, bytes }, entry: 0x400000 }) }), told: Mark[] = [];
  const machine = new Machine({ host, memoryBytes: 64 << 20, cpu: { engine, hotRuns: 20 }, ...(isAsked ? { onMark: mark => { told.push(mark); } } : {}) });
  assert.is(machine.exec('/marked', ['marked'], []), null);
  assert.is(machine.run().status, 0);
  return { told, machine };
}
for (const engine of ['interpret', 'threaded', 'compile', 'auto'] as const) {
  marks(`${engine}: a mark has its name, its number, and what was counted before it`, () => {
    const { told: [begin, end], machine } = run(LOOP, engine);
    assert.equal([begin?.kind, begin?.name, end?.kind, end?.name, end?.times], [MARK.begin, 'a part', MARK.end, 'a part', 5]);
    assert.is((end?.counters.instructions ?? 0) - (begin?.counters.instructions ?? 0), 2 + 3 * 2000);
    const { causes, cycles } = machine.counters();
    assert.is(Object.values(causes).reduce((sum, of) => sum + of, 0), cycles);
    assert.ok(kernelCycles(causes) > 0);
  });
  marks(`${engine}: whether anyone is told changes nothing that is counted`, () => {
    assert.equal(run(LOOP, engine).machine.counters(), run(LOOP, engine, false).machine.counters());
  });
}
marks('other NOPs are none: other registers, other bytes, a kind there is not', () => {
  const nops = [[0x0f, 0x1f, 0x84, 0x00, 0x74, 0x36, 0x34, 1], [0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x35, 1], [0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, 0], [0x0f, 0x1f, 0x84, 0x37, 0x74, 0x36, 0x34, 9], [0x64, ...LAP_BYTES]];
  const text = `${nops.map(bytes => `.byte ${bytes.join(', ')}`).join('\n')}\nxor edi, edi\nmov eax, 60\nsyscall`;
  assert.is(run(text, 'auto').told.length, 0);
});
marks('a name that cannot be read is empty', () => {
  const { told } = run(`mov rdi, 1\n${MARKED(MARK.begin)}\nmov rdi, -1\n${MARKED(MARK.end)}\nxor edi, edi\nmov eax, 60\nsyscall`, 'auto');
  assert.equal(told.map(({ name }) => name), ['', '']);
});
marks.run();
