import { join } from 'node:path';
import { DescentError } from '../../contract/errors';
import { type DType, dtypeFromNumber } from '../dtype';
import type { Graph } from '../graph';
import type { Tensor } from '../operation';
import { type NumericArray, TensorValue } from '../tensor-value';
import { checkpointKeys } from './checkpoint-keys';
import type { SavedFunction, SavedModel } from './read-saved-model';
import {
  decodeFunction,
  type EncodedAttribute,
  type EncodedNode,
  type EncodedObject,
  type EncodedTensor,
} from './saved-model-schema';

/** A function of a SavedModel, ready to be put into graphs. */
export interface ImportableFunction {
  saved: SavedModel;
  target: SavedFunction;
  /** Prefix of the variables' files. */
  variables: string;
  /** Of the variables that it captured. */
  keys: ReadonlyMap<number, string>;
}

/**
 * Finds out where the variables of a function stand. The native engine has to be loaded.
 * @throws DescentError `bad-input` when the variables can't be read or one is missing; `unsupported` when the function captured
 *   tables, files or other things than variables and constants
 */
export async function importable(saved: SavedModel, target: SavedFunction): Promise<ImportableFunction> {
  const { nodes } = saved.metaGraph.object_graph_def!;
  const variables = join(saved.directory, 'variables', 'variables');
  const captured = target.captures.map((id) => ({ id, object: nodes[id] }));
  for (const { object } of captured)
    if (!object?.variable && !object?.constant)
      throw new DescentError(
        'unsupported',
        `"${target.name}" of ${saved.directory} uses more than variables and constants: tables, files or other resources.`,
        {
          subject: saved.directory,
          remedy: 'Choose a SavedModel that is made of layers and operations alone.',
        },
      );
  const hasVariables = captured.some(({ object }) => object?.variable);
  const keys = hasVariables ? await checkpointKeys(variables, nodes) : new Map<number, string>();
  for (const { id, object } of captured)
    if (object?.variable && !keys.has(id))
      throw new DescentError(
        'bad-input',
        `${variables}.* holds no value of the variable "${object.variable.name}".`,
        {
          subject: variables,
          remedy: 'Copy the whole SavedModel again, its folder variables/ included.',
        },
      );
  return { saved, target, variables, keys };
}

/** What of a SavedModel lies in a graph already: several calls share the variables. */
const captures = new WeakMap<Graph, Map<ImportableFunction['saved'], Map<number, Tensor>>>();

/**
 * Adds a call of the function to a graph: `inputs` are those of its arguments that are tensors, in their order. The functions that
 * it calls come into the graph's library, the variables that it reads become variables of the graph that are not trained and
 * take their values from the SavedModel's files when a session loads the graph.
 * @returns its outputs in the order of `target.outputs`
 * @throws DescentError `unsupported` when the graph holds another function of the same name
 */
export function callSavedFunction(
  graph: Graph,
  { saved, target, variables, keys }: ImportableFunction,
  inputs: readonly Tensor[],
): Tensor[] {
  importLibrary(graph, saved, target.functionName);
  const encoded = decodeFunction(saved.library.get(target.functionName)!);
  const made = capturesIn(graph, saved);
  const missing = [...new Set(target.captures)].filter((id) => !made.has(id));
  addCaptures(graph, saved, missing, { variables, keys, made });
  const given = [...inputs, ...target.captures.map((id) => made.get(id)!)];
  if (given.length !== encoded.signature.input_arg.length)
    throw new DescentError(
      'bad-input',
      `"${target.name}" of ${saved.directory} takes ${encoded.signature.input_arg.length} inputs, but its description names ${given.length}.`,
      { subject: saved.directory },
    );
  const operation = graph.op(
    'StatefulPartitionedCall',
    [given],
    { f: graph.functions.get(target.functionName)!, Tout: target.outputs.map(({ dtype }) => dtype) },
    { name: 'call', shapes: target.outputs.map(({ shape }) => shape) },
  );
  return [...operation.outputs];
}

function capturesIn(graph: Graph, saved: SavedModel): Map<number, Tensor> {
  const ofGraph = captures.get(graph) ?? new Map<SavedModel, Map<number, Tensor>>();
  captures.set(graph, ofGraph);
  const made = ofGraph.get(saved) ?? new Map<number, Tensor>();
  ofGraph.set(saved, made);
  return made;
}

/** The function with all that it calls, as they were encoded. */
function importLibrary(graph: Graph, saved: SavedModel, name: string): void {
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const encoded = saved.library.get(next);
    if (!encoded)
      throw new DescentError(
        'bad-input',
        `The SavedModel in ${saved.directory} lacks its function "${next}".`,
        {
          subject: saved.directory,
          remedy: 'Save or copy the SavedModel again.',
        },
      );
    if (!graph.addEncodedFunction(next, encoded)) continue;
    const { node_def, attr } = decodeFunction(encoded);
    waiting.push(...functionNames(attr), ...node_def.flatMap((node) => functionNames(node.attr)));
  }
}

function functionNames(attributes: Readonly<Record<string, EncodedAttribute>>): string[] {
  return Object.values(attributes).flatMap(({ func, list }) =>
    [func?.name, ...(list?.func.map(({ name }) => name) ?? [])].filter(
      (name) => name !== undefined && name !== '',
    ),
  ) as string[];
}

interface CaptureTargets extends Pick<ImportableFunction, 'variables' | 'keys'> {
  made: Map<number, Tensor>;
}

function addCaptures(
  graph: Graph,
  saved: SavedModel,
  ids: readonly number[],
  { variables, keys, made }: CaptureTargets,
): void {
  const { nodes } = saved.metaGraph.object_graph_def!;
  const read = ids.filter((id) => nodes[id]!.variable);
  if (read.length > 0) {
    const restored = graph.op(
      'RestoreV2',
      [variables, graph.constant(read.map((id) => keys.get(id)!)), graph.constant(read.map(() => ''))],
      { dtypes: read.map((id) => variableOf(nodes[id]!).dtype) },
    );
    read.forEach((id, index) => {
      const { dtype, shape, name } = variableOf(nodes[id]!);
      const variable = graph.variable(name, dtype, shape, {
        trainable: false,
        initial: restored.out(index),
        initialize: 'when-loaded',
      });
      made.set(id, variable.handle);
    });
  }
  const constants = new Map<string, EncodedNode>(
    saved.metaGraph.graph_def!.node.map((node) => [node.name, node]),
  );
  for (const id of ids) {
    const { constant } = nodes[id]!;
    if (constant) made.set(id, graph.constant(constantOf(saved, constants.get(constant.operation))));
  }
}

function variableOf({ variable }: EncodedObject): { dtype: DType; shape: number[]; name: string } {
  const { dtype, shape, name } = variable!;
  const allowed = name.replaceAll(/[^A-Za-z0-9_./-]/g, '_');
  return {
    dtype: dtypeFromNumber(dtype),
    shape: shape?.dim.map(({ size }) => size) ?? [],
    name: /^[A-Za-z0-9.]/.test(allowed) ? allowed : `variable${allowed}`,
  };
}

function constantOf(saved: SavedModel, node: EncodedNode | undefined): TensorValue {
  const tensor = node?.attr.value?.tensor;
  if (!tensor)
    throw new DescentError(
      'bad-input',
      `The SavedModel in ${saved.directory} lacks the value of a constant.`,
      {
        subject: saved.directory,
      },
    );
  return tensorValueOf(tensor);
}

/** TensorProto: elements as bytes or as a list, whose last one stands for all that follow. */
function tensorValueOf(tensor: EncodedTensor): TensorValue {
  const dtype = dtypeFromNumber(tensor.dtype);
  const shape = tensor.tensor_shape?.dim.map(({ size }) => size) ?? [];
  const size = shape.reduce((product, length) => product * length, 1);
  if (dtype === 'string')
    return TensorValue.of(filled(tensor.string_val, size, new Uint8Array()), dtype, shape);
  if (tensor.tensor_content.length > 0) {
    const { buffer } = Uint8Array.from(tensor.tensor_content);
    return TensorValue.of(contentOf(dtype, buffer), dtype, shape);
  }
  const listed = [
    tensor.float_val,
    tensor.double_val,
    tensor.int_val,
    tensor.int64_val,
    tensor.bool_val.map(Number),
  ];
  return TensorValue.of(filled(listed.find(({ length }) => length > 0) ?? [], size, 0), dtype, shape);
}

function contentOf(dtype: DType, buffer: ArrayBuffer): NumericArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer);
    default:
      throw new DescentError('unsupported', `Constants of type ${dtype} can't be taken from a SavedModel.`, {
        subject: dtype,
      });
  }
}

function filled<Item>(values: readonly Item[], size: number, none: Item): Item[] {
  return Array.from({ length: size }, (_, index) => values[index] ?? values.at(-1) ?? none);
}
