import type { ProbedSteps, TrainingJob } from '../contract/engine';
import { prepareTraining } from './prepare-training';

/**
 * Takes the first steps of a job at its learning rate and leaves nothing behind: to compare ways of computing.
 * @throws DescentError when the data can't be trained on; `cancelled`
 */
export async function probeSteps(job: TrainingJob, steps: number, signal: AbortSignal): Promise<ProbedSteps> {
  // The steps of the whole model: where features are kept, those say little of how it computes.
  const { program } = await prepareTraining(job, () => {}, signal, { keepsFeatures: false });
  try {
    const losses: number[] = [];
    const times: number[] = [];
    program.setLearningRate(job.configuration.hyperparameters.learningRate);
    while (losses.length < steps && !signal.aborted) {
      const begin = performance.now();
      const report = await program.next();
      if (report.type !== 'step') continue;
      times.push(performance.now() - begin);
      losses.push(report.metrics.loss!);
      // A step that is not finite changes nothing: the same loss would come again.
      if (!Number.isFinite(losses.at(-1))) break;
    }
    signal.throwIfAborted();
    times.sort((one, other) => one - other);
    return { losses, stepMilliseconds: times[Math.floor(times.length / 2)]! };
  } finally {
    await program.dispose();
  }
}
