import { dtypeNumbers } from '../dtype';
import type { Graph, Signature } from '../graph';
import type { Operation, Tensor } from '../operation';
import type { Variable } from '../variable';
import { writeGraphDef } from './graph-def';
import { writeShape } from './values';
import { bytes, flag, integer, mapEntry, message, text, Writer } from './wire';

// Field numbers: tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto, framework/variable.proto.

/** The tag by which servers and TensorFlow find the graph. */
export const servingTag = 'serve';
const saverVersion2 = 2;

/** How the variables are read from `variables/variables` when the SavedModel is loaded. */
export interface Saver {
  /** Fed with the files' common prefix. */
  fileName: Tensor;
  /** Fetched to write the variables. */
  save: Tensor;
  restore: Operation;
}

/** SavedModel with one MetaGraphDef, as TensorFlow 1's builder writes it: TensorFlow 2, Serving and converters read it. */
export function encodeSavedModel(graph: Graph, saver?: Saver): Uint8Array {
  const writer = new Writer();
  integer(writer, 1, 1);
  message(writer, 2, (metaGraph) => {
    message(metaGraph, 1, (info) => {
      text(info, 4, servingTag);
      text(info, 5, '2.15.1');
    });
    message(metaGraph, 2, (definition) => writeGraphDef(definition, graph));
    if (saver) {
      message(metaGraph, 3, (definition) => {
        text(definition, 1, saver.fileName.name);
        text(definition, 2, saver.save.name);
        text(definition, 3, saver.restore.name);
        integer(definition, 7, saverVersion2);
      });
      writeVariables(metaGraph, 'variables', graph.variables);
      writeVariables(
        metaGraph,
        'trainable_variables',
        graph.variables.filter((variable) => variable.trainable),
      );
    }
    for (const [name, signature] of graph.signatures)
      mapEntry(metaGraph, 5, name, (entry) => writeSignature(entry, signature));
  });
  return writer.finish();
}

function writeSignature(writer: Writer, signature: Signature): void {
  for (const [number, tensors] of [
    [1, signature.inputs],
    [2, signature.outputs],
  ] as const)
    for (const [name, tensor] of Object.entries(tensors))
      mapEntry(writer, number, name, (information) => {
        text(information, 1, tensor.name);
        integer(information, 2, dtypeNumbers[tensor.dtype]);
        message(information, 3, (shape) => writeShape(shape, tensor.shape));
      });
  text(writer, 3, 'tensorflow/serving/predict');
}

/** A collection of VariableDefs. */
function writeVariables(writer: Writer, collection: string, variables: readonly Variable[]): void {
  if (variables.length === 0) return;
  mapEntry(writer, 4, collection, (entry) => {
    message(entry, 2, (list) => {
      for (const variable of variables) bytes(list, 1, encodeVariable(variable));
    });
  });
}

function encodeVariable(variable: Variable): Uint8Array {
  const writer = new Writer();
  text(writer, 1, variable.handle.name);
  text(writer, 2, `${variable.name}/Assign`);
  text(writer, 3, variable.value.name);
  flag(writer, 5, true);
  text(writer, 6, variable.feed.name);
  flag(writer, 7, variable.trainable);
  return writer.finish();
}
