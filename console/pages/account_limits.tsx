import type { JSX } from "preact";
import type { Detail } from "../api/source.ts";
import { LimitMeter } from "../parts/limit_meter.tsx";
import { Panel } from "../parts/panel.tsx";
import { Facts } from "../parts/table.tsx";
import { Ago } from "../parts/times.tsx";
import { LIMIT_NAMES, storedLimits } from "../words/limits.ts";
import { count, things } from "../words/numbers.ts";

/** The limits of an account, and how much of them is used. Nothing where it has none. */
export function AccountLimits({ detail }: { readonly detail: Detail }): JSX.Element | null {
  const { limits } = detail;
  if (limits === undefined) return null;
  const { requestsPerMinute, refusedRequests, lastRefusedAtMs } = limits;
  return (
    <Panel title="Limits">
      <Facts
        facts={[
          ...storedLimits(limits).map(
            (use) =>
              [
                use.name,
                <span key={use.name} class="limit">
                  {use.text} <LimitMeter use={use} />
                </span>,
              ] as const,
          ),
          ...(requestsPerMinute === undefined
            ? []
            : [
                [
                  LIMIT_NAMES.requestsPerMinute,
                  <span key="requests">
                    {count(requestsPerMinute)}
                    {refusedRequests !== undefined && (
                      <span class="beside">
                        , {things(refusedRequests, "request")} refused, the last{" "}
                        <Ago atMs={lastRefusedAtMs} />
                      </span>
                    )}
                  </span>,
                ] as const,
              ]),
        ]}
      />
    </Panel>
  );
}
