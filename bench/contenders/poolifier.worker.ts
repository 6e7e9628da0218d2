import { type TaskFunctions, ThreadWorker } from 'poolifier';
import { burn, echo } from './tasks.js';

const functions: TaskFunctions<unknown, unknown> = {
  echo: (value) => echo(value),
  burn: (units) => burn(units as number),
};

export default new ThreadWorker<unknown, unknown>(functions);
