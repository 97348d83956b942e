import type { JSX } from "preact";
import { type LimitUse, shareOf } from "../words/limits.ts";
import { percent } from "../words/numbers.ts";
import { Nothing } from "./times.tsx";

/** Shares from which a limit is near, and from which it is almost reached. */
const NEAR = 0.8;
const CLOSE = 0.95;

/** How much of a limit is used. */
export function LimitMeter({ use }: { readonly use: LimitUse }): JSX.Element {
  const share = shareOf(use);
  if (share === undefined) return <Nothing text="not measured" />;
  return (
    <span class="ratio">
      <meter
        min="0"
        max="1"
        low={NEAR}
        high={CLOSE}
        optimum={0}
        value={share}
        aria-label={`${use.name}: ${use.text}`}
      />
      <span class="ratio-text">{percent(share)}</span>
    </span>
  );
}
