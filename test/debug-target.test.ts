/** What the debugger promises of a program, forwards and backwards (src/debug/README.md). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Stop } from '../src/debug/stops.ts';
import { bytesOfNumber } from '../src/debug/registers.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import { bytesOf } from '../src/host/host.ts';
import { debug, STORY, STORY_OUT, type DebugWorld } from './support/debug-world.ts';
import { runGuest } from './support/guest.ts';
import { DATA, values } from './support/guest-program.ts';
import { program, slot, sys } from './support/trampfd-program.ts';

const ENGINES: readonly CpuOptions[] = [{ engine: 'interpret' }, { engine: 'threaded', threaded: { runs: 1, wait: 1 } }, { engine: 'compile', hotRuns: 20 }, { engine: 'auto', hotRuns: 20, threaded: { runs: 1, wait: 1 } }];
const SIGUSR1 = 10;
const reason = ({ reason }: Stop): string => reason;
function toEnd(w: DebugWorld): readonly string[] {
  const seen: string[] = [];
  for (;;) {
    const stop = w.run();
    if (stop.reason === 'end') return seen;
    seen.push(stop.reason);
  }
}

const forwards = suite('debug › forwards');
for (const cpu of ENGINES) {
  const name = cpu.engine!;
  forwards(`a program that is only watched does what it does alone, in ${name}`, () => {
    const w = debug(STORY, 6, cpu);
    assert.equal(toEnd(w), ['signal', 'exit', 'exit']);
    assert.equal(values(bytesOf(w.host.output)), STORY_OUT);
    const alone = runGuest(program(STORY, 6), { cpu: { engine: 'interpret' } });
    assert.equal([w.target.position.instructions, w.target.now.cpu.state.cycles], [alone.counters.instructions, alone.counters.cycles]);
  });
  forwards(`a breakpoint stops before its instruction, at every turn of a hot loop, in ${name}`, () => {
    const w = debug(STORY, 6, cpu), point = { address: w.at('after'), pid: null };
    w.target.addBreakpoint(point);
    for (let k = 1; k <= 150; k++) {
      assert.equal([reason(w.run()), w.get('rip'), w.slot(0), w.slot(1)], ['breakpoint', BigInt(w.at('after')), BigInt(k), BigInt(3 * k)]);
    }
    w.target.removeBreakpoint(point);
    assert.is(reason(w.run()), 'signal');
  });
  forwards(`a watchpoint stops after every write that changes its bytes, and tells both values, in ${name}`, () => {
    const w = debug(STORY, 6, cpu), { pid } = w.target.current!.process;
    w.target.addWatchpoint({ pid, kind: 'write', address: DATA + 8, length: 8 });
    for (let k = 1; k <= 100; k++) {
      const stop = w.run();
      if (stop.reason !== 'watchpoint') throw new Error(stop.reason);
      assert.equal([stop.old[0]! | stop.old[1]! << 8, stop.now[0]! | stop.now[1]! << 8, w.get('rip')], [3 * k - 3, 3 * k, BigInt(w.at('f') + 9)]);
    }
  });
  forwards(`a watchpoint for accesses stops at reads, too, one for reads at these alone, and none for its neighbours', in ${name}`, () => {
    const source = `mov ecx, 50\nround: mov rax, ${slot(1)}\nmov ${slot(0)}, rcx\nmov ${slot(2)}, rcx\nmov al, byte ptr [${DATA + 23}]\npush rax\npop rbx\ndec ecx\njnz round\n`;
    for (const [kind, first, length, stops] of [['access', 8, 8, 50], ['read', 0, 8, 0], ['read', 16, 8, 50], ['access', 16, 8, 100], ['write', 16, 8, 50], ['read', 20, 3, 0], ['read', 20, 4, 50]] as const) {
      const w = debug(source, 0, cpu);
      w.target.addWatchpoint({ pid: w.target.current!.process.pid, kind, address: DATA + first, length });
      assert.equal(toEnd(w).filter(word => word === 'watchpoint').length, stops, `${kind} ${first} ${length}`);
    }
  });
}
forwards('a step is one instruction; through a trampoline it lands at the target and says what the kernel did', () => {
  const w = debug(STORY, 6), { target } = w;
  target.addBreakpoint({ address: w.at('invoke'), pid: null });
  w.run();
  const { tid } = target.current!, step = (): Stop => target.run({ how: 'step', tid });
  assert.equal([reason(step()), w.get('rip')], ['step', w.get('r13')]);
  const stop = step();
  if (stop.reason !== 'step' || stop.invocation === null) throw new Error(stop.reason);
  assert.equal([w.get('rip'), w.get('r10'), w.slot(2)], [BigInt(w.at('target')), 5n, 0n]);
  const { type, target: to, address } = stop.invocation;
  assert.equal([type, to, BigInt(address)], ['TRAMPFD_USER', w.at('target'), w.get('r13')]);
  assert.equal(stop.invocation.registers.map(({ name, now }) => [name, now]), [['r10', 5n]]);
  step();
  assert.is(w.slot(2), 5n);
});
forwards('what was asked for is caught: trampolines, system calls on both sides, page faults, forks and threads', () => {
  const w = debug(STORY, 6), { catches } = w.target, said: string[] = [];
  Object.assign(catches, { trampolines: true, forks: true, clones: true, syscalls: new Set([39, 61]) });
  for (let stop = w.run(); stop.reason !== 'end'; stop = w.run()) said.push('phase' in stop ? `${stop.name} ${stop.phase}` : 'child' in stop ? `${stop.reason} ${stop.child}` : `${stop.reason} of ${stop.tid}`);
  assert.equal(said, ['trampoline of 1000', 'getpid entry', 'getpid return', 'signal of 1000', 'clone 1001', 'task-exit of 1001', 'fork 1002', 'wait4 entry', 'exit of 1002', 'wait4 return', 'exit of 1000']);
});
forwards('a signal is the debugger\'s before it is the program\'s: delivered, discarded, or another', () => {
  for (const [choice, expected] of [['deliver', 7n], ['discard', 0n]] as const) {
    const w = debug(STORY, 6);
    const stop = w.run();
    assert.equal([reason(stop), 'signal' in stop ? stop.signal : 0, w.get('rip'), w.slot(3)], ['signal', SIGUSR1, BigInt(w.at('killed')), 0n]);
    w.target.choose(choice);
    toEnd(w);
    assert.is(values(bytesOf(w.host.output))[3], expected);
  }
  const w = debug(STORY, 6);
  w.run();
  w.target.choose({ signal: 9 });
  const stop = w.run();
  assert.equal([reason(stop), 'status' in stop ? stop.signal : 0], ['exit', 9]);
});
forwards('registers and memory can be changed, of the task that runs and of one that waits', () => {
  const w = debug(STORY, 6), { target } = w;
  target.addBreakpoint({ address: w.at('count'), pid: null });
  w.run(); w.run();
  const { tid, process: { pid } } = target.current!;
  assert.is(target.writeMemory(pid, DATA + 16, Uint8Array.of(42)), true);
  assert.is(target.writeMemory(pid, w.at('f'), Uint8Array.of(0xc3)), true);
  assert.is(target.writeMemory(pid, 0x10, Uint8Array.of(1)), false);
  assert.equal([w.slot(2), target.readMemory(pid, 0x10, 4).length], [42n, 0]);
  assert.is(tid, 1001);
  const r12 = target.registers.find('r12')!, ymm = target.registers.find('ymm3h')!, mxcsr = target.registers.find('mxcsr')!;
  for (const who of [1000, 1001]) for (const [register, value] of [[r12, 77n], [ymm, 1n << 100n], [mxcsr, 0x1fa0n]] as const) {
    assert.is(target.writeRegister(who, register, bytesOfNumber(value, register.bytes)), true);
    assert.is(w.get(register.name, who), value);
  }
});
forwards.run();

const backwards = suite('debug › backwards');
/** Every instant of a run that a debugger can rest at. */
function walk(w: DebugWorld, most: number): string[] {
  const states: string[] = [];
  for (let k = 0; k < most; k++) {
    const { tid } = w.target;
    if (tid === null) break;
    states.push(`${JSON.stringify(w.target.position)} ${w.target.tid} ${w.target.hash()}`);
    if (w.target.run({ how: 'step', tid }).reason === 'end') break;
  }
  return states;
}
backwards('step by step the program goes back the way it came, through trampolines, handlers, system calls and other tasks', () => {
  const w = debug(STORY.replace('r12d, 200', 'r12d, 2').replaceAll('300', '5'), 6), { target } = w;
  const states = walk(w, 2000), { length } = states;
  assert.ok(length > 90, `${length} ${states.at(-1)}`);
  for (let k = length - 1; k >= 0; k -= 7) {
    const position = JSON.parse(states[k]!.split(' ')[0]!);
    target.goTo(position);
    assert.is(`${JSON.stringify(target.position)} ${target.tid} ${target.hash()}`, states[k]);
  }
  assert.is(target.hasParted, false);
});
for (const cpu of ENGINES) backwards(`to any instant and forward again: the same state and the same end, and nothing is put out twice, in ${cpu.engine}`, () => {
  const w = debug(STORY, 6, cpu), { target } = w;
  target.catches.passedSignals = new Set([SIGUSR1]);
  w.run(); w.run();
  const { end } = target, last = target.hash(), output = w.host.output;
  for (const part of [0.9, 0.5, 0.999, 0.1]) {
    target.goTo({ instructions: 0, events: 0 });
    target.resume({ how: 'continue' });
    target.advance(Math.floor(end.instructions * part));
    const here = target.position, state = target.hash();
    assert.is(target.back(3), true);
    for (let k = 0; k < 3; k++) target.run({ how: 'step', tid: target.tid! });
    target.goTo(here);
    assert.is(target.hash(), state);
  }
  target.goTo(end);
  assert.equal([target.hash(), w.host.output, target.hasParted], [last, output, false]);
});
backwards('a watched variable leads back to the writes that set it, one after the other; a breakpoint to its passes', () => {
  const w = debug(STORY, 6), { target } = w, { pid } = target.current!.process;
  w.run();
  const watchpoint = { pid, kind: 'write', address: DATA + 8, length: 8 } as const;
  target.addWatchpoint(watchpoint);
  for (const value of [597n, 594n, 591n]) {
    const stop = target.continueBack();
    assert.equal([reason(stop), w.get('rip'), w.slot(1)], ['watchpoint', BigInt(w.at('f')), value]);
  }
  target.removeWatchpoint(watchpoint);
  target.addBreakpoint({ address: w.at('again'), pid: null });
  for (const value of [197n, 196n]) assert.equal([reason(target.continueBack()), w.get('rip'), w.slot(0)], ['breakpoint', BigInt(w.at('again')), value]);
  assert.is(reason(w.run()), 'breakpoint');
  assert.is(w.slot(0), 197n);
});
backwards('however long ago it was: the last write is found, and where there is none before it, the start', () => {
  const w = debug(`first: mov ${slot(1)}, 5\nmov ecx, 900000\nlong: dec ecx\njnz long\n${sys('getpid')}\nmov ecx, 900000\nlonger: dec ecx\njnz longer\nlast: nop`), { target } = w;
  target.addBreakpoint({ address: w.at('last'), pid: null });
  w.run();
  const end = target.position, state = target.hash();
  target.addWatchpoint({ pid: target.current!.process.pid, kind: 'write', address: DATA + 8, length: 8 });
  assert.equal([reason(target.continueBack()), w.get('rip'), w.slot(1)], ['watchpoint', BigInt(w.at('first')), 0n]);
  assert.is(reason(target.continueBack()), 'start');
  target.goTo(end);
  assert.is(target.hash(), state);
});
backwards('before the first instruction there is nothing', () => {
  const w = debug(STORY, 6);
  assert.is(reason(w.target.continueBack()), 'start');
  assert.is(reason(w.target.stepBack(1000)), 'start');
});
backwards('what the debugger changed stays in the past it was changed in', () => {
  const w = debug(STORY, 6), { target } = w, { tid, process: { pid } } = target.current!, point = { address: w.at('after'), pid: null };
  target.addBreakpoint(point);
  w.run();
  target.writeMemory(pid, DATA, bytesOfNumber(1000n, 8));
  w.run();
  assert.is(w.slot(0), 1001n);
  target.back(1, tid);
  assert.is(w.slot(0), 1001n);
  assert.equal([reason(target.continueBack()), w.slot(0)], ['breakpoint', 1000n]);
  target.back(1, tid);
  assert.is(w.slot(0), 1n);
  w.run(); w.run();
  assert.is(w.slot(0), 1001n);
});
backwards('input that was read once is not asked for again', () => {
  const w = debug(`${sys('read', 0, DATA, 8)}\nmov ecx, 100\nmore: dec ecx\njnz more\n${sys('read', 0, DATA + 8, 8)}\ndone: nop\n`, 2);
  w.host.input = 'abcdefgh12345678';
  w.target.addBreakpoint({ address: w.at('done'), pid: null });
  w.run();
  w.target.back(150);
  assert.is(w.slot(1), 0n);
  w.run();
  assert.equal(bytesOfNumber(w.slot(1), 8), bytesOf('12345678'));
  toEnd(w);
  assert.is(w.host.output, 'abcdefgh12345678');
});
backwards.run();
