// Run as a program: runs a TypeScript file, with what it imports, by Vite's module runner (Node 20 reads no TypeScript).
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [file] = process.argv.splice(2, 1);
await runnerImport(resolve(file));
