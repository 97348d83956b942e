import { AmbiguousError, BackendError } from "../../errors/mod.ts";
import { integerOf } from "./cell.ts";
import type { SqlDriver } from "./sql_driver.ts";

/** Registers an account by its name. */
export const REGISTER = "INSERT INTO account (name) VALUES (?) ON CONFLICT (name) DO NOTHING";

/** Finds the id of an account by its name. */
export const FIND = "SELECT device_id FROM account WHERE name = ?";

/** Attempts to register and look up, in case answers are lost. */
const MAX_ATTEMPTS = 4;

/**
 * Finds the id by which the rows of one account are scoped. Registers the account when the id is first
 * needed.
 */
export class AccountLookup {
  readonly #driver: SqlDriver;
  readonly #name: string;
  /** Shared, so that concurrent calls keep their order. */
  #known: Promise<number> | undefined;

  constructor(driver: SqlDriver, name: string) {
    this.#driver = driver;
    this.#name = name;
  }

  /** The account id, `undefined` when the account is not registered. */
  async find(): Promise<number | undefined> {
    if (this.#known !== undefined) return await this.#known;
    const found = await this.#read();
    if (found !== undefined) this.#known ??= Promise.resolve(found);
    return found;
  }

  /** The account id. Registers the account if it does not exist. */
  findOrRegister(): Promise<number> {
    if (this.#known !== undefined) return this.#known;
    const found = this.#register();
    this.#known = found;
    found.catch(() => this.forget());
    return found;
  }

  /** The account may have been deleted: looks it up again. */
  forget(): void {
    this.#known = undefined;
  }

  async #read(): Promise<number | undefined> {
    const [row] = await this.#driver.query(FIND, [this.#name]);
    return row && integerOf(row[0], "account id");
  }

  async #register(): Promise<number> {
    const found = await this.#read();
    if (found !== undefined) return found;
    const params = [this.#name];
    let cause: unknown;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      try {
        const [, result] = await this.#driver.batch([
          { sql: REGISTER, params },
          { sql: FIND, params },
        ]);
        return integerOf(result?.rows[0]?.[0], "account id");
      } catch (error) {
        // Registering is idempotent, so a lost request is sent again.
        if (!(error instanceof AmbiguousError)) throw error;
        cause = error;
      }
    }
    throw new BackendError("register account: the answer was lost", { cause });
  }
}
