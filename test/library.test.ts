/** The library's entry: what its documentation shows works as it says (src/index.ts, README.md). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assemble, compare, decode, format, Machine, MemoryHost, resultsIn, SecurityPolicy, Target, writeElf } from '../src/index.ts';

const HELLO = assemble(`
  mov edi, 1
  lea rsi, [rip+text]
  mov edx, 3
  mov eax, 1
  syscall
  mov edi, 7
  mov eax, 231
  syscall
text: .ascii "hi\\n"`, { origin: 0x400000 });
const elf = writeElf({ text: { at: 0x400000, bytes: HELLO.bytes }, entry: 0x400000 });

const library = suite('library');
library('a program in memory runs, writes and is counted', () => {
  const host = new MemoryHost({ '/bin/hello': elf }), machine = new Machine({ host });
  assert.is(machine.exec('/bin/hello', ['hello'], []), null);
  assert.equal([machine.run().status, host.output, machine.counters().instructions, machine.counters().systemCalls], [7, 'hi\n', 8, 2]);
});
library('bytes are instructions, and instructions text', () => {
  const jump = decode(Uint8Array.of(0x41, 0xff, 0xe3), 0, 3);
  assert.is(jump && format(jump, 0, 'intel'), 'jmp    r11');
  assert.is(decode(Uint8Array.of(0x41, 0xff), 0, 2), null);
});
library('a target stops at a breakpoint, and goes back', () => {
  const target = Target.open({ host: new MemoryHost({ '/bin/hello': elf }), program: { path: '/bin/hello', argv: ['hello'], envp: [] } });
  if ('sentence' in target) throw new Error(target.sentence);
  const address = 0x400000 + HELLO.bytes.indexOf(0xbf, 1); // mov edi, 7
  target.addBreakpoint({ address, pid: null });
  assert.is(target.run({ how: 'continue' }).reason, 'breakpoint');
  const tid = target.tid ?? 0;
  assert.is(target.rip(tid), address);
  target.stepBack(tid);
  assert.is(target.rip(tid), address - 2); // syscall
});
library('a policy is named, or wrong in a sentence', () => {
  assert.instance(SecurityPolicy.of('wx'), SecurityPolicy);
  assert.type(SecurityPolicy.of('nothing'), 'string');
});
library('results are read and compared', () => {
  assert.type(resultsIn('{}'), 'string');
  assert.equal(compare([], []).differences, []);
});
library.run();
