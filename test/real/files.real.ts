/** Shell scripts that work on files, natively and here: on the disk, and in an overlay, which leaves the disk as it was. Needs sh and coreutils. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'tramp64-files-'));
const TRAMP64 = [process.execPath, join(folder, 'dist/cli.js'), 'run'];
const built = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'src'), '--outDir', join(folder, 'dist')]);
if (built.status !== 0) throw new Error(new TextDecoder().decode(built.stdout));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

/** What is there: names, kinds, modes, links, contents. */
const TREE = 'find . ! -type d -exec stat -c "%n %F %a %s %h" {} + | sort; find . -type d -exec stat -c "%n %F %a" {} + | sort; find . -type f -exec cksum {} + | sort';
/** The files get times of their own: what is planted within one tick of the clock would else be of one age now and of two the next time (`cp -u`). */
const PLANT = 'mkdir -p d/e; echo a >a; echo b >d/b; seq 5000 >d/e/n; ln -s d l; ln -s nothing none; ln -s ../a d/up; chmod 640 a; umask 022; touch -d @1000000000 a; touch -d @1000000001 d/b; touch -d @1000000002 d/e/n';
const SCRIPTS: readonly string[] = [
  'cat a d/b d/up l/b; wc d/e/n; cat none', 'echo more >>a; echo new >n; cp a d/a2; cp -r d copy; mv a d/e/moved', 'rm a; rm -r d; mkdir d; echo other >d/b', 'mv d x; mv x/e .; ls -R',
  'ln a hard; ln d/e/n l/hard; echo x >>hard; cat a; rm a; cat hard', 'ln -sf a l; ls -l | cut -c1-10; readlink l; rm l; ls', 'truncate -s 3 d/e/n; truncate -s 10000 a; cksum a; dd if=d/b of=d/e/n bs=1 seek=2 conv=notrunc status=none',
  'rmdir d; rmdir d/e; rm d; mkdir d; mkdir none; cat l/b/x; cd a; ls nothing', 'mv d d/e/x; mv d/b d; mv a l; cat l/a; cp -a l m; ls -l m | cut -c1-10', 'chmod 600 d/b; chmod 700 d; touch -d @1000000000 a; stat -c %Y a; touch -h -d @5 l; stat -c %Y l',
  'mkfifo f; (echo through >f &) ; cat f; ls -l f | cut -c1-10; rm f', 'mkfifo p q; (cat p >q &) ; (seq 3 >p &) ; cat q; mv p d; stat -c "%F %a" d/p; rm d/p q', 'umask 077; mkdir private; echo x >private/x; stat -c %a private private/x',
  'cd d/e; cd ..; pwd | sed s,.*/,,; ls ../l/; cd -P ../l/e; ls; (cd ../..; rm -r d); ls ../b 2>/dev/null || echo gone', 'i=0; while [ $i -lt 40 ]; do mkdir -p t/$i; echo $i >t/$i/f; i=$((i+1)); done; mv t/1 t/x; rm -r t/2*; ls t; cat t/*/f | cksum',
  'exec 3<a; rm a; cat <&3; exec 4>n; mv n d/n; echo late >&4; cat d/n', 'echo in memory >/dev/shm/tramp64-test; cat /dev/shm/tramp64-test; rm /dev/shm/tramp64-test', 'tr -d 0 </dev/zero | head -c 3 | od -An -tx1; head -c 2 /dev/full | od -An -c; echo x 2>/dev/null >/dev/full || echo full; cat </dev/null',
  'set -C; echo x >a || echo kept; cat a; cp -l a hard; cmp a hard && echo same; cp -u d/b a; cat a', 'sed -i s/1/I/g d/e/n; sort -u -o d/e/n d/e/n; head -3 d/e/n; tar cf t.tar d l; rm -r d l; tar xf t.tar 2>/dev/null; rm t.tar; ls -R',
  'readlink /proc/self/exe | sed s,.*/,,; cd /proc/self; cat comm; cd /proc; ls -d self; cat self/../self/comm; test -e /proc/none || echo no',
];
interface Outcome { readonly status: number | null; readonly said: string; readonly tree: string }
const decoder = new TextDecoder('latin1');
function run(place: string, ...words: readonly string[]): { status: number | null; said: string } {
  const [head = '', ...rest] = words, { status, stdout, stderr } = spawnSync(head, rest, { cwd: place, timeout: 120_000 });
  return { status, said: decoder.decode(stdout) + decoder.decode(stderr) };
}
const treeOf = (place: string): string => run(place, 'sh', '-c', TREE).said;
function outcomeOf(script: string, command: readonly string[]): Outcome & { readonly planted: string } {
  const place = mkdtempSync(join(folder, 'run-'));
  run(place, 'sh', '-c', PLANT);
  const planted = treeOf(place), { status, said } = run(place, ...command, '/bin/sh', '-c', script);
  return { status, said: said.replaceAll(place, 'HERE'), tree: treeOf(place), planted };
}
const scripts = suite('real › scripts');
for (const script of SCRIPTS) {
  scripts(script, () => {
    const native = outcomeOf(script, []), here = outcomeOf(script, TRAMP64);
    assert.equal(here, native);
    // In an overlay the script sees what it did, and nobody else does.
    const whole = `${script}\n{ cd -P "$HOME" && ${TREE}; } 2>&1`, inside = 'HOME=$PWD; ';
    const [real, over] = [outcomeOf(inside + whole, []), outcomeOf(inside + whole, [...TRAMP64, '--fs', 'overlay'])];
    assert.is(over.said, real.said);
    assert.is(over.tree, over.planted);
  });
}
scripts.after(() => rmSync(folder, { recursive: true, force: true }));
scripts.run();
