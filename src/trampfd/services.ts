/** What trampolines need of the rest of the machine: the processor's interpreter, other system calls, and somebody who counts time. machine.ts fills it. */
import type { Va } from '../base/types.ts';
import type { Args } from '../syscalls/task.ts';

/** Kernel work beyond entering and leaving it. What it costs is the machine's to say. */
export type Work = 'contextWritten' | 'codeGenerated' | 'mapped' | 'unmapped' | 'identified' | 'sequenceEmulated';

/** Nothing here allocates or throws: it is called on the way of an invocation. */
export interface Services {
  work(kind: Work): void;
  /**
   * Performs instructions from RIP on, on the registers of the task that runs, until RIP is no longer in [start, end). The bytes are read as the program could
   * read them. `false`: it stopped before that, and the services know which signal is due.
   */
  interpret(start: Va, end: Va, instructionsMax: number): boolean;
  /** The result of a system call made for the task that runs. */
  serve(number: number, args: Args): number;
}

/** For kernels without a processor: nothing is interpreted, and nothing counts. */
export const NO_SERVICES: Services = { work: () => {}, interpret: () => false, serve: () => -38 };
