import { formatNumber } from './format.ts';

interface Props {
  /** Of what, for those who hear the page. */
  readonly label: string;
  readonly page: number;
  readonly size: number;
  readonly total: number;
  readonly onPage: (page: number) => void;
}

/** Moves through a long list. A short one has none. */
export function Pages({ label, page, size, total, onPage }: Props) {
  if (total <= size) {
    return null;
  }
  const last = Math.ceil(total / size) - 1;
  return <nav class="pages" aria-label={label}>
    <button type="button" disabled={page === 0} onClick={() => onPage(page - 1)}>Previous</button>
    <span role="status">{formatNumber(page * size + 1)}–{formatNumber(Math.min(total, (page + 1) * size))} of {formatNumber(total)}</span>
    <button type="button" disabled={page >= last} onClick={() => onPage(page + 1)}>Next</button>
  </nav>;
}
