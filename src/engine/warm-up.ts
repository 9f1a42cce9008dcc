import { hyperparameters } from '../contract/hyperparameters';
import { buildModel } from '../model/build-model';
import { type ModelSpecification, metadataOf } from '../model/specification';
import type { ExampleSource } from '../pipeline/example-source';
import { createPlainPipeline } from '../pipeline/plain-pipeline';
import { PlainProgram } from '../training/plain-program';

const side = 8;
const examples = 4;

const settings = hyperparameters.parse({
  model: 'small-cnn',
  seed: 1,
  dropout: 0.5,
  hiddenUnits: 4,
  width: 0.25,
});

const specification: ModelSpecification = {
  name: 'warm-up',
  task: 'classification',
  input: { kind: 'images', height: side, width: side, channels: 1 },
  labels: ['a', 'b'],
  hyperparameters: settings,
};

const source: ExampleSource = {
  count: examples,
  shape: [side, side, 1],
  dtype: 'float32',
  resident: true,
  loading: 'none',
  name: String,
  answer: (index) => index % 2,
  load: (index) => new Float32Array(side * side).fill(index),
};

/** Takes one step of a tiny network: libraries are loaded and kernels set up before the first job comes. */
export async function warmUp(): Promise<void> {
  const pipeline = await createPlainPipeline(source, {
    seed: 1,
    batchSize: examples,
    cache: 'none',
    cacheDirectory: '',
    prefetch: 0,
  });
  const program = new PlainProgram({
    model: buildModel(specification),
    metadata: metadataOf(specification),
    train: { source, pipeline },
    heldOut: {},
    hyperparameters: settings,
  });
  await program.next();
  await program.dispose();
}
