/**
 * A conversation with gdb: bytes come, bytes go (GDB manual, appendix E). Knows no socket. While the program runs, whoever drives calls `work` again and again;
 * nothing else takes time.
 */
import { byteString, bytesOf, type ByteString } from '../../host/host.ts';
import type { KernelProcess, KernelTask } from '../../syscalls/process.ts';
import { SIGNAL_MAX } from '../../syscalls/signal-state.ts';
import { bytesOfHex, hexOf, hexOfText, numberOfHex, textOfHex } from '../hex.ts';
import { bytesOfNumber } from '../registers.ts';
import type { Stop } from '../stops.ts';
import type { Breakpoint, Resume, Target } from '../target.ts';
import type { Watchpoint } from '../watches.ts';
import { GuestFileReader } from './files.ts';
import { monitor } from './monitor.ts';
import { OBJECTS } from './objects.ts';
import { threadLocal } from './link-map.ts';
import { escaped, packet, PacketReader, unescaped } from './packets.ts';
import { infoOf, linuxSignal } from './signals.ts';
import { stopReply } from './stop-reply.ts';
import { ALL, ANY, parseThread, threadText, type ThreadId } from './threads.ts';

/** What gdb may send at once, in bytes; and what we send of one object or piece of memory. */
const PACKET_BYTES = 0x20000, READ_BYTES_MAX = 0x8000, CONSOLE_BYTES = 0x1000, QUEUE_MAX = 64;
const OK = 'OK', MALFORMED = 'E01', NO_THREAD = 'E03', NO_MEMORY = 'E0e', UNKNOWN = '';
/** What this side can do. */
const FEATURES = [
  `PacketSize=${PACKET_BYTES.toString(16)}`, 'QStartNoAckMode+', 'multiprocess+', 'swbreak+', 'hwbreak+', 'vContSupported+', 'ReverseStep+', 'ReverseContinue+',
  'fork-events+', 'vfork-events+', 'exec-events+', 'QPassSignals+', 'QCatchSyscalls+', 'QThreadEvents+',
  ...Object.keys(OBJECTS).map(name => `qXfer:${name}:read+`),
];
type Point = { readonly breakpoint: Breakpoint; readonly isHardware: boolean } | { readonly watchpoint: Watchpoint };
const WATCHES = ['write', 'read', 'access'] as const;

/** How a conversation ended: gdb let go of the program, or ended it; it has ended itself; what came was no conversation. */
export type Over = 'detached' | 'killed' | 'exited' | 'broken';

export class GdbSession {
  over: Over | null = null;
  private readonly target: Target;
  private readonly reader = new PacketReader();
  private readonly files: GuestFileReader;
  private out: ByteString = '';
  private lastSent: ByteString = '';
  private acknowledges = true;
  private hasProcesses = false;
  private hears = { fork: false, exec: false };
  /** gdb waits for a stop. */
  private isWaiting = false;
  private isBackwards = false;
  private queue: ByteString[] = [];
  private readonly points = new Map<string, Point>();
  /** Processes that are gdb's: others run as if nobody looked. */
  private readonly attached = new Set<number>();
  private general: ThreadId = { pid: ANY, tid: ANY };
  private continued: ThreadId = { pid: ANY, tid: ANY };
  private stop: Stop;

  constructor(target: Target) {
    this.target = target;
    this.files = new GuestFileReader(target.files, () => this.task);
    const { current } = target;
    this.stop = { reason: 'step', invocation: null, tid: current?.tid ?? 0, pid: current?.process.pid ?? 0 };
    for (const { pid } of target.processes) this.attached.add(pid);
  }

  // — bytes —

  get isRunning(): boolean { return this.isWaiting; }
  receive(bytes: Uint8Array): void {
    for (const piece of this.reader.read(byteString(bytes))) {
      if (piece.kind === 'interrupt') this.interrupt();
      else if (piece.kind === 'refused') this.out += this.lastSent;
      else if (piece.kind === 'damaged') { if (this.acknowledges) this.out += '-'; }
      else if (piece.kind === 'packet') this.take(piece.data);
      if (this.over !== null) return;
    }
    if (this.reader.isOverfull) this.finish('broken');
  }
  /** What is to be sent. */
  send(): Uint8Array { const { out } = this; this.out = ''; return bytesOf(out); }
  /** The other side is gone. */
  close(): void {
    this.files.closeAll();
    for (const point of this.points.values()) this.removePoint(point);
    this.points.clear();
    const { catches } = this.target;
    catches.syscalls = null; catches.clones = catches.forks = false;
  }
  private take(data: ByteString): void {
    if (this.acknowledges) this.out += '+';
    // gdb sends nothing but interrupts while it waits.
    if (this.isWaiting) { if (this.queue.length < QUEUE_MAX) this.queue.push(data); return; }
    const answer = this.answer(data);
    if (answer !== null) this.reply(answer);
  }
  private reply(answer: ByteString): void { this.out += this.lastSent = packet(answer); }
  private finish(over: Over): void { this.over = over; this.close(); }

  // — the program runs —

  /** Lets the program run for about so many instructions; if it stops, gdb is told. */
  work(instructions: number): void {
    const { target } = this;
    for (const end = target.position.instructions + instructions; this.isWaiting;) {
      const stop = target.advance(Math.max(1, end - target.position.instructions));
      if (stop === null) return;
      if (this.isOnTheWay(stop)) { target.resume({ how: 'step', tid: stop.tid }); continue; }
      if (this.isTold(stop)) { this.stopped(stop); return; }
      if (target.position.instructions >= end) return;
    }
  }
  /**
   * gdb takes a page without code for a function without lines, which it steps over. A trampoline is no place for it, but part of the call that led there: `step`
   * comes to the first line of what is called, and back from there to the call.
   */
  private isOnTheWay({ reason, tid }: Stop): boolean {
    const { target } = this;
    if (reason !== 'step' || !target.isAtTrampoline(tid)) return false;
    const rip = target.rip(tid);
    return ![...this.points.values()].some(point => 'breakpoint' in point && point.breakpoint.address === rip);
  }
  private interrupt(): void { if (this.isWaiting) this.stopped(this.target.interrupted()); }
  private isTold(stop: Stop): boolean {
    if (stop.reason === 'end') return true;
    if (stop.reason === 'exit') return this.attached.has(stop.pid);
    if (!this.attached.has(stop.pid)) return false;
    if (stop.reason === 'exec') return this.hears.exec;
    return true;
  }
  private stopped(stop: Stop): void {
    const { target } = this;
    this.isWaiting = false;
    this.stop = stop;
    this.general = { pid: stop.pid, tid: stop.tid };
    if (stop.reason === 'fork' || stop.reason === 'vfork') this.attached.add(stop.childPid);
    this.reply(stop.reason === 'end' ? 'W00' : stopReply(stop, {
      target, hasProcesses: this.hasProcesses, backwards: this.isBackwards,
      isHardware: address => [...this.points.values()].some(point => 'breakpoint' in point && point.isHardware && point.breakpoint.address === address),
    }));
    if (stop.reason === 'exit') this.attached.delete(stop.pid);
    if (stop.reason === 'end' || stop.reason === 'exit' && this.attached.size === 0) this.finish('exited');
    for (const data of this.queue.splice(0)) if (this.over === null) this.take(data);
  }
  private resume(how: Resume): null {
    this.isWaiting = true; this.isBackwards = false;
    this.target.resume(how);
    return null;
  }
  private backwards(isStep: boolean): null {
    const { target } = this;
    this.isWaiting = true; this.isBackwards = true;
    const tid = this.threadOf(this.continued)?.tid ?? target.tid ?? 0;
    let stop = isStep ? target.stepBack(tid) : target.continueBack();
    while (isStep && this.isOnTheWay(stop)) stop = target.stepBack(tid);
    this.stopped(stop);
    return null;
  }

  // — who —

  private get processes(): readonly KernelProcess[] { return this.target.processes.filter(({ pid }) => this.attached.has(pid)); }
  private threadOf({ pid, tid }: ThreadId): KernelTask | null {
    const { target } = this;
    if (tid > 0) { const task = target.task(tid); return task !== null && (pid <= 0 || task.process.pid === pid) ? task : null; }
    if (pid > 0) return target.process(pid)?.tasks[0] ?? null;
    return target.task(this.stop.tid) ?? target.current ?? null;
  }
  private get task(): KernelTask | null { return this.threadOf(this.general); }
  private text({ tid, process }: KernelTask): string { return threadText(process.pid, tid, this.hasProcesses); }

  // — packets —

  /** null: the answer comes when the program stops. */
  private answer(data: ByteString): ByteString | null {
    const long = LONG.find(([name]) => data.startsWith(name) && !/^[\w-]/.test(data.slice(name.length)));
    if (long !== undefined) return long[1](this, data.slice(long[0].length));
    const short = SHORT[data[0] ?? ''];
    return data === '' || short === undefined || !Object.hasOwn(SHORT, data[0] ?? '') ? UNKNOWN : short(this, data.slice(1));
  }

  readonly packets = {
    why: (): string => this.target.current === null ? 'W00' : stopReply(this.stop, { target: this.target, hasProcesses: this.hasProcesses, backwards: false, isHardware: () => false }),
    select: (rest: string): string => {
      const thread = parseThread(rest.slice(1));
      if (thread === null || !/^[gcm]/.test(rest)) return MALFORMED;
      if (thread.tid > 0 && this.threadOf(thread) === null) return NO_THREAD;
      if (rest.startsWith('c')) this.continued = thread; else this.general = thread;
      return OK;
    },
    isAlive: (rest: string): string => {
      const thread = parseThread(rest);
      return thread === null ? MALFORMED : thread.tid > 0 && this.threadOf(thread) !== null ? OK : NO_THREAD;
    },
    readAll: (): string => {
      const { task, target } = this;
      return task === null ? NO_THREAD : target.registers.all.map(register => hexOf(target.readRegister(task.tid, register)!)).join('');
    },
    writeAll: (rest: string): string => {
      const { task, target } = this, bytes = bytesOfHex(rest);
      if (task === null) return NO_THREAD;
      if (bytes === null) return MALFORMED;
      let at = 0;
      for (const register of target.registers.all) {
        if (at + register.bytes > bytes.length) break;
        const now = target.readRegister(task.tid, register)!, wanted = bytes.subarray(at, at + register.bytes);
        if (hexOf(now) !== hexOf(wanted)) target.writeRegister(task.tid, register, wanted);
        at += register.bytes;
      }
      return OK;
    },
    read: (rest: string): string => {
      const { task, target } = this, number = numberOfHex(rest), register = number === null ? undefined : target.registers.all[number];
      if (task === null) return NO_THREAD;
      return register === undefined ? MALFORMED : hexOf(target.readRegister(task.tid, register)!);
    },
    write: (rest: string): string => {
      const { task, target } = this, [number, hex = ''] = rest.split('='), register = target.registers.all[numberOfHex(number) ?? -1], bytes = bytesOfHex(hex);
      if (task === null) return NO_THREAD;
      return register !== undefined && bytes !== null && target.writeRegister(task.tid, register, bytes) ? OK : MALFORMED;
    },
    readMemory: (rest: string): string => {
      const { task, target } = this, place = placeOf(rest);
      if (place === null) return MALFORMED;
      const bytes = task === null ? new Uint8Array(0) : target.readMemory(task.process.pid, place.at, Math.min(place.length, READ_BYTES_MAX));
      return bytes.length === 0 && place.length > 0 ? NO_MEMORY : hexOf(bytes);
    },
    writeMemory: (rest: string, isBinary: boolean): string => {
      const { task, target } = this, colon = rest.indexOf(':'), place = placeOf(rest.slice(0, Math.max(0, colon))), data = rest.slice(colon + 1);
      const bytes = isBinary ? bytesOf(unescaped(data)) : bytesOfHex(data);
      if (colon === -1 || place === null || bytes === null || bytes.length !== place.length) return MALFORMED;
      if (place.length === 0) return OK;
      return task !== null && target.writeMemory(task.process.pid, place.at, bytes) ? OK : NO_MEMORY;
    },
    insert: (rest: string): string => {
      const { target, task } = this, [type = '', address, length] = rest.split(';')[0]!.split(','), at = numberOfHex(address), bytes = numberOfHex(length), key = keyOf(task?.process.pid ?? 0, type, address, length);
      if (!/^[0-4]$/.test(type)) return UNKNOWN;
      if (at === null || bytes === null || task === null) return MALFORMED;
      if (this.points.has(key)) return OK;
      const { pid } = task.process, kind = WATCHES[Number(type) - 2];
      if (kind !== undefined) {
        const watchpoint = { pid, kind, address: at, length: Math.max(1, bytes) };
        if (watchpoint.length > READ_BYTES_MAX) return MALFORMED;
        this.points.set(key, { watchpoint });
        target.addWatchpoint(watchpoint);
        return OK;
      }
      const breakpoint = { address: at, pid };
      this.points.set(key, { breakpoint, isHardware: type === '1' });
      target.addBreakpoint(breakpoint);
      return OK;
    },
    remove: (rest: string): string => {
      const [type = '', address, length] = rest.split(';')[0]!.split(','), key = keyOf(this.task?.process.pid ?? 0, type, address, length), point = this.points.get(key);
      if (!/^[0-4]$/.test(type)) return UNKNOWN;
      if (numberOfHex(address) === null || numberOfHex(length) === null) return MALFORMED;
      if (point !== undefined) this.removePoint(point);
      this.points.delete(key);
      return OK;
    },
    /** c, s, C and S: [signal][;address]. */
    goOn: (rest: string, isStep: boolean, hasSignal: boolean): string | null => {
      const [signal, address] = hasSignal ? rest.split(';') : [undefined, rest], task = this.threadOf(this.continued);
      if (task === null) return NO_THREAD;
      if (address !== undefined && address !== '') {
        const at = numberOfHex(address);
        if (at === null) return MALFORMED;
        this.target.writeRegister(task.tid, this.target.registers.find('rip')!, bytesOfNumber(BigInt(at), 8));
      }
      return this.withSignal(task, hasSignal ? numberOfHex(signal) : 0) ?? this.resume(isStep ? { how: 'step', tid: task.tid } : { how: 'continue' });
    },
    /** vCont;action[:thread]… The first action that fits a thread is its own; those that have none go on, as their turns come. */
    actions: (rest: string): string | null => {
      const actions = rest.split(';').slice(1).map(text => { const [what = '', thread] = text.split(':'); return { what, thread: thread === undefined ? { pid: ALL, tid: ALL } : parseThread(thread) }; });
      if (actions.length === 0) return MALFORMED;
      let how: Resume = { how: 'continue' };
      for (const { what, thread } of actions) {
        const parts = /^([csCS])([0-9a-f]{2})?$|^(t)$|^(r)([0-9a-f]+),([0-9a-f]+)$/i.exec(what);
        if (thread === null || parts === null) return MALFORMED;
        const task = this.threadOf(thread), verb = parts[1] ?? parts[3] ?? parts[4] ?? '', hasSignal = verb === 'C' || verb === 'S';
        if (hasSignal !== (parts[2] !== undefined)) return MALFORMED;
        if (task === null) { if (thread.tid > 0) return NO_THREAD; continue; }
        const error = hasSignal ? this.withSignal(task, numberOfHex(parts[2])) : null;
        if (error !== null) return error;
        if (how.how === 'continue' && (verb === 's' || verb === 'S')) how = { how: 'step', tid: task.tid };
        if (how.how === 'continue' && verb === 'r') how = this.range(task, numberOfHex(parts[5]) ?? 0, numberOfHex(parts[6]) ?? 0);
      }
      if (actions.every(({ what }) => what === 't')) return OK;
      if (!actions.some(({ what }) => /^[CS]/.test(what)) && this.stop.reason === 'signal') this.target.choose('discard');
      return this.resume(how);
    },
    back: (rest: string): string | null => rest === 's' ? this.backwards(true) : rest === 'c' ? this.backwards(false) : UNKNOWN,
    detach: (rest: string): string => {
      const pid = rest === '' ? ALL : numberOfHex(rest.slice(1));
      if (pid === null) return MALFORMED;
      if (pid === ALL) this.attached.clear(); else this.attached.delete(pid);
      for (const [key, point] of this.points) if (pid === ALL || ('breakpoint' in point ? point.breakpoint.pid : point.watchpoint.pid) === pid) { this.removePoint(point); this.points.delete(key); }
      if (this.attached.size === 0) this.finish('detached');
      return OK;
    },
    kill: (rest: string): string => {
      if (rest !== '' && numberOfHex(rest) === null) return MALFORMED;
      this.target.kill();
      this.finish('killed');
      return OK;
    },
    supported: (rest: string): string => {
      const theirs = rest.slice(1).split(';');
      this.hasProcesses = theirs.includes('multiprocess+');
      this.hears = { fork: this.hasProcesses && theirs.includes('fork-events+') && theirs.includes('vfork-events+'), exec: theirs.includes('exec-events+') };
      this.target.catches.forks = this.hears.fork;
      return FEATURES.join(';');
    },
    noAcknowledgements: (): string => { this.acknowledges = false; return OK; },
    passSignals: (rest: string): string => {
      const numbers = rest === ':' || rest === '' ? [] : rest.slice(1).split(';').map(numberOfHex);
      if (numbers.includes(null)) return MALFORMED;
      this.target.catches.passedSignals = new Set(numbers.map(number => linuxSignal(number!) ?? 0));
      return OK;
    },
    catchCalls: (rest: string): string => {
      const [isOn = '', ...numbers] = rest.slice(1).split(';'), wanted = numbers.map(numberOfHex);
      if (!/^[01]$/.test(isOn) || wanted.includes(null)) return MALFORMED;
      this.target.catches.syscalls = isOn === '0' ? null : wanted.length === 0 ? 'all' : new Set(wanted.map(number => number!));
      return OK;
    },
    threadEvents: (rest: string): string => { if (!/^:[01]$/.test(rest)) return MALFORMED; this.target.catches.clones = rest === ':1'; return OK; },
    threads: (): string => {
      const all = this.processes.flatMap(({ tasks }) => tasks.map(task => this.text(task)));
      return all.length === 0 ? 'l' : `m${all.join(',')}`;
    },
    current: (): string => this.task === null ? UNKNOWN : `QC${this.text(this.task)}`,
    aboutThread: (rest: string): string => {
      const thread = parseThread(rest.slice(1)), task = thread === null ? null : this.threadOf(thread);
      return thread === null ? MALFORMED : task === null ? NO_THREAD : hexOfText(`${task.name}${task.sleep === null ? '' : ', asleep'}`);
    },
    /** qGetTLSAddr:thread,offset,link map. */
    threadLocal: (rest: string): string => {
      const [thread = '', ...numbers] = rest.slice(1).split(','), id = parseThread(thread), [offset, map] = numbers.map(numberOfHex), task = id === null ? null : this.threadOf(id);
      if (id === null || numbers.length !== 2 || offset === null || offset === undefined || map === null || map === undefined) return MALFORMED;
      if (task === null) return NO_THREAD;
      const bytes = this.target.readRegister(task.tid, this.target.registers.find('fs_base')!)!, pointer = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      return threadLocal(task.process, pointer, offset, map)?.toString(16) ?? NO_MEMORY;
    },
    offsets: (): string => {
      const bias = (this.task?.process.executable.bias ?? 0).toString(16);
      return `Text=${bias};Data=${bias};Bss=${bias}`;
    },
    monitor: (rest: string): string => {
      const line = textOfHex(rest.slice(1));
      if (line === null) return MALFORMED;
      const text = monitor(this.target, this.task?.process ?? null, line).map(row => `${row}\n`).join('');
      for (let at = 0; at < text.length; at += CONSOLE_BYTES) this.reply(`O${hexOfText(text.slice(at, at + CONSOLE_BYTES))}`);
      return OK;
    },
    /** qXfer:object:read:annex:offset,length. */
    transfer: (rest: string): ByteString => {
      const parts = /^:([\w-]+):read:([^:]*):([0-9a-f]+),([0-9a-f]+)$/i.exec(rest), { task } = this;
      if (parts === null) return UNKNOWN;
      const [, name = '', annex = '', offset, length] = parts, object = Object.hasOwn(OBJECTS, name) ? OBJECTS[name] : undefined, at = numberOfHex(offset), most = numberOfHex(length);
      if (object === undefined) return UNKNOWN;
      if (task === null) return NO_THREAD;
      if (at === null || most === null) return MALFORMED;
      const info = this.stop.tid === task.tid ? infoOf(this.stop) : null;
      const whole = object({ target: this.target, process: task.process, task, hasProcesses: this.hasProcesses, info, processes: this.processes }, annex);
      if (whole === null) return 'E00';
      const part = whole.slice(at, at + Math.min(most, READ_BYTES_MAX));
      return `${at + part.length >= whole.length ? 'l' : 'm'}${escaped(part)}`;
    },
    file: (rest: string): ByteString => this.files.answer(rest.slice(1)) ?? UNKNOWN,
  };

  private removePoint(point: Point): void {
    if ('breakpoint' in point) this.target.removeBreakpoint(point.breakpoint); else this.target.removeWatchpoint(point.watchpoint);
  }
  /** gdb's number for a signal that a task is to get; 0: none. An error, or null. */
  private withSignal(task: KernelTask, number: number | null): string | null {
    const { target, stop } = this, signal = number === null ? null : linuxSignal(number), isHeld = stop.reason === 'signal' && target.held !== null;
    if (signal === null || signal > SIGNAL_MAX) return MALFORMED;
    if (isHeld) target.choose(signal === 0 ? 'discard' : signal === target.held ? 'deliver' : { signal });
    else if (signal !== 0) target.raise(task.tid, signal);
    return null;
  }
  private range(task: KernelTask, start: number, end: number): Resume {
    const { target } = this, { tid } = task;
    return { how: 'until', tid, isThere: () => { const rip = target.rip(tid) ?? end; return (rip < start || rip >= end) && !target.isAtTrampoline(tid); } };
  }
}
function keyOf(pid: number, type: string, address: string | undefined, length: string | undefined): string { return `${pid} ${type} ${address} ${length}`; }
function placeOf(text: string): { readonly at: number; readonly length: number } | null {
  const [address, count] = text.split(','), at = numberOfHex(address), length = numberOfHex(count);
  return at === null || length === null ? null : { at, length };
}

type Answer = (session: GdbSession, rest: ByteString) => ByteString | null;
/** Packets by their names; a name ends where no letter follows. */
const LONG: readonly (readonly [name: string, answer: Answer])[] = [
  ['qSupported', ({ packets }, rest) => packets.supported(rest)],
  ['QStartNoAckMode', ({ packets }) => packets.noAcknowledgements()],
  ['qXfer', ({ packets }, rest) => packets.transfer(rest)],
  ['vCont?', () => 'vCont;c;C;s;S;t;r'],
  ['vCont', ({ packets }, rest) => packets.actions(rest)],
  ['vFile', ({ packets }, rest) => packets.file(rest)],
  ['vKill', ({ packets }, rest) => packets.kill(rest.slice(1))],
  ['qfThreadInfo', ({ packets }) => packets.threads()],
  ['qsThreadInfo', () => 'l'],
  ['qThreadExtraInfo', ({ packets }, rest) => packets.aboutThread(rest)],
  ['qC', ({ packets }) => packets.current()],
  ['qAttached', () => '0'],
  ['qGetTLSAddr', ({ packets }, rest) => packets.threadLocal(rest)],
  ['qOffsets', ({ packets }) => packets.offsets()],
  ['qSymbol', () => OK],
  ['qRcmd', ({ packets }, rest) => packets.monitor(rest)],
  ['QPassSignals', ({ packets }, rest) => packets.passSignals(rest)],
  ['QCatchSyscalls', ({ packets }, rest) => packets.catchCalls(rest)],
  ['QThreadEvents', ({ packets }, rest) => packets.threadEvents(rest)],
];
const SHORT: Readonly<Record<string, Answer>> = {
  '?': ({ packets }) => packets.why(),
  H: ({ packets }, rest) => packets.select(rest),
  T: ({ packets }, rest) => packets.isAlive(rest),
  g: ({ packets }) => packets.readAll(),
  G: ({ packets }, rest) => packets.writeAll(rest),
  p: ({ packets }, rest) => packets.read(rest),
  P: ({ packets }, rest) => packets.write(rest),
  m: ({ packets }, rest) => packets.readMemory(rest),
  M: ({ packets }, rest) => packets.writeMemory(rest, false),
  X: ({ packets }, rest) => packets.writeMemory(rest, true),
  Z: ({ packets }, rest) => packets.insert(rest),
  z: ({ packets }, rest) => packets.remove(rest),
  c: ({ packets }, rest) => packets.goOn(rest, false, false),
  s: ({ packets }, rest) => packets.goOn(rest, true, false),
  C: ({ packets }, rest) => packets.goOn(rest, false, true),
  S: ({ packets }, rest) => packets.goOn(rest, true, true),
  b: ({ packets }, rest) => packets.back(rest),
  D: ({ packets }, rest) => packets.detach(rest),
  k: ({ packets }) => packets.kill(''),
};
