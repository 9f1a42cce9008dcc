import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Prediction, PredictionInput } from '../../contract/prediction';
import { type LoadedModel, loadModel } from '../../model/load-model';
import { modelFileName } from '../../model/save-model';
import { CompiledPrediction } from '../../training/graph/compiled-prediction';
import { type EncodedInput, InputEncoder } from './prediction-inputs';

const batchSize = 64;

interface KeptModel extends LoadedModel {
  directory: string;
  /** The file is replaced when a run finds better weights. */
  modified: number;
  encoder: InputEncoder;
  /** Its inference as a graph, where it can be one. */
  compiled: CompiledPrediction | undefined;
}

/** Predicts with the models of runs and keeps the last one loaded. One question at a time. */
export class Predictor {
  private kept: KeptModel | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  /** @throws DescentError when the run has no readable model; an input that can't be read is an answer of its own */
  predict(
    runDirectory: string,
    inputs: readonly PredictionInput[],
    signal: AbortSignal,
  ): Promise<Prediction[]> {
    const answer = this.turn.then(() => this.answer(runDirectory, inputs, signal));
    this.turn = answer.catch(() => {});
    return answer;
  }

  private async answer(
    runDirectory: string,
    inputs: readonly PredictionInput[],
    signal: AbortSignal,
  ): Promise<Prediction[]> {
    const kept = await this.load(join(runDirectory, 'model'));
    const predictions: Prediction[] = [];
    let pending: EncodedInput[] = [];
    for (const input of inputs) {
      signal.throwIfAborted();
      pending.push(...(await kept.encoder.encode(input)));
      while (pending.length >= batchSize) {
        predictions.push(...predictBatch(kept, pending.slice(0, batchSize)));
        pending = pending.slice(batchSize);
      }
    }
    return [...predictions, ...predictBatch(kept, pending)];
  }

  private async load(directory: string): Promise<KeptModel> {
    const modified = await modificationTime(join(directory, modelFileName));
    if (this.kept?.directory === directory && this.kept.modified === modified) return this.kept;
    this.kept?.compiled?.dispose();
    this.kept?.model.dispose();
    this.kept = undefined;
    const loaded = await loadModel(directory);
    const compiled = await CompiledPrediction.create(loaded.model);
    const encoder = new InputEncoder(loaded.metadata.input);
    this.kept = { ...loaded, directory, modified, encoder, compiled };
    return this.kept;
  }
}

/** 0 when there is no file: loading says so in a sentence. */
async function modificationTime(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

function predictBatch(kept: KeptModel, encoded: readonly EncodedInput[]): Prediction[] {
  const { metadata } = kept;
  const readable = encoded.filter((input) => 'values' in input);
  const outputs = readable.length > 0 ? run(kept, readable) : [];
  let next = 0;
  return encoded.map((input): Prediction => {
    if ('error' in input) return { file: input.name, error: input.error };
    const output = outputs[next++]!;
    if (metadata.outputs === 'value') return { file: input.name, value: output[0]! };
    const best = output.indexOf(Math.max(...output));
    return {
      file: input.name,
      label: metadata.labels[best],
      probabilities: Object.fromEntries(metadata.labels.map((label, index) => [label, output[index]!])),
    };
  });
}

function run({ model, compiled }: KeptModel, inputs: readonly { values: ArrayLike<number> }[]): number[][] {
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const length = inputs[0]!.values.length;
  const dtype = model.inputs[0]!.dtype === 'int32' ? 'int32' : 'float32';
  const values =
    dtype === 'int32' ? new Int32Array(inputs.length * length) : new Float32Array(inputs.length * length);
  inputs.forEach((input, row) => {
    values.set(input.values, row * length);
  });
  if (compiled) {
    const outputs = compiled.predict(values, inputs.length);
    const width = outputs.length / inputs.length;
    return inputs.map((_, row) => Array.from(outputs.subarray(row * width, (row + 1) * width)));
  }
  return tf.tidy(() => {
    const outputs = model.predict(tf.tensor(values, [inputs.length, ...shape], dtype)) as tf.Tensor2D;
    return outputs.arraySync();
  });
}
