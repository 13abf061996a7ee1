/** Kinds of mechanisms, each with a colour of its own that people who see few colours can tell from the others (after Okabe and Ito). */
import { COMPILED } from '../contenders/compiled.ts';
import { CODE_PAGES, RETURN_TRAMPOLINES } from '../contenders/pages.ts';
import { PLAIN } from '../contenders/plain.ts';
import { KERNEL } from '../contenders/kernel.ts';

export interface Family { readonly name: string; readonly title: string; readonly light: string; readonly dark: string }
const OTHERS: Family = { name: 'yours', title: 'measured beside', light: '#111111', dark: '#ffffff' };
export const FAMILIES: readonly Family[] = [
  { name: 'plain', title: 'no trampoline', light: '#6b6b6b', dark: '#a8a8a8' },
  { name: 'pages', title: 'userspace, shared pages of code', light: '#0069a6', dark: '#5bb4ec' },
  { name: 'compiled', title: 'compilers and libraries', light: '#00785a', dark: '#35c79d' },
  { name: 'trampfd', title: 'trampfd', light: '#c04c00', dark: '#ff9355' },
  { name: 'kernel', title: 'other ways into the kernel', light: '#a34480', dark: '#e79ac6' },
  OTHERS,
];
const MEMBERS: readonly (readonly [family: string, names: ReadonlySet<string>])[] = [
  ['trampfd', new Set(KERNEL.map(({ name }) => name).filter(name => name.startsWith('trampfd')))], ['kernel', new Set(KERNEL.map(({ name }) => name))],
  ['plain', new Set(PLAIN.map(({ name }) => name))], ['pages', new Set([...RETURN_TRAMPOLINES, ...CODE_PAGES].map(({ name }) => name))], ['compiled', new Set(COMPILED.map(({ name }) => name))],
];
export function familyOf(mechanism: string): Family {
  const found = mechanism === 'system call' ? 'kernel' : MEMBERS.find(([, names]) => names.has(mechanism))?.[0];
  return FAMILIES.find(({ name }) => name === found) ?? OTHERS;
}
