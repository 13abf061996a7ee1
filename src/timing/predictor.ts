/** Branch prediction for who performs in TypeScript: the formulas of predictor-code.ts as functions of a small module. */
import { STATE, type LinearMemory } from '../base/layout.ts';
import type { i32 } from '../base/types.ts';
import { Code, type Local } from '../wasm/code.ts';
import { declareMemory, ModuleWriter } from '../wasm/module.ts';
import { TYPE } from '../wasm/opcode.ts';
import { PredictorCode } from './predictor-code.ts';
import { type SlowFunctions, writeSlowFunctions } from './predictor-slow.ts';
import { PREDICTED } from './predictor-tables.ts';
import type { BranchTargets, Profile } from './profile.ts';

/** What each learns, and how many parameters it has; all are i32, addresses are low words. What they give is one of PREDICTED, or parts of a cycle. */
const FUNCTIONS = [
  /** (end of a direct branch that was taken): parts of a cycle that the front end waits. */
  { name: 'direct', parameters: 1, gives: true },
  /** (end of the branch, whether it was taken). */
  { name: 'conditional', parameters: 2, gives: true },
  /** (end of the branch, where it went). */
  { name: 'indirect', parameters: 2, gives: true },
  /** (where the call should return to). */
  { name: 'called', parameters: 1, gives: false },
  /** (where a return went). */
  { name: 'returned', parameters: 1, gives: true },
] as const;
export type PredictorFunction = (typeof FUNCTIONS)[number]['name'];

/** Modules that were written before the program was started; null: it is to be written. */
interface Written { module(name: string): Uint8Array<ArrayBuffer> | null }
export const PREDICTOR_NAME = 'predictor';

type PredictorExports = Readonly<Record<PredictorFunction, (a: i32, b?: i32) => i32>>;

export class Predictor {
  private functions: PredictorExports | null = null;
  private readonly memory: LinearMemory;
  private readonly targets: BranchTargets;
  private readonly written: Written | null;

  /** @param written for this profile */
  constructor(memory: LinearMemory, { branchTargets }: Profile, written: Written | null = null) { this.memory = memory; this.targets = branchTargets; this.written = written; }
  /** Without timing nobody asks. */
  private make(): PredictorExports {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(this.written?.module(PREDICTOR_NAME) ?? predictorModule(this.targets)), { tramp64: { memory: this.memory.wasm } });
    return this.functions = instance.exports as PredictorExports;
  }
  /** What generated code calls: SLOW_FUNCTIONS. */
  get exports(): Readonly<Record<string, unknown>> { return { ...(this.functions ?? this.make()) }; }
  conditional(from: i32, isTaken: boolean): number { return (this.functions ?? this.make()).conditional(from, isTaken ? 1 : 0); }
  direct(from: i32): number { return (this.functions ?? this.make()).direct(from); }
  indirect(from: i32, to: i32): number { return (this.functions ?? this.make()).indirect(from, to); }
  called(next: i32): void { (this.functions ?? this.make()).called(next); }
  returned(to: i32): number { return (this.functions ?? this.make()).returned(to); }
  get misses(): number { return this.memory.view.getFloat64(STATE.branchMisses, true); }
}

export function predictorModule(targets: BranchTargets): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  declareMemory(module);
  const slow = writeSlowFunctions(module, targets);
  for (const { name, parameters, gives } of FUNCTIONS) {
    const code = new Code(parameters), type = module.type(Array(parameters).fill(TYPE.i32), gives ? [TYPE.i32] : []);
    new PredictionCode(code, targets, slow).write(name, 0, 1);
    module.exportFunction(name, module.function(type, code));
  }
  return module.bytes();
}

/** Writes them into a function, as often as wanted, with the same locals. */
export class PredictionCode {
  private readonly code: Code;
  private readonly given: Local;
  private readonly predictor: PredictorCode;
  constructor(code: Code, targets: BranchTargets, slow: SlowFunctions) {
    const given = code.local(TYPE.i32);
    this.code = code; this.given = given;
    this.predictor = new PredictorCode(code, targets, slow, { onMiss: () => { this.give(PREDICTED.wrong); }, onOverride: () => { this.give(PREDICTED.byHistory); }, onSteered: () => { code.set(given); } });
  }
  private give(how: number): void { this.code.i32(how); this.code.set(this.given); }
  /** The arguments are locals, what it gives is left on the stack. */
  write(name: PredictorFunction, ...parameters: readonly Local[]): void {
    const { code, predictor } = this, [first = 0, second = first] = parameters;
    this.give(PREDICTED.right);
    predictor.load();
    switch (name) {
      case 'conditional':
        predictor.consult({ local: first });
        code.get(second);
        code.if(); predictor.learn({ local: first }, true); code.else(); predictor.learn({ local: first }, false); code.end();
        break;
      case 'direct': predictor.direct({ local: first }); break;
      case 'indirect': predictor.indirect({ local: first }, { local: second }); break;
      case 'called': predictor.called({ local: first }); break;
      case 'returned': predictor.returned({ local: first }); break;
    }
    predictor.store();
    if (name !== 'called') code.get(this.given);
  }
}
