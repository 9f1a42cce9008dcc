import * as tf from '@tensorflow/tfjs';
import type { SpanSink } from '../../pipeline/tracing';

/** The part of tfjs-node's addon through which every eager operation goes; its calls end when the work is done. */
interface EagerBinding {
  executeOp(name: string, ...others: unknown[]): unknown;
  createTensor(...parameters: unknown[]): unknown;
  tensorDataSync(...parameters: unknown[]): unknown;
}

/**
 * Tells each eager operation to `sink` until the answer is called: those of TensorFlow by their registered names on the
 * native engine (with the tensors that are copied to and from it), tfjs' kernels on another.
 */
export function traceEagerOperations(sink: SpanSink): () => void {
  const backend = tf.backend() as unknown as { binding?: EagerBinding };
  const { binding } = backend;
  if (!binding) return traceKernels(sink);
  backend.binding = tracedBinding(binding, sink);
  return () => {
    backend.binding = binding;
  };
}

/** The addon's functions are read-only: what tells stands before them. */
function tracedBinding(binding: EagerBinding, sink: SpanSink): EagerBinding {
  const traced: EagerBinding = {
    executeOp(name, ...others) {
      const begin = performance.now();
      const result = binding.executeOp(name, ...others);
      sink.span('operation', name, begin, performance.now());
      return result;
    },
    createTensor(...parameters) {
      const begin = performance.now();
      const result = binding.createTensor(...parameters);
      sink.span('copy', 'copy to TensorFlow', begin, performance.now());
      return result;
    },
    tensorDataSync(...parameters) {
      const begin = performance.now();
      const result = binding.tensorDataSync(...parameters);
      sink.span('copy', 'copy from TensorFlow', begin, performance.now());
      return result;
    },
  };
  return Object.setPrototypeOf(traced, binding) as EagerBinding;
}

function traceKernels(sink: SpanSink): () => void {
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = ((name, inputs, attributes) => {
    const begin = performance.now();
    const result = runKernel.call(engine, name, inputs, attributes);
    sink.span('operation', name, begin, performance.now());
    return result;
  }) as typeof runKernel;
  // The class has its own again.
  return () => void Reflect.deleteProperty(engine, 'runKernel');
}
