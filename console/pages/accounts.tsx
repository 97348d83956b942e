import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Row, Source } from "../api/source.ts";
import { Sign } from "../parts/icons.tsx";
import { Pager } from "../parts/pager.tsx";
import { FailurePanel, Loading, Placeholder } from "../parts/panel.tsx";
import type { AccountList } from "../state/account_list.ts";
import { announce } from "../state/announcer.ts";
import { type ListQuery, orderOf, ROWS_PER_PAGE, readQuery, writeQuery } from "../state/list_query.ts";
import { outageOf, shownLive } from "../state/live.ts";
import { keepQuery } from "../state/route.ts";
import { count, things } from "../words/numbers.ts";
import { AccountFilters } from "./account_filters.tsx";
import { AccountTable } from "./account_table.tsx";
import { VerdictHead } from "./verdict.tsx";

interface AccountsProps {
  readonly source: Source;
  readonly list: AccountList;
  readonly address: URLSearchParams;
}

/** How often rows are put into their order again while the order is not being read. */
const REORDER_MS = 5_000;

/** All accounts: how they are, and which of them need attention. */
export function Accounts({ source, list, address }: AccountsProps): JSX.Element {
  const text = address.toString();
  const query = useMemo(() => readQuery(new URLSearchParams(text)), [text]);
  const change = (next: ListQuery): void => keepQuery(writeQuery(next));
  useEffect(() => {
    document.title = "Accounts · Holdfast";
    shownLive.value = list.live;
    if (list.live.state.peek().kind !== "paused") list.live.start();
    return () => {
      if (shownLive.peek() === list.live) shownLive.value = undefined;
      if (list.live.state.peek().kind !== "paused") list.live.close();
    };
  }, [list]);
  const reading = list.reading.value;
  const outage = outageOf(list.live.state.value);
  if (reading.read === 0 && !reading.isWhole) {
    if (outage !== undefined)
      return (
        <FailurePanel
          isPage
          failure={outage}
          title={outage.kind === "offline" ? "No connection to the service" : "The accounts cannot be read"}
          onRetry={() => list.live.retryNow()}
        />
      );
    return <Loading text="Reading the accounts" lines={9} />;
  }
  return (
    <>
      <VerdictHead list={list} />
      {reading.isWhole && reading.read === 0 && list.rows.size === 0 ? (
        <NoAccounts source={source} />
      ) : (
        <>
          <AccountFilters query={query} counts={list.counts.value} onChange={change} />
          <AccountRows source={source} list={list} query={query} onChange={change} />
        </>
      )}
    </>
  );
}

function NoAccounts({ source }: { readonly source: Source }): JSX.Element {
  const isService = source.info.kind === "service";
  return (
    <Placeholder title="There are no accounts yet">
      <p>
        {isService
          ? "An account is registered by POST /v1/accounts, and opened by a client with a token for it."
          : "An account appears here when a client has opened it for the first time."}
      </p>
    </Placeholder>
  );
}

interface AccountRowsProps {
  readonly source: Source;
  readonly list: AccountList;
  readonly query: ListQuery;
  readonly onChange: (query: ListQuery) => void;
}

function AccountRows({ source, list, query, onChange }: AccountRowsProps): JSX.Element {
  const frame = useRef<HTMLElement>(null);
  const order = useOrder(list, query, frame);
  const pages = Math.max(1, Math.ceil(order.length / ROWS_PER_PAGE));
  const page = Math.min(query.page, pages);
  const from = (page - 1) * ROWS_PER_PAGE;
  list.version.value;
  const names = order.slice(from, from + ROWS_PER_PAGE);
  const rows = names.map((name) => list.rows.get(name)).filter((row): row is Row => row !== undefined);
  const [asked, askAgain] = useState(0);
  const shownNames = names.join("\n");
  useEffect(() => {
    const asking = new AbortController();
    void list.inspect(shownNames.split("\n"), asking.signal);
    return () => asking.abort();
  }, [list, shownNames, asked]);
  const { text, health } = query;
  useEffect(() => {
    if (text !== "" || health.length > 0) announce(`${things(order.length, "account")} found.`);
  }, [text, health.join(), order.length]);
  if (order.length === 0)
    return (
      <Placeholder
        title="No account fits"
        action={
          <button
            type="button"
            class="button"
            onClick={() => onChange({ ...query, text: "", health: [], page: 1 })}
          >
            Show all accounts
          </button>
        }
      >
        <p>Nothing is found by this search and these chips.</p>
      </Placeholder>
    );
  return (
    <section ref={frame} class="account-list" aria-label="Accounts">
      <p class="found">
        {count(order.length)} {order.length === 1 ? "account" : "accounts"}
        {source.asksOneByOne && (
          <button
            type="button"
            class="button is-plain"
            onClick={() => {
              list.forgetInspections();
              askAgain(asked + 1);
            }}
          >
            <Sign name="again" />
            Ask these {count(rows.length)} again
          </button>
        )}
      </p>
      <AccountTable
        rows={rows}
        query={query}
        onSort={(sort) =>
          onChange({ ...query, sort, isDescending: sort === query.sort && !query.isDescending, page: 1 })
        }
      />
      <Pager
        page={page}
        pages={pages}
        from={from + 1}
        to={from + rows.length}
        total={order.length}
        onPage={(next) => {
          onChange({ ...query, page: next });
          frame.current?.scrollIntoView({ block: "start" });
        }}
      />
    </section>
  );
}

/** An order, and what it was made of. */
interface Order {
  readonly query: ListQuery;
  readonly version: number;
  readonly membership: number;
  readonly order: readonly string[];
}

/**
 * The names of the rows, in their order. It stays while the pointer is on a row or has the focus in one:
 * what one is about to choose must not move.
 */
function useOrder(
  list: AccountList,
  query: ListQuery,
  frame: { current: HTMLElement | null },
): readonly string[] {
  const [, draw] = useState(0);
  const known = useRef<Order | undefined>(undefined);
  useEffect(() => {
    const timer = setInterval(() => {
      const element = frame.current;
      const isRead = element?.matches(":hover") || element?.contains(document.activeElement);
      if (isRead || document.hidden || known.current?.version === list.version.peek()) return;
      known.current = undefined;
      draw((times) => times + 1);
    }, REORDER_MS);
    return () => clearInterval(timer);
  }, [list, frame]);
  // Read here, so that accounts which come and go are noticed.
  const version = list.version.value;
  const { current } = known;
  if (current !== undefined && current.query === query && current.membership === list.membership)
    return current.order;
  const order = orderOf(list.rows.values(), query);
  known.current = { query, version, membership: list.membership, order };
  return order;
}
