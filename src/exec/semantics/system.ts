/** Time stamp, chance, segment bases, XSAVE and cache control (SDM vol. 2; vol. 1 ch. 13). */
import { STATE, SLOT } from '../../base/layout.ts';
import { WORD } from '../../base/words.ts';
import type { Instruction } from '../../decoder/instruction.ts';
import { COUNTER_BITS, PERFORMANCE_COUNTERS } from '../counters.ts';
import { MXCSR_AT_START } from '../mxcsr.ts';
import { is64 } from '../x87/fxsave.ts';
import { AREA, AVX, bytesOf, COMPACTED_HIGH, inUse, saveComponents, SSE, XCR0, xrstorImage } from '../x87/xsave.ts';
import { ARITHMETIC_FLAGS, CF, type Helper, type HelperContext, VECTOR } from '../ops.ts';
import { helps, type Scores } from './scores.ts';

const RAX = 0, RCX = 1, RDX = 2;

/** The time stamp counts modelled core cycles. */
function readTimeStamp({ state }: HelperContext): void {
  state.drain();
  const cycles = Math.floor(state.f64[STATE.cycles >> 3]);
  state.setWords(RAX, cycles | 0, 0);
  state.setWords(RDX, Math.floor(cycles / WORD) | 0, 0);
}
const rdtsc: Helper = function rdtsc(context) { readTimeStamp(context); };
const rdtscp: Helper = function rdtscp(context) { readTimeStamp(context); context.state.setWords(RCX, 0, 0); };
/** All counts are exact here: an instruction that reads them is performed alone. */
const rdpmc: Helper = function rdpmc(context) {
  const { state } = context, ecx = state.low(RCX), counter = PERFORMANCE_COUNTERS.find(row => row.ecx === ecx);
  if (counter === undefined) return context.trap(VECTOR.protection);
  state.drain();
  const value = Math.floor(state.memory.view.getFloat64(counter.at, true)) % 2 ** COUNTER_BITS;
  state.setWords(RAX, value | 0, 0);
  state.setWords(RDX, Math.floor(value / WORD) | 0, 0);
};
/** RDRAND, RDSEED: there is always something to give. */
const random: Helper = function random(context, i) {
  context.write(i.operands[0], context.random(), context.random());
  context.writeFlags(ARITHMETIC_FLAGS, CF);
};
/** The same number as RDTSCP's: of processor 0 on node 0. */
const rdpid: Helper = function rdpid(context, i) { context.write(i.operands[0], 0, 0); };
const CANONICAL_HIGH = 0x8000, AREA_ALIGNMENT = 64;
const readBase = (slot: number): Helper => function readBase(context, i) {
  context.write(i.operands[0], context.state.low(slot), context.state.high(slot));
};
const writeBase = (slot: number): Helper => function writeBase(context, i) {
  const low = context.read(i.operands[0]), high = i.size === 8 ? context.high : 0;
  if ((high >>> 0) >= CANONICAL_HIGH && (high >>> 0) < 0xffff8000) context.trap(VECTOR.protection);
  context.state.setWords(slot, low, high);
};

/** The area must be 64-byte aligned. What is not told to be saved or loaded is neither. */
function areaOf(context: HelperContext, i: Instruction): number {
  if (!context.model.hasXsave) context.trap(VECTOR.undefined);
  const at = context.address(i.operands[0]!);
  if (at % AREA_ALIGNMENT !== 0) context.trap(VECTOR.protection);
  return at;
}
/** XSAVE, and XSAVEOPT, which leaves out what is not in use. Of the header only the bits that were asked for change. */
const save = (skipsUnused: boolean): Helper => function xsave(context, i) {
  const { state } = context, at = areaOf(context, i), asked = state.low(RAX) & XCR0, used = inUse(state);
  const area = new Uint8Array(bytesOf(asked)), view = new DataView(area.buffer);
  context.probe(at, area.length, true);
  context.load(at, area);
  saveComponents(state, area, skipsUnused ? asked & used : asked, (asked & (SSE | AVX)) !== 0, is64(i));
  view.setUint32(AREA.header, (view.getUint32(AREA.header, true) & ~asked) | (used & asked), true);
  context.store(at, area);
};
/** What is in use of what is asked for, one behind the other. MXCSR counts as SSE's. */
const saveCompacted: Helper = function xsavec(context, i) {
  const { state } = context, at = areaOf(context, i), asked = state.low(RAX) & XCR0;
  const used = (inUse(state) | (state.mxcsr !== MXCSR_AT_START ? SSE : 0)) & asked, area = new Uint8Array(bytesOf(used)), view = new DataView(area.buffer);
  context.probe(at, area.length, true);
  context.load(at, area);
  saveComponents(state, area, used, (used & SSE) !== 0, is64(i));
  view.setUint32(AREA.header, used, true); view.setUint32(AREA.header + 4, 0, true);
  view.setUint32(AREA.compacted, asked, true); view.setInt32(AREA.compacted + 4, COMPACTED_HIGH, true);
  context.store(at, area);
};
const restore: Helper = function xrstor(context, i) {
  const { state } = context, at = areaOf(context, i), asked = state.low(RAX) & XCR0, area = new Uint8Array(AREA.bytes), head = area.subarray(0, AREA.avx);
  context.load(at, head);
  if ((new DataView(area.buffer).getUint32(AREA.header, true) & asked & AVX) !== 0) context.load(at, area);
  if (!xrstorImage(state, area, asked, is64(i))) context.trap(VECTOR.protection);
};
const xsave = helps(save(false)), xsaveopt = helps(save(true)), xsavec = helps(saveCompacted), xrstor = helps(restore);
export const system = (): Scores => [
  'rdrand', helps(random), 'rdseed', helps(random), 'rdpid', helps(rdpid), 'rdtsc', helps(rdtsc), 'rdtscp', helps(rdtscp), 'rdpmc', helps(rdpmc),
  'rdfsbase', helps(readBase(SLOT.fs)), 'rdgsbase', helps(readBase(SLOT.gs)),
  'wrfsbase', helps(writeBase(SLOT.fs)), 'wrgsbase', helps(writeBase(SLOT.gs)),
  'xsave', xsave, 'xsave64', xsave, 'xsaveopt', xsaveopt, 'xsaveopt64', xsaveopt, 'xsavec', xsavec, 'xsavec64', xsavec, 'xrstor', xrstor, 'xrstor64', xrstor,
];
