import { DescentError } from '../contract/errors';
import type { TrainingProgram } from './program';

/** Says where a loss stopped being a number: step (that was tried, from 1), epoch (from 1), learning rate, layers. */
export async function nonFiniteLoss(
  program: TrainingProgram,
  loss: number,
  epoch: number,
  learningRate: number,
): Promise<DescentError> {
  const layers = new Set<string>();
  for (const { name, values } of await program.readWeights())
    if (!values.every(Number.isFinite)) layers.add(name.slice(0, name.lastIndexOf('/')));
  const where =
    layers.size > 0
      ? `Weights that are no finite numbers stand in ${[...layers].join(', ')}.`
      : 'All weights are still finite: the loss itself overflowed.';
  return new DescentError(
    'non-finite',
    `The loss became ${loss} at step ${program.step + 1} (epoch ${epoch}) with learning rate ${learningRate}. ${where}`,
    {
      subject: `step ${program.step + 1}`,
      remedy: `Train again with a smaller learning rate (say ${Number((learningRate / 10).toPrecision(2))}) or a warm-up; look for extreme values in the data.`,
    },
  );
}
