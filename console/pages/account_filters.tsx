import type { JSX } from "preact";
import type { KnownHealth } from "../api/source.ts";
import { HealthIcon, Sign } from "../parts/icons.tsx";
import type { ListQuery, Sort } from "../state/list_query.ts";
import { SORTS } from "../state/list_query.ts";
import { HEALTH_ORDER, HEALTH_WORDS, type HealthCounts } from "../words/health.ts";
import { count } from "../words/numbers.ts";

interface FilterProps {
  readonly query: ListQuery;
  readonly counts: HealthCounts;
  readonly onChange: (query: ListQuery) => void;
}

/** What each column is called where it is sorted by. */
export const SORT_LABELS: Readonly<Record<Sort, string>> = {
  health: "Health",
  name: "Account",
  owner: "Owner",
  commit: "Last commit",
  dirty: "Oldest unsaved",
  quarantined: "Quarantined",
  limit: "Limit used",
};

/** Chips with the number of accounts of each health, the search, and the order where there are no columns. */
export function AccountFilters({ query, counts, onChange }: FilterProps): JSX.Element {
  const total = HEALTH_ORDER.reduce((sum, health) => sum + counts[health], 0);
  const toggle = (health: KnownHealth): void => {
    const isChosen = query.health.includes(health);
    const chosen = isChosen ? query.health.filter((other) => other !== health) : [...query.health, health];
    onChange({ ...query, health: chosen, page: 1 });
  };
  return (
    <search class="filters">
      <fieldset class="chips">
        <legend class="unseen">Show accounts that are</legend>
        <button
          type="button"
          class="chip"
          aria-pressed={query.health.length === 0}
          onClick={() => onChange({ ...query, health: [], page: 1 })}
        >
          All <span class="chip-count">{count(total)}</span>
        </button>
        {HEALTH_ORDER.filter((health) => counts[health] > 0 || query.health.includes(health)).map(
          (health) => (
            <button
              key={health}
              type="button"
              class={`chip is-${health}`}
              aria-pressed={query.health.includes(health)}
              title={HEALTH_WORDS[health].means}
              onClick={() => toggle(health)}
            >
              <HealthIcon health={health} />
              {HEALTH_WORDS[health].label} <span class="chip-count">{count(counts[health])}</span>
            </button>
          ),
        )}
      </fieldset>
      <div class="search-line">
        <label class="search-field">
          <span class="unseen">Search accounts by name, number or reason</span>
          <Sign name="search" />
          <input
            id="search"
            type="search"
            placeholder="Search name, number or reason"
            autoComplete="off"
            spellcheck={false}
            maxLength={200}
            value={query.text}
            onInput={(event) => onChange({ ...query, text: event.currentTarget.value, page: 1 })}
          />
        </label>
        <label class="sort-field">
          <span>Sort by</span>
          <select
            value={query.sort}
            onChange={(event) => {
              const sort = SORTS.find((known) => known === event.currentTarget.value) ?? "health";
              onChange({ ...query, sort, isDescending: false, page: 1 });
            }}
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {SORT_LABELS[sort]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </search>
  );
}
