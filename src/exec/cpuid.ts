/**
 * What CPUID reports (SDM vol. 2, CPUID; AMD APM vol. 3, appendix E): a Zen 3 as far as it is implemented. A bit is set
 * only if what it promises works, so programs choose their baseline (x86-64-v1) code.
 */
export interface CpuidRow { readonly leaf: number; readonly subleaf?: number; readonly eax: number; readonly ebx: number; readonly ecx: number; readonly edx: number }

const bits = (...numbers: readonly number[]): number => numbers.reduce((word, n) => word | (1 << n), 0);
const text = (four: string): number => [...four].reduceRight((word, c) => (word << 8) | c.charCodeAt(0), 0);
const vendor = { ebx: text('Auth'), edx: text('enti'), ecx: text('cAMD') };
/** Family 25 (19h), model 1, stepping 1: the base family is 15, the rest is extended. */
const SIGNATURE = (10 << 20) | (0 << 16) | (15 << 8) | (1 << 4) | 1;
const brand = (leaf: number, sixteen: string): CpuidRow =>
  ({ leaf, eax: text(sixteen.slice(0, 4)), ebx: text(sixteen.slice(4, 8)), ecx: text(sixteen.slice(8, 12)), edx: text(sixteen.slice(12, 16)) });
/** A cache of leaf 8000001Dh: level, type (1 data, 2 instructions, 3 unified), ways, sets of 64-byte lines. */
const cache = (subleaf: number, level: number, type: number, ways: number, sets: number): CpuidRow =>
  ({ leaf: 0x8000001d, subleaf, eax: type | (level << 5) | (1 << 8), ebx: 63 | ((ways - 1) << 22), ecx: sets - 1, edx: 0 });

export const CPUID_ROWS: readonly CpuidRow[] = [
  { leaf: 0, eax: 7, ...vendor },
  // ecx: CX16 POPCNT. edx: FPU TSC MSR PAE CX8 CMOV CLFLUSH FXSR SSE SSE2.
  { leaf: 1, eax: SIGNATURE, ebx: (8 << 8) | (1 << 16), ecx: bits(13, 23), edx: bits(0, 4, 5, 6, 8, 15, 19, 24, 25, 26) },
  { leaf: 7, subleaf: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 },
  { leaf: 0x80000000, eax: 0x8000001e | 0, ...vendor },
  // ecx: LAHF in long mode, LZCNT. edx: SYSCALL NX RDTSCP LM.
  { leaf: 0x80000001, eax: SIGNATURE, ebx: 0, ecx: bits(0, 5), edx: bits(11, 20, 27, 29) },
  brand(0x80000002, 'tramp64 emulated'), brand(0x80000003, ' Zen 3 processor'), brand(0x80000004, '\0'.repeat(16)),
  { leaf: 0x80000005, eax: 0, ebx: 0, ecx: (32 << 24) | (8 << 16) | (1 << 8) | 64, edx: (32 << 24) | (8 << 16) | (1 << 8) | 64 },
  // L2 512 KiB, 8 ways (code 6); L3 64 units of 512 KiB, 16 ways (code 8).
  { leaf: 0x80000006, eax: 0, ebx: 0, ecx: (512 << 16) | (6 << 12) | (1 << 8) | 64, edx: (64 << 18) | (8 << 12) | (1 << 8) | 64 },
  { leaf: 0x80000007, eax: 0, ebx: 0, ecx: 0, edx: bits(8) },
  { leaf: 0x80000008, eax: (48 << 8) | 48, ebx: 0, ecx: 0, edx: 0 },
  cache(0, 1, 1, 8, 64), cache(1, 1, 2, 8, 64), cache(2, 2, 3, 8, 1024), cache(3, 3, 3, 16, 32768),
];
const NOTHING: CpuidRow = { leaf: 0, eax: 0, ebx: 0, ecx: 0, edx: 0 };

/** The answer to CPUID with these inputs; leaves that are not there are zero, as AMD's are. */
export function cpuidOf(eax: number, ecx: number): CpuidRow {
  return CPUID_ROWS.find(row => (row.leaf | 0) === (eax | 0) && (row.subleaf === undefined || row.subleaf === ecx)) ?? NOTHING;
}
