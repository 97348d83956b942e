import { libsqlBackend } from "../../../adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../../adapters/libsql/open_driver.ts";
import type { Logger } from "../../../ports/mod.ts";
import { shownUrl } from "../../shown_url.ts";
import { eraseAccount, lookThrough } from "./database_access.ts";
import type { KeyOptions, Liveness, Looking, Target } from "./target.ts";

/** A database behind a libSQL server. */
export class DatabaseTarget implements Target {
  readonly kind = "database";
  readonly url: string;
  readonly authToken: string | undefined;
  readonly #logger: Logger;
  readonly #keys: KeyOptions;

  constructor(url: string, authToken: string | undefined, logger: Logger, keys: KeyOptions = {}) {
    this.url = url;
    this.authToken = authToken;
    this.#logger = logger;
    this.#keys = keys;
  }

  get shown(): string {
    return shownUrl(this.url);
  }

  /** Whether there are keys for accounts that are sealed. */
  get hasKeys(): boolean {
    return this.#keys.sealing !== undefined;
  }

  async look(): Promise<Looking> {
    const driver = await openLibsqlDriver({ url: this.url, authToken: this.authToken, logger: this.#logger });
    return await lookThrough(driver, this.shown, this.#keys, async () => false);
  }

  async liveness(account: string): Promise<Liveness> {
    await using looking = await this.look();
    const isThere = (await looking.accounts()).some((found) => found.account === account);
    const owner = isThere ? await ownerOf(looking, account) : undefined;
    if (owner === undefined) return { state: "none" };
    return {
      state: "unknown",
      sentence:
        "the account was opened before, and a database server does not tell whether its owner still runs",
    };
  }

  open(account: string, keys: KeyOptions = this.#keys): ReturnType<Target["open"]> {
    const { url, authToken } = this;
    return libsqlBackend({ url, authToken, account, logger: this.#logger, ...keys });
  }

  async erase({ account, accountId }: Parameters<Target["erase"]>[0]): Promise<void> {
    await eraseAccount(await this.open(account), accountId);
  }
}

async function ownerOf(looking: Looking, account: string): Promise<unknown> {
  if (looking.schema !== undefined && looking.schema.version < looking.schema.newest)
    return "an older layout";
  return await (await looking.reads(account)).readOwner();
}
