import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../../components/failure.tsx';
import { JsonError, parseJson } from '../../components/json.ts';
import type { JsonEditorProps } from '../../components/jsoneditor.tsx';
import { Waiting } from '../../components/waiting.tsx';
import type { Datum } from '../../server/connection.ts';

export interface Draft {
  readonly text: string;
  /** The document of the text. */
  readonly document?: Datum;
  readonly problem?: JsonError;
}

/** A longer text, or a longer line, would keep the browser busy for seconds with each key. In characters. */
const maxText = 1_000_000, maxLine = 100_000;

export const isEditable = (text: string): boolean => text.length <= maxText && text.split('\n').every(line => line.length <= maxLine);

/** What a text is worth as a document. */
export function draftOf(text: string): Draft {
  try {
    const document = parseJson(text);
    if (document === null || typeof document !== 'object' || Array.isArray(document)) {
      throw new JsonError('A document is an object: { … }', 0, text.length);
    }
    return { text, document };
  } catch (problem) {
    if (problem instanceof JsonError) {
      return { text, problem };
    }
    throw problem;
  }
}

/** A field for a document as JSON. The editor is loaded when the first is opened. */
export function JsonField({ label, draft, onDraft }: { label: string; draft: Draft; onDraft: (draft: Draft) => void }) {
  const [JsonEditor, setEditor] = useState<ComponentType<JsonEditorProps> | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    import('../../components/jsoneditor.tsx').then(loaded => setEditor(() => loaded.JsonEditor), setError);
  }, []);
  if (error !== undefined) {
    return <Failure error={error} />;
  }
  return <div class="form-row">
    {JsonEditor ? <JsonEditor label={label} text={draft.text} problem={draft.problem} onChange={text => onDraft(draftOf(text))} /> : <Waiting />}
    <span class="problem" role="status">{draft.problem && `Line ${draft.text.slice(0, draft.problem.from).split('\n').length}: ${draft.problem.message}`}</span>
  </div>;
}
