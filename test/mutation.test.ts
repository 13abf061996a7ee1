/**
 * Mangled programs: the fixtures with fields, headers, text and lengths changed at random (gABI, ELF Header and Program Header).
 * The emulator refuses them in a sentence or runs them to an end of the guest's own; it never throws, and every turn ends.
 * TEST_SEED and CASES choose others.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CommandHost } from '../src/cli/command.ts';
import { main } from '../src/cli/main.ts';
import { Machine } from '../src/machine.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost } from './support/fixtures.ts';
import { Random, testSeed } from './support/random.ts';

const CASES = Number(process.env['CASES'] ?? 2000), COMMAND_CASES = 100;
const HEADER_BYTES = 64, PROGRAM_HEADER_BYTES = 56;
/** Offset and size of every field of the two headers. */
const HEADER_FIELDS = [
  [4, 1], [5, 1], [6, 1], [16, 2], [18, 2], [20, 4], [24, 8], [32, 8], [40, 8], [48, 4], [52, 2], [54, 2], [56, 2], [58, 2], [60, 2], [62, 2],
] as const;
const PROGRAM_FIELDS = [[0, 4], [4, 4], [8, 8], [16, 8], [24, 8], [32, 8], [40, 8], [48, 8]] as const;
/** What a field is likely to be wrong by: edges of types, of pages and of the address space. */
const EDGES = [
  0n, 1n, 2n, 3n, 7n, 0xfffn, 0x1000n, 0x1001n, 0xffffn, 0x40_0000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_e000n, 0x7fff_ffff_f000n, 0x7fff_ffff_ffffn, 0x8000_0000_0000n,
  1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 0x1000n,
];

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;
function setField(bytes: Uint8Array, at: number, size: number, random: Random): void {
  let old = 0n;
  for (let i = size - 1; i >= 0; i--) old = old << 8n | BigInt(bytes[at + i] ?? 0);
  const edge = random.pick(EDGES);
  const neighbour = old + BigInt(random.below(3) - 1), flipped = old ^ 1n << BigInt(random.below(8 * size));
  let value = random.pick([edge, edge, neighbour, flipped, random.operand(), old + 0x1000n]);
  for (let i = 0; i < size && at + i < bytes.length; i++, value >>= 8n) bytes[at + i] = Number(value & 255n);
}
/** Changes up to `most` bytes between two places; text is hit hard, since it is large. */
function scatter(bytes: Uint8Array, random: Random, from: number, to: number, most: number): Uint8Array {
  for (let n = 1 + random.below(most); n > 0; n--) bytes[from + random.below(Math.max(1, to - from))] = random.word();
  return bytes;
}
const programHeaders = (bytes: Uint8Array): number => bytes[56] ?? 0;
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  header: (bytes, random) => {
    for (let n = random.below(2); n >= 0; n--) {
      const [at, size] = random.pick(HEADER_FIELDS);
      setField(bytes, at, size, random);
    }
    return bytes;
  },
  'program header': (bytes, random) => {
    const row = HEADER_BYTES + PROGRAM_HEADER_BYTES * random.below(programHeaders(bytes));
    for (let n = random.below(3); n >= 0; n--) {
      const [at, size] = random.pick(PROGRAM_FIELDS);
      setField(bytes, row + at, size, random);
    }
    return bytes;
  },
  'bytes of the headers': (bytes, random) => scatter(bytes, random, 0, HEADER_BYTES + PROGRAM_HEADER_BYTES * programHeaders(bytes), 8),
  'bytes anywhere': (bytes, random) => scatter(bytes, random, HEADER_BYTES, bytes.length, 400),
  'bytes at the start': (bytes, random) => {
    const entry = new DataView(bytes.buffer).getUint32(24, true) & 0xfffff;
    return scatter(bytes, random, entry, Math.min(entry + 256, bytes.length), 12);
  },
  truncation: (bytes, random) => bytes.slice(0, random.below(random.pick([HEADER_BYTES + 300, bytes.length]))),
  extension: (bytes, random) => {
    const longer = new Uint8Array(bytes.length + 1 + random.below(20_000));
    longer.set(bytes);
    return scatter(longer, random, 0, longer.length, 4);
  },
  swap: (bytes, random) => {
    const length = 1 + random.below(random.pick([8, 56, 4096])), limit = Math.max(1, bytes.length - length);
    const a = random.below(random.pick([HEADER_BYTES * 4, limit])), b = random.below(limit), kept = bytes.slice(a, a + length);
    bytes.copyWithin(a, b, b + length);
    bytes.set(kept.subarray(0, Math.max(0, bytes.length - b)), b);
    return bytes;
  },
};
const KINDS = Object.keys(MUTATIONS);

interface Case { readonly name: string; readonly stdin: string; readonly args: readonly string[]; readonly elf: Uint8Array }
const originals = FIXTURES.map(fixture => ({ ...fixture, elf: fixtureBytes(fixture.name) }));
/** The case is a function of the seed and its number alone, so that one can be run again by itself. */
function mutated(seed: number, number: number): Case {
  const random = new Random(seed * 100_003 + number), fixture = random.pick(originals), kind = random.pick(KINDS);
  const mutate = MUTATIONS[kind];
  if (mutate === undefined) throw new Error(`no such mutation: ${kind}`);
  return { ...fixture, name: `TEST_SEED=${seed} case ${number}: ${fixture.name}, ${kind}`, elf: mutate(fixture.elf.slice(), random) };
}
function named<T>(name: string, act: () => T): T {
  try { return act(); } catch (error) { throw new Error(`${name}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`); }
}
/** One sentence: a line that says something, with no trace of the emulator's own. */
const SENTENCE = /^[^\n]{10,300}$/, INTERNALS = /undefined|NaN|\[object|\bat \w+ \(|Error:|\bnull\b|e\+\d/;
function isSentence(text: string, name: string): void {
  assert.match(text, SENTENCE, name);
  assert.not.match(text, INTERNALS, name);
}

/** Little, so that some programs find none left. */
const MEMORY_BYTES = 8 << 20;
const TURNS_MAX = 100, TURN_INSTRUCTIONS = 1000;
type Fate = 'refused' | 'ended' | 'killed' | 'went on';
interface Outcome { readonly fate: Fate; readonly status: number | null; readonly stdout: string }
function outcomeOf({ elf, stdin, args, name }: Case): Outcome {
  const host = fixtureHost(elf, stdin), machine = new Machine({ host, memoryBytes: MEMORY_BYTES });
  const refusal = machine.exec('/guest', ['/guest', ...args], ENVIRONMENT);
  if (refusal !== null) {
    isSentence(refusal.sentence, name);
    assert.ok([2, 126].includes(refusal.status), name);
    return { fate: 'refused', status: refusal.status, stdout: '' };
  }
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const before = machine.cpu.state.instructions, ending = machine.turn(TURN_INSTRUCTIONS);
    assert.ok(machine.cpu.state.instructions - before < 2 * TURN_INSTRUCTIONS, `${name}: a turn ends near its budget`);
    if (ending === null) continue;
    for (const line of host.reports) isSentence(line, name);
    assert.ok(ending.status >= 0 && ending.status <= 255, name);
    return { fate: ending.signal === null ? 'ended' : 'killed', status: ending.status, stdout: host.output };
  }
  return { fate: 'went on', status: null, stdout: host.output };
}

/** What the command says and does about a case, which has been seen to end: it waits for its guest, however long that takes. */
async function commandOutcome({ elf, stdin, args, name }: Case): Promise<Omit<Outcome, 'fate'>> {
  const host = Object.assign(fixtureHost(elf, stdin), { arguments: ['run', '--', '/guest', ...args] }) satisfies CommandHost;
  const status = await main(host).catch((error: unknown) => named(name, () => { throw error; }));
  for (const line of host.reports) isSentence(line, name);
  return { status, stdout: host.output };
}

const mutation = suite('mutation');
const seed = testSeed();
const thatEnd: { readonly mangled: Case; readonly outcome: Outcome }[] = [];
mutation(`${CASES} mangled programs are refused in a sentence, or run to an end of their own`, () => {
  const fates: Record<Fate, number> = { refused: 0, ended: 0, killed: 0, 'went on': 0 };
  for (let number = 0; number < CASES; number++) {
    const mangled = mutated(seed, number), outcome = named(mangled.name, () => outcomeOf(mangled));
    fates[outcome.fate] += 1;
    if (outcome.fate !== 'went on' && thatEnd.length < COMMAND_CASES) thatEnd.push({ mangled, outcome });
  }
  console.log(`  ${JSON.stringify(fates)}, TEST_SEED=${seed}`);
  for (const fate of ['refused', 'ended', 'killed'] as const) assert.ok(fates[fate] > CASES / 20, `too few ${fate}: the mutations have gone dull`);
});
mutation(`\`tramp64 run\` ends as the machine does on ${COMMAND_CASES} of them`, async () => {
  for (const { mangled, outcome: { status, stdout } } of thatEnd) {
    assert.equal(await commandOutcome(mangled), { status, stdout }, mangled.name);
  }
});
mutation.run();
