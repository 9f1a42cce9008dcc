import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../../contract/errors';
import type { Hyperparameters } from '../../../contract/hyperparameters';
import { kerasFileNames } from '../../keras/known-files';
import { preprocessingLayerNames } from '../apply-base';
import type { Base, BaseContext } from '../base';
import { type BaseWeights, setBaseWeights } from '../base-weights';
import { readEmbeddedWeights } from '../embedded-weights';
import { findKerasWeights, type KnownWeights, readKerasWeights } from '../keras-weights';
import { efficientNetLite0 } from './efficientnet-lite0';
import { mobileNetV2 } from './mobilenet-v2';
import { resNet50 } from './resnet50';

type Builder = (pixels: tf.SymbolicTensor) => tf.SymbolicTensor;

const smallestSide = 32;
const published = 'https://storage.googleapis.com/tensorflow/keras-applications/';

export async function loadEfficientNetLite0(_: Hyperparameters, context: BaseContext): Promise<Base> {
  const source = 'efficientnet-lite0';
  if (context.weights === 'later') return baseOf(source, efficientNetLite0);
  return baseOf(source, efficientNetLite0, { source, weights: await readEmbeddedWeights(source) });
}

export function loadResNet50(_: Hyperparameters, context: BaseContext): Promise<Base> {
  return kerasBase('resnet50', resNet50, context, {
    model: 'ResNet50',
    files: [kerasFileNames.resnet50(false)],
    address: `${published}resnet/`,
    keras: 'tf.keras.applications.ResNet50(include_top=False)',
  });
}

/** Sides of pictures for which Keras has weights of MobileNetV2; it takes the first for every other size. */
const mobileNetSides = [224, 192, 160, 128, 96];

export function loadMobileNetV2(hyperparameters: Hyperparameters, context: BaseContext): Promise<Base> {
  const { imageSize } = hyperparameters;
  const alpha = Number(hyperparameters.alpha);
  const sides = mobileNetSides.includes(imageSize) ? [imageSize, ...mobileNetSides] : mobileNetSides;
  return kerasBase('mobilenet-v2', (pixels) => mobileNetV2(pixels, alpha), context, {
    model: `MobileNetV2 with alpha ${alpha}`,
    files: sides.map((side) => kerasFileNames.mobileNetV2(alpha, side, false)),
    address: `${published}mobilenet_v2/`,
    keras: `tf.keras.applications.MobileNetV2(include_top=False, alpha=${alpha})`,
  });
}

async function kerasBase(
  model: string,
  build: Builder,
  context: BaseContext,
  known: KnownWeights,
): Promise<Base> {
  if (context.weights === 'later') return baseOf(model, build);
  const source = findKerasWeights(known);
  return baseOf(model, build, { source, weights: await readKerasWeights(source, build) });
}

function baseOf(model: string, build: Builder, pretrained?: { source: string; weights: BaseWeights }): Base {
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
