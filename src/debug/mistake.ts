/** What a user of the debugger did wrong, as one sentence: thrown by whoever notices, caught where commands are run. */
export class Mistake extends Error {}
export function fail(sentence: string): never { throw new Mistake(sentence); }
