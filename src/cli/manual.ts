/** What `tramp64` says of itself, all from the table of commands: help, the manual page (man-pages(7), groff_man(7)), and completions for three shells. */
import type { Command } from './command.ts';
import type { Option } from './options.ts';

/** What to type, and what it does. */
type Example = readonly [line: string, what: string];
const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  run: [
    ['tramp64 run ./hello world', 'run a program with an argument'],
    ['tramp64 run --strace -- ls -l', 'tell its system calls; -l is the program\'s own option'],
    ['tramp64 run --stats --max-instructions 1000000 ./loop', 'stop after a million instructions, and tell what was counted'],
    ['tramp64 run --fs overlay --policy wx bash', 'a shell whose changes to files are dropped, and which cannot write code'],
  ],
  debug: [
    ['tramp64 debug ./hello', 'commands of its own: `help` lists them'],
    ["tramp64 debug --batch -ex 'break trampoline' -ex continue -ex backtrace ./hello", 'from a script: the first trampoline, and who called it'],
    ['tramp64 debug --tui ./hello', 'a screen; ? lists its keys'],
    ['tramp64 debug --gdb 1234 ./hello', 'wait for gdb at a port of this machine'],
    ["gdb -ex 'target remote :1234' ./hello", 'and in another terminal, gdb'],
  ],
  diff: [
    ['tramp64 run --trace a.trace ./mine 1; tramp64 run --trace b.trace ./mine 2; tramp64 diff a.trace b.trace', 'where two runs of a program part'],
  ],
  disasm: [['tramp64 disasm --syntax att /bin/true | head', 'the first instructions of a program, in AT&T\'s notation']],
  bench: [
    ['tramp64 bench', 'the comparison, in words and a table'],
    ['tramp64 bench claims', 'the discussion\'s questions, answered in numbers'],
    ['tramp64 bench --filter trampfd --count 1,64,1024', 'trampfd\'s forms, one trampoline and many'],
    ['tramp64 bench --html bench.html', 'everything there is, as a page with plots'],
    ['tramp64 bench smoke --check baseline.json --update', 'write a baseline'],
    ['tramp64 bench --check baseline.json', 'measure the same again; status 1 and what changed, if anything did'],
    ['tramp64 bench all --shard 1/4 --json --output part-1.json', 'a quarter of everything, on one of four machines'],
    ['tramp64 bench merge part-*.json --html bench.html', 'and all of it again'],
    ['tramp64 bench --header > tramp64.h; gcc -O2 mine.c -o mine; tramp64 bench --program ./mine', 'a program of yours beside the others'],
  ],
  compare: [['tramp64 compare before.json after.json', 'what changed from one to the other']],
  syscalls: [['tramp64 syscalls | grep mmap', 'what mmap does, and what it does not']],
  completion: [
    ['tramp64 completion bash > ~/.local/share/bash-completion/completions/tramp64', 'for bash'],
    ['tramp64 completion zsh > "${fpath[1]}/_tramp64"', 'for zsh'], ['tramp64 completion fish > ~/.config/fish/completions/tramp64.fish', 'for fish'],
  ],
  man: [['tramp64 man | man -l -', 'read the manual page']],
};
const STATUSES: readonly (readonly [status: string, what: string])[] = [
  ['0', 'all went well'], ['1', 'bench: a guest computed something wrong, or results are not those of the baseline; compare: there are differences'], ['2', 'what was asked for makes no sense: one sentence says why'],
  ['3', 'bench: results could not be written; files are as they were'], ['70', 'a mistake of tramp64\'s own'], ['124', 'run: stopped by --max-instructions or --timeout'], ['126, 127', 'run: the program may not be run, or there is none'],
  ['130', 'bench: interrupted; nothing was written'], ['128 + N', 'run: signal N killed the program; otherwise its status is the program\'s own'],
];
const VARIABLES: readonly (readonly [name: string, what: string])[] = [
  ['GITHUB_ACTIONS', 'true: bench --check tells differences as annotations, too'], ['GITHUB_STEP_SUMMARY', 'a file that bench --check appends a summary to'],
  ['PATH', 'where run looks for programs, as it is in the program\'s environment'],
];

// — help —
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)), rows = commands.map(row => `  ${row.name.padEnd(width)}  ${row.summary}\n`).join('');
  return `usage: tramp64 COMMAND [options] ...\n\n${rows}\n  tramp64 COMMAND --help   says more\n  tramp64 --version\n\nExamples:\n${exampleText([['tramp64 run ls -l', 'run a program'], ['tramp64 bench', 'compare what trampolines cost']])}`;
}
export function helpOf(command: Command): string {
  const examples = EXAMPLES[command.name] ?? [], usage = `usage: tramp64 ${command.name} [options] ${command.operands}`.trimEnd();
  return `${usage}\n\n${command.summary}\n${command.details}\n\n${describeOptions(command.options)}${examples.length === 0 ? '' : `\nExamples:\n${exampleText(examples)}`}`;
}
function exampleText(examples: readonly Example[]): string { return examples.map(([line, what]) => `  ${line}\n      ${what}\n`).join(''); }
const headOf = ({ name, value }: Option): string => value === null ? name : `${name} ${value}`;
/** Longer heads have a line of their own. */
const HEAD_LETTERS = 26;
function describeOptions(options: readonly Option[]): string {
  const heads = options.map(headOf), width = Math.max(0, ...heads.filter(head => head.length <= HEAD_LETTERS).map(head => head.length));
  return options.map(({ help }, n) => {
    const head = heads[n] ?? '';
    return head.length > width ? `  ${head}\n  ${' '.repeat(width)}  ${help}\n` : `  ${head.padEnd(width)}  ${help}\n`;
  }).join('');
}

// — the manual page —
/** A backslash, a dash that is to be copied, and what begins a line like a request. */
const roff = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/gm, '\\&$1');
const paragraph = (head: string, text: string): string => `.TP\n.B ${roff(head)}\n${roff(text)}\n`;
export function manualPage(commands: readonly Command[], version: string): string {
  const pages = commands.map(command => `.SS tramp64 ${command.name} [options] ${roff(command.operands)}\n${roff(`${capital(command.summary)}. ${command.details.replaceAll('\n', ' ')}`)}\n`
    + command.options.filter(({ name }) => name !== '--help').map(option => `.TP\n.B ${roff(option.name)}${option.value === null ? '' : ` \\fI${roff(option.value)}\\fR`}\n${roff(capital(option.help))}.\n`).join(''));
  const examples = commands.flatMap(({ name }) => EXAMPLES[name] ?? []).map(([line, what]) => `.PP\n${roff(capital(what))}:\n.PP\n.nf\n.RS\n${roff(line)}\n.RE\n.fi\n`);
  return `.TH TRAMP64 1 "" "tramp64 ${version}" "User Commands"
.SH NAME
tramp64 \\- run x86\\-64 Linux programs and measure what a trampoline costs
.SH SYNOPSIS
.B tramp64
.I command
[options] ...
.br
.B tramp64
.BR \\-\\-help " | " \\-\\-version
.SH DESCRIPTION
${roff('tramp64 emulates an x86-64 processor and a Linux kernel, and counts instructions, faults and modelled cycles. Nothing is random: the same program, files and arguments give the same numbers, on every machine.')}
.SH COMMANDS
${pages.join('')}.SH EXIT STATUS
${STATUSES.map(([status, what]) => paragraph(status, `${capital(what)}.`)).join('')}.SH ENVIRONMENT
${VARIABLES.map(([name, what]) => paragraph(name, `${capital(what)}.`)).join('')}.SH EXAMPLES
${examples.join('')}`;
}
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

// — completions —
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];
export function completion(shell: Shell, commands: readonly Command[]): string { return { bash, zsh, fish }[shell](commands); }
const quoted = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`;
/** Values that are files or directories, of those that are not out of a list. */
const isFile = ({ value }: Option): boolean => value === 'FILE', isFolder = ({ value }: Option): boolean => value === 'DIR';
const choicesOf = ({ choices, value }: Option): string => (choices ?? (value?.includes('|') === true ? value.split('|') : [])).join(' ');
const namesOf = (commands: readonly Command[]): string => commands.map(({ name }) => name).join(' ');

function bash(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const values = options.filter(option => option.value !== null).map(option => {
      const reply = isFile(option) ? 'compgen -f' : isFolder(option) ? 'compgen -d' : `compgen -W ${quoted(choicesOf(option))}`;
      return `      ${option.name}) COMPREPLY=($(${reply} -- "$word")); return;;\n`;
    });
    return `    ${name})\n    case $before in\n${values.join('')}    esac\n    options=${quoted(options.map(option => option.name).join(' '))} words=${quoted((words ?? []).join(' '))};;\n`;
  });
  return `# bash completion for tramp64: source it, or put it where bash-completion looks.
_tramp64() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W ${quoted(`${namesOf(commands)} help --help --version`)} -- "$word")); return; fi
  case \${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W ${quoted(namesOf(commands))} -- "$word")); return;;
${cases.join('')}  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word"));;
    *) COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"));;
  esac
}
complete -o filenames -F _tramp64 tramp64
`;
}
function zsh(commands: readonly Command[]): string {
  const escaped = (text: string): string => text.replaceAll('[', '\\[').replaceAll(']', '\\]').replaceAll(':', '\\:');
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.map(option => {
      const action = isFile(option) ? '_files' : isFolder(option) ? '_files -/' : choicesOf(option) === '' ? ' ' : `(${choicesOf(option)})`;
      return quoted(`*${option.name}[${escaped(option.help)}]${option.value === null ? '' : `:${escaped(option.value)}:${action}`}`);
    });
    return `    ${name}) _arguments -S ${specs.join(' ')} ${quoted(words === undefined ? '*:file:_files' : `*: :(${words.join(' ')})`)};;\n`;
  });
  return `#compdef tramp64
_tramp64() {
  local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`)).join(' ')})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
    help) _describe command commands;;
${cases.join('')}  esac
}
_tramp64 "$@"
`;
}
/** Long options, old ones with one dash, and letters. */
export const fishName = ({ name }: Option): string => name.startsWith('--') ? `-l ${name.slice(2)}` : `${name.length > 2 ? '-o' : '-s'} ${name.slice(1)}`;
function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c tramp64 -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map(option => {
      const takes = option.value === null ? '' : isFile(option) ? ' -r -F' : isFolder(option) ? ' -x -a \'(__fish_complete_directories)\'' : choicesOf(option) === '' ? ' -x' : ` -x -a ${quoted(choicesOf(option))}`;
      return `complete -c tramp64 -n '__fish_seen_subcommand_from ${name}' ${fishName(option)}${takes} -d ${quoted(option.help)}`;
    }),
    ...(words === undefined ? [] : [`complete -c tramp64 -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(' '))}`]),
  ]);
  return `# fish completion for tramp64\ncomplete -c tramp64 -n __fish_use_subcommand -f\ncomplete -c tramp64 -n __fish_use_subcommand -l version -d 'print the version'\n${lines.join('\n')}\n`;
}
