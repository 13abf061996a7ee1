/** Bytes to instructions (SDM vol. 2, ch. 2): prefixes, opcode, ModRM, SIB, displacement, immediates. What they mean is in the rows. */
import { Cursor, isXop, LEGACY } from './cursor.ts';
import { MOD_REGISTER } from './encoding.ts';
import { Instruction, type InstructionKind, NONE, PREFIX } from './instruction.ts';
import { DECIDES, KEY, RowIndex, type Slot } from './row-index.ts';
import { MAP } from './rows.ts';

/** "The maximum length of an Intel 64 and IA-32 instruction remains 15 bytes." — SDM vol. 2 §2.3.11 */
const LENGTH_MAX = 15;
/** Whether an instruction ends by then or not, opcode and ModRM are looked at. */
const READ_MAX = 20;
export const UNDEFINED_ROW = -1;
/** What they would be is behind the end of an instruction that is too long. */
const VEX_PREFIXES = PREFIX.vex | PREFIX.evex;
const UNDEFINED: InstructionKind = { mnemonic: 'ud', operation: 'ud', size: 0, condition: 0, lock: false, rep: null, flow: 'stop', prefixes: 0, addressSize: 8, segment: NONE, row: UNDEFINED_ROW, number: 0 };

/** One will do: nothing is decoded while something is. */
const cursor = new Cursor();
/** What there is of an instruction at the end of what there is, and zeros. */
const lastBytes = new Uint8Array(READ_MAX);
const index = new RowIndex();

/**
 * Decodes the instruction at `bytes[start]`; nothing at or past `end` is read.
 * `null`: the bytes end before the instruction does. An undefined encoding is an Instruction with mnemonic `ud` (#UD).
 * @param by encodings that were met
 */
export function decode(bytes: Uint8Array, start: number, end: number, by = index): Instruction | null {
  const room = end - start, isWhole = room >= LENGTH_MAX, limit = isWhole ? LENGTH_MAX : Math.max(room, 0), isLast = room < READ_MAX && start + READ_MAX > bytes.length;
  if (isLast) { lastBytes.fill(0); lastBytes.set(bytes.subarray(start, start + limit)); }
  const slot = isLast ? readOpcode(by, cursor, lastBytes, 0, limit) : readOpcode(by, cursor, bytes, start, start + limit);
  const encoding = slot === null ? null : slot.find(cursor), instruction = encoding === null ? null : encoding.instruction(cursor);
  if (instruction !== null) return instruction;
  if (!cursor.isShort) return undefinedInstruction(cursor, cursor.prefixes);
  return isWhole ? undefinedInstruction(cursor, cursor.prefixes & ~VEX_PREFIXES) : null;
}

/** Brings the cursor behind ModRM, or behind the opcode where nothing follows it. Legacy prefixes come in any order, then REX; one that is not the last is ignored (SDM vol. 2 §2.2.1). null: a prefix is undefined, or it is not all there. */
export function readOpcode(index: RowIndex, c: Cursor, bytes: Uint8Array, start: number, limit: number): Slot | null {
  let at = start, prefixes = 0, rex = 0, vex = 0;
  for (; at < limit; at++) {
    const byte = bytes[at]!, legacy = LEGACY[byte]!;
    if (legacy !== 0) { prefixes |= legacy; rex = 0; } else if ((byte & 0xf0) === 0x40) rex = byte; else break;
  }
  c.begin(bytes, start, limit, prefixes, rex);
  if (at === limit) return cutShort(c);
  let opcode = bytes[at++]!, map: number = MAP.primary, modrm = 0, decided = rex & KEY.rexB;
  if (opcode === 0x0f) {
    opcode = bytes[at++]!; map = MAP.x0f;
    if (opcode === 0x38) { opcode = bytes[at++]!; map = MAP.x0f38; } else if (opcode === 0x3a) { opcode = bytes[at++]!; map = MAP.x0f3a; }
  } else if (opcode === 0xc4 || opcode === 0xc5 || opcode === 0x62 || (opcode === 0x8f && isXop(bytes[at]!))) {
    c.at = at;
    map = opcode === 0xc5 ? c.readShortVex() : opcode === 0xc4 ? c.readVex() : opcode === 0x62 ? c.readEvex() : c.readXop();
    if (map < 0 || c.isShort) return null;
    at = c.at; rex = c.rex; vex = c.vex;
    opcode = bytes[at++]!; decided = rex & KEY.rexB;
  }
  if (at > limit) return cutShort(c);
  const place = map << 8 | opcode, slot = index.slots[place] ?? index.build(place), { decides } = slot;
  if (decides !== DECIDES.nothing) {
    modrm = bytes[at++]!;
    decided = decides === DECIDES.all ? modrm : (modrm >= MOD_REGISTER ? KEY.register : 0) | (decides === DECIDES.digit ? modrm >> 3 & 7 : 0);
  }
  c.at = at; c.code = opcode << 8 | modrm;
  c.key = decided | (rex & KEY.rex) << KEY.rexBit | (vex & KEY.vex) << KEY.vexBit | prefixes << KEY.prefixBit;
  return at > limit ? cutShort(c) : slot;
}

function cutShort(c: Cursor): null {
  c.at = c.end; c.isShort = true;
  return null;
}

function undefinedInstruction(c: Cursor, prefixes: number): Instruction {
  const { addressSize, segment } = c;
  return new Instruction({ ...UNDEFINED, prefixes, addressSize, segment }, Math.max(c.at - c.start, 1), [], 0);
}
