import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, isRequired } from '../fixtures/work.js';
import { withApp, WORKER_KINDS } from '../support/app.js';
import { within } from '../support/deadline.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'load-'))));
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;

/** Options with which Node runs this code before a worker's own. */
function preloading(option: '--require' | '--import' | '--experimental_loader', code: string): string[] {
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

const NEST = fileURLToPath(import.meta.resolve('@nestjs/core'));

describe.each(WORKER_KINDS)('a worker of kind %s', (kind) => {
  it('requires Nest, which is quicker than to import it', async () => {
    await withApp({ kind }, async ({ executor }) => {
      expect(await within(executor.run(isRequired))).toBe(true);
    });
  });

  it.each([
    ['a hook of require gives copies', '--require', hook('module.exports = { ...require(file) };')],
    ['a hook of require compiles', '--require', hook('module.exports = { isExecutorWorker: () => true };')],
    ['a hook of require fails', '--require', hook('throw new SyntaxError("Unexpected token export");')],
    ['it is being imported already', '--require', `import(${JSON.stringify(NEST)});`],
    ['a hook of import may stand before it', '--import', ''],
    ['a loader may, whose option is written in another way', '--experimental_loader', ''],
  ] as const)('imports it where %s', async (_what, option, code) => {
    const execArgv = preloading(option, code);
    await withApp({ kind, execArgv }, async ({ executor }) => {
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(await within(executor.run(isRequired))).toBe(false);
    });
  });

  it('imports it where its environment has something loaded before, which takes that out of it', async () => {
    const [option, file] = preloading('--require', 'delete process.env.NODE_OPTIONS;');
    await withApp(
      { kind, env: { NODE_OPTIONS: `${option} ${JSON.stringify(file)}` } },
      async ({ executor }) => {
        expect(await within(executor.run(isRequired))).toBe(false);
      },
    );
  });
});
