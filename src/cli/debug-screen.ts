/** `tramp64 debug --tui PROGRAM`: the debugger's screen on a terminal, which is as it was at the end, whatever ends it. */
import { render } from '../debug/tui/render.ts';
import { ENTER, LEAVE, Screen } from '../debug/tui/screen.ts';
import { Tui } from '../debug/tui/tui.ts';
import type { TargetOptions } from '../debug/target.ts';
import { byteString, bytesOf, type WindowSize } from '../host/host.ts';
import type { CommandHost } from './command.ts';

const READ_BYTES = 1 << 12, LOOK_MILLISECONDS = 15, SIZE: WindowSize = { columns: 80, rows: 24 }, CONTROL_C = '\x03', CONTROL_L = '\x0c', EAGAIN = 11;
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }, STATUS_SIGNAL = 128;

/** `scripts`: commands to begin with. Returns the status. */
export async function debugScreen(host: CommandHost, open: (output: (bytes: Uint8Array) => void) => TargetOptions, seal: () => void, read: (path: string) => string | null, scripts: readonly string[]): Promise<number> {
  const bytes = new Uint8Array(READ_BYTES), screen = new Screen((host.environment.find(entry => entry.startsWith('NO_COLOR='))?.length ?? 0) > 'NO_COLOR='.length);
  const put = (text: string): void => { host.write(1, bytesOf(text), null); };
  let ended: number | null = null, waiting = '', isGone = false;
  /** What was typed meanwhile. */
  const look = (): void => {
    const got = host.readNow(0, bytes);
    if (got > 0) waiting += byteString(bytes.subarray(0, got));
    else if (got !== -EAGAIN) isGone = true;
  };
  const size = (): WindowSize => host.windowSize(1) ?? SIZE;
  let last = size();
  const tui = new Tui(open, host, last, read, async () => {
    await host.breathe?.();
    look();
    const isWanted = waiting.includes(CONTROL_C);
    if (isWanted) waiting = waiting.replaceAll(CONTROL_C, '');
    return isWanted || ended !== null || isGone;
  });
  const stop = host.onSignals?.([...Object.keys(SIGNALS), 'SIGWINCH'], name => { if (name in SIGNALS) ended = STATUS_SIGNAL + SIGNALS[name]!; });
  host.setRaw(0, true);
  put(ENTER);
  try {
    tui.start();
    seal();
    for (const line of scripts) await tui.command(line);
    while (!tui.session.isOver && ended === null && !isGone) {
      const now = size();
      if (now.columns !== last.columns || now.rows !== last.rows) { last = now; tui.resize(now); screen.forget(); }
      put(screen.update(render(tui.view, last)));
      for (look(); waiting === '' && ended === null && !isGone && sameSize(size(), last); look()) { await host.breathe?.(); host.pause(LOOK_MILLISECONDS); }
      const keys = waiting;
      waiting = '';
      if (keys.includes(CONTROL_L)) screen.forget();
      if (keys !== '') await tui.input(keys);
    }
    return ended ?? 0;
  } finally {
    put(LEAVE);
    host.setRaw(0, false);
    stop?.();
  }
}
function sameSize(a: WindowSize, b: WindowSize): boolean { return a.columns === b.columns && a.rows === b.rows; }
