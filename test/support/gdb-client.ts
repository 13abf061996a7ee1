/** gdb's side of a conversation, without gdb: packets go in, what comes out is taken apart. */
import { GdbSession } from '../../src/debug/gdb/session.ts';
import { packet, unescaped } from '../../src/debug/gdb/packets.ts';
import { hexOfText } from '../../src/debug/hex.ts';
import { byteString, bytesOf } from '../../src/host/host.ts';
import type { DebugWorld } from './debug-world.ts';

const THEIRS = 'qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+;vfork-events+;exec-events+';
const WORK = 1_000_000, SLICES_MAX = 1000;

export class GdbClient {
  readonly session: GdbSession;
  readonly world: DebugWorld;
  constructor(world: DebugWorld, greets = true) {
    this.world = world;
    this.session = new GdbSession(world.target);
    if (!greets) return;
    this.ask(THEIRS);
    this.ask('QStartNoAckMode');
  }
  /** Bytes as they are. */
  raw(bytes: string): string { this.session.receive(bytesOf(bytes)); return this.output(); }
  private output(): string {
    let out = byteString(this.session.send());
    for (let k = 0; this.session.isRunning && k < SLICES_MAX; k++) { this.session.work(WORK); out += byteString(this.session.send()); }
    return out;
  }
  /** A packet's answers: the data of each. */
  answers(data: string): string[] { return [...this.raw(packet(data)).matchAll(/\$([^#]*)#[0-9a-f]{2}/g)].map(match => unescaped(match[1]!)); }
  ask(data: string): string { return this.answers(data).join(' | '); }
  monitor(line: string): string { return this.ask(`qRcmd,${hexOfText(line)}`); }
}
