import type { Command } from 'commander';
import { followJob } from '../follow-job';
import { withSession } from '../session';

export function addResumeCommand(program: Command): void {
  program
    .command('resume')
    .description('go on from the last checkpoint')
    .argument('<run>', "a run's id or name")
    .option('--json', 'print a JSON line an event')
    .action((idOrName: string, _options, command: Command) =>
      withSession(command, async (session) => {
        const id = await session.studio.resolveRun(idOrName);
        return followJob(session, async () => (await session.client.call('jobs.resume', { run: id })).run);
      }),
    );
}
