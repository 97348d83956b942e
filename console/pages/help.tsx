import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { HealthBadge } from "../parts/health_badge.tsx";
import { Panel } from "../parts/panel.tsx";
import { areKeysOn, switchKeys } from "../state/keys.ts";
import { HEALTH_ORDER, HEALTH_WORDS } from "../words/health.ts";

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ["/", "Search"],
  ["a", "Accounts"],
  ["t", "Tokens"],
  ["p", "Pause or resume"],
  ["?", "This page"],
  ["Esc", "Close a dialog"],
];

/** What each health means, and the keys. */
export function Help(): JSX.Element {
  useEffect(() => {
    document.title = "Help · Holdfast";
  }, []);
  return (
    <>
      <header class="page-head">
        <h1>Help</h1>
      </header>
      <div class="panels">
        <Panel title="What each health means" isWide>
          <dl class="healths">
            {HEALTH_ORDER.map((health) => (
              <div key={health}>
                <dt>
                  <HealthBadge health={health} />
                </dt>
                <dd>
                  {HEALTH_WORDS[health].means}
                  {HEALTH_WORDS[health].advice !== undefined && (
                    <span class="health-advice"> {HEALTH_WORDS[health].advice}</span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
        <Panel title="Keys">
          <dl class="keys">
            {KEYS.map(([key, does]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <label class="choice">
            <input
              type="checkbox"
              checked={areKeysOn.value}
              onChange={(event) => switchKeys(event.currentTarget.checked)}
            />
            <span>Use these keys</span>
          </label>
        </Panel>
        <Panel title="HTTP API">
          <p>
            <a href="api.html">The operations of a service</a>, from its OpenAPI document.
          </p>
        </Panel>
      </div>
    </>
  );
}
