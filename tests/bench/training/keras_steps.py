"""Times keras.Model.fit. Reads one command a line (`NAME STEPS`), answers with one JSON object: milliseconds of each step, and of
processor time for all of them."""
import json
import sys
import time

import numpy as np
import tensorflow as tf

layers = tf.keras.layers


def cnn():
    return (28, 28, 1), 64, [
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(padding="same"),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(padding="same"),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10),
    ]


def mobilenet():
    width = 0.5
    filters = lambda count: max(8, round(count * width))
    blocks = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]
    normalized = lambda: [layers.BatchNormalization(momentum=0.9), layers.ReLU(6.0)]
    found = [layers.Rescaling(1 / 255), layers.Conv2D(filters(16), 3, strides=2, padding="same", use_bias=False)]
    found += normalized()
    for count, strides in blocks:
        found += [layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)] + normalized()
        found += [layers.Conv2D(filters(count), 1, padding="same", use_bias=False)] + normalized()
    return (96, 96, 3), 32, found + [layers.GlobalAveragePooling2D(), layers.Dense(10)]


def mlp():
    return (100,), 256, [
        layers.Normalization(mean=127.5, variance=73.9**2),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10),
    ]


class StepTimes(tf.keras.callbacks.Callback):
    """Between the ends of two steps, as fit itself goes from one to the next."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


models = {}


def opened(name, steps):
    if name not in models:
        shape, batch, stack = {"cnn": cnn, "mobilenet": mobilenet, "mlp": mlp}[name]()
        model = tf.keras.Sequential([layers.InputLayer(shape), *stack])
        model.compile(
            optimizer=tf.keras.optimizers.Adam(1e-3),
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        x = np.random.uniform(0, 255, (steps * batch, *shape)).astype("float32")
        y = (np.arange(len(x)) % 10).astype("int64")
        models[name] = (model, x, y, batch)
    return models[name]


for line in sys.stdin:
    name, steps = line.split()
    model, x, y, batch = opened(name, int(steps))
    times = StepTimes()
    begin, processor = time.perf_counter(), time.process_time()
    model.fit(x, y, batch_size=batch, epochs=1, shuffle=True, verbose=0, callbacks=[times])
    ends = [begin, *times.ends]
    answer = {
        "milliseconds": [1000 * (later - earlier) for earlier, later in zip(ends, ends[1:])],
        "processor": 1000 * (time.process_time() - processor),
    }
    print(json.dumps(answer), flush=True)
