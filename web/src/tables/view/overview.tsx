import { Distribution } from '../placement/distribution.tsx';
import { Placement } from '../placement/panel.tsx';
import { StatusPanel } from './status.tsx';
import type { SectionProps } from './view.tsx';

/** How a table is, and where its data are. */
export function Overview({ table, onChange }: SectionProps) {
  return <>
    <StatusPanel table={table} />
    <Distribution table={table} onChange={onChange} />
    <Placement table={table} onChange={onChange} />
  </>;
}
