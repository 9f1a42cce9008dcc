"""Times predict_on_batch after training a little. Argument: case. Answers each line, {"batch", "calls"}, with one JSON object."""
import json
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../training"))

import numpy as np
import tensorflow as tf

from keras_models import compiled

TRAINED_STEPS = 10

shape, batch, model = compiled(sys.argv[1])
first = model.layers[0]


def examples(count):
    if isinstance(first, tf.keras.layers.Embedding):
        return np.random.randint(1, first.input_dim, (count, *shape)).astype("int32")
    return np.random.uniform(0, 255, (count, *shape)).astype("float32")


count = TRAINED_STEPS * batch
model.fit(examples(count), np.arange(count) % model.output_shape[-1], batch_size=batch, verbose=0)
for line in sys.stdin:
    question = json.loads(line)
    x = examples(question["batch"])
    processor = time.process_time()
    milliseconds = []
    for _ in range(question["calls"]):
        begin = time.perf_counter()
        model.predict_on_batch(x)
        milliseconds.append(1000 * (time.perf_counter() - begin))
    print(json.dumps({
        "milliseconds": milliseconds,
        "processor": 1000 * (time.process_time() - processor),
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }), flush=True)
