import * as tf from '@tensorflow/tfjs';

/**
 * A number for each layer, which keys its random numbers: its place in the model; layers within wrappers, nested models and
 * layers of one's own go on from there. Part of the checkpoint format.
 */
export function layerNumbers(model: tf.LayersModel): Map<tf.layers.Layer, number> {
  const numbers = new Map(model.layers.map((layer, number) => [layer, number]));
  for (const layer of model.layers)
    for (const inner of layersWithin(layer)) if (!numbers.has(inner)) numbers.set(inner, numbers.size);
  return numbers;
}

/** The layers that make a layer up, and theirs. */
export function layersWithin(layer: tf.layers.Layer): tf.layers.Layer[] {
  const found = new Set<tf.layers.Layer>();
  const visit = (outer: tf.layers.Layer) => {
    for (const inner of innerLayers(outer)) {
      if (found.has(inner) || inner === layer) continue;
      found.add(inner);
      visit(inner);
    }
  };
  visit(layer);
  return [...found];
}

/** The layers by which a layer computes: those of a model, a wrapper's, or whichever it holds. */
export function innerLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  if (layer instanceof tf.LayersModel) return layer.layers;
  const directions = directionsOf(layer);
  if (directions) return directions;
  // A recurrent layer draws its random numbers for its cell.
  if (hasKnownCell(layer)) return [];
  return Object.values(layer)
    .flat()
    .filter((value): value is tf.layers.Layer => value instanceof tf.layers.Layer);
}

/** Of a Bidirectional, which holds the layer besides that it made both of. */
export function directionsOf(layer: tf.layers.Layer): [tf.layers.Layer, tf.layers.Layer] | undefined {
  const { forwardLayer, backwardLayer } = layer as unknown as Partial<
    Record<'forwardLayer' | 'backwardLayer', tf.layers.Layer>
  >;
  return forwardLayer && backwardLayer ? [forwardLayer, backwardLayer] : undefined;
}

/** A layer that goes through the steps of a sequence by one of TF.js' own cells. */
export function hasKnownCell(layer: tf.layers.Layer): boolean {
  return ['LSTM', 'GRU', 'SimpleRNN'].includes(layer.getClassName());
}
