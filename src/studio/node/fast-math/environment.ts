/**
 * What makes TensorFlow's oneDNN compute float32 convolutions and products in bfloat16 where the processor can, and what keeps
 * it from doing so. Both variables are read once in the life of a process (TensorFlow 2.15.1, oneDNN 3.2.1), so that a process
 * has to be started with them.
 */
export function fastMathEnvironment(on: boolean): Record<string, string> {
  const mode = on ? 'BF16' : 'STRICT';
  return { ONEDNN_DEFAULT_FPMATH_MODE: mode, TF_SET_ONEDNN_FPMATH_MODE: mode };
}
