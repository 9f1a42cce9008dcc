import type { DatasetSummary } from '../../contract/dataset';
import { type Hyperparameters, type PresetName, pretrainedPresets } from '../../contract/hyperparameters';
import { batchSizeFor, type Choice } from './proposal-parts';

const largestSide = 128;
const usualSides = [32, 48, 64, 96, 128];

/** Shorter pictures show too little of what photos show. */
const smallestPhoto = 64;

/** What a folder's pictures are like. */
interface Pictures {
  /** Of the median picture. */
  shorter: number;
  longer: number;
  gray: boolean;
  train: number;
}

/** A model and settings for pictures; those that suit `model` when one is chosen already. */
export function proposeForImages({ images, splits }: DatasetSummary, model?: PresetName): Choice {
  const sides = [images?.width.median ?? 0, images?.height.median ?? 0];
  const pictures: Pictures = {
    shorter: Math.min(...sides),
    longer: Math.max(...sides),
    gray: images?.grayscale ?? false,
    train: splits.train,
  };
  const photos = !pictures.gray && pictures.shorter >= smallestPhoto;
  const chosen = model ?? (photos ? 'efficientnet-lite0' : 'small-cnn');
  return pretrainedPresets.includes(chosen) ? onBase(pictures, chosen) : fromTheStart(pictures, model);
}

const baseNames: Partial<Record<PresetName, string>> = {
  'efficientnet-lite0': 'EfficientNet-Lite0',
  'mobilenet-v2': 'MobileNetV2',
  resnet50: 'ResNet50',
};

/** A head on a frozen network: its outputs are computed once for each picture, or once for each of a few variants. */
function onBase({ shorter, train }: Pictures, model: PresetName): Choice {
  // Photos are blown up to the size that the network was trained on; drawings of a few pixels would only be blurred by that.
  const imageSize = shorter >= smallestPhoto ? (train > 10_000 ? 160 : 224) : shorter >= 32 ? 128 : 96;
  const glyphs = shorter <= 40;
  const values: Partial<Hyperparameters> = {
    model,
    imageSize,
    batchSize: batchSizeFor(train, 32),
    epochs: train > 10_000 ? 5 : train > 1000 ? 10 : 20,
    dropout: 0.2,
    ...(glyphs || train > 10_000 ? {} : { flipLeftRight: true, featureVariants: 2 }),
  };
  return {
    values,
    reason: `${reasonFor(model, train)}, and it is quick, because the pretrained part sees each picture only once or twice.`,
  };
}

function reasonFor(model: PresetName, train: number): string {
  const count = train.toLocaleString('en-US');
  const name = baseNames[model];
  if (!name)
    return `What was trained before stays as it is; only a new last layer is trained on these ${count}`;
  const few =
    train > 1000
      ? 'That starts far ahead of a network that knows nothing yet'
      : 'Few pictures are enough for that';
  return `${name} has learned from 1.3 million photos what things look like; only a new last layer is trained on these ${count}. ${few}`;
}

function fromTheStart({ shorter, longer, gray, train }: Pictures, model: PresetName = 'small-cnn'): Choice {
  const tiny = longer <= 40;
  // Tiny pictures keep their own size; others take the nearest usual one that is not larger.
  const imageSize = tiny
    ? Math.max(8, longer)
    : (usualSides.filter((side) => side <= Math.max(shorter, 32)).at(-1) ?? largestSide);
  const glyphs = tiny && gray;
  const values: Partial<Hyperparameters> = {
    model,
    imageSize,
    batchSize: batchSizeFor(train, train > 20_000 ? 64 : 32),
    epochs: train > 20_000 ? 5 : train > 4000 ? 10 : train > 1000 ? 15 : 25,
    ...(glyphs ? {} : { flipLeftRight: true, brightness: 0.2 }),
  };
  const size = `${imageSize} × ${imageSize} pixels`;
  const reason = glyphs
    ? `Small grey pictures like characters: a small convolutional network at ${size}, without mirroring, which would change what they mean.`
    : `A small convolutional network trained from the start, on pictures of ${size}, mirrored and changed in brightness so that it learns more from each.`;
  return { values, reason };
}
