import { LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { type LocalAccounts, type RegisteredAccount, ServiceError } from "../service/mod.ts";
import type { AccountActions } from "./account_actions.ts";
import { MAX_LISTED, storedDetail } from "./account_detail.ts";
import { openStateOf, type RowParts, rowOf } from "./account_rows.ts";
import type { AccountWatch } from "./account_watch.ts";
import type { AccountsQuery, AskedAction, ConsoleSource, VerifyListener } from "./console_source.ts";
import type { KeptBackups } from "./kept_backups.ts";
import type { LiveState } from "./live_updates.ts";
import type {
  AccountDetail,
  AccountPage,
  AccountRow,
  ActionAnswer,
  Limits,
  OpenState,
  VerifyEvents,
} from "./model.ts";
import type { DatabaseLook, LookedDatabase, StoredReads } from "./stored_accounts.ts";
import { verifyStored } from "./verify_stored.ts";

/** Checks that run at the same time. Each reads a whole account. */
const MAX_CHECKS = 4;

type StoredSize = NonNullable<NonNullable<RowParts["usage"]>["stored"]>;

/** What a service shows. */
export interface ServiceSourceOptions {
  readonly accounts: LocalAccounts;
  readonly watch: AccountWatch;
  readonly actions: AccountActions;
  readonly backups: () => KeptBackups | undefined;
  /** Its database, for what is about one account. */
  readonly database: LookedDatabase;
  /** The same database by the connection of the service, for what is about many accounts. */
  readonly stored: StoredReads;
  /** The registrations of names, in one statement. Those that are not registered are left out. */
  readonly registered: (names: readonly string[]) => Promise<readonly RegisteredAccount[]>;
  readonly schemaVersion: number;
  /** Path or URL of the database, without secrets. */
  readonly shown: string;
  /** Limits of accounts that have none of their own. */
  readonly accountLimits: Limits;
  readonly clock: Clock;
}

/** The accounts of a service of this process. */
export class ServiceSource implements ConsoleSource, LiveState {
  readonly #options: ServiceSourceOptions;
  #checks = 0;

  constructor(options: ServiceSourceOptions) {
    this.#options = options;
  }

  async info(): ReturnType<ConsoleSource["info"]> {
    const { actions, schemaVersion, shown } = this.#options;
    return { kind: "service", shown, readOnly: false, actions: actions.names, live: true, schemaVersion };
  }

  async accounts(query: AccountsQuery): Promise<AccountPage> {
    const page = await this.#options.accounts.registry.listAccounts(query);
    const accounts = await this.#rows(page);
    const next = page.length < query.limit ? undefined : page.at(-1)?.name;
    return next === undefined ? { accounts } : { accounts, next };
  }

  async account(name: string): Promise<AccountDetail> {
    const { backups, database, watch } = this.#options;
    const [account] = await this.#options.registered([name]);
    if (account === undefined) throw noAccount();
    const { damage, ...found } = await withLook(database, (look) => storedDetail(look, name));
    const [row] = await this.#rows([account], sizeOf(found));
    if (row === undefined) throw noAccount();
    const { open } = watch.known(name);
    const kept = backups();
    return {
      ...row,
      ...(damage === undefined ? {} : { health: "damaged", reason: damage }),
      ...found,
      ...(open === undefined ? {} : { open: openStateOf(open) }),
      alarms: this.#alarms(name, kept),
      ...(kept === undefined ? {} : { backups: await backupsOf(kept, name) }),
      ...watch.history(name),
    };
  }

  async verify(name: string, listener: VerifyListener): Promise<VerifyEvents["done"]> {
    const { accounts, database } = this.#options;
    if (this.#checks >= MAX_CHECKS) throw new LimitError(`verify account: ${MAX_CHECKS} checks are running`);
    this.#checks += 1;
    try {
      if ((await accounts.registry.admit(undefined, name)).account === "absent") throw noAccount();
      return await withLook(database, async (look) => await verifyStored(await look.reads(name), listener));
    } finally {
      this.#checks -= 1;
    }
  }

  async act(asked: AskedAction): Promise<ActionAnswer> {
    return { said: await this.#options.actions.act(asked) };
  }

  async rows(names: readonly string[]): Promise<readonly AccountRow[]> {
    return await this.#rows(await this.#options.registered(names));
  }

  open(name: string): OpenState | null {
    return this.#options.watch.openState(name);
  }

  changedByTime(): readonly string[] {
    const { clock, watch } = this.#options;
    const nowMs = clock.nowMs();
    return watch.changed((known) => {
      const parts = { name: "", stored: undefined, hasKeys: true, nowMs };
      const { health, reason, oldestDirtyAtMs } = rowOf({ ...parts, known });
      return `${health} ${reason ?? ""} ${oldestDirtyAtMs ?? ""}`;
    });
  }

  /** @param size What is stored, where that was read. */
  async #rows(accounts: readonly RegisteredAccount[], size?: StoredSize): Promise<AccountRow[]> {
    const { accountLimits, clock, database, stored, watch } = this.#options;
    const overview = await stored.overview(accounts.map(({ name }) => name));
    const nowMs = clock.nowMs();
    return accounts.map(({ name, createdAtMs, deleting, limits }) =>
      rowOf({
        ...{ name, createdAtMs, nowMs, isDeleting: deleting },
        limits: { ...accountLimits, ...limits },
        usage: this.#usage(name, size),
        stored: overview.get(name),
        known: watch.known(name),
        hasKeys: database.hasKeys,
      }),
    );
  }

  #usage(name: string, size: StoredSize | undefined): RowParts["usage"] {
    const { stored, refusal } = this.#options.accounts.usage(name) ?? {};
    return { stored: size ?? stored, refusal };
  }

  #alarms(name: string, backups: KeptBackups | undefined): AccountDetail["alarms"] {
    const dueAtMs = backups?.dueAtMs(name);
    const backup = dueAtMs === undefined ? [] : [{ name: "backup", dueAtMs }];
    return [...this.#options.watch.alarms(name), ...backup].sort((a, b) => a.dueAtMs - b.dueAtMs);
  }
}

/** What is stored; `undefined` where the tables could not be read, as those of a sealed account. */
function sizeOf({ tables, leases }: Pick<AccountDetail, "tables" | "leases">): StoredSize | undefined {
  if (leases === undefined) return undefined;
  const sum = (of: "bytes" | "rows"): number => tables.reduce((total, table) => total + table[of], 0);
  return { bytes: sum("bytes"), rows: sum("rows") };
}

async function withLook<T>(database: LookedDatabase, read: (look: DatabaseLook) => Promise<T>): Promise<T> {
  await using look = await database.look();
  return await read(look);
}

async function backupsOf(
  kept: KeptBackups,
  name: string,
): Promise<Exclude<AccountDetail["backups"], undefined>> {
  const { failures = 0, lastFailureAtMs } = kept.stats(name) ?? {};
  return {
    list: (await kept.list(name)).slice(-MAX_LISTED),
    failures,
    ...(lastFailureAtMs === undefined ? {} : { lastFailureAtMs }),
  };
}

function noAccount(): ServiceError {
  return new ServiceError("not-found", "find account: no such account");
}
