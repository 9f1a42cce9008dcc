"""Trains a small CNN on a folder of pictures until its validation accuracy is the wanted one; prints a line when it is."""
import json
import sys

import tensorflow as tf

layers = tf.keras.layers
folder, task = sys.argv[1], json.loads(sys.argv[2])
tf.keras.utils.set_random_seed(task["seed"])


def pictures(split, training):
    data = tf.keras.utils.image_dataset_from_directory(
        f"{folder}/{split}",
        color_mode="grayscale",
        image_size=(28, 28),
        batch_size=None,
        shuffle=False,
        seed=task["seed"],
    ).cache()
    if training:
        data = data.shuffle(10_000)
    return data.batch(task["batchSize"]).prefetch(tf.data.AUTOTUNE)


class Goal(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] >= task["wanted"]:
            print(json.dumps({"reached": True, "epochs": epoch + 1}), flush=True)
            self.model.stop_training = True


model = tf.keras.Sequential([
    layers.InputLayer((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(padding="same"),
    layers.Conv2D(64, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(padding="same"),
    layers.Flatten(),
    layers.Dense(task["hiddenUnits"], activation="relu"),
    layers.Dropout(task["dropout"]),
    layers.Dense(task["classes"]),
])
model.compile(
    optimizer=tf.keras.optimizers.Adam(task["learningRate"]),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(pictures("train", True), validation_data=pictures("validation", False),
          epochs=task["epochs"], verbose=0, callbacks=[Goal()])
