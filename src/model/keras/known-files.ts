import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { badKerasFile } from './damaged';

/**
 * MD5 of weight files with and without the classifier, as keras.applications publishes them. Source: resnet.py, vgg16.py,
 * vgg19.py, xception.py and inception_v3.py of Keras 2.15; the other networks' files have none, or no HDF5 of this name.
 */
const published: Readonly<Record<string, readonly [top: string, noTop: string]>> = {
  resnet50: ['2cb95161c43110f7111970584f804107', '4d473c1dd8becc155b73f8504c6f6626'],
  resnet101: ['f1aeb4b969a6efcfb50fad2f0c20cfc5', '88cf7a10940856eca736dc7b7e228a21'],
  resnet152: ['100835be76be38e30d865e96f2aaae62', 'ee4c566cf9a93f14d82f913c2dc6dd0c'],
  resnet50v2: ['3ef43a0b657b3be2300d5770ece849e0', 'fac2f116257151a9d068a22e544a4917'],
  resnet101v2: ['6343647c601c52e1368623803854d971', 'c0ed64b8031c3730f411d2eb4eea35b5'],
  resnet152v2: ['a49b44d1979771252814e80f8ec446f9', 'ed17cf2e0169df9d443503ef94b23b33'],
  vgg16: ['64373286793e3c8b2b4e3219cbf3544b', '6d6bbae143d832006294945121d1f1fc'],
  vgg19: ['cbe5617147190e668d6c5d5026f83318', '253f8cb515780f3b799900260a226db6'],
  xception: ['0a58e3b7378bc2990ea3b43d5981f1f6', 'b0042744bf5b25fce3cb969f33bebb97'],
  inception_v3: ['9a0d58056eeedaa3f26cb7ebd46da564', 'bcbd6486424b2319ff4ef7d526e38f63'],
};

const knownName = /^(\w+?)_weights_tf_dim_ordering_tf_kernels(_notop)?\.h5$/;

function publishedMd5(name: string): string | undefined {
  const found = knownName.exec(name);
  return found ? published[found[1]!]?.[found[2] ? 1 : 0] : undefined;
}

/** Where Keras keeps weights that it has downloaded: `$KERAS_HOME/models`, else `~/.keras/models`. */
export function kerasModelsDirectory(): string {
  return join(process.env.KERAS_HOME || join(homedir(), '.keras'), 'models');
}

/** The name of a file of keras.applications as a path in Keras' folder; undefined when it is not there. */
export function findKerasFile(name: string): string | undefined {
  const path = join(kerasModelsDirectory(), name);
  return existsSync(path) ? path : undefined;
}

/**
 * Refuses a file in Keras' folder that has the name of one of keras.applications, but not its bytes. A file elsewhere, that
 * a person names, may hold what it likes, as in Keras.
 * @throws DescentError `bad-input` with both MD5s
 */
export function checkKnownFile(file: string, bytes: Uint8Array): void {
  const expected = publishedMd5(basename(file));
  if (expected === undefined || dirname(resolve(file)) !== resolve(kerasModelsDirectory())) return;
  const found = createHash('md5').update(bytes).digest('hex');
  if (found === expected) return;
  throw badKerasFile(
    file,
    `its checksum is wrong: MD5 ${found} instead of ${expected}, which Keras publishes for a file of this name`,
    'Download it again. Weights of your own belong in another folder.',
  );
}

/** File names of keras.applications. Source: resnet.py and mobilenet_v2.py of Keras 2.15. */
export const kerasFileNames = {
  resnet50: (top: boolean) => `resnet50_weights_tf_dim_ordering_tf_kernels${top ? '' : '_notop'}.h5`,
  /** `size`: 96, 128, 160, 192 or 224. */
  mobileNetV2: (alpha: number, size: number, top: boolean) =>
    `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${Number.isInteger(alpha) ? `${alpha}.0` : alpha}_${size}${top ? '' : '_no_top'}.h5`,
};
