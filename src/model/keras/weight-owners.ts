import * as tf from '@tensorflow/tfjs';

/** One weight that a file can give. */
export interface OwnedWeight {
  /** `<layer>/<weight>`, as Keras names it. */
  name: string;
  shape: readonly number[];
  /** As Keras builds it, before anything is frozen. */
  trainable: boolean;
  assign(values: Float32Array): void;
}

/** A layer or nested model as Keras counts them when it stores weights. */
export interface WeightOwner {
  name: string;
  /** Keras' class: Conv2D, Functional, Sequential. */
  className: string;
  /** Of a layer, in Keras' order. */
  weights: readonly OwnedWeight[];
  /** Of a nested model, in Keras' order. */
  children?: readonly WeightOwner[];
  /** A layer that is not needed and was not made: its weights in the file are left out. */
  absent?: boolean;
}

const statistics = new Set(['moving_mean', 'moving_variance']);

/** The layers of a model, nested models as such. */
export function ownersOf(model: { layers: tf.layers.Layer[] }): WeightOwner[] {
  return model.layers.map((layer) => ownerOf(layer));
}

/** @param name Keras' name of it, where it goes by another here */
export function ownerOf(layer: tf.layers.Layer, name = layer.name): WeightOwner {
  const className = layer.getClassName();
  if (layer instanceof tf.LayersModel) {
    return {
      name,
      className: className === 'Sequential' ? className : 'Functional',
      weights: [],
      children: ownersOf(layer),
    };
  }
  return { name, className, weights: layer.weights.map((weight) => owned(name, weight)) };
}

function owned(layer: string, weight: tf.layers.Layer['weights'][number]): OwnedWeight {
  const short = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
  const shape = weight.shape as number[];
  return {
    name: `${layer}/${short}`,
    shape,
    trainable: !statistics.has(short),
    assign: (values) => {
      const tensor = tf.tensor(values, shape);
      weight.write(tensor);
      tensor.dispose();
    },
  };
}

/** All weights of an owner in the order of its layers. */
export function flatWeights(owner: WeightOwner): OwnedWeight[] {
  return owner.children ? owner.children.flatMap(flatWeights) : [...owner.weights];
}

/** As Keras orders a layer's weights in legacy files: what is trained first, then the rest. */
export function legacyWeights(owner: WeightOwner): OwnedWeight[] {
  const weights = flatWeights(owner);
  return [...weights.filter(({ trainable }) => trainable), ...weights.filter(({ trainable }) => !trainable)];
}
