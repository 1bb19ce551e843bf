export interface Documentation {
  /** As `table.get(key) → row`, with what the term may follow and what it gives. */
  readonly forms: readonly string[];
  readonly text: string;
  readonly options?: readonly string[];
}

/** What the server's reference says of each term, by its name. It is empty until it has come. */
export let documentation: ReadonlyMap<string, Documentation> = new Map();

/** Fetches it, once the page is there: nobody needs it for the first letter. `go generate ./internal/exec` writes it. */
export async function loadDocumentation(): Promise<void> {
  documentation = new Map(Object.entries((await import('../documentation.json')).default));
}

/** The documentation of a term, for a pop-up. */
export function documentationNode({ forms, text, options }: Documentation): HTMLElement {
  const box = document.createElement('div');
  box.className = 'doc';
  box.append(...forms.map(form => element('code', form)), element('p', text));
  if (options) {
    const line = element('p', `Options: ${options.map(camelCase).join(', ')}`);
    line.className = 'quiet';
    box.append(line);
  }
  return box;
}

/** Options as JavaScript spells them. */
export const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
