/**
 * Random programs of many tasks, in a whole Machine: they fork, clone, signal, wait, lock, map, watch and end in any order. Nothing throws, every run ends,
 * two runs are the same, and nothing is left of what they had. TEST_SEED and WORLDS choose others.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { byteString } from '../src/host/host.ts';
import { runGuest, type GuestOptions } from './support/guest.ts';
import { build, DATA, systemCall as call } from './support/guest-program.ts';
import { Random, testSeed } from './support/random.ts';

const WORLDS = Number(process.env['WORLDS'] ?? 12), MAX_INSTRUCTIONS = 60_000;
const DATA_BYTES = 0x20000, SCRATCH = 0x700000, STACKS = DATA + 0x4000, STACK_BYTES = 0x1000, STACKS_MAX = 24;
/** Where words for futexes lie, structures with times, a signal set, names, a list that is a circle. */
const WORDS = DATA, TIMES = DATA + 0x100, SETS = DATA + 0x200, ACTION = DATA + 0x240, NAMES = DATA + 0x280, LIST = DATA + 0x300, OUT = DATA + 0x400, GUEST_NAME = NAMES + 0x30;
type Argument = number | bigint | string;

/** Data as every program begins: what pointers point to. */
function data(random: Random): Uint8Array {
  const bytes = new Uint8Array(0x600), view = new DataView(bytes.buffer), word = (at: number, value: bigint): void => view.setBigUint64(at - DATA, value, true);
  // Two timevals or timespecs each, interval and value: nothing, a nanosecond, some microseconds, a while.
  [[0n, 0n, 0n, 0n], [0n, 1n, 0n, 1n], [0n, 500n, 0n, 2000n], [0n, 0n, 0n, 100_000n], [0n, 0n, 1n, 0n]]
    .forEach((times, i) => times.forEach((value, j) => word(TIMES + 32 * i + 8 * j, value)));
  word(SETS, random.pick([0n, 0xffff_ffff_ffff_ffffn, 1n << 13n, 1n << 16n, 0x3e00n])); word(SETS + 8, BigInt(random.word() >>> 0));
  bytes.set([...'/home/a\0'].map(c => c.charCodeAt(0)), NAMES - DATA); bytes.set([...'/dev/shm/x\0'].map(c => c.charCodeAt(0)), NAMES - DATA + 0x10);
  bytes.set([...'/proc/self/maps\0'].map(c => c.charCodeAt(0)), NAMES - DATA + 0x20); bytes.set([...'/guest\0'].map(c => c.charCodeAt(0)), GUEST_NAME - DATA);
  word(LIST, BigInt(LIST + 24)); word(LIST + 8, random.pick([8n, 1n, 0xffff_ffff_ffff_fff8n])); word(LIST + 16, BigInt(random.pick([0, LIST + 40, 8])));
  word(LIST + 24, BigInt(random.pick([LIST + 24, LIST + 40, 0, 0x10]))); word(LIST + 40, BigInt(LIST + 24 + random.below(2)));
  for (let at = 0x80; at < 0x100; at += 8) view.setInt32(at, random.pick([0, 1, 1000, -1, 0x4000_0000]), true);
  return bytes;
}

class Author {
  private readonly random: Random;
  private labels = 0;
  private stacks = 0;
  constructor(random: Random) { this.random = random; }
  private label(): string { this.labels += 1; return `L${this.labels}`; }
  private get fd(): number { return this.random.below(14); }
  private get word(): number { return WORDS + 4 * this.random.below(8); }
  private get shared(): number { return SCRATCH + 4 * this.random.below(8); }
  private get times(): number { return this.random.pick([0, 1, 2, 3, 4].map(i => TIMES + 32 * i)); }
  private get signal(): number { return this.random.pick([1, 10, 12, 14, 17, 18, 19, 20, 34, 40]); }
  private get somebody(): Argument { return this.random.pick(['rbx', 'r15', 0, 1000, 1001, 1002 + this.random.below(6)]); }
  private get page(): number { return SCRATCH + 4096 * this.random.below(16); }
  private get futexCall(): string {
    const at = this.random.pick([this.word, this.shared]), other = this.random.pick([this.word, this.shared]), value = this.random.pick([0, 1, 1000]);
    return call(202, at, this.random.pick([0, 1, 1, 3, 4, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12]), value, this.random.pick([0, 1, this.times, this.times]), other, this.random.pick([0, 1, -1]));
  }
  private readonly simple: readonly (() => string)[] = [
    () => this.futexCall, () => this.futexCall, () => call(24),
    () => call(1, 1, OUT, 1 + this.random.below(8)),
    () => call(0, this.fd, OUT + 64, this.random.pick([1, 8, 4096])), () => call(1, this.fd, OUT, this.random.pick([1, 8, 65536])),
    () => call(3, this.fd), () => call(33, this.fd, this.fd), () => call(293, OUT + 32, this.random.pick([0, 0x800])),
    () => call(53, 1, this.random.pick([1, 2, 5]), 0, OUT + 40), () => call(290, this.random.below(3), this.random.pick([0, 1, 0x800])),
    () => call(291, 0), () => call(233, this.fd, this.random.pick([1, 1, 2, 3]), this.fd, OUT + 48),
    () => call(232, this.fd, OUT + 64, 4, this.random.pick([0, 1])), () => call(7, OUT + 32, 2, this.random.pick([0, 1])),
    () => call(283, 1, 0), () => call(286, this.fd, 0, this.times, 0), () => call(289, -1, SETS, 8, 0),
    () => call(38, 0, this.times, 0), () => call(222, 1, 0, OUT + 80), () => call(223, this.random.below(3), 0, this.times, 0), () => call(226, this.random.below(3)),
    () => call(35, this.random.pick([TIMES + 48, TIMES + 64, TIMES + 16]), 0),
    () => call(13, this.signal, ACTION, 0, 8), () => call(14, this.random.below(3), SETS + 8 * this.random.below(2), 0, 8), () => call(128, SETS, 0, TIMES + 48, 8),
    () => call(62, this.somebody, this.signal), () => call(200, this.somebody, this.signal), () => call(129, this.somebody, 34, OUT),
    () => call(61, -1, OUT + 96, this.random.pick([1, 1, 3, 0]), 0), () => call(247, 0, 0, OUT + 128, this.random.pick([5, 4]), 0),
    () => call(9, this.page, 4096 * (1 + this.random.below(4)), this.random.pick([3, 1, 0, 7]), this.random.pick([0x32, 0x31]), -1, 0),
    () => call(11, this.page, 4096 * (1 + this.random.below(4))), () => call(10, this.page, 4096, this.random.pick([0, 1, 3])),
    () => call(25, this.page, 4096, 8192, this.random.pick([0, 1])), () => call(28, this.page, 8192, this.random.pick([4, 8, 18])),
    () => `mov dword ptr [${this.shared}], 1000\n`, () => `mov rax, [${this.page}]\n`, () => `lock xadd [${this.word}], ecx\n`,
    () => call(273, this.random.pick([LIST, LIST, 8, SCRATCH]), 24), () => call(218, this.random.pick([this.word, this.shared, 8])),
    () => call(2, this.random.pick([NAMES, NAMES + 0x10, NAMES + 0x20]), this.random.pick([0, 0x42, 0x442]), 0x1b4), () => call(73, this.fd, this.random.pick([2, 6, 8])),
    () => call(319, NAMES + 1, 0), () => call(77, this.fd, this.random.pick([0, 5000, 40_000])), () => call(9, 0, 8192, 3, 1, this.fd, 0),
    () => call(131, this.random.pick([0, LIST]), 0), () => call(109, 0, 0), () => call(112), () => call(157, 36, this.random.below(2)),
    () => call(64, 0, 2, 0o1600), () => call(65, this.random.below(2), OUT + 200, 1), () => call(29, 0, 8192, 0o1600), () => call(30, this.random.below(2), 0, 0),
    () => call(46, this.fd, OUT + 256, 0x40), () => call(47, this.fd, OUT + 256, 0x40), () => call(275, this.fd, 0, this.fd, 0, 100, 2),
  ];
  private ends(): string { return this.random.pick([call(60, this.random.below(3)), call(231, this.random.below(3)), call(60, 0), 'ud2\n', 'mov rax, [8]\n']); }
  /** A task's life; what it begins with is in R14, its child's number in RBX, its parent's in R15. */
  body(length: number, depth: number): string {
    let text = '';
    for (let i = 0; i < length; i++) {
      const kind = this.random.below(24);
      if (kind < 3 && depth > 0) text += this.child(length, depth - 1);
      else if (kind === 3 && depth > 0 && this.random.below(4) === 0) text += `mov qword ptr [${OUT + 0x100}], 0\n${call(59, GUEST_NAME, `r13`, 0)}`;
      else if (kind === 4 && this.random.below(6) === 0) text += this.ends();
      else if (kind === 5) text += this.loop();
      else text += this.random.pick(this.simple)();
    }
    return text;
  }
  private loop(): string {
    const again = this.label();
    return `mov r12d, ${this.random.pick([3, 20, 500, 5000])}\n${again}:\nlock inc dword ptr [${this.word}]\ndec r12d\njnz ${again}\n`;
  }
  private child(length: number, depth: number): string {
    const parent = this.label(), kind = this.random.below(6);
    let start = call(57);
    if (kind === 1) start = call(58);
    else if (kind > 1 && this.stacks < STACKS_MAX) {
      this.stacks += 1;
      const files = this.random.pick([0, 0x400]), where = `${STACKS + STACK_BYTES * this.stacks - 64}`, tid = `${this.word}`;
      const flags = kind < 4 ? 0x10f00 | this.random.pick([0, 0x200000, 0x300000]) : 0x100 | files | 17 | this.random.pick([0, 0x4000, 0x200000, 0x8000]);
      start = call(56, flags, where, tid, tid, 0);
    }
    return `${start}test eax, eax\njnz ${parent}\nmov r15, r14\n${call(39)}mov r14, rax\n${this.body(Math.max(2, length >> 1), depth)}${this.ends()}${this.ends()}${parent}:\nmov rbx, rax\n`;
  }
}
function program(random: Random): Uint8Array {
  // Executed anew with other arguments, it ends soon: the fourth time at once.
  const source = `
  handler:
    lock inc dword ptr [${WORDS + 64}]
    ret
  restorer:
    mov eax, 15
    syscall
  _start:
    mov rcx, [rsp]
    lea r13, [rsp+8]
    cmp rcx, 3
    ja over
    ${call(39)}
    mov r14, rax
    mov r15, rax
    mov rbx, rax
    lea rax, [rip+handler]
    mov qword ptr [${ACTION}], rax
    mov qword ptr [${ACTION + 8}], ${random.pick([0x400_0000, 0x1400_0000, 0xc00_0000])}
    lea rax, [rip+restorer]
    mov qword ptr [${ACTION + 16}], rax
    ${call(9, SCRATCH, 65536, 3, 0x31, -1, 0)}
    ${[1, 10, 12, 14, 34, 40].map(signal => random.below(8) > 0 ? call(13, signal, ACTION, 0, 8) : '').join('')}
    ${new Author(random).body(10 + random.below(30), 3)}
  over:
    ${call(231, 0)}`;
  return build(source, DATA_BYTES, data(random));
}

/** What is there though all have ended, by name: nothing. */
function leftovers({ machine }: ReturnType<typeof runGuest>): Record<string, number> {
  const { kernel, mmu } = machine, { system } = kernel, { shared, network } = system;
  kernel.first?.memory.release();
  // Segments outlive processes, with their pages; those of mapped files stay in the cache.
  const isAnySegment = shared.segments.all().length > 0;
  return {
    processes: system.processes.size, tasks: system.tasks.size, waiting: kernel.isAlone ? 0 : 1, descriptors: kernel.first?.files.openInAll ?? 0,
    pipes: shared.pipes.slots, timers: shared.posixTimers, watches: shared.epollWatches.count, mappings: mmu.mappings.count, sockets: network.buffered.bytes,
    names: network.unixNames.size, futexes: system.futexes.size, locks: shared.locks.size, inFlight: network.flight.size,
    frames: isAnySegment ? 0 : Math.max(0, mmu.frames.used - 1 - system.pageCache.pages),
  };
}
const random = suite('tasks › random programs');
random(`${WORLDS} programs of many tasks end, twice alike, and leave nothing`, () => {
  const seed = testSeed(), chance = new Random(seed);
  let stopped = 0, tasks = 0;
  for (let world = 0; world < WORLDS; world++) {
    const elf = program(chance), options: GuestOptions = { memoryBytes: 8 << 20, maxInstructions: MAX_INSTRUCTIONS, cpu: { engine: 'interpret' }, ...world % 3 === 0 ? { seed: world } : {} };
    const told = `seed ${seed}, world ${world}`;
    try {
      const [one, two] = [runGuest(elf, options), runGuest(elf, options)].map(run => {
        const { counters: { instructions, cycles, systemCalls }, status, signal, stdout, stderr } = run;
        return { run, seen: { instructions, cycles, systemCalls, status, signal, output: byteString(stdout), stderr } };
      });
      assert.equal(one!.seen, two!.seen, told);
      if (/max-instructions/.test(one!.seen.stderr)) stopped += 1;
      if (one!.run.machine.kernel.newPid() > 1002) tasks += 1;
      const left = Object.entries(leftovers(one!.run)).filter(([, count]) => count !== 0);
      assert.equal(left, [], told);
    } catch (error) {
      throw new Error(`${told}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    }
  }
  assert.ok(stopped < WORLDS, 'all were cut short');
  assert.ok(tasks > WORLDS / 3, `only ${tasks} of ${WORLDS} began tasks`);
});
random.run();
