// Run as a program: loads a TensorFlow addon (…/tfjs_binding.node) or the whole @tensorflow/tfjs-node package, multiplies
// two matrices, and prints {"version": "..."}. A process of its own, since a wrong library can end its process.
const util = require('node:util');
const { extname } = require('node:path');

process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
// Node 22 warns of these and Node 23 has them no more; tfjs-node 4.22 still calls them.
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;

function checkAddon(path) {
  const addon = require(path);
  const id = addon.createTensor([2, 2], addon.TF_FLOAT, new Float32Array([1, 2, 3, 4]));
  const attributes = [
    { name: 'transpose_a', type: addon.TF_ATTR_BOOL, value: false },
    { name: 'transpose_b', type: addon.TF_ATTR_BOOL, value: false },
    { name: 'T', type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT },
  ];
  const [product] = addon.executeOp('MatMul', attributes, [id, id], 1);
  return { version: addon.TF_Version, values: [...addon.tensorDataSync(product.id)] };
}

function checkPackage(path) {
  const tf = require(path);
  const matrix = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const values = [...tf.matMul(matrix, matrix).dataSync()];
  if (tf.getBackend() !== 'tensorflow') throw new Error('tfjs-node did not become the back end');
  return { version: tf.backend().binding.TF_Version, values };
}

const path = process.argv[2];
const { version, values } = extname(path) === '.node' ? checkAddon(path) : checkPackage(path);
if (values.join() !== '7,10,15,22') throw new Error(`a product of matrices came out as ${values.join()}`);
process.stdout.write(`${JSON.stringify({ version })}\n`);
