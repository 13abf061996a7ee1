/** The few corners of Node this project touches, declared by hand: `@types/node` is not among the devDependencies. */
declare module 'node:fs' {
  export interface BigIntStats {
    dev: bigint; ino: bigint; mode: bigint; nlink: bigint; uid: bigint; gid: bigint; rdev: bigint; size: bigint;
    blksize: bigint; blocks: bigint; atimeNs: bigint; mtimeNs: bigint; ctimeNs: bigint; birthtimeNs: bigint; isDirectory(): boolean; isFile(): boolean;
  }
  export function readFileSync(path: string): Uint8Array;
  export function readFileSync(path: string, encoding: 'utf8' | 'latin1'): string;
  export function writeFileSync(path: string, data: string | Uint8Array, options?: { readonly mode: number }): void;
  export function existsSync(path: string): boolean;
  export function copyFileSync(from: string, to: string): void;
  export function readdirSync(path: string): string[];
  export function mkdtempSync(prefix: string): string;
  export function rmSync(path: string, options: { recursive?: boolean; force?: boolean }): void;
  type Path = string | Uint8Array;
  type OpenFlag = 'O_CREAT' | 'O_EXCL' | 'O_NOCTTY' | 'O_TRUNC' | 'O_APPEND' | 'O_NONBLOCK' | 'O_DSYNC' | 'O_DIRECTORY' | 'O_NOFOLLOW' | 'O_SYNC';
  export const constants: { readonly [name in OpenFlag]?: number };
  export function chmodSync(path: Path, mode: number): void;
  export function openSync(path: Path, flags: number, mode?: number): number;
  export function closeSync(fd: number): void;
  export function readSync(fd: number, into: Uint8Array, offset: number, length: number, position: number | bigint | null): number;
  export function writeSync(fd: number, from: Uint8Array, offset: number, length: number, position: number | null): number;
  export function writeSync(fd: number, text: string): number;
  export function statSync(path: Path, options: { bigint: true }): BigIntStats;
  export function statSync(path: Path, options: { bigint: true; throwIfNoEntry: false }): BigIntStats | undefined;
  export function lstatSync(path: Path, options: { bigint: true }): BigIntStats;
  export function statfsSync(path: Path): { type: number; bsize: number; blocks: number; bfree: number; bavail: number; files: number; ffree: number };
  export function accessSync(path: Path, mode: number): void;
  export function readdirSync(path: Path, encoding: 'latin1'): string[];
  export function readlinkSync(path: Path, encoding: 'latin1'): string;
  export const realpathSync: { native(path: Path, encoding: 'latin1'): string };
  export function unlinkSync(path: Path): void;
  export function rmdirSync(path: Path): void;
  export function mkdirSync(path: Path, mode?: number): void;
  export function renameSync(from: Path, to: Path): void;
  export function linkSync(from: Path, to: Path): void;
  export function symlinkSync(target: Path, path: Path): void;
  export function truncateSync(path: Path, length: number): void;
  export function ftruncateSync(fd: number, length: number): void;
  export function fchmodSync(fd: number, mode: number): void;
  export function fchownSync(fd: number, uid: number, gid: number): void;
  export function futimesSync(fd: number, atime: number | Date, mtime: number | Date): void;
  export function fsyncSync(fd: number): void;
  export function chownSync(path: Path, uid: number, gid: number): void;
  export function lchownSync(path: Path, uid: number, gid: number): void;
  export function utimesSync(path: Path, atime: number | Date, mtime: number | Date): void;
  export function lutimesSync(path: Path, atime: number | Date, mtime: number | Date): void;
  export function fstatSync(fd: number, options: { bigint: true }): BigIntStats;
  export * as default from 'node:fs';
}
declare module 'node:net' {
  export class Socket {
    constructor(options: { fd: number; manualStart?: boolean });
    unref(): this;
    setNoDelay(isOn: boolean): this;
    on(event: 'data', listener: (bytes: Uint8Array) => void): this;
    on(event: 'connect' | 'close' | 'error', listener: () => void): this;
    write(bytes: Uint8Array): boolean;
    end(): this;
    destroy(): this;
  }
  export interface Server {
    once(event: 'error', listener: (error: { readonly code?: string; readonly message: string }) => void): this;
    listen(port: number, address: string, ready: () => void): this;
    address(): { readonly port: number };
    close(): this;
  }
  export function connect(port: number, address: string): Socket;
  export function createServer(accept: (socket: Socket) => void): Server;
  export * as default from 'node:net';
}
declare module 'node:tty' {
  export function isatty(fd: number): boolean;
  export class ReadStream { constructor(fd: number); setRawMode(isRaw: boolean): this; unref(): this }
  export * as default from 'node:tty';
}
declare module 'node:v8' { const v8: { setFlagsFromString(flags: string): void }; export default v8; }
declare module 'node:vm' {
  export class Script {
    constructor(source: string, options: { filename: string; cachedData?: Uint8Array });
    runInThisContext(): unknown;
    createCachedData(): Uint8Array;
  }
}
declare module 'node:module' { export function createRequire(path: string): (name: string) => unknown; }
declare module 'node:os' {
  export function tmpdir(): string;
  const os: { availableParallelism(): number };
  export default os;
}
declare module 'node:path' { export function join(...parts: string[]): string; export function dirname(path: string): string; export function resolve(...parts: string[]): string; export function basename(path: string, suffix?: string): string; }
declare module 'node:url' { export function fileURLToPath(url: string | URL): string; }
declare module 'node:child_process' {
  export interface SpawnResult { status: number | null; signal: string | null; stdout: Uint8Array; stderr: Uint8Array; error?: Error }
  export function spawnSync(command: string, args: readonly string[], options?: { input?: string | Uint8Array; cwd?: string; env?: Record<string, string | undefined>; timeout?: number; maxBuffer?: number }): SpawnResult;
  export interface ChildProcess {
    readonly stdin: { write(text: string): boolean; end(): void; on(event: 'error', listener: () => void): unknown };
    readonly stdout: { setEncoding(encoding: 'utf8'): { on(event: 'data', listener: (text: string) => void): unknown } };
    on(event: 'error' | 'close', listener: () => void): ChildProcess;
    kill(signal: 'SIGKILL'): boolean;
  }
  const childProcess: { spawn(command: string, args: readonly string[], options: { readonly stdio: readonly ['pipe', 'pipe', 'inherit'] }): ChildProcess };
  export default childProcess;
}
declare class URL { constructor(url: string, base?: string); readonly pathname: string; readonly href: string }
declare class TextEncoder { encode(text: string): Uint8Array }
declare class TextDecoder { constructor(label?: string, options?: { fatal?: boolean }); decode(bytes: Uint8Array): string }
interface ImportMeta { readonly url: string }
/** Of CommonJS modules: dist/cli.js is one. */
declare const __dirname: string;
declare const require: (name: string) => unknown;
declare const process: {
  readonly argv: string[]; exitCode: number | undefined; readonly env: Record<string, string | undefined>; readonly platform: string; readonly arch: string;
  readonly execPath: string; readonly pid: number; readonly execArgv: readonly string[]; noDeprecation?: boolean; binding(name: string): { readonly setFlagsFromString?: unknown }; readonly versions: { readonly v8: string; readonly node: string }; on(event: 'SIGINT', listener: () => void): unknown; cwd(): string; umask(mask: number): number;
  cpuUsage(since?: { user: number; system: number }): { user: number; system: number }; getuid?(): number; getgid?(): number; geteuid?(): number; getegid?(): number; getgroups?(): number[]; exit(code?: number): never; hrtime: { bigint(): bigint }; memoryUsage(): { heapUsed: number; rss: number };
  readonly stdout: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number; write(text: string): boolean };
  readonly stderr: { readonly isTTY?: boolean; write(text: string): boolean };
  on(signal: string, listener: () => void): unknown; off(signal: string, listener: () => void): unknown;
};
declare function setImmediate(run: () => void): unknown;
declare function setTimeout(run: () => void, milliseconds: number): unknown;
declare const crypto: { readonly subtle: { digest(algorithm: 'SHA-256', bytes: Uint8Array): Promise<ArrayBuffer> } };
declare const performance: { readonly timeOrigin: number; now(): number };
declare const console: { log(...values: unknown[]): void; error(...values: unknown[]): void };
