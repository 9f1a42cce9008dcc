import { SavedModelBase } from '../../../model/bases/saved-model/saved-model-base';
import { type LayerEmitter, unsupportedLayer } from './emitter';

/** A function of a SavedModel, with the variables that it reads. */
export const savedModelBase: LayerEmitter = ({ layer, inputs, name }) => {
  if (!(layer instanceof SavedModelBase)) throw unsupportedLayer(name, 'it is another layer of this name');
  return layer.emit(inputs[0]!.graph, inputs[0]!);
};
