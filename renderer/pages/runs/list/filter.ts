/** What a run looks like to a filter: its words, and values by name. */
export interface Filterable {
  /** Everything that plain words are looked for in, lower case. */
  text: string;
  value(name: string): string | number | boolean | undefined;
}

export type Filter = (run: Filterable) => boolean;

export type FilterResult =
  | { ok: true; filter: Filter; names: string[] }
  /** `rest`: the text from the place that was not understood. */
  | { ok: false; rest: string };

type Operator = '>' | '>=' | '<' | '<=' | '=' | '!=' | '~';

interface Token {
  kind: 'word' | 'operator' | 'open' | 'close';
  text: string;
  at: number;
  quoted: boolean;
}

/**
 * Reads a filter: words that must all occur, comparisons `name > .9` (> >= < <= = != and ~ for "contains"), `and`, `or`,
 * `not`, brackets. Words side by side mean `and`. Empty text lets everything through.
 */
export function parseFilter(text: string): FilterResult {
  const tokens = tokenize(text);
  const names: string[] = [];
  let next = 0;
  const peek = () => tokens[next];
  const isWord = (token: Token | undefined, word: string) =>
    token?.kind === 'word' && !token.quoted && token.text.toLowerCase() === word;
  let failedAt: number | null = null;
  const fail = (at: number): Filter => {
    failedAt ??= at;
    next = tokens.length;
    return () => false;
  };

  function either(): Filter {
    let left = both();
    while (isWord(peek(), 'or')) {
      next++;
      const first = left;
      const second = both();
      left = (run) => first(run) || second(run);
    }
    return left;
  }

  function both(): Filter {
    let left = single();
    for (;;) {
      const token = peek();
      if (!token || token.kind === 'close' || isWord(token, 'or')) return left;
      if (isWord(token, 'and')) next++;
      const first = left;
      const second = single();
      left = (run) => first(run) && second(run);
    }
  }

  function single(): Filter {
    const token = peek();
    if (!token) return fail(text.length);
    if (isWord(token, 'not')) {
      next++;
      const inner = single();
      return (run) => !inner(run);
    }
    if (token.kind === 'open') {
      next++;
      const inner = either();
      if (peek()?.kind !== 'close') return fail(token.at);
      next++;
      return inner;
    }
    if (token.kind !== 'word' || isWord(token, 'and') || isWord(token, 'or')) return fail(token.at);
    next++;
    const operator = peek();
    if (operator?.kind !== 'operator') {
      const word = token.text.toLowerCase();
      return (run) => run.text.includes(word);
    }
    next++;
    const value = peek();
    if (value?.kind !== 'word') return fail(operator.at);
    next++;
    names.push(token.text);
    return comparison(token.text, operator.text as Operator, value.text);
  }

  if (tokens.length === 0) return { ok: true, filter: () => true, names };
  const filter = either();
  if (failedAt === null && next < tokens.length) failedAt = tokens[next]!.at;
  return failedAt === null ? { ok: true, filter, names } : { ok: false, rest: text.slice(failedAt) };
}

function comparison(name: string, operator: Operator, wanted: string): Filter {
  const number = wanted.trim() === '' ? Number.NaN : Number(wanted);
  const word = wanted.toLowerCase();
  return (run) => {
    const value = run.value(name);
    if (value === undefined) return operator === '!=';
    if (typeof value === 'number' && !Number.isNaN(number)) {
      switch (operator) {
        case '>':
          return value > number;
        case '>=':
          return value >= number;
        case '<':
          return value < number;
        case '<=':
          return value <= number;
        case '=':
          return nearly(value, wanted);
        case '!=':
          return !nearly(value, wanted);
        case '~':
          return String(value).includes(wanted);
      }
    }
    const text = String(value).toLowerCase();
    switch (operator) {
      case '=':
        return text === word;
      case '!=':
        return text !== word;
      case '~':
        return text.includes(word);
      case '>':
        return text > word;
      case '>=':
        return text >= word;
      case '<':
        return text < word;
      case '<=':
        return text <= word;
    }
  };
}

/** 0.9642 typed for a value of 0.96421: equal to the digits that are shown. With fewer digits only what is exactly so. */
function nearly(value: number, typed: string): boolean {
  const number = Number(typed);
  if (value === number) return true;
  const digits = typed.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '').length;
  return digits >= 4 && digits <= 21 && Number(value.toPrecision(digits)) === number;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|("(?:[^"]*)"?)|(>=|<=|!=|==|=|>|<|~)|([()])|([^\s()<>=!~"]+)|(.)/gy;
  for (const match of text.matchAll(pattern)) {
    const at = match.index;
    const [, quoted, operator, bracket, word, other] = match;
    if (quoted !== undefined)
      tokens.push({ kind: 'word', text: quoted.replace(/^"|"$/g, ''), at, quoted: true });
    else if (operator !== undefined)
      tokens.push({ kind: 'operator', text: operator === '==' ? '=' : operator, at, quoted: false });
    else if (bracket !== undefined)
      tokens.push({ kind: bracket === '(' ? 'open' : 'close', text: bracket, at, quoted: false });
    else if (word !== undefined || other !== undefined)
      tokens.push({ kind: 'word', text: (word ?? other)!, at, quoted: false });
  }
  return tokens;
}
