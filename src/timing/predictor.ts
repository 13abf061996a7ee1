/** Branch prediction for who performs in TypeScript: the formulas of predictor-code.ts as functions of a small module. */
import { STATE, type LinearMemory } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { Code, type Local } from '../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../wasm/module.ts';
import { OP, TYPE } from '../wasm/opcode.ts';
import { BRANCH_CYCLES } from './costs.ts';
import { PredictorCode } from './predictor-code.ts';

/** What each learns, and how many parameters it has; all are i32, addresses are low words. Each returns its cost in cycles, `called` nothing. */
const FUNCTIONS = [
  /** (end of the branch, whether it was taken). */
  { name: 'conditional', parameters: 2, hasCost: true },
  /** (end of the branch, where it went). */
  { name: 'indirect', parameters: 2, hasCost: true },
  /** (where the call should return to). */
  { name: 'called', parameters: 1, hasCost: false },
  /** (where the return went). */
  { name: 'returned', parameters: 1, hasCost: true },
] as const;
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
  direct(): number { return BRANCH_CYCLES.taken; }
  indirect(from: i32, to: i32): number { return (this.functions ?? this.make()).indirect(from, to); }
  called(next: i32): void { (this.functions ?? this.make()).called(next); }
  returned(to: i32): number { return (this.functions ?? this.make()).returned(to); }
  get misses(): number { return this.memory.view.getFloat64(STATE.branchMisses, true); }
}

function predictorModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  declareMemory(module);
  for (const { name, parameters, hasCost } of FUNCTIONS) {
    const code = new Code(parameters), type = module.type(Array(parameters).fill(TYPE.i32), hasCost ? [TYPE.i32] : []);
    writePrediction(code, name, 0, 1);
    module.exportFunction(name, module.function(type, code));
  }
  return module.bytes();
}

/** Writes one of them into a function: the arguments are locals, the cost is left on the stack. */
export function writePrediction(code: Code, name: PredictorFunction, ...parameters: readonly Local[]): void {
  const [first = 0, second = first] = parameters;
  const cost = code.local(TYPE.i32);
  const add = (cycles: number): void => { code.get(cost); code.i32(cycles); code.op(OP['i32.add']); code.set(cost); };
  const predictor = new PredictorCode(code, add);
  code.i32(0); code.set(cost);
  predictor.load();
  switch (name) {
    case 'conditional':
      predictor.consult({ local: first });
      code.get(second);
      code.if(); predictor.learn(true); add(BRANCH_CYCLES.taken); code.else(); predictor.learn(false); code.end();
      break;
    case 'indirect': predictor.indirect({ local: first }, { local: second }); add(BRANCH_CYCLES.taken); break;
    case 'called': predictor.called({ local: first }); break;
    case 'returned': predictor.returned({ local: first }); add(BRANCH_CYCLES.taken); break;
  }
  predictor.store();
  if (name !== 'called') code.get(cost);
}
