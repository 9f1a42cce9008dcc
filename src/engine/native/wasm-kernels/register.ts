import { registerWasmKernel } from './access';
import { convolutionFilterGradient } from './convolution-filter';
import { convolutionInputGradient } from './convolution-input';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-convolution';
import { einsum } from './einsum';
import { matrixProductWithoutTransposes } from './matrix-product';
import { maxPoolGradient } from './max-pool';
import { unsortedSegmentSum } from './segment-sum';
import { tile } from './tile';

let done = false;

/**
 * Fills in the kernels without which tfjs-backend-wasm 4.22 cannot train, and replaces those whose own form makes training
 * several times slower. Call it after loading that package and before its first operation.
 */
export function registerTrainingKernels(): void {
  if (done) return;
  done = true;
  registerWasmKernel('Conv2DBackpropFilter', convolutionFilterGradient);
  registerWasmKernel('DepthwiseConv2dNativeBackpropFilter', depthwiseFilterGradient);
  registerWasmKernel('DepthwiseConv2dNativeBackpropInput', depthwiseInputGradient);
  registerWasmKernel('UnsortedSegmentSum', unsortedSegmentSum);
  registerWasmKernel('Einsum', einsum);
  registerWasmKernel('MaxPoolGrad', maxPoolGradient);
  registerWasmKernel('Tile', tile);
  registerWasmKernel('BatchMatMul', matrixProductWithoutTransposes());
  registerWasmKernel('Conv2DBackpropInput', convolutionInputGradient());
}
