"""Python's tf.data with the stages that the benchmark measures.

The first line of standard input has the options; each further line a command: `make NAME` builds a data set anew, with an
empty cache; `epoch NAME` answers with the milliseconds of an epoch on the clock and on all processors together.
"""

import json
import sys
import time

import tensorflow as tf

options = json.loads(sys.stdin.readline())
size = options['size']
batch = options['batch']
auto = tf.data.AUTOTUNE


def load(path, label):
    picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method='INTEGER_ACCURATE')
    return tf.image.resize(picture, [size, size]), label


def augment(picture, label):
    picture = tf.image.random_flip_left_right(picture)
    picture = tf.image.random_brightness(picture, options['brightness'] * 255)
    return tf.clip_by_value(picture, 0, 255), label


def layers():
    augmentation = tf.keras.Sequential(
        [
            tf.keras.layers.RandomFlip('horizontal'),
            tf.keras.layers.RandomRotation(options['rotation'] / 360),
            tf.keras.layers.RandomZoom(options['zoom']),
            tf.keras.layers.RandomContrast(options['contrast']),
        ]
    )
    return lambda pictures, labels: (augmentation(pictures, training=True), labels)


def dataset(cached, moved):
    count = options['moved'] if moved else len(options['paths'])
    files = tf.data.Dataset.from_tensor_slices((options['paths'][:count], options['labels'][:count]))
    if cached:
        loaded = files.map(load, num_parallel_calls=auto).cache().shuffle(min(count, 10_000))
    else:
        loaded = files.shuffle(min(count, 10_000)).map(load, num_parallel_calls=auto)
    if moved:
        return loaded.batch(batch).map(layers(), num_parallel_calls=auto).prefetch(auto)
    return loaded.map(augment, num_parallel_calls=auto).batch(batch).prefetch(auto)


made = {}
print('ready', flush=True)
for line in sys.stdin:
    command, name = line.split()
    if command == 'make':
        made.clear()
        made[name] = dataset(cached=name in ('cached', 'moved'), moved=name == 'moved')
        print('made', flush=True)
        continue
    started = time.perf_counter()
    processor = time.process_time()
    seen = 0
    for pictures, labels in made[name]:
        seen += labels.shape[0]
    elapsed = time.perf_counter() - started
    used = time.process_time() - processor
    if seen != (options['moved'] if name == 'moved' else len(options['paths'])):
        raise SystemExit(f'{seen} pictures came')
    print(elapsed * 1000, used * 1000, flush=True)
