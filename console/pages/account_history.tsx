import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { FlushPoint, Happening } from "../../src/console/model.ts";
import type { Detail } from "../api/source.ts";
import { Panel } from "../parts/panel.tsx";
import { Plot } from "../parts/plot.tsx";
import { Facts, Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/times.tsx";
import { figuresOf } from "../words/flush_figures.ts";
import { count, took } from "../words/numbers.ts";

interface HistoryProps {
  readonly detail: Detail;
  /** Where the source has no time line, its absence says nothing. */
  readonly canHaveTimeline: boolean;
}

/** What happened to the account, and how long saving took. */
export function History({ detail, canHaveTimeline }: HistoryProps): JSX.Element {
  return (
    <>
      <Flushes flushes={detail.flushes} />
      {canHaveTimeline && <Timeline timeline={detail.timeline} />}
    </>
  );
}

/** Flushes that are listed as text. */
const LISTED = 20;

function Flushes({ flushes }: { readonly flushes: readonly FlushPoint[] }): JSX.Element {
  const figures = useMemo(() => figuresOf(flushes), [flushes]);
  const [atMs, latency, rows] = useMemo(
    () => [
      flushes.map((point) => point.atMs),
      flushes.map((point) => point.tookMs),
      flushes.map((point) => point.rows),
    ],
    [flushes],
  );
  if (flushes.length === 0)
    return (
      <Panel title="Flushes" isWide>
        <p class="quiet">No flush was seen yet. Each one appears here as a point.</p>
      </Panel>
    );
  const newest = flushes.slice(-LISTED).reverse();
  return (
    <Panel title="Flushes" isWide>
      <Facts
        facts={[
          ["Flushes shown", count(figures.count)],
          ["Half take at most", took(figures.medianMs)],
          ["95 % take at most", took(figures.p95Ms)],
          ["Longest", took(figures.longestMs)],
        ]}
      />
      <div class="plots">
        <figure>
          <figcaption>Latency</figcaption>
          <Plot
            label={`Latency of the last ${figures.count} flushes: half take at most ${took(figures.medianMs)}, 95 percent at most ${took(figures.p95Ms)}, the longest ${took(figures.longestMs)}.`}
            atMs={atMs}
            values={latency}
            name="Took"
            kind="line"
            format={took}
          />
        </figure>
        <figure>
          <figcaption>Rows written</figcaption>
          <Plot
            label={`Rows written by the last ${figures.count} flushes: ${count(figures.rows)} in all.`}
            atMs={atMs}
            values={rows}
            name="Rows"
            kind="bars"
            format={count}
          />
        </figure>
      </div>
      <details>
        <summary>The newest {newest.length} as a table</summary>
        <Table
          caption="The newest flushes"
          rows={newest}
          keyOf={(point) => String(point.atMs)}
          columns={[
            { head: "At", cell: (point) => <At atMs={point.atMs} /> },
            { head: "Took", isNumber: true, cell: (point) => took(point.tookMs) },
            { head: "Items", isNumber: true, cell: (point) => count(point.items) },
            { head: "Rows", isNumber: true, cell: (point) => count(point.rows) },
          ]}
        />
      </details>
    </Panel>
  );
}

/** What each event is called, and whether it is one to look at. */
const KINDS: Readonly<Record<Happening["kind"], readonly [label: string, tone: "calm" | "good" | "bad"]>> = {
  opened: ["Opened", "calm"],
  closed: ["Closed", "calm"],
  commitFailed: ["Commit failed", "bad"],
  ambiguous: ["Answer lost", "bad"],
  recovered: ["Recovered", "good"],
  fenced: ["Fenced", "bad"],
  halted: ["Halted", "bad"],
  quarantined: ["Quarantined", "bad"],
  restored: ["Restored", "good"],
  backup: ["Backup", "good"],
  backupFailed: ["Backup failed", "bad"],
  retired: ["Retired", "calm"],
  undone: ["Brought back", "good"],
  action: ["Action", "calm"],
};

/** Events that are shown before more are asked for. */
const FIRST_EVENTS = 12;

function Timeline({ timeline }: { readonly timeline: readonly Happening[] }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const newest = [...timeline].reverse();
  const shown = isWhole ? newest : newest.slice(0, FIRST_EVENTS);
  return (
    <Panel title="Time line" isWide>
      {timeline.length === 0 ? (
        <p class="quiet">Nothing has happened since the service started.</p>
      ) : (
        <ol class="timeline" aria-label="Events, the newest first">
          {shown.map(({ kind, atMs, text }, place) => {
            const [label, tone] = KINDS[kind] ?? [kind, "calm"];
            return (
              <li key={`${atMs} ${timeline.length - place}`} class={`is-${tone}`}>
                <span class="timeline-kind">{label}</span>
                <span class="timeline-text">{text}</span>
                <span class="timeline-time">
                  <Ago atMs={atMs} />
                </span>
              </li>
            );
          })}
        </ol>
      )}
      {newest.length > FIRST_EVENTS && (
        <button type="button" class="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show fewer" : `Show all ${count(newest.length)}`}
        </button>
      )}
    </Panel>
  );
}
