import { Injectable } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { RunInExecutor } from '../../lib/index.js';
import { type Comparison, compareBrowsers } from './compare-browsers.js';

const DOCUMENT = createRequire(import.meta.url).resolve('@mdn/browser-compat-data');

/** Decodes a JSON document of 20 MB for every question. */
@Injectable()
export class BrowsersService {
  compareInline(browser: string): Comparison {
    return compareBrowsers(readFileSync(DOCUMENT), browser);
  }

  @RunInExecutor('cpu')
  async compare(browser: string): Promise<Comparison> {
    return this.compareInline(browser);
  }
}
