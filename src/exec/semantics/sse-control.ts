/** MXCSR, fences, prefetches and cache lines (SDM vol. 1 §10.2.3, §10.4.6, §11.4.4). */
import { MXCSR_MASK } from '../mxcsr.ts';
import { VECTOR, type Helper, type Semantics } from '../ops.ts';
import { helps, type Scores } from './scores.ts';
import { first } from './sse-operands.ts';

const loadControl: Helper = (c, i) => {
  const value = c.read(first(i));
  if ((value & ~MXCSR_MASK) !== 0) c.trap(VECTOR.protection);
  c.state.mxcsr = value;
};
const storeControl: Helper = (c, i) => c.write(first(i), c.state.mxcsr, 0);
/** Memory is always in order and nothing is cached. */
const nothing: Semantics = () => {};
/** Faults as a load of one byte does (SDM: CLFLUSH). */
const flushLine: Semantics = (m, i) => { m.load(m.address(first(i)), 1); };

export const sseControl = (): Scores => [
  'ldmxcsr', helps(loadControl), 'stmxcsr', helps(storeControl),
  'lfence', nothing, 'mfence', nothing, 'sfence', nothing, 'pause', nothing,
  'prefetcht0', nothing, 'prefetcht1', nothing, 'prefetcht2', nothing, 'prefetchnta', nothing, 'prefetchw', nothing, 'prefetch', nothing,
  'clflush', flushLine, 'clflushopt', flushLine, 'clwb', flushLine,
];
