/** What a session has to show, gathered for a screen of a size. */
import type { Va } from '../../base/types.ts';
import { CAUSES, kernelCycles } from '../../timing/causes.ts';
import { codeAt, codeBefore } from '../code.ts';
import { Mistake } from '../mistake.ts';
import { flagNames, numberOf } from '../registers.ts';
import { pageTable } from '../reports.ts';
import type { Session } from '../repl/session.ts';
import { hex } from '../repl/values.ts';
import type { Layout, View } from './render.ts';

/** What the user has chosen to look at; null: where the program is. */
export interface Choice { readonly code: Va | null; readonly memory: Va | null; readonly walk: Va | null; readonly stackBytes: number }
/** Registers as they were before the program went on. */
export type Before = ReadonlyMap<string, bigint>;
export interface Spoken { readonly reason: string; readonly bottom: string; readonly overlay: readonly string[] | null; readonly events: readonly string[] }

const WORD_BYTES = 8, ROW_BYTES = 8, GENERAL = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'], EMPTY = { registers: [], rip: '', flags: '', isFlagsChanged: false, code: [], walkTitle: 'page table', walk: [], stackTitle: 'stack', stack: [], memoryTitle: 'memory', memory: [] };

export function registersOf(session: Session): Before {
  const values = new Map<string, bigint>();
  try { for (const name of [...GENERAL, 'eflags']) values.set(name, session.register(name) ?? 0n); } catch (error) { if (!(error instanceof Mistake)) throw error; }
  return values;
}
export function viewOf(session: Session, choice: Choice, before: Before, spoken: Spoken, layout: Layout): View {
  const { reason, bottom, overlay, events } = spoken, base = { ...EMPTY, title: ' tramp64', reason, cycles: '', events, bottom, overlay };
  if (!session.hasTarget) return { ...base, reason: reason === '' ? 'not running' : reason };
  const { target } = session, cycles = cyclesLine(session), { instructions, events: count } = target.position;
  if (!session.isAlive) return { ...base, cycles, title: ` tramp64  instruction ${instructions}`, reason: reason === '' ? 'ended' : reason };
  const { process, tid } = session, now = registersOf(session), isChanged = (name: string): boolean => before.size > 0 && before.get(name) !== now.get(name);
  const flags = Number(now.get('eflags') ?? 0n), rsp = Number(now.get('rsp') ?? 0n), at = choice.walk ?? choice.memory ?? session.rip;
  return {
    ...base, cycles, title: ` tramp64  ${process.executable.path}  thread ${tid}${target.tasks.length > 1 ? ` of ${target.tasks.length}` : ''}  instruction ${instructions}  event ${Math.floor(count)}`,
    registers: GENERAL.map(name => ({ name, value: now.get(name) ?? 0n, isChanged: isChanged(name) })),
    rip: session.place(session.rip), flags: flagNames(flags), isFlagsChanged: isChanged('eflags'),
    code: codeRows(session, choice.code, layout.code),
    ...walkRows(session, at),
    stackTitle: `stack ${hex(rsp + choice.stackBytes)}`, stack: stackRows(session, rsp, choice.stackBytes, layout.stack),
    memoryTitle: choice.memory === null ? 'memory at rip' : `memory ${session.place(choice.memory)}`, memory: memoryRows(session, choice.memory ?? session.rip, layout),
  };
}
function cyclesLine({ target: { now } }: Session): string {
  const { cycles, causes } = now.counters(), shown = (value: number): string => Math.round(value).toLocaleString('en');
  const inKernel = CAUSES.filter(({ isKernel }) => isKernel).map(({ cause, name }) => [name, causes[cause]] as const), parts = [['program', cycles - kernelCycles(causes)] as const, ...inKernel];
  return `cycles ${shown(cycles)} = ${parts.filter(([, value]) => value > 0).map(([name, value]) => `${name} ${shown(value)}`).join(' + ') || '0'}`;
}
/** The chosen instruction, or the next one, a third from the top. */
function codeRows(session: Session, chosen: Va | null, count: number): View['code'] {
  const { target, names, process, rip } = session, centre = chosen ?? rip, above = codeBefore(target, names, process, centre, Math.floor(count / 3)), rest = codeAt(target, names, process, centre, count - above.length);
  return [...above, ...rest].map(({ address, text }) => {
    const hasPoint = session.points.all.some(({ cause, isEnabled }) => isEnabled && cause.kind === 'break' && cause.address === address), isHere = address === rip;
    const name = names.at(process, address);
    return { isHere, mark: isHere ? '=>' : hasPoint ? 'b' : address === chosen ? '>' : '', text: `${hasPoint && isHere ? 'b ' : ''}${name ?? hex(address)}: ${text}` };
  });
}
function walkRows(session: Session, at: Va): Pick<View, 'walkTitle' | 'walk'> {
  const lines = pageTable(session.process, at), short = lines.filter(line => !line.startsWith('cr3') && !line.startsWith('frame')).map(line => line.replace(/ at 0x[0-9a-f]+: 0x/, ' ').replace(/ +/g, ' ').replace(/^mapping 0x(\S+)-0x(\S+)/, '$1-$2'));
  return { walkTitle: `page table ${hex(at)}`, walk: short };
}
function stackRows(session: Session, rsp: Va, from: number, count: number): readonly string[] {
  const bytes = session.load(BigInt(rsp + from), WORD_BYTES * count), rows: string[] = [];
  for (let at = 0; at + WORD_BYTES <= bytes.length; at += WORD_BYTES) {
    const value = numberOf(bytes.subarray(at, at + WORD_BYTES)), name = value < 1n << 47n ? session.nameOf(Number(value)) : null;
    rows.push(`+${(from + at).toString(16).padStart(2, '0')} ${value.toString(16).padStart(16, '0')}${name === null ? '' : ` ${name}`}`);
  }
  return rows;
}
function memoryRows(session: Session, from: Va, { memory, right }: Layout): readonly string[] {
  const bytes = session.load(BigInt(from), ROW_BYTES * memory), rows: string[] = [], hasText = right >= 38;
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)], text = row.map(byte => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.').join('');
    rows.push(`${`+${at.toString(16)}`.padEnd(4)} ${row.map(byte => byte.toString(16).padStart(2, '0')).join(' ')}${hasText ? ` ${text}` : ''}`);
  }
  return rows.length === 0 ? ['(not mapped)'] : rows;
}
