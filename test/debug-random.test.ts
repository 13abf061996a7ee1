/** Programs under the debugger, led back and forth at random: wherever they are a second time they are as they were the first. TEST_PROGRAMS=n: n walks. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isBefore, type Position } from '../src/debug/history.ts';
import { Target } from '../src/debug/target.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { STORY } from './support/debug-world.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost } from './support/fixtures.ts';
import { DATA, TEXT } from './support/guest-program.ts';
import { Random, testSeed } from './support/random.ts';
import { program } from './support/trampfd-program.ts';

const WALKS = Number(process.env['TEST_PROGRAMS'] ?? 2), MOVES = 60;
const ENGINES: readonly CpuOptions[] = [{ engine: 'interpret' }, { engine: 'threaded', threaded: { runs: 1, wait: 1 } }, { engine: 'compile', hotRuns: 20 }, { engine: 'auto' }, { engine: 'auto', timing: 'none' }, { engine: 'auto', timing: 'detailed' }];
const PROGRAMS: readonly (readonly [name: string, host: () => MemoryHost, args: readonly string[]])[] = [
  ['story', () => new MemoryHost({ '/guest': program(STORY, 6) }), []],
  ...FIXTURES.filter(({ name }) => name !== 'print' && name !== 'loops').map(({ name, args, stdin }) => [name, () => fixtureHost(fixtureBytes(name), stdin), args] as const),
];

class Walk {
  private readonly random: Random;
  private readonly host: MemoryHost;
  private readonly target: Target;
  /** State by position, as long as nobody changed the past. */
  private readonly known = new Map<string, string>();
  private readonly places: Position[] = [];
  private readonly done: string[] = [];
  private output = '';
  constructor(seed: number) {
    this.random = new Random(seed);
    const [name, host, args] = this.random.pick(PROGRAMS), cpu = this.random.pick(ENGINES);
    this.host = host();
    const target = Target.open({ host: this.host, program: { path: '/guest', argv: ['guest', ...args], envp: ENVIRONMENT }, machine: () => ({ memoryBytes: 64 << 20, cpu }) });
    if ('sentence' in target) throw new Error(target.sentence);
    this.target = target;
    this.done.push(`seed ${seed}: ${name} in ${cpu.engine}`);
  }
  private check(): void {
    const { target } = this, where = JSON.stringify(target.position), state = `${target.tid} ${target.held} ${target.hash()}`, before = this.known.get(where);
    if (before === undefined) { this.known.set(where, state); this.places.push(target.position); } else assert.is(state, before, `${where} after\n${this.done.join('\n')}`);
    assert.is(target.hasParted, false, this.done.join('\n'));
    assert.ok(this.host.output.startsWith(this.output), 'put out twice');
    this.output = this.host.output;
  }
  private forget(): void {
    const { position } = this.target;
    for (const place of this.places.splice(0)) if (isBefore(place, position)) this.places.push(place); else this.known.delete(JSON.stringify(place));
  }
  private readonly moves: readonly (readonly [string, () => void])[] = [
    ['step', () => { for (let k = this.random.below(5); k >= 0 && this.target.tid !== null; k--) { this.target.run({ how: 'step', tid: this.target.tid }); this.check(); } }],
    ['run on', () => { this.target.resume({ how: 'continue' }); this.target.advance(this.random.pick([1, 10, 500, 5000, 100_000])); }],
    ['to the next stop', () => { this.target.run({ how: 'continue' }); }],
    ['back', () => { this.target.back(1 + this.random.below(3), this.random.below(2) === 0 ? null : this.target.tid); }],
    ['to a place', () => { if (this.places.length > 0) this.target.goTo(this.random.pick(this.places)); }],
    ['to the last stop', () => { this.target.continueBack(); }],
    ['breakpoint', () => { this.target.addBreakpoint({ address: this.target.rip(this.target.tid ?? 0) ?? TEXT, pid: null }); }],
    ['watchpoint', () => { const { current } = this.target; if (current !== null) this.target.addWatchpoint({ pid: current.process.pid, kind: this.random.pick(['read', 'write', 'access'] as const), address: this.random.below(2) === 0 ? DATA + 8 : Number(current.registers.get(4)) - 8, length: 8 }); }],
    ['catches', () => { Object.assign(this.target.catches, { syscalls: this.random.below(2) === 0 ? 'all' : null, pageFaults: this.random.below(3) === 0, trampolines: this.random.below(2) === 0, forks: this.random.below(2) === 0, clones: this.random.below(2) === 0 }); }],
    ['clear', () => { this.target.clearPoints(); Object.assign(this.target.catches, { syscalls: null, pageFaults: false }); }],
    ['change', () => {
      const { target } = this, { current } = target;
      if (current === null || this.random.below(4) !== 0) return;
      this.forget();
      if (this.random.below(2) === 0) target.writeMemory(current.process.pid, Number(current.registers.get(4)) - 512, Uint8Array.of(this.random.below(256)));
      else target.writeRegister(current.tid, target.registers.find('xmm15')!, Uint8Array.from({ length: 16 }, () => this.random.below(256)));
    }],
  ];
  run(): void {
    this.check();
    for (let k = 0; k < MOVES; k++) {
      const [name, move] = this.random.pick(this.moves);
      this.done.push(`${name} at ${JSON.stringify(this.target.position)}`);
      try { move(); } catch (thrown) { throw thrown instanceof assert.Assertion ? thrown : new Error(`${String((thrown as Error).stack)} after\n${this.done.join('\n')}`); }
      this.check();
    }
  }
}
const walks = suite(`debug › walks at random (seed ${testSeed()})`);
walks(`${WALKS} of them`, () => { for (let k = 0; k < WALKS; k++) new Walk(testSeed() + k).run(); });
walks.run();
