/** The third kind of wrong: ours. A broken promise inside the emulator ends it with a message. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`tramp64 is broken: ${message}`);
}
