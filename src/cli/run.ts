/** `tramp64 run`: a program in an emulated machine, with the terminal, files, environment and exit status of this one. */
import { PHYSICAL_BYTES_MAX, PHYSICAL_BYTES_STEP } from '../base/layout.ts';
import type { Confined, FileAccess } from '../host/confine.ts';
import { bytesOf, type ByteString } from '../host/host.ts';
import type { CpuOptions, Engine } from '../exec/cpu.ts';
import type { ModelName } from '../exec/cpuid.ts';
import { wordsOf } from '../exec/threaded/kept-code.ts';
import { PrebuiltFile } from '../exec/threaded/prebuilt.ts';
import { type Ending, Machine, type MachineOptions, sliceAfter, type Stat } from '../machine.ts';
import type { SecurityPolicy } from '../syscalls/policy.ts';
import type { Timing } from '../timing/costs.ts';
import { ENVIRONMENTS, GUEST } from '../timing/environments.ts';
import { PROFILE_NAMES, type ProfileName } from '../timing/profile.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { type CommandLine, lastValue } from './options.ts';

export const STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127;
/**
 * V8 is not to optimise our own code before it has done so much: to interpret a C library's start and a line of output takes a twentieth of it, and a program
 * that is soon compiled needs no more. Optimising all of it takes half a second; the interpreter alone is soon optimised, and then twenty times as fast. In
 * interpreted instructions; a system call or a fault takes as long as twenty, a block to be decoded as fifty, what generated code leaves to us (`Cpu.calls`) as ten.
 */
const WORK_BEFORE_OPTIMISING = 500_000, INTERPRETING_BEFORE_OPTIMISING = 100_000, TURN_WORK = 20, BLOCK_WORK = 50, CALL_WORK = 10;
/** Nor is it to compile it without optimising, which takes hello world a fortieth of its time. */
const WORK_BEFORE_COMPILING = 3_000;
/** Programs that end sooner (musl's hello world: 1,100) are not even worth loading what tells V8 so. */
const TINY_INSTRUCTIONS = 2_000;
/** Where execvp(3) looks when there is no PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** A program that was found, and the machine it is to run in. */
export interface Prepared {
  readonly files: Confined;
  readonly path: ByteString; readonly argv: readonly ByteString[]; readonly environment: readonly ByteString[];
  /** A policy counts what it denies, so every machine has its own. */
  readonly machine: () => MachineOptions;
}
export async function run(host: CommandHost, line: CommandLine): Promise<number> {
  const prepared = await prepare(host, line, 'run');
  if (typeof prepared === 'number') return prepared;
  const isProfiled = line.values.has('--profile') || line.values.has('--events');
  if (isProfiled && line.values.has('--trace')) return complain(host, 'run: --trace goes with neither --profile nor --events', STATUS_USAGE);
  if (isProfiled) return (await import('./profile.ts')).runProfiled(host, line, prepared);
  if (line.values.has('--trace')) {
    host.optimise?.('baseline');
    return (await import('./trace.ts')).runTraced(host, line, prepared);
  }
  const machine = new Machine(keeping(host, line, prepared));
  const refusal = machine.exec(prepared.path, prepared.argv, prepared.environment);
  if (refusal !== null) return complain(host, refusal.sentence, refusal.status);
  prepared.files.seal();
  const { status } = runToEnd(host, machine);
  if (line.values.has('--stats')) printStats(host, machine.stats());
  machine.cpu.keepCode();
  return status;
}
/** With translated code of earlier runs. It depends on the build, and on what the line says of the machine. */
function keeping({ keptFiles }: CommandHost, line: CommandLine, { files, path, machine }: Prepared): MachineOptions {
  const options = machine();
  if (keptFiles === undefined || lastValue(line, '--code-cache') === 'off') return options;
  const said = ['--cpu', '--cpu-profile', '--timing', '--root'].map(option => lastValue(line, option) ?? ''), whole = path.startsWith('/') ? path : `${files.directory}/${path}`;
  const key = [keptFiles.stamp, ...said, whole].join('\n'), name = wordsOf(key).map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
  return { ...options, cpu: { ...options.cpu, threaded: { store: { key, read: into => keptFiles.read(name, into), write: bytes => { keptFiles.write(name, bytes); } } } } };
}
/** What the command line says of a program and its machine; a status where that was wrong, which has been said. */
export async function prepare(host: CommandHost, line: CommandLine, command: string): Promise<Prepared | number> {
  const [program, ...args] = line.operands;
  if (program === undefined || program === '') {
    return complain(host, `${command}: which program? Usage: tramp64 ${command} [options] [--] PROGRAM [ARGS]`, STATUS_USAGE);
  }
  const environment = environmentOf(host, line.values.get('--env') ?? []);
  if (typeof environment === 'string') return complain(host, environment, STATUS_USAGE);
  const files = await filesFor(host, line);
  if (typeof files === 'string') return complain(host, files, STATUS_USAGE);
  const found = findProgram(files, program, environment);
  if (typeof found === 'number') {
    const why = found === STATUS_NOT_FOUND ? 'no such program' : 'permission denied';
    return complain(host, `${program}: ${why}`, found);
  }
  const engine = lastValue<Engine>(line, '--engine') ?? 'auto', timing = lastValue<Timing>(line, '--timing') ?? 'fast', model = lastValue<ModelName>(line, '--cpu');
  const limits = limitsOf(line);
  if (typeof limits === 'string') return complain(host, limits, STATUS_USAGE);
  const policy = await policyOf(line);
  if (typeof policy === 'string') return complain(host, policy, STATUS_USAGE);
  const profile = await profileOf(lastValue<ProfileName>(line, '--cpu-profile'));
  const cpu = { engine, timing, environment: ENVIRONMENTS.find(({ name }) => name === lastValue(line, '--environment')) ?? GUEST, mitigates: lastValue(line, '--mitigations') !== 'off', ...prebuiltOf(host), ...profile, ...(model === undefined ? {} : { model }) }, strace = line.values.has('--strace');
  return { files, path: found, argv: [program, ...args], environment, machine: () => ({ host: files.host, strace, policy: policy?.() ?? null, ...limits, cpu }) };
}

/** The usual one is there anyway. */
async function profileOf(name: ProfileName | undefined): Promise<Pick<CpuOptions, 'profile'>> {
  if (name === undefined || name === PROFILE_NAMES[0]) return {};
  const found = (await import('../timing/profiles/processors.ts')).PROCESSORS.find(({ profile }) => profile.name === name);
  return found === undefined ? {} : { profile: found.profile };
}
function prebuiltOf(host: CommandHost): Pick<CpuOptions, 'prebuilt'> {
  return host.prebuilt === undefined ? {} : { prebuilt: new PrebuiltFile(host.prebuilt) };
}

export function runToEnd(host: CommandHost, machine: Machine): Ending {
  const { cpu } = machine;
  let ending: Ending | null = null;
  while (ending === null && cpu.state.instructions < TINY_INSTRUCTIONS) ending = machine.turn(TINY_INSTRUCTIONS);
  if (ending !== null || host.optimise === undefined) return ending ?? machine.run();
  const workIn = (turns: number): number => cpu.interpretedInstructions + BLOCK_WORK * cpu.blocks.built + CALL_WORK * cpu.calls + TURN_WORK * turns;
  const untilOptimised = cpu.isGenerating ? WORK_BEFORE_OPTIMISING : INTERPRETING_BEFORE_OPTIMISING;
  let turns = 0;
  for (const [effort, until] of [['none', WORK_BEFORE_COMPILING], ['baseline', untilOptimised]] as const) {
    if (ending === null) host.optimise(effort);
    for (; ending === null && workIn(turns) < until; turns++) ending = machine.turn(sliceAfter(cpu.state.instructions));
  }
  host.optimise(cpu.isGenerating ? 'usual' : 'much');
  return ending ?? machine.run();
}

/** What `--memory`, `--max-instructions`, `--timeout`, `--seed` and `--clock` say, or a sentence on what is wrong with it. */
function limitsOf(line: CommandLine): Omit<MachineOptions, 'host'> | string {
  const memory = lastValue(line, '--memory'), numbers: Record<string, number> = {};
  if (memory !== undefined) {
    const size = /^(\d{1,10})([KMG]?)$/.exec(memory), bytes = Number(size?.[1]) * SIZES[size?.[2] ?? '']!;
    if (size === null || bytes < MEMORY_BYTES_MIN || bytes > PHYSICAL_BYTES_MAX) return `option --memory takes a size from 16M to 2016M, not '${memory}'`;
    numbers['memoryBytes'] = Math.ceil(bytes / PHYSICAL_BYTES_STEP) * PHYSICAL_BYTES_STEP;
  }
  for (const [name, field, scale] of [['--max-instructions', 'maxInstructions', 1], ['--timeout', 'timeoutNs', 1e9], ['--seed', 'seed', 1]] as const) {
    const text = lastValue(line, name);
    if (text === undefined) continue;
    const value = Number(text) * scale, isWhole = name === '--timeout' || Number.isSafeInteger(value);
    if (text === '' || !(value >= 0) || !isWhole || value > Number.MAX_SAFE_INTEGER) return `option ${name} takes a number, not '${text}'`;
    numbers[field] = value;
  }
  return { ...numbers, clock: lastValue<'virtual' | 'host'>(line, '--clock') ?? 'virtual' };
}
const SIZES: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };
const MEMORY_BYTES_MIN = 16 << 20;

/** The files the program gets: those of this machine, unless `--fs` or `--root` say otherwise. */
async function filesFor(host: CommandHost, line: CommandLine): Promise<Confined | string> {
  const access = lastValue<FileAccess>(line, '--fs') ?? 'host', root = lastValue(line, '--root') ?? null;
  if (access === 'host' && root === null) return { host, directory: host.directory, seal: () => { /* Nothing to take away. */ } };
  return (await import('../host/confine.ts')).confine(host, access, root);
}

/** What `--policy` says, as often as it is wanted; null: everything is permitted. */
async function policyOf(line: CommandLine): Promise<(() => SecurityPolicy | null) | null | string> {
  const text = lastValue(line, '--policy');
  if (text === undefined) return null;
  const { SecurityPolicy } = await import('../syscalls/policy.ts'), first = SecurityPolicy.of(text);
  if (typeof first === 'string') return first;
  return () => { const policy = SecurityPolicy.of(text); return typeof policy === 'string' ? null : policy; };
}

/** The host's environment with `--env` on top, in the order of their first mention. */
function environmentOf(host: CommandHost, settings: readonly string[]): readonly ByteString[] | string {
  const byName = new Map(host.environment.map(entry => [entry.split('=', 1)[0] ?? '', entry]));
  for (const setting of settings) {
    const name = setting.split('=', 1)[0] ?? '';
    if (name === '' || name === setting) return `option --env takes NAME=VALUE, not '${setting}'`;
    byName.set(name, setting);
  }
  return [...byName.values()];
}

/** execvp(3)'s search: names with a slash are paths, others are looked for in the guest's PATH. A status: nothing to run. */
export function findProgram({ host, directory: start }: Confined, program: ByteString, environment: readonly ByteString[]): ByteString | number {
  const wholePath = (candidate: ByteString): ByteString => candidate.startsWith('/') ? candidate : `${start}/${candidate}`;
  if (program.includes('/')) return start === host.directory ? program : wholePath(program);
  const path = environment.find(entry => entry.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  let wasForbidden = false;
  for (const directory of path.split(':')) {
    const candidate = directory === '' ? `./${program}` : `${directory}/${program}`;
    const whole = wholePath(candidate), stat = host.stat(whole, true);
    if (typeof stat === 'number' || (stat.mode & 0o170000) !== 0o100000) continue;
    if (host.access(whole, 1) === 0) return start === host.directory ? candidate : whole;
    wasForbidden = true;
  }
  return wasForbidden ? STATUS_CANNOT_RUN : STATUS_NOT_FOUND;
}

export function printStats(host: CommandHost, rows: readonly Stat[]): void {
  const shown = rows.map(([name, value, note]) => ({ name, value: typeof value === 'number' ? value.toLocaleString('en') : value, note: note === undefined ? '' : `  ${note}` }));
  const width = Math.max(...shown.map(({ name }) => name.length)), digits = Math.max(...shown.map(({ value }) => value.length));
  const text = shown.map(({ name, value, note }) => `${name.padEnd(width)}  ${value.padStart(digits)}${note}\n`).join('');
  host.write(2, bytesOf(text), null);
}
