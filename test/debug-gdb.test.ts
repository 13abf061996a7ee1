/** gdb's remote protocol as bytes: conversations (test/golden/gdb.txt, `UPDATE=1` rewrites it), and what no gdb would say. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checksum, escaped, packet, PacketReader, type Piece, unescaped } from '../src/debug/gdb/packets.ts';
import { gdbSignal, linuxSignal } from '../src/debug/gdb/signals.ts';
import { hexOf, hexOfText, textOfHex } from '../src/debug/hex.ts';
import { bytesOf } from '../src/host/host.ts';
import { debug, STORY } from './support/debug-world.ts';
import { GdbClient } from './support/gdb-client.ts';
import { DATA, TEXT } from './support/guest-program.ts';
import { sys } from './support/trampfd-program.ts';
import { Random, testSeed } from './support/random.ts';
import { golden } from './support/vectors.ts';

const hex = (value: number): string => value.toString(16);
const packets = suite('gdb › packets');
const piecesOf = (...portions: readonly string[]): Piece[] => { const reader = new PacketReader(); return portions.flatMap(text => [...reader.read(text)]); };
packets('come in any portions, with noise between them', () => {
  const text = `+${packet('g')}\x03-noise${packet('m10,4')}`;
  const whole = [{ kind: 'acknowledged' }, { kind: 'packet', data: 'g' }, { kind: 'interrupt' }, { kind: 'refused' }, { kind: 'packet', data: 'm10,4' }];
  assert.equal(piecesOf(text), whole);
  assert.equal(piecesOf(...text), whole);
});
packets('with a wrong checksum are damaged, cut off they give way to the next', () => {
  assert.equal(piecesOf('$g#00'), [{ kind: 'damaged' }]);
  assert.equal(piecesOf(`$m1234${packet('g')}`), [{ kind: 'packet', data: 'g' }]);
});
packets('carry any byte', () => {
  const all = Array.from({ length: 256 }, (_, k) => String.fromCharCode(k)).join('');
  assert.is(unescaped(escaped(all)), all);
  assert.not.match(escaped(all), /[#$*]/);
});
packets('of a mebibyte are read, and what never ends is not kept', () => {
  const reader = new PacketReader(), data = 'x'.repeat(1 << 20), text = packet(data), pieces: Piece[] = [];
  for (let at = 0; at < text.length; at += 1000) pieces.push(...reader.read(text.slice(at, at + 1000)));
  assert.is(pieces.length, 1);
  for (let k = 0; k < 100; k++) pieces.push(...reader.read(`$${'y'.repeat(1 << 16)}`));
  assert.ok(reader.isOverfull);
});
packets('signals have numbers on both sides', () => {
  for (let signal = 1; signal <= 64; signal++) if (signal !== 16) assert.is(linuxSignal(gdbSignal(signal)), signal);
  assert.equal([gdbSignal(10), gdbSignal(11), gdbSignal(17), linuxSignal(144)], [30, 11, 20, null]);
});
packets.run();

const talks = suite('gdb › conversations');
/** What is said, line by line; long answers are cut. */
function talk(client: GdbClient, lines: readonly string[]): string {
  const shown = (text: string): string => { const one = text.replace(/[^\x20-\x7e]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`); return one.length > 240 ? `${one.slice(0, 240)}… (${one.length})` : one; };
  const answered = (answer: string): string => answer.startsWith('O') && answer !== 'OK' ? textOfHex(answer.slice(1))!.replace(/^/gm, '<   ').replace(/<   $/, '') : `< ${shown(answer)}\n`;
  const asked = (line: string): string => line.startsWith('qRcmd,') ? `monitor ${textOfHex(line.slice(6))!}` : shown(line);
  return lines.map(line => `> ${asked(line)}\n${client.answers(line).map(answered).join('')}`).join('');
}
/** Commands of a conversation; `{label}` is an address. */
const TALKS: Readonly<Record<string, readonly string[]>> = {
  'questions before the program runs': [
    '?', 'qC', 'qfThreadInfo', 'qsThreadInfo', 'qAttached:3e8', 'qOffsets', 'Hgp3e8.3e8', 'Hg0', 'Hc-1', 'Hgp3e8.77', 'Hx1', 'Tp3e8.3e8', 'T77', 'qThreadExtraInfo,p3e8.3e8', 'vCont?', 'qSymbol::', 'vMustReplyEmpty', 'qTStatus', 'qCRC:1,2', 'bx', 'zz', '',
    'qXfer:features:read:target.xml:0,64', 'qXfer:features:read:nothing.xml:0,64', 'qXfer:memory-map:read::0,1000', 'qXfer:exec-file:read:3e8:0,100', 'qXfer:threads:read::0,1000', 'qXfer:auxv:read::0,20', 'qXfer:libraries-svr4:read::0,100', 'qXfer:siginfo:read::0,80', 'qXfer:nothing:read::0,80', 'qXfer:features:write:target.xml:0:x',
    'qGetTLSAddr:p3e8.3e8,10,0', 'qGetTLSAddr:p3e8.3e8,10,400000', 'qGetTLSAddr:77,0,0', 'qGetTLSAddr:p3e8.3e8,0', 'qGetTLSAddr',
  ],
  'registers and memory': [
    'g', 'p10', 'P0=8877665544332211', 'p0', 'P10', 'p99', 'P3=zz', 'm{_start},8', 'm0,4', `m${hex(DATA)},10`, `M${hex(DATA)},4:01020304`, `X${hex(DATA + 4)},4:${escaped('#$}*')}`, `X${hex(DATA + 8)},0:`, `m${hex(DATA)},c`, 'M0,1:00', `M${hex(DATA)},2:01`, 'm,', 'mfffffffffffffffff,1', 'mffffffffffff0000,8',
    'P28=00112233445566778899aabbccddeeff', 'p28', 'P38=a01f0000', 'p38', 'P39=0000000000000000', 'p39', 'P3c=ffeeddccbbaa99887766554433221100', 'p3c', 'p3b', 'P11=d7080000', 'p11', 'P18=0102030405060708ff3f', 'p18', 'p22', 'P22=ffff0000', 'p22', 'G{g}',
  ],
  'breakpoints, steps and ranges': [
    'Z0,{after},1', 'Z0,{after},1', 'vCont;c', 'p10', 'vCont;s:p3e8.3e8;c', 'p10', 'c', 'z0,{after},1', 'z0,{after},1', 'Z1,{f},1', 'vCont;c:p3e8.-1', 'vCont;r{f},{target}:p3e8.3e8', 'p10', 'z1,{f},1', 's', 'Z0', 'Z7,1,1', 'vCont', 'vCont;x', 'vCont;t', 'vCont;s:pzz',
    `Z2,${hex(DATA + 8)},8`, 'vCont;c', `m${hex(DATA + 8)},8`, `z2,${hex(DATA + 8)},8`, `Z4,${hex(DATA)},8`, 'vCont;c', `z4,${hex(DATA)},8`,
  ],
  'a trampoline, a signal, a thread and a child': [
    'QThreadEvents:1', 'Z0,{invoke},1', 'vCont;c', 'z0,{invoke},1', 's', 'p10', 's', 'p10', 'pa', 'vCont;c', 'qXfer:siginfo:read::0,30', 'vCont;C1e:p3e8.3e8;c', 'qfThreadInfo', 'vCont;c', 'vCont;c', 'Hgp3ea.3ea', 'D;3ea', 'Hgp3e8.3e8', 'vCont;c',
  ],
  'signals that pass, and one that does not': ['QPassSignals:e;1e', 'QPassSignals:x', 'vCont;c', 'vCont;c', 'D;3ea', 'vCont;c'],
  'a signal that is kept from the program': ['vCont;c', 'vCont;c', 'D;3ea', 'vCont;c'],
  'a signal from gdb': ['Z0,{after},1', 'c', 'C0f', 'c', 'c'],
  'system calls': ['QCatchSyscalls:1;27', 'vCont;c', 'vCont;c', 'QCatchSyscalls:0', 'QCatchSyscalls:2', 'vCont;c'],
  backwards: [
    'bc', 'bs', 'Z0,{invoke},1', 'vCont;c', 'bs', 'p10', `Z2,${hex(DATA)},8`, 'bc', `m${hex(DATA)},8`, 'bc', `m${hex(DATA)},8`, `z2,${hex(DATA)},8`, 'z0,{invoke},1', 'Z0,{again},1', 'bc', 'p10', 'bs', 'vCont;c', `M${hex(DATA)},1:07`, 'vCont;c', `m${hex(DATA)},8`, 'bq', 'z0,{again},1', 'bc',
  ],
  files: ['vFile:setfs:0', `vFile:open:${hexOfText('/guest')},0,0`, 'vFile:fstat:3', 'vFile:pread:3,8,0', 'vFile:pread:3,8,ffffff', 'vFile:pread:4,8,0', 'vFile:close:3', 'vFile:close:3', `vFile:open:${hexOfText('/none')},0,0`, `vFile:open:${hexOfText('/guest')},1,0`, `vFile:readlink:${hexOfText('/guest')}`, `vFile:open:${hexOfText('/proc/1000/maps')},0,0`, 'vFile:fstat:4', 'vFile:pread:4,200,0', 'vFile:pread:4,8,30', 'vFile:close:4', `vFile:open:${hexOfText('/proc/77/maps')},0,0`, `vFile:open:${hexOfText('/proc/1000')},0,0`, `vFile:readlink:${hexOfText('/proc/1000/exe')}`, `vFile:readlink:${hexOfText('/proc/1000/maps')}`, 'vFile:unlink:2f', 'vFile:open', 'vFile:wat:1'],
  monitor: ['help', 'trampfd', 'maps', 'pagetable 0x400000', 'pagetable where', 'policy', 'strace maybe', 'wat'].map(line => `qRcmd,${hexOfText(line)}`),
  'the end': ['k'],
  'letting go': ['D'],
};
function told(name: string): string {
  const client = new GdbClient(debug(STORY, 6)), all = client.ask('g');
  const lines = TALKS[name]!.map(line => line.replace(/\{(\w+)\}/g, (_, label: string) => label === 'g' ? all : hex(client.world.at(label))));
  return `— ${name}\n${talk(client, lines)}`.replaceAll(all, '(all registers)');
}
talks('are as they were: packets and answers', () => { golden('gdb.txt', Object.keys(TALKS).map(told).join('')); });
talks('before acknowledgements are off every packet is acknowledged, a refused answer is sent again, a damaged packet is refused', () => {
  const client = new GdbClient(debug(STORY, 6), false), answer = `$${'QCp3e8.3e8'.replace('p3e8.', '')}#`;
  const first = client.raw(packet('qC'));
  assert.ok(first.startsWith(`+${answer}`), first);
  assert.is(`+${client.raw('-')}`, first);
  assert.is(client.raw('$qC#00'), '-');
  assert.is(client.raw('+'), '');
  client.raw(packet('QStartNoAckMode'));
  assert.is(client.raw('$qC#00'), '');
});
talks('what a program puts out is its own, and how it ends is told', () => {
  const client = new GdbClient(debug(`${sys('write', 1, 'offset text', 6)}\n${sys('exit_group', 7)}\ntext: .ascii "hello\\n"`));
  assert.is(client.ask('vCont;c'), 'W07;process:3e8');
  assert.equal([client.world.host.output, client.session.over], ['hello\n', 'exited']);
});
talks('Control-C stops a program that runs for ever, between instructions', () => {
  const w = debug('for_ever: inc rax\njmp for_ever'), { session } = new GdbClient(w);
  session.receive(bytesOf(packet('vCont;c')));
  for (let k = 0; k < 20; k++) session.work(10_000);
  assert.ok(session.isRunning);
  session.receive(bytesOf('\x03'));
  assert.not.ok(session.isRunning);
  assert.match(String.fromCharCode(...session.send()), /^\$T02thread:p3e8\.3e8;/);
});
talks('who leaves may come again, and finds the program where it was, without what was set', () => {
  const w = debug(STORY, 6), first = new GdbClient(w);
  first.ask(`Z0,${hex(w.at('after'))},1`);
  first.ask('vCont;c');
  first.session.close();
  const second = new GdbClient(w);
  assert.is(second.ask('p10'), hexOf(Uint8Array.of(w.at('after'), w.at('after') >> 8, w.at('after') >> 16, 0, 0, 0, 0, 0)));
  assert.match(second.ask('vCont;c'), /^T1e/);
});
talks.run();

const hostile = suite(`gdb › what no gdb says (seed ${testSeed()})`);
const NAMES = ['g', 'G', 'p', 'P', 'm', 'M', 'X', 'Z0', 'Z2', 'Z4', 'z0', 'vCont;s', 'vCont;r', 'vCont;C', 'H', 'T', 'D', 'D;', 'qXfer:', 'qXfer:features:read:', 'qXfer:libraries-svr4:read::', 'qRcmd,', 'vFile:open:', 'vFile:pread:', 'vFile:fstat:', 'qGetTLSAddr:', 'QPassSignals:', 'QCatchSyscalls:', 'qThreadExtraInfo,', 'qSupported:', 'bs', 'b', 's', 'S', '?', 'vKill;', 'qRcmd,6d61707'];
const PARTS = ['0', '1', 'ffffffffffffffff', '7fffffffffff', hex(TEXT), hex(DATA), ',', ':', ';', '=', 'p3e8.3e8', 'p', '-1', '.', 'zz', '00', '}', '$', 'a'.repeat(40), '\x00', '\xff', '400000,10', '600000,8', ',8', '0,ffffffff', '1e', '#'];
hostile('malformed packets are answered, and the program is as it was', () => {
  const random = new Random(testSeed());
  let client = new GdbClient(debug(STORY, 6));
  for (let k = 0; k < 3000; k++) {
    const data = random.pick(NAMES) + Array.from({ length: random.below(7) }, () => random.pick(PARTS)).join('');
    const sum = random.below(20) === 0 ? 'zz' : checksum(data);
    const answer = client.raw(random.below(30) === 0 ? data : `$${data}#${sum}`);
    assert.ok(answer.length < 2_000_000, data);
    if (client.session.over !== null) client = new GdbClient(debug(STORY, 6));
  }
  assert.match(client.ask('?'), /^[TWX]/);
});
hostile('so are bytes at random', () => {
  const random = new Random(testSeed()), client = new GdbClient(debug(STORY, 6));
  for (let k = 0; k < 400; k++) client.raw(Array.from({ length: random.below(200) }, () => String.fromCharCode(random.below(3) === 0 ? random.pick([0x24, 0x23, 0x2b, 0x2d, 3]) : random.below(256))).join(''));
  assert.match(client.ask('qC'), /^QC/);
  assert.is(textOfHex('4142'), 'AB');
});
hostile.run();
