/** Spearman's rank correlation of two columns of equal length; ties share their mean rank. NaN for fewer than 3 pairs or a constant. */
export function rankCorrelation(first: readonly number[], second: readonly number[]): number {
  if (first.length !== second.length || first.length < 3) return Number.NaN;
  const left = ranks(first);
  const right = ranks(second);
  const mean = (left.length + 1) / 2;
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let index = 0; index < left.length; index++) {
    const a = left[index]! - mean;
    const b = right[index]! - mean;
    product += a * b;
    leftSquares += a * a;
    rightSquares += b * b;
  }
  return leftSquares === 0 || rightSquares === 0
    ? Number.NaN
    : product / Math.sqrt(leftSquares * rightSquares);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_value, index) => index).sort((left, right) => values[left]! - values[right]!);
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let at = from; at <= to; at++) found[order[at]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return found;
}
