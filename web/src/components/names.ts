/** What is wrong with a name for a database, a table or a server, by the server's own rule, so that it shows before it is sent. */
export function nameProblem(name: string, taken: readonly string[]): string {
  if (name !== '' && !/^[A-Za-z0-9_-]+$/.test(name)) {
    return 'Use A-Z, a-z, 0-9, _ and - only.';
  }
  return taken.includes(name) ? 'There is one of this name already.' : '';
}
