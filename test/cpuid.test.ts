/** Models of processors: what each reports, and that it is performed (SDM vol. 2, CPUID; x86-64 psABI §3.1.1). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CpuModel, FEATURES, MODEL_NAMES } from '../src/exec/cpuid.ts';
import { CpuWorld, DATA } from './support/cpu-world.ts';
import { golden } from './support/vectors.ts';

const models = suite('cpuid › models');
const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
models('are written down', () => {
  golden('cpuid.txt', MODEL_NAMES.map(name => {
    const model = new CpuModel(name), names = model.features.filter(feature => feature[4] === name).map(feature => feature[3]);
    const rows = model.rows.map(r => `${hex(r.leaf)}.${r.subleaf ?? '-'} ${hex(r.eax)} ${hex(r.ebx)} ${hex(r.ecx)} ${hex(r.edx)}`);
    return `${name}\n  ${names.join(' ')}\n${rows.map(text => `  ${text}\n`).join('')}`;
  }).join('\n'));
});
models('have all that the one before has', () => {
  MODEL_NAMES.slice(1).forEach((name, k) => {
    const before = new CpuModel(MODEL_NAMES[k]!), model = new CpuModel(name);
    assert.equal(before.features.filter(([, , , feature]) => !model.has(feature)), []);
  });
});
models('say no feature twice, and name each once', () => {
  assert.is(new Set(FEATURES.map(([leaf, register, bit]) => `${leaf} ${register} ${bit}`)).size, FEATURES.length);
  assert.is(new Set(FEATURES.map(feature => feature[3])).size, FEATURES.length);
});
models('without XSAVE have no VEX', () => {
  for (const engine of ['interpret', 'threaded', 'compile'] as const) for (const name of MODEL_NAMES) {
    const w = new CpuWorld('mov ecx, 9\nagain: vpaddd ymm1, ymm1, ymm1\nandn eax, ecx, ecx\ndec ecx\njnz again\nsyscall', undefined, { model: name, engine, hotRuns: 2, threaded: { runs: 1, wait: 1 } });
    assert.is(w.run(), new CpuModel(name).hasXsave ? 'syscall' : '#6', `${name} ${engine}`);
  }
});
models('without XSAVE raise #UD at XGETBV and XSAVE, with it have XCR0', () => {
  for (const name of MODEL_NAMES) {
    const w = new CpuWorld('xor ecx, ecx\nxgetbv\nmov eax, 7\nxsave64 [DATA]\nxrstor64 [DATA]\nxor eax, eax\ncpuid\nsyscall', undefined, { model: name, engine: 'interpret' });
    const { hasXsave } = new CpuModel(name);
    assert.is(w.run(), hasXsave ? 'syscall' : '#6', name);
    if (hasXsave) assert.is(w.get('rax'), 0xd, name);
    if (hasXsave) assert.is(w.peek(DATA + 512, 1)[0]! & ~7, 0, name);
  }
});
models.run();
