/** Cycles by stack, in the notation of folded stacks (github.com/brendangregg/FlameGraph): a line a stack, its frames from the outermost on, and its cycles. */
export class Profile {
  private readonly cycles = new Map<string, number>();
  add(stack: string, cycles: number): void { if (cycles !== 0) this.cycles.set(stack, (this.cycles.get(stack) ?? 0) + cycles); }
  /** In whole cycles, which add up to those there were. */
  folded(): string {
    let text = '', all = 0, told = 0;
    for (const [stack, cycles] of [...this.cycles].sort(([a], [b]) => a < b ? -1 : 1)) {
      all += cycles;
      const whole = Math.round(all) - told;
      told += whole;
      if (whole !== 0) text += `${stack} ${whole}\n`;
    }
    return text;
  }
}
