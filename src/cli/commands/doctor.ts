import type { Command } from 'commander';
import { exitStatus } from '../exit-status';
import { formatBytes } from '../format';
import { withSession } from '../session';

const marks = { ok: '✓', warns: '!', missing: '✗' } as const;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('which engine, which versions, what is missing and how to get it')
    .option('--json', 'print the report as one JSON object')
    .action((_options, command: Command) =>
      withSession(command, async ({ client, output, interruption }) => {
        const report = await client.call('studio.doctor', {}, { signal: interruption });
        output.emit(report);
        if (!output.json) {
          output.say(`Descent ${report.descent} on ${report.platform}`);
          output.say(`${report.cpus} processors, ${formatBytes(report.memoryBytes)} of memory`);
          for (const finding of report.findings) {
            output.say(`${marks[finding.state]} ${finding.message}`);
            if (finding.remedy) output.say(`    ${finding.remedy}`);
          }
        }
        return report.engine ? exitStatus.done : exitStatus.failed;
      }),
    );
}
