import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';

/** Functions of tfjs whose own gradient is that of what they compute, only in better numbers. */
let known: ReadonlySet<string> | undefined;

const allowed = new WeakSet<object>();

/** Lets a gradient given by hand pass, because it is written into the graph. */
export function allowingGradient<Given extends object>(given: Given): Given {
  allowed.add(given);
  return given;
}

/**
 * Runs `body` and refuses gradients that are given by hand: a compiled step differentiates the operations themselves, and would
 * leave them out.
 * @throws DescentError `unsupported` when `body` calls a function of tf.customGrad
 */
export function refusingCustomGradients<Result>(body: () => Result): Result {
  const accepted = knownGradients();
  return replacing((given) => {
    if (!accepted.has(String(given)) && !allowed.has(given))
      throw new DescentError(
        'unsupported',
        'The loss uses tf.customGrad, whose gradient a compiled step would not take.',
        { remedy: 'Express it by operations, or take such steps eagerly (tf.variableGrads).' },
      );
  }, body);
}

/** To be called once before a recording, in which it would be seen. */
export function knownGradients(): ReadonlySet<string> {
  known ??= collectKnown();
  return known;
}

function collectKnown(): ReadonlySet<string> {
  const found = new Set<string>();
  tf.tidy(() =>
    replacing(
      (given) => found.add(String(given)),
      () => {
        const x = tf.ones([1, 2]);
        tf.logSoftmax(x);
        tf.logSigmoid(x);
        tf.losses.softmaxCrossEntropy(x, x);
        const picture = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
        for (const bias of [undefined, tf.ones([1])]) {
          tf.grad((a: tf.Tensor) =>
            tf.fused.matMul({ a: a as tf.Tensor2D, b: tf.ones([2, 1]), ...(bias ? { bias } : {}) }),
          )(x);
          for (const convolve of [tf.fused.conv2d, tf.fused.depthwiseConv2d])
            tf.grad((input: tf.Tensor) =>
              convolve({
                x: input as tf.Tensor4D,
                filter: picture,
                strides: 1,
                pad: 'same',
                ...(bias ? { bias } : {}),
              }),
            )(picture);
        }
      },
    ),
  );
  return found;
}

/** With `look` called on every function that is handed to tf.customGrad. */
function replacing<Result>(look: (given: object) => void, body: () => Result): Result {
  const engine = tf.engine();
  const { customGrad } = engine;
  engine.customGrad = function (this: typeof engine, given) {
    look(given);
    return customGrad.call(this, given as never);
  } as typeof customGrad;
  try {
    return body();
  } finally {
    // The class's own is found again.
    delete (engine as { customGrad?: unknown }).customGrad;
  }
}
