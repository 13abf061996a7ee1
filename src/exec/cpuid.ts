/**
 * What CPUID reports (SDM vol. 2, CPUID; AMD APM vol. 3, appendix E): one of a few models, each with all that the one before it has. The levels are those
 * of the x86-64 psABI (§3.1.1), with what their processors have beside; `zen3` is the Zen 3 this was compared with. A bit is set only if what it
 * promises works.
 */
export interface CpuidRow { readonly leaf: number; readonly subleaf?: number; readonly eax: number; readonly ebx: number; readonly ecx: number; readonly edx: number }

export const MODEL_NAMES = ['v1', 'v2', 'v3', 'zen3'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];
export const DEFAULT_MODEL: ModelName = 'v3';

const EBX = 1, ECX = 2, EDX = 3;
type Register = 0 | typeof EBX | typeof ECX | typeof EDX;
/** A feature: leaf (subleaf 0, but 1 of leaf 0xd), register, bit, name, and the first model that has it. */
export type Feature = readonly [leaf: number, register: Register, bit: number, name: string, since: ModelName];
export const FEATURES: readonly Feature[] = [
  [1, EDX, 0, 'fpu', 'v1'], [1, EDX, 4, 'tsc', 'v1'], [1, EDX, 5, 'msr', 'v1'], [1, EDX, 6, 'pae', 'v1'], [1, EDX, 8, 'cx8', 'v1'], [1, EDX, 15, 'cmov', 'v1'],
  [1, EDX, 19, 'clflush', 'v1'], [1, EDX, 23, 'mmx', 'v1'], [1, EDX, 24, 'fxsr', 'v1'], [1, EDX, 25, 'sse', 'v1'], [1, EDX, 26, 'sse2', 'v1'],
  [0x80000001, EDX, 11, 'syscall', 'v1'], [0x80000001, EDX, 20, 'nx', 'v1'], [0x80000001, EDX, 27, 'rdtscp', 'v1'], [0x80000001, EDX, 29, 'lm', 'v1'],
  [0x80000007, EDX, 8, 'invariant-tsc', 'v1'],

  [1, ECX, 0, 'sse3', 'v2'], [1, ECX, 9, 'ssse3', 'v2'], [1, ECX, 13, 'cx16', 'v2'], [1, ECX, 19, 'sse4.1', 'v2'], [1, ECX, 20, 'sse4.2', 'v2'], [1, ECX, 23, 'popcnt', 'v2'],
  [0x80000001, ECX, 0, 'lahf-lm', 'v2'],

  [1, ECX, 12, 'fma', 'v3'], [1, ECX, 22, 'movbe', 'v3'], [1, ECX, 26, 'xsave', 'v3'], [1, ECX, 27, 'osxsave', 'v3'], [1, ECX, 28, 'avx', 'v3'], [1, ECX, 29, 'f16c', 'v3'],
  [7, EBX, 0, 'fsgsbase', 'v3'], [7, EBX, 3, 'bmi1', 'v3'], [7, EBX, 5, 'avx2', 'v3'], [7, EBX, 8, 'bmi2', 'v3'], [7, EBX, 9, 'erms', 'zen3'],
  [0x80000001, ECX, 5, 'lzcnt', 'v3'], [0xd, 0, 0, 'xsaveopt', 'v3'],

  [1, ECX, 1, 'pclmulqdq', 'zen3'], [1, ECX, 25, 'aes', 'zen3'], [1, ECX, 30, 'rdrand', 'zen3'],
  [7, EBX, 18, 'rdseed', 'zen3'], [7, EBX, 19, 'adx', 'zen3'], [7, EBX, 23, 'clflushopt', 'zen3'], [7, EBX, 24, 'clwb', 'zen3'], [7, EBX, 29, 'sha', 'zen3'],
  [7, ECX, 9, 'vaes', 'zen3'], [7, ECX, 10, 'vpclmulqdq', 'zen3'], [7, ECX, 22, 'rdpid', 'zen3'], [7, EDX, 4, 'fsrm', 'zen3'], [0xd, 0, 1, 'xsavec', 'zen3'], [0xd, 0, 2, 'xgetbv1', 'zen3'],
  [0x80000001, ECX, 8, 'prefetchw', 'zen3'], [0x80000001, EDX, 22, 'mmxext', 'zen3'],
];

const text = (four: string): number => [...four].reduceRight((word, c) => (word << 8) | c.charCodeAt(0), 0);
const VENDOR = { ebx: text('Auth'), edx: text('enti'), ecx: text('cAMD') };
/** Family 25 (19h), model 1, stepping 1: the base family is 15, the rest is extended. */
const SIGNATURE = (10 << 20) | (0 << 16) | (15 << 8) | (1 << 4) | 1;
const BRANDS: Readonly<Record<ModelName, string>> = {
  v1: 'tramp64 emulated x86-64 processor', v2: 'tramp64 emulated x86-64-v2 processor', v3: 'tramp64 emulated x86-64-v3 processor', zen3: 'tramp64 emulated Zen 3 processor',
};
const row = (leaf: number, eax: number, ebx: number, ecx: number, edx: number): CpuidRow => ({ leaf, eax, ebx, ecx, edx });
const brand = (leaf: number, part: string): CpuidRow => row(leaf, text(part.slice(0, 4)), text(part.slice(4, 8)), text(part.slice(8, 12)), text(part.slice(12, 16)));
/** A cache of leaf 8000001Dh: level, type (1 data, 2 instructions, 3 unified), ways, sets of 64-byte lines. */
const cache = (subleaf: number, level: number, type: number, ways: number, sets: number): CpuidRow =>
  ({ leaf: 0x8000001d, subleaf, eax: type | (level << 5) | (1 << 8), ebx: 63 | ((ways - 1) << 22), ecx: sets - 1, edx: 0 });
/** XSAVE's area: of what XCR0 enables, and where in it the upper halves of YMM registers lie. */
const XSAVE_BYTES = 832, AVX_BYTES = 256, AVX_AT = 576, XCR0 = 7;

export class CpuModel {
  readonly name: ModelName;
  /** CR4.OSXSAVE, and XCR0 with all there is. */
  readonly hasXsave: boolean;
  private made: readonly CpuidRow[] | null = null;

  constructor(name: ModelName = DEFAULT_MODEL) { this.name = name; this.hasXsave = this.has('xsave'); }
  /** Whether it has a feature of FEATURES. */
  has(name: string): boolean { return FEATURES.some(feature => feature[3] === name && this.offers(feature)); }
  private offers([, , , , since]: Feature): boolean { return MODEL_NAMES.indexOf(since) <= MODEL_NAMES.indexOf(this.name); }
  get brand(): string { return BRANDS[this.name]; }
  get features(): readonly Feature[] { return FEATURES.filter(feature => this.offers(feature)); }

  /** Feature bits of one register. */
  word(leaf: number, register: Register): number {
    return FEATURES.reduce((bits, feature) => feature[0] === leaf && feature[1] === register && this.offers(feature) ? bits | 1 << feature[2] : bits, 0);
  }
  /** AT_HWCAP: CPUID.1:EDX. */
  get hwcap(): number { return this.word(1, EDX) >>> 0; }

  /** The answer to CPUID with these inputs; leaves that are not there are zero, as AMD's are. */
  answer(eax: number, ecx: number): CpuidRow {
    return this.rows.find(r => (r.leaf | 0) === (eax | 0) && (r.subleaf === undefined || r.subleaf === ecx)) ?? NOTHING;
  }
  /** Made when first asked for. */
  get rows(): readonly CpuidRow[] { return this.made ??= this.make(); }
  private make(): readonly CpuidRow[] {
    const name = BRANDS[this.name].padEnd(48, '\0');
    return [
      { leaf: 0, eax: this.hasXsave ? 0xd : 7, ...VENDOR },
      // Lines of 64 bytes, one processor.
      row(1, SIGNATURE, (8 << 8) | (1 << 16), this.word(1, ECX), this.word(1, EDX)),
      { ...row(7, 0, this.word(7, EBX), this.word(7, ECX), this.word(7, EDX)), subleaf: 0 },
      ...(this.hasXsave ? [
        { ...row(0xd, XCR0, XSAVE_BYTES, XSAVE_BYTES, 0), subleaf: 0 }, { ...row(0xd, this.word(0xd, 0), XSAVE_BYTES, 0, 0), subleaf: 1 },
        { ...row(0xd, AVX_BYTES, AVX_AT, 0, 0), subleaf: 2 },
      ] : []),
      { leaf: 0x80000000, eax: 0x8000001e | 0, ...VENDOR },
      row(0x80000001, SIGNATURE, 0, this.word(0x80000001, ECX), this.word(0x80000001, EDX)),
      brand(0x80000002, name.slice(0, 16)), brand(0x80000003, name.slice(16, 32)), brand(0x80000004, name.slice(32)),
      row(0x80000005, 0, 0, (32 << 24) | (8 << 16) | (1 << 8) | 64, (32 << 24) | (8 << 16) | (1 << 8) | 64),
      // L2 512 KiB, 8 ways (code 6); L3 64 units of 512 KiB, 16 ways (code 8).
      row(0x80000006, 0, 0, (512 << 16) | (6 << 12) | (1 << 8) | 64, (64 << 18) | (8 << 12) | (1 << 8) | 64),
      row(0x80000007, 0, 0, 0, this.word(0x80000007, EDX)),
      row(0x80000008, (48 << 8) | 48, 0, 0, 0),
      cache(0, 1, 1, 8, 64), cache(1, 1, 2, 8, 64), cache(2, 2, 3, 8, 1024), cache(3, 3, 3, 16, 32768),
    ];
  }
}
const NOTHING: CpuidRow = row(0, 0, 0, 0, 0);
