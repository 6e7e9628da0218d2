import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, isRequired } from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { within } from '../support/deadline.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'load-'))));
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;

/** Options with which Node runs this code before a worker's own. */
function preloading(option: '--require' | '--import', code: string): string[] {
  const file = join(folder, `${++written}.${option === '--require' ? 'cjs' : 'mjs'}`);
  writeFileSync(file, code);
  return [option, file];
}

/** A hook of `require` for the worker's half of the library, as compilers install it. */
const hook = (body: string) => `
  const { _extensions } = require('node:module');
  const { '.js': original } = _extensions;
  _extensions['.js'] = (module, file) => {
    if (!/[\\\\/]lib[\\\\/]worker[\\\\/]/.test(file)) return original(module, file);
    ${body}
  };`;

describe.each(WORKER_KINDS)('a worker of kind %s', (kind) => {
  it('requires Nest, which is quicker than to import it', async () => {
    await withApp({ kind }, async ({ executor }) => {
      expect(await within(executor.run(isRequired))).toBe(true);
    });
  });

  it.each([
    ['gives copies', 'original(module, file); module.exports = { ...module.exports };'],
    ['compiles', 'module.exports = { isExecutorWorker: () => true };'],
    ['fails', 'throw new SyntaxError("Unexpected token export");'],
  ])('imports it where a hook of require %s', async (_does, body) => {
    const execArgv = preloading('--require', hook(body));
    await withApp({ kind, execArgv }, async ({ executor }) => {
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(await within(executor.run(isRequired))).toBe(false);
    });
  });

  it('imports it where a hook of import may stand before it', async () => {
    const execArgv = preloading('--import', '');
    await withApp({ kind, execArgv }, async ({ executor }) => {
      expect(await within(executor.run(isRequired))).toBe(false);
    });
  });
});
