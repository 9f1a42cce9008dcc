import { type Command, InvalidArgumentError } from 'commander';
import { personPath } from '../paths';
import { ProgressLine } from '../progress-line';
import { withSession } from '../session';

const sampleNames = ['digits', 'iris', 'mails'] as const;
type SampleName = (typeof sampleNames)[number];

export function addSampleCommand(program: Command): void {
  program
    .command('sample')
    .description('write a sample data set as an ordinary folder')
    .argument('<name>', sampleNames.join(', '), parseSampleName)
    .argument('[dir]', 'where to (default: beside the library)')
    .option('--json', 'print what was written as JSON')
    .action((name: SampleName, directory: string | undefined, _options, command: Command) =>
      withSession(command, async ({ client, output, interruption }) => {
        const line = new ProgressLine();
        const path = directory === undefined ? undefined : personPath(directory);
        for await (const event of client.listen('data.sample', { name, path }, { signal: interruption })) {
          if (event.type === 'progress') {
            line.update(`Writing ${name}`, event.done, event.total);
            continue;
          }
          line.clear();
          output.emit({ type: 'done', sample: name, path: event.path });
          output.say(`The ${name} sample is in ${event.path}`);
        }
        return undefined;
      }),
    );
}

function parseSampleName(text: string): SampleName {
  const name = sampleNames.find((candidate) => candidate === text);
  if (!name) throw new InvalidArgumentError(`The samples are ${sampleNames.join(', ')}.`);
  return name;
}
