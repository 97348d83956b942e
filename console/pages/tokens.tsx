import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Source, TokenRow } from "../api/source.ts";
import { Sign } from "../parts/icons.tsx";
import { FailurePanel, Loading, Placeholder } from "../parts/panel.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, At, Nothing } from "../parts/times.tsx";
import { nowMs } from "../state/clock.ts";
import { TokenList } from "../state/token_list.ts";
import { things } from "../words/numbers.ts";
import { IssueDialog } from "./token_issue.tsx";
import { RevokeDialog } from "./token_revoke.tsx";
import { RotateDialog } from "./token_rotate.tsx";

/** A token that ends within this time is marked. */
const SOON_MS = 7 * 86_400_000;

/** What is being done with tokens. */
type Doing =
  | { readonly what: "issue" }
  | { readonly what: "rotate"; readonly token: TokenRow }
  | { readonly what: "revoke"; readonly token: TokenRow };

/** The name by which people know a token. */
export function nameOf({ label, id }: TokenRow): string {
  return label === "" ? id : label;
}

/** All tokens: for what they are, and whether they are used. */
export function Tokens({ source }: { readonly source: Source }): JSX.Element {
  const list = useMemo(() => new TokenList(source), [source]);
  const [doing, setDoing] = useState<Doing | undefined>();
  const [reads, readAgain] = useState(0);
  useEffect(() => {
    document.title = "Tokens · Holdfast";
    const reading = new AbortController();
    void list.read(reading.signal);
    return () => reading.abort();
  }, [list, reads]);
  const canChange = !source.info.readOnly;
  const changed = (): void => readAgain((times) => times + 1);
  const close = (): void => setDoing(undefined);
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Tokens</h1>
          <p>A token is what a client shows to the service. Only its hash is stored, so it is shown once.</p>
        </div>
        {canChange && (
          <button type="button" class="button is-main" onClick={() => setDoing({ what: "issue" })}>
            Issue a token
          </button>
        )}
      </header>
      <TokenRows list={list} canChange={canChange} onDo={setDoing} onRetry={changed} />
      {doing?.what === "issue" && <IssueDialog source={source} onClose={close} onChange={changed} />}
      {doing?.what === "rotate" && (
        <RotateDialog source={source} token={doing.token} onClose={close} onChange={changed} />
      )}
      {doing?.what === "revoke" && (
        <RevokeDialog source={source} token={doing.token} onClose={close} onChange={changed} />
      )}
    </>
  );
}

interface RowsProps {
  readonly list: TokenList;
  readonly canChange: boolean;
  readonly onDo: (doing: Doing) => void;
  readonly onRetry: () => void;
}

function TokenRows({ list, canChange, onDo, onRetry }: RowsProps): JSX.Element {
  const tokens = list.tokens.value;
  const failure = list.failure.value;
  const [text, setText] = useState("");
  if (failure !== undefined) {
    const title = failure.kind === "offline" ? "No connection to the service" : "The tokens cannot be read";
    return <FailurePanel failure={failure} title={title} onRetry={onRetry} />;
  }
  if (tokens === undefined) return <Loading text="Reading the tokens" lines={4} />;
  if (tokens.length === 0)
    return (
      <Placeholder title="No token was issued yet">
        <p>Clients cannot use an account without one. The admin token of the service itself is not listed.</p>
      </Placeholder>
    );
  const words = text.toLowerCase();
  const shown = tokens.filter(({ label, id, account }) =>
    `${label} ${id} ${account ?? ""}`.toLowerCase().includes(words),
  );
  return (
    <>
      {tokens.length > 10 && (
        <label class="search-field">
          <span class="unseen">Search tokens by label, id or account</span>
          <Sign name="search" />
          <input
            type="search"
            id="search"
            placeholder="Search label, id or account"
            autoComplete="off"
            maxLength={200}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      )}
      <p class="found">{things(shown.length, "token")}</p>
      <Table
        caption="Tokens, the newest first"
        isStacked
        rows={shown.slice(0, 500)}
        keyOf={({ id }) => id}
        columns={canChange ? [...COLUMNS, actionColumn(onDo)] : COLUMNS}
      />
      {shown.length > 500 && <p class="note">The newest 500 are shown. Search for the others.</p>}
    </>
  );
}

const COLUMNS: readonly Column<TokenRow>[] = [
  {
    head: "Token",
    cell: ({ label, id }) => (
      <>
        {label !== "" && <span class="token-label">{label}</span>}
        <code class="token-id">{id}</code>
      </>
    ),
  },
  { head: "Account", cell: ({ account }) => account ?? <span class="quiet">all</span> },
  { head: "Allows", cell: ({ permissions }) => permissions.join(", ") },
  { head: "Created", cell: ({ createdAtMs }) => <At atMs={createdAtMs} /> },
  {
    head: "Last used",
    cell: ({ lastUsedAtMs }) =>
      lastUsedAtMs === undefined ? <Nothing text="never" /> : <Ago atMs={lastUsedAtMs} />,
  },
  { head: "Expires", cell: ({ expiresAtMs }) => <Expiry atMs={expiresAtMs} /> },
];

function Expiry({ atMs }: { readonly atMs: number | undefined }): JSX.Element {
  if (atMs === undefined) return <span class="quiet">never</span>;
  const leftMs = atMs - nowMs.value;
  if (leftMs <= 0) return <span class="badge is-failing">Expired</span>;
  return leftMs < SOON_MS ? (
    <span class="badge is-late">
      <Ago atMs={atMs} />
    </span>
  ) : (
    <Ago atMs={atMs} />
  );
}

function actionColumn(onDo: (doing: Doing) => void): Column<TokenRow> {
  return {
    head: "Actions",
    isHeadUnseen: true,
    cell: (token) => (
      <span class="row-actions">
        <button type="button" class="button is-small" onClick={() => onDo({ what: "rotate", token })}>
          Rotate<span class="unseen"> {nameOf(token)}</span>
        </button>
        <button
          type="button"
          class="button is-small is-danger-quiet"
          onClick={() => onDo({ what: "revoke", token })}
        >
          Revoke<span class="unseen"> {nameOf(token)}</span>
        </button>
      </span>
    ),
  };
}
