import {
  type Backend,
  type BackendCore,
  type CommitOptions,
  type CreateBackendOptions,
  callRead,
  createBackend,
  keyCheckReads,
  keyOfRead,
  MAX_SEEN_MS,
  openingCore,
  type ReadCall,
  type Sealing,
  type SeenAccount,
  type Write,
} from "../../backend/mod.ts";
import { BackendError } from "../../errors/mod.ts";
import { systemClock } from "../../ports/mod.ts";
import { FIND, REGISTER } from "./account_lookup.ts";
import { integerOf } from "./cell.ts";
import { type Migration, migrate } from "./migrate.ts";
import type { SqlDriver, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";

/** What an opened driver of a database that is far away is made of. */
export interface FarOpening extends CreateBackendOptions {
  readonly driver: SqlDriver & Required<Pick<SqlDriver, "queryTogether">>;
  readonly account: string;
  readonly sealing?: Sealing | undefined;
  readonly migrations: readonly Migration[];
  /** The core over a driver. */
  coreOver(driver: SqlDriver): BackendCore;
}

/** An account as it was seen, and what its id was found to be. */
interface Look extends SeenAccount {
  readonly found: SqlResult["rows"];
}

/**
 * Opens one account of a database that is far away, in few round trips: one reads the layout and what an
 * opening of the account asks for first, another takes the ownership and reads what it asks for then.
 */
export async function openFarBackend(opening: FarOpening): Promise<Backend> {
  const { driver, account, sealing, migrations, coreOver, clock = systemClock, values } = opening;
  const isSealed = sealing !== undefined;
  const look = await lookAt(opening, keyCheckReads(isSealed));
  if (look === undefined) await migrate(driver, migrations);
  const seenAtMs = clock.nowMs();
  const over = (core: BackendCore): Backend =>
    createBackend(sealing?.sealed(core, { account }) ?? core, { clock, values });
  const backend = over(coreOver(driver));
  return Object.assign(backend, {
    opening: (): Backend => {
      const isFresh = Math.abs(clock.nowMs() - seenAtMs) <= MAX_SEEN_MS;
      const along = new AlongDriver(driver, isFresh ? look?.found : undefined);
      const core = coreOver(along);
      const commitAndRead = (
        ...[writes, options, reads]: [readonly Write[], CommitOptions, readonly ReadCall[]]
      ) => along.during(() => core.commit(writes, options), reads, coreOver);
      return over(openingCore({ core, seen: isFresh ? look : undefined, isSealed, commitAndRead }));
    },
  });
}

/** `undefined` when the layout must be brought up to date, or something cannot be read: others say what. */
async function lookAt(
  { driver, account, migrations, coreOver }: FarOpening,
  others: readonly ReadCall[],
): Promise<Look | undefined> {
  const gathering = new GatheringDriver(driver);
  const core = coreOver(gathering);
  const owner = core.readOwner();
  const device = core.load();
  const answers = answersOf(core, others);
  let results: readonly SqlResult[];
  try {
    results = await driver.queryTogether([
      { sql: "SELECT version, floor FROM holdfast_schema WHERE id = 1", params: [] },
      { sql: FIND, params: [account] },
      ...gathering.statements,
    ]);
  } catch (error) {
    // The tables, or a column, are not there. What else fails will fail again.
    if (error instanceof BackendError) return undefined;
    throw error;
  }
  gathering.answer(results.slice(2));
  try {
    const seen = await seenOf(owner, device, answers);
    const [schema] = results[0]?.rows ?? [];
    const [version, floor] = [
      integerOf(schema?.[0], "schema version"),
      integerOf(schema?.[1], "schema floor"),
    ];
    if (version < migrations.length || floor > migrations.length) return undefined;
    return { ...seen, found: results[1]?.rows ?? [] };
  } catch {
    // The reads of the opening say what is damaged.
    return undefined;
  }
}

/** The answers of reads that did not fail. */
async function answersOf(
  core: BackendCore,
  reads: readonly ReadCall[],
): Promise<ReadonlyMap<string, unknown>> {
  const asked = reads.map(([method, args]) => callRead(core, method, args) as Promise<unknown>);
  const answers = new Map<string, unknown>();
  for (const [index, result] of (await Promise.allSettled(asked)).entries()) {
    if (result.status === "fulfilled") answers.set(keyOfRead(reads[index] as ReadCall), result.value);
  }
  return answers;
}

/** All of them at once: none is left that fails without a handler. */
async function seenOf(
  owner: Promise<SeenAccount["owner"]>,
  device: Promise<SeenAccount["device"]>,
  answers: Promise<SeenAccount["answers"]>,
): Promise<SeenAccount> {
  const [theOwner, theDevice, theAnswers] = await Promise.all([owner, device, answers]);
  return { owner: theOwner, device: theDevice, answers: theAnswers };
}

/** A read that waits for its rows. */
interface Waiting {
  resolve(rows: readonly (readonly SqlValue[])[]): void;
  reject(error: Error): void;
}

/** Keeps the statements of reads that begin, until they are answered together. Later ones go through. */
class GatheringDriver implements SqlDriver {
  readonly statements: SqlStatement[] = [];
  readonly #driver: SqlDriver;
  #waiting: Waiting[] | undefined = [];

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  get limits(): SqlDriver["limits"] {
    return this.#driver.limits;
  }

  get durable(): boolean {
    return this.#driver.durable;
  }

  query(...[sql, params, onlyFirst]: Parameters<SqlDriver["query"]>): ReturnType<SqlDriver["query"]> {
    const waiting = this.#waiting;
    if (waiting === undefined) return this.#driver.query(sql, params, onlyFirst);
    this.statements.push({ sql, params });
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  batch(...args: Parameters<SqlDriver["batch"]>): ReturnType<SqlDriver["batch"]> {
    return this.#driver.batch(...args);
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  /** Answers the statements in their order. */
  answer(results: readonly SqlResult[]): void {
    for (const [index, waiting] of (this.#waiting ?? []).entries()) {
      const result = results[index];
      if (result === undefined) waiting.reject(new BackendError("read: a statement was not answered"));
      else waiting.resolve(result.rows);
    }
    this.#waiting = undefined;
  }
}

/** A driver whose commits may carry statements of reads behind their own. */
class AlongDriver implements SqlDriver {
  readonly #driver: SqlDriver;
  #gathering: GatheringDriver | undefined;
  /** Answers the first look for the account. */
  #found: SqlResult["rows"] | undefined;

  constructor(driver: SqlDriver, found: SqlResult["rows"] | undefined) {
    this.#driver = driver;
    this.#found = found;
  }

  get limits(): SqlDriver["limits"] {
    return this.#driver.limits;
  }

  get durable(): boolean {
    return this.#driver.durable;
  }

  async query(...args: Parameters<SqlDriver["query"]>): ReturnType<SqlDriver["query"]> {
    const found = args[0] === FIND ? this.#found : undefined;
    if (found === undefined) return await this.#driver.query(...args);
    this.#found = undefined;
    return found;
  }

  async batch(...[statements, joins]: Parameters<SqlDriver["batch"]>): Promise<readonly SqlResult[]> {
    const gathering = this.#gathering;
    // The account is registered before the commit.
    if (gathering === undefined || statements[0]?.sql === REGISTER) {
      return await this.#driver.batch(statements, joins);
    }
    const results = await this.#driver.batch([...statements, ...gathering.statements], joins);
    gathering.answer(results.slice(statements.length));
    this.#gathering = undefined;
    return results.slice(0, statements.length);
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  /** Commits with reads along. */
  async during(
    commit: () => Promise<number[]>,
    reads: readonly ReadCall[],
    coreOver: FarOpening["coreOver"],
  ): Promise<readonly [changed: number[], answers: ReadonlyMap<string, unknown>]> {
    const gathering = new GatheringDriver(this.#driver);
    const answers = answersOf(coreOver(gathering), reads);
    this.#gathering = gathering;
    try {
      const changed = await commit();
      return [changed, await answers];
    } finally {
      this.#gathering = undefined;
    }
  }
}
