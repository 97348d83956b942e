import type { JSX } from "preact";
import { type Live, outageOf } from "../state/live.ts";
import { span, time } from "../words/numbers.ts";
import { Sign } from "./icons.tsx";

interface LiveProps {
  readonly live: Live;
}

/** Says how what is shown is kept up to date, and pauses it. */
export function LiveSwitch({ live }: LiveProps): JSX.Element {
  const state = live.state.value;
  const { kind } = state;
  const isPaused = kind === "paused";
  const text = {
    connecting: "Connecting",
    live: "Live",
    asking: state.kind === "asking" ? `Every ${span(state.everyMs)}` : "",
    waiting: "Offline",
    paused: "Paused",
  }[kind];
  return (
    <div class={`live is-${kind}`}>
      <span class="live-dot" aria-hidden="true" />
      <span class="live-text">{text}</span>
      <button type="button" class="button is-plain" onClick={() => (isPaused ? live.start() : live.pause())}>
        <Sign name={isPaused ? "play" : "pause"} />
        {isPaused ? "Resume" : "Pause"}
      </button>
    </div>
  );
}

/** What stands above a page whose connection is gone, or that is paused: what is shown is old. */
export function LiveBanner({
  live,
  asOfMs,
}: LiveProps & { readonly asOfMs: number | undefined }): JSX.Element | null {
  const state = live.state.value;
  if (state.kind === "paused")
    return (
      <div class="banner is-quiet">
        <Sign name="pause" />
        <p>Paused.{asOfMs !== undefined && ` This is how it was at ${time(asOfMs)}.`}</p>
        <button type="button" class="button" onClick={() => live.start()}>
          Resume
        </button>
      </div>
    );
  const outage = outageOf(state);
  if (outage === undefined || asOfMs === undefined) return null;
  const isOffline = outage.kind === "offline";
  return (
    <div class="banner" role="status">
      <Sign name={isOffline ? "offline" : "warning"} />
      <p>
        <strong>{isOffline ? "No connection to the service." : `The service answers with an error.`}</strong>{" "}
        This is how it was at {time(asOfMs)}. It is tried again by itself.
      </p>
      <button type="button" class="button" onClick={() => live.retryNow()}>
        Try now
      </button>
    </div>
  );
}
