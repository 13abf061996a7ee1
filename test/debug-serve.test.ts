/** `tramp64 debug --gdb` on a real port: who comes, leaves, comes again, or talks nonsense; and how fast a program runs with gdb beside it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import net from 'node:net';
import { main } from '../src/cli/main.ts';
import { packet } from '../src/debug/gdb/packets.ts';
import { byteString, bytesOf } from '../src/host/host.ts';
import { CliHost } from './support/cli-host.ts';
import { STORY } from './support/debug-world.ts';
import { program } from './support/trampfd-program.ts';

const rest = (milliseconds: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, milliseconds); });
const POLL_MILLISECONDS = 2, PATIENCE = 5000;
async function until<T>(what: () => T | null): Promise<T> {
  for (let k = 0; k < PATIENCE; k++) { const found = what(); if (found !== null) return found; await rest(POLL_MILLISECONDS); }
  throw new Error('it never came');
}
class Client {
  heard = '';
  isClosed = false;
  private readonly socket: net.Socket;
  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('data', bytes => { this.heard += byteString(bytes); });
    this.socket.on('close', () => { this.isClosed = true; });
    this.socket.on('error', () => { /* What comes next is 'close'. */ });
  }
  say(bytes: string): void { this.socket.write(bytesOf(bytes)); }
  /** The next answer's data. */
  async ask(data: string): Promise<string> {
    this.heard = '';
    this.say(packet(data));
    return until(() => /\$([^#]*)#../.exec(this.heard)?.[1] ?? null);
  }
  leave(): void { this.socket.destroy(); }
}
async function serve(code: string, outputs: number, ...options: readonly string[]): Promise<{ readonly host: CliHost; readonly port: number; readonly status: Promise<number> }> {
  const host = new CliHost(['debug', '--gdb', '0', '--memory', '64M', ...options, '/guest'], { '/guest': [program(code, outputs), 0o755] }), status = main(host);
  return { host, status, port: Number(await until(() => /connect to 127\.0\.0\.1:(\d+)/.exec(host.errors)?.[1] ?? null)) };
}

const port = suite('gdb › at a port');
port('clients that leave, a second one beside the first, packets of a mebibyte and bytes without end: the program is there for the next', async () => {
  const { port, status, host } = await serve(STORY, 6);
  const first = new Client(port);
  assert.match(await first.ask('?'), /^T05/);
  const second = new Client(port);
  await until(() => second.isClosed ? true : null);
  assert.match(await first.ask('?'), /^T05/);
  first.say('$m40'); // In the middle of a packet.
  first.leave();
  let next = new Client(port);
  assert.is(await until(() => { if (next.isClosed) next = new Client(port); else if (next.heard === '') next.say(packet('?')); return next.heard === '' ? null : true; }), true);
  assert.is(await next.ask(`M640000,80000:${'00'.repeat(0x80000)}`), 'OK');
  assert.is(await next.ask(`X640000,80000:${'\x01'.repeat(0x80000)}`), 'OK');
  for (let k = 0; k < 90; k++) next.say('$'.padEnd(1 << 16, 'y'));
  await until(() => next.isClosed ? true : null);
  let last = new Client(port);
  assert.is(await until(() => { if (last.isClosed) last = new Client(port); else if (last.heard === '') last.say(packet('m640000,4')); return /\$01010101#/.test(last.heard) ? true : null; }), true);
  last.heard = '';
  last.say(packet('vCont;c'));
  await until(() => last.heard.includes('$T1e') ? true : null);
  assert.is(await last.ask('D'), 'OK');
  assert.is(await status, 0);
  assert.is(host.output.length, 48);
});
port('a program that gdb ends has ended; one that ends itself gives its status', async () => {
  const killed = await serve(STORY, 6), client = new Client(killed.port);
  assert.is(await client.ask('k'), 'OK');
  assert.is(await killed.status, 137);
  const ended = await serve('mov edi, 5\nmov eax, 231\nsyscall', 0), other = new Client(ended.port);
  assert.is(await other.ask('vCont;c'), 'W05');
  assert.is(await ended.status, 5);
});
port('Control-C reaches a program that runs', async () => {
  const { port, status } = await serve('for_ever: inc rax\njmp for_ever', 0), client = new Client(port);
  await client.ask('?');
  client.heard = '';
  client.say(packet('vCont;c'));
  await rest(50);
  client.say('\x03');
  assert.match(await until(() => /\$([^#]*)#../.exec(client.heard)?.[1] ?? null), /^T02/);
  client.ask('k');
  assert.is(await status, 137);
});
port('what is wrong with the command line is said', async () => {
  for (const [words, said] of [[['--gdb', 'x', '/guest'], "takes a port, not 'x'"], [['--gdb', '99999', '/guest'], 'takes a port'], [['--gdb', '0'], 'which program?'], [['--gdb', '0', '/none'], 'no such program'], [['--gdb', '0', '--gdb-bind', '192.0.2.1', '/guest'], 'cannot listen']] as const) {
    const host = new CliHost(['debug', ...words], { '/guest': [program('', 0), 0o755] });
    assert.not.equal(await main(host), 0);
    assert.match(host.errors, said);
  }
});
port.run();
