/** Files the emulator keeps for later runs: a folder of the user's caches (XDG Base Directory Specification, $XDG_CACHE_HOME). */
import fs from 'node:fs';

/** So many are kept; the one goes that was written or, to the day, read before all others. */
const FILES_MAX = 256, UNUSED_SECONDS = 86_400, OWN = 0o700, OWN_FILE = 0o600, O_RDONLY = 0;

export class KeptFolder {
  readonly stamp: string;
  private readonly caches: string;
  private readonly folder: string | null;

  constructor(stamp: string) {
    const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = process.env;
    this.stamp = stamp;
    this.caches = caches.startsWith('/') ? caches : home.startsWith('/') ? `${home}/.cache` : '';
    this.folder = this.caches === '' ? null : `${this.caches}/tramp64`;
  }
  read(name: string, into: Uint8Array): number {
    if (this.folder === null) return 0;
    const path = `${this.folder}/${name}`;
    try {
      const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
      // Nobody else's, and nothing that is waited for. (What throws would take as long as what is saved in a small program.)
      if (stat === undefined || !stat.isFile() || Number(stat.uid) !== process.getuid?.() || stat.size > into.length) return 0;
      const now = Date.now() / 1000;
      if (Number(stat.mtimeNs) / 1e9 < now - UNUSED_SECONDS) fs.utimesSync(path, now, now);
      const fd = fs.openSync(path, O_RDONLY);
      try { return fs.readSync(fd, into, 0, into.length, null); } finally { fs.closeSync(fd); }
    } catch { return 0; }
  }
  /** Whoever reads meanwhile finds the old one, or the new one. */
  write(name: string, bytes: Uint8Array): void {
    const { folder } = this;
    if (folder === null) return;
    const path = `${folder}/${name}`, draft = `${path}.${process.pid}`;
    try {
      // Node's own way to make both goes on for ever where nothing can be made, as in /proc.
      for (const made of [this.caches, folder]) if (!fs.existsSync(made)) fs.mkdirSync(made, OWN);
      fs.writeFileSync(draft, bytes, { mode: OWN_FILE });
      fs.renameSync(draft, path);
      this.prune(folder);
    } catch {
      // A full disk, a home that cannot be written: then the next run begins as this one did.
      try { fs.unlinkSync(draft); } catch { /* It was not even made. */ }
    }
  }
  private prune(folder: string): void {
    const names = fs.readdirSync(folder);
    if (names.length <= FILES_MAX) return;
    const files = names.map(name => ({ path: `${folder}/${name}`, at: fs.statSync(`${folder}/${name}`, { bigint: true }).mtimeNs })).sort((a, b) => Number(a.at - b.at));
    for (const { path } of files.slice(0, names.length - FILES_MAX)) fs.unlinkSync(path);
  }
}
