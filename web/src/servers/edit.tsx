import { useState } from 'preact/hooks';

import { Dialog } from '../components/dialog.tsx';
import { TextField } from '../components/field.tsx';
import { notify } from '../components/toast.tsx';
import { run } from '../server/query.ts';
import type { ServerConfig } from '../server/rows.ts';

const names = /^[A-Za-z0-9_-]+$/;
const nameRule = 'Use A-Z, a-z, 0-9, _ and - only.';

/** Changes what can be changed of a server while it runs. */
export function EditServer({ config, others, onClose }: { config: ServerConfig; others: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState(config.name);
  const [tags, setTags] = useState(config.tags.join(', '));
  const [cache, setCache] = useState(String(config.cache_size_mb));
  const list = tags.split(/[\s,]+/).filter(tag => tag !== '');
  const problems = {
    name: name !== '' && !names.test(name) ? nameRule : others.includes(name) ? 'Another server has this name.' : '',
    tags: list.every(tag => names.test(tag)) ? '' : nameRule,
    cache: cache.trim() === 'auto' || /^\d+(\.\d+)?$/.test(cache.trim()) ? '' : 'Write a number of megabytes, or auto.',
  };
  const save = async () => {
    const row = { name, tags: [...new Set(list)], cache_size_mb: cache.trim() === 'auto' ? 'auto' : Number(cache) };
    const { errors, first_error: error } = await run<{ errors: number; first_error?: string }>(`r.db("rethinkdb").table("server_config").get(${JSON.stringify(config.id)}).update(${JSON.stringify(row)})`);
    if (errors > 0) {
      throw new Error(error);
    }
    notify(`The server ${name} was changed.`);
  };
  return <Dialog title={`Edit server ${config.name}`} action="Save" ready={name !== '' && Object.values(problems).every(problem => problem === '')} onAction={save} onClose={onClose}>
    <TextField label="Name" value={name} problem={problems.name} onInput={setName} />
    <TextField label="Tags" hint="Separated by commas. Tables can be given replicas by the tags of servers." value={tags} problem={problems.tags} onInput={setTags} />
    <TextField label="Cache size in MB" hint={<>A number, or <code>auto</code>. It is noted here; the cache of a running server keeps its size until a start with <code>--cache-size</code>.</>} value={cache} problem={problems.cache} onInput={setCache} />
  </Dialog>;
}
