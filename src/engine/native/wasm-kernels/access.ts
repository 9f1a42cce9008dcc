import * as tf from '@tensorflow/tfjs';

/** The part of BackendWasm (tfjs-backend-wasm, backend_wasm.ts) that kernels written outside of it need. */
export interface WasmBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of the tensor in the WebAssembly heap; void after the next allocation, which may move the heap. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
  disposeData(dataId: object): boolean;
}

export interface KernelArguments<Inputs, Attributes> {
  inputs: Inputs;
  attrs: Attributes;
  backend: WasmBackend;
}

type Kernel<Inputs, Attributes> = (args: KernelArguments<Inputs, Attributes>) => tf.TensorInfo;

/** The kernel that is registered for wasm now. */
export function wasmKernel<Inputs, Attributes>(name: string): Kernel<Inputs, Attributes> {
  const config = tf.getKernel(name, 'wasm');
  if (!config) throw new Error(`The WebAssembly back end has no kernel ${name}`);
  return config.kernelFunc as unknown as Kernel<Inputs, Attributes>;
}

/** Runs another kernel of the back end on bare tensor data; the caller disposes of what it returns. */
export function callKernel(
  name: string,
  backend: WasmBackend,
  inputs: Record<string, tf.TensorInfo>,
  attrs: object = {},
): tf.TensorInfo {
  return wasmKernel<object, object>(name)({ inputs, attrs, backend });
}

export function floats(backend: WasmBackend, info: tf.TensorInfo): Float32Array {
  const view = backend.typedArrayFromHeap(info);
  if (!(view instanceof Float32Array)) throw new Error(`A float32 tensor was expected, not ${info.dtype}`);
  return view;
}

/** Registers a kernel for wasm, in place of one that is there. `run` gets bare tensor data and returns one tensor. */
export function registerWasmKernel<Inputs, Attributes>(
  kernelName: string,
  run: Kernel<Inputs, Attributes>,
): void {
  const known = tf.getKernel(kernelName, 'wasm');
  if (known) tf.unregisterKernel(kernelName, 'wasm');
  // tfjs-core does not export KernelFunc under a name that fits typed inputs.
  const kernelFunc = run as unknown as Parameters<typeof tf.registerKernel>[0]['kernelFunc'];
  tf.registerKernel({ ...known, kernelName, backendName: 'wasm', kernelFunc });
}
