/** The suite `claims`: the discussion's open questions one by one, each with the numbers behind the answer. */
import { CONTENDERS, type Contender, type Progress } from './contenders.ts';
import { counters, invocationOf, lifeOf, trials } from './measure.ts';
import { outcome, POLICIES } from './policies.ts';
import { memoryOf } from './record.ts';
import { columns } from './report.ts';

const named = (name: string): Contender => {
  const contender = CONTENDERS.find(each => each.name === name);
  if (contender === undefined) throw new Error(`no contender ${name}`);
  return contender;
};
/** What pages take is asked of these; of the descriptors there are no 10,000. */
const REMEMBERED = ['return trampoline, drop', 'return trampoline, compact', 'return trampoline, 1 byte', 'code page + data page', '(1) written, W+X', 'trampfd, table', 'trampfd, by address', 'trampfd, by address, fast', 'system-call route'];
const COUNTS = [1, 100, 10_000];
const TRIED = ['(1) written, W+X', '(2) written, then X', 'memory file, mapped twice', '(3) temporary file', 'code page + data page', '(4) text remapped', 'GCC nested function', 'libffi, ported', 'trampfd, by fault', 'system-call route', 'signal'];

export async function claims(progress: Progress): Promise<string> {
  const parts: readonly (readonly [what: string, answer: () => string])[] = [
    ['getpid()', getpid], ['userspace', userspace], ['memory', bytesAt], ['policies', stops], ['descriptors and system calls', styles],
  ];
  const answers: string[] = [];
  for (const [n, [what, answer]] of parts.entries()) {
    await progress(`${n + 1}/${parts.length} ${what}`);
    answers.push(answer());
  }
  return answers.join('\n');
}
const cyclesOf = (name: string): number => invocationOf(named(name)).cycles;
/** Beyond an indirect call, which they all are. */
const beyond = (name: string): number => cyclesOf(name) - cyclesOf('indirect call');
const holds = (does: boolean): string => does ? 'yes' : 'no';
const fixed = (value: number, digits = 1): string => value.toFixed(digits);

function getpid(): string {
  const call = beyond('system call'), names = ['trampfd, by fault', 'system-call route', 'trampfd, fast', 'trampfd, table', 'signal'], ratio = beyond('trampfd, by fault') / call;
  return `1. Does an invocation take about as long as getpid()? By fault: ${holds(ratio < 1.5)}, ${fixed(ratio)} times as long; ${fixed(beyond('system-call route') / call)} times where the trampoline is a system call. With generated code: less, without the kernel.

${columns([['cycles beyond an indirect call', 'cycles', 'of a getpid()'], ['getpid() (getppid: nothing is cached)', fixed(call), '1.00'], ...names.map(name => [name, fixed(beyond(name)), fixed(beyond(name) / call, 2)])])}
`;
}
function userspace(): string {
  const names = ['code page + data page', 'return trampoline, return', 'return trampoline, drop', 'return trampoline, compact', 'libffi, static', 'trampfd, fast', 'trampfd, table'];
  const fault = cyclesOf('trampfd, by fault'), least = Math.min(...names.slice(0, 4).map(name => fault / cyclesOf(name)));
  return `2. How much faster is userspace than trampfd by fault? ${fixed(least, 0)} times or more; so is code that the kernel generates.

${columns([['an invocation', 'instructions', 'cycles', 'times faster than by fault'], ...['trampfd, by fault', ...names].map(name => {
  const { instructions, cycles } = invocationOf(named(name));
  return [name, fixed(instructions), fixed(cycles), fixed(fault / cycles)];
})])}
`;
}
function bytesAt(): string {
  const base = named('indirect call'), baseline = new Map(COUNTS.map(count => [count, counters(base, { count })]));
  const rows = REMEMBERED.map(name => [name, ...COUNTS.flatMap(count => {
    const plain = baseline.get(count);
    if (plain === undefined) return [];
    const { code, data, tables, kernel } = memoryOf(plain, counters(named(name), { count }), 1), user = code + data + tables;
    return [fixed(user, 0), fixed(kernel, 0), fixed((user + kernel) / count, 0)];
  })]);
  return `3. What does it cost in memory? Bytes beyond the indirect call's: pages (code, data, page tables), the kernel's objects, and both for each trampoline.

${columns([['trampolines at once', ...COUNTS.flatMap(count => [`${count}: pages`, 'objects', 'each'])], ...rows])}

By fault there is no page, whatever the number: an object in the kernel, and a mapping, which is not counted.
`;
}
function stops(): string {
  const rows = TRIED.map(name => [name, ...trials(named(name), POLICIES).map(outcome)]);
  return `4. When does each mechanism stop working? Cycles of an invocation where it works, else the call that was refused.

${columns([['one trampoline', ...POLICIES], ...rows])}
`;
}
function styles(): string {
  const forms = ['trampfd, by fault', 'trampfd, by address', 'trampfd, fast', 'trampfd, by address, fast'], parts = ['create', 'change', 'free'] as const;
  const cells = forms.map(name => [name, ...parts.flatMap(part => {
    const cost = lifeOf(named(name))[part];
    return cost === null ? ['-', '-'] : [fixed(cost.systemCalls, 0), fixed(cost.cycles, 0)];
  }), 'most' in named(name) ? '1' : '0']);
  const total = (name: string): number => parts.reduce((sum, part) => sum + (lifeOf(named(name))[part]?.cycles ?? 0), 0);
  const more = total('trampfd, by fault') / total('trampfd, by address') - 1;
  return `5. What does the descriptor form cost against the system-call form? A descriptor for each trampoline, more calls, and ${fixed(100 * more, 0)} % more cycles for its life by fault.

${columns([['one of many', 'create: calls', 'cycles', 'change: calls', 'cycles', 'free: calls', 'cycles', 'descriptors'], ...cells])}
`;
}
