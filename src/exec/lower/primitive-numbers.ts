/** Primitives by the numbers that generated code passes. */
import { assert } from '../../base/assert.ts';
import type { Primitive } from '../primitive.ts';

/** From here on primitives have the numbers that code generated in advance passes. */
export const PREBUILT_NUMBER = 0x10000;
/** Gives every primitive a number that generated code can pass. */
export class PrimitiveNumbers {
  readonly rows: Primitive[] = [];
  private readonly first: number;
  private readonly numbers = new Map<Primitive, number>();
  private readonly prebuilt: Primitive[] = [];
  private find: (place: number) => Primitive = () => { assert(false, 'nothing was prebuilt'); };
  constructor(first = 0) { this.first = first; }

  at(number: number): Primitive {
    if (number < PREBUILT_NUMBER) return this.rows[number]!;
    const place = number - PREBUILT_NUMBER;
    return this.prebuilt[place] ??= this.find(place);
  }
  /** From PREBUILT_NUMBER on there are those that prebuilt code calls: found when it calls them. */
  expect(find: (place: number) => Primitive): void { this.find = find; }
  of(primitive: Primitive): number {
    const known = this.numbers.get(primitive);
    if (known !== undefined) return known;
    const number = this.first + this.rows.push(primitive) - 1;
    this.numbers.set(primitive, number);
    return number;
  }
}
