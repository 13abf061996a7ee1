/**
 * AVX, AVX2, FMA3, F16C and BMI against the host processor: random instructions of every row on random states, and C compiled for x86-64-v3,
 * in every engine. CASES=1000000 tries as many; TEST_SEED says where it begins.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OTHERS, REFERENCE } from '../support/engines.ts';
import { runGuest, runNative } from '../support/guest.ts';
import { testSeed } from '../support/random.ts';
import { vexForms } from '../support/vex-forms.ts';
import { definedStates, inputsOf, stateDifference, vexProgram } from '../support/vex-program.ts';

const CASES = Number(process.env['CASES'] ?? 30_000), TRIES = 2, INPUTS = 20;
const ENGINES = [REFERENCE, ...OTHERS];

const random = suite(`vex on the host › random (seed ${testSeed()})`);
for (const engine of ENGINES) random(`${CASES} cases in ${engine}`, () => {
  for (let done = 0, seed = testSeed(); done < CASES; seed++) {
    const forms = vexForms(seed, TRIES), program = vexProgram(forms, INPUTS, seed), theirs = runNative(program.elf).stdout;
    const ours = runGuest(program.elf, { cpu: { engine, ...(engine === REFERENCE ? {} : { hotRuns: 3, threaded: { runs: 2, wait: 500 } }) } }).stdout;
    const wrong = forms.flatMap((form, k) => {
      const text = stateDifference(definedStates(ours, form, k, INPUTS), definedStates(theirs, form, k, INPUTS), inputsOf(program, form));
      return text === '' ? [] : [`${form.text}: ${text}`];
    });
    assert.equal(wrong.slice(0, 10), [], `seed ${seed}: ${wrong.length} of ${forms.length}`);
    done += forms.length * INPUTS;
  }
});
random.run();

/** What compilers make of loops for this level: vectors of 256 bits, gathers, masks, fused sums, bit tricks. */
const ARRAYS = `#include <stdio.h>
#include <math.h>
#include <stdint.h>
#define N 1024
static float a[N], b[N], c[N]; static double x[N], y[N]; static uint32_t u[N]; static uint8_t d[N]; static int16_t h[N]; static _Float16 f[N]; static uint64_t w[N];
int main(void) {
  uint32_t s = 1; double t = 0; uint64_t z = 0;
  for (int k = 0; k < N; k++) { s = s * 1664525u + 1013904223u; a[k] = (s >> 8) / 1e6f; b[k] = (float)(s & 0xffff) / 7; x[k] = s / 3.0; y[k] = (double)s * 1e-3; u[k] = s; d[k] = s >> 24; h[k] = s >> 16; w[k] = (uint64_t)s * s; }
  for (int r = 0; r < 40; r++) {
    for (int k = 0; k < N; k++) c[k] = a[k] * b[k] + c[k] * 0.5f;
    for (int k = 0; k < N; k++) x[k] = x[k] * 0.999 + y[k] * 1e-3;
    for (int k = 0; k < N; k++) u[k] = (u[k] << (d[k] & 31)) ^ (u[k] >> 3) ^ (uint32_t)h[k];
    for (int k = 0; k < N; k++) d[k] = d[k] > 100 ? d[k] - r : d[k] + 3;
    for (int k = 0; k < N; k++) h[k] = h[k] * 3 + d[k];
    for (int k = 0; k < N; k++) if (c[k] > 1000) c[k] = x[u[k] & (N - 1)];
    for (int k = 0; k < N; k++) f[k] = c[k] * 1e-3f;
    for (int k = 0; k < N; k++) c[k] += f[k];
    for (int k = 0; k < N; k++) w[k] = w[k] * 6364136223846793005u + (w[k] >> 33);
    for (int k = 0; k < N; k++) t += c[k] > 1000 ? 1 : x[k] * 1e-9;
    for (int k = 0; k < N; k++) z += __builtin_popcountll(w[k]) + __builtin_ctz(u[k] | 1) + __builtin_clzll(w[k] | 1) + (u[k] & -u[k]) + (u[k] & (u[k] - 1)) + (u[k] & ~(uint32_t)w[k]);
    for (int k = 0; k < N; k += 16) t += sqrtf(a[k]) + floor(x[k]) + rint(y[k]) + fma(x[k], y[k], t);
  }
  printf("%.17g %llu %d %d\\n", t, (unsigned long long)z, d[77], h[99]);
  return 0;
}`;
const STRINGS = `#include <stdio.h>
#include <string.h>
int main(void) {
  static char text[1 << 16]; unsigned long sum = 0; unsigned s = 12345;
  for (int k = 0; k < sizeof text; k++) { s = s * 1103515245u + 12345; text[k] = (s >> 20) % 26 + 'a'; }
  text[sizeof text - 1] = 0;
  for (int r = 0; r < 1500; r++) {
    unsigned at = (r * 7919u) & 0x7fff, n = (r * 31u) & 0x3ff; char save = text[at + n], copy[1100], *p;
    text[at + n] = 0;
    sum += strlen(text + at) * 3 + strnlen(text + at, n / 2);
    p = strchr(text + at, 'q'); sum += p ? p - text : 0; p = memchr(text + at, 'z', n); sum += p ? p - text : 7; p = strrchr(text + at, 'm'); sum += p ? p - text : 1;
    text[at + n] = save;
    memcpy(copy, text + at, n); copy[n] = 0; sum += memcmp(copy, text + at, n) + strncmp(copy, text + at, n);
    memmove(copy + 3, copy, n); memset(copy, r, n / 3 + 1); sum += copy[n / 2];
    p = strstr(text + at, "qz"); sum += p ? p - text : 5;
  }
  printf("%lu\\n", sum);
  return 0;
}`;
const PROGRAMS: readonly (readonly [string, string])[] = [['arrays', ARRAYS], ['strings', STRINGS]];

const programs = suite('vex on the host › x86-64-v3');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-vex-'));
programs.after(() => rmSync(folder, { recursive: true }));
for (const [name, source] of PROGRAMS) for (const level of ['-O2', '-O3 -ffast-math']) programs(`${name}, ${level}: prints in every engine what it prints natively`, () => {
  writeFileSync(join(folder, `${name}.c`), source);
  const built = spawnSync('gcc', [...level.split(' '), '-march=x86-64-v3', '-static', '-o', name, `${name}.c`, '-lm'], { cwd: folder });
  assert.is(built.status, 0, new TextDecoder().decode(built.stderr));
  const elf = new Uint8Array(readFileSync(join(folder, name))), decoder = new TextDecoder(), expected = decoder.decode(runNative(elf).stdout);
  for (const engine of ENGINES) assert.is(decoder.decode(runGuest(elf, { cpu: { engine, ...(engine === REFERENCE ? {} : { hotRuns: 20, threaded: { wait: 2000 } }) } }).stdout), expected, engine);
});
programs.run();
