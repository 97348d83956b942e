import { LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { ServiceError } from "../service/mod.ts";
import { type StoredDetail, storedDetail } from "./account_detail.ts";
import { rowOf } from "./account_rows.ts";
import type { AccountsQuery, ConsoleSource, VerifyListener } from "./console_source.ts";
import type { AccountDetail, AccountPage, AccountRow, ConsoleInfo, VerifyEvents } from "./model.ts";
import type { DatabaseLook, LookedDatabase } from "./stored_accounts.ts";
import { verifyStored } from "./verify_stored.ts";

/** Checks that run at the same time. Each reads a whole account. */
const MAX_CHECKS = 4;

/** A database that is looked at: nothing is written, and no ownership taken. */
export class StoredSource implements ConsoleSource {
  readonly #database: LookedDatabase;
  readonly #shown: Pick<ConsoleInfo, "kind" | "shown">;
  readonly #clock: Clock;
  #checks = 0;

  constructor(database: LookedDatabase, shown: Pick<ConsoleInfo, "kind" | "shown">, clock: Clock) {
    this.#database = database;
    this.#shown = shown;
    this.#clock = clock;
  }

  async info(): ReturnType<ConsoleSource["info"]> {
    await using look = await this.#database.look();
    const schemaVersion = look.schema.version;
    return { ...this.#shown, readOnly: true, actions: [], live: false, schemaVersion };
  }

  async accounts({ after, limit }: AccountsQuery): Promise<AccountPage> {
    await using look = await this.#database.look();
    const { names, next } = await look.stored.listNames(after, limit);
    const stored = await look.stored.overview(names);
    const accounts = names.map((name) => this.#row(name, stored.get(name)));
    return next === undefined ? { accounts } : { accounts, next };
  }

  async account(name: string): Promise<AccountDetail> {
    await using look = await this.#database.look();
    const stored = (await look.stored.overview([name])).get(name);
    if (stored === undefined) throw noAccount();
    const row = this.#row(name, stored);
    const found = await storedDetail(look, name);
    return detailOf(withLayout(row, look), found);
  }

  async verify(name: string, listener: VerifyListener): Promise<VerifyEvents["done"]> {
    if (this.#checks >= MAX_CHECKS) throw new LimitError(`verify account: ${MAX_CHECKS} checks are running`);
    this.#checks += 1;
    try {
      await using look = await this.#database.look();
      if (!(await look.stored.overview([name])).has(name)) throw noAccount();
      return await verifyStored(await look.reads(name), listener);
    } finally {
      this.#checks -= 1;
    }
  }

  #row(name: string, stored: Parameters<typeof rowOf>[0]["stored"]): AccountRow {
    const { hasKeys } = this.#database;
    return rowOf({ name, stored, known: {}, hasKeys, nowMs: this.#clock.nowMs() });
  }
}

/** An account of which the database alone is known. */
export function detailOf(row: AccountRow, { damage, ...found }: StoredDetail): AccountDetail {
  return {
    ...row,
    ...(damage === undefined ? {} : { health: "damaged", reason: damage }),
    ...found,
    alarms: [],
    timeline: [],
    flushes: [],
  };
}

/** Says why nothing more is shown of an account whose layout is older. */
function withLayout(row: AccountRow, { schema }: DatabaseLook): AccountRow {
  if (schema.version >= schema.newest) return row;
  const reason = `The layout ${schema.version} of the database is older than ${schema.newest}: \`holdfast migrate\` brings it up to date.`;
  return { ...row, reason };
}

function noAccount(): ServiceError {
  return new ServiceError("not-found", "find account: no such account");
}
