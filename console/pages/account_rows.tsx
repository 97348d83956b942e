import type { JSX } from "preact";
import type { Detail } from "../api/source.ts";
import { Sign } from "../parts/icons.tsx";
import { Panel } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { Ago, At } from "../parts/times.tsx";
import { ACTION_WORDS } from "../words/actions.ts";
import { bytes, count, dateTime, things } from "../words/numbers.ts";
import type { Intent } from "./action_dialog.tsx";

interface DetailProps {
  readonly detail: Detail;
}

interface IntentProps extends DetailProps {
  /** Left out where the action is not offered. */
  readonly onIntent: ((intent: Intent) => void) | undefined;
}

/** The most quarantined rows that are drawn: more of them tell nothing new, and the command line lists all. */
const SHOWN_ROWS = 200;

/** What could not be read, and why. */
export function Quarantine({ detail }: DetailProps): JSX.Element {
  const { quarantine, quarantined } = detail;
  const shown = quarantine.slice(0, SHOWN_ROWS);
  return (
    <Panel title="Quarantine">
      {quarantine.length === 0 ? (
        <p class="quiet">
          {quarantined === undefined || quarantined === 0
            ? "No row was set aside."
            : `${things(quarantined, "row")} set aside. This service does not list them: use holdfast show.`}
        </p>
      ) : (
        <>
          <Table
            caption="Quarantined rows"
            isStacked
            rows={shown}
            keyOf={({ store, address }) => `${store} ${address}`}
            columns={[
              { head: "Address", cell: ({ address }) => <code>{address}</code> },
              { head: "Store", cell: ({ store }) => store },
              { head: "Reason", cell: ({ reason }) => reason },
              { head: "Size", isNumber: true, cell: (row) => bytes(row.bytes) },
            ]}
          />
          {quarantine.length > shown.length && (
            <p class="note">
              {things(quarantine.length - shown.length, "row")} more: holdfast show lists all.
            </p>
          )}
        </>
      )}
    </Panel>
  );
}

/** How much is stored. */
export function Tables({ detail }: DetailProps): JSX.Element {
  const { tables } = detail;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const size = tables.reduce((sum, table) => sum + table.bytes, 0);
  if (tables.length === 0)
    return (
      <Panel title="Stored">
        <p class="quiet">Nothing is stored, or this token may not see it.</p>
      </Panel>
    );
  return (
    <Panel title="Stored" note={`${things(rows, "row")}, ${bytes(size)}.`}>
      <Table
        caption="Tables of this account"
        rows={tables}
        keyOf={({ table }) => table}
        columns={[
          { head: "Table", cell: ({ table }) => table },
          { head: "Rows", isNumber: true, cell: (row) => count(row.rows) },
          { head: "Size", isNumber: true, cell: (row) => bytes(row.bytes) },
        ]}
      />
    </Panel>
  );
}

function AtAndAgo({ atMs }: { readonly atMs: number }): JSX.Element {
  return (
    <>
      <span class="whole">
        <At atMs={atMs} />
      </span>{" "}
      <span class="beside whole">
        <Ago atMs={atMs} />
      </span>
    </>
  );
}

/** The backups that are kept, the newest first. */
export function Backups({ detail, onIntent }: IntentProps): JSX.Element {
  const { backups } = detail;
  const list = [...(backups?.list ?? [])].sort((a, b) => b.atMs - a.atMs);
  return (
    <Panel title="Backups">
      {backups !== undefined && backups.failures > 0 && (
        <p class="refusal">
          <Sign name="warning" />
          <span>
            {things(backups.failures, "backup")} failed since the last good one, the latest{" "}
            <Ago atMs={backups.lastFailureAtMs} />.
          </span>
        </p>
      )}
      {list.length === 0 ? (
        <p class="quiet">
          {backups === undefined
            ? "This service makes no backups: start it with --backups."
            : "There is no backup yet."}
        </p>
      ) : (
        <Table
          caption="Backups, the newest first"
          rows={list}
          keyOf={({ name }) => name}
          columns={[
            { head: "Made", cell: ({ atMs }) => <AtAndAgo atMs={atMs} /> },
            { head: "Size", isNumber: true, cell: (row) => bytes(row.bytes) },
            ...(onIntent === undefined
              ? []
              : [
                  {
                    head: "Action",
                    isHeadUnseen: true,
                    cell: ({ name, atMs }: (typeof list)[number]) => (
                      <button
                        type="button"
                        class="button is-small"
                        onClick={() =>
                          onIntent({ action: "restore", id: name, what: `The backup of ${dateTime(atMs)}.` })
                        }
                      >
                        {ACTION_WORDS.restore.label}
                        <span class="unseen"> the backup of {dateTime(atMs)}</span>
                      </button>
                    ),
                  },
                ]),
          ]}
        />
      )}
    </Panel>
  );
}

/** What can be brought back. */
export function Retired({ detail, onIntent }: IntentProps): JSX.Element {
  const { retired } = detail;
  return (
    <Panel title="Can be brought back">
      {retired.length === 0 ? (
        <p class="quiet">No account of this name was retired.</p>
      ) : (
        <Table
          caption="Retired accounts of this name, the one that is kept the longest first"
          rows={retired}
          keyOf={({ id }) => id}
          columns={[
            { head: "Id", cell: ({ id }) => <code>{id}</code> },
            { head: "Kept until", cell: ({ untilMs }) => <AtAndAgo atMs={untilMs} /> },
            ...(onIntent === undefined
              ? []
              : [
                  {
                    head: "Action",
                    isHeadUnseen: true,
                    cell: ({ id, untilMs }: (typeof retired)[number]) => (
                      <button
                        type="button"
                        class="button is-small"
                        onClick={() =>
                          onIntent({
                            action: "undo",
                            id,
                            what: `Set aside, kept until ${dateTime(untilMs)}.`,
                          })
                        }
                      >
                        {ACTION_WORDS.undo.label}
                        <span class="unseen"> {id}</span>
                      </button>
                    ),
                  },
                ]),
          ]}
        />
      )}
    </Panel>
  );
}
