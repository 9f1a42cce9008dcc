"""A BERT encoder as TensorFlow's Model Garden builds and exports it for TensorFlow Hub, with random weights."""
import json
import sys

import tensorflow as tf

layers = tf.keras.layers
vocabulary, out, answer = sys.argv[1:]
pieces = len(open(vocabulary).read().splitlines())
hidden, heads, wide, positions = 12, 3, 20, 16
random = tf.keras.initializers.RandomUniform(-0.5, 0.5, seed=1)
gelu = lambda x: tf.keras.activations.gelu(x, approximate=True)


class PositionEmbedding(layers.Layer):
    def build(self, shape):
        self.embeddings = self.add_weight("embeddings", [positions, hidden], initializer=random)

    def call(self, x):
        return self.embeddings[: tf.shape(x)[1]]


class Block(layers.Layer):
    def __init__(self, name):
        super().__init__(name=name)
        settings = dict(kernel_initializer=random, bias_initializer=random)
        self.attention = layers.MultiHeadAttention(heads, hidden // heads, name="self_attention", **settings)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-12, name="self_attention_layer_norm", beta_initializer=random)
        self.intermediate = layers.EinsumDense("abc,cd->abd", (None, wide), bias_axes="d", name="intermediate", **settings)
        self.outer = layers.EinsumDense("abc,cd->abd", (None, hidden), bias_axes="d", name="output", **settings)
        self.outer_norm = layers.LayerNormalization(epsilon=1e-12, name="output_layer_norm", beta_initializer=random)

    def call(self, inputs):
        x, mask = inputs
        x = self.attention_norm(x + self.attention(x, x, attention_mask=mask))
        return self.outer_norm(x + self.outer(gelu(self.intermediate(x))))


ids = layers.Input([None], dtype="int32", name="input_word_ids")
mask = layers.Input([None], dtype="int32", name="input_mask")
types = layers.Input([None], dtype="int32", name="input_type_ids")
words = layers.Embedding(pieces, hidden, embeddings_initializer=random, name="word_embeddings")(ids)
kinds = layers.Embedding(2, hidden, embeddings_initializer=random, name="type_embeddings")(types)
x = words + PositionEmbedding(name="position_embedding")(words) + kinds
x = layers.LayerNormalization(epsilon=1e-12, name="embeddings/layer_norm", beta_initializer=random)(x)
attention_mask = tf.cast(mask[:, None, :], tf.float32) * tf.ones_like(tf.cast(ids[:, :, None], tf.float32))
for index in range(2):
    x = Block(f"transformer/layer_{index}")([x, attention_mask])
pooled = layers.Dense(hidden, "tanh", kernel_initializer=random, name="pooler_transform")(x[:, 0])
model = tf.keras.Model([ids, mask, types], {"pooled_output": pooled, "sequence_output": x, "default": pooled})
model.vocab_file = tf.saved_model.Asset(vocabulary)
# As fine-tuning leaves it: with slots of an optimizer beside the weights.
model.compile("adam")
tf.saved_model.save(model, out)

given = tf.constant([[2, 9, 30, 12, 3, 0, 0, 0, 0], [2, 5, 41, 42, 43, 44, 45, 46, 3]])
outputs = tf.saved_model.load(out)([given, tf.cast(given != 0, tf.int32), tf.zeros_like(given)])
json.dump({"ids": given.numpy().tolist(), "pooled": outputs["pooled_output"].numpy().tolist(), "sequence": outputs["sequence_output"].numpy().tolist()}, open(answer, "w"))
