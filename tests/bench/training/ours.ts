// Run as a program with a case's name: answers each line with the milliseconds of the compiled program's next steps.
import { loadBackend } from '../../../src/engine/native/backend';
import { serve } from '../lib/contest';
import { caseNamed, openProgram, timeSteps } from './program';

async function main(): Promise<void> {
  await loadBackend('node');
  const program = await openProgram(caseNamed(process.argv[2]));
  await serve(async ({ steps }: { steps: number }) => {
    const before = process.cpuUsage();
    const milliseconds = await timeSteps(program, steps);
    const { user, system } = process.cpuUsage(before);
    return { milliseconds, processor: (user + system) / 1000 };
  });
}

void main();
