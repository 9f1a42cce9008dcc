import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescentError } from '../../contract/errors';
import { type DType, dtypeFromNumber } from '../dtype';
import { servingTag } from '../encoding/saved-model';
import type { Shape } from '../shape';
import {
  decodeFunction,
  decodeSavedModel,
  type EncodedConcreteFunction,
  type EncodedMetaGraph,
  type EncodedShape,
  type EncodedSpecification,
  type EncodedStructure,
} from './saved-model-schema';

/** A tensor that goes into a saved function, or comes out of it. */
export interface SavedTensor {
  name: string;
  dtype: DType;
  shape: Shape;
}

/** An argument: a tensor, or the value for which the function was traced (Python's `training=False`). */
export type SavedArgument = SavedTensor | { name: string; value: boolean | number | string | null };

/** A function of a SavedModel that can be called, traced once for these types and values. */
export interface SavedFunction {
  /** `__call__`, or the name of a signature. */
  name: string;
  kind: 'call' | 'signature';
  /** The name in the SavedModel's library of functions. */
  functionName: string;
  arguments: readonly SavedArgument[];
  outputs: readonly SavedTensor[];
  /** Numbers of the objects that it captured, which are its last inputs. */
  captures: readonly number[];
}

/** A SavedModel's graphs and objects as they stand in saved_model.pb; its variables stay in their files. */
export interface SavedModel {
  directory: string;
  /** Of the TensorFlow that wrote it. */
  tensorflowVersion: string;
  functions: readonly SavedFunction[];
  metaGraph: EncodedMetaGraph;
  /** FunctionDefs by name, encoded. */
  library: ReadonlyMap<string, Uint8Array>;
}

export const savedModelFileName = 'saved_model.pb';
/** In folders of TensorFlow 1's Hub format. */
const hubModuleFileName = 'tfhub_module.pb';

/**
 * Reads what a SavedModel folder, written by TensorFlow 2, holds beside the values of its variables.
 * @throws DescentError `not-found` when there is no saved_model.pb; `bad-input` when it is damaged; `unsupported` for the formats
 *   of TensorFlow 1
 */
export async function readSavedModel(directory: string): Promise<SavedModel> {
  const path = join(directory, savedModelFileName);
  const data = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new DescentError('not-found', `There is no ${savedModelFileName} in ${directory}.`, {
      subject: directory,
      remedy:
        'Choose the folder that tf.saved_model.save or model.export wrote: it holds saved_model.pb and variables/.',
      cause,
    });
  });
  if (await exists(join(directory, hubModuleFileName)))
    throw new DescentError('unsupported', `${directory} is a module of TensorFlow 1's Hub format.`, {
      subject: directory,
      remedy: 'Take the module’s version for TensorFlow 2, which is a SavedModel without tfhub_module.pb.',
    });
  let metaGraphs: EncodedMetaGraph[];
  try {
    ({ meta_graphs: metaGraphs } = decodeSavedModel(data));
  } catch (cause) {
    throw damaged(path, cause);
  }
  const metaGraph =
    metaGraphs.find(({ meta_info_def }) => meta_info_def?.tags.includes(servingTag)) ?? metaGraphs[0];
  if (!metaGraph?.graph_def) throw damaged(path, 'it holds no graph');
  if (!metaGraph.object_graph_def)
    throw new DescentError(
      'unsupported',
      `The SavedModel in ${directory} was written by TensorFlow 1: it has no functions.`,
      {
        subject: directory,
        remedy: 'Load it with tf.saved_model.load in TensorFlow 2 and save it anew with tf.saved_model.save.',
      },
    );
  const library = new Map<string, Uint8Array>();
  try {
    for (const encoded of metaGraph.graph_def.library?.function ?? [])
      library.set(decodeFunction(encoded).signature.name, encoded);
    return {
      directory,
      tensorflowVersion: metaGraph.meta_info_def?.tensorflow_version ?? '',
      functions: functionsOf(metaGraph, library),
      metaGraph,
      library,
    };
  } catch (cause) {
    if (cause instanceof DescentError) throw cause;
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause: unknown): DescentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DescentError('bad-input', `${path} is cut off or damaged: ${reason}.`, {
    subject: path,
    remedy: 'Copy or save the SavedModel again.',
    cause,
  });
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

function functionsOf(metaGraph: EncodedMetaGraph, library: ReadonlyMap<string, Uint8Array>): SavedFunction[] {
  const { nodes, concrete_functions: concrete } = metaGraph.object_graph_def!;
  const found: SavedFunction[] = [];
  const add = (kind: SavedFunction['kind'], name: string, functionName: string) => {
    const target = concrete[functionName];
    const encoded = library.get(functionName);
    if (target && encoded) found.push(savedFunction(kind, name, functionName, target, encoded));
  };
  const children = nodes[0]?.children ?? [];
  const namesOf = (id: number): string[] => {
    const node = nodes[id];
    const bare = node?.bare_concrete_function?.concrete_function_name;
    return bare ? [bare] : (node?.function?.concrete_functions ?? []);
  };
  for (const { node_id, local_name } of children)
    if (local_name === '__call__') for (const name of namesOf(node_id)) add('call', local_name, name);
  for (const { node_id, local_name } of children)
    if (local_name === 'signatures')
      for (const signature of nodes[node_id]?.children ?? [])
        for (const name of namesOf(signature.node_id)) add('signature', signature.local_name, name);
  return found;
}

function savedFunction(
  kind: SavedFunction['kind'],
  name: string,
  functionName: string,
  target: EncodedConcreteFunction,
  encoded: Uint8Array,
): SavedFunction {
  const { signature } = decodeFunction(encoded);
  const leaves = target.canonicalized_input_signature ? flatten(target.canonicalized_input_signature) : [];
  const outputs = target.output_signature ? flatten(target.output_signature) : [];
  return {
    name,
    kind,
    functionName,
    arguments: leaves.map(({ path, value }) => argumentOf(path, value)),
    outputs: signature.output_arg.map((output, index) => {
      const leaf = outputs[index];
      const specification = leaf && specificationOf(leaf.value);
      return {
        name: leaf?.path || specification?.name || output.name,
        dtype: dtypeFromNumber(output.type),
        shape: specification ? shapeOf(specification.shape) : null,
      };
    }),
    captures: target.bound_inputs,
  };
}

function argumentOf(path: string, value: EncodedStructure): SavedArgument {
  const specification = specificationOf(value);
  if (specification)
    return {
      name: specification.name || path,
      dtype: dtypeFromNumber(specification.dtype),
      shape: shapeOf(specification.shape),
    };
  const plain = value.bool_value ?? value.float64_value ?? value.int64_value ?? value.string_value ?? null;
  return { name: path, value: plain };
}

function specificationOf(value: EncodedStructure): EncodedSpecification | undefined {
  return value.tensor_spec_value ?? value.bounded_tensor_spec_value;
}

function shapeOf(shape: EncodedShape | null | undefined): Shape {
  if (!shape || shape.unknown_rank) return null;
  return shape.dim.map(({ size }) => (size < 0 ? null : size));
}

/** Leaves in the order in which TensorFlow's `nest.flatten` gives them: dictionaries by their sorted keys. */
function flatten(value: EncodedStructure, path = ''): { path: string; value: EncodedStructure }[] {
  const list = value.tuple_value ?? value.list_value;
  if (list) return list.values.flatMap((item) => flatten(item, path));
  if (value.dict_value) {
    const { fields } = value.dict_value;
    return Object.keys(fields)
      .sort()
      .flatMap((key) => flatten(fields[key]!, key));
  }
  if (value.named_tuple_value)
    return value.named_tuple_value.values.flatMap(({ key, value: item }) => flatten(item, key));
  return [{ path, value }];
}
