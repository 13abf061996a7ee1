/**
 * What RDPMC reads (SDM vol. 2, RDPMC; vol. 3B §20.2.2): the three counters that are fixed by architecture, and six that others would have to be programmed for. CR4.PCE is set:
 * programs may read them, as under Linux where /sys/bus/event_source/devices/cpu/rdpmc is 2. Instructions are the program's own; cycles are all there are, the kernel's too.
 */
import { COUNTS, STATE } from '../base/layout.ts';

const FIXED = 0x4000_0000;
/** ECX, what is counted, and where it is in linear memory, as a double. What only detailed timing counts is zero without it. */
export const PERFORMANCE_COUNTERS: readonly { readonly ecx: number; readonly what: string; readonly at: number }[] = [
  { ecx: FIXED, what: 'instructions', at: STATE.instructions },
  { ecx: FIXED + 1, what: 'cycles', at: STATE.cycles },
  { ecx: FIXED + 2, what: 'reference cycles: those RDTSC reads', at: STATE.cycles },
  { ecx: 0, what: 'branches predicted wrong', at: STATE.branchMisses },
  { ecx: 1, what: 'lines missed in L1D', at: COUNTS.l1d },
  { ecx: 2, what: 'lines missed in L1I', at: COUNTS.l1i },
  { ecx: 3, what: 'lines missed in L2', at: COUNTS.l2 },
  { ecx: 4, what: 'lines missed in L3', at: COUNTS.l3 },
  { ecx: 5, what: 'walks of page tables for data', at: COUNTS.dataWalks },
];
/** Counters have so many bits. */
export const COUNTER_BITS = 48;
