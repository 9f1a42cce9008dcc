import { describe, expect, it } from 'vitest';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import { proposeHyperparameters } from '../../../src/dataset/common/proposal';
import { openDataset } from '../../../src/dataset/node/open';
import { picture, put, putClasses, temporaryFolder } from './pictures';

async function propose(root: string) {
  const { summary } = await openDataset(root, {}, { cacheDirectory: await temporaryFolder('cache') });
  const proposal = proposeHyperparameters(summary);
  expect(hyperparameters.parse(proposal.hyperparameters)).toEqual(proposal.hyperparameters);
  expect(proposal.reason).toMatch(/\.$/);
  return proposal;
}

describe('proposeHyperparameters', () => {
  it('keeps the size of small grey pictures and does not mirror them', async () => {
    const root = await temporaryFolder();
    for (let index = 0; index < 30; index += 1)
      await put(root, `${index % 3}/${index}.png`, await picture(index, 28, 28).grayscale().png().toBuffer());
    const { hyperparameters: chosen } = await propose(root);
    expect(chosen).toMatchObject({
      model: 'small-cnn',
      imageSize: 28,
      flipLeftRight: false,
      classWeights: 'none',
    });
    expect(chosen.batchSize).toBeLessThanOrEqual(8);
  });

  it('takes a usual size for photographs, mirrors them, and evens out rare classes', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['cats'], 24);
    await putClasses(root, ['dogs'], 4, 100);
    const { hyperparameters: chosen } = await propose(root);
    expect(chosen).toMatchObject({
      model: 'efficientnet-lite0',
      imageSize: 224,
      flipLeftRight: true,
      classWeights: 'balanced',
    });
  });

  it('takes a pretrained network for coloured photos alone, and the settings of a model that is chosen', async () => {
    const root = await temporaryFolder();
    await putClasses(root, ['cats', 'dogs'], 12);
    const { summary } = await openDataset(root, {}, { cacheDirectory: await temporaryFolder('cache') });
    const { reason } = proposeHyperparameters(summary);
    expect(reason).toMatch(/^EfficientNet-Lite0 has learned from 1\.3 million photos/);
    expect(proposeHyperparameters(summary, 'small-cnn').hyperparameters).toMatchObject({
      model: 'small-cnn',
      imageSize: 64,
      epochs: 25,
    });
    expect(proposeHyperparameters(summary, 'resnet50').hyperparameters).toMatchObject({
      model: 'resnet50',
      imageSize: 224,
    });
    const images = { ...summary.images!, grayscale: true };
    expect(proposeHyperparameters({ ...summary, images }).hyperparameters.model).toBe('small-cnn');
    const size = { ...summary.images!.width, median: 48 };
    const small = { ...summary, images: { ...summary.images!, width: size } };
    expect(proposeHyperparameters(small).hyperparameters.model).toBe('small-cnn');
    expect(proposeHyperparameters(small, 'efficientnet-lite0').hyperparameters.imageSize).toBe(128);
  });

  it('takes layers for tables, and lets cheap models compete for texts', async () => {
    const root = await temporaryFolder();
    await put(
      root,
      'a.csv',
      `x,y\n${Array.from({ length: 50 }, (_, index) => `${index / 3},${index % 2 ? 'a' : 'b'}`).join('\n')}`,
    );
    expect((await propose(root)).hyperparameters.model).toBe('mlp');
    const texts = await temporaryFolder();
    for (let index = 0; index < 20; index += 1)
      await put(texts, `${index % 2 ? 'a' : 'b'}/${index}.txt`, 'some words here '.repeat(10 + index));
    const proposal = await propose(texts);
    expect(proposal.hyperparameters.model).toBe('tfidf');
    expect(proposal.reason).toContain('let the');
    expect(proposal.candidates!.map(({ hyperparameters: { model } }) => model)).toEqual([
      'tfidf',
      'glove',
      'text-bag',
    ]);
    expect(proposal.candidates![2]!.hyperparameters.sequenceLength).toBe(128);
    const { summary } = await openDataset(texts, {}, { cacheDirectory: await temporaryFolder('cache') });
    const chosen = proposeHyperparameters(summary, 'glove');
    expect(chosen.hyperparameters).toMatchObject({ model: 'glove', learningRate: 0.02 });
    expect(chosen.candidates).toBeUndefined();
    expect(proposeHyperparameters(summary, 'text-lstm').hyperparameters).toMatchObject({
      model: 'text-lstm',
      sequenceLength: 128,
    });
    const undivided = { ...summary, splits: { ...summary.splits, validation: 0 } };
    expect(proposeHyperparameters(undivided).candidates).toBeUndefined();
  });
});
