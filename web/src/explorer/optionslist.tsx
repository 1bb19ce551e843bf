import { CheckField, SelectField } from '../components/field.tsx';
import { formatNumber } from '../components/format.ts';
import { options, pageSizes, setOption } from './options.ts';

export function OptionsList() {
  const { suggestions, pairs, profile, rowsPerPage } = options.value;
  return <div class="options">
    <CheckField label="Suggest while I write" hint="Terms, names and signatures. Ctrl+Space asks for them in any case." checked={suggestions} onChange={on => setOption('suggestions', on)} />
    <CheckField label="Insert pairs" hint="A bracket or a quote brings the one that closes it." checked={pairs} onChange={on => setOption('pairs', on)} />
    <CheckField label="Profile queries" hint="The server measures each step, which makes queries slower." checked={profile} onChange={on => setOption('profile', on)} />
    <SelectField label="Rows per page" value={String(rowsPerPage)} onInput={value => setOption('rowsPerPage', Number(value))} options={pageSizes.map(size => [String(size), formatNumber(size)] as const)} />
  </div>;
}
