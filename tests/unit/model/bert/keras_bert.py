"""Judges of BERT: the MiniLM of a folder in numpy, and a Keras copy with gradients. Reads and writes safetensors by itself."""
import json
import struct
import sys

import numpy as np


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    types = {"F32": np.float32, "I64": np.int64}
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values, np.float32).tobytes())


def erf(x):
    import tensorflow as tf

    return tf.math.erf(x).numpy()


def reference(weights, config, ids, mask):
    """transformers' BertModel in double precision: last hidden states, pooled output, mean over the mask."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}

    def norm(x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + config["layer_norm_eps"]) * w[name + ".weight"] + w[name + ".bias"]

    def dense(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    batch, length = ids.shape
    heads = config["num_attention_heads"]
    size = config["hidden_size"] // heads
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][:length] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for index in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        q, k, v = (
            dense(x, f"{layer}.attention.self.{part}").reshape(batch, length, heads, size).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(size)
        scores = np.where(mask[:, None, None, :] == 1, scores, -np.inf)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares = shares / shares.sum(-1, keepdims=True)
        context = (shares @ v).transpose(0, 2, 1, 3).reshape(batch, length, -1)
        x = norm(dense(context, f"{layer}.attention.output.dense") + x, f"{layer}.attention.output.LayerNorm")
        wide = dense(x, f"{layer}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = norm(dense(wide, f"{layer}.output.dense") + x, f"{layer}.output.LayerNorm")
    pooled = np.tanh(dense(x[:, 0], "pooler.dense"))
    counts = mask[:, :, None].astype(np.float64)
    return x, pooled, (x * counts).sum(1) / counts.sum(1)


def keras_copy(weights, config):
    """A Keras model of (ids, types) -> (sequence, pooled, mean), and the weights by transformers' names and layout."""
    import tensorflow as tf

    layers = tf.keras.layers
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    size = hidden // heads
    named = []

    def take(layer, entries):
        layer.set_weights([to_keras(weights[name]) for name, to_keras, _ in entries])
        named.extend((name, variable, back) for (name, _, back), variable in zip(entries, layer.weights))

    same = lambda x: x
    turned = lambda x: np.transpose(x)
    ids = layers.Input([None], dtype="int32")
    types = layers.Input([None], dtype="int32")
    after = []

    def dense(name, units, activation=None):
        layer = layers.Dense(units, activation)
        after.append((layer, [(f"{name}.weight", turned, turned), (f"{name}.bias", same, same)]))
        return layer

    def norm(name):
        layer = layers.LayerNormalization(epsilon=config["layer_norm_eps"])
        after.append((layer, [(f"{name}.weight", same, same), (f"{name}.bias", same, same)]))
        return layer

    def embedding(name):
        values = weights[f"embeddings.{name}.weight"]
        layer = layers.Embedding(*values.shape)
        after.append((layer, [(f"embeddings.{name}.weight", same, same)]))
        return layer

    counts = tf.cast(ids != config["pad_token_id"], tf.float32)
    x = embedding("word_embeddings")(ids) + embedding("token_type_embeddings")(types)
    x = x + embedding("position_embeddings")(tf.range(tf.shape(ids)[1]))
    x = norm("embeddings.LayerNorm")(x)
    approximate = config["hidden_act"] == "gelu_new"
    gelu = lambda x: tf.keras.activations.gelu(x, approximate=approximate)
    for index in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        attention = layers.MultiHeadAttention(heads, size)
        entries = []
        for part in ("query", "key", "value"):
            entries.append((
                f"{layer}.attention.self.{part}.weight",
                lambda w: np.transpose(w).reshape(hidden, heads, size),
                lambda g: np.transpose(g.reshape(hidden, hidden)),
            ))
            entries.append((f"{layer}.attention.self.{part}.bias", lambda b: b.reshape(heads, size), lambda g: g.reshape(hidden)))
        entries.append((
            f"{layer}.attention.output.dense.weight",
            lambda w: np.transpose(w).reshape(heads, size, hidden),
            lambda g: np.transpose(g.reshape(hidden, hidden)),
        ))
        entries.append((f"{layer}.attention.output.dense.bias", same, same))
        after.append((attention, entries))
        attended = attention(x, x, attention_mask=counts[:, None, :] > 0)
        x = norm(f"{layer}.attention.output.LayerNorm")(attended + x)
        wide = dense(f"{layer}.intermediate.dense", config["intermediate_size"], gelu)(x)
        x = norm(f"{layer}.output.LayerNorm")(dense(f"{layer}.output.dense", hidden)(wide) + x)
    pooled = dense("pooler.dense", hidden, "tanh")(x[:, 0])
    mean = tf.reduce_sum(x * counts[:, :, None], 1) / tf.reduce_sum(counts, 1, keepdims=True)
    model = tf.keras.Model([ids, types], [x, pooled, mean])
    for layer, entries in after:
        take(layer, entries)
    return model, named


def main():
    import tensorflow as tf

    minilm, tiny, given, out = sys.argv[1:]
    given = json.load(open(given))
    answer = {}
    config = json.load(open(f"{minilm}/config.json"))
    ids = np.array(given["minilm"])
    sequence, pooled, mean = reference(read_safetensors(f"{minilm}/model.safetensors"), config, ids, (ids != 0).astype(int))
    answer["minilm"] = {"sequence": sequence[:, :4].tolist(), "pooled": pooled.tolist(), "mean": mean.tolist()}

    config = json.load(open(f"{tiny}/config.json"))
    model, named = keras_copy(read_safetensors(f"{tiny}/model.safetensors"), config)
    ids, types = tf.constant(given["tiny"]["ids"]), tf.constant(given["tiny"]["types"])
    with tf.GradientTape() as tape:
        sequence, pooled, mean = model([ids, types])
        loss = tf.reduce_mean(sequence**3) + tf.reduce_mean(pooled**2) + tf.reduce_mean(mean**4)
    gradients = tape.gradient(loss, [variable for _, variable, _ in named])
    answer["tiny"] = {"sequence": sequence.numpy().tolist(), "pooled": pooled.numpy().tolist(), "mean": mean.numpy().tolist(), "loss": float(loss)}
    write_safetensors(
        f"{out}/model.safetensors",
        {name: back(tf.convert_to_tensor(gradient).numpy()) for (name, _, back), gradient in zip(named, gradients)},
    )
    json.dump(answer, open(f"{out}/answer.json", "w"))


main()
