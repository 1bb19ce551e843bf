import { useEffect, useState } from 'preact/hooks';

import { Icon } from './icon.tsx';

const thanksMilliseconds = 2000;

/** Copies a text when it is clicked. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [outcome, setOutcome] = useState<'' | 'Copied' | 'Not copied'>('');
  useEffect(() => {
    if (outcome !== '') {
      const timer = setTimeout(() => setOutcome(''), thanksMilliseconds);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [outcome]);
  return <>
    <button type="button" onClick={() => void copy(text).then(copied => setOutcome(copied ? 'Copied' : 'Not copied'))}>
      <Icon name={outcome === 'Copied' ? 'good' : 'copy'} />{outcome || label}
    </button>
    <span class="hidden" role="status">{outcome}</span>
  </>;
}

/** A command or some lines of a program, to be copied. */
export function Code({ text, label }: { text: string; label: string }) {
  return <div class="copyable">
    <pre class="code" tabIndex={0} role="region" aria-label={label}><code>{text}</code></pre>
    <CopyButton text={text} />
  </div>;
}

/** The browser's clipboard is for pages of this machine and for HTTPS; elsewhere a selection is copied, as people would. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'hidden';
    const focused = document.activeElement;
    (document.querySelector('dialog[open]') ?? document.body).append(area); // what is behind a modal dialog cannot be selected
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) {
      focused.focus();
    }
    return copied;
  }
}
