/** The processors whose times are known, one a row. Those that nobody asked for need not be loaded: what a program starts with knows names alone (PROFILE_NAMES). */
import type { Profile } from '../profile.ts';
import { GENERIC } from './generic.ts';
import { SKYLAKE } from './skylake.ts';
import { ZEN3 } from './zen3.ts';

export const PROCESSORS: readonly { readonly profile: Profile; readonly what: string }[] = [
  { profile: ZEN3, what: 'AMD Zen 3, measured' },
  { profile: SKYLAKE, what: 'Intel Skylake, from published tables' },
  { profile: GENERIC, what: 'a processor of which nothing is known, as compilers assume' },
];
