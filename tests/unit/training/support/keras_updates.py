"""
Trains a small network with Keras on given weights and batches, once for each case, and prints losses and weights as JSON.

The file named by the first argument holds {"weights": {name: {shape, values}}, "batches": [{inputs, answers}], "cases":
[{optimizer, arguments, l1, l2}]}; inputs are standardized already.
"""

import json
import sys

import numpy as np
import tensorflow as tf

with open(sys.argv[1], encoding="utf-8") as file:
    question = json.load(file)


def array(tensor):
    return np.array(tensor["values"], dtype=np.float32).reshape(tensor["shape"])


def network(l1, l2):
    names = ["dense", "dense_1", "dense_2"]
    regularizer = tf.keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    layers = []
    for name in names:
        units = question["weights"][f"{name}/bias"]["shape"][0]
        activation = None if name == names[-1] else "relu"
        layers.append(
            tf.keras.layers.Dense(units, activation=activation, kernel_regularizer=regularizer, name=name)
        )
    model = tf.keras.Sequential(layers)
    model.build([None, question["weights"]["dense/kernel"]["shape"][0]])
    for layer in layers:
        layer.set_weights([array(question["weights"][f"{layer.name}/{kind}"]) for kind in ["kernel", "bias"]])
    return model


def values(model):
    return {
        f"{layer.name}/{kind}": weight.flatten().tolist()
        for layer in model.layers
        for kind, weight in zip(["kernel", "bias"], layer.get_weights())
    }


def train(case):
    model = network(case["l1"], case["l2"])
    optimizer = getattr(tf.keras.optimizers, case["optimizer"])(**case["arguments"], jit_compile=False)
    model.compile(optimizer, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = []
    for batch in question["batches"]:
        losses.append(float(model.train_on_batch(array(batch["inputs"]), np.array(batch["answers"], np.int32))))
    trained = values(model)
    # What fit() does at its end: with use_ema the weights become their averages.
    optimizer.finalize_variable_values(model.trainable_variables)
    return {"losses": losses, "weights": trained, "final": values(model)}


print(json.dumps([train(case) for case in question["cases"]]))
