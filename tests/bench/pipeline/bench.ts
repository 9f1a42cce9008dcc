// `npm run bench -- pipeline [--json] [--images N] [--rounds N]`: JPEGs of 320 × 240 read, decoded, resized to 160 × 160,
// augmented and batched by the pipeline in the graph and by Python's tf.data, in turns.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { indicesOf } from '../../../src/dataset/node/example-table';
import { loadBackend } from '../../../src/engine/native/backend';
import { pythonJudge } from '../../support/python-judge';
import { cases, type DataSetName } from './cases';
import { type Duration, Ours } from './ours';
import { Peer } from './peer';
import { writePictures } from './pictures';
import { type Measured, writeReport } from './report';
import { measureWaiting, type Waiting } from './waiting';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    images: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
  },
});
const images = Number(options.images);
const rounds = Number(options.rounds);
const movedCount = Math.min(images, 1000);
const say = (text: string) => process.stderr.write(`${text}\n`);

const judge = await pythonJudge();
if (typeof judge === 'string') throw new Error(`There is nothing to compare with: ${judge}`);
const directory = await mkdtemp(join(tmpdir(), 'descent-bench-pipeline-'));
try {
  say(`Writing ${images} pictures.`);
  const all = await writePictures(join(directory, 'pictures'), {
    count: images,
    different: 500,
    width: 320,
    height: 240,
  });
  const few = {
    ...all,
    count: movedCount,
    split: all.split.subarray(0, movedCount),
    indices: (wanted: 'train' | 'validation' | 'test') =>
      indicesOf(all.split.subarray(0, movedCount), wanted),
  };
  const cacheDirectory = join(directory, 'cache');
  await loadBackend('node');
  const peer = await Peer.start(judge, all, movedCount);
  try {
    const times = new Map<string, Duration[]>();
    const note = (side: 'ours' | 'peer', dataSet: DataSetName, epoch: 'first' | 'later', found: Duration) => {
      const key = `${side} ${dataSet} ${epoch}`;
      times.set(key, [...(times.get(key) ?? []), found]);
    };
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? 'Warming up.' : `Round ${round} of ${rounds}.`);
      if (round === 1) times.clear();
      for (const [dataSet, laterEpochs] of [
        ['cached', 2],
        ['plain', 0],
        ['moved', 1],
      ] as const) {
        const ours = await Ours.make(dataSet === 'moved' ? few : all, dataSet, cacheDirectory);
        await peer.make(dataSet);
        for (let epoch = 0; epoch <= laterEpochs; epoch++) {
          const which = epoch === 0 ? 'first' : 'later';
          note('ours', dataSet, which, await ours.epoch());
          note('peer', dataSet, which, await peer.epoch(dataSet));
        }
        await ours.dispose();
      }
    }
    const waiting: Waiting[][] = [];
    const photographs = await writePictures(join(directory, 'small'), {
      count: 1280,
      different: 320,
      width: 160,
      height: 120,
    });
    for (let round = 1; round <= rounds; round++) {
      say(`Round ${round} of ${rounds} of training.`);
      waiting.push(await measureWaiting(photographs, cacheDirectory, 3));
    }
    const measured = cases.map((given): Measured => {
      const of = (side: 'ours' | 'peer') => times.get(`${side} ${given[side].dataSet} ${given[side].epoch}`)!;
      const count = given.ours.dataSet === 'moved' ? movedCount : images;
      return { name: given.name, aim: given.aim, images: count, ours: of('ours'), peer: of('peer') };
    });
    const text = await writeReport(measured, waiting, { images, rounds });
    process.stdout.write(options.json ? `${text.json}\n` : text.markdown);
  } finally {
    peer.end();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
