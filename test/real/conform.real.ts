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
  'locks between processes': `
    F_SETLKW_waits_and_sees_deadlocks flock_is_the_descriptions locks_of_descriptions_conflict_within_a_process record_locks_hold_against_other_processes
    record_locks_of_one_process_never_conflict
  `,
  'owners and sizes of descriptors': `
    a_pipe_may_change_its_size owners_of_descriptors_are_remembered
  `,
  'pipes as Linux counts them, splice': `
    a_full_pipe_takes_no_more_without_waiting a_writer_waits_for_room no_writer_is_the_end_and_no_reader_is_EPIPE pipe2_takes_its_flags
    splice_moves_between_a_pipe_and_a_file tee_copies_and_keeps
  `,
  'special nodes': `
    a_fifo_opens_when_both_sides_do directories_list_what_is_in_them fifos_and_nodes_are_made a_listener_by_path_accepts
    datagrams_by_name_tell_who_sent_them
  `,
  'timerfd, signalfd, pidfd': `
    a_pidfd_is_ready_when_the_process_ends a_signalfd_can_change_its_signals a_signalfd_takes_pending_signals a_signalfd_tells_of_children
    a_timerfd_can_be_absolute_blocking_and_disarmed a_timerfd_counts_expirations timerfd_calls_look_at_their_arguments
  `,
  'calls that are missing, and the order of checks': `
    a_buffer_over_the_end_of_memory_gives_EFAULT a_descriptor_that_only_names_is_refused a_forbidden_page_gives_EFAULT a_low_address_gives_EFAULT
    a_negative_descriptor_gives_EBADF a_non_canonical_address_gives_EFAULT a_number_that_is_no_descriptor_gives_EBADF
    an_address_of_the_kernel_gives_EFAULT lengths_that_are_too_large_are_cut_or_refused what_nobody_knows_gives_EINVAL
  `,
  'seals, holes and pages of files that shrink': `
    a_memfd_is_a_file_without_a_name a_writable_mapping_forbids_the_seal_on_writing holes_of_a_memfd_are_found memfd_create_looks_at_name_and_flags
    seals_hold truncating_a_memfd_takes_its_pages past_the_end_of_a_file_is_SIGBUS
  `,
  'the rest of calls on memory': `
    fork_keeps_private_files_and_rights locking_of_memory_is_accepted madvise_drops_what_it_is_told memory_of_another_process_can_be_read
    mmap_refuses_what_makes_no_sense protection_keys_and_odd_calls_are_refused_cleanly
  `,
  'the rest of calls on files': `
    advice_and_syncing_are_taken_from_files_only copy_file_range_copies_between_files fallocate_makes_room large_files_are_sparse
    readv_fills_in_order_and_may_stop_short sendfile_copies_from_a_file writev_gathers_and_stops_at_a_bad_pointer
  `,
  'the rest of calls on names': `
    chdir_and_fchdir_want_directories renameat2_exchanges_and_refuses the_working_directory_can_go_away O_PATH_names_but_does_not_read
    O_TMPFILE_makes_a_file_without_a_name names_may_be_too_long openat2_resolves_as_told access_checks_what_is_asked
    extended_attributes_are_kept_or_refused statfs_describes_where_files_are utimensat_sets_times_to_the_nanosecond
  `,
  'what /proc says': `
    dev_fd_and_std_names_lead_to_descriptors fd_lists_open_descriptors maps_show_mappings_with_their_rights
  `,
  'pseudo-terminals': `
    a_controlling_terminal_sends_signals a_pseudo_terminal_has_two_sides a_raw_terminal_passes_bytes_and_a_cooked_one_edits
    forkpty_runs_a_program_on_a_terminal
  `,
  'limits': `
    RLIMIT_AS_and_DATA_refuse_memory RLIMIT_FSIZE_sends_SIGXFSZ RLIMIT_SIGPENDING_bounds_the_queue a_stack_overflow_is_caught_on_another_stack
    limits_are_read_and_lowered
  `,
  'identities and scheduling': `
    the_scheduler_can_be_asked groups_are_counted_before_they_are_read identities_are_read_and_set_to_themselves personality_and_capabilities_can_be_asked
    prctl_keeps_what_it_is_told uname_names_linux priorities_are_taken_and_read
  `,
  'tasks: details': `
    fexecve_and_execveat_run_a_descriptor clone_refuses_nonsense waitpid_looks_at_its_arguments a_futex_in_shared_memory_is_shared
    clear_child_tid_wakes_who_waits_for_shared_memory exit_ends_all_threads_and_the_last_one_ends_the_process missed_expirations_are_overruns
  `,
  'EINTR and restarting of some calls': `
    stopping_and_continuing_interrupts_little with_SA_RESTART_calls_go_on_or_fail without_SA_RESTART_calls_fail_with_EINTR
  `,
  'sockets and epoll: details': `
    tcp_connects_and_closes_in_halves epoll_by_level_repeats_and_by_edge_does_not a_full_stream_makes_its_writer_wait
    a_waiting_accept_and_a_waiting_read_are_woken_by_closing socket_and_socketpair_look_at_their_arguments socket_options_have_their_values
  `,
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
