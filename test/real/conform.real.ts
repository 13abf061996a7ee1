/**
 * What the manual pages claim of system calls (conform/*.c, a test a claim): natively and here, in fresh directories, they print the same.
 * `CLAIMS=pattern` runs some. And eight threads that contend are the same in every run. Needs gcc.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteString } from '../../src/host/host.ts';

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, '../..'), sources = join(here, 'conform');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-conform-'));
const TIMEOUT_MS = 60_000;
/** The program as it is installed, for that starts faster. */
const built = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'src/host/build.ts'), 'script', folder], { cwd: root });
if (built.status !== 0) throw new Error(byteString(new Uint8Array(built.stderr)));
const TRAMP64 = [process.execPath, join(folder, 'cli.js'), 'run', '--'];

/** Claims that do not hold here yet, by reason. One that holds after all is told of: take it out. */
const NOT_YET: Readonly<Record<string, string>> = {
  'inotify and the order of checks': `
    a_descriptor_that_only_names_is_refused a_forbidden_page_gives_EFAULT a_low_address_gives_EFAULT a_negative_descriptor_gives_EBADF
    a_non_canonical_address_gives_EFAULT a_number_that_is_no_descriptor_gives_EBADF an_address_of_the_kernel_gives_EFAULT
  `,
  'what is written before a bad address is not counted': 'a_buffer_over_the_end_of_memory_gives_EFAULT readv_fills_in_order_and_may_stop_short',
  'a shared word is the same one under FUTEX_PRIVATE_FLAG': 'a_futex_in_shared_memory_is_shared',
  'nobody may name the machine, or reboot it': 'uname_names_linux what_nobody_knows_gives_EINVAL',
  'offsets at the end of all numbers': 'large_files_are_sparse',
  'small things of sockets and epoll': `
    tcp_connects_and_closes_in_halves epoll_by_level_repeats_and_by_edge_does_not a_listener_by_path_accepts
    a_waiting_accept_and_a_waiting_read_are_woken_by_closing stopping_and_continuing_interrupts_little
  `,
  'the host does not tell of what has no name any more': 'the_working_directory_can_go_away O_TMPFILE_makes_a_file_without_a_name fd_lists_open_descriptors',
  'the host takes shorter names, and microseconds after 1970': 'names_may_be_too_long utimensat_sets_times_to_the_nanosecond',
  'shared memory without a file has no inode': 'maps_show_mappings_with_their_rights',
  'sendfile waits where it should refuse': 'sendfile_copies_from_a_file',
  'a group in the background is not stopped': 'a_controlling_terminal_sends_signals',
};
const REASONS = new Map(Object.entries(NOT_YET).flatMap(([reason, claims]) => claims.trim().split(/\s+/).map(claim => [claim, reason] as const)));

/** How programs are linked; those in which much is the library's are run both ways. */
type Linking = 'static' | 'dynamic';
const COMPILE = ['-O1', '-w', '-pthread', '-fno-toplevel-reorder', '-fno-stack-protector'];
const LINK: Readonly<Record<Linking, readonly string[]>> = { static: ['-static'], dynamic: [] };
const DYNAMIC_TOO = ['exec', 'fork', 'lock', 'map', 'pthread', 'signals'];
const linkingsOf = (name: string): readonly Linking[] => DYNAMIC_TOO.includes(name) ? ['static', 'dynamic'] : ['static'];
function compile(path: string, source: string, linking: Linking): void {
  const { status, stderr } = spawnSync('gcc', [...COMPILE, ...LINK[linking], '-o', path, source]);
  assert.is(status, 0, byteString(new Uint8Array(stderr)));
}

/** What a claim printed, in lines; `end`: why it did not come to its own end. */
interface Answer { readonly lines: readonly string[]; readonly end: string | null }
class Program {
  readonly claims: readonly string[];
  private readonly name: string;
  private readonly linking: Linking;
  private readonly answers = new Map<string, Map<string, Answer>>();
  constructor(name: string, linking: Linking) {
    this.name = name; this.linking = linking;
    const wanted = new RegExp(process.env['CLAIMS'] ?? '');
    this.claims = [...readFileSync(join(sources, `${name}.c`), 'latin1').matchAll(/^TEST\((\w+)\)/gm)].map(match => match[1]!)
      .filter(claim => wanted.test(claim) || wanted.test(name));
  }
  get path(): string { return join(folder, `${this.name}-${this.linking}`); }
  native(claim: string): Answer | undefined { return this.ask('native', [this.path], claim); }
  here(claim: string): Answer | undefined { return this.ask('here', [...TRAMP64, this.path], claim); }

  private ask(who: string, command: readonly string[], claim: string): Answer | undefined {
    let answers = this.answers.get(who);
    if (answers === undefined) this.answers.set(who, answers = this.run(command));
    return answers.get(claim);
  }
  /** All claims in one run; where one ends the program, the next run goes on after it. */
  private run(command: readonly string[]): Map<string, Answer> {
    const answers = new Map<string, Answer>(), cwd = mkdtempSync(join(folder, 'run-')), [head = '', ...rest] = command;
    for (let left = [...this.claims]; left.length > 0;) {
      const ran = spawnSync(head, [...rest, ...left], { cwd, env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' }, input: '', maxBuffer: 1 << 26, timeout: TIMEOUT_MS });
      const said = byteString(new Uint8Array(ran.stderr)).trim(), end = `status ${ran.status ?? ran.signal}${said === '' ? '' : `: ${said}`}`;
      for (const part of byteString(new Uint8Array(ran.stdout)).split(/^# /m).slice(1)) {
        const [claim = '', ...lines] = part.trimEnd().split('\n'), isWhole = lines.at(-1) === '.';
        answers.set(claim, isWhole ? { lines: lines.slice(0, -1), end: null } : { lines, end });
      }
      const after = left.filter(claim => !answers.has(claim));
      if (after.length === left.length) answers.set(after.shift()!, { lines: [], end });
      left = after;
    }
    return answers;
  }
}

for (const name of readdirSync(sources).filter(file => file.endsWith('.c')).map(file => file.slice(0, -2))) {
  for (const linking of linkingsOf(name)) {
    const claims = suite(`real › ${name}, ${linking}`), program = new Program(name, linking);
    if (program.claims.length > 0) claims.before(() => compile(program.path, join(sources, `${name}.c`), linking));
    for (const claim of program.claims) {
      const words = claim.replaceAll('_', ' '), reason = REASONS.get(claim);
      claims(reason === undefined ? words : `${words} (not yet: ${reason})`, () => {
        const native = program.native(claim), answer = program.here(claim);
        assert.is(native?.end, null, 'it must work natively');
        if (reason === undefined) assert.equal(answer, native);
        else if (answer !== undefined && answer.lines.join() === native?.lines.join()) console.log(`  ${words}: holds now`);
      });
    }
    claims.run();
  }
}

const determinism = suite('real › determinism');
/** All but what the engines took of the host's time. */
const contention = (path: string, ...options: readonly string[]): string[] => {
  const ran = spawnSync(TRAMP64[0]!, [...TRAMP64.slice(1, -1), '--stats', ...options, '--', path, 'in detail'], { input: '', timeout: TIMEOUT_MS });
  assert.is(ran.status, 0);
  return [ran.stdout, ran.stderr].flatMap(bytes => byteString(new Uint8Array(bytes)).split('\n')).filter(line => !line.includes('milliseconds'));
};
determinism('eight threads that contend get the same turns, instructions and cycles in every run, whoever performs', () => {
  const path = join(folder, 'contend');
  compile(path, join(here, 'contend.c'), 'static');
  const first = contention(path), isCounted = (line: string): boolean => /^(counter|history|thread|instructions {2}|cycles|page faults|system calls)/.test(line);
  assert.ok(first.some(line => /^thread \d waited [1-9]/.test(line)), 'they contend');
  assert.equal(contention(path), first);
  for (const engine of ['interpret', 'threaded', 'compile']) {
    assert.equal(contention(path, '--engine', engine).filter(isCounted), first.filter(isCounted));
  }
});
determinism.after(() => rmSync(folder, { recursive: true, force: true }));
determinism.run();
