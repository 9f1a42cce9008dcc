// Set-up, then build, in one process: a signal to npm reaches whatever of it is running.
await import('./setup.mjs');
if (!process.exitCode) await import('./build.mjs');
