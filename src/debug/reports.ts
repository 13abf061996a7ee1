/** What there is to know of a target beside registers and memory, in words: trampolines, mappings, page tables, TLB, counts. Every report is lines of text. */
import { TLB } from '../base/layout.ts';
import type { Va } from '../base/types.ts';
import { vaOf } from '../base/words.ts';
import type { KernelProcess } from '../syscalls/process.ts';
import { symbolAt } from '../syscalls/symbols.ts';
import { TrampolineFile } from '../trampfd/trampoline.ts';
import { hexOf } from './hex.ts';
import { GENERAL } from './registers.ts';
import type { Target } from './target.ts';

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
function named(process: KernelProcess, at: Va): string {
  const symbol = symbolAt(process, at);
  return symbol === null ? hex(at) : `${hex(at)} <${symbol}>`;
}

/** Every object: where it is mapped, its contexts, how often it was called. */
export function trampolines({ now }: Target, process: KernelProcess): readonly string[] {
  return now.trampolines.objects.flatMap(object => {
    const places = process.memory.vmas.filter(vma => vma.object === object).map(({ start }) => hex(start)).join(', ') || 'not mapped';
    const head = object.fdinfo().trimEnd().replaceAll('\n', ', ').replace(/^type: /, '');
    if (!(object instanceof TrampolineFile)) return [`${head}: ${places}`];
    const { registers, stack, allowedPcs, invocations } = object;
    const loads = registers === null ? [] : Array.from({ length: registers.loads.length / 3 }, (_, k) => `${GENERAL[registers.loads[3 * k]!]}=${hex(vaOf(registers.loads[3 * k + 1]!, registers.loads[3 * k + 2]!))}`);
    return [
      `${head}: ${places}, called ${invocations} times`,
      ...registers === null ? [] : [`  registers: ${[...loads, `rip=${named(process, registers.target)}`].join(' ')}`],
      ...stack === null ? [] : [`  stack: ${hexOf(stack.data)}, ${stack.offset} bytes below rsp${stack.isMoving ? ', which moves' : ''}`],
      ...allowedPcs === null ? [] : [`  allowed: ${allowedPcs.values.map(hex).join(' ')}`],
    ];
  });
}
export function maps({ memory }: KernelProcess): readonly string[] { return memory.procMaps().trimEnd().split('\n'); }

const LEVELS = ['', 'PTE', 'PDE', 'PDPTE', 'PML4E'], NX = 1n << 63n;
/** Bits of an entry by their names (SDM vol. 3A table 4-20). */
const BITS: readonly (readonly [bit: bigint, name: string])[] = [[1n, 'P'], [2n, 'W'], [4n, 'U'], [0x20n, 'A'], [0x40n, 'D'], [0x80n, 'PS'], [NX, 'NX']];
/** The entries on the way to an address, and what lies there. */
export function pageTable({ memory }: KernelProcess, at: Va): readonly string[] {
  const steps = memory.walk(at), last = steps.at(-1), vma = memory.find(at);
  const rows = steps.map(({ level, at: where, entry }) => `${LEVELS[level]!.padEnd(6)} at ${hex(where)}: ${hex(entry).padEnd(18)} ${BITS.filter(([bit]) => (entry & bit) !== 0n).map(([, name]) => name).join(' ') || 'not present'}`);
  const leaf = last?.level === 1 && (last.entry & 1n) !== 0n ? [`frame  ${hex(last.entry & 0x7ffff000n)}`] : [];
  return [`cr3    ${hex(memory.root)}`, ...rows, ...leaf, vma === null ? 'no mapping' : `mapping ${hex(vma.start)}-${hex(vma.end)} ${vma.label}`.trimEnd()];
}
/** Valid entries of the TLB. */
export function tlb({ now }: Target): readonly string[] {
  const words = now.memory.i32, rows: string[] = [], INVALID = 1;
  for (let entry = 0; entry < TLB.entries; entry++) {
    const at = (TLB.at + TLB.entryBytes * entry) >> 2, page = words[at + (TLB.read >> 2)]!;
    if (page === INVALID) continue;
    const has = (tag: number): boolean => words[at + (tag >> 2)] === page;
    const physical = (page + words[at + (TLB.addend >> 2)]!) | 0;
    rows.push(`${hex(vaOf(page, words[at + (TLB.read >> 2) + 1]!)).padEnd(16)} ${hex(physical)} r${has(TLB.write) ? 'w' : '-'}${has(TLB.execute) ? 'x' : '-'}`);
  }
  return [`${rows.length} of ${TLB.entries} entries, ${now.counters().tlbMisses} misses`, ...rows.sort()];
}
export function counts({ now, position }: Target): readonly string[] {
  const rows = [...now.stats(), ['events', position.events] as const], width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value.toLocaleString('en')}`);
}
/** The policy in force. */
export function policy({ now }: Target): string { return now.kernel.system.policy?.name ?? 'permissive'; }
