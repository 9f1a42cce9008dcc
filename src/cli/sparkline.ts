const bars = '▁▂▃▄▅▆▇█';

/** A line of small bars, at most `width` of them, from the smallest to the largest value; non-finite values are `!`. */
export function sparkline(values: readonly number[], width = 24): string {
  const cells = Math.min(width, values.length);
  const means = Array.from({ length: cells }, (_, cell) => {
    const part = values.slice(
      Math.floor((cell * values.length) / cells),
      Math.floor(((cell + 1) * values.length) / cells),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const finite = means.filter(Number.isFinite);
  const smallest = Math.min(...finite);
  const range = Math.max(...finite) - smallest;
  return means
    .map((value) => {
      if (!Number.isFinite(value)) return '!';
      const level = range === 0 ? 0 : Math.round(((value - smallest) / range) * (bars.length - 1));
      return bars[level];
    })
    .join('');
}
