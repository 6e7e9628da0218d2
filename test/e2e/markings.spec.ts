import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WORKER_KINDS } from '../support/app.js';
import { runProgram } from '../support/run-program.js';

const MAIN = fileURLToPath(new URL('../fixtures/markings.main.js', import.meta.url));

// In a process of its own, whose heap holds nothing else.
describe.each(WORKER_KINDS)('buffers of 2 MiB, 4 on their way at a time, in a pool of kind %s', (kind) => {
  async function countMarkings(option: string): Promise<number> {
    const { stdout } = await runProgram(process.execPath, [option, MAIN, kind], { deadline: 25_000 });
    return Number(stdout);
  }

  it('do not have V8 mark its heap again and again', async () => {
    // With an option of one's own on how heaps grow, V8 is left as it is.
    const byItself = await countMarkings('--heap-growing-percent=10');
    expect(byItself).toBeGreaterThan(6);
    expect(await countMarkings('--no-warnings')).toBeLessThan(byItself / 4);
  });
});
