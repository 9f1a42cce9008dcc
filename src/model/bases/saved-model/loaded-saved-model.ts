import { DescentError } from '../../../contract/errors';
import { Graph } from '../../../graph/graph';
import {
  callSavedFunction,
  type ImportableFunction,
  importable,
} from '../../../graph/import/import-function';
import { readSavedModel } from '../../../graph/import/read-saved-model';
import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { GraphSession } from '../../../graph/session/session';
import { TensorValue } from '../../../graph/tensor-value';
import { hashSavedModel } from './folder-hash';
import { findPictureFunction, type PictureFunction } from './picture-function';

/** A SavedModel as a base, read and checked: what is left to do is synchronous. */
export class LoadedSavedModel {
  private static readonly known = new Map<string, LoadedSavedModel>();

  private constructor(
    readonly directory: string,
    readonly sha256: string,
    readonly pictures: PictureFunction,
    private readonly importable: ImportableFunction,
  ) {}

  /**
   * Reads a SavedModel folder, and remembers it by its hash.
   * @throws DescentError as `readSavedModel`, `findPictureFunction` and `importable` do; `unsupported` without the native engine
   */
  static async open(directory: string): Promise<LoadedSavedModel> {
    const saved = await readSavedModel(directory);
    const sha256 = await hashSavedModel(directory);
    const known = LoadedSavedModel.known.get(sha256);
    if (known?.directory === directory) return known;
    const pictures = findPictureFunction(saved);
    const loaded = new LoadedSavedModel(
      directory,
      sha256,
      pictures,
      await importable(saved, pictures.target),
    );
    LoadedSavedModel.known.set(sha256, loaded);
    return loaded;
  }

  /** One that was opened in this process. */
  static find(sha256: string): LoadedSavedModel | undefined {
    return LoadedSavedModel.known.get(sha256);
  }

  /**
   * Adds the operations: pictures float32 [batch, height, width, channels], 0..1 for a function of float32 and 0..255 for one
   * of uint8, to features float32 [batch, ...shape].
   */
  emit(graph: Graph, pictures: Tensor): Tensor {
    const { dtype, inputs, output } = this.pictures;
    const given = dtype === 'uint8' ? ops.cast(ops.clip(ops.round(pictures), 0, 255), 'uint8') : pictures;
    return callSavedFunction(
      graph,
      this.importable,
      inputs.map((input) => (input === 'pictures' ? given : graph.constant(input))),
    )[output]!;
  }

  /** The shape of one example's features for pictures of this size; computed where the SavedModel doesn't tell. */
  async outputShape(height: number, width: number): Promise<number[]> {
    const { outputShape: stated, channels } = this.pictures;
    if (stated?.every((size) => size !== null)) return [...stated] as number[];
    const graph = new Graph();
    const inputs = graph.placeholder('float32', [1, height, width, channels], 'pictures');
    const features = this.emit(graph, inputs);
    const session = await GraphSession.load(graph);
    try {
      const zeros = new Float32Array(height * width * channels);
      const { shape } = session.fetch(features, [
        [inputs, new TensorValue('float32', [1, height, width, channels], zeros)],
      ]);
      return shape.slice(1);
    } catch (cause) {
      throw new DescentError(
        'unsupported',
        `The SavedModel in ${this.directory} can't take pictures of ${width} × ${height} pixels: ${
          cause instanceof Error ? cause.message : String(cause)
        }`,
        { subject: this.directory, remedy: 'Set another imageSize.', cause },
      );
    } finally {
      session.dispose();
    }
  }
}
