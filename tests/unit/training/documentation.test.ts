import { runExamples } from '../../support/run-examples';

runExamples('compiled-step.md', import.meta.dirname, 2);
