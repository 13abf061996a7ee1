/** A program of the user's that marks its parts (bench/tramp64.h): run under every policy that is asked for, its parts become rows beside the mechanisms'. */
import { sha256 } from '../base/sha256.ts';
import { EPIPE } from '../base/errno.ts';
import type { ByteString, Host, HostResult, HostStat } from '../host/host.ts';
import { WrappedHost } from '../host/wrapped-host.ts';
import { Machine, MARK, type Counters, type Mark } from '../machine.ts';
import { SecurityPolicy } from '../syscalls/policy.ts';
import { signalName } from '../syscalls/signal-names.ts';
import type { ENVIRONMENTS, PROFILES } from './axes.ts';
import { costOf, less, memoryOf, minus, PARTS, WORKS, type Memory, type Part, type Row } from './record.ts';

export interface UserProgram {
  /** On the host. */
  readonly path: ByteString;
  readonly file: Uint8Array;
  /** Its name first. */
  readonly argv: readonly ByteString[];
  readonly environment: readonly ByteString[];
}
export interface UserCell { readonly profile: (typeof PROFILES)[number]; readonly environment: (typeof ENVIRONMENTS)[number]; readonly policy: string; readonly seed: number | null }
/** Begun and ended so often, and how much that added. */
interface Region { readonly before: Counters; readonly after: Counters; readonly times: number }
/** null: it was ended by who waits. */
export type UserOutcome = readonly Row[] | string | null;

const TURN_INSTRUCTIONS = 4_000_000, TURNS_A_LOOK = 64;
/** The rows of one run, or one sentence on what went wrong. `known`: mechanisms that it had where everything is permitted; a failure is theirs. */
export async function measureUser(host: Host, program: UserProgram, cell: UserCell, isInterrupted: () => Promise<boolean>, known: readonly string[] = []): Promise<UserOutcome> {
  const rules = SecurityPolicy.of(cell.policy.replaceAll('+', ',')), marks: Mark[] = [], [name = ''] = program.argv;
  if (typeof rules === 'string') return rules;
  const machine = new Machine({
    host: new Aside(host), policy: rules, onMark: mark => { marks.push(mark); }, cpu: { ...cell.profile.options.cpu, ...cell.environment.options.cpu }, ...(cell.seed === null ? {} : { seed: cell.seed }),
  });
  const refusal = machine.exec(program.path, program.argv, program.environment);
  if (refusal !== null) return refusal.sentence;
  let ending = machine.turn(TURN_INSTRUCTIONS);
  for (let turns = 1; ending === null; turns++) {
    if (turns % TURNS_A_LOOK === 0 && await isInterrupted()) return null;
    ending = machine.turn(TURN_INSTRUCTIONS);
  }
  const { status, signal } = ending, wrong = status === 0 && signal === null ? null : signal === null ? `status ${status}` : signalName(signal), regions = regionsIn(marks);
  const base = { profile: cell.profile.name, environment: cell.environment.name, policy: cell.policy, order: 'in-turn', seed: cell.seed, program: await sha256(joined(program)) };
  if (wrong !== null && known.length > 0) return known.map(mechanism => ({ ...base, mechanism, count: 1, outcome: wrong, refusals: [], ...NOTHING }));
  if (typeof regions === 'string') return `${name}: ${wrong === null ? '' : `it ended with ${wrong}, and `}${regions}`;
  if (wrong !== null) return `${name}: it ended with ${wrong}${marks.length === 0 ? '' : ` after ${marks.length} marks`}: nothing of it can be trusted`;
  if (regions.size === 0) return `${name}: it has no marks; see tramp64 bench --header`;
  return rowsOf(regions, baseName(name)).map(row => ({ ...base, ...row }));
}
const NOTHING = { invoke: null, create: null, change: null, free: null, memory: null, left: null } as const;

/** Regions by their names; those that come several times are added up. */
function regionsIn(marks: readonly Mark[]): ReadonlyMap<string, Region> | string {
  const open = new Map<string, Counters>(), regions = new Map<string, Region>();
  for (const { kind, name, times, counters } of marks) {
    if (kind === MARK.lap) continue;
    if (name === '') return 'a mark has no name';
    const began = open.get(name), known = regions.get(name);
    if (kind === MARK.begin && began !== undefined) return `its part "${name}" began twice`;
    if (kind === MARK.begin) { open.set(name, counters); continue; }
    if (began === undefined) return `its part "${name}" ended before it began`;
    if (times < 1) return `its part "${name}" ended ${times} times`;
    open.delete(name);
    regions.set(name, known === undefined ? { before: began, after: counters, times } : { before: known.before, after: less(counters, less(began, known.after)), times: known.times + times });
  }
  const [left] = open.keys();
  return left === undefined ? regions : `its part "${left}" did not end`;
}
/** `NAME/create` and its like are parts of NAME's row; other names are rows of their own. */
function rowsOf(regions: ReadonlyMap<string, Region>, own: string): readonly Pick<Row, 'mechanism' | 'count' | 'outcome' | 'refusals' | Part | 'memory' | 'left'>[] {
  const byMechanism = new Map<string, Partial<Record<Part, Region>>>();
  for (const [name, region] of regions) {
    const slash = name.lastIndexOf('/'), last = name.slice(slash + 1), part = PARTS.find(each => each === last);
    const mechanism = part === undefined ? name : slash < 0 ? own : name.slice(0, slash);
    byMechanism.set(mechanism, { ...byMechanism.get(mechanism), [part ?? 'invoke']: region });
  }
  return [...byMechanism].map(([mechanism, parts]) => {
    const cost = (part: Part): Row['invoke'] => { const region = parts[part]; return region === undefined ? null : costOf(region.before, region.after, region.times); };
    const { create, free } = parts, memory = create === undefined ? null : memoryOf(create.before, create.after, create.times);
    const freed: Memory | null = create === undefined || free === undefined ? null : memoryOf(free.before, free.after, create.times);
    return {
      mechanism, count: create?.times ?? 1, outcome: WORKS, refusals: [], invoke: cost('invoke'), create: cost('create'), change: cost('change'), free: cost('free'),
      memory, left: memory === null ? null : freed === null ? memory : minus(memory, minus({ code: 0, data: 0, tables: 0, kernel: 0 }, freed)),
    };
  });
}
function joined({ file, argv }: UserProgram): Uint8Array {
  const words = argv.slice(1).join('\0'), all = new Uint8Array(file.length + words.length);
  all.set(file);
  for (let n = 0; n < words.length; n++) all[file.length + n] = words.charCodeAt(n);
  return all;
}
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const PIPE_MODE = 0o010600, STANDARD = 2;
/** The host, but what the program writes goes to standard error, and its streams are pipes, wherever they lead: what it does must not depend on that. */
class Aside extends WrappedHost {
  override write(fd: number, from: Uint8Array, at: number | null): HostResult {
    const written = super.write(fd === 1 ? STANDARD : fd, from, at);
    return fd <= STANDARD && written === -EPIPE ? from.length : written;
  }
  override isTerminal(fd: number): boolean { return fd > STANDARD && super.isTerminal(fd); }
  override fstat(fd: number): HostStat | HostResult {
    if (fd > STANDARD) return super.fstat(fd);
    return { dev: 12n, ino: BigInt(fd + 1), mode: PIPE_MODE, nlink: 1, uid: 0, gid: 0, rdev: 0n, size: 0, blksize: 4096, blocks: 0, atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n };
  }
}
