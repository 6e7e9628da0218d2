import { createHash } from 'node:crypto';
import { HttpClient } from './http-client.js';
import { type Pings, pingWhile } from './ping-while.js';
import type { Variant, Workload } from './workloads.js';

export interface Measurement extends Pings {
  readonly workMs: number;
  readonly longestStallMs: number;
  /** Of all answers. */
  readonly digest: string;
}

/** Asks all that the workload asks at once, and pings meanwhile. */
export async function measure(server: string, workload: Workload, variant: Variant): Promise<Measurement> {
  const client = new HttpClient(server, workload.questions.length);
  const ask = (question: string) =>
    client.send(workload.method, `${workload.resource}/${variant}?${question}`, workload.upload);
  try {
    // Unmeasured: code is compiled, connections are opened, and by two at once every worker is reached.
    await Promise.all(workload.questions.slice(0, 2).map(ask));
    await client.send('POST', 'stall/reset');
    const startedAt = performance.now();
    const work = Promise.all(workload.questions.map(ask)).then((answers) => {
      return { digest: digestOf(answers), workMs: performance.now() - startedAt };
    });
    const pings = await pingWhile(server, work);
    const stall = JSON.parse((await client.send('GET', 'stall')).toString('utf8')) as { longestMs: number };
    return { ...(await work), ...pings, longestStallMs: stall.longestMs };
  } finally {
    client.close();
  }
}

function digestOf(answers: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const answer of answers) hash.update(`${answer.length}:`).update(answer);
  return hash.digest('hex');
}
