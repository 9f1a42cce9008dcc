import type { Command } from 'commander';
import { DescentError } from '../../contract/errors';
import type { Prediction } from '../../contract/prediction';
import { exitStatus } from '../exit-status';
import { formatNumber } from '../format';
import { personPath } from '../paths';
import { withSession } from '../session';

/** Inputs of one question to the engine. */
const batchSize = 256;

export function addPredictCommand(program: Command): void {
  program
    .command('predict')
    .description('what a trained model says about files')
    .argument('<run>', "a run's id or name")
    .argument('<file...>', 'pictures, texts or CSV files (one prediction a row)')
    .option('--json', 'print a JSON line a file')
    .action((idOrName: string, files: string[], _options, command: Command) =>
      withSession(command, async ({ studio, client, output, interruption }) => {
        const run = await studio.resolveRun(idOrName);
        let failures = 0;
        for (let start = 0; start < files.length; start += batchSize) {
          if (interruption.aborted) throw new DescentError('cancelled', 'Interrupted.');
          const batch = files.slice(start, start + batchSize);
          const inputs = batch.map((file) => ({ type: 'file' as const, path: personPath(file) }));
          const { predictions } = await client.call(
            'model.predict',
            { run, inputs },
            { signal: interruption },
          );
          for (const prediction of predictions) {
            if (prediction.error !== undefined) failures++;
            output.emit(prediction);
            if (!output.json || prediction.error !== undefined) output.say(describe(prediction));
          }
        }
        return failures === 0 ? exitStatus.done : exitStatus.failed;
      }),
    );
}

function describe({ file, label, probabilities, value, error }: Prediction): string {
  if (error !== undefined) return `${file}: ${error}`;
  if (value !== undefined) return `${file}: ${formatNumber(value)}`;
  const probability = label === undefined ? undefined : probabilities?.[label];
  const share = probability === undefined ? '' : ` (${(probability * 100).toFixed(1)}%)`;
  return `${file}: ${label ?? ''}${share}`;
}
