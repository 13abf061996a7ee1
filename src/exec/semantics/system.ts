/** CPUID, time stamp, chance, segment bases and cache control (SDM vol. 2). */
import { STATE, SLOT } from '../../base/layout.ts';
import { WORD } from '../../base/words.ts';
import { cpuidOf } from '../cpuid.ts';
import { ARITHMETIC_FLAGS, CF, type Helper, type HelperContext, type Semantics, VECTOR } from '../ops.ts';

const RAX = 0, RCX = 1, RDX = 2, RBX = 3;

const cpuid: Helper = function cpuid({ state }) {
  const row = cpuidOf(state.low(RAX), state.low(RCX));
  state.setWords(RAX, row.eax, 0); state.setWords(RBX, row.ebx, 0); state.setWords(RCX, row.ecx, 0); state.setWords(RDX, row.edx, 0);
};
/** The time stamp counts modelled core cycles. */
function readTimeStamp({ state }: HelperContext): void {
  const cycles = Math.floor(state.f64[STATE.cycles >> 3]);
  state.setWords(RAX, cycles | 0, 0);
  state.setWords(RDX, Math.floor(cycles / WORD) | 0, 0);
}
const rdtsc: Helper = function rdtsc(context) { readTimeStamp(context); };
const rdtscp: Helper = function rdtscp(context) { readTimeStamp(context); context.state.setWords(RCX, 0, 0); };
/** RDRAND, RDSEED: there is always something to give. */
const random: Helper = function random(context, i) {
  context.write(i.operands[0], context.random(), context.random());
  context.writeFlags(ARITHMETIC_FLAGS, CF);
};
/** The same number as RDTSCP's: of processor 0 on node 0. */
const rdpid: Helper = function rdpid(context, i) { context.write(i.operands[0], 0, 0); };
/** CR4.OSXSAVE is not set: nothing to read. */
const xgetbv: Helper = function xgetbv(context) { context.trap(VECTOR.undefined); };
const CANONICAL_HIGH = 0x8000;
const readBase = (slot: number): Helper => function readBase(context, i) {
  context.write(i.operands[0], context.state.low(slot), context.state.high(slot));
};
const writeBase = (slot: number): Helper => function writeBase(context, i) {
  const low = context.read(i.operands[0]), high = i.size === 8 ? context.high : 0;
  if ((high >>> 0) >= CANONICAL_HIGH && (high >>> 0) < 0xffff8000) context.trap(VECTOR.protection);
  context.state.setWords(slot, low, high);
};
/** CLFLUSH touches its line as a load would: a page that is not there faults. */
const flushLine: Helper = function flushLine(context, i) { context.probe(context.address(i.operands[0]), 1, false); };

const helps = (helper: Helper): Semantics => (m, i) => m.help(helper, i);
export const system: Readonly<Record<string, Semantics>> = {
  cpuid: helps(cpuid), rdrand: helps(random), rdseed: helps(random), rdpid: helps(rdpid), rdtsc: helps(rdtsc), rdtscp: helps(rdtscp), xgetbv: helps(xgetbv),
  rdfsbase: helps(readBase(SLOT.fs)), rdgsbase: helps(readBase(SLOT.gs)),
  wrfsbase: helps(writeBase(SLOT.fs)), wrgsbase: helps(writeBase(SLOT.gs)),
  clflush: helps(flushLine), clflushopt: helps(flushLine), clwb: helps(flushLine),
};
