/** Code that is kept from run to run: a run that begins with it does and counts what any other does, and what is not byte for byte the same is not used. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Va } from '../src/base/types.ts';
import { assemble } from '../src/decoder/assemble.ts';
import type { CpuOptions } from '../src/exec/cpu.ts';
import type { CodeStore } from '../src/exec/threaded/kept-code.ts';
import type { PrebuiltFile } from '../src/exec/threaded/prebuilt.ts';
import { fewName, HOT_EARLY_RUNS, threadsName } from '../src/exec/threaded/threads.ts';
import { writeElf } from '../src/loader/write-elf.ts';
import { Machine } from '../src/machine.ts';
import type { Timing } from '../src/timing/costs.ts';
import { MemoryHost } from '../src/host/memory-host.ts';
import { CODE, CpuWorld, DATA } from './support/cpu-world.ts';
import { Arena, compete } from './support/duel.ts';
import { REFERENCE } from './support/engines.ts';
import { ENVIRONMENT, FIXTURES, fixtureBytes, fixtureHost } from './support/fixtures.ts';
import { systemCall } from './support/guest-program.ts';
import { optimisedBefore } from './support/prebuilt.ts';
import { formPrograms, randomProgram } from './support/random-program.ts';
import { Random, testSeed } from './support/random.ts';

const PROGRAMS = Number(process.env['TEST_PROGRAMS'] ?? 20);

const NUMBERS = { mmap: 9, mprotect: 10, fork: 57, execve: 59, wait4: 61, exit_group: 231 } as const;
const call = (name: keyof typeof NUMBERS): string => systemCall(NUMBERS[name]);

class Store implements CodeStore {
  readonly least: number;
  key = 'this build, this machine';
  bytes: Uint8Array | null = null;
  writes = 0;
  constructor(least = 1) { this.least = least; }
  read(into: Uint8Array): number {
    into.set(this.bytes ?? []);
    return this.bytes?.length ?? 0;
  }
  write(bytes: Uint8Array): void { this.bytes = bytes; this.writes += 1; }
}
/** Threads begin at once, so that whatever was executed is kept. */
const keeping = (store: CodeStore, options: CpuOptions = {}): CpuOptions => ({ ...options, prebuilt: optimisedBefore(), threaded: { runs: 0, wait: 1, ...options.threaded, store } });
const statOf = ({ cpu }: Machine | CpuWorld, name: string): number => cpu.stats().find(row => row[0] === name)?.[1] ?? NaN;

/** `hot`: blocks that were executed so often that whoever compiles was asked. */
interface Outcome { readonly counted: object; readonly hot: number; readonly decoded: number; readonly kept: number; readonly generations: number; readonly compiled: number }
/** Runs a program to its end, and keeps its code. `slice`: instructions a turn. */
function run(host: MemoryHost, cpu: CpuOptions, args: readonly string[] = [], slice?: number): Outcome {
  const machine = new Machine({ host, memoryBytes: 32 << 20, cpu });
  assert.is(machine.exec('/guest', ['guest', ...args], ENVIRONMENT), null);
  let ending = slice === undefined ? machine.run() : null;
  while (ending === null) ending = machine.turn(slice!);
  const hot = [...machine.cpu.blocks.all()].reduce((sum, [page]) => sum + [...page.blocks.values()].filter(({ runs }) => runs >= HOT_EARLY_RUNS).length, 0);
  // Who performs decides how often the TLB is asked.
  const counted = { ...ending, output: host.output, ...machine.counters(), tlbMisses: 0 };
  machine.cpu.keepCode();
  return { counted, hot, decoded: statOf(machine, 'blocks decoded'), kept: statOf(machine, 'blocks kept before'), generations: statOf(machine, 'generations'), compiled: statOf(machine, 'regions compiled') };
}
const hostOf = (source: string): MemoryHost => new MemoryHost({ '/guest': writeElf({ text: { at: CODE, bytes: assemble(source, { origin: CODE, symbols: { DATA } }).bytes }, entry: CODE }) });
/** Runs with and without what is kept, three times in a row. Gives the last with it. */
function again(host: () => MemoryHost, options: CpuOptions, store = new Store(), args: readonly string[] = [], slice?: number): Outcome {
  const expected = run(host(), { ...options, engine: 'interpret' }, args).counted;
  let last: Outcome | null = null;
  for (let time = 1; time <= 3; time++) {
    last = run(host(), keeping(store, options), args, slice);
    assert.equal(last.counted, expected, `run ${time}`);
  }
  return last!;
}

const programs = suite('kept › programs');
for (const { name, args, stdin } of FIXTURES) for (const timing of ['fast', 'none'] as const) programs(`${name} with timing ${timing}: what is kept is not decoded, and nothing else is different`, () => {
  for (const engine of ['auto', 'threaded'] as const) {
    const store = new Store(), host = (): MemoryHost => fixtureHost(fixtureBytes(name), stdin), first = run(host(), keeping(store, { timing, engine }), args);
    assert.is(first.kept, 0);
    const { kept, decoded, generations } = again(host, { timing, engine }, store, args);
    assert.is(generations > 0, first.generations > 0);
    // What is hot is decoded for whoever compiles it.
    const hot = engine === 'auto' ? first.hot : 0;
    if (generations === 0) assert.ok(kept > 0 && decoded - hot < first.decoded / 2, `${kept} kept, ${decoded} of ${first.decoded} decoded, ${hot} hot`);
    assert.is(store.writes, first.generations === 0 ? 1 : 0, 'nothing was added, and nothing kept of a program that goes on for long');
  }
});
for (const slice of [1, 3, 50, 1000]) programs(`turns of ${slice} instructions`, () => {
  const { name, stdin } = FIXTURES[0]!;
  again(() => fixtureHost(fixtureBytes(name), stdin), {}, new Store(), [], slice);
});
programs('detailed timing keeps nothing', () => {
  const store = new Store();
  again(() => fixtureHost(fixtureBytes('print'), ''), { timing: 'detailed' }, store);
  assert.is(store.bytes, null);
});
/** Short, or with an argument long. */
const HOT = `mov ecx, 20\ncmp qword ptr [rsp], 2\njne again\nmov ecx, 60000\nagain: mov eax, ecx\nand eax, 3\nlea rdx, [rip+table]\njmp [rdx+rax*8]\na: add rbx, rcx\njmp e\nb: xor rbx, rcx\njmp e\nc: rol rbx, 3\njmp e\nd: sub rbx, 1\ne: rol ax, 3\nsub ecx, 1\njnz again\nmov edi, ebx\nand edi, 127\n${call('exit_group')}\n.balign 8\ntable: .quad ${['a', 'b', 'c', 'd'].join(', ')}`;
for (const timing of ['fast', 'none'] as const) programs(`what becomes hot is compiled, and what is called too often generated, with timing ${timing}`, () => {
  for (const [options, name] of [[{ timing, hotRuns: 500 }, 'compiled'], [{ timing, engine: 'threaded' }, 'generations']] as const) {
    const store = new Store();
    run(hostOf(HOT), keeping(store, options));
    const outcome = again(() => hostOf(HOT), options, store, ['long']);
    assert.ok(outcome.kept > 0 && outcome[name] > 0);
    if (name === 'generations') assert.is(store.writes, 1);
  }
});
programs('a run of other code of the program adds to what is kept', () => {
  const either = (args: readonly string[], store: Store): Outcome => run(hostOf(`cmp qword ptr [rsp], 2\nje two\nmov ecx, 9\nl: add rax, rcx\ndec ecx\njnz l\njmp end\ntwo: mov ecx, 7\nm: sub rax, rcx\ntest al, 1\njz n\ninc rax\nn: dec ecx\njnz m\nend: mov edi, 5\n${call('exit_group')}`), keeping(store), args);
  const store = new Store(), one = either([], store).counted, two = either(['more'], store);
  assert.is(store.writes, 2);
  assert.equal(either([], store).counted, one);
  assert.ok(two.kept > 0 && either(['more'], store).kept > two.kept);
  assert.is(store.writes, 2);
});
programs('with few handlers where those are enough, and with all as soon as something is translated', () => {
  const source = `mov rax, [rsp]\ncmp eax, 2\njne next\nmov eax, 30\nm: bswap rdx\npaddq xmm0, xmm1\nsub eax, 1\ncmp eax, 1\njne m\nnext: mov eax, 9\nl: add rbx, rax\nsub eax, 1\ncmp eax, 1\njne l\nmov edi, 5\n${call('exit_group')}`;
  const store = new Store(), outcome = (args: readonly string[]): readonly [counted: object, handlers: readonly string[]] => {
    const file = optimisedBefore(), asked: string[] = [], optimised = (name: string): WebAssembly.Module | null => { asked.push(name); return file.optimised(name); };
    const { counted } = run(hostOf(source), { ...keeping(store), prebuilt: Object.assign(Object.create(file) as PrebuiltFile, { optimised }) }, args);
    return [counted, asked.filter(name => name.startsWith('threads'))];
  };
  const expected = (args: readonly string[]): object => run(hostOf(source), { engine: 'interpret' }, args).counted, all = threadsName(true), few = fewName(all);
  for (const [args, handlers] of [[[], [all]], [[], [few]], [['more'], [few, all]], [['more'], [all]], [[], [all]]] as const) assert.equal(outcome(args), [expected(args), handlers]);
});
/** It begins in the last of its pages: a loop reaches back into another one, an instruction lies in two, and a page of data is met in the middle of a block. */
const FAR = `jmp start\n.balign 4096\nlone: ret\n${'nop\n'.repeat(4087)}head: imul rbx, rcx\nimul rbx, rbx\nadd rbx, rax\ninto: sub ecx, 1\njnz head\nret\n${'nop\n'.repeat(4080)}straddling: mov rax, 0x1122334455667788\nret\n.balign 4096\nstart: xor eax, eax\ncpuid\nadd rbx, rax\nxor edi, edi\nmov esi, 8192\nmov edx, 3\nmov r10d, 0x22\nmov r8, -1\nxor r9d, r9d\n${call('mmap')}\nmov r13, rax\nlea rdx, [rax+4096]\nmov [rdx], rbx\nadd rbx, [rdx]\nmov rdi, r13\nmov ecx, 5\nrep stosq\n`
  + `cmp qword ptr [rsp], 2\njne one\ncall lone\none: mov ecx, 9\ncall into\ncall straddling\nmov ecx, 3\ncall head\nmov edi, ebx\nand edi, 127\n${call('exit_group')}`;
for (const timing of ['fast', 'none'] as const) programs(`what stands alone, straddles pages, looks at others or meets a page fault is kept, with timing ${timing}`, () => {
  const store = new Store();
  assert.is(again(() => hostOf(FAR), { timing }, store).decoded, 0);
  // Whether the page was there when a loop was looked at decides how long it takes.
  for (const args of [['more'], [], ['more'], []]) assert.equal(run(hostOf(FAR), keeping(store, { timing }), args).counted, run(hostOf(FAR), { timing, engine: 'interpret' }, args).counted);
  const other = new Store();
  again(() => hostOf(FAR), { timing }, other, ['more']);
  assert.equal(run(hostOf(FAR), keeping(other, { timing })).counted, run(hostOf(FAR), { timing, engine: 'interpret' }).counted);
});
programs.run();

const wrong = suite('kept › what is not what it was');
const LOOP = (body: string): string => `mov ecx, 50\nagain: ${body}\nadd rbx, rcx\nsub ecx, 1\njnz again\nmov edi, ebx\nand edi, 127\n${call('exit_group')}`;
wrong('another program at the same addresses', () => {
  const store = new Store();
  again(() => hostOf(LOOP('add rbx, 3')), {}, store);
  const { kept, decoded } = again(() => hostOf(LOOP('sub rbx, 3')), {}, store);
  assert.ok(kept > 0 && decoded > 0);
});
wrong('bytes that were damaged, cut off or written by somebody else', () => {
  const store = new Store(), random = new Random(testSeed()), host = (): MemoryHost => hostOf(LOOP('add rbx, 3'));
  const { counted } = run(host(), keeping(store)), bytes = store.bytes!;
  const kept = (changed: Uint8Array, key = store.key): number => {
    const other = new Store(1e9);
    other.bytes = changed; other.key = key;
    const outcome = run(host(), keeping(other));
    assert.equal(outcome.counted, counted);
    return outcome.kept;
  };
  assert.ok(kept(bytes) > 0);
  assert.is(kept(bytes, 'another build'), 0);
  // Words 6 and 7 of the head say nothing.
  for (const at of [0, 4, 8, 23, 32, 40, 60, 64, bytes.length - 40, ...Array.from({ length: 40 }, () => 32 + random.below(bytes.length - 32))]) {
    const changed = bytes.slice();
    changed[at]! ^= 1 << random.below(8);
    assert.is(kept(changed), 0, `byte ${at}`);
  }
  for (const length of [0, 1, 63, 64, bytes.length - 16, bytes.length + 16]) {
    const changed = new Uint8Array(length);
    changed.set(bytes.subarray(0, length));
    assert.is(kept(changed), 0, `${length} bytes`);
  }
});
wrong('code that writes code, and code that is moved', () => {
  const writable = `lea rdi, [rip+again]\nand rdi, -4096\nmov esi, 4096\nmov edx, 7\n${call('mprotect')}\n`;
  again(() => hostOf(`${writable}${LOOP('inc dword ptr [rip+value+1]\nvalue: mov eax, 5\nadd rbx, rax')}`), {});
  // Its page comes back as other memory, and as the file's again.
  again(() => hostOf(`mov r12d, 3\nround: ${LOOP('add rbx, 3').split('mov edi')[0]!}lea rdi, [rip+round]\nand rdi, -4096\nmov esi, 4096\nmov edx, 5\n${call('mprotect')}\ndec r12d\njnz round\nmov edi, ebx\nand edi, 127\n${call('exit_group')}`), {});
});
wrong('a page that two programs have at one address', () => {
  const child = assemble(LOOP('sub rbx, 7'), { origin: CODE }).bytes, host = (): MemoryHost => {
    const world = hostOf(`${call('fork')}\ntest eax, eax\njz child\nmov edi, -1\nlea rsi, [rsp-64]\nxor edx, edx\nxor r10d, r10d\n${call('wait4')}\nmov ebx, [rsp-64]\n${LOOP('add rbx, 3')}\nchild: lea rdi, [rip+path]\nxor esi, esi\nxor edx, edx\n${call('execve')}\nhlt\npath: .asciz "/other"`);
    world.put('/other', writeElf({ text: { at: CODE, bytes: child }, entry: CODE }));
    return world;
  };
  for (const timing of ['fast', 'none'] as const) assert.ok(again(host, { timing }).kept > 0);
});
wrong('bytes that change beside code that was executed: it goes on in the times it had', () => {
  const program = 'mov r12d, 3\nouter: mov ecx, 40\nmov rax, 3\nagain: imul rax, rax\nimul rax, rax\npatch: imul rax, rax\ntest ecx, ecx\njz out\nadd rbx, rcx\nsub ecx, 1\njnz again\nout: test r13d, r13d\njz skip\nmov dword ptr [rip+patch], 0x90909090\nskip: sub r12d, 1\njnz outer\nsyscall';
  const store = new Store(), result = (options: CpuOptions, writes: number): object => {
    const w = new CpuWorld(program, CODE, options);
    w.set('r13', writes);
    w.run();
    const found = { ...w.snapshot(), misses: 0 };
    w.cpu.keepCode();
    return found;
  };
  for (const writes of [0, 1]) assert.equal(result(keeping(store), writes), result({ engine: 'interpret' }, writes));
});
/** A new page of code again and again, which the guest writes as a whole: what is gathered of it, as records are at work, finds no room. */
const PAGES = `xor edi, edi\nmov esi, 4096\nmov edx, 7\nmov r10d, 0x22\nmov r8, -1\nxor r9d, r9d\n${call('mmap')}\nmov r13, rax\nmov r14d, 60\nround: mov rdi, r13\nlea rsi, [rip+code]\nmov ecx, 3990\nrep movsb\ncall r13\nmov rdi, r13\nmov ecx, 512\nxor eax, eax\nrep stosq\nsub r14d, 1\njnz round\nmov edi, ebx\nand edi, 127\n${call('exit_group')}\ncode: ${Array.from({ length: 970 }, (_, k) => `lea rbx, [rbx+${k % 100}]`).join('\n')}\nret\n.balign 4096\n.quad 0`;
/** Overwrites the whole page it is in, in the middle of a block, and goes on in what it has written. */
const ITSELF = `xor edi, edi\nmov esi, 12288\nmov edx, 7\nmov r10d, 0x22\nmov r8, -1\nxor r9d, r9d\n${call('mmap')}\nmov r13, rax\nlea rdi, [r13+8192]\nmov ecx, 4096\nmov al, 0x90\nrep stosb\nmov rdi, r13\nlea rsi, [rip+code]\nmov ecx, 64\nrep movsb\nmov byte ptr [r13+4096], 0xc3\nmov ebx, 7\ncall r13\nmov edi, ebx\n${call('exit_group')}\ncode: mov rdi, r13\nlea rsi, [r13+8192]\nmov ecx, 4096\nrep movsb\nadd ebx, 1\nadd ebx, 2\nret\n.balign 64\n.quad 0`;
wrong('a page that overwrites itself, whole', () => {
  again(() => hostOf(ITSELF), {});
  again(() => hostOf(ITSELF), { engine: 'threaded', timing: 'none' });
});
wrong('the second page of an instruction that lies in two: its bytes change, or others are there', () => {
  const patched = (patch: string): MemoryHost => hostOf(`lea r13, [rip+first]\nand r13, -4096\nmov rdi, r13\nmov esi, 8192\nmov edx, 7\n${call('mprotect')}\nmov al, [r13+16]\nmov [r13+16], al\nmov al, [r13+8000]\nmov [r13+8000], al\nmov r12d, 6\nround: mov ecx, 30\ncall first\nsub r12d, 1\ncmp r12d, 3\njne on\ncmp qword ptr [rsp], 2\njne on\n${patch}\non: test r12d, r12d\njnz round\nmov edi, ebx\nshr edi, 24\nxor edi, ebx\nand edi, 127\n${call('exit_group')}\n.balign 4096\nfirst: add rbx, rcx\n${'nop\n'.repeat(4090)}straddling: mov eax, 0x01020304\nadd rbx, rax\nsub ecx, 1\njnz straddling\nret\n.balign 4096`);
  const patches = ['mov byte ptr [rip+straddling+4], 7', 'mov byte ptr [rip+straddling+1], 7', `lea rdi, [r13+4096]\nmov esi, 4096\nmov edx, 5\n${call('mprotect')}`, `mov rsi, r13\nlea rdi, [r13+4096]\nmov ecx, 512\nrep movsq\nmov byte ptr [r13+4096+3], 0xc3`];
  for (const timing of ['fast', 'none'] as const) for (const patch of patches) {
    const store = new Store();
    assert.is(again(() => patched(patch), { timing }, store).decoded, 0);
    assert.equal(run(patched(patch), keeping(store, { timing }), ['more']).counted, run(patched(patch), { timing, engine: 'interpret' }, ['more']).counted);
  }
});
/** More blocks than small memories have room for. */
const STEPS = `mov r12d, 6\nround: ${Array.from({ length: 24 }, (_, k) => `add rax, ${k + 3}\nxor rbx, rax\ntest ebx, ${1 << k}\nje p${k}\nadd rbx, ${k}\np${k}:`).join('\n')}\ndec r12d\njnz round\nmov edi, ebx\nand edi, 127\n${call('exit_group')}`;
wrong('memory for records that is full', () => {
  for (const [source, bytes] of [[PAGES, 1 << 16], [PAGES, 1 << 18], ...[1200, 2400, 4000, 6000, 12_000].map(each => [STEPS, each] as const)] as const) {
    again(() => hostOf(source), { threaded: { bytes } });
    const store = new Store();
    run(hostOf(source), keeping(store));
    again(() => hostOf(source), { threaded: { bytes } }, store);
  }
});
/** As many blocks, or with an argument more often: then what has no handler is called so often that handlers are generated. */
const OFTEN = STEPS.replace('mov r12d, 6', 'mov r12d, 6\ncmp qword ptr [rsp], 2\njne round\nmov r12d, 900').replaceAll('xor rbx, rax', 'xor rbx, rax\nrol ax, 3');
wrong('a generation that finds no room for what it translates anew', () => {
  const { counted } = run(hostOf(OFTEN), { engine: 'interpret' }, ['more']), store = new Store();
  run(hostOf(OFTEN), keeping(store, { engine: 'threaded' }));
  const { length } = store.bytes!;
  for (let room = 0; room <= 16_000; room += 800) {
    const outcome = run(hostOf(OFTEN), keeping(store, { engine: 'threaded', threaded: { bytes: length + room } }), ['more']);
    assert.equal(outcome.counted, counted, `${room} bytes`);
    assert.ok(outcome.kept > 0 && outcome.generations > 0);
  }
});
wrong('two programs that take turns at one address: what is kept does not change for ever', () => {
  const store = new Store(), other = (): MemoryHost => hostOf(LOOP('sub rbx, 3\ncmp ecx, 7\njne more\nadd rbx, 1\nmore: nop'));
  for (let time = 0; time < 3; time++) { run(hostOf(LOOP('add rbx, 3')), keeping(store)); run(other(), keeping(store)); }
  const { writes } = store;
  for (let time = 0; time < 3; time++) { run(hostOf(LOOP('add rbx, 3')), keeping(store)); run(other(), keeping(store)); }
  assert.is(store.writes, writes);
});
wrong('an address with a breakpoint: set before the run, or in it', () => {
  const source = 'mov ecx, 50\nagain: add rbx, rcx\nxor rbx, 7\nsub ecx, 1\njnz again\nsyscall', store = new Store();
  const world = (): CpuWorld => new CpuWorld(source, CODE, keeping(store));
  const first = world(), at = (w: CpuWorld): Va => w.labels.get('again')! + 3;
  assert.is(first.run(), 'syscall');
  first.cpu.keepCode();
  const before = world();
  before.cpu.setBreakpoint(at(before));
  assert.is(before.run(), 'stop');
  const meanwhile = world();
  assert.is(meanwhile.run(20), 'budget');
  assert.ok(statOf(meanwhile, 'blocks kept before') > 0);
  meanwhile.cpu.setBreakpoint(at(meanwhile));
  assert.is(meanwhile.run(), 'stop');
  assert.is(meanwhile.rip, at(meanwhile));
});
wrong.run();

/** Every pair is new, and begins with what the last one left. */
class KeepingArena extends Arena {
  kept = 0;
  private readonly store = new Store();
  private last: CpuWorld | null = null;
  override pair(options: CpuOptions, source: string, origin = CODE): readonly [CpuWorld, CpuWorld] {
    this.leave();
    this.last = new CpuWorld(source, origin, keeping(this.store, options));
    return [new CpuWorld(source, origin, { ...options, engine: REFERENCE }), this.last];
  }
  leave(): void {
    if (this.last === null) return;
    this.kept += statOf(this.last, 'blocks kept before');
    this.last.cpu.keepCode();
    this.last = null;
  }
}
const random = suite(`kept › random programs (seed ${testSeed()})`);
const TIMINGS: readonly Timing[] = ['fast', 'none'];
random(`${PROGRAMS} of them, disturbed at random, three times each`, () => {
  let kept = 0;
  for (let k = 0; k < PROGRAMS; k++) {
    const seed = testSeed() + k, chance = new Random(seed ^ 0x4321), arena = new KeepingArena(), options: CpuOptions = { engine: chance.pick(['threaded', 'auto']), timing: chance.pick(TIMINGS), hotRuns: chance.pick([2, 40]) };
    const program = randomProgram({ seed, modifiesItself: chance.below(3) === 0, mayFail: true });
    for (let time = 0; time < 3; time++) {
      const { complaint } = compete(program, options, 2500, arena);
      assert.is(complaint, null, complaint ?? '');
    }
    kept += arena.kept;
  }
  assert.ok(kept > 0, 'nothing was ever kept');
});
random('every form of integers, vectors and the x87 in loops, twice', () => {
  for (const program of formPrograms(testSeed(), 160)) {
    const arena = new KeepingArena();
    for (let time = 0; time < 2; time++) {
      const { complaint } = compete(program, { engine: 'threaded', timing: 'fast' }, 5000, arena);
      assert.is(complaint, null, complaint ?? '');
    }
  }
});
random.run();
