// Everything said during set-up and build goes to standard error: standard output belongs to `descent ... --json`.

/** Writes one line for people to standard error. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** The last non-empty lines of a program's output, shortened to one line: the usual place of its reason for failing. */
export function lastWords(output, lines = 1) {
  const kept = output
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at ') && !/^Node\.js v\d/.test(line));
  return kept.slice(-lines).join(' ').slice(0, 300);
}
