import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAsset } from '../../../electron/assets';

const directory = mkdtempSync(join(tmpdir(), 'descent-assets-'));
const page = join(directory, 'page');

beforeAll(() => {
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<title>Descent</title>');
  writeFileSync(join(page, 'assets', 'index-ä.js'), 'export {};');
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  symlinkSync(join(directory, 'secret.txt'), join(page, 'assets', 'link.txt'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the files behind app://descent', () => {
  it('serves the page and its scripts with their media types and a strict policy', () => {
    for (const [url, type] of [
      ['app://descent/', 'text/html; charset=utf-8'],
      ['app://descent/index.html?x=1#/runs', 'text/html; charset=utf-8'],
      ['app://descent/assets/index-%C3%A4.js', 'text/javascript; charset=utf-8'],
    ] as const) {
      const asset = readAsset(page, url);
      expect(asset.status).toBe(200);
      expect(asset.headers['content-type']).toBe(type);
      expect(asset.headers['content-security-policy']).toContain("default-src 'none'");
      expect(asset.headers['content-security-policy']).not.toContain('unsafe');
    }
    expect(readAsset(page, 'app://descent/').body.toString()).toBe('<title>Descent</title>');
  });

  it.each([
    ['app://descent/none.js', 404],
    ['app://descent/assets', 404],
    ['app://descent/index.html/more', 404],
    ['app://descent/..%2fsecret.txt', 403],
    ['app://descent/assets/..%2f..%2fsecret.txt', 403],
    ['app://descent/%2fetc%2fpasswd', 403],
    ['app://descent/assets/link.txt', 403],
    ['app://descent/%00', 403],
    ['app://descent/%ff', 400],
  ])('refuses %s with %i', (url, status) => {
    const asset = readAsset(page, url);
    expect(asset.status).toBe(status);
    expect(asset.body.toString()).not.toContain('secret');
  });
});
