/** `tramp64 bench`: the comparison of trampolines, a suite at a time. */
import { WrongSum } from '../bench/measure.ts';
import { SUITES } from '../bench/suites.ts';
import { bytesOf, type Host } from '../host/host.ts';
import { complain, STATUS_USAGE } from './command.ts';

const STATUS_WRONG = 1;

export function bench(host: Host, operands: readonly string[]): number {
  const [name = SUITES[0]?.name, extra] = operands, suite = SUITES.find(each => each.name === name);
  if (suite === undefined || extra !== undefined) return complain(host, `bench: one suite, please: ${SUITES.map(each => each.name).join(', ')}`, STATUS_USAGE);
  const say = (text: string): void => { if (host.isTerminal(2)) host.write(2, bytesOf(text), null); };
  try {
    const text = suite.run(what => say(`\r\x1b[K${what}`));
    say('\r\x1b[K');
    host.write(1, bytesOf(text), null);
    return 0;
  } catch (error) {
    if (!(error instanceof WrongSum)) throw error;
    say('\n');
    return complain(host, `bench: ${error.message}`, STATUS_WRONG);
  }
}
