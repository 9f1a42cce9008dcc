import { Graph } from '../../graph/graph';
import { Opening } from '../../graph/session/opening';
import { GraphSession, type PreparedCall } from '../../graph/session/session';
import type { AugmentationSettings } from '../../pipeline/augmentation';
import type { SourceOptions } from '../../pipeline/dataset-sources';
import type { SkippedExample } from '../../pipeline/example-source';
import { emitPipeline } from '../../pipeline/graph/emit-pipeline';
import type { GraphExamples, GraphPipeline } from '../../pipeline/graph/graph-pipeline';
import type { PipelineSettings } from '../../pipeline/plain-pipeline';
import type { FeatureComputer } from './feature-computer';

/** Examples in one call: more than that make none faster, and take memory. */
const mostExamples = 64;
/** Input elements in one call: 64 pictures of 224 × 224. */
const mostElements = 64 * 224 * 224 * 3;

/** A function of the input's shape alone: results may differ in their last bits from one size to another. */
export function computationBatch(shape: readonly number[]): number {
  const elements = shape.reduce((product, size) => product * size, 1);
  return Math.max(1, Math.min(mostExamples, Math.floor(mostElements / elements)));
}

export interface ComputationSettings extends Pick<PipelineSettings, 'seed' | 'cache' | 'cacheDirectory'> {
  augmentation?: AugmentationSettings | undefined;
}

/** Features of some examples. */
export interface ComputedFeatures {
  /** Rising. */
  indices: Int32Array;
  /** [indices, ...shape]. */
  rows: Float32Array;
}

/**
 * Reads the examples of a split and computes their features, in one graph in a session of its own: while a call computes,
 * TensorFlow's threads decode what comes next. Always in the same batches, so that the same examples give the same bytes.
 */
export class FeatureComputation {
  private constructor(
    private readonly pipeline: GraphPipeline,
    private readonly session: GraphSession,
    private readonly call: PreparedCall<{
      features: GraphPipeline['inputs'];
      indices: GraphPipeline['indices'];
    }>,
  ) {}

  static async open(
    computer: FeatureComputer,
    examples: GraphExamples,
    settings: ComputationSettings,
    options: SourceOptions,
    inputShape: readonly number[],
  ): Promise<FeatureComputation> {
    const graph = new Graph();
    const { augmentation, ...common } = settings;
    const pipeline = await emitPipeline(
      graph,
      'examples',
      examples,
      { ...common, batchSize: computationBatch(inputShape), ...(augmentation ? { augmentation } : {}) },
      options,
    );
    const features = computer.emitFeatures(graph, pipeline.inputs);
    const session = await GraphSession.load(graph);
    try {
      await computer.open(session);
      const opening = new Opening();
      await pipeline.open(opening);
      opening.run(session);
      const call = session.prepare({ features, indices: pipeline.indices });
      return new FeatureComputation(pipeline, session, call);
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /** Goes to the first example, with the augmentation of this epoch. */
  begin(epoch: number): void {
    this.pipeline.seek({ epoch, index: 0 });
  }

  /** The next batch; undefined after the last. */
  async next(): Promise<ComputedFeatures | undefined> {
    const drawn = await this.pipeline.next(() => this.call.run());
    if (drawn === 'end-of-epoch') return undefined;
    return { indices: drawn.indices.data as Int32Array, rows: drawn.features.floats() };
  }

  takeSkipped(): SkippedExample[] {
    return this.pipeline.takeSkipped();
  }

  async dispose(): Promise<void> {
    await this.pipeline.dispose();
    this.session.dispose();
  }
}
