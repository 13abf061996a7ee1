/** `tramp64 bench --program`: a program of the user's, with the files of this machine and an environment that is the same everywhere. */
import { measureUser, type UserOutcome, type UserProgram } from '../bench/user.ts';
import type { Row } from '../bench/record.ts';
import { userCellsOf } from './bench-plan.ts';
import { complain, STATUS_USAGE, type CommandHost } from './command.ts';
import { readFile } from './files.ts';
import type { Interruption } from './interruption.ts';
import { type CommandLine, lastValue } from './options.ts';
import { findProgram, STATUS_NOT_FOUND } from './run.ts';

const STATUS_WRONG = 1, STATUS_INTERRUPTED = 130, ENVIRONMENT: readonly string[] = ['PATH=/usr/local/bin:/usr/bin:/bin'];

/** Its rows, or the exit status: then it has been said why there are none. */
export async function rowsOfProgram(host: CommandHost, line: CommandLine, interruption: Interruption): Promise<readonly Row[] | number> {
  const name = lastValue(line, '--program') ?? '', cells = userCellsOf(line), settings = line.values.get('--env') ?? [], rows: Row[] = [];
  if (typeof cells === 'string') return complain(host, `bench: ${cells}`, STATUS_USAGE);
  const wrong = settings.find(setting => !/^[^=]+=/.test(setting));
  if (wrong !== undefined) return complain(host, `bench: option --env takes NAME=VALUE, not '${wrong}'`, STATUS_USAGE);
  const path = findProgram({ host, directory: host.directory, seal: () => { /* Nothing to take away. */ } }, name, [...ENVIRONMENT, ...settings]);
  if (typeof path === 'number') return complain(host, `${name}: ${path === STATUS_NOT_FOUND ? 'no such program' : 'permission denied'}`, path);
  const file = readFile(host, path);
  if (typeof file === 'string') return complain(host, `${name}: ${file}`, STATUS_USAGE);
  const program: UserProgram = { path, file, argv: [name, ...line.operands], environment: [...ENVIRONMENT, ...settings] };
  for (const cell of cells) {
    const known = cell.policy === 'permissive' ? [] : [...new Set(rows.filter(row => row.policy === 'permissive').map(row => row.mechanism))];
    const measure = (): Promise<UserOutcome> => measureUser(host, program, cell, () => interruption.breathe(), known), found = await measure();
    if (found === null) return complain(host, 'bench: interrupted; nothing was written', STATUS_INTERRUPTED);
    if (typeof found === 'string') return complain(host, `bench: ${found}`, STATUS_WRONG);
    rows.push(...found);
    const isRepeated = line.values.has('--repeat');
    if (isRepeated && JSON.stringify(await measure()) !== JSON.stringify(found)) return complain(host, `bench: ${name}: measured twice, with two results`, STATUS_WRONG);
  }
  return rows;
}
