/** In place of what has not come yet. */
export function Waiting({ children = 'Loading…' }: { children?: string }) {
  return <p class="waiting" role="status">{children}</p>;
}
