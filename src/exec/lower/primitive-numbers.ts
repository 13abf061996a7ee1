/** Primitives by the numbers that generated code passes. */
import type { Primitive } from '../primitive.ts';

/** From here on primitives have the numbers that code generated in advance passes. */
export const PREBUILT_NUMBER = 0x10000;
/** Gives every primitive a number that generated code can pass. */
export class PrimitiveNumbers {
  readonly rows: Primitive[] = [];
  private readonly first: number;
  private readonly numbers = new Map<Primitive, number>();
  private readonly prebuilt: Primitive[] = [];
  private expected = new Map<string, number>();
  constructor(first = 0) { this.first = first; }

  at(number: number): Primitive { return number < PREBUILT_NUMBER ? this.rows[number]! : this.prebuilt[number - PREBUILT_NUMBER]!; }
  /** Names of those that prebuilt code calls, from PREBUILT_NUMBER on. Before any of it is performed, `meet` must have met what it calls. */
  expect(names: readonly string[]): void { this.expected = new Map(names.map((name, n) => [name, n])); }
  meet(primitive: Primitive): void {
    const number = this.expected.get(primitive.name);
    if (number !== undefined) this.prebuilt[number] = primitive;
  }
  of(primitive: Primitive): number {
    const known = this.numbers.get(primitive);
    if (known !== undefined) return known;
    const number = this.first + this.rows.push(primitive) - 1;
    this.numbers.set(primitive, number);
    return number;
  }
}
