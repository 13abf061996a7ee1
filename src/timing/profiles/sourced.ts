/** Rows of a profile by where their figures come from. */
import type { CostRow } from '../profile.ts';

type Row = (operations: string, latency: number, uses: string, figures: string) => CostRow;
export const sourced = (source: string): Row => (operations, latency, uses, figures) => ({ operations, latency, uses, source: `${source}: ${figures}` });
