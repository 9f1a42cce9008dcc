import { runExamples } from '../../support/run-examples';

runExamples('graph.md', import.meta.dirname, 7);
