import { Agent, request } from 'node:http';

export interface Upload {
  readonly type: string;
  readonly bytes: Buffer;
}

/** How long an answer may take, in ms. */
const LIMIT = 30_000;

/** Connections to the server that stay open. */
export class HttpClient {
  readonly #agent: Agent;

  constructor(
    private readonly server: string,
    connections: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Rejects unless the server answers with a success. */
  send(method: 'GET' | 'POST', path: string, upload?: Upload): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = upload && { 'content-type': upload.type, 'content-length': upload.bytes.length };
      const options = { method, agent: this.#agent, headers, signal: AbortSignal.timeout(LIMIT) };
      const sent = request(`${this.server}/${path}`, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const body = Buffer.concat(chunks);
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(body);
          else reject(new Error(`${method} /${path}: ${status} ${body.toString('utf8')}`));
        });
      });
      sent.once('error', reject);
      sent.end(upload?.bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
