import type { JSX } from "preact";
import type { Detail } from "../api/source.ts";
import { Panel } from "../parts/panel.tsx";
import { Facts, Table } from "../parts/table.tsx";
import { Ago, At, Nothing } from "../parts/times.tsx";
import { nowMs } from "../state/clock.ts";
import { bytes, count, percent, things } from "../words/numbers.ts";

interface DetailProps {
  readonly detail: Detail;
}

const PLACES = {
  here: "This service",
  elsewhere: "A process elsewhere",
  none: "No process",
} as const;

/** Who has the account, and since when. */
export function Ownership({ detail }: DetailProps): JSX.Element {
  const { owner, createdAtMs, lastCommitAtMs, leases } = detail;
  return (
    <Panel title="Ownership">
      <Facts
        facts={[
          ["Owner", owner === undefined ? <Nothing text="not known" /> : PLACES[owner.place]],
          ["Since", <Ago key="since" atMs={owner?.sinceMs} />],
          [
            "Openings",
            owner === undefined || owner.epoch === 0 ? <Nothing text="not known" /> : count(owner.epoch),
          ],
          ["Last commit", <Ago key="commit" atMs={lastCommitAtMs} />],
          ["Registered", <At key="created" atMs={createdAtMs} />],
          ["Restores", leases === undefined ? <Nothing text="not known" /> : count(leases.restoreEpoch)],
        ]}
      />
    </Panel>
  );
}

/** What waits in memory, and how saving goes. */
export function Unsaved({ detail }: DetailProps): JSX.Element {
  const { open, oldestDirtyAtMs } = detail;
  if (open === undefined)
    return (
      <Panel title="Unsaved state">
        <p class="quiet">The account is not open here, so nothing waits in this process.</p>
      </Panel>
    );
  const { dirty, gated, isolated, saver, commits, rowsWritten, ambiguous } = open;
  return (
    <Panel title="Unsaved state">
      <Facts
        facts={[
          ["Must be saved", things(dirty.must, "item")],
          ["May wait", things(dirty.may, "item")],
          ["In memory", bytes(dirty.bytes)],
          ["Oldest", <Ago key="oldest" atMs={oldestDirtyAtMs} />],
          ["Gated chains", count(gated)],
          ["Refused by the database", things(isolated, "item")],
          [
            "Saver",
            saver.failures === 0 ? saver.state : `${saver.state}, ${things(saver.failures, "failure")}`,
          ],
          ["Next try", <Ago key="retry" atMs={saver.retryAtMs} />],
          ["Commits", `${count(commits)} with ${things(rowsWritten, "row")}`],
          ["Answers lost", things(ambiguous, "commit")],
        ]}
      />
    </Panel>
  );
}

/** The device, redacted, with its pre-keys and leases. */
export function Identity({ detail }: DetailProps): JSX.Element {
  const { device, preKeys, leases, phone, sealed } = detail;
  if (sealed === true)
    return (
      <Panel title="Identity">
        <p class="quiet">
          The account is sealed: its values are encrypted, and this process has no key for them.
        </p>
      </Panel>
    );
  if (device === undefined)
    return (
      <Panel title="Identity">
        <p class="quiet">
          {phone === undefined ? "No device is stored, or it may not be shown." : `Phone number ${phone}.`}
        </p>
      </Panel>
    );
  return (
    <Panel title="Identity" note="Redacted: no key and no whole number leaves the service.">
      <Facts
        facts={[
          ["Phone number", phone ?? <Nothing />],
          ["LID", device.lid ?? <Nothing />],
          ["Linked", device.linked ? "Yes" : "No"],
          ["Platform", device.platform ?? <Nothing text="not known" />],
          ["Identity key", <code key="fingerprint">{device.identityFingerprint}</code>],
          ["Registration id", String(device.registrationId)],
          ["Pre-keys left", preKeys === undefined ? <Nothing text="not known" /> : count(preKeys.left)],
          ["Not uploaded", preKeys === undefined ? <Nothing text="not known" /> : count(preKeys.notUploaded)],
          ["Leased sessions", leases === undefined ? <Nothing text="not known" /> : count(leases.sessions)],
          [
            "Leased sender keys",
            leases === undefined ? <Nothing text="not known" /> : count(leases.senderKeys),
          ],
        ]}
      />
    </Panel>
  );
}

/** What the caches hold, and how often what is asked for is in them. */
export function Caches({ detail }: DetailProps): JSX.Element | null {
  const caches = detail.open?.caches ?? [];
  if (caches.length === 0) return null;
  return (
    <Panel title="Caches">
      <Table
        caption="Caches of this account"
        rows={caches}
        keyOf={({ name }) => name}
        columns={[
          { head: "Cache", cell: ({ name }) => name },
          {
            head: "Found",
            cell: ({ hitRatio, name }) =>
              hitRatio === undefined ? (
                <Nothing text="not counted" />
              ) : (
                <span class="ratio">
                  <meter min="0" max="1" value={hitRatio} aria-label={`Found in ${name}`} />
                  <span class="ratio-text">{percent(hitRatio)}</span>
                </span>
              ),
          },
          { head: "Entries", isNumber: true, cell: ({ entries }) => count(entries) },
          { head: "Size", isNumber: true, cell: (cache) => bytes(cache.bytes) },
        ]}
      />
    </Panel>
  );
}

/** What will wake the account, and when. */
export function Alarms({ detail }: DetailProps): JSX.Element {
  const { alarms } = detail;
  return (
    <Panel title="Alarms">
      {alarms.length === 0 ? (
        <p class="quiet">Nothing is planned.</p>
      ) : (
        <Facts
          facts={alarms.map(({ name, dueAtMs }) => [
            name,
            <span key={name} class={dueAtMs < nowMs.value - 60_000 ? "is-late" : undefined}>
              <Ago atMs={dueAtMs} />
            </span>,
          ])}
        />
      )}
    </Panel>
  );
}
