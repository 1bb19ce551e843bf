import { formatBytes, formatNumber, plural } from '../components/format.ts';
import { Gauge } from '../components/gauge.tsx';
import type { ServerStats, ServerUsage } from '../server/rows.ts';

/** What servers take of their machines, together. */
export function Usage({ stats, usage }: { stats: readonly ServerStats[]; usage: readonly ServerUsage[] }) {
  const sum = (of: (row: ServerUsage) => number) => usage.reduce((total, row) => total + of(row), 0);
  const count = (of: (row: ServerStats) => number) => stats.reduce((total, row) => total + of(row), 0);
  const memory = { used: sum(row => row.process.memory_bytes), total: sum(row => row.process.memory_total_bytes) };
  const cache = { used: sum(row => row.storage_engine.cache.in_use_bytes), total: sum(row => row.storage_engine.cache.size_bytes) };
  const disk = { data: sum(row => row.storage_engine.disk.used_bytes), free: sum(row => row.storage_engine.disk.free_bytes), total: sum(row => row.storage_engine.disk.total_bytes) };
  const clients = count(row => row.query_engine.client_connections), waiting = count(row => row.query_engine.clients_active);
  return <div class="usage">
    {cache.total > 0 && <Gauge name="Cache" value={cache.used} limit={cache.total} format={formatBytes} high={2} />}
    {memory.total > 0 && <Gauge name="Memory" value={memory.used} limit={memory.total} format={formatBytes} />}
    {disk.total > 0 && <Gauge name="Disk" value={disk.total - disk.free} limit={disk.total} format={formatBytes} />}
    {disk.total > 0 && <p class="note">The data takes {formatBytes(disk.data)}; {formatBytes(disk.free)} are free.</p>}
    <p class="note">{plural(clients, 'client')} connected, {formatNumber(waiting)} waiting for an answer or a change.</p>
  </div>;
}
