/** `--fs` and `--root`: how much of the host's files a program gets to see and change. */
import { ClosedHost } from './closed-host.ts';
import type { ByteString, Host } from './host.ts';
import { OverlayHost } from './overlay-host.ts';
import { absolute } from './path.ts';
import { ReadOnlyHost } from './read-only-host.ts';
import { RootedHost } from './rooted-host.ts';

export type FileAccess = 'host' | 'read-only' | 'overlay' | 'none';
export interface Confined {
  readonly host: Host;
  /** What the user's relative paths start from, as it is called inside. */
  readonly directory: ByteString;
  /** Once the program is loaded, before it runs. */
  readonly seal: () => void;
}

/** A sentence: why not. */
export function confine(host: Host, access: FileAccess, root: ByteString | null): Confined | string {
  let outside = '/';
  if (root !== null) {
    const path = absolute(host.directory, root), real = host.realPath(path), stat = host.stat(path, true);
    if (typeof real === 'number' || typeof stat === 'number') return `--root ${root}: no such directory`;
    if ((stat.mode & 0o170000) !== 0o040000) return `--root ${root}: not a directory`;
    outside = real;
  }
  const open = (guest: Host): Confined => ({ host: guest, directory: guest.directory, seal: () => { /* Nothing more to do. */ } });
  if (access === 'overlay') return open(new OverlayHost(host, outside));
  const rooted = outside === '/' ? host : new RootedHost(host, outside);
  if (access !== 'none') return open(access === 'read-only' ? new ReadOnlyHost(rooted) : rooted);
  const closed = new ClosedHost(rooted);
  return { host: closed, directory: rooted.directory, seal: () => { closed.seal(); } };
}
