/** Debian's gdb, in batch mode, with a C program under `tramp64 debug --gdb`: source lines, locals, threads, trampolines, and back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, '../..'), source = join(here, 'gdb.c'), folder = mkdtempSync(join(tmpdir(), 'tramp64-gdb-'));
const lines = readFileSync(source, 'utf8').split('\n');
const built = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'src/host/build.ts'), 'script', folder], { cwd: root });
assert.is(built.status, 0, String(built.stderr));
/** The number of the only line with a text. */
function line(text: string): number {
  const at = lines.findIndex(row => row.includes(text));
  assert.ok(at >= 0, text);
  return at + 1;
}
/** Starts the stub, waits for its port, and lets gdb follow a script. */
const SESSION = `
cd "$1"
rm -f err
timeout 100 "$2" "$3" debug --gdb 0 "$4" > out 2> err &
while kill -0 $! && ! grep -qs 'connect to' err; do sleep 0.1; done
timeout 90 gdb -nx -batch -ex "set remotetimeout 60" -ex "target remote :$(sed -n 's/.*connect to .*://p' err)" -x script "$4" > said 2>&1
wait $!
echo "status $?" >> said
cat said
`;
interface Session { readonly said: string; readonly out: string; readonly err: string }
function session(program: string, commands: readonly string[]): Session {
  writeFileSync(join(folder, 'script'), `set confirm off\nset width 0\nset print thread-events off\nset debuginfod enabled off\nhandle SIGUSR1 nostop noprint pass\n${commands.join('\n')}\n`);
  const { stdout } = spawnSync('sh', ['-c', SESSION, 'sh', folder, process.execPath, join(folder, 'cli.js'), program], { timeout: 240_000 });
  const text = (name: string): string => readFileSync(join(folder, name), 'latin1');
  return { said: new TextDecoder().decode(stdout), out: text('out'), err: text('err') };
}
/** Texts, one after the other; numbers and strings may stand between them. */
function follows(said: string, ...texts: readonly (string | RegExp)[]): void {
  let rest = said;
  for (const text of texts) {
    const found = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
    assert.ok(found >= 0, `${text}\nis not in\n${rest}\nof\n${said}`);
    rest = rest.slice(found + 1);
  }
}
const OUTPUT = '21 56 6 10 9 28.0\n';

for (const linking of ['-static', '-no-pie', '-pie']) {
  const program = join(folder, `guest${linking}`), gdb = suite(`gdb › a program linked ${linking}`);
  gdb.before(() => {
    const made = spawnSync('gcc', ['-g', '-O0', linking, ...linking === '-pie' ? ['-fPIE'] : [], '-o', program, source, '-lpthread']);
    assert.is(made.status, 0, String(made.stderr));
  });
  gdb('breaks, steps over, shows lines and locals, and a backtrace through a trampoline', () => {
    const { said, out } = session(program, ['break main', 'continue', 'next', 'next', 'print first', 'break landed', 'continue', 'backtrace', 'info args', 'next', 'info locals', 'finish', 'delete', 'next', 'print second', 'continue']);
    follows(said, `Breakpoint 1, main () at ${source}:${line('call)(long) = bound')}`, `${line('first = call')}\t`, `${line('second = call')}\t`, '$1 = 21',
      `landed (x=5, y=7) at ${source}:${line('product = x')}`, '#0  landed (x=5, y=7)', /#1 {2}0x[0-9a-f]+ in main \(\) at .*gdb\.c/, 'x = 5', 'y = 7', `${line('total += product')}\t`, 'product = 35',
      'Value returned is $2 = 56', '$3 = 56', 'exited with code 04', 'status 4');
    assert.is(out, OUTPUT);
  });
  gdb('steps into what a trampoline calls, and back out to the call, by lines and by instructions', () => {
    const { said } = session(program, ['break main', 'continue', 'next', 'monitor trampfd', 'step', 'backtrace', 'print y', 'reverse-step', 'set $caller = $sp', 'while $pc != landed', 'stepi', 'end', 'print $rsi', 'print $sp == $caller - 8', 'reverse-stepi', 'x/i $pc', 'print $sp == $caller', 'info line *$pc', 'break *call', 'continue', 'print $pc == call', 'stepi', 'print $pc == landed', 'reverse-stepi', 'print $sp == $caller - 8', 'kill']);
    follows(said, /TRAMPFD_USER: 0x[0-9a-f]+, called 0 times/, /registers: rsi=0x7 rip=0x[0-9a-f]+ <landed>/, 'landed (x=3, y=7)', `${line('product = x')}\t`, '#1', 'in main ()', '$1 = 7', `${line('first = call')}\t`, '$2 = 7', '$3 = 1', /=> 0x[0-9a-f]+ <main.*call +\*%/, '$4 = 1', `Line ${line('first = call')} of`);
  });
  gdb('changes registers and memory, and reads them back', () => {
    const { said, out } = session(program, ['break landed', 'continue', 'next', 'print y', 'set var product = 100', 'set $r13 = 0x1122334455667788', 'print/x $r13', 'set $xmm3.v2_double[1] = 2.5', 'print $xmm3.v2_double[1]', 'set $ymm5.v4_int64[3] = 99', 'print $ymm5.v4_int64[3]', 'set $eflags |= 1', 'print $eflags', 'print $mxcsr', 'print $fs_base != 0', 'info float', 'delete', 'finish', 'continue']);
    follows(said, '$1 = 7', '$2 = 0x1122334455667788', '$3 = 2.5', '$4 = 99', /\$5 = \[ CF/, '$6 = [ IM DM ZM OM UM PM ]', '$7 = 1', 'R7: Empty', 'Value returned is $8 = 100', 'exited with code 04');
    assert.is(out, '100 135 6 10 9 67.5\n');
  });
  gdb('stops in threads, shows them all, and stops at writes to what is watched', () => {
    const { said } = session(program, [`break ${line('*count += 1')}`, 'continue', 'info threads', 'print *count', 'watch seen[1]', 'delete 1', 'continue', 'continue', 'thread apply all backtrace 1', 'delete', 'continue']);
    follows(said, /Thread [23] .*hit Breakpoint 1, work/, /^[ *] 1 +Thread/m, /2 +Thread/, 'Hardware watchpoint 2: seen[1]', 'Old value = 0', 'New value = 1', 'Old value = 1', 'New value = 2', /Thread 3 .*\n#0 {2}/, /Thread 1 .*\n#0 {2}/, 'exited with code 04');
  });
  gdb('goes back to the write that set a variable, over lines and out of functions', () => {
    const { said, out } = session(program, [`break ${line('printf')}`, 'continue', 'print total', 'print half', 'watch total', 'reverse-continue', 'backtrace', 'print total', 'reverse-continue', 'print total', 'info locals', 'delete', 'reverse-finish', 'reverse-next', 'next', 'print first', 'reverse-step', 'info locals', 'continue']);
    follows(said, '$1 = 56', '$2 = 28', 'Hardware watchpoint 2: total', 'Old value = 56', 'New value = 21', 'landed (x=5, y=7)', '#1', 'main ()', '$3 = 21', 'Old value = 21', 'New value = 0', '$4 = 0', 'product = 21',
      `${line('first = call')}\t`, `${line('first = call')}\t`, `${line('second = call')}\t`, '$5 = 21', 'landed (x=3, y=7)', 'product = 21', 'exited with code 04');
    assert.is(out, OUTPUT);
  });
  gdb('hears of signals, forks and system calls, before and after', () => {
    const { said, out } = session(program, ['handle SIGUSR1 stop print pass', 'catch fork', 'catch syscall wait4', 'continue', 'print $_siginfo.si_signo', 'print caught', 'continue', 'print caught', 'continue', 'continue', 'delete', 'continue']);
    follows(said, 'Program received signal SIGUSR1', '$1 = 10', '$2 = 0', 'Catchpoint 1 (forked process', '$3 = 10', "Catchpoint 2 (call to syscall wait4", 'Catchpoint 2 (returned from syscall wait4', 'exited with code 04');
    assert.is(out, OUTPUT);
  });
  gdb('shows variables of a thread, and files that are made up', () => {
    const isDynamic = linking !== '-static';
    const { said } = session(program, [`break ${line('return argument')}`, 'continue', 'print own', 'print $_siginfo.si_signo', 'thread 1', 'print own', ...isDynamic ? ['print errno'] : [], 'info proc mappings', 'info proc cmdline', 'kill']);
    follows(said, '$1 = 8', '$2 = 5', '[Switching to thread 1', '$3 = 5', ...isDynamic ? ['$4 = 0'] : [], /0x[0-9a-f]+ +0x[0-9a-f]+ .* r-xp .*guest/, '[stack]', `cmdline = '${program}'`);
  });
  gdb('keeps a signal from the program, or calls a function in it', () => {
    const { said, out } = session(program, ['handle SIGUSR1 stop print pass', 'continue', 'signal 0']);
    follows(said, 'SIGUSR1', 'exited with code 04');
    assert.is(out, '21 56 6 0 9 28.0\n');
    follows(session(program, ['break landed', 'continue', 'delete', 'print landed(2, 3)', 'print total', 'continue']).said, '$1 = 6', '$2 = 6', 'status 4');
  });
  gdb('lets go, and the program goes on', () => {
    const { said, out } = session(program, ['break landed', 'continue', 'detach']);
    follows(said, 'detached]', 'status 4');
    assert.is(out, OUTPUT);
  });
  gdb.run();
}
const end = suite('gdb › end');
end.after(() => { rmSync(folder, { recursive: true }); });
end('nothing is left', () => { assert.ok(true); });
end.run();
