import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecutorBootError, ExecutorReferenceError } from '../../lib/index.js';
import { locate } from '../../lib/reference/locate.js';
import { resolve } from '../../lib/reference/resolve.js';
import { NEST, nativeImport } from '../fixtures/native-import.js';
import { DirectMixin, Greeter, MixedService, Service, Timed } from '../fixtures/services.js';
import byDefault, { add } from '../fixtures/work.js';
import { startApp, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, within } from '../support/deadline.js';
import { runProgram } from '../support/run-program.js';

const SERVICES = new URL('../fixtures/services.js', import.meta.url).href;
const ENTRY = fileURLToPath(new URL('../fixtures/entry.main.js', import.meta.url));
const PERMITTED = fileURLToPath(new URL('../fixtures/permitted.main.js', import.meta.url));

type FickleClass = new () => { work(): Promise<string> };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reference-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('locate and resolve', () => {
  const { typescript } = process.features as { readonly typescript?: unknown };
  it.skipIf(!typescript)('names the file where Node, which strips its types, cannot run it', async () => {
    const file = pathToFileURL(write('decorated.ts', 'export class Decorated { @later() method() {} }')).href;
    const error = await rejection(resolve({ file, exportName: 'Decorated' }));
    expect(error).toBeInstanceOf(SyntaxError);
    expect(error.message).toMatch(/^[^()]+ \(as file:.+decorated\.ts was loaded\)$/);
    // It is the same one with each import.
    expect((await rejection(resolve({ file, exportName: 'Other' }))).message).toBe(error.message);
  });

  it.skipIf(!typescript)(
    'says nothing of the sort where that file throws such an error as it runs',
    async () => {
      const file = pathToFileURL(write('throws.ts', "JSON.parse('{ bad');")).href;
      const error = await rejection(resolve({ file, exportName: 'Any' }));
      expect(error).toBeInstanceOf(SyntaxError);
      expect(error.message).not.toContain('was loaded');
    },
  );

  it.each<[string, Parameters<typeof locate>[0], string]>([
    ['a class', Service, 'Service'],
    ['a subclass of a mixin', MixedService, 'MixedService'],
    ['a function', add, 'add'],
    ['a default export', byDefault, 'default'],
  ])('find %s and get the same back', async (_what, target, exportName) => {
    const reference = await locate(target);
    expect(reference).toMatchObject({ exportName });
    expect(await resolve(reference)).toBe(target);
  });

  it.each([
    ['named', 'exports.f = function f() {};', 'f'],
    ['the whole module', 'module.exports = function f() {};', 'default'],
    [
      'a property that only running the file shows',
      'const all = {}; all["f"] = function f() {}; module.exports = all;',
      'default',
    ],
  ])('find CommonJS exports: %s', async (_what, text, exportName) => {
    const file = write('module.cjs', text);
    const namespace = await nativeImport<{ default: { f?: () => void } }>(pathToFileURL(file).href);
    const target = (namespace.default.f ?? namespace.default) as () => void;
    const reference = await locate(target);
    expect(reference.exportName).toBe(exportName);
    expect(await resolve(reference)).toBe(target);
  });

  it('a wrong file is the error of who named it, and of nobody else', async () => {
    await withApp({ kind: 'thread', context: false }, async ({ executor }) => {
      const wrong = rejection(executor.with({ file: join(folder, 'missing.js') }).run(add, 1, 2));
      const right = executor.run(add, 1, 2);
      const error = await wrong;
      expect(error).toBeInstanceOf(ExecutorReferenceError);
      expect(error.message).toMatch(
        /'add' is, says 'file', exported by .*missing\.js, which Node cannot import/,
      );
      expect(await within(right)).toBe(3);
    });
  });

  it("refuse a mixin's result by itself, and take it with the file that exports it", async () => {
    expect((await locate(DirectMixin, SERVICES)).exportName).toBe('DirectMixin');
    const error = await rejection(locate(Timed(Greeter)));
    expect(error).toBeInstanceOf(ExecutorReferenceError);
    expect(error.message).toMatch(/TimedClass.*not exported by.*services\.js.*import\.meta\.url/s);
  });

  it('find a function of two names by its own', async () => {
    const file = pathToFileURL(write('two-names.mjs', 'export function f() {}\nexport { f as alias };')).href;
    const { f } = await nativeImport<{ f: () => void }>(file);
    expect(await locate(f)).toEqual({ file, exportName: 'f' });
  });

  it('refuse a file whose evaluation waits for this very start, and find what it exports after that', async () => {
    const file = write(
      'late.mjs',
      'export function late() {}\nglobalThis.lateFunction = late;\nawait new Promise((resolve) => (globalThis.release = resolve));\n',
    );
    const globals = globalThis as { lateFunction?: () => void; release?: () => void };
    const loading = nativeImport(pathToFileURL(file).href);
    while (!globals.lateFunction) await new Promise((done) => setImmediate(done));
    const error = await rejection(locate(globals.lateFunction));
    expect(error.message).toMatch(/still being evaluated/);
    globals.release?.();
    await loading;
    expect(await locate(globals.lateFunction)).toMatchObject({ exportName: 'late' });
  });

  it.each([
    ['class', 'its path', ENTRY],
    ['function', 'its path', ENTRY],
    ['class', 'its path without .js', ENTRY.replace(/\.js$/, '')],
    ['class', 'a dot', '.'],
  ])('refuse a %s that lives in the entry file, which is started by %s', async (what, _how, entry) => {
    write('package.json', JSON.stringify({ main: ENTRY }));
    const run = new Promise<{ code: unknown; output: string }>((done) => {
      execFile(process.execPath, [entry, what], { cwd: folder }, (error, output) =>
        done({ code: error?.code, output }),
      );
    });
    const { code, output } = await within(run);
    expect(code).toBe(4);
    expect(output).toMatch(/ExecutorReferenceError: .*entry file.*Move it to a file of its own/);
  });
});

describe.each(WORKER_KINDS)('under the permission model, in a pool of kind %s', (kind) => {
  it('classes, what they need and the context are found in the files that are named', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const allowed = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', '--allow-child-process'];
    // Where Node has it, its sockets need it, and the pipes between processes are such.
    if (process.allowedNodeEnvironmentFlags.has('--allow-net')) allowed.push('--allow-net');
    const args = ['--no-warnings', permission, ...allowed, PERMITTED, kind];
    const { stdout } = await runProgram(process.execPath, args, { deadline: 25_000 });
    expect(stdout).toBe('parsed:text');
  });
});

describe.each(WORKER_KINDS)('a file that is another in the worker: %s', (kind) => {
  const CLASS = 'class Fickle { async work() { return "worked"; } }';

  it('works where it is the same', async () => {
    const { Fickle } = await load(`${CLASS}\nexport { Fickle };`);
    const test = async ({ context }: Awaited<ReturnType<typeof startApp>>) => {
      expect(await within(context.get(Fickle).work())).toBe('worked');
    };
    await withApp({ kind }, test, { providers: [Fickle] });
  });

  it.each<[string, string, (file: string) => void, RegExp]>([
    ['missing', `${CLASS}\nexport { Fickle };`, (file) => rmSync(file), /Cannot find module|ENOENT/],
    [
      'broken',
      `${CLASS}\nexport { Fickle };`,
      (file) => writeFileSync(file, 'export class {'),
      /Unexpected|token/,
    ],
    [
      'exporting something else',
      `${CLASS}\nconst exported = isExecutorWorker() ? undefined : Fickle;\nexport { exported as Fickle };`,
      () => {},
      /no function as export 'Fickle'/,
    ],
    [
      'throwing',
      `${CLASS}\nif (isExecutorWorker()) throw new Error('not here');\nexport { Fickle };`,
      () => {},
      /not here/,
    ],
  ])('fails the start when it is %s', async (how, body, change, message) => {
    const { file, Fickle } = await load(body);
    change(file);
    const error = await rejection(startApp({ kind }, { providers: [Fickle] }));
    // A missing file is noticed by the application already.
    expect(error).toBeInstanceOf(how === 'missing' ? ExecutorReferenceError : ExecutorBootError);
    expect(error.message).toMatch(message);
  });
});

describe.each(WORKER_KINDS)('a function whose file is another in the worker: %s', (kind) => {
  const FUNCTION = 'export function fickle() { return "worked"; }';

  it.each([
    ['broken', 'export function {', /token|function name/i],
    ['throwing', `throw new Error('not here');\n${FUNCTION}`, /^not here/],
    ['importing what is missing', `import './no-such-file.mjs';\n${FUNCTION}`, /Cannot find module/],
  ])('is refused when it is %s, by an error that says which and why', async (_how, body, why) => {
    const file = write('function.mjs', FUNCTION);
    const { fickle } = await nativeImport<{ fickle: () => string }>(pathToFileURL(file).href);
    await withApp({ kind }, async ({ executor }) => {
      writeFileSync(file, body);
      const error = await rejection(executor.run(fickle));
      expect(error).toBeInstanceOf(ExecutorReferenceError);
      expect(error.message).toMatch(/^A worker could not load export 'fickle' of file:.*function\.mjs: /);
      expect((error.cause as Error).message).toMatch(why);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });
});

function source(body: string): string {
  return `
    import { Injectable } from ${JSON.stringify(NEST)};
    import { isExecutorWorker, RunInExecutor } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)};
    ${body}
    Injectable()(Fickle);
    const descriptor = Object.getOwnPropertyDescriptor(Fickle.prototype, 'work');
    RunInExecutor('pool')(Fickle.prototype, 'work', descriptor);
    Object.defineProperty(Fickle.prototype, 'work', descriptor);
  `;
}

async function load(body: string): Promise<{ file: string; Fickle: FickleClass }> {
  const file = write('fickle.mjs', source(body));
  const { Fickle } = await nativeImport<{ Fickle: FickleClass }>(pathToFileURL(file).href);
  return { file, Fickle };
}
