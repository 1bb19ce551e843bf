import type { Datum } from '../../server/connection.ts';

/** A step of a query, as the server has measured it. */
export interface Step {
  readonly description: string;
  /** Of all its samples together. */
  readonly milliseconds: number;
  readonly samples: number;
  readonly inner: readonly Step[];
}

/** A profile of more steps cannot be read. */
const maxSteps = 1000;

/** The steps of a profile, and how many there is no room for. */
export function stepsOf(profile: Datum): { readonly steps: readonly Step[]; readonly left: number } {
  let count = 0;
  const read = (task: Datum): Step[] => {
    if (Array.isArray(task)) {
      return task.flatMap(read);
    }
    if (task === null || typeof task !== 'object' || ++count > maxSteps) {
      return [];
    }
    const { description, n_samples: samples, sub_tasks: inner = [], parallel_tasks: parallel = [] } = task;
    const [once, mean] = [task['duration(ms)'], task['mean_duration(ms)']];
    const times = typeof samples === 'number' ? samples : 1;
    const milliseconds = typeof once === 'number' ? once : typeof mean === 'number' ? mean * times : 0;
    return [{ description: typeof description === 'string' ? description : '', milliseconds, samples: times, inner: [...read(inner), ...read(parallel)] }];
  };
  const steps = read(profile);
  return { steps, left: Math.max(count - maxSteps, 0) };
}

/** How often rows of a table were read. */
export function countAccesses(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (/^Reading rows|read on shard/i.test(step.description) ? step.samples : 0) + countAccesses(step.inner), 0);
}
