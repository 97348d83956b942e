import type { JSX } from "preact";
import type { KnownHealth } from "../api/source.ts";
import { HEALTH_WORDS } from "../words/health.ts";
import { HealthIcon } from "./icons.tsx";

/** The health of an account, as shape, word and color. */
export function HealthBadge({ health }: { readonly health: KnownHealth }): JSX.Element {
  return (
    <span class={`badge is-${health}`}>
      <HealthIcon health={health} />
      {HEALTH_WORDS[health].label}
    </span>
  );
}
