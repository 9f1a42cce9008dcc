// Run as a program: trains and tells, at every question, how many tensors there are and how much memory is resident.
import { loadBackend } from '../../../src/engine/native/backend';
import { serve } from '../lib/contest';
import { caseNamed, openProgram } from '../training/program';

async function main(): Promise<void> {
  await loadBackend('node');
  const given = caseNamed(process.argv[2]);
  // Few examples of small batches: many epochs, and many ends of one.
  const program = await openProgram({ ...given, batchSize: Number(process.argv[3]) }, 200);
  await serve(async ({ steps }: { steps: number }) => {
    let taken = 0;
    while (taken < steps) if ((await program.next()).type === 'step') taken++;
    return { steps: program.step, tensors: program.tensorCount(), bytes: process.memoryUsage.rss() };
  });
}

void main();
