import { hyperparameters } from '../../../src/contract/hyperparameters';
import type { ModelInput } from '../../../src/contract/metadata';
import type { ExampleTable } from '../../../src/dataset/node/example-table';
import { type ModelSpecification, metadataOf } from '../../../src/model/specification';
import { emitPipeline } from '../../../src/pipeline/graph/emit-pipeline';
import { GraphProgram } from '../../../src/training/graph/graph-program';
import { PipedData } from '../../../src/training/graph/piped-data';
import { mobileNet } from '../training/models';
import { batchSize, brightened, shuffleBuffer } from './cases';

/** Side of the pictures as the model sees them. */
const side = 96;

/** Means over the steps of an epoch, in milliseconds. */
export interface Waiting {
  wait: number;
  step: number;
}

/** Epochs of a run of MobileNet α 0.25: the first reads the files, the others the cache. */
export async function measureWaiting(
  examples: ExampleTable,
  cacheDirectory: string,
  epochs: number,
): Promise<Waiting[]> {
  const settings = hyperparameters.parse({ batchSize });
  const input: ModelInput = { kind: 'images', height: side, width: side, channels: 3 };
  const specification: ModelSpecification = {
    name: 'photographs',
    task: 'classification',
    input,
    labels: examples.labels,
    hyperparameters: settings,
  };
  const program = await GraphProgram.create({
    model: mobileNet([side, side, 3], examples.labels.length, 0.25),
    metadata: metadataOf(specification),
    hyperparameters: settings,
    data: async (graph) => {
      const pipeline = await emitPipeline(
        graph,
        'train',
        { examples, split: 'train', input },
        {
          seed: 1,
          batchSize,
          shuffleBuffer,
          cache: 'memory',
          cacheDirectory,
          prefetch: settings.prefetch,
          augmentation: brightened,
        },
      );
      return { train: new PipedData(pipeline), heldOut: {} };
    },
  });
  try {
    const found: Waiting[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const begun = performance.now();
      let steps = 0;
      let wait = 0;
      for (;;) {
        const report = await program.next();
        if (report.type !== 'step') break;
        steps++;
        wait += report.timings.waitMilliseconds;
      }
      found.push({ wait: wait / steps, step: (performance.now() - begun) / steps });
    }
    return found;
  } finally {
    await program.dispose();
  }
}
