import generated from './documentation.json';

export interface Documentation {
  readonly forms: readonly string[];
  readonly text: string;
  readonly options?: readonly string[];
}

/** What the server's reference says of each term, by its name. `go generate ./internal/exec` writes it. */
export const documentation = new Map<string, Documentation>(Object.entries(generated));
