"""Python's tf.data with the stages that the benchmark measures; answers each line of standard input with the milliseconds of an epoch."""

import json
import sys
import time

import tensorflow as tf

options = json.loads(sys.stdin.readline())
size = options['size']
generator = tf.data.Dataset.from_tensor_slices((options['paths'], options['labels']))


def load(path, label):
    picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method='INTEGER_ACCURATE')
    return tf.image.resize(picture, [size, size]), label


def augment(picture, label):
    picture = tf.image.random_flip_left_right(picture)
    picture = tf.image.random_brightness(picture, options['brightness'] * 255)
    return tf.clip_by_value(picture, 0, 255), label


def dataset(cached):
    auto = tf.data.AUTOTUNE
    count = len(options['paths'])
    if cached:
        loaded = generator.map(load, num_parallel_calls=auto).cache().shuffle(min(count, 10_000))
    else:
        loaded = generator.shuffle(min(count, 10_000)).map(load, num_parallel_calls=auto)
    return loaded.map(augment, num_parallel_calls=auto).batch(options['batch']).prefetch(auto)


made = {}
print('ready', flush=True)
for line in sys.stdin:
    command, kind = line.split()
    if command == 'make':
        made[kind] = dataset(kind == 'cached')
        print('made', flush=True)
    else:
        started = time.perf_counter()
        seen = 0
        for pictures, labels in made[kind]:
            seen += labels.shape[0]
        if seen != len(options['paths']):
            raise SystemExit(f'{seen} pictures came')
        print((time.perf_counter() - started) * 1000, flush=True)
