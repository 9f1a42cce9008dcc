/** A layer of a pretrained base, in Keras' order of `base_model.layers`. */
export interface BaseLayer {
  name: string;
  /** Keras class name. */
  className: string;
  /** Numbers that fine-tuning trains; 0 for batch normalization, which stays as it is. */
  parameters: number;
}
