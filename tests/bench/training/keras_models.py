"""The models of the benchmarks in Keras: a function gives a compiled model, by the name of a case."""
import tensorflow as tf

layers = tf.keras.layers


def cnn():
    return (28, 28, 1), 64, tf.keras.Sequential([
        layers.InputLayer((28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(padding="same"),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(padding="same"),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10),
    ])


def mobilenet():
    return (96, 96, 3), 32, tf.keras.applications.MobileNet(
        alpha=0.25, weights=None, input_shape=(96, 96, 3), classes=10, classifier_activation=None)


def resnet50():
    return (64, 64, 3), 16, tf.keras.applications.ResNet50(
        weights=None, input_shape=(64, 64, 3), classes=10, classifier_activation=None)


def mlp():
    return (100,), 256, tf.keras.Sequential([
        layers.InputLayer((100,)),
        layers.Normalization(mean=127.5, variance=73.9**2),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10),
    ])


def lstm():
    return (100,), 32, tf.keras.Sequential([
        layers.InputLayer((100,), dtype="int32"),
        layers.Embedding(10_000, 64, mask_zero=True),
        layers.LSTM(64),
        layers.Dense(2),
    ])


builders = {"lstm": lstm, "cnn": cnn, "mobilenet": mobilenet, "resnet50": resnet50, "mlp": mlp}


def compiled(name):
    """The shape of an example, the batch size, and the compiled model."""
    shape, batch, model = builders[name]()
    model.compile(
        optimizer=tf.keras.optimizers.Adam(1e-3),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return shape, batch, model
