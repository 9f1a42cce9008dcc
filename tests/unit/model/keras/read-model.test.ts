import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../../src/engine/native/backend';
import { readKerasModel } from '../../../../src/model/keras/read-model';
import { type KerasFiles, makeKerasFiles } from '../../../support/keras-files';

const made = [
  ['Keras 2.15', await makeKerasFiles(2)],
  ['Keras 3', await makeKerasFiles(3)],
] as const;

beforeAll(async () => {
  await loadBackend('node');
});

for (const [version, files] of made) {
  describe.skipIf(typeof files === 'string')(`models that ${version} saved`, () => {
    const { directory, expected } = files as KerasFiles;
    const wordEndings = version === 'Keras 2.15' ? ['.h5', '.keras'] : ['.keras'];

    it.each([
      ...['picture', 'frozen', 'zoo', 'twice', 'calculated', 'mobilenet'].flatMap((name) => [
        `${name}.h5`,
        `${name}.keras`,
      ]),
      ...wordEndings.map((ending) => `words${ending}`),
    ])('give the same answers: %s', async (file) => {
      const model = await readKerasModel(join(directory, file));
      const { input, output } = expected[file.slice(0, file.indexOf('.'))]!;
      tf.tidy(() => {
        const answer = model.predict(
          tf.tensor(input.values, input.shape, model.inputs[0]!.dtype),
        ) as tf.Tensor;
        expect(answer.shape).toEqual(output.shape);
        const difference = answer.sub(tf.tensor(output.values, output.shape)).abs().max().dataSync()[0]!;
        // 52 layers of random weights, the last of them softmax.
        expect(difference).toBeLessThan(file.startsWith('mobilenet') ? 1e-4 : 1e-5);
      });
      model.dispose();
    });
  });
}
