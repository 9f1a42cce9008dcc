// Run as a program with a case's name: answers `{batch, calls}` with the milliseconds of compiled predictions, after training a little.
import { loadBackend } from '../../../src/engine/native/backend';
import { CompiledPrediction } from '../../../src/training/graph/compiled-prediction';
import { serve } from '../lib/contest';
import { caseNamed, modelOf, openProgram, timeSteps } from '../training/program';

const trainedSteps = 10;

async function main(): Promise<void> {
  await loadBackend('node');
  const given = caseNamed(process.argv[2]);
  const program = await openProgram(given, trainedSteps);
  await timeSteps(program, trainedSteps);
  await program.dispose();
  const compiled = await CompiledPrediction.create(modelOf(given));
  if (!compiled) throw new Error(`${given.name} can't be compiled.`);
  const elements = given.shape.reduce((product, size) => product * size, 1);
  await serve(async ({ batch, calls }: { batch: number; calls: number }) => {
    const inputs = given.words
      ? Int32Array.from({ length: batch * elements }, () => 1 + Math.random() * (given.words! - 1))
      : Float32Array.from({ length: batch * elements }, () => Math.random() * 255);
    const before = process.cpuUsage();
    const milliseconds: number[] = [];
    for (let call = 0; call < calls; call++) {
      const begin = performance.now();
      compiled.predict(inputs, batch);
      milliseconds.push(performance.now() - begin);
    }
    const { user, system } = process.cpuUsage(before);
    return {
      milliseconds,
      processor: (user + system) / 1000,
      peakBytes: process.resourceUsage().maxRSS * 1024,
    };
  });
}

void main();
