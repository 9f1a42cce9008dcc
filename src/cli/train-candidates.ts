import { bestCandidate, comparedBy } from '../contract/comparison';
import type { Run } from '../contract/run';
import type { StudioCalls } from '../contract/studio';
import { exitStatus } from './exit-status';
import { followRun, tellEnd } from './follow-job';
import { formatNumber } from './format';
import type { Session } from './session';
import { textTable } from './text-table';

type Job = StudioCalls['jobs.start']['params'];
type FinishedRun = Run & { path: string };

/**
 * Trains several models one after the other, each as a run of its own, and says which is best on the validation examples; that
 * one is the answer. One that fails is told and left out.
 * @param jobs one a candidate
 */
export async function trainCandidates(session: Session, jobs: readonly Job[]): Promise<number> {
  const { output } = session;
  const models = jobs.map(({ hyperparameters }) => hyperparameters?.model);
  output.say(
    `No model was chosen: ${models.join(', ')} are trained one after the other, and the validation examples decide. (--model NAME trains one alone.)`,
  );
  const runs: FinishedRun[] = [];
  for (const [number, job] of jobs.entries()) {
    output.say(`\nCandidate ${number + 1} of ${jobs.length}: ${models[number]}`);
    const { run, view } = await followRun(
      session,
      async () => (await session.client.call('jobs.start', job)).run,
    );
    if (run.status === 'interrupted' || session.interruption.aborted) return tellEnd(output, view, run);
    runs.push(run);
    if (run.status === 'failed') tellEnd(output, view, run);
    else {
      const { id, path, status, summary } = run;
      output.emit({ type: 'candidate', model: models[number], run: id, path, status, summary });
    }
  }
  const candidates = runs.map((run) => ({
    model: modelOf(run),
    run: run.id,
    status: run.status,
    summary: run.summary,
  }));
  const best = bestCandidate(candidates);
  const winner = runs.find(({ id }) => id === best?.run);
  if (!winner) return exitStatus.failed;
  const { metric } = comparedBy(candidates);
  output.emit({ type: 'choice', model: modelOf(winner), run: winner.id, metric, candidates });
  output.say(`\n${comparison(runs, winner)}`);
  output.emit({
    type: 'done',
    run: winner.id,
    path: winner.path,
    status: winner.status,
    summary: winner.summary,
  });
  return exitStatus.done;
}

function modelOf(run: Run): string {
  return run.configuration.hyperparameters.model;
}

/** All candidates beside each other, and what the figures are worth. */
function comparison(runs: readonly FinishedRun[], winner: FinishedRun): string {
  const metrics = ['val_accuracy', 'val_mae', 'val_loss', 'test_accuracy', 'test_mae', 'test_loss'].filter(
    (name) => runs.some(({ summary }) => summary[name] !== undefined),
  );
  const cell = (value: number | undefined) => (value === undefined ? '' : formatNumber(value));
  const table = textTable(
    [
      { title: 'candidate' },
      ...metrics.map((title) => ({ title, align: 'right' as const })),
      { title: 'seconds', align: 'right' as const },
      { title: '' },
    ],
    runs.map((run) => [
      modelOf(run),
      ...metrics.map((name) => cell(run.summary[name])),
      cell(run.progress.trainingSeconds),
      run.id === winner.id ? 'wins' : run.status === 'failed' ? 'failed' : '',
    ]),
  );
  const held = winner.dataset.test > 0;
  const worth = held
    ? `The ${winner.dataset.validation} validation examples chose; the ${winner.dataset.test} test examples had no say: theirs are the figures to tell.`
    : `The ${winner.dataset.validation} validation examples chose, so their figures flatter a little; a test split (--set data.testFraction=0.2) tells without.`;
  return `${table}\n${modelOf(winner)} wins. ${worth}\n${winner.name} is in ${winner.path}`;
}
