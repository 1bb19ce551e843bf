import { reachable } from '../server/request.ts';
import { tryNow } from '../server/reconnect.ts';

/** Says that the server cannot be reached, for as long as it cannot. */
export function DisconnectedBanner({ server }: { server: string }) {
  return <div role="alert">{!reachable.value && <div class="disconnected">
    <p><strong>You have been disconnected from the server{server && ` ${server}`}.</strong> Trying to reconnect…</p>
    <button type="button" onClick={tryNow}>Try now</button>
  </div>}</div>;
}
