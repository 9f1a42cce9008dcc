import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'vue/compiler-sfc';
import { en } from '../../../renderer/locales/en';
import { createCatalogue } from '../../../renderer/locales/i18n';
import { hyperparameterFields, presetNames } from '../../../src/contract/hyperparameters';
import { runStatus } from '../../../src/contract/run';

const root = join(import.meta.dirname, '../../../renderer');
const sources = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter(
    (entry) => entry.isFile() && /\.(vue|ts)$/.test(entry.name) && !entry.parentPath.includes('locales'),
  )
  .map((entry) => join(entry.parentPath, entry.name));

function lookUp(key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], en);
}

interface Node {
  type: number;
  content?: unknown;
  children?: Node[];
  branches?: Node[];
  props?: { name: string; value?: { content: string } }[];
}

function plainWords(node: Node): string[] {
  const own = node.type === 2 && typeof node.content === 'string' ? [node.content] : [];
  const attributes = (node.props ?? [])
    .filter((property) => ['title', 'aria-label', 'placeholder', 'alt'].includes(property.name))
    .map((property) => property.value?.content ?? '');
  return [...own, ...attributes, ...[...(node.children ?? []), ...(node.branches ?? [])].flatMap(plainWords)];
}

/** What is printed on keys is the same in every language. */
const keys = new Set(['Enter', 'Space', 'Esc', 'Del', 'Tab', 'F2']);

describe('the catalogue', () => {
  it('has every text that the sources ask for by name', () => {
    const missing: string[] = [];
    for (const file of sources)
      for (const [, key] of readFileSync(file, 'utf8').matchAll(/\bt\(\s*'([a-z]+(?:\.[\w-]+)+)'/g))
        if (typeof lookUp(key!) !== 'string') missing.push(`${key} (${file})`);
    expect(missing).toEqual([]);
  });

  it('holds every word of the templates: none stands in a template itself', () => {
    const found: string[] = [];
    for (const file of sources.filter((name) => name.endsWith('.vue'))) {
      const { descriptor } = parse(readFileSync(file, 'utf8'));
      const words = descriptor.template?.ast ? plainWords(descriptor.template.ast as unknown as Node) : [];
      for (const word of words)
        if (/\p{L}{2,}/u.test(word) && !keys.has(word.trim())) found.push(`${word.trim()} (${file})`);
    }
    expect(found).toEqual([]);
  });

  it('names and describes every hyper-parameter, with its unit and its choices', () => {
    for (const field of hyperparameterFields) {
      expect([field.name, typeof lookUp(`train.fields.${field.name}`)]).toEqual([field.name, 'string']);
      expect(lookUp(`train.descriptions.${field.name}`)).toBe(field.description);
      expect(typeof lookUp(`train.groups.${field.group}`)).toBe('string');
      if (field.unit)
        expect([field.unit, typeof lookUp(`train.units.${field.unit}`)]).toEqual([field.unit, 'string']);
      // Numbers need no words.
      for (const choice of (field.choices ?? []).filter((name) => Number.isNaN(Number(name))))
        expect([choice, typeof lookUp(`train.choices.${field.name}.${choice}`)]).toEqual([choice, 'string']);
    }
    for (const preset of presetNames) expect(typeof lookUp(`train.models.${preset}`)).toBe('string');
  });

  it('has a word for every status of a run', () => {
    for (const status of runStatus.options)
      expect(typeof lookUp(`common.runStatus.${status}`)).toBe('string');
  });

  it('compiles every message without complaint and without evaluating code', () => {
    const i18n = createCatalogue();
    const evaluating = globalThis.Function;
    globalThis.Function = (() => {
      throw new Error('a message was compiled by evaluating code');
    }) as unknown as FunctionConstructor;
    try {
      const visit = (node: unknown, path: string[]): void => {
        if (typeof node === 'string') {
          const shown = i18n.global.t(path.join('.'), { count: 2 }, 2);
          expect(shown.length).toBeGreaterThan(0);
        } else for (const [name, child] of Object.entries(node as object)) visit(child, [...path, name]);
      };
      visit(en, []);
    } finally {
      globalThis.Function = evaluating;
    }
  });
});
