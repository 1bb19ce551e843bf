import { Panel } from '../../components/panel.tsx';
import { Rates } from '../../components/rates.tsx';
import { Distribution } from '../placement/distribution.tsx';
import { Placement } from '../placement/panel.tsx';
import { StatusPanel } from './status.tsx';
import type { SectionProps } from './view.tsx';

/** How a table is, and where its data are. */
export function Overview({ table }: SectionProps) {
  return <>
    <StatusPanel table={table} />
    <Panel title="Reads and writes"><Rates of={['table', table.id]} /></Panel>
    <Distribution table={table} />
    <Placement table={table} />
  </>;
}
