import type { ExampleTable } from '../../../src/dataset/node/example-table';
import { Graph } from '../../../src/graph/graph';
import { Opening } from '../../../src/graph/session/opening';
import { GraphSession } from '../../../src/graph/session/session';
import { emitPipeline } from '../../../src/pipeline/graph/emit-pipeline';
import type { GraphPipeline } from '../../../src/pipeline/graph/graph-pipeline';
import { batchSize, type DataSetName, dataSets, shuffleBuffer, size } from './cases';

/** Milliseconds on the clock, and of all processors together. */
export interface Duration {
  clock: number;
  processor: number;
}

/** A pipeline of ours, with an empty cache at first. */
export class Ours {
  private constructor(
    private readonly pipeline: GraphPipeline,
    private readonly session: GraphSession,
  ) {}

  static async make(examples: ExampleTable, name: DataSetName, cacheDirectory: string): Promise<Ours> {
    const graph = new Graph();
    const pipeline = await emitPipeline(
      graph,
      'train',
      { examples, split: 'train', input: { kind: 'images', height: size, width: size, channels: 3 } },
      { seed: 1, batchSize, shuffleBuffer, cacheDirectory, ...dataSets[name] },
    );
    const session = await GraphSession.load(graph);
    const opening = new Opening();
    await pipeline.open(opening);
    opening.run(session);
    return new Ours(pipeline, session);
  }

  async epoch(): Promise<Duration> {
    const { indices, source, stageTimes } = this.pipeline;
    const call = this.session.prepare({ indices, ...(stageTimes ? { stageTimes } : {}) });
    const processor = process.cpuUsage();
    const started = performance.now();
    let seen = 0;
    for (;;) {
      const found = await this.pipeline.next(() => call.run());
      if (found === 'end-of-epoch') break;
      seen += found.indices.data.length;
    }
    const clock = performance.now() - started;
    const { user, system } = process.cpuUsage(processor);
    if (seen !== source.count) throw new Error(`${seen} pictures of ${source.count} came.`);
    return { clock, processor: (user + system) / 1000 };
  }

  async dispose(): Promise<void> {
    await this.pipeline.dispose();
    this.session.dispose();
  }
}
