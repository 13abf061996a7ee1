/** The table form (trampfd RFC v2, 22 September 2020): a page of generated entries, each of which finds its PC and its data in tables of the program's. */
import { EEXIST, EFAULT, EINVAL, ENOMEM } from '../base/errno.ts';
import { PAGE_BYTES } from '../base/layout.ts';
import type { Pa } from '../base/types.ts';
import type { MapRequest } from '../mmu/address-space.ts';
import { PROT_EXEC, PROT_READ, type Mappable, type Vma } from '../mmu/vma.ts';
import type { File, Result, Stat, UserBuffer } from '../syscalls/file.ts';
import type { PhysicalMemory } from '../syscalls/pages.ts';
import type { KernelTask } from '../syscalls/process.ts';
import { MAP_PRIVATE, SEEK_SET } from '../syscalls/uapi.ts';
import { ENDBR64, quadword } from './codegen.ts';
import { CODE_OFFSET, DATA_OFFSET, FIRST_TABLE_NAME, REGISTER_OF_NAME, TABLE, TABLE_BYTES, TABLE_OFFSETS } from './uapi.ts';

export interface CodeTable { readonly count: number; readonly register: number; readonly at: bigint }
export interface DataTable { readonly register: number; readonly at: bigint }

/** One reference for the open file description, one for the mapping; `gone` is called when the last goes. */
export class TableFile implements File, Mappable {
  readonly name = '[trampfd]';
  readonly origin = 'trampoline' as const;
  readonly isAddressed = true;
  /** The page of code, while it is mapped. */
  frame: Pa | null = null;
  private code: CodeTable | null = null;
  private data: DataTable | null = null;
  private memory: PhysicalMemory | null = null;
  private mappings = 0;
  private references = 1;
  private readonly owner: object;
  private readonly gone: (object: TableFile) => void;

  /** `owner`: the process that makes it, the only one that may map it. */
  constructor(owner: object, gone: (object: TableFile) => void) { this.owner = owner; this.gone = gone; }

  // — the file —
  write(from: UserBuffer, at: number): Result {
    if (from.address === 0 || from.length === 0) return -EINVAL;
    if (at !== CODE_OFFSET && at !== DATA_OFFSET || from.length !== TABLE_BYTES) return -EINVAL;
    const bytes = new Uint8Array(TABLE_BYTES);
    if (!from.memory.copyIn(from.address, bytes)) return -EFAULT;
    const view = new DataView(bytes.buffer), result = at === CODE_OFFSET ? this.writeCode(view) : this.writeData(view);
    return result < 0 ? result : from.length;
  }
  private writeCode(view: DataView): Result {
    if (this.code !== null) return -EEXIST;
    const count = view.getUint32(0, true), register = registerOf(view.getUint32(4, true)), at = view.getBigUint64(8, true);
    if (count < 1 || count > TABLE.entries || register === null || at === 0n || register === this.data?.register) return -EINVAL;
    this.code = { count, register, at };
    return 0;
  }
  private writeData(view: DataView): Result {
    if (this.data !== null) return -EEXIST;
    const register = registerOf(view.getUint32(0, true)), at = view.getBigUint64(8, true);
    if (register === null || view.getUint32(4, true) !== 0 || at === 0n || register === this.code?.register) return -EINVAL;
    this.data = { register, at };
    return 0;
  }
  seek(offset: number, whence: number): Result { return whence === SEEK_SET && offset >= 0 && offset < TABLE_OFFSETS ? offset : -EINVAL; }
  stat(): Stat { return { mode: 0o600, nlink: 1, blksize: 4096 }; }
  fdinfo(): string { return 'type: TRAMPFD_TABLE\n'; }
  release(): void { this.drop(); }

  // — the mapping —
  map(request: MapRequest, flags: number, task: KernelTask): MapRequest | Result {
    if (request.length !== PAGE_BYTES || request.offset !== TABLE.offset || flags !== MAP_PRIVATE || request.prot !== (PROT_READ | PROT_EXEC)) return -EINVAL;
    const { process } = task, { code, data } = this;
    if (process !== this.owner || code === null || data === null) return -EINVAL;
    if (this.mappings > 0) return -EEXIST;
    if (this.frame === null) {
      this.memory = process.system.memory;
      const frame = this.memory.frames.allocate();
      if (frame === -1) return -ENOMEM;
      this.memory.write(frame, pageOf(code, data));
      this.frame = frame;
    }
    return { ...request, maxProt: PROT_READ | PROT_EXEC, special: true, inherit: false, object: this };
  }
  page(): Pa | null { return this.frame; }
  mapped(_vma: Vma): void { this.mappings += 1; this.references += 1; }
  unmapped(): void {
    this.mappings -= 1;
    if (this.mappings === 0) this.free();
    this.drop();
  }
  private free(): void {
    if (this.frame !== null) this.memory?.frames.release(this.frame);
    this.frame = null;
  }
  private drop(): void {
    this.references -= 1;
    if (this.references > 0) return;
    this.free();
    this.gone(this);
  }
}

/** A general register; null: the name is a 32-bit one, or nobody's. */
function registerOf(name: number): number | null { return REGISTER_OF_NAME[name - FIRST_TABLE_NAME] ?? null; }

const REX_W = 0x48, REX_R = 4, REX_B = 1, RSP = 4, RBP = 5, INT3 = 0xcc;
function movabs(register: number, value: bigint): readonly number[] {
  return [REX_W | (register > 7 ? REX_B : 0), 0xb8 | register & 7, ...quadword(value)];
}
/** MOV r64, [r64]: r12's low bits announce a SIB, rbp's and r13's a displacement. */
function loadItself(register: number): readonly number[] {
  const low = register & 7, modrm = low << 3 | low;
  return [REX_W | (register > 7 ? REX_R | REX_B : 0), 0x8b, ...low === RSP ? [modrm, 0x24] : low === RBP ? [0x40 | modrm, 0] : [modrm]];
}
/** Entry X: endbr64; movabs $&code[X], creg; mov (creg), creg; movabs $&data[X], dreg; mov (dreg), dreg; jmp *creg; nopl (%rax); padding. */
export function entryOf(code: CodeTable, data: DataTable, index: number): readonly number[] {
  const creg = code.register, at = (table: bigint): bigint => BigInt.asUintN(64, table + BigInt(8 * index));
  return [
    ...ENDBR64, ...movabs(creg, at(code.at)), ...loadItself(creg), ...movabs(data.register, at(data.at)), ...loadItself(data.register),
    ...creg > 7 ? [0x40 | REX_B] : [], 0xff, 0xe0 | creg & 7, 0x0f, 0x1f, 0x00,
  ];
}
function pageOf(code: CodeTable, data: DataTable): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES).fill(INT3);
  for (let index = 0; index < code.count; index++) page.set(entryOf(code, data, index), index * TABLE.entryBytes);
  return page;
}

