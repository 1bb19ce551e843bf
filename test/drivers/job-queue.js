'use strict';
// An application of rethinkdb-job-queue, whose queues hear of jobs by feeds: node job-queue.js PORT
// Its workers are processes of their own, because the package keeps what it knows of running jobs per process.
const assert = require('assert');
const { fork } = require('child_process');
const { EventEmitter, once } = require('events');
const Queue = require('rethinkdb-job-queue');

const [, , port, role] = process.argv;
const connection = { host: '127.0.0.1', port: Number(port), db: 'jobs' };
const CONCURRENCY = 6; // jobs that one worker has at a time

// ids collects the jobs of n events of a queue.
function ids(queue, event, n) {
  return new Promise((resolve, reject) => {
    const list = [];
    queue.on('error', reject);
    queue.on(event, (_, id) => { if (list.push(id) === n) resolve(list.sort()); });
  });
}

// work is the life of a worker: it tells the boss what happens to its jobs, and ends mails when it may.
async function work() {
  const tell = (event, id) => process.send({ event, id });
  const finish = once(process, 'message');
  const handlers = {
    mail: async (job, next) => {
      tell('begun', job.id);
      await finish;
      await job.updateProgress(100);
      await next(null, 'sent');
    },
    fail: (job, next) => next(new Error('no such address')),
    long: (job, next, onCancel) => {
      onCancel(job, () => tell('stopped', job.id));
      tell('begun', job.id);
    },
  };
  const queue = new Queue(connection, { name: 'mails', masterInterval: false, databaseInitDelay: 0, concurrency: CONCURRENCY });
  for (const event of ['paused', 'resumed']) queue.on(event, () => tell(event));
  await queue.ready();
  await queue.process((job, next, onCancel) => handlers[job.kind](job, next, onCancel));
  tell('ready');
}

// hire starts a worker: what it tells becomes events, and the jobs that it has begun are noted.
async function hire() {
  const child = fork(__filename, [port, 'worker']);
  const worker = Object.assign(new EventEmitter(), { child, begun: [] });
  child.on('message', ({ event, id }) => {
    if (event === 'begun') worker.begun.push(id);
    worker.emit(event, id);
  });
  await once(worker, 'ready');
  return worker;
}

// More jobs than one worker takes: all begin before one ends, so both workers must have heard of them, and no job begins twice.
async function shared(boss, workers) {
  const jobs = Array.from({ length: 2 * CONCURRENCY }, (_, n) => Object.assign(boss.createJob(), { kind: 'mail', to: n }));
  const expected = jobs.map((job) => job.id).sort();
  const told = ['active', 'progress', 'completed'].map((event) => ids(boss, event, jobs.length));
  await boss.addJob(jobs);
  await Promise.all(workers.map(async (worker) => {
    while (worker.begun.length < CONCURRENCY) await once(worker, 'begun');
  }));
  assert.deepStrictEqual(workers.flatMap((worker) => worker.begun).sort(), expected);
  for (const { child } of workers) child.send('finish');
  for (const list of await Promise.all(told)) assert.deepStrictEqual(list, expected);
  for (const job of await boss.getJob(expected)) {
    assert.deepStrictEqual([job.status, job.processCount, job.progress], ['completed', 1, 100]);
  }
  assert.strictEqual((await boss.summary()).completed, jobs.length);
}

// What goes wrong: a job fails for good, another is cancelled while somebody works on it.
async function unhappy(boss, workers) {
  const terminated = once(boss, 'terminated');
  const [failing] = await boss.addJob(Object.assign(boss.createJob({ retryMax: 0 }), { kind: 'fail' }));
  assert.strictEqual((await terminated)[1], failing.id);

  const any = (event) => Promise.race(workers.map((worker) => once(worker, event)));
  const begun = any('begun');
  const stopped = any('stopped');
  const [long] = await boss.addJob(Object.assign(boss.createJob(), { kind: 'long' }));
  await begun;
  await boss.cancelJob(long, 'changed my mind');
  assert.deepStrictEqual(await stopped, [long.id]);
}

// The boss pauses all workers, adds a job, and lets them go on.
async function paused(boss, workers) {
  const everybody = (event) => Promise.all(workers.map((worker) => once(worker, event)));
  const begun = () => workers.flatMap((worker) => worker.begun);
  let heard = everybody('paused');
  await boss.pause(true);
  await heard;
  const before = begun();
  const done = once(boss, 'completed');
  const [late] = await boss.addJob(Object.assign(boss.createJob(), { kind: 'mail' }));
  heard = everybody('resumed');
  assert.deepStrictEqual(begun(), before);
  await boss.resume(true);
  await heard;
  assert.strictEqual((await done)[1], late.id);
}

async function main() {
  const boss = new Queue(connection, { name: 'mails' });
  await boss.ready();
  const workers = await Promise.all([hire(), hire()]);
  for (const part of [shared, unhappy, paused]) await part(boss, workers);
  for (const { child } of workers) {
    const exit = once(child, 'exit');
    child.kill();
    await exit;
  }
  await boss.stop();
}

if (role === 'worker') {
  process.on('disconnect', () => process.exit());
  work().catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  main().then(() => { console.log('ok'); process.exit(0); }, (error) => {
    console.error(error);
    process.exit(1);
  });
}
