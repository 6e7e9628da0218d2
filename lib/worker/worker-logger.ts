import { ConsoleLogger } from '@nestjs/common';

/** What Nest says of itself while it boots; the application has said it all before. */
const BOOT_CONTEXTS: ReadonlySet<unknown> = new Set(['NestFactory', 'InstanceLoader', 'InjectorLogger']);

/** What Nest says when it cannot boot; the application gets the error itself. */
const FAILURE_CONTEXT = 'ExceptionHandler';

/** Nest's own logger without Nest's boot lines. What users log, and every warning and error, passes. */
export class WorkerLogger extends ConsoleLogger {
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== FAILURE_CONTEXT) super.error(message, ...rest);
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!BOOT_CONTEXTS.has(rest.at(-1))) super.log(message, ...rest);
  }
}
