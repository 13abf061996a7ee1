/** Writes the modules that programs need as they start, and handlers for the forms that most programs have (usual.ts): see prebuilt.ts. */
import { PREDICTOR_NAME, predictorModule } from '../../timing/predictor.ts';
import { ZEN3 } from '../../timing/profiles/zen3.ts';
import { decode } from '../../decoder/decode.ts';
import { exampleOf } from '../../decoder/usual.ts';
import { ModuleWriter } from '../../wasm/module.ts';
import { assert } from '../../base/assert.ts';
import { groundModule } from '../generated/ground.ts';
import { declareImports, FUNCTION_TYPE } from '../lower/imports.ts';
import { PREBUILT_NUMBER, PrimitiveNumbers } from '../lower/primitive-numbers.ts';
import { semanticsOf } from '../semantics/index.ts';
import { type Form, FormTable, knownForms, Shapes } from './form.ts';
import type { Parts } from './prebuilt.ts';
import { ThreadedLowering } from './threaded-lowering.ts';
import { SLOT_OF_THREADS, threadsName } from './threads.ts';
import { USUAL_FORMS } from './usual.ts';

const BYTES_MAX = 15;

export function prebuild(): Parts {
  const forms = formsOf(USUAL_FORMS), modules = new Map<string, Uint8Array<ArrayBuffer>>([['ground', groundModule()], [PREDICTOR_NAME, predictorModule(ZEN3.branchTargets)]]);
  for (const form of forms) if (form.isNeeded && callsOthers(form)) form.isNeeded = false;
  const primitives = new PrimitiveNumbers(PREBUILT_NUMBER);
  for (const isTimed of [false, true]) {
    for (const form of forms) form.isWritten = false;
    modules.set(threadsName(isTimed), moduleOf(forms, primitives, isTimed));
  }
  // A form that has no handler may still be the second of one that has.
  const kept = forms.filter(form => form.isNeeded || forms.some(other => other.second === form && other.isNeeded));
  return { modules, large: [...modules.keys()].filter(name => name !== PREDICTOR_NAME), known: knownForms(kept), primitives: primitives.rows.map(({ name }) => name) };
}

/** One a line: bytes of an instruction, the rule word before it, letters (`g`: that is a guess; `d`: nobody reads its flags), and the line of its second. */
function formsOf(table: string): Form[] {
  const shapes = new Shapes(), forms = new FormTable(), made: Form[] = [];
  for (const line of table.trim().split('\n')) {
    const [hex = '', rule = '', letters = '', second = ''] = line.split(' ');
    const instruction = decode(exampleOf(hex), 0, BYTES_MAX)!, shape = shapes.of(semanticsOf(instruction), instruction);
    assert(shape !== null && 2 * instruction.length === hex.length, `no form: ${line}`);
    const form = shape.form(Number(rule), letters.includes('g'), letters.includes('d'), second === '' ? null : made[Number(second)]!, forms);
    form.isNeeded = true;
    made.push(form);
  }
  return made;
}
/** Primitives that are no operations on floats, and whose names may not tell them from others. */
function callsOthers(form: Form): boolean {
  const primitives = new PrimitiveNumbers(), floats = [...form.shape.floats, ...form.second?.shape.floats ?? []];
  new ThreadedLowering({ primitives, functionType: FUNCTION_TYPE }, SLOT_OF_THREADS, null).writeFunction([form]);
  form.isWritten = false;
  return primitives.rows.some(row => !floats.includes(row));
}
function moduleOf(forms: readonly Form[], primitives: PrimitiveNumbers, isTimed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  declareImports(module, isTimed ? 'timed' : 'usual');
  const lowering = new ThreadedLowering({ primitives, functionType: FUNCTION_TYPE }, SLOT_OF_THREADS, isTimed ? ZEN3 : null, false, true);
  const index = module.function(FUNCTION_TYPE, lowering.writeFunction(forms));
  module.element(SLOT_OF_THREADS, [index]);
  module.exportFunction('run', index);
  return module.bytes();
}
