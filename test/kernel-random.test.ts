/** Random system calls with random arguments: the kernel answers every one, and throws at none. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAMILIES } from '../src/syscalls/rare-table.ts';
import { Trace } from '../src/syscalls/strace.ts';
import { DATA_AT, KernelWorld } from './support/kernel-world.ts';
import { Random, testSeed } from './support/random.ts';

/** These end the program, or read all it has; one world makes many calls. */
const LAST_CALLS = ['exit', 'exit_group', 'rt_sigreturn', 'pause', 'rt_sigsuspend'];
const ROWS = FAMILIES.flat().filter(({ name }) => !LAST_CALLS.includes(name));
const CALLS_A_WORLD = 400, WORLDS = 40;

function argument(w: KernelWorld, random: Random): bigint {
  switch (random.below(8)) {
    case 0: return BigInt(random.below(12));
    case 1: return BigInt(w.string(random.pick(['a.txt', '/home', '.', '..', '/proc/self/fd/3', '/proc/self/maps', '/dev/urandom', 'link', 'new', '', '/proc/self/cwd/x'])));
    case 2: return BigInt(DATA_AT + random.below(0x20000));
    case 3: return BigInt(DATA_AT + 4096 * random.below(40));
    case 4: return BigInt(4096 * random.below(20));
    case 5: return BigInt(1 << random.below(31));
    case 6: return BigInt.asUintN(64, -BigInt(random.below(200)));
    default: return random.operand();
  }
}
const fuzz = suite('kernel › random calls');
fuzz(`${CALLS_A_WORLD * WORLDS} calls are all answered, traced or not`, () => {
  const seed = testSeed(), random = new Random(seed);
  for (let world = 0; world < WORLDS; world++) {
    const w = new KernelWorld({ '/home/a.txt': 'hello world\n'.repeat(1000) });
    w.call(88, 'a.txt', 'link');
    if (world % 2 === 0) w.kernel.trace = new Trace(() => {});
    for (let count = 0; count < CALLS_A_WORLD; count++) {
      const { number, name } = random.pick(ROWS);
      const room = w.task.process.memory.copyOut(DATA_AT, new Uint8Array(1));
      if (!room) break; // It has unmapped its own data: strings have nowhere to go.
      try {
        const args = Array.from({ length: 6 }, () => argument(w, random)), result = w.call(number, ...args);
        assert.ok(typeof result === 'object' || result >= -4095, `${name} gave ${String(result)}`);
        if (w.task.isGone || w.kernel.current !== w.task) break;
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('cannot write')) break;
        throw new Error(`seed ${seed}, world ${world}, call ${count}: ${name}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
      }
    }
  }
});
fuzz.run();
