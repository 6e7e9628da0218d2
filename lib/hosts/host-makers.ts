import * as nest from '@nestjs/common';
import type { PoolKind } from '../interfaces/pool-options.interface.js';
import type { PoolSettings } from '../options/pool-settings.js';
import { SharedErrorClasses } from '../reference/error-classes.js';
import { nestErrors } from '../reference/nest-errors.js';
import { Codec } from '../wire/codec.js';
import { MOST_BETWEEN_THREADS } from '../wire/early-collection.js';
import type { WorkerPlan } from '../wire/worker-plan.js';
import { InlineHost } from './inline.host.js';
import { ProcessHost } from './process.host.js';
import { ThreadHost } from './thread.host.js';
import type { WorkerHost } from './worker-host.interface.js';

/** @param plan settled when it is known what the workers must hold */
type MakeHost = (settings: PoolSettings, plan: () => Promise<WorkerPlan>) => WorkerHost;

/** How the hosts of each kind are made. A new kind of worker has a file of its own beside this one, and a line here. */
export function hostMakers(): Readonly<Record<PoolKind, MakeHost>> {
  nestErrors.know(nest);
  const classes = new SharedErrorClasses();
  const codecs = {
    thread: new Codec(classes, MOST_BETWEEN_THREADS),
    process: new Codec(classes),
    inline: new Codec(new SharedErrorClasses(true)),
  };
  return {
    thread: (settings, plan) => new ThreadHost(settings, plan, codecs.thread),
    process: (settings, plan) => new ProcessHost(settings, plan, codecs.process),
    inline: (settings) => new InlineHost(settings, codecs.inline),
  };
}
