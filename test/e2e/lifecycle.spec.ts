import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_KINDS, WORKER_KINDS } from '../support/app.js';
import { until, within } from '../support/deadline.js';

const MAIN = fileURLToPath(new URL('../fixtures/lifecycle.main.js', import.meta.url));

/** How long an application may stay that waits for nothing, in ms: less than a worker may take to close. */
const AT_ONCE = 4_000;

interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly exit: Promise<End>;
}

function run(
  kind: string,
  what: string,
  options: { nodeArgs?: string[]; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Run {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), MAIN, kind, what], {
    // A group of its own, to be signalled as a terminal or systemd does.
    detached: true,
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // One that should have ended.
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exit = new Promise<End>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, output: () => output, errors: () => errors, exit };
}

/** How it ends, at once when it has said that. */
async function endAfter(words: string, { exit, output }: Run): Promise<End> {
  await until(() => output().includes(words), `"${words}"`);
  return within(exit, 'the end', AT_ONCE);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(WORKER_KINDS)('an application with a pool of kind %s', (kind) => {
  it('ends by itself while the pool is idle', async () => {
    const idle = run(kind, 'idle');
    expect(await endAfter('\n', idle)).toEqual({ code: 0, signal: null });
    expect(idle.output()).toMatch(/^\d+:\d+\n$/);
  });

  it('stays until a call in flight is answered', async () => {
    const inFlight = run(kind, 'in flight');
    expect(await endAfter('answered', inFlight)).toEqual({ code: 0, signal: null });
    expect(inFlight.output()).toBe('answered\n');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains on %s to the whole group, and every worker closes its context',
    async (signal) => {
      const folder = mkdtempSync(join(tmpdir(), 'drain-'));
      const log = join(folder, 'log');
      try {
        const drain = run(kind, 'drain', { env: { HOOK_LOG: log } });
        await until(() => drain.output().includes('running'), 'the calls');
        process.kill(-(drain.child.pid as number), signal);
        expect(await endAfter('drained 1,2,3', drain), drain.errors()).toEqual({ code: null, signal });
        const destroyed = readFileSync(log, 'utf8').trim().split('\n');
        expect(destroyed.toSorted()).toEqual(['parent destroyed', 'worker destroyed', 'worker destroyed']);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('drains once, however often it is signalled', async () => {
    const drain = run(kind, 'drain');
    const { child, output } = drain;
    await until(() => output().includes('running'), 'the calls');
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    await until(() => output().includes('closing'), 'the first to be heard');
    child.kill('SIGTERM');
    expect(await endAfter('drained 1,2,3', drain)).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('ends as any other when it is signalled while it starts', async () => {
    const { child, exit, output, errors } = run(kind, 'slow start');
    await until(() => output().includes('starting'), 'the start');
    child.kill('SIGTERM');
    expect(await within(exit), errors()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(errors()).not.toContain('Error');
    expect(output()).toBe('starting\n');
  });

  it('passes on what its workers log, 10 MB of it', async () => {
    const loud = run(kind, 'logs much');
    expect(await endAfter('closing', loud)).toEqual({ code: 0, signal: null });
    expect(loud.output()).toContain('logged 10000000');
    expect(loud.output().length).toBeGreaterThan(10_000_000);
  });

  it('leaves no worker when it is SIGKILLed while one is in an endless loop', async () => {
    const { child, exit, output } = run(kind, 'blocked');
    await until(() => output().includes('\n'), 'the worker');
    const worker = Number(output().split(':')[0]);
    // The loop must have begun: before, the end of the pipe would do.
    await until(() => cpuSeconds(worker) > 1, 'the loop');
    child.kill('SIGKILL');
    await within(exit);
    await until(() => !isAlive(worker), 'the end of the worker', 6_000);
  });

  it('says one line for its pool and one for a lost worker', async () => {
    const telling = run(kind, 'logs');
    expect(await endAfter('closing', telling)).toEqual({ code: 0, signal: null });
    const lines = telling
      .output()
      .split('\n')
      .filter((line) => line.includes("Pool 'pool'"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/Pool 'pool' \(\w+, size 1\) started in \d+ ms/);
    expect(lines[1]).toMatch(/exited with code 1/);
  });

  it.each<[how: string, inspectors: number, Parameters<typeof run>[2]]>([
    ['--inspect', 1, { nodeArgs: ['--inspect=127.0.0.1:0'] }],
    ['an option whose value is the next argument', 0, { nodeArgs: ['--inspect-port', '0'] }],
    ['a loader', 0, { nodeArgs: ['--import', 'tsx'] }],
    ['NODE_OPTIONS', 1, { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0 --no-deprecation' } }],
    ['another working directory', 0, { cwd: tmpdir() }],
  ])('works under %s, with no inspector of a worker', async (_how, inspectors, options) => {
    const { exit, output, errors } = run(kind, 'idle', options);
    expect(await within(exit), errors()).toEqual({ code: 0, signal: null });
    expect(output()).toMatch(/^\d+:\d+\n$/);
    expect(errors().match(/Debugger listening/g) ?? []).toHaveLength(inspectors);
  });
});

it('an application in a thread leaves no process when it is terminated while one is in an endless loop', async () => {
  const thread = new Worker(MAIN, { argv: ['process', 'blocked'], stdout: true });
  onTestFinished(async () => void (await thread.terminate()));
  const [said] = (await within(once(thread.stdout, 'data'), 'the worker')) as [Buffer];
  const worker = Number(said.toString().split(':')[0]);
  onTestFinished(() => void (isAlive(worker) && process.kill(worker, 'SIGKILL')));
  await until(() => cpuSeconds(worker) > 1, 'the loop');
  await within(thread.terminate());
  await until(() => isOver(worker), 'the end of the worker', 6_000);
});

describe.each(ALL_KINDS)('an application that closes a pool of kind %s', (kind) => {
  it('ends by itself, as no timer and no handle is left', async () => {
    expect(await endAfter('closing', run(kind, 'close'))).toEqual({ code: 0, signal: null });
  });
});

/** What the kernel says of a process, from its state on. */
function fieldsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
}

/** Whether a child has ended, which the thread that would hear of it may not have lived to see. */
function isOver(pid: number): boolean {
  return !isAlive(pid) || fieldsOf(pid)[0] === 'Z';
}

/** CPU time that a process has used, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = fieldsOf(pid);
  // utime and stime are fields 14 and 15; the kernel counts in hundredths.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
