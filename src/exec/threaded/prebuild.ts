/** Writes the modules that programs need as they start, and handlers for the forms that most programs have (table/usual.ts): see prebuilt.ts. */
import { PREDICTOR_NAME, predictorModule } from '../../timing/predictor.ts';
import { ZEN3 } from '../../timing/profiles/zen3.ts';
import { decodeExample } from '../../decoder/usual.ts';
import { ModuleWriter } from '../../wasm/module.ts';
import { assert } from '../../base/assert.ts';
import { groundModule } from '../generated/ground.ts';
import { declareImports, FUNCTION_TYPE } from '../lower/imports.ts';
import { useOf } from '../lower/instruction-use.ts';
import { PREBUILT_NUMBER, PrimitiveNumbers } from '../lower/primitive-numbers.ts';
import type { Primitive } from '../primitive.ts';
import { semanticsOf } from '../semantics/index.ts';
import { type Form, FormTable, knownForms, Shapes } from './form.ts';
import type { Parts } from './prebuilt.ts';
import { ThreadedLowering } from './threaded-lowering.ts';
import { SLOT_OF_THREADS } from './record.ts';
import { fewName, threadsName } from './threads.ts';
import { USUAL_FORMS } from './table/usual.ts';

/** Conditional jumps may stand at the beginning of a block, where nobody knows what the flags come from: in 2 bytes and in 6. */
const CONDITIONS = 16, JUMPS: readonly string[] = Array.from({ length: CONDITIONS }, (_, condition) => [`7${condition.toString(16)}00 -1 f`, `0f8${condition.toString(16)}00000000 -1 f`]).flat();

export function prebuild(): Parts {
  const examples = new Map<Primitive, string>(), { forms, few } = formsOf([USUAL_FORMS.trim(), ...JUMPS].join('\n'), examples), modules = new Map<string, Uint8Array<ArrayBuffer>>([['ground', groundModule()], [PREDICTOR_NAME, predictorModule(ZEN3.branchTargets)]]);
  for (const form of forms) if (form.isNeeded && callsOthers(form, examples)) form.isNeeded = false;
  const primitives = new PrimitiveNumbers(PREBUILT_NUMBER);
  for (const isTimed of [false, true]) {
    modules.set(threadsName(isTimed), moduleOf(forms, primitives, isTimed));
    modules.set(fewName(threadsName(isTimed)), moduleOf(forms.slice(0, few), primitives, isTimed));
  }
  // A form that has no handler may still be the second of one that has.
  const kept = forms.filter(form => form.isNeeded || forms.some(other => other.second === form && other.isNeeded));
  return { modules, large: [...modules.keys()].filter(name => name !== PREDICTOR_NAME), known: knownForms(kept), few, primitives: primitives.rows.map(primitive => ({ name: primitive.name, example: examples.get(primitive)! })) };
}

/**
 * One a line: bytes of an instruction, the rule word before it, letters (`g`: that is a guess; `d`: nobody reads its flags; `f`: it is one of the few), and the line
 * of its second. The few come first.
 * @param examples gets an instruction for every operation on floats
 */
function formsOf(table: string, examples: Map<Primitive, string>): { readonly forms: readonly Form[]; readonly few: number } {
  const shapes = new Shapes(), forms = new FormTable(), lines = table.split('\n').map(line => line.split(' ')), made: Form[] = [];
  const make = (n: number): Form => {
    const [hex = '', rule = '', letters = '', second = ''] = lines[n]!, instruction = decodeExample(hex), shape = shapes.of(semanticsOf(instruction), instruction);
    assert(shape !== null, `no form: ${lines[n]!.join(' ')}`);
    for (const primitive of useOf(semanticsOf(instruction), instruction).floats) if (!examples.has(primitive)) examples.set(primitive, hex);
    const form = shape.form(Number(rule), letters.includes('g'), letters.includes('d'), second === '' ? null : made[Number(second)] ??= make(Number(second)), forms);
    form.isNeeded = true;
    return form;
  };
  lines.forEach(([, , letters = ''], n) => { if (letters.includes('f')) made[n] ??= make(n); });
  const few = forms.rows.length;
  lines.forEach((_, n) => { made[n] ??= make(n); });
  return { forms: forms.rows as readonly Form[], few };
}
/** Primitives that are no operations on floats, and whose names may not tell them from others. */
function callsOthers(form: Form, floats: ReadonlyMap<Primitive, string>): boolean {
  const primitives = new PrimitiveNumbers();
  new ThreadedLowering({ primitives, functionType: FUNCTION_TYPE }, SLOT_OF_THREADS, null).writeFunction([form]);
  form.isWritten = false;
  return primitives.rows.some(row => !floats.has(row));
}
function moduleOf(forms: readonly Form[], primitives: PrimitiveNumbers, isTimed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  for (const form of forms) form.isWritten = false;
  declareImports(module, isTimed ? 'timed' : 'usual');
  const lowering = new ThreadedLowering({ primitives, functionType: FUNCTION_TYPE }, SLOT_OF_THREADS, isTimed ? ZEN3 : null);
  const index = module.function(FUNCTION_TYPE, lowering.writeFunction(forms));
  module.element(SLOT_OF_THREADS, [index]);
  module.exportFunction('run', index);
  return module.bytes();
}
