"""Answers questions, one JSON a line: trains a head on a frozen MobileNetV2, from the files to the end of the last epoch, by the
usual code (the base in every step) or on features that base.predict gives once."""
import glob
import json
import os
import sys
import time

import tensorflow as tf

layers = tf.keras.layers
task = json.loads(sys.argv[1])
size, classes, batch, epochs = (task[name] for name in ("size", "classes", "batchSize", "epochs"))


def listed(folder):
    paths = sorted(glob.glob(os.path.join(folder, "*", "*.jpg")))
    names = sorted({os.path.basename(os.path.dirname(path)) for path in paths})
    return paths, [names.index(os.path.basename(os.path.dirname(path))) for path in paths]


def pictures(paths, labels):
    def load(path, label):
        picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.image.resize(picture, (size, size)), label

    return tf.data.Dataset.from_tensor_slices((paths, labels)).map(load, num_parallel_calls=tf.data.AUTOTUNE)


def compiled(model):
    model.compile(
        optimizer=tf.keras.optimizers.Adam(task["learningRate"]),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def frozen_base():
    base = tf.keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(size, size, 3))
    base.trainable = False
    return base


class Epochs(tf.keras.callbacks.Callback):
    ends = ()

    def on_epoch_end(self, epoch, logs=None):
        self.ends = (*self.ends, time.perf_counter())


def whole(folder, told):
    base = frozen_base()
    inputs = tf.keras.Input((size, size, 3))
    x = base(layers.Rescaling(1 / 127.5, offset=-1)(inputs), training=False)
    x = layers.Dropout(task["dropout"])(layers.GlobalAveragePooling2D()(x))
    model = compiled(tf.keras.Model(inputs, layers.Dense(classes)(x)))
    data = pictures(*listed(folder)).cache().shuffle(task["pictures"]).batch(batch).prefetch(tf.data.AUTOTUNE)
    return model.fit(data, epochs=epochs, verbose=0, callbacks=[told])


def features(folder, told):
    base = frozen_base()
    inputs = tf.keras.Input((size, size, 3))
    x = base(layers.Rescaling(1 / 127.5, offset=-1)(inputs), training=False)
    extractor = tf.keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    paths, labels = listed(folder)
    computed = extractor.predict(pictures(paths, labels).batch(batch).prefetch(tf.data.AUTOTUNE), verbose=0)
    head = compiled(
        tf.keras.Sequential([layers.InputLayer(computed.shape[1:]), layers.Dropout(task["dropout"]), layers.Dense(classes)])
    )
    return head.fit(computed, tf.constant(labels), batch_size=batch, epochs=epochs, verbose=0, callbacks=[told])


for line in sys.stdin:
    question = json.loads(line)
    told = Epochs()
    began, processor = time.perf_counter(), time.process_time()
    history = {"whole": whole, "features": features}[question["kind"]](question["folder"], told)
    answer = {
        "milliseconds": 1000 * (time.perf_counter() - began),
        "processor": 1000 * (time.process_time() - processor),
        "firstEpoch": 1000 * (told.ends[0] - began),
        "loss": history.history["loss"][-1],
    }
    tf.keras.backend.clear_session()
    print(json.dumps(answer), flush=True)
