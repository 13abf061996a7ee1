/** Control-C while something is going on: it is told to whoever asks, and does not end the process (signal(7), SIGINT). */
import type { CommandHost } from './command.ts';

export class Interruption {
  private readonly host: CommandHost;
  private readonly stop: () => void;
  private isWanted = false;
  constructor(host: CommandHost) {
    this.host = host;
    this.stop = host.onSignals?.(['SIGINT'], () => { this.isWanted = true; }) ?? (() => { /* Nobody sends any. */ });
  }
  /** Lets what happens outside be told: whether Control-C was pressed since this was asked. */
  async breathe(): Promise<boolean> {
    await this.host.breathe?.();
    const { isWanted } = this;
    this.isWanted = false;
    return isWanted;
  }
  end(): void { this.stop(); }
}
