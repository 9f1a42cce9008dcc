import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { DatasetSummary } from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import { type Hyperparameters, presetsByKind } from '../../contract/hyperparameters';
import { chooseLoss } from '../../contract/losses';
import type { Proposal, StudioCalls } from '../../contract/studio';
import { settingsForBert } from '../../dataset/common/bert-settings';
import { followJob } from '../follow-job';
import { addHyperparameterFlags, parseChanges } from '../hyperparameter-flags';
import { describeDataset, openDataset } from '../open-dataset';
import type { Output } from '../output';
import { personPath } from '../paths';
import { withSession } from '../session';
import { trainCandidates } from '../train-candidates';

export function addTrainCommand(program: Command): void {
  addHyperparameterFlags(
    program
      .command('train')
      .description('train a model on a folder of data')
      .argument('<dir>', 'a folder of data, or a CSV or TSV file'),
  )
    .option('--json', 'print a JSON line an event')
    .action((directory: string, options: Record<string, unknown>, command: Command) =>
      withSession(
        command,
        async (session) => {
          const changes = parseChanges(options);
          const summary = await openDataset(session, personPath(directory), changes.dataset);
          session.output.say(describeDataset(summary));
          sayFindings(session.output, summary);
          const proposal = await session.client.call('data.proposal', {
            path: summary.path,
            model: changes.hyperparameters.model,
          });
          const hyperparameters: Hyperparameters = {
            ...proposal.hyperparameters,
            ...(changes.hyperparameters.model === 'bert'
              ? settingsForBert(summary, proposal.hyperparameters, changes.hyperparameters)
              : {}),
            ...changes.hyperparameters,
          };
          refuseWrongPreset(summary, hyperparameters);
          chooseLoss(summary.task, hyperparameters.loss);
          const job = {
            path: summary.path,
            options: summary.options,
            hyperparameters,
            name: options.name as string | undefined,
          };
          const candidates = proposal.candidates ?? [];
          if (changes.hyperparameters.model === undefined && candidates.length > 1)
            return trainCandidates(session, candidateJobs(job, candidates, changes.hyperparameters));
          return followJob(session, async () => (await session.client.call('jobs.start', job)).run);
        },
        // TensorFlow loads while the folder is looked through.
        { warm: 'once' },
      ),
    );
}

/** One job a candidate; what was asked for on the command line holds for each. */
function candidateJobs(
  job: StudioCalls['jobs.start']['params'],
  candidates: NonNullable<Proposal['candidates']>,
  changes: Partial<Hyperparameters>,
): StudioCalls['jobs.start']['params'][] {
  const comparison = randomUUID();
  return candidates.map(({ hyperparameters }) => ({
    ...job,
    hyperparameters: { ...hyperparameters, ...changes },
    name: job.name && `${job.name} ${hyperparameters.model}`,
    comparison,
  }));
}

function sayFindings(output: Output, summary: DatasetSummary): void {
  for (const finding of summary.findings) {
    if (finding.severity !== 'notes') output.say(`${finding.severity}: ${finding.message}`);
  }
}

function refuseWrongPreset({ kind, name }: DatasetSummary, { model }: Hyperparameters): void {
  if (presetsByKind[kind].includes(model)) return;
  throw new DescentError(
    'wrong-use',
    `The model ${model} can't be trained on ${name}, which holds ${kind}.`,
    {
      remedy: `Models for ${kind}: ${presetsByKind[kind].join(', ')}.`,
      subject: model,
    },
  );
}
