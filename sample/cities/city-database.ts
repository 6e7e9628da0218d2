import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { copyFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import sqlite, { type Database } from 'node-sqlite3-wasm';

/** A connection. Every worker has one of its own, as its Nest context makes an instance of its own. */
@Injectable()
export class CityDatabase implements OnModuleDestroy {
  #connection: Database | undefined;

  constructor(private readonly config: ConfigService) {}

  all<Row>(query: string, ...values: string[]): Row[] {
    this.#connection ??= this.#open();
    return this.#connection.all(query, values) as Row[];
  }

  onModuleDestroy(): void {
    this.#connection?.close();
  }

  #open(): Database {
    const file = this.config.getOrThrow<string>('CITY_DATABASE');
    // This library locks a file even for reading, so that connections to one file would refuse each other.
    const copy = `${file}.${threadId}`;
    copyFileSync(file, copy);
    return new sqlite.Database(copy, { readOnly: true });
  }
}
