/** Branch prediction for who performs in TypeScript: the formulas of predictor-code.ts as functions of a small module. */
import { STATE, type LinearMemory } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { Code, type Local } from '../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../wasm/module.ts';
import { TYPE } from '../wasm/opcode.ts';
import { PredictorCode } from './predictor-code.ts';

/** What each learns, and how many parameters it has; all are i32, addresses are low words. Each returns one of PREDICTED, if any. */
const FUNCTIONS = [
  /** (end of a direct branch, where it went). */
  { name: 'direct', parameters: 2, mayMiss: false },
  /** (end of the branch, whether it was taken). */
  { name: 'conditional', parameters: 2, mayMiss: true },
  /** (end of the branch, where it went). */
  { name: 'indirect', parameters: 2, mayMiss: true },
  /** (where the call should return to). */
  { name: 'called', parameters: 1, mayMiss: false },
  /** (end of the return, where it went). */
  { name: 'returned', parameters: 2, mayMiss: true },
] as const;
export const PREDICTED = { right: 0, wrong: 1, byHistory: 2 } as const;
export type PredictorFunction = (typeof FUNCTIONS)[number]['name'];

type PredictorExports = Readonly<Record<PredictorFunction, (a: i32, b?: i32) => i32>>;

export class Predictor {
  private functions: PredictorExports | null = null;
  private readonly memory: LinearMemory;

  constructor(memory: LinearMemory) { this.memory = memory; }
  /** Without timing nobody asks. */
  private make(): PredictorExports {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(predictorModule()), { tramp64: { memory: this.memory.wasm } });
    return this.functions = instance.exports as PredictorExports;
  }
  conditional(from: i32, isTaken: boolean): number { return (this.functions ?? this.make()).conditional(from, isTaken ? 1 : 0); }
  direct(from: i32, to: i32): void { (this.functions ?? this.make()).direct(from, to); }
  indirect(from: i32, to: i32): number { return (this.functions ?? this.make()).indirect(from, to); }
  called(next: i32): void { (this.functions ?? this.make()).called(next); }
  returned(from: i32, to: i32): number { return (this.functions ?? this.make()).returned(from, to); }
  get misses(): number { return this.memory.view.getFloat64(STATE.branchMisses, true); }
}

function predictorModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  declareMemory(module);
  for (const { name, parameters, mayMiss } of FUNCTIONS) {
    const code = new Code(parameters), type = module.type(Array(parameters).fill(TYPE.i32), mayMiss ? [TYPE.i32] : []);
    writePrediction(code, name, 0, 1);
    module.exportFunction(name, module.function(type, code));
  }
  return module.bytes();
}

/** Writes one of them into a function: the arguments are locals, whether it was a miss is left on the stack. */
export function writePrediction(code: Code, name: PredictorFunction, ...parameters: readonly Local[]): void {
  const [first = 0, second = first] = parameters;
  const missed = code.local(TYPE.i32), note = (how: number) => (): void => { code.i32(how); code.set(missed); };
  const predictor = new PredictorCode(code, { onMiss: note(PREDICTED.wrong), onOverride: note(PREDICTED.byHistory) });
  note(PREDICTED.right)();
  predictor.load();
  switch (name) {
    case 'conditional':
      predictor.consult({ local: first });
      code.get(second);
      code.if(); predictor.learn({ local: first }, true); code.else(); predictor.learn({ local: first }, false); code.end();
      break;
    case 'direct': predictor.took({ local: first }, { local: second }); break;
    case 'indirect': predictor.indirect({ local: first }, { local: second }); break;
    case 'called': predictor.called({ local: first }); break;
    case 'returned': predictor.returned({ local: first }, { local: second }); break;
  }
  predictor.store();
  if (name !== 'called' && name !== 'direct') code.get(missed);
}
