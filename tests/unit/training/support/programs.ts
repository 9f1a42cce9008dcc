import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { TaskKind } from '../../../../src/contract/dataset';
import { type Hyperparameters, hyperparameters } from '../../../../src/contract/hyperparameters';
import type { ModelInput } from '../../../../src/contract/metadata';
import type { Graph } from '../../../../src/graph/graph';
import { buildModel } from '../../../../src/model/build-model';
import { type ModelSpecification, metadataOf } from '../../../../src/model/specification';
import type { ExampleSource } from '../../../../src/pipeline/example-source';
import { createPlainPipeline } from '../../../../src/pipeline/plain-pipeline';
import { RandomStream, randomPurpose } from '../../../../src/pipeline/random';
import type { ProgramChoice } from '../../../../src/training/create-program';
import { feedSplits } from '../../../../src/training/graph/fed-data';
import { GraphProgram } from '../../../../src/training/graph/graph-program';
import { PlainProgram, type PlainProgramOptions } from '../../../../src/training/plain-program';
import type { TrainingProgram } from '../../../../src/training/program';
import type { SplitData } from '../../../../src/training/split-data';

/** A made-up learning task that any preset can be built for. */
export interface Task {
  input: ModelInput;
  task: TaskKind;
  classes: number;
}

export const pictures = (side = 12, channels: 1 | 3 = 1): Task => ({
  input: { kind: 'images', height: side, width: side, channels },
  task: 'classification',
  classes: 4,
});

export const rows: Task = {
  input: {
    kind: 'table',
    columns: [
      { name: 'size', role: 'numeric', mean: 0.4, standardDeviation: 0.3 },
      { name: 'age', role: 'numeric', mean: -1, standardDeviation: 2 },
      { name: 'kind', role: 'categorical', values: ['a', 'b', 'c'] },
    ],
  } as ModelInput,
  task: 'classification',
  classes: 3,
};

export const prices: Task = { ...rows, task: 'regression', classes: 0 };

export const texts: Task = {
  input: {
    kind: 'texts',
    vocabulary: Array.from({ length: 40 }, (_, index) => `w${index}`),
    sequenceLength: 9,
  },
  task: 'classification',
  classes: 2,
};

function shapeOf({ input }: Task): number[] {
  if (input.kind === 'images') return [input.height, input.width, input.channels];
  if (input.kind === 'texts') return [input.sequenceLength];
  return [
    input.columns.reduce((sum, column) => sum + (column.role === 'numeric' ? 1 : column.values.length), 0),
  ];
}

/** Examples that are a function of their number. */
export function sourceOf(task: Task, count: number, first = 0, weighted = false): ExampleSource {
  const shape = shapeOf(task);
  const elements = shape.reduce((product, size) => product * size, 1);
  const answer = (index: number) => {
    const random = new RandomStream(7, randomPurpose.order, first + index);
    return task.task === 'classification' ? random.nextBelow(task.classes) : 100 + random.nextWithin(40);
  };
  return {
    count,
    shape,
    dtype: task.input.kind === 'texts' ? 'int32' : 'float32',
    resident: true,
    loading: 'make up',
    name: (index) => `example ${first + index}`,
    answer,
    ...(weighted ? { weight: (index: number) => ((first + index) % 5) / 2 } : {}),
    load: (index) => {
      const random = new RandomStream(8, randomPurpose.order, first + index);
      if (task.input.kind === 'texts')
        return Int32Array.from({ length: elements }, () => random.nextBelow(42));
      if (task.input.kind === 'images')
        return Uint8Array.from({ length: elements }, () => random.nextBelow(256));
      return Float32Array.from({ length: elements }, () => random.nextWithin(2));
    },
  };
}

export interface Question {
  task: Task;
  /** Instead of a preset's model. */
  build?: () => tf.LayersModel;
  hyperparameters: Partial<Hyperparameters>;
  classWeights?: Float32Array;
  examples?: number;
  /** Whether the examples have weights of their own, some of them 0. */
  weighted?: boolean;
  /** Whether the compiled program can time its layers. */
  timesLayers?: boolean;
}

export function settingsOf(question: Question): Hyperparameters {
  return hyperparameters.parse({ batchSize: 8, ...question.hyperparameters });
}

export function specificationOf(question: Question): ModelSpecification {
  const { task } = question;
  return {
    name: 'made up',
    task: task.task,
    input: task.input,
    labels: Array.from({ length: task.classes }, (_, index) => `class ${index}`),
    ...(task.task === 'regression' ? { target: { name: 'price', mean: 100, standardDeviation: 20 } } : {}),
    hyperparameters: settingsOf(question),
  };
}

/** Both programs, on the same model and data; `directory` keeps caches. */
export class Programs {
  private constructor(private readonly directory: string) {}

  static async create(): Promise<Programs> {
    return new Programs(await mkdtemp(join(tmpdir(), 'descent-programs-')));
  }

  private async split(
    question: Question,
    count: number,
    first: number,
    shuffled: boolean,
  ): Promise<SplitData> {
    const { batchSize, seed, shuffleBuffer } = settingsOf(question);
    const source = sourceOf(question.task, count, first, question.weighted);
    const pipeline = await createPlainPipeline(source, {
      seed,
      batchSize,
      cache: 'none',
      cacheDirectory: this.directory,
      prefetch: 1,
      ...(shuffled ? { shuffleBuffer } : {}),
    });
    return { source, pipeline };
  }

  private async splits(question: Question) {
    const { examples = 44 } = question;
    return {
      train: await this.split(question, examples, 0, true),
      heldOut: { validation: await this.split(question, 21, 1000, false) },
    };
  }

  private async optionsOf(question: Question) {
    const specification = specificationOf(question);
    return {
      model: question.build?.() ?? buildModel(specification),
      metadata: metadataOf(specification),
      ...(await this.splits(question)),
      hyperparameters: settingsOf(question),
      classWeights: question.classWeights,
    };
  }

  async plain(
    question: Question,
    options: Pick<PlainProgramOptions, 'nativeGradients'> = {},
  ): Promise<PlainProgram> {
    return new PlainProgram({ ...(await this.optionsOf(question)), ...options });
  }

  /** `look` sees the graph when all of it has been written. */
  async graph(question: Question, look?: (graph: Graph) => void): Promise<GraphProgram> {
    const { train, heldOut, ...options } = await this.optionsOf(question);
    let written: Graph | undefined;
    const program = await GraphProgram.create({
      ...options,
      timesLayers: question.timesLayers,
      data: (graph) => {
        written = graph;
        return feedSplits(graph, { train, heldOut });
      },
    });
    look?.(written!);
    return program;
  }

  /** What `createProgram` chooses from. */
  async choice(question: Question): Promise<ProgramChoice & { hyperparameters: Hyperparameters }> {
    const { train, heldOut, ...options } = await this.optionsOf(question);
    await Promise.all([train, heldOut.validation].map(({ pipeline }) => pipeline.dispose()));
    return {
      ...options,
      openSplits: () => this.splits(question),
      emitSplits: async (graph) => feedSplits(graph, await this.splits(question)),
    };
  }

  /** A file beside the caches; its path. */
  async write(name: string, text: string): Promise<string> {
    const file = join(this.directory, name);
    await writeFile(file, text);
    return file;
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}

/** Metrics of the next steps; epochs pass unseen. */
export async function takeSteps(
  program: TrainingProgram,
  count: number,
  options: { recordGradients?: boolean } = {},
): Promise<Record<string, number>[]> {
  const taken: Record<string, number>[] = [];
  while (taken.length < count) {
    const report = await program.next(options);
    if (report.type === 'step') taken.push(report.metrics);
  }
  return taken;
}
