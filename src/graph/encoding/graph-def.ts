import { dtypeNumbers } from '../dtype';
import { argumentType, type Graph } from '../graph';
import { EncodedFunction, type GraphFunction } from '../graph-function';
import type { Operation, Tensor } from '../operation';
import { writeAttributes, writeShape } from './values';
import { bytes, flag, integer, mapEntry, message, text, Writer } from './wire';

// Field numbers: tensorflow/core/framework/{graph,node_def,function,op_def,versions}.proto.

/** TensorFlow 2.12's; later versions read it, and fill in attributes that are not written. */
const producerVersion = 1395;

/** GraphDef of the graph with its library of functions. */
export function encodeGraphDef(graph: Graph): Uint8Array {
  const writer = new Writer();
  writeGraphDef(writer, graph);
  return writer.finish();
}

export function writeGraphDef(writer: Writer, graph: Graph): void {
  for (const operation of graph.operations)
    message(writer, 1, (node) =>
      writeNode(node, operation, (tensor) =>
        tensor.index === 0 ? tensor.operation.name : `${tensor.operation.name}:${tensor.index}`,
      ),
    );
  if (graph.functions.size > 0)
    message(writer, 2, (library) => {
      for (const target of graph.functions.values())
        if (target instanceof EncodedFunction) bytes(library, 1, target.encoded);
        else message(library, 1, (definition) => writeFunction(definition, target));
    });
  message(writer, 4, (versions) => integer(versions, 1, producerVersion));
}

function writeNode(writer: Writer, operation: Operation, nameOf: (tensor: Tensor) => string): void {
  text(writer, 1, operation.name);
  text(writer, 2, operation.type);
  for (const input of operation.inputs) text(writer, 3, nameOf(input));
  for (const control of operation.control)
    if (control.type !== argumentType) text(writer, 3, `^${control.name}`);
  const kinds = new Map(operation.definition.attributes.map(({ name, kind }) => [name, kind]));
  writeAttributes(writer, 5, operation.attributes, (name) => kinds.get(name));
}

/** FunctionDef. In a body, outputs go by the name of the output argument: `node:argument:place`. */
function writeFunction(writer: Writer, target: GraphFunction): void {
  const nameOf = (tensor: Tensor) => {
    const { operation, index } = tensor;
    if (operation.type === argumentType) return operation.name;
    const output = operation.outputNames[index]!;
    return `${operation.name}:${output.argument}:${output.index}`;
  };
  const results = target.outputs.map((_, index) => `output_${index}`);
  message(writer, 1, (signature) => {
    text(signature, 1, target.name);
    for (const input of target.inputs)
      message(signature, 2, (argument) => {
        text(argument, 1, input.operation.name);
        integer(argument, 3, dtypeNumbers[input.dtype]);
      });
    target.outputs.forEach((output, index) => {
      message(signature, 3, (argument) => {
        text(argument, 1, results[index]!);
        integer(argument, 3, dtypeNumbers[output.dtype]);
      });
    });
    if (target.stateful) flag(signature, 17, true);
    for (const control of target.controlOutputs) text(signature, 20, control.name);
  });
  for (const operation of target.body.operations)
    if (operation.type !== argumentType) message(writer, 3, (node) => writeNode(node, operation, nameOf));
  target.outputs.forEach((output, index) => {
    message(writer, 4, (entry) => {
      text(entry, 1, results[index]!);
      text(entry, 2, nameOf(output));
    });
  });
  writeAttributes(writer, 5, target.attributes, () => undefined);
  for (const control of target.controlOutputs)
    message(writer, 6, (entry) => {
      text(entry, 1, control.name);
      text(entry, 2, control.name);
    });
  target.inputs.forEach((input, index) => {
    if (input.shape === null) return;
    message(writer, 7, (entry) => {
      integer(entry, 1, index);
      message(entry, 2, (attributes) =>
        mapEntry(attributes, 1, '_output_shapes', (value) =>
          message(value, 1, (list) => message(list, 7, (shape) => writeShape(shape, input.shape))),
        ),
      );
    });
  });
}
