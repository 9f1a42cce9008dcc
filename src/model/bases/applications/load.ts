import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../../contract/errors';
import type { Hyperparameters } from '../../../contract/hyperparameters';
import { preprocessingLayerNames } from '../apply-base';
import type { Base, BaseContext } from '../base';
import { type BaseWeights, setBaseWeights } from '../base-weights';
import { readEmbeddedWeights } from '../embedded-weights';
import { findKerasWeights, type KnownWeights } from '../keras-folder';
import { efficientNetLite0 } from './efficientnet-lite0';
import { mobileNetV2 } from './mobilenet-v2';
import { resNet50 } from './resnet50';

type Builder = (pixels: tf.SymbolicTensor) => tf.SymbolicTensor;

const smallestSide = 32;
const storage = 'https://storage.googleapis.com/tensorflow/keras-applications/';

export async function loadEfficientNetLite0(_: Hyperparameters, context: BaseContext): Promise<Base> {
  const weights =
    context.weights === 'pretrained' ? await readEmbeddedWeights('efficientnet-lite0') : undefined;
  return baseOf(
    'efficientnet-lite0',
    efficientNetLite0,
    weights && { weights, source: 'efficientnet-lite0' },
  );
}

export async function loadResNet50(_: Hyperparameters, context: BaseContext): Promise<Base> {
  const known: KnownWeights = {
    files: ['resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5'],
    address: `${storage}resnet/`,
    keras: 'tf.keras.applications.ResNet50(include_top=False)',
  };
  return baseOf('resnet50', resNet50, await kerasWeights('ResNet50', known, context));
}

/** Sides of pictures for which Keras has weights of MobileNetV2. */
const mobileNetSides = [224, 192, 160, 128, 96];

export async function loadMobileNetV2(
  { alpha, imageSize }: Hyperparameters,
  context: BaseContext,
): Promise<Base> {
  const sides = mobileNetSides.includes(imageSize)
    ? [imageSize, ...mobileNetSides.filter((side) => side !== imageSize)]
    : mobileNetSides;
  // As Keras writes it: 1.0, 0.35.
  const width = Number.isInteger(alpha) ? alpha.toFixed(1) : String(alpha);
  const known: KnownWeights = {
    files: sides.map((side) => `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${width}_${side}_no_top.h5`),
    address: `${storage}mobilenet_v2/`,
    keras: `tf.keras.applications.MobileNetV2(include_top=False, alpha=${width})`,
  };
  const weights = await kerasWeights('MobileNetV2', known, context);
  return baseOf('mobilenet-v2', (pixels) => mobileNetV2(pixels, alpha), weights);
}

interface Source {
  weights: BaseWeights;
  source: string;
}

async function kerasWeights(
  model: string,
  known: KnownWeights,
  context: BaseContext,
): Promise<Source | undefined> {
  if (context.weights === 'later') return undefined;
  const source = await findKerasWeights(model, known);
  throw new DescentError('unsupported', `${source} can't be read yet.`, { subject: source });
}

function baseOf(model: string, build: Builder, pretrained: Source | undefined): Base {
  return {
    apply(pixels) {
      const sides = pixels.shape.slice(1, 3);
      if (sides.some((side) => side! < smallestSide))
        throw new DescentError(
          'wrong-use',
          `${model} takes pictures of at least ${smallestSide} × ${smallestSide} pixels, not ${sides.join(' × ')}.`,
          { subject: 'imageSize', remedy: 'Choose a larger imageSize, such as 224.' },
        );
      const features = build(pixels);
      if (pretrained)
        setBaseWeights(features, pretrained.weights, pretrained.source, preprocessingLayerNames);
      return features;
    },
  };
}
