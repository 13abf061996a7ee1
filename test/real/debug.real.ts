/** What debugging costs: a step back from anywhere in ten million instructions, and a program that runs with the debugger beside it. Times are told, not judged. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../src/machine.ts';
import { MemoryHost } from '../../src/host/memory-host.ts';
import { GdbClient } from '../support/gdb-client.ts';
import { packet } from '../../src/debug/gdb/packets.ts';
import { bytesOf } from '../../src/host/host.ts';
import { debug } from '../support/debug-world.ts';
import { DATA } from '../support/guest-program.ts';
import { program, slot, sys } from '../support/trampfd-program.ts';
import { Random, testSeed } from '../support/random.ts';

/** Rounds of eight instructions: sums, stores that wander, calls; now and then the kernel is asked. */
const rounds = (count: number): string => `
  mov r12d, ${count}
round:
  mov eax, r12d
  and eax, 0x7fff8
  add qword ptr [rax+${DATA + 0x1000}], r12
  call f
  test r12d, 0xffff
  jz ask
back:
  dec r12d
  jnz round
  jmp finish
ask: ${sys('getpid')}
  jmp back
f: add ${slot(0)}, rax
  ret
`;
const MILLION = 1e6, INSTRUCTIONS = 10 * MILLION, TRIES = 5, INTERPRETED_SHARE_MAX = 0.02;
const costs = suite(`debug › costs (seed ${testSeed()})`);
costs('from any of 10,000,000 instructions one steps back, and forward again all is as it was', () => {
  const w = debug(rounds(INSTRUCTIONS / 10), 1), { target } = w, random = new Random(testSeed()), times: number[] = [];
  while (target.run({ how: 'continue' }).reason !== 'end') { /* To the end. */ }
  const { end } = target, last = target.hash();
  assert.ok(end.instructions >= INSTRUCTIONS);
  for (let k = 0; k < 8; k++) {
    target.goTo({ instructions: 0, events: 0 });
    target.resume({ how: 'continue' });
    target.advance(k === 0 ? end.instructions - 2 : random.below(end.instructions));
    const here = target.position, state = target.hash();
    for (let n = 0; n < 3; n++) {
      const from = performance.now();
      assert.ok(target.back(1));
      times.push(performance.now() - from);
    }
    for (let n = 0; n < 3; n++) target.run({ how: 'step', tid: target.tid! });
    target.goTo(here);
    assert.is(target.hash(), state);
  }
  target.goTo(end);
  assert.equal([target.hash(), target.hasParted], [last, false]);
  console.log(`back: ${times.map(time => Math.round(time)).join(' ')} ms`);
});
costs('with gdb attached a program is performed by generated code as it is alone', () => {
  const code = rounds(36 * MILLION), elf = program(code, 1);
  /** Milliseconds, and which share of the instructions was interpreted. */
  const timed = (run: () => Machine): readonly [number, number] => {
    const from = performance.now(), machine = run(), milliseconds = performance.now() - from, interpreted = machine.cpu.interpretedInstructions;
    assert.ok(machine.counters().instructions > 200 * MILLION);
    return [milliseconds, interpreted / machine.counters().instructions];
  };
  const alone = (): Machine => {
    const machine = new Machine({ host: new MemoryHost({ '/guest': elf }), memoryBytes: 64 << 20 });
    machine.exec('/guest', ['guest'], []);
    machine.run();
    return machine;
  };
  const attached = (): Machine => {
    const w = debug(code, 1), { session } = new GdbClient(w);
    session.receive(bytesOf(packet(`Z0,${DATA.toString(16)},1`) + packet('vCont;c')));
    while (session.over === null) session.work(20 * MILLION);
    return w.target.now;
  };
  const runs = Array.from({ length: TRIES }, () => [timed(alone), timed(attached)] as const);
  const [best, other] = [0, 1].map(k => Math.round(Math.min(...runs.map(row => row[k]![0]))));
  console.log(`alone ${best} ms, attached ${other} ms`);
  for (const [, [, interpreted]] of runs) assert.ok(interpreted < INTERPRETED_SHARE_MAX, `${interpreted} interpreted`);
});
costs.run();
