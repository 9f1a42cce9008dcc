"""Prints TensorFlow's own definitions of the operations named in a file, one a line, as src/graph/definitions reads them."""

import json
import sys

from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import op_def_registry

UNUSUAL = {'float': 'float32', 'double': 'float64', 'half': 'float16'}


SETS = {
    'number': 'float32 float64 int32 uint8 int16 int8 complex64 int64 qint8 quint8 qint32 bfloat16 qint16 quint16 uint16 complex128 float16 uint32 uint64',
    'real': 'float32 float64 int32 uint8 int16 int8 int64 bfloat16 uint16 float16 uint32 uint64',
    'floating': 'float16 bfloat16 float32 float64',
    'index': 'int32 int64',
}


def allowed_types(numbers):
    names = {dtype(number) for number in numbers}
    names -= {name for name in names if name.startswith('float8')}
    for key, members in SETS.items():
        if set(members.split()) - {'qint16', 'quint16'} == names - {'qint16', 'quint16'}:
            return key
    return ','.join(sorted(names))


def dtype(number):
    name = types_pb2.DataType.Name(number)[3:].lower()
    return UNUSUAL.get(name, name)


def argument(definition):
    if definition.is_ref:
        raise SystemExit(f'{definition.name} is a reference')
    kind = definition.type_attr or (dtype(definition.type) if definition.type else '')
    if definition.type_list_attr:
        kind = f'[{definition.type_list_attr}]'
    if definition.number_attr:
        kind = f'{definition.number_attr}*{kind}'
    return f'{definition.name}:{kind}'


def scalar(value):
    which = value.WhichOneof('value')
    if which == 'type':
        return dtype(value.type)
    if which == 'b':
        return 'true' if value.b else 'false'
    if which == 'i':
        return str(value.i)
    if which == 'f':
        return repr(round(value.f, 12))
    if which == 's':
        return json.dumps(value.s.decode('utf-8'))
    if which == 'list':
        items = value.list
        parts = [str(i) for i in items.i] + [repr(round(f, 6)) for f in items.f]
        parts += [dtype(t) for t in items.type] + [json.dumps(s.decode()) for s in items.s]
        parts += ['true' if b else 'false' for b in items.b]
        return '[' + ','.join(parts) + ']'
    return '?'


def attribute(definition):
    kind = definition.type
    if kind == 'string' and definition.HasField('allowed_values'):
        kind += '{' + ','.join(s.decode() for s in definition.allowed_values.list.s) + '}'
    if kind == 'type' and definition.HasField('allowed_values'):
        kind += '{' + allowed_types(definition.allowed_values.list.type) + '}'
    text = f'{definition.name}:{kind}'
    if definition.HasField('default_value'):
        text += '=' + scalar(definition.default_value)
    return text


def describe(name):
    definition = op_def_registry.get(name)
    if definition is None:
        raise SystemExit(f'TensorFlow knows no operation {name}')
    inputs = ' '.join(argument(a) for a in definition.input_arg)
    outputs = ' '.join(argument(a) for a in definition.output_arg)
    attributes = ' '.join(attribute(a) for a in definition.attr)
    mark = '!' if definition.is_stateful else ''
    return ' | '.join([name + mark, inputs, outputs, attributes]).replace('  ', ' ').rstrip()


for line in open(sys.argv[1], encoding='utf-8'):
    if line.strip():
        print(describe(line.strip()))
