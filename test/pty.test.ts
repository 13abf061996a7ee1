/** Pseudo-terminals: what is typed into the master, what the slave's program reads, what the screen shows. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EAGAIN, EIO, ENOTTY } from '../src/base/errno.ts';
import { answer, interrupted, sleeping } from './support/asking.ts';
import { KernelWorld } from './support/kernel-world.ts';

const O_RDWR = 2, O_NOCTTY = 0o400, O_NONBLOCK = 0o4000, TIOCGPTN = 0x80045430, TIOCSPTLCK = 0x40045431, TCGETS = 0x5401, TCSETS = 0x5402, TIOCSWINSZ = 0x5414, TIOCGWINSZ = 0x5413,
  FIONREAD = 0x541b, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCGSID = 0x5429;
const ICANON = 2, ECHO = 8;

class Terminal {
  readonly w = new KernelWorld();
  readonly master: number;
  readonly slave: number;
  private readonly at: number;
  constructor(flags = O_NOCTTY) {
    this.at = this.w.buffer(4096);
    this.w.task.signals.mask = (1n << 64n) - 1n;
    this.master = this.call('open', '/dev/ptmx', O_RDWR | O_NONBLOCK);
    assert.is(this.call('ioctl', this.master, TIOCGPTN, this.at), 0);
    assert.is(this.call('open', `/dev/pts/${this.w.peek(this.at, 4).getInt32(0, true)}`, O_RDWR), -EIO);
    this.call('ioctl', this.master, TIOCSPTLCK, this.w.words(0));
    this.slave = this.call('open', `/dev/pts/${this.w.peek(this.at, 4).getInt32(0, true)}`, O_RDWR | O_NONBLOCK | flags);
    assert.ok(this.slave > 0);
  }
  call(name: string, ...args: (number | string)[]): number { return answer(this.w, this.w.task, name, ...args); }
  get signals(): number[] { return this.w.task.signals.shared.map(({ signal }) => signal); }
  type(text: string): number { return this.call('write', this.master, text, text.length); }
  print(text: string): number { return this.call('write', this.slave, text, text.length); }
  read(fd: number, most = 4096): string | number { const got = this.call('read', fd, this.at, most); return got < 0 ? got : this.w.text(this.at, got); }
  get screen(): string | number { return this.read(this.master); }
  get line(): string | number { return this.read(this.slave); }
  /** Sets and clears bits of c_iflag, c_oflag, c_cflag or c_lflag. */
  set(word: number, set: number, clear: number, characters: Readonly<Record<number, number>> = {}): void {
    this.call('ioctl', this.slave, TCGETS, this.at);
    const view = this.w.peek(this.at, 36), bytes = new Uint8Array(view.buffer);
    view.setUint32(4 * word, view.getUint32(4 * word, true) & ~clear | set, true);
    for (const [character, byte] of Object.entries(characters)) bytes[17 + Number(character)] = byte;
    this.w.poke(this.at, bytes);
    assert.is(this.call('ioctl', this.slave, TCSETS, this.at), 0);
  }
}

const pty = suite('pty');
pty('a line is read when it is ended, and is seen as it is typed', () => {
  const t = new Terminal();
  assert.equal([t.type('hel'), t.line, t.screen], [3, -EAGAIN, 'hel']);
  assert.equal([t.type('lo\r'), t.line, t.screen, t.line], [3, 'hello\n', 'lo\r\n', -EAGAIN]);
});
pty('a read takes one line, or a part of it', () => {
  const t = new Terminal();
  t.type('one\ntwo\n');
  assert.equal([t.read(t.slave, 2), t.line, t.line], ['on', 'e\n', 'two\n']);
});
pty('what a program prints has its newlines made whole', () => {
  const t = new Terminal();
  assert.equal([t.print('a\nb\tc'), t.screen], [5, 'a\r\nb\tc']);
  t.set(1, 0x1800, 0);
  t.print('\ra\tb');
  assert.is(t.screen, '\ra       b');
});
pty('characters, words and the line can be taken back', () => {
  const t = new Terminal();
  t.type('helloo\x7f\n');
  assert.equal([t.screen, t.line], ['helloo\b \b\r\n', 'hello\n']);
  t.type('two words\x17more\n');
  assert.equal([t.screen, t.line], [`two words${'\b \b'.repeat(5)}more\r\n`, 'two more\n']);
  t.type('all\x15x\n');
  assert.equal([t.screen, t.line], [`all${'\b \b'.repeat(3)}x\r\n`, 'x\n']);
  t.type('\x16\x03\x7f\n');
  assert.equal([t.screen, t.line], ['^\b^C\b \b\b \b\r\n', '\n']);
  t.type('ab\tc\x7f\x7f\n');
  assert.equal([t.screen, t.line], ['ab\tc\b \b\b\b\b\b\b\b\r\n', 'ab\n']);
});
pty('^D gives what is typed so far, or the end of the file', () => {
  const t = new Terminal();
  t.type('part\x04');
  assert.is(t.line, 'part');
  t.type('\x04');
  assert.is(t.line, '');
});
pty('^C, ^\\ and ^Z are signals to the group in the foreground, and drop what was typed', () => {
  const t = new Terminal(), { w } = t;
  assert.is(t.call('ioctl', t.slave, TIOCGPGRP, w.buffer(8)), -ENOTTY);
  assert.is(t.call('ioctl', t.slave, TIOCSCTTY, 0), 0);
  t.type('lost\x03kept\x1c\x1a');
  assert.equal(t.signals, [2, 3, 20]);
  assert.is(t.screen, '^Z');
  t.type('\n');
  assert.is(t.line, '\n');
});
pty('a session\'s leader without a terminal gets the one it opens, unless O_NOCTTY', () => {
  const ids = (t: Terminal): number[] => [TIOCGPGRP, TIOCGSID].map(request => { const at = t.w.buffer(8), result = t.call('ioctl', t.slave, request, at); return result < 0 ? result : t.w.peek(at, 4).getInt32(0, true); });
  const without = new Terminal(), withOne = new Terminal(0);
  assert.equal(ids(without), [-ENOTTY, -ENOTTY]);
  // Standard output is a terminal, which is the session's already, or else this one is.
  const expected = withOne.w.host.isTerminal() ? [-ENOTTY, -ENOTTY] : [1000, 1000];
  assert.equal(ids(withOne), expected);
});
pty('without ICANON and ECHO bytes go through at once; VMIN says how many', () => {
  const t = new Terminal();
  t.set(3, 0, ICANON | ECHO, { 6: 3 });
  assert.equal([t.type('ab'), t.line, t.line, t.screen], [2, 'ab', -EAGAIN, -EAGAIN]);
  t.call('fcntl', t.slave, 4, O_RDWR);
  t.type('ab');
  const sleep = sleeping(t.w, t.w.task, 'read', t.slave, t.w.buffer(16), 16);
  assert.equal([sleep.until(), t.type('c\x7f'), sleep.until()], [null, 2, 4]);
  t.set(3, 0, 0, { 6: 0 });
  assert.is(t.line, '');
});
pty('a line half typed is there when lines no longer count', () => {
  const t = new Terminal();
  t.type('half');
  t.set(3, 0, ICANON);
  assert.is(t.line, 'half');
});
pty('^S stops the screen and ^Q starts it', () => {
  const t = new Terminal();
  t.type('\x13');
  assert.equal([t.print('x'), t.type('\x11'), t.print('y'), t.screen], [-EAGAIN, 1, 1, 'y']);
});
pty('a window that changes size is told by SIGWINCH', () => {
  const t = new Terminal(), { w } = t, size = w.words(0x0050_0018), told = w.buffer(8);
  t.call('ioctl', t.slave, TIOCSCTTY, 0);
  assert.equal([t.call('ioctl', t.master, TIOCSWINSZ, size), t.call('ioctl', t.master, TIOCSWINSZ, size), t.call('ioctl', t.slave, TIOCGWINSZ, told)], [0, 0, 0]);
  assert.equal([w.peek(told, 8).getUint16(0, true), w.peek(told, 8).getUint16(2, true), t.signals], [24, 80, [28]]);
});
pty('the last slave\'s close is EIO to the master, after what was printed; the master\'s is the end of the file', () => {
  const t = new Terminal();
  t.print('bye');
  t.call('close', t.slave);
  assert.equal([t.screen, t.screen], ['bye', -EIO]);
  const other = new Terminal();
  other.call('ioctl', other.slave, TIOCSCTTY, 0);
  other.call('close', other.master);
  assert.equal([other.line, other.print('x'), other.signals], ['', -EIO, [1, 18]]);
});
pty('numbers are the lowest free, are listed, and are names of the slave', () => {
  const t = new Terminal(), { w } = t, at = w.buffer(64), second = t.call('open', '/dev/ptmx', O_RDWR);
  t.call('ioctl', second, TIOCGPTN, at);
  assert.is(w.peek(at, 4).getInt32(0, true), 1);
  assert.is(w.text(at, t.call('readlink', `/proc/self/fd/${t.slave}`, at, 64)), '/dev/pts/0');
  t.call('close', t.slave); t.call('close', t.master);
  t.call('ioctl', t.call('open', '/dev/ptmx', O_RDWR), TIOCGPTN, at);
  assert.is(w.peek(at, 4).getInt32(0, true), 0);
});
pty('a master that reads waits for the slave, and a signal restarts it', () => {
  const t = new Terminal(), { w } = t;
  t.call('fcntl', t.master, 4, O_RDWR);
  const sleep = sleeping(w, w.task, 'read', t.master, w.buffer(16), 16);
  assert.equal([sleep.until(), interrupted(sleep), t.print('x'), sleep.until()], [null, 'restart', 1, 1]);
});
pty('nothing that is typed or printed grows without end', () => {
  const t = new Terminal(), text = t.w.string('x'.repeat(4000)), at = t.w.buffer(8);
  for (let i = 0; i < 40; i++) t.call('write', t.slave, text, 4000);
  assert.equal([t.call('ioctl', t.master, FIONREAD, at), t.w.peek(at, 4).getInt32(0, true) <= 65536], [0, true]);
  for (let i = 0; i < 10; i++) t.call('write', t.master, text, 4000);
  t.type('\n');
  assert.ok(String(t.line).length <= 4096);
});
pty.run();
