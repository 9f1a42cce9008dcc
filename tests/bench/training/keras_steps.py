"""Times keras.Model.fit. Arguments: case, steps of a round. Answers each line with one JSON object: milliseconds of each step, and of
processor time for all of them."""
import json
import sys
import time

import numpy as np
import tensorflow as tf

from keras_models import compiled


class StepTimes(tf.keras.callbacks.Callback):
    """Between the ends of two steps, as fit itself goes from one to the next."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


name, steps = sys.argv[1], int(sys.argv[2])
shape, batch, model = compiled(name)
size = (steps * batch, *shape)
first = model.layers[0]
if isinstance(first, tf.keras.layers.Embedding):
    x = np.random.randint(1, first.input_dim, size).astype("int32")
else:
    x = np.random.uniform(0, 255, size).astype("float32")
y = (np.arange(len(x)) % model.output_shape[-1]).astype("int64")
for line in sys.stdin:
    times = StepTimes()
    begin, processor = time.perf_counter(), time.process_time()
    model.fit(x, y, batch_size=batch, epochs=1, shuffle=True, verbose=0, callbacks=[times])
    ends = [begin, *times.ends]
    answer = {
        "milliseconds": [1000 * (later - earlier) for earlier, later in zip(ends, ends[1:])],
        "processor": 1000 * (time.process_time() - processor),
    }
    print(json.dumps(answer), flush=True)
