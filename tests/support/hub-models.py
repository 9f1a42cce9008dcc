# Writes SavedModels as TensorFlow Hub has them, and what TensorFlow computes with them.
import json, sys
import numpy as np
import tensorflow as tf

out, sizes = sys.argv[1], json.loads(sys.argv[2])
tf.keras.utils.set_random_seed(7)


def with_statistics(net):
    # Moving averages as after a training, so that normalization does something.
    for layer in net.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            random = np.random.default_rng(len(layer.name))
            layer.set_weights([
                random.uniform(0.7, 1.3, gamma.shape), random.normal(0, 0.2, beta.shape),
                random.normal(0, 0.05, mean.shape), random.uniform(0.02, 0.2, variance.shape)])
    return net


size = sizes['features']
net = with_statistics(tf.keras.applications.MobileNetV2(
    input_shape=(None, None, 3), include_top=False, pooling='avg', weights=None))


# As Hub's feature vectors of version 4: pixels 0..1, `training` and `batch_norm_momentum` as arguments, no signature.
class FeatureVector(tf.Module):
    def __init__(self):
        super().__init__()
        self.net = net
        self.scale = tf.Variable(2.0, name='scale')

    @tf.function
    def __call__(self, inputs, training=False, batch_norm_momentum=0.99):
        return self.net(inputs * self.scale - 1.0, training=training)


module = FeatureVector()
for training in (True, False):
    module.__call__.get_concrete_function(
        tf.TensorSpec([None, size, size, 3], tf.float32, name='inputs'), training,
        tf.TensorSpec([], tf.float32, name='batch_norm_momentum'))
tf.saved_model.save(module, out + '/hub')

pixels = np.random.default_rng(1).integers(0, 256, (3, size, size, 3)).astype(np.float32)
pixels.tofile(out + '/pixels.bin')
loaded = tf.saved_model.load(out + '/hub')
loaded(tf.constant(pixels / np.float32(255)), False, tf.constant(0.99)).numpy().tofile(out + '/hub.bin')

# A signature alone, maps instead of vectors, any size, uint8 pixels.
body = with_statistics(tf.keras.Sequential([
    tf.keras.layers.InputLayer(input_shape=(None, None, 3)), tf.keras.layers.Conv2D(8, 3, strides=4),
    tf.keras.layers.BatchNormalization(), tf.keras.layers.ReLU(), tf.keras.layers.Conv2D(5, 3, strides=3)]))
offset = tf.constant([1.0, 2.0, 3.0])


class Maps(tf.Module):
    def __init__(self):
        super().__init__()
        self.body = body


maps = Maps()


@tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name='image')])
def serve(image):
    return {'maps': body((tf.cast(image, tf.float32) + offset) / 127.5 - 1.0, training=False)}


tf.saved_model.save(maps, out + '/maps', signatures={'serving_default': serve})
tf.saved_model.load(out + '/maps').signatures['serving_default'](
    image=tf.constant(pixels.astype(np.uint8)))['maps'].numpy().tofile(out + '/maps.bin')

# Keras' own.
small = tf.keras.Sequential([
    tf.keras.layers.InputLayer(input_shape=(8, 8, 3)), tf.keras.layers.Conv2D(4, 3, activation='relu'),
    tf.keras.layers.BatchNormalization(), tf.keras.layers.Flatten(), tf.keras.layers.Dropout(0.5)])
small.save(out + '/keras', save_format='tf')
tiles = pixels[:, :8, :8, :]
(small(tiles / np.float32(255), training=False)).numpy().tofile(out + '/keras.bin')

small.export(out + '/exported')


# Nothing that takes one batch of pictures.
class Two(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3]), tf.TensorSpec([None, 8, 8, 3])])
    def __call__(self, a, b):
        return tf.reduce_mean(a - b, [1, 2])


tf.saved_model.save(Two(), out + '/two')
