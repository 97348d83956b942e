import type { IntegrityProblem, OverviewReads, SqlDriver } from "../../../adapters/sqlite/mod.ts";
import type { AccountSummary, Backend, Sealing } from "../../../backend/mod.ts";
import type { Logger } from "../../../ports/mod.ts";

/** What is known of a living owner of an account. */
export type Liveness =
  /** No process has it open. */
  | { readonly state: "none" }
  /** An owner lives, or may live: the sentence says how that is known, and what is not. */
  | { readonly state: "lives" | "unknown"; readonly sentence: string };

/** A place of accounts that is looked at: nothing is written, and no ownership taken. */
export interface Looking extends AsyncDisposable {
  /**
   * Why an owner may write whose commits these reads never see, since they are one transaction; `undefined`
   * where they would be seen.
   */
  readonly hiddenOwner: string | undefined;
  /** The layout of a database; `undefined` for a service. */
  readonly schema: { readonly version: number; readonly newest: number } | undefined;
  /** All accounts. */
  accounts(): Promise<readonly AccountSummary[]>;
  /** Reads of many accounts at once; `undefined` for a service. */
  readonly overview: OverviewReads | undefined;
  /** The reads of one account. @throws {SealedError} When it is sealed and its key is missing. */
  reads(account: string): Promise<Backend>;
  /** Checks the database itself; `undefined` for a service, which checks its own. */
  readonly integrity: (() => Promise<readonly IntegrityProblem[]>) | undefined;
}

/** How a target opens the values of accounts. */
export interface KeyOptions {
  /** The keys of the environment; `undefined` where it has none. */
  readonly sealing?: Sealing | undefined;
}

/** A place of accounts: a file, a database server or a service. */
export interface Target {
  readonly kind: "file" | "database" | "service";
  /** Its path or URL, without secrets. */
  readonly shown: string;
  look(): Promise<Looking>;
  /** Whether a process has the account open. */
  liveness(account: string): Promise<Liveness>;
  /** Opens an account to change it. Brings a database up to date. */
  open(account: string, keys?: KeyOptions): Promise<Backend>;
  /** Deletes everything of an account. */
  erase(account: AccountSummary): Promise<void>;
}

/** A target whose database this process opens itself: a file, or a database server. */
export interface StoredTarget extends Target {
  readonly kind: "file" | "database";
  /** Whether there are keys for accounts that are sealed. */
  readonly hasKeys: boolean;
  /** Connects for a service, which closes it. Brings nothing up to date. */
  driver(logger: Logger): Promise<SqlDriver>;
}

/** Whether this process opens the database of a target itself. */
export function isStored(target: Target): target is StoredTarget {
  return target.kind !== "service";
}
