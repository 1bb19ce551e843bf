import { Code } from '../components/code.tsx';

/** How the log of slow queries is switched on. */
export function SwitchOn() {
  return <>
    <p>The server can note each query that takes more work than you say, in milliseconds, with the rows that it read and returned. Start it with</p>
    <Code label="The option for the log of slow queries" text="rethinkdb --slow-query-log 100" />
    <p>or put this line into its configuration file:</p>
    <Code label="The line of the configuration file" text="slow-query-log=100" />
  </>;
}
