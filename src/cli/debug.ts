/** `tramp64 debug`: a program under a debugger. */
import { GdbSession } from '../debug/gdb/session.ts';
import { Target } from '../debug/target.ts';
import { listen, type Wire } from '../host/listener.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { type CommandLine, lastValue } from './options.ts';
import { prepare } from './run.ts';

const LOOPBACK = '127.0.0.1', STATUS_KILLED = 137, PORT_MAX = 65_535;
/** gdb is listened to so often while the program runs. A slice begins small: the program may stop soon. */
const SLICE_MILLISECONDS = 25, SLICE_MIN = 20_000, SLICE_MAX = 400_000_000;

export async function debug(host: CommandHost, line: CommandLine): Promise<number> {
  const text = lastValue(line, '--gdb'), port = Number(text);
  if (text === undefined) return (await import('./debug-session.ts')).debugSession(host, line);
  if (!/^\d+$/.test(text) || port > PORT_MAX) return complain(host, `debug: option --gdb takes a port, not '${text}'`, STATUS_USAGE);
  const prepared = await prepare(host, line, 'debug');
  if (typeof prepared === 'number') return prepared;
  const { files, path, argv, environment, machine } = prepared;
  const target = Target.open({ host: files.host, program: { path, argv, envp: environment }, machine });
  if ('sentence' in target) return complain(host, target.sentence, target.status);
  files.seal();
  return serve(host, target, lastValue(line, '--gdb-bind') ?? LOOPBACK, port);
}

/** One client at a time; who leaves without a word may come again, and finds the program as it was left. */
async function serve(host: CommandHost, target: Target, address: string, port: number): Promise<number> {
  const served: { session: GdbSession | null; wire: Wire | null; wake: () => void } = { session: null, wire: null, wake: () => { /* Nobody sleeps. */ } };
  const listener = await listen(address, port, wire => {
    if (served.session !== null) return null;
    const session = new GdbSession(target);
    served.session = session; served.wire = wire;
    return {
      received: bytes => { if (served.session === session) { session.receive(bytes); wire.send(session.send()); served.wake(); } },
      ended: () => { if (served.session === session) { session.close(); served.session = null; served.wake(); } },
    };
  });
  if (typeof listener === 'string') return complain(host, listener, STATUS_USAGE);
  host.report(`tramp64: gdb may connect to ${address}:${listener.port}`);
  let slice = SLICE_MIN;
  for (;;) {
    const { session, wire } = served;
    if (session?.over != null) {
      wire?.close();
      if (session.over !== 'broken') { listener.close(); return end(target, session.over); }
      served.session = null;
    }
    if (session === null || !session.isRunning) {
      slice = SLICE_MIN;
      // Whatever there is to do comes by the wire.
      await new Promise<void>(resolve => { served.wake = resolve; });
      continue;
    }
    const from = performance.now();
    session.work(slice);
    wire?.send(session.send());
    const took = performance.now() - from;
    slice = Math.max(SLICE_MIN, Math.min(took < SLICE_MILLISECONDS ? 2 * slice : Math.floor(slice / 2), SLICE_MAX));
    await host.breathe?.();
  }
}
/** Without gdb the program goes on to its end. */
function end(target: Target, over: 'detached' | 'killed' | 'exited'): number {
  if (over === 'killed') return STATUS_KILLED;
  while (target.run({ how: 'continue' }).reason !== 'end') { /* Nobody asks any more. */ }
  return target.ending?.status ?? 0;
}
