import { libsqlBackend } from "../../../adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../../adapters/libsql/open_driver.ts";
import { checkIntegrity, type SqlDriver } from "../../../adapters/sqlite/mod.ts";
import type { Logger } from "../../../ports/mod.ts";
import { shownUrl } from "../../shown_url.ts";
import { eraseAccount, lookThrough, serverLiveness } from "./database_access.ts";
import type { KeyOptions, Liveness, Looking, StoredTarget, Target } from "./target.ts";

/** A database behind a libSQL server. */
export class DatabaseTarget implements StoredTarget {
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

  get hasKeys(): boolean {
    return this.#keys.sealing !== undefined;
  }

  async look(): Promise<Looking> {
    return await lookThrough({
      driver: await this.driver(this.#logger),
      shown: this.shown,
      keys: this.#keys,
      hiddenOwner: async () => undefined,
      integrity: checkIntegrity,
    });
  }

  liveness(account: string): Promise<Liveness> {
    return serverLiveness(() => this.look(), account);
  }

  open(account: string, keys: KeyOptions = this.#keys): ReturnType<Target["open"]> {
    const { url, authToken } = this;
    return libsqlBackend({ url, authToken, account, logger: this.#logger, ...keys });
  }

  driver(logger: Logger): Promise<SqlDriver> {
    return openLibsqlDriver({ url: this.url, authToken: this.authToken, logger });
  }

  async erase({ account, accountId }: Parameters<Target["erase"]>[0]): Promise<void> {
    await eraseAccount(await this.open(account), accountId);
  }
}
