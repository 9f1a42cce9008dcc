import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { installedEngineFiles } from '../../../scripts/provision-engine.mjs';
import { DescentError } from '../../../src/contract/errors';
import { loadBackend } from '../../../src/engine/native/backend';

const root = resolve(import.meta.dirname, '../../..');
const native = installedEngineFiles(root) !== null;

afterEach(() => {
  delete process.env.DESCENT_ENGINE;
});

describe('loadBackend', () => {
  it.runIf(native)(
    'takes libtensorflow where it is installed, for the tfjs that everybody imports',
    async () => {
      const backend = await loadBackend('auto');
      expect(backend.kind).toBe('node');
      expect(backend.version).toMatch(/^2\.\d+\.\d+/);
      expect(backend.threads).toBeGreaterThan(0);
      expect(tf.getBackend()).toBe('tensorflow');
      expect(backend.tf.version_core).toBe(tf.version_core);
      expect([...tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync()]).toEqual([3, 3, 3, 3]);
    },
  );

  it('follows DESCENT_ENGINE=wasm against what the caller prefers', async () => {
    process.env.DESCENT_ENGINE = 'wasm';
    const backend = await loadBackend('node');
    expect(backend.kind).toBe('wasm');
    expect(tf.getBackend()).toBe('wasm');
    expect(backend.threads).toBe(1);
    expect(backend.fallbackReason).toBeUndefined();
  });

  it('refuses a DESCENT_ENGINE that it does not know, naming it', async () => {
    process.env.DESCENT_ENGINE = 'gpu';
    const failure = await loadBackend().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DescentError);
    expect((failure as DescentError).code).toBe('wrong-use');
    expect((failure as DescentError).message).toContain('"gpu"');
  });
});
