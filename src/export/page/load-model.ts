import * as tf from '@tensorflow/tfjs';
import { type ModelMetadata, modelMetadata } from '../../contract/metadata';
import { registerBertLayers } from '../../model/bert/layers';
import { texts } from './texts';

export interface LoadedModel {
  model: tf.LayersModel;
  metadata: ModelMetadata;
}

interface EmbeddedModel {
  /** The text of model.json. */
  json: string;
  /** weights.bin in base64. */
  weights: string;
}

declare global {
  interface Window {
    descentModel?: EmbeddedModel;
  }
}

/** Reads model.json and weights.bin beside the page; from a plain folder (file:), where nothing can be fetched, model.js. */
export async function loadModel(): Promise<LoadedModel> {
  const artifacts = location.protocol === 'file:' ? await embeddedArtifacts() : await fetchedArtifacts();
  const descent = (artifacts.userDefinedMetadata as { descent?: unknown } | undefined)?.descent;
  const metadata = modelMetadata.parse(descent);
  await chooseBackend(metadata);
  registerBertLayers();
  return { model: await tf.loadLayersModel(tf.io.fromMemory(artifacts)), metadata };
}

/**
 * Pictures on the graphics card where there is one. Tables and texts are small, and TensorFlow.js' WebGL back end gives
 * NaN for a matrix product over a single column (4.22): they are computed in plain JavaScript, but for BERT's classifiers, which
 * are large and have none.
 */
async function chooseBackend(metadata: ModelMetadata): Promise<void> {
  const large = metadata.kind === 'images' || (metadata.preset === 'bert' && metadata.outputs !== 'value');
  if (large && (await tf.setBackend('webgl'))) return;
  await tf.setBackend('cpu');
}

async function fetchedArtifacts(): Promise<tf.io.ModelArtifacts> {
  return tf.io.http('model.json').load!();
}

async function embeddedArtifacts(): Promise<tf.io.ModelArtifacts> {
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'model.js';
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(texts.noModelScript));
    document.head.append(script);
  });
  const embedded = window.descentModel;
  if (!embedded) throw new Error(texts.noModelScript);
  const json = JSON.parse(embedded.json) as tf.io.ModelJSON;
  const weightData = Uint8Array.from(atob(embedded.weights), (character) => character.charCodeAt(0)).buffer;
  const weightSpecs = json.weightsManifest.flatMap((group) => group.weights);
  return {
    modelTopology: json.modelTopology,
    weightSpecs,
    weightData,
    userDefinedMetadata: json.userDefinedMetadata,
  };
}
