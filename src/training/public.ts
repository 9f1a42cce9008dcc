/** For people who write training steps of their own. docs/compiled-step.md shows how. */
export {
  CompiledStep,
  type CompiledStepOptions,
  compiledStep,
  type StepResult,
} from './compiled/compiled-step';
export type { Batch, LossAndOthers, LossFunction, StepContext } from './compiled/trace-loss';
