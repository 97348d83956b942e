import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Sign } from "../parts/icons.tsx";
import type { AccountList } from "../state/account_list.ts";
import { announce } from "../state/announcer.ts";
import { outageOf } from "../state/live.ts";
import { HEALTH_ORDER, HEALTH_WORDS, type HealthCounts, type Verdict, verdictOf } from "../words/health.ts";
import { count, time } from "../words/numbers.ts";

/** The bar is drawn in these units, so that no style has to be set. */
const BAR = 1_000;

const SIGNS = { act: "warning", watch: "warning", calm: "done", unknown: "search" } as const;

/** The first thing to read: whether all is well, and if not, how many accounts need attention. */
export function VerdictHead({ list }: { readonly list: AccountList }): JSX.Element {
  const counts = list.counts.value;
  const reading = list.reading.value;
  const state = list.live.state.value;
  const asOfMs = list.asOfMs.value;
  const verdict = verdictOf(counts, list.asked.value);
  const isStale = outageOf(state) !== undefined && reading.isWhole;
  const isPaused = state.kind === "paused";
  useEffect(() => {
    if (isStale) announce("No connection to the service. It is tried again by itself.");
  }, [isStale]);
  const shown: Verdict = isStale
    ? { ...verdict, urgency: "watch", headline: "No connection" }
    : reading.isWhole
      ? verdict
      : verdict.urgency === "calm" || verdict.urgency === "unknown"
        ? { ...verdict, urgency: "unknown", headline: "Reading the accounts…" }
        : verdict;
  return (
    <header class={`verdict is-${shown.urgency}`}>
      <div class="verdict-words">
        <span class="verdict-sign" aria-hidden="true">
          <Sign name={isStale ? "offline" : SIGNS[shown.urgency]} />
        </span>
        <div>
          <h1>{shown.headline}</h1>
          <p>
            {isStale &&
              asOfMs !== undefined &&
              `This is how it was at ${time(asOfMs)}. It is tried again by itself. `}
            {isPaused && asOfMs !== undefined && `Paused: this is how it was at ${time(asOfMs)}. `}
            {reading.isWhole ? shown.detail : `${count(reading.read)} read so far. ${shown.detail}`}
          </p>
        </div>
        {isStale && (
          <button type="button" class="button" onClick={() => list.live.retryNow()}>
            Try now
          </button>
        )}
      </div>
      <HealthBar counts={counts} />
    </header>
  );
}

/** The share of each health. The chips below it have the numbers. */
function HealthBar({ counts }: { readonly counts: HealthCounts }): JSX.Element | null {
  const total = HEALTH_ORDER.reduce((sum, health) => sum + counts[health], 0);
  if (total === 0) return null;
  let x = 0;
  return (
    <svg
      class="health-bar"
      viewBox={`0 0 ${BAR} 8`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {HEALTH_ORDER.filter((health) => counts[health] > 0).map((health) => {
        // A single account among thousands is seen too.
        const width = Math.max((counts[health] / total) * BAR, 6);
        const from = x;
        x += width;
        return (
          <rect
            key={health}
            class={`is-${health}`}
            x={from}
            y="0"
            width={Math.min(width, BAR - from)}
            height="8"
          >
            <title>{HEALTH_WORDS[health].label}</title>
          </rect>
        );
      })}
    </svg>
  );
}
