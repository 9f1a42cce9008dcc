import { Reader } from 'protobufjs/minimal.js';
import { Graph } from '../graph';
import * as ops from '../operations';
import type { TensorValue } from '../tensor-value';
import { GraphSession } from './session';

/** A variable of a TensorFlow 2 checkpoint: its name in the program, and the key that its values have in the file. */
export interface CheckpointVariable {
  name: string;
  key: string;
}

/** Where a TensorFlow 2 checkpoint keeps the graph of the objects that it was written from. */
const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * The variables of a TensorFlow 2 checkpoint (of a SavedModel: `variables/variables`), without an optimizer's slots.
 * @param prefix the path without `.index`
 * @throws DescentError `internal` with TensorFlow's reason when the files can't be read
 */
export async function checkpointVariables(prefix: string): Promise<CheckpointVariable[]> {
  const graph = new Graph();
  const [text] = restore(graph, prefix, [objectGraphKey], 'string');
  // As numbers: the bytes are no text.
  const bytes = ops.cast(
    graph.op('DecodeRaw', [ops.reshape(text!, [])], { out_type: 'uint8' }).output,
    'int32',
  );
  const session = await GraphSession.load(graph);
  try {
    return variablesOf(Uint8Array.from(session.fetch(bytes).numbers()));
  } finally {
    session.dispose();
  }
}

/**
 * Reads float32 tensors of a checkpoint by their keys, in their order.
 * @throws DescentError `internal` with TensorFlow's reason when a key is missing or the files are damaged
 */
export async function readCheckpointTensors(prefix: string, keys: readonly string[]): Promise<TensorValue[]> {
  const graph = new Graph();
  const tensors = restore(graph, prefix, keys, 'float32');
  const session = await GraphSession.load(graph);
  try {
    return tensors.map((tensor) => session.fetch(tensor));
  } finally {
    session.dispose();
  }
}

function restore(graph: Graph, prefix: string, keys: readonly string[], dtype: 'float32' | 'string') {
  const file = graph.constant(prefix, 'string');
  // One operation a tensor, so that what isn't fetched isn't read.
  return keys.map(
    (key) =>
      graph.op(
        'RestoreV2',
        [
          file,
          graph.constant([key], 'string', { shape: [1] }),
          graph.constant([''], 'string', { shape: [1] }),
        ],
        { dtypes: [dtype] },
      ).output,
  );
}

/**
 * TrackableObjectGraph (tensorflow/core/protobuf/trackable_object_graph.proto): nodes = 1; a node's attributes = 2, each with
 * name = 1, full_name = 2, checkpoint_key = 3.
 */
function variablesOf(bytes: Uint8Array): CheckpointVariable[] {
  const found: CheckpointVariable[] = [];
  for (const node of messages(Reader.create(bytes), 1))
    for (const attribute of messages(Reader.create(node), 2)) {
      const fields = new Map<number, string>();
      const reader = Reader.create(attribute);
      while (reader.pos < reader.len) {
        const tag = reader.uint32();
        if ((tag & 7) === 2) fields.set(tag >>> 3, reader.string());
        else reader.skipType(tag & 7);
      }
      const [kind, name, key] = [fields.get(1), fields.get(2), fields.get(3)];
      if (kind === 'VARIABLE_VALUE' && name && key && !key.includes('/.OPTIMIZER_SLOT/'))
        found.push({ name, key });
    }
  return found;
}

/** The embedded messages with a field number. */
function messages(reader: Reader, field: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === field && (tag & 7) === 2) found.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}
