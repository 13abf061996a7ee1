/** The target's description: registers and their types as gdb wants them (GDB manual, appendix G; "i386 Features"). */
import type { Register, Registers } from '../registers.ts';

type Field = readonly [name: string, start: number, end?: number];
const fields = (list: readonly Field[]): string => list.map(([name, start, end = start]) => `<field name="${name}" start="${start}" end="${end}"/>`).join('');
const EFLAGS: readonly Field[] = [
  ['CF', 0], ['', 1], ['PF', 2], ['AF', 4], ['ZF', 6], ['SF', 7], ['TF', 8], ['IF', 9], ['DF', 10], ['OF', 11], ['NT', 14], ['RF', 16], ['VM', 17], ['AC', 18], ['VIF', 19], ['VIP', 20], ['ID', 21],
];
const MXCSR: readonly Field[] = [['IE', 0], ['DE', 1], ['ZE', 2], ['OE', 3], ['UE', 4], ['PE', 5], ['DAZ', 6], ['IM', 7], ['DM', 8], ['ZM', 9], ['OM', 10], ['UM', 11], ['PM', 12], ['FZ', 15]];
const VECTORS: readonly (readonly [id: string, type: string, count: number, field: string])[] = [
  ['v4f', 'ieee_single', 4, 'v4_float'], ['v2d', 'ieee_double', 2, 'v2_double'], ['v16i8', 'int8', 16, 'v16_int8'], ['v8i16', 'int16', 8, 'v8_int16'],
  ['v4i32', 'int32', 4, 'v4_int32'], ['v2i64', 'int64', 2, 'v2_int64'],
];
const TYPES: Readonly<Record<string, string>> = {
  core: `<flags id="i386_eflags" size="4">${fields(EFLAGS)}</flags>`,
  sse: `${VECTORS.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`).join('')}
<union id="vec128">${VECTORS.map(([id, , , field]) => `<field name="${field}" type="${id}"/>`).join('')}<field name="uint128" type="uint128"/></union>
<flags id="i386_mxcsr" size="4">${fields(MXCSR)}</flags>`,
};
const GROUPS: Readonly<Record<string, string>> = { x87: 'float', vector: 'vector' };
/** Groups that gdb would not guess from the type. */
function group({ group, name }: Register): string { return group === 'x87' && !name.startsWith('st') ? ` group="${GROUPS[group]}"` : ''; }

export function describe({ all }: Registers): string {
  const features = [...new Set(all.map(({ feature }) => feature))].map(feature => {
    const own = all.map((register, number) => ({ ...register, number })).filter(register => register.feature === feature);
    const rows = own.map(register => `<reg name="${register.name}" bitsize="${8 * register.bytes}" type="${register.type}"${group(register)} regnum="${register.number}"/>`);
    return `<feature name="org.gnu.gdb.i386.${feature}">\n${TYPES[feature] ?? ''}\n${rows.join('\n')}\n</feature>`;
  });
  return `<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n<architecture>i386:x86-64</architecture>\n<osabi>GNU/Linux</osabi>\n${features.join('\n')}\n</target>\n`;
}
