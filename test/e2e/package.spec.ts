import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCES = join(PROJECT, 'test/fixtures/packaged');
const TIMEOUT = 120_000;

const projectRequire = createRequire(join(PROJECT, 'package.json'));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

interface Report {
  readonly application: { readonly pid: number };
}

describe('the packed package', () => {
  let scratch: string;
  let packed: Packed;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'packed-'));
    packed = await pack(scratch);
  }, TIMEOUT);

  afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 3 }));

  it('holds what is published, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'dist/index.js', 'dist/index.d.ts']));
    expect(
      paths.filter((path) => !/^(dist\/.+\.(js|d\.ts)|package\.json|[A-Z]+(\.md)?)$/.test(path)),
    ).toEqual([]);
  });

  describe.each(['11', '12'])('with Nest %s', (major) => {
    let folder: string;

    beforeAll(async () => {
      folder = join(scratch, `nest-${major}`);
      await install(folder, major, join(scratch, packed.filename));
    }, TIMEOUT);

    it('is installed beside that one Nest', async () => {
      expect(await versionOf('@nestjs/core', folder)).toMatch(new RegExp(`^${major}\\.`));
      expect(await copiesOf('@nestjs/common', folder)).toHaveLength(1);
    });

    it.each([
      ['esm', 'module'],
      ['commonjs', 'commonjs'],
    ])(
      'type-checks and runs in an application that is %s',
      async (format, type) => {
        const application = join(folder, format);
        await compile(application, type);
        const { stdout, stderr } = await runProgram(process.execPath, [join(application, 'out/main.js')], {
          cwd: application,
          deadline: 30_000,
        });
        const report = JSON.parse(stdout) as Report;
        const { pid } = report.application;
        expect(report).toEqual({
          format,
          application: { pid, threadId: 0 },
          thread: { dollars: 5, isWorker: true, pid, threadId: expect.any(Number) },
          process: { dollars: 10, isWorker: true, pid: expect.any(Number), threadId: 0 },
          paid: 42,
          isOwnError: true,
        });
        expect(report).not.toMatchObject({ thread: { threadId: 0 } });
        expect(report).not.toMatchObject({ process: { pid } });
        expect(stderr).toBe('');
      },
      TIMEOUT,
    );
  });
});

async function pack(destination: string): Promise<Packed> {
  const { stdout } = await npm(PROJECT, [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    destination,
  ]);
  const [packed] = JSON.parse(stdout) as [Packed];
  return packed;
}

/** Nest and the package, as applications have them: in a folder above theirs. */
async function install(folder: string, major: string, tarball: string): Promise<void> {
  await mkdir(folder);
  await writePackage(folder, { private: true });
  const nodeTypes = `@types/node@${await versionOf('@types/node', PROJECT)}`;
  const nest = [`@nestjs/common@${major}`, `@nestjs/core@${major}`, 'reflect-metadata@0.2', 'rxjs@7'];
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  await npm(folder, ['install', ...options, ...nest, nodeTypes, tarball]);
}

async function compile(application: string, type: string): Promise<void> {
  await cp(SOURCES, application, { recursive: true });
  await writePackage(application, { private: true, type });
  const { bin } = projectRequire('typescript/package.json') as { bin: { tsc: string } };
  const tsc = join(dirname(projectRequire.resolve('typescript/package.json')), bin.tsc);
  await runProgram(process.execPath, [tsc, '--project', application], { cwd: application, deadline: 30_000 });
}

function writePackage(folder: string, content: object): Promise<void> {
  return writeFile(join(folder, 'package.json'), JSON.stringify(content));
}

async function versionOf(name: string, folder: string): Promise<string> {
  const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function copiesOf(name: string, folder: string): Promise<string[]> {
  const { stdout } = await npm(folder, ['ls', name, '--all', '--parseable']);
  return [...new Set(stdout.trim().split('\n'))];
}

/** The npm that runs this, where one does; its path needs no shell, on any system. */
function npm(cwd: string, args: readonly string[]): ReturnType<typeof runProgram> {
  const script = process.env['npm_execpath'];
  const options = { cwd, deadline: 90_000 };
  return script?.endsWith('npm-cli.js')
    ? runProgram(process.execPath, [script, ...args], options)
    : runProgram('npm', args, options);
}
