import type {
  AccountDetail,
  AccountPage,
  AccountRow,
  ActionAnswer,
  ActionName,
  ActionRequest,
  ConsoleInfo,
  Health,
  VerifyEvents,
} from "../../src/console/model.ts";
import type { StreamEvent } from "./read_events.ts";

/** How an account is, as far as it was asked. */
export type KnownHealth = Health | "unknown";

/** An account as the list shows it. */
export type Row = Omit<AccountRow, "health"> & { readonly health: KnownHealth };

/** An account as its page shows it. */
export type Detail = Omit<AccountDetail, "health"> & { readonly health: KnownHealth };

/** A page of accounts. */
export type RowPage = Omit<AccountPage, "accounts"> & { readonly accounts: readonly Row[] };

/** A token without its secret. */
export interface TokenRow {
  readonly id: string;
  readonly account: string | null;
  readonly permissions: readonly Permission[];
  readonly label: string;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number | undefined;
  readonly lastUsedAtMs?: number | undefined;
}

/** What a token allows. */
export type Permission = "account" | "erase" | "unredacted" | "admin";

/** A new token, shown once. */
export interface IssuedToken extends TokenRow {
  readonly token: string;
}

/** The token to issue. */
export interface TokenRequest {
  readonly account?: string | undefined;
  readonly permissions: readonly Permission[];
  readonly label?: string | undefined;
  readonly expiresInS?: number | undefined;
}

/** Receives the events of a stream. */
export interface StreamReader {
  /** Called once the other side has begun to answer. */
  onOpen(): void;
  onEvent(event: StreamEvent): void;
  onArrival(): void;
}

/** What a verification tells while it runs. */
export interface VerifyReader {
  onProgress(progress: VerifyEvents["progress"]): void;
  onFinding(finding: VerifyEvents["finding"]): void;
  onDone(done: VerifyEvents["done"]): void;
}

/**
 * Where the pages have what they show from: the console's own API, or the basic API that a service without it
 * has. Every method rejects with a `Failure`, or with an `AbortError` when its signal is aborted.
 */
export interface Source {
  readonly info: ConsoleInfo;
  /** Whether the health of an account is known only once `inspect` was called. */
  readonly asksOneByOne: boolean;
  readonly canVerify: boolean;
  accounts(after: string | undefined, signal: AbortSignal): Promise<RowPage>;
  /** One row, as far as it can be known. */
  inspect(row: Row, signal: AbortSignal): Promise<Row>;
  account(name: string, signal: AbortSignal): Promise<Detail>;
  /** Reads a stream until it ends, of one account or of all. Only where `info.live`. */
  watch(account: string | undefined, reader: StreamReader, signal: AbortSignal): Promise<void>;
  act(account: string, action: ActionName, request: ActionRequest): Promise<ActionAnswer>;
  verify(account: string, reader: VerifyReader, signal: AbortSignal): Promise<void>;
  /** All tokens, page by page. */
  tokens(after: string | undefined, signal: AbortSignal): Promise<TokenPage>;
  issueToken(request: TokenRequest): Promise<IssuedToken>;
  revokeToken(id: string): Promise<void>;
}

/** A page of tokens. */
export interface TokenPage {
  readonly tokens: readonly TokenRow[];
  readonly next?: string | undefined;
}

/** The part of a path that names an account. */
export function segmentOf(account: string): string {
  return encodeURIComponent(account);
}
