/**
 * Security policies: what a system lets become code. A table of rows, each a hook that a real system has, what it refuses there and with what errno
 * (SELinux: security/selinux/hooks.c and its process permissions; PR_SET_MDWE(2const); PaX MPROTECT; IPE: Documentation/admin-guide/LSM/ipe.rst;
 * mseal(2); vm.memfd_noexec). Without a policy there is no object of this class, and nothing here is asked.
 */
import { EACCES, EPERM, EROFS } from '../base/errno.ts';
import type { Va } from '../base/types.ts';
import { fileKey, type ByteString, type HostStat } from '../host/host.ts';
import { type Mappable, PROT_EXEC, PROT_READ, PROT_WRITE, type Vma } from '../mmu/vma.ts';
import type { Result } from './file.ts';
import { HostPages } from './pages.ts';
import type { KernelTask, System } from './process.ts';
import type { Args, SyscallRows } from './task.ts';

export const POLICY_NAMES = ['permissive', 'wx', 'execstack', 'ipe', 'exectramp-only', 'deny-all'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

/** Whose rows a policy has. */
const ROWS_OF: Readonly<Record<PolicyName, readonly PolicyName[]>> = {
  permissive: [], execstack: ['execstack'], wx: ['execstack', 'wx'], ipe: ['ipe'],
  'exectramp-only': ['execstack', 'wx', 'ipe', 'exectramp-only'], 'deny-all': ['execstack', 'wx', 'ipe', 'exectramp-only', 'deny-all'],
};

/** Where it is asked: mmap with shmat and remap_file_pages, mprotect with pkey_mprotect, a mapping that mremap moves or doubles, and the rest by their names. */
export type Hook = 'mmap' | 'mprotect' | 'mremap' | 'memfd_create' | 'open' | 'execve' | 'stack' | 'trampfd';
/** What is asked: memory is to have these rights. */
interface Question {
  readonly task: KernelTask;
  readonly prot: number;
  /** What is there already; null: a new mapping. */
  readonly vma: Vma | null;
  readonly object: Mappable | null;
  readonly shared: boolean;
  /** Of the object, what; and where, if it takes a place. */
  readonly offset: number;
  readonly length: number;
  readonly place: Va | null;
}
type Condition = (q: Question) => boolean;

const becomesCode: Condition = ({ prot, vma }) => (prot & PROT_EXEC) !== 0 && ((vma?.prot ?? 0) & PROT_EXEC) === 0;
const originOf = ({ object }: Question): string => object === null ? 'memory' : object.origin ?? 'memory';
const isFile: Condition = q => originOf(q) === 'file' || originOf(q) === 'memfd';
/** The kernel made it and nobody can write it: only `exectramp` rows speak of it. */
const isTrampoline: Condition = q => originOf(q) === 'trampoline';
const isStack: Condition = ({ task, vma }) => vma !== null && vma.object === null
  && (vma.label === '[stack]' || vma.start <= task.registers.rsp && task.registers.rsp < vma.end);

const CONDITIONS = {
  always: () => true,
  'heap becomes code': q => becomesCode(q) && q.vma?.label === '[heap]',
  'stack becomes code': q => becomesCode(q) && isStack(q),
  'modified file pages become code': q => becomesCode(q) && q.vma !== null && isFile(q) && q.task.process.memory.isModified(q.vma),
  'memory without a file is code': q => (q.prot & PROT_EXEC) !== 0 && originOf(q) === 'memory',
  'a file is code and can be written': q => (q.prot & PROT_EXEC) !== 0 && (q.prot & PROT_WRITE) !== 0 && isFile(q),
  'a file that could be written becomes code': q => becomesCode(q) && isFile(q) && q.vma?.wasWritable === true,
  'what is no trusted file becomes code': q => becomesCode(q) && !isTrampoline(q) && !isTrusted(q.task.process.system, q.object),
  'code of a file gets a second address': q => becomesCode(q) && isFile(q) && isCodeAlready(q),
  'code moves': ({ vma }) => vma !== null && (vma.prot & PROT_EXEC) !== 0,
  'a trampoline': isTrampoline,
} satisfies Readonly<Record<string, Condition>>;

/** Files as they came: whatever the guest ever had open for writing is its own work. */
function isTrusted({ pageCache }: System, object: Mappable | null): boolean {
  return object instanceof HostPages && pageCache.everWritten?.has(fileKey(object.stat)) !== true;
}
function isCodeAlready({ task, vma: own, object, offset, length, place }: Question): boolean {
  return task.process.memory.vmas.some(vma => vma.object === object && vma !== own && (vma.prot & PROT_EXEC) !== 0
    && vma.offset < offset + length && vma.offset + vma.end - vma.start > offset
    && !(place !== null && vma.start >= place && vma.end <= place + length));
}

export interface PolicyRow {
  readonly policy: PolicyName; readonly hook: Hook; readonly when: keyof typeof CONDITIONS;
  /** What an audit line calls what was missing. */
  readonly permission: string;
  readonly errno: number;
  /** The system it is modelled on. */
  readonly model: string;
}
const row = (policy: PolicyName, hook: Hook, when: keyof typeof CONDITIONS, permission: string, errno: number, model: string): PolicyRow => ({ policy, hook, when, permission, errno, model });

/** In the order in which they are asked. */
export const POLICY_ROWS: readonly PolicyRow[] = [
  row('execstack', 'mprotect', 'heap becomes code', 'execheap', EACCES, 'SELinux, process:execheap'),
  row('execstack', 'mprotect', 'stack becomes code', 'execstack', EACCES, 'SELinux, process:execstack'),
  row('execstack', 'stack', 'always', 'execstack', 0, 'PaX MPROTECT: execve succeeds, PT_GNU_STACK is not obeyed'),
  row('wx', 'mprotect', 'modified file pages become code', 'execmod', EACCES, 'SELinux, file:execmod'),
  row('wx', 'mmap', 'memory without a file is code', 'execmem', EACCES, 'SELinux, process:execmem'),
  row('wx', 'mprotect', 'memory without a file is code', 'execmem', EACCES, 'SELinux, process:execmem'),
  row('wx', 'mmap', 'a file is code and can be written', 'execmem', EACCES, 'SELinux, process:execmem if private; PR_SET_MDWE if shared'),
  row('wx', 'mprotect', 'a file is code and can be written', 'execmem', EACCES, 'SELinux, process:execmem if private; PR_SET_MDWE if shared'),
  row('wx', 'mprotect', 'a file that could be written becomes code', 'execmem', EACCES, 'PR_SET_MDWE, for mappings that were writable'),
  row('ipe', 'mmap', 'what is no trusted file becomes code', 'execute', EACCES, 'IPE, op=EXECUTE, hook MMAP'),
  row('ipe', 'mprotect', 'what is no trusted file becomes code', 'execute', EACCES, 'IPE, op=EXECUTE, hook MPROTECT'),
  row('ipe', 'execve', 'what is no trusted file becomes code', 'execute', EACCES, 'IPE, op=EXECUTE, hook BPRM_CHECK'),
  row('ipe', 'open', 'always', 'write', EROFS, 'IPE: what it trusts is on volumes that nobody writes (dm-verity)'),
  row('exectramp-only', 'mmap', 'code of a file gets a second address', 'execdup', EACCES, 'none: what trampfd would make unnecessary'),
  row('exectramp-only', 'mprotect', 'code of a file gets a second address', 'execdup', EACCES, 'none: what trampfd would make unnecessary'),
  row('exectramp-only', 'mremap', 'code moves', 'execdup', EPERM, 'mseal(2) of text'),
  row('deny-all', 'memfd_create', 'always', 'memfd_noexec', EACCES, 'vm.memfd_noexec = 2: without MFD_NOEXEC_SEAL'),
  row('deny-all', 'trampfd', 'always', 'exectramp', EACCES, 'trampfd RFC v1: a permission exectramp beside execmem'),
  row('deny-all', 'mmap', 'a trampoline', 'exectramp', EACCES, 'trampfd RFC v1: a permission exectramp beside execmem'),
];

/** What was refused is told once for each process and kind, and of no more than so many kinds: a program may try for ever. */
const LINES_MAX = 1000;

export class SecurityPolicy {
  /** As given: `wx,ipe`. */
  readonly name: string;
  private readonly rows: Readonly<Record<Hook, readonly PolicyRow[]>>;
  private readonly isTrustAsked: boolean;
  private readonly told = new Set<string>();
  /** For strace: what the call at hand was refused. */
  private note = '';

  constructor(name: string, rows: readonly PolicyRow[]) {
    const of = (hook: Hook): readonly PolicyRow[] => rows.filter(each => each.hook === hook);
    this.name = name;
    this.isTrustAsked = rows.some(({ policy }) => policy === 'ipe');
    this.rows = {
      mmap: of('mmap'), mprotect: of('mprotect'), mremap: of('mremap'), memfd_create: of('memfd_create'), open: of('open'), execve: of('execve'), stack: of('stack'), trampfd: of('trampfd'),
    };
  }
  /** What names with commas between them say: null for a permissive machine, a sentence for a mistake. */
  static of(text: string): SecurityPolicy | null | string {
    const names = text.split(',');
    const wrong = names.find(name => !(POLICY_NAMES as readonly string[]).includes(name));
    if (wrong !== undefined) return `option --policy takes names out of ${POLICY_NAMES.join(', ')} with commas between them, not '${wrong}'`;
    const wanted = new Set((names as PolicyName[]).flatMap(name => ROWS_OF[name]));
    return wanted.size === 0 ? null : new SecurityPolicy(text, POLICY_ROWS.filter(({ policy }) => wanted.has(policy)));
  }
  /** Trust in files needs to know which were written. */
  begin({ pageCache }: System): void { if (this.isTrustAsked) pageCache.everWritten = new Set(); }

  /** A mapping to be made, by mmap or by a call that does the same. 0 or -errno. */
  map(task: KernelTask, request: { readonly at: Va; readonly prot: number; readonly fixed: boolean; readonly object: Mappable | null; readonly shared: boolean; readonly offset: number; readonly length: number }): Result {
    return this.ask('mmap', { ...request, task, vma: null, place: request.fixed ? request.at : null });
  }
  protect(task: KernelTask, vma: Vma, prot: number): Result { return this.ask('mprotect', { ...vma, task, prot, vma, length: vma.end - vma.start, place: null }); }
  /** A mapping to be moved, or made a second time. */
  remap(task: KernelTask, vma: Vma): Result { return this.ask('mremap', { ...vma, task, vma, length: vma.end - vma.start, place: null }); }
  memfd(task: KernelTask): Result { return this.askByName('memfd_create', task, ''); }
  /** A file to be opened for writing, or cut: what is mapped as code stays as it is, and what is changed is no longer trusted. */
  write(task: KernelTask, path: ByteString): Result {
    const [row] = this.rows.open, { system } = task.process, stat = row === undefined ? 0 : system.host.stat(path, true);
    if (row === undefined || typeof stat === 'number') return 0;
    const key = fileKey(stat), isCode = ({ prot, object }: Vma): boolean => (prot & PROT_EXEC) !== 0 && object instanceof HostPages && fileKey(object.stat) === key;
    for (const { memory } of system.processes.values()) if (memory.vmas.some(isCode)) return this.deny(system, task, row, 'open', `file="${path}"`);
    system.pageCache.everWritten?.add(key);
    return 0;
  }
  /** A file to be run: a program, its interpreter, or the script that names one. */
  execute(system: System, path: ByteString, stat: HostStat): Result {
    const [row] = this.rows.execve;
    return row !== undefined && system.pageCache.everWritten?.has(fileKey(stat)) === true ? this.deny(system, null, row, 'execve', `file="${path}"`) : 0;
  }
  /** Whether the stack may be executable where PT_GNU_STACK asks for it. */
  allowsExecutableStack(system: System, path: ByteString): boolean {
    const [row] = this.rows.stack;
    if (row === undefined) return true;
    this.deny(system, null, row, 'execve', `stack of="${path}"`);
    return false;
  }
  /** The calls of trampfd, refused if the policy says so. */
  guard(rows: SyscallRows<KernelTask>): SyscallRows<KernelTask> {
    if (this.rows.trampfd.length === 0) return rows;
    return rows.map(row => ({ ...row, run: (task: KernelTask, _: Args) => this.askByName('trampfd', task, row.name) }));
  }
  /** What strace adds to the call that was just made. */
  takeNote(): string {
    const { note } = this;
    this.note = '';
    return note;
  }

  private ask(hook: 'mmap' | 'mprotect' | 'mremap', question: Question): Result {
    for (const row of this.rows[hook]) {
      if (!(CONDITIONS[row.when] as Condition)(question)) continue;
      const { task, prot, vma, object } = question;
      return this.deny(task.process.system, task, row, hook, `prot=${protText(prot)} of="${object?.name ?? vma?.label ?? ''}"`);
    }
    return 0;
  }
  private askByName(hook: Hook, task: KernelTask, call: string): Result {
    const [row] = this.rows[hook];
    return row === undefined ? 0 : this.deny(task.process.system, task, row, call === '' ? hook : call, '');
  }
  private deny(system: System, task: KernelTask | null, row: PolicyRow, call: string, what: string): Result {
    const who = task === null ? '' : ` pid=${task.process.pid} comm="${task.name}"`;
    const line = `audit: denied { ${row.permission} }${who} call=${call}${what === '' ? '' : ` ${what}`} policy=${row.policy}`;
    this.note = ` <denied: ${row.permission}, policy ${row.policy}>`;
    if (!this.told.has(line) && this.told.size < LINES_MAX) {
      this.told.add(line);
      system.host.report(`tramp64: ${line}`);
    }
    return -row.errno;
  }
}
function protText(prot: number): string { return `${(prot & PROT_READ) !== 0 ? 'r' : '-'}${(prot & PROT_WRITE) !== 0 ? 'w' : '-'}${(prot & PROT_EXEC) !== 0 ? 'x' : '-'}`; }

/** The table, for README.md. */
export function policiesAsMarkdown(): string {
  const rows = POLICY_ROWS.map(({ policy, hook, when, permission, errno, model }) => `| ${policy} | ${hook} | ${when} | ${permission} | ${ERRNO_NAMES[errno] ?? '-'} | ${model} |\n`);
  return `| policy | hook | when | permission | errno | as in |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('')}`;
}
const ERRNO_NAMES: Readonly<Record<number, string>> = { [EPERM]: 'EPERM', [EACCES]: 'EACCES', [EROFS]: 'EROFS' };
