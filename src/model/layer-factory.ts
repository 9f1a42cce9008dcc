import * as tf from '@tensorflow/tfjs';
import { LayerNamer } from './layer-namer';
import { layerSeed } from './layer-seed';
import { initializeLstm } from './recurrent-weights';

export interface ConvolutionSettings {
  filters: number;
  kernelSize: number;
  strides?: number;
  activation?: 'relu';
  useBias?: boolean;
  name?: string;
}

/**
 * Makes layers with Keras' names, defaults and initializers (Glorot uniform kernels, zero biases), the random ones seeded
 * by (seed, number of the layer), so that one seed gives one set of initial weights on every back end.
 */
export class LayerFactory {
  private readonly names = new LayerNamer();

  constructor(private readonly seed: number) {}

  /** Keeps names free that layers of a pretrained base have. */
  reserve(names: Iterable<string>): void {
    this.names.reserve(names);
  }

  nextName(base: string): string {
    return this.names.next(base);
  }

  private nextSeed(): number {
    return layerSeed(this.seed, this.names.nextNumber());
  }

  private glorot() {
    return tf.initializers.glorotUniform({ seed: this.nextSeed() });
  }

  rescaling(scale: number): tf.layers.Layer {
    return tf.layers.rescaling({ scale, name: this.names.next('rescaling') });
  }

  dense(units: number, activation?: 'relu'): tf.layers.Layer {
    return tf.layers.dense({
      units,
      activation,
      kernelInitializer: this.glorot(),
      name: this.names.next('dense'),
    });
  }

  convolution(settings: ConvolutionSettings): tf.layers.Layer {
    return tf.layers.conv2d({
      filters: settings.filters,
      kernelSize: settings.kernelSize,
      strides: settings.strides ?? 1,
      padding: 'same',
      activation: settings.activation,
      useBias: settings.useBias ?? true,
      kernelInitializer: this.glorot(),
      name: settings.name ?? this.names.next('conv2d'),
    });
  }

  depthwiseConvolution(kernelSize: number, strides: number, name: string): tf.layers.Layer {
    return tf.layers.depthwiseConv2d({
      kernelSize,
      strides,
      padding: 'same',
      useBias: false,
      depthwiseInitializer: this.glorot(),
      name,
    });
  }

  batchNormalization(name: string): tf.layers.Layer {
    // Keras' default momentum 0.99 needs thousands of steps before validation sees sensible averages.
    return tf.layers.batchNormalization({ momentum: 0.9, name });
  }

  maxPooling(): tf.layers.Layer {
    return tf.layers.maxPooling2d({ poolSize: 2, padding: 'same', name: this.names.next('max_pooling2d') });
  }

  flatten(): tf.layers.Layer {
    return tf.layers.flatten({ name: this.names.next('flatten') });
  }

  dropout(rate: number): tf.layers.Layer {
    return tf.layers.dropout({ rate, name: this.names.next('dropout') });
  }

  /** `maskZero`: later layers leave words with the number 0 out, where they know how to. */
  embedding(words: number, dimension: number, maskZero = false): tf.layers.Layer {
    return tf.layers.embedding({
      inputDim: words,
      outputDim: dimension,
      ...(maskZero ? { maskZero } : {}),
      embeddingsInitializer: tf.initializers.randomUniform({
        minval: -0.05,
        maxval: 0.05,
        seed: this.nextSeed(),
      }),
      name: this.names.next('embedding'),
    });
  }

  /** [batch, time, inputs] -> [batch, units]; of both directions [batch, 2 units]. */
  applyLstm(input: tf.SymbolicTensor, units: number, bidirectional: boolean): tf.SymbolicTensor {
    const single = tf.layers.lstm({
      units,
      // As in Keras, and in TensorFlow's fused operations.
      recurrentActivation: 'sigmoid',
      kernelInitializer: 'glorotUniform',
      unitForgetBias: true,
      name: this.names.next('lstm'),
    });
    const layer = bidirectional
      ? tf.layers.bidirectional({
          layer: single as tf.RNN,
          mergeMode: 'concat',
          name: this.names.next('bidirectional'),
        })
      : single;
    // Zeros at first, which are replaced.
    layer.setFastWeightInitDuringBuild(true);
    const output = layer.apply(input) as tf.SymbolicTensor;
    initializeLstm(layer, () => this.nextSeed());
    return output;
  }
}
