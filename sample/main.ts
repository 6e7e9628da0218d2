import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from './app.module.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-executor-sample-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// Workers inherit the environment.
process.env['CITY_DATABASE'] = join(folder, 'cities.db');

const app = await NestFactory.create<NestExpressApplication>(AppModule);
app.useBodyParser('raw', { type: 'image/jpeg', limit: '10mb' });
// By process.exit() and not by a signal, so that the folder is removed.
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

console.log(`
GET  ${url}/ping
GET  ${url}/browsers/inline?lacking=firefox    a JSON document of 20 MB, decoded
GET  ${url}/browsers/executor?lacking=firefox
POST ${url}/photo/inline?width=1600            a JPEG as the body, converted to a PNG
POST ${url}/photo/executor?width=1600
GET  ${url}/cities/inline?country=BR           a synchronous database, asked
GET  ${url}/cities/executor?country=BR
GET  ${url}/stall                              the longest stall of the event loop
POST ${url}/stall/reset

Ctrl-C ends it.`);

// To the driver that started this process, if there is one: without it, nobody would end the server.
process.send?.(url);
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
