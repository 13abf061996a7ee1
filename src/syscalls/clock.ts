/** Time as the guest sees it (clock_gettime(2), time(7)): made of cycles, so that every run sees the same. */
import type { Host } from '../host/host.ts';

/** What one cycle of the emulated processor is worth. */
export const CYCLES_PER_NANOSECOND = 3.2;
/** 28 July 2020, 00:00 UTC, in seconds since 1970. */
const EPOCH_SECONDS = 1_595_894_400;
/** The machine booted this long before the program started: no program ever sees an uptime of 0. */
const UPTIME_NANOSECONDS = 100e9;

/** More than a double rounds off after centuries of sleep. */
export const ROUNDING_NANOSECONDS = 4096;

export interface Clock {
  /** Since boot; an integer below 2^53. */
  monotonicNs(): number;
  /** Since 1970, split so that doubles hold it exactly. */
  realSeconds(): number;
  /** Below 10^9, of the same moment as a `realSeconds` call next to it. */
  realNanoseconds(): number;
  /** Processor time used since the start. */
  cpuNs(): number;
  /** Nothing happens before then: a sleep takes no time. */
  advanceTo(monotonicNs: number): void;
}

export class VirtualClock implements Clock {
  private sleptNs = UPTIME_NANOSECONDS;
  private readonly cycles: () => number;
  constructor(cycles: () => number) { this.cycles = cycles; }
  cpuNs(): number { return Math.floor(this.cycles() / CYCLES_PER_NANOSECOND); }
  monotonicNs(): number { return this.cpuNs() + this.sleptNs; }
  realSeconds(): number { return EPOCH_SECONDS + Math.floor(this.monotonicNs() / 1e9); }
  realNanoseconds(): number { return this.monotonicNs() % 1e9; }
  advanceTo(monotonicNs: number): void {
    this.sleptNs += Math.max(0, monotonicNs - this.monotonicNs());
    if (this.monotonicNs() < monotonicNs) this.sleptNs += ROUNDING_NANOSECONDS;
  }
}

/** How long at most the host's clock is left alone. */
const PAUSE_MILLISECONDS = 20;

/** The host's time: a sleep takes as long as it says. Processor time is cycles as always. */
export class HostClock implements Clock {
  private readonly host: Host;
  private readonly cycles: () => number;
  private readonly bootNs: bigint;
  constructor(cycles: () => number, host: Host) { this.cycles = cycles; this.host = host; this.bootNs = host.realTimeNs() - BigInt(UPTIME_NANOSECONDS); }
  cpuNs(): number { return Math.floor(this.cycles() / CYCLES_PER_NANOSECOND); }
  monotonicNs(): number { return Number(this.host.realTimeNs() - this.bootNs); }
  realSeconds(): number { return Number(this.host.realTimeNs() / 1_000_000_000n); }
  realNanoseconds(): number { return Number(this.host.realTimeNs() % 1_000_000_000n); }
  /** Part of the way, where it is long: others may have something to say. */
  advanceTo(monotonicNs: number): void {
    const left = (monotonicNs - this.monotonicNs()) / 1e6;
    if (left > 0) this.host.pause(Math.min(left, PAUSE_MILLISECONDS));
  }
}
