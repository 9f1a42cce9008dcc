"""
Keras' recipe of transfer learning on MobileNetV2: a head on the frozen base, then the base's last layers with it, batch
normalization in inference mode. Writes the base's weights as Keras' own file has them; prints the head's first weights and the
loss of every step as JSON.

The file named by the first argument holds {"weights": path, "side", "alpha", "classes", "phases": [{"learningRate", "layers",
"batches": [[{"file", "label"}]]}]}.
"""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf-8") as file:
    question = json.load(file)

tf.keras.utils.set_random_seed(7)
shape = (question["side"], question["side"], 3)
base_model = tf.keras.applications.MobileNetV2(
    input_shape=shape, alpha=question["alpha"], include_top=False, weights=None
)
random = np.random.default_rng(7)
for layer in base_model.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
        gamma, beta, mean, variance = layer.get_weights()
        layer.set_weights(
            [
                random.uniform(0.8, 1.2, gamma.shape),
                random.normal(0, 0.1, beta.shape),
                random.normal(0, 0.1, mean.shape),
                random.uniform(0.1, 0.3, variance.shape),
            ]
        )
base_model.save_weights(question["weights"])

base_model.trainable = False
inputs = tf.keras.Input(shape)
x = tf.keras.applications.mobilenet_v2.preprocess_input(inputs)
x = base_model(x, training=False)
x = tf.keras.layers.GlobalAveragePooling2D()(x)
head = tf.keras.layers.Dense(question["classes"])
model = tf.keras.Model(inputs, head(x))
kernel, bias = head.get_weights()
before = base_model.get_layer("Conv_1").get_weights()[0]


def pictures(batch):
    return tf.stack([tf.cast(tf.io.decode_png(tf.io.read_file(item["file"]), 3), tf.float32) for item in batch])


losses = []
for phase in question["phases"]:
    if phase["layers"] > 0:
        base_model.trainable = True
        for layer in base_model.layers[: -phase["layers"]]:
            layer.trainable = False
        for layer in base_model.layers:
            if isinstance(layer, tf.keras.layers.BatchNormalization):
                layer.trainable = False
    model.compile(
        tf.keras.optimizers.Adam(phase["learningRate"], jit_compile=False),
        tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for batch in phase["batches"]:
        answers = np.array([item["label"] for item in batch], np.int32)
        losses.append(float(model.train_on_batch(pictures(batch), answers)))

print(
    json.dumps(
        {
            "losses": losses,
            "kernel": kernel.flatten().tolist(),
            "bias": bias.tolist(),
            # A fine-tuned kernel before and after.
            "before": before.flatten()[:5000].tolist(),
            "after": base_model.get_layer("Conv_1").get_weights()[0].flatten()[:5000].tolist(),
        }
    )
)
