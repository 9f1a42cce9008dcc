"""
Trains a head on a frozen base with Keras and then fine-tunes the base's last layers, as Keras' guide to transfer learning has
it: compile, fit, unfreeze, compile, fit. Prints the losses of all steps, and the weights, as JSON.

The file named by the first argument holds {"weights": {name: {shape, values}}, "phases": [{batches: [{inputs, answers}],
learningRate, layers}], "optimizer"}; `layers` is how many of the base's last layers are trained.
"""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf-8") as file:
    question = json.load(file)


def array(tensor):
    return np.array(tensor["values"], dtype=np.float32).reshape(tensor["shape"])


def base():
    inputs = tf.keras.Input([12, 12, 3])
    x = inputs
    for number, filters in enumerate([6, 8]):
        x = tf.keras.layers.Conv2D(filters, 3, padding="same", name=f"conv_{number}")(x)
        x = tf.keras.layers.BatchNormalization(name=f"bn_{number}")(x)
        x = tf.keras.layers.ReLU(name=f"relu_{number}")(x)
    x = tf.keras.layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = tf.keras.layers.BatchNormalization(name="bn_2")(x)
    x = tf.keras.layers.Conv2D(8, 1, name="project")(x)
    return tf.keras.Model(inputs, x, name="base")


def set_weights(layers):
    for layer in layers:
        if layer.weights:
            names = [weight.name.split("/")[-1].split(":")[0] for weight in layer.weights]
            layer.set_weights([array(question["weights"][f"{layer.name}/{name}"]) for name in names])


base_model = base()
set_weights(base_model.layers)
base_model.trainable = False
inputs = tf.keras.Input([12, 12, 3])
x = tf.keras.layers.Rescaling(1 / 255)(inputs)
# Batch normalization stays in inference mode, also when layers are unfrozen.
x = base_model(x, training=False)
x = tf.keras.layers.GlobalAveragePooling2D()(x)
head = tf.keras.layers.Dense(4, name="dense")
model = tf.keras.Model(inputs, head(x))
set_weights([head])

losses = []
for phase in question["phases"]:
    if phase["layers"] > 0:
        base_model.trainable = True
        for layer in base_model.layers[: -phase["layers"]]:
            layer.trainable = False
        for layer in base_model.layers:
            if isinstance(layer, tf.keras.layers.BatchNormalization):
                layer.trainable = False
    optimizer = getattr(tf.keras.optimizers, question["optimizer"])(phase["learningRate"], jit_compile=False)
    model.compile(optimizer, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for batch in phase["batches"]:
        losses.append(float(model.train_on_batch(array(batch["inputs"]), np.array(batch["answers"], np.int32))))

weights = {}
for layer in [*base_model.layers, head]:
    for weight in layer.weights:
        weights[f"{layer.name}/{weight.name.split('/')[-1].split(':')[0]}"] = weight.numpy().flatten().tolist()
print(json.dumps({"losses": losses, "weights": weights}))
