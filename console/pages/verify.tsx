import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Detail, Source } from "../api/source.ts";
import { Sign } from "../parts/icons.tsx";
import { FailurePanel, Panel, Placeholder } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { announce } from "../state/announcer.ts";
import { hrefOf } from "../state/route.ts";
import { VerifyRun, type VerifyState } from "../state/verify_run.ts";
import { count, percent, things } from "../words/numbers.ts";

interface VerifyProps {
  readonly source: Source;
  readonly name: string;
}

/** Checks every row of an account, and shows how far it is. */
export function VerifyPage({ source, name }: VerifyProps): JSX.Element {
  const run = useMemo(() => new VerifyRun(source, name), [source, name]);
  const expected = useExpectedRows(source, name);
  useEffect(() => {
    document.title = `Verify ${name} · Holdfast`;
    return () => run.stop();
  }, [run, name]);
  const state = run.state.value;
  useEffect(() => {
    if (state.phase === "done") announce(outcomeOf(state));
  }, [state.phase]);
  const isRunning = state.phase === "running";
  return (
    <>
      <p class="way-back">
        <a href={hrefOf(name)}>
          <Sign name="back" />
          {name}
        </a>
      </p>
      <header class="page-head">
        <div>
          <h1>Verify {name}</h1>
          <p>Every stored row is read and checked. Nothing is written, and no owner is disturbed.</p>
        </div>
        {source.canVerify && (
          <button
            type="button"
            class={isRunning ? "button" : "button is-main"}
            onClick={() => (isRunning ? run.stop() : void run.start())}
          >
            {isRunning ? "Stop" : state.phase === "idle" ? "Verify" : "Verify again"}
          </button>
        )}
      </header>
      {!source.canVerify && (
        <Placeholder title="This service does not verify accounts">
          <p>Use holdfast verify on the command line.</p>
        </Placeholder>
      )}
      {state.phase !== "idle" && <Progress state={state} expected={expected} />}
      {state.phase === "failed" && state.failure !== undefined && (
        <FailurePanel
          failure={state.failure}
          title="The verification failed"
          onRetry={() => void run.start()}
        />
      )}
      {state.findings.length > 0 && <Findings state={state} />}
    </>
  );
}

function outcomeOf({ found, tables }: VerifyState): string {
  const rows = things(rowsOf(tables), "row");
  return found === 0
    ? `${rows} checked. Nothing is damaged.`
    : `${rows} checked, ${things(found, "finding")}.`;
}

function rowsOf(tables: ReadonlyMap<string, number>): number {
  return [...tables.values()].reduce((sum, rows) => sum + rows, 0);
}

/** How many rows there are, as far as it is known. */
function useExpectedRows(source: Source, name: string): number | undefined {
  const [expected, setExpected] = useState<number | undefined>();
  useEffect(() => {
    const asking = new AbortController();
    const take = ({ tables }: Detail): void => setExpected(tables.reduce((sum, { rows }) => sum + rows, 0));
    // Without it the bar tells only that something goes on.
    source.account(name, asking.signal).then(take, () => {});
    return () => asking.abort();
  }, [source, name]);
  return expected;
}

interface ProgressProps {
  readonly state: VerifyState;
  readonly expected: number | undefined;
}

function Progress({ state, expected }: ProgressProps): JSX.Element {
  const rows = rowsOf(state.tables);
  const isDone = state.phase === "done";
  const share = isDone
    ? 1
    : expected === undefined || expected === 0
      ? undefined
      : Math.min(1, rows / expected);
  const title = {
    idle: "",
    running: `Checking ${[...state.tables.keys()].at(-1) ?? ""}`,
    stopped: "Stopped",
    failed: "Not finished",
    done: state.found === 0 ? "Nothing is damaged" : `${things(state.found, "finding")}`,
  }[state.phase];
  const tone = isDone ? (state.found === 0 ? "is-good" : "is-bad") : "";
  return (
    <section class={`verify ${tone}`} aria-label="Progress">
      <p class="verify-title">
        {isDone && <Sign name={state.found === 0 ? "done" : "warning"} />}
        {title}
      </p>
      <progress aria-label="Rows checked" max="1" {...(share === undefined ? {} : { value: share })} />
      <p class="verify-rows">
        {things(rows, "row")} checked
        {share !== undefined && !isDone ? `, ${percent(Math.floor(share * 100) / 100)}` : ""}
      </p>
      {state.tables.size > 0 && (
        <ul class="verify-tables">
          {[...state.tables].map(([table, checked]) => (
            <li key={table}>
              <span>{table}</span> <span class="number">{count(checked)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Findings({ state }: { readonly state: VerifyState }): JSX.Element {
  return (
    <Panel title="Findings" isWide>
      <Table
        caption="What was found"
        isStacked
        rows={state.findings.map((finding, place) => ({ ...finding, place }))}
        keyOf={({ place }) => String(place)}
        columns={[
          { head: "Where", cell: ({ where }) => <code>{where}</code> },
          { head: "What", cell: ({ text }) => text },
          { head: "What to do", cell: ({ advice }) => advice },
        ]}
      />
      {state.found > state.findings.length && (
        <p class="note">The first {count(state.findings.length)} are shown: holdfast verify lists all.</p>
      )}
    </Panel>
  );
}
