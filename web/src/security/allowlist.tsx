import { useState } from 'preact/hooks';

import { Dialog } from '../components/dialog.tsx';
import { TextArea } from '../components/field.tsx';
import { plural } from '../components/format.ts';
import { Icon } from '../components/icon.tsx';
import { notify } from '../components/toast.tsx';
import { setAllowList, type AllowList } from './load.ts';
import { portTitles } from './verdict.ts';

interface Props {
  readonly list: AllowList;
  readonly proposals: readonly string[];
  /** Begin with the proposals, where there is no list yet. */
  readonly propose?: boolean;
  readonly onClose: () => void;
}

/** Asks for the networks that a port serves. The server says what is no network, and refuses to shut out who asks. */
export function EditAllowList({ list, proposals, propose = false, onClose }: Props) {
  const [text, setText] = useState((propose && list.allow.length === 0 ? proposals : list.allow).join('\n'));
  const networks = text.split(/[\s,]+/).filter(network => network !== '');
  const missing = proposals.filter(network => !networks.includes(network));
  const title = portTitles[list.id].toLowerCase();
  const save = async () => {
    await setAllowList(list.id, networks);
    notify(networks.length === 0 ? `The ${title} serves all networks.` : `The ${title} serves this machine and ${plural(networks.length, 'network')}.`);
  };
  return <Dialog title={`Allow-list of the ${title}`} action="Save" onAction={save} onClose={onClose}>
    <p>Only these networks get as far as a log-in. This machine always does. It holds at once: connections from elsewhere end, with their queries.</p>
    <TextArea label="Networks and addresses, one a line" rows={6} value={text} placeholder="10.1.0.0/16" onInput={setText}
      hint={networks.length === 0 ? 'An empty list serves every network.' : `${plural(networks.length, 'network')}.`} />
    {missing.length > 0 && <div class="row">
      <span class="quiet">Networks of the server:</span>
      {missing.map(network => <button type="button" key={network} onClick={() => setText([...networks, network].join('\n'))}><Icon name="add" />{network}</button>)}
    </div>}
  </Dialog>;
}
