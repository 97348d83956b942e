import { hexOf } from "../../bytes/mod.ts";
import { FencedError } from "../../errors/mod.ts";
import { type Clock, type Logger, type Random, systemClock, systemRandom } from "../../ports/mod.ts";
import type { SqlResult, SqlStatement, SqlValue } from "../sqlite/mod.ts";
import { type FileLook, isSameFile, lookAt, provesBirth } from "./file_look.ts";
import { creation, type FileRow, fileRowOf, HAS_TABLE, raise, restore, SELECT } from "./file_row.ts";
import type { HostFiles } from "./host_modules.ts";
import { LogFile } from "./log_file.ts";
import { WitnessFile } from "./witness_file.ts";
import type { WitnessSlot } from "./witness_slot.ts";

/** Least time between two raises of the pair that go with commits. A checkpoint causes one at once. */
const RAISE_MS = 1_000;

/** Tries to raise the restore epoch against other processes that open the same file. */
const MAX_TRIES = 16;

/**
 * Checkpoints that are tried to prove the birth time of a file that may be a copy. In each SQLite waits for
 * the connections that hold it up.
 */
const PROOF_TRIES = 5;

const NS_PER_MS = 1_000_000n;

/** The part of the connection that a check uses. */
export interface CheckedConnection {
  query(sql: string, params: readonly SqlValue[]): Promise<SqlValue[][]>;
  /** As a batch, without a raise of the pair. */
  apply(statements: readonly SqlStatement[]): Promise<readonly SqlResult[]>;
  checkpoint(): Promise<void>;
}

/** Options of a `DatabaseFile`. */
export interface DatabaseFileOptions {
  readonly path: string;
  /** `undefined` where the host has no files. Nothing is compared and no witness is kept then. */
  readonly files: HostFiles | undefined;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** Options of `DatabaseFile.check`. */
export interface FileCheckOptions {
  /** Whether the user says that the file was moved with its witness, and the original is not used. */
  readonly originalIsStopped?: boolean | undefined;
}

/**
 * The file behind one connection: notices a copy when it is opened, and a replacement while it is open.
 *
 * Beside the file stands a witness. Both have the id of the database and a pair of a counter and a random
 * part. The pair is raised in the database with commits that happen anyway, and written to the witness after
 * the commit. So the pair of a database is never below that of its witness, unless the file is an older copy,
 * or went another way since the pair was written.
 */
export class DatabaseFile {
  readonly log: LogFile;
  readonly #options: DatabaseFileOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #witness: WitnessFile | undefined;
  /** The file that the connection opened; `undefined` while it is not known, or cannot be recognised. */
  #first: FileLook | undefined;
  #latest: FileLook | undefined;
  /** Whether the birth time counts; `undefined` while that is not known. */
  #isBirthProven: boolean | undefined;
  /**
   * The witness's slot of the original, while it could not be told whether this file is a copy of that. What
   * the slot says of the original is kept in later ones, so that a later check can tell.
   */
  #original: WitnessSlot | undefined;
  #isConnected = false;
  #replaced: FencedError | undefined;
  /** The newest pair of this process. */
  #known: FileRow | undefined;
  #hasTable = false;
  /** Whether pairs are raised: from the first check on, if the witness can be kept. */
  #isWatching = false;
  #isDue = true;
  #raisedAtMs = 0;
  #modifiedAtRaiseNs = 0n;
  /** Whether something was committed after the last raise. */
  #isAhead = false;
  #checking: Promise<unknown> = Promise.resolve();

  constructor(options: DatabaseFileOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    const { files, path } = options;
    this.log = new LogFile(files, path);
    this.#witness = files && new WitnessFile(files, path);
  }

  /** The error of every later commit, since the file was found to be replaced or deleted. */
  get replaced(): FencedError | undefined {
    return this.#replaced;
  }

  get path(): string {
    return this.#options.path;
  }

  /**
   * Whether the file at the path is another one than the connection has open, or is gone. Refuses nothing,
   * unlike `requireSame`.
   */
  isElsewhere(): boolean {
    return this.#replaced !== undefined || this.#findChange() !== undefined;
  }

  /** As `requireSame`. @returns Whether the file was replaced or deleted. */
  refuseReplaced(): boolean {
    try {
      this.requireSame();
      return false;
    } catch {
      return true;
    }
  }

  /**
   * Must be called after each opening of the connection. Remembers the file at the first one.
   *
   * @throws {FencedError} When another file is at the path since.
   */
  connected(): void {
    if (this.#isConnected) {
      this.requireSame();
      return;
    }
    this.#isConnected = true;
    const look = this.#look();
    if (look === undefined || look === "absent") return;
    this.#latest = look;
    const again = this.#look();
    // Some file systems give a file another inode at each look.
    if (again !== undefined && again !== "absent" && isSameFile(look, again)) this.#first = look;
  }

  /**
   * Compares the file at the path with the one that the connection has open: device and inode, and the birth
   * time where it is proven. A difference counts when a second look sees the same.
   *
   * @throws {FencedError} When the file was replaced or deleted, and from then on.
   */
  requireSame(): void {
    if (this.#replaced !== undefined) throw this.#replaced;
    const change = this.#findChange();
    if (change !== undefined) throw this.#poison(change);
  }

  /**
   * The statements that raise the pair, when that is due. They go to the end of a batch.
   *
   * @throws {FencedError} When the file was replaced or deleted.
   */
  before(): readonly SqlStatement[] {
    this.requireSame();
    if (!this.#isWatching) return [];
    const sinceMs = Math.abs(this.#clock.nowMs() - this.#raisedAtMs);
    // A checkpoint writes the file, so a copy of the file alone must be older than the witness at once.
    const isDue = this.#isDue || sinceMs >= RAISE_MS || this.#latest?.modifiedNs !== this.#modifiedAtRaiseNs;
    if (isDue) return this.#raise();
    this.#isAhead = true;
    return [];
  }

  /** Takes the answers to the statements of `before`, after their batch is durable. */
  after(results: readonly SqlResult[]): void {
    const cells = results.at(-1)?.rows[0];
    if (cells === undefined) return;
    try {
      this.#raised(fileRowOf(cells));
    } catch (error) {
      this.#giveUp("the pair cannot be raised", error);
    }
  }

  /**
   * The statements of a last raise before the connection rests: something was committed since the last one.
   */
  beforeRest(): readonly SqlStatement[] {
    return this.#isWatching && this.#isAhead && !this.isElsewhere() ? this.#raise() : [];
  }

  /** Closes the witness, until the next check. */
  rest(): void {
    this.#isWatching = false;
    this.#isDue = true;
    this.#known = undefined;
    this.#witness?.close();
  }

  /**
   * Compares the database with its witness. When the file is an older or a forked copy, raises the restore
   * epoch of all its accounts. From then on commits raise the pair.
   *
   * @returns The row of the file. `undefined` while it has none.
   * @throws {CorruptError} When the row is damaged.
   * @throws {BusyError | BackendError | FencedError}
   */
  check(connection: CheckedConnection, options: FileCheckOptions = {}): Promise<FileRow | undefined> {
    const turn = this.#checking.then(() => this.#check(connection, options));
    this.#checking = turn.catch(() => {});
    return turn;
  }

  async #check(connection: CheckedConnection, options: FileCheckOptions): Promise<FileRow | undefined> {
    for (let tries = 1; ; tries += 1) {
      // The witness first: other processes raise the pair in the database before the witness.
      const slots = this.#readWitness();
      const row = await this.#readRow(connection);
      try {
        const current = row && (await this.#compare(connection, row, slots ?? [], options));
        // A row that another process has created is raised, too.
        if (current !== undefined) this.#known ??= current;
        this.#isWatching = slots !== undefined && this.#latest !== undefined;
        return current;
      } catch (error) {
        // Another process has raised the pair since it was read.
        if (!(error instanceof FencedError) || this.#replaced !== undefined || tries === MAX_TRIES)
          throw error;
      }
    }
  }

  /** The row, with more restores when the file is a copy. @throws {FencedError} When the pair has changed. */
  async #compare(
    connection: CheckedConnection,
    row: FileRow,
    slots: readonly WitnessSlot[],
    options: FileCheckOptions,
  ): Promise<FileRow> {
    const seen = newestOf(slots, row.database);
    if (seen === undefined) return row;
    if (isBehind(row, seen)) {
      // Accounts that are open over this connection have read from the file as it was before.
      if (this.#known !== undefined) throw this.#poison("replaced");
      const counter = Math.max(row.counter, seen.counter) + 1;
      return await this.#restore(connection, row, counter, "an older or a forked copy");
    }
    if (!this.#mayBeCopied(seen)) {
      this.#original = undefined;
      return row;
    }
    if (options.originalIsStopped === true) {
      this.#options.logger.log("info", "open database: the file was moved with its witness", this.#fields());
      this.#original = undefined;
      return row;
    }
    const proven = await this.#proveBirth(connection, row);
    if (proven === undefined) {
      if (this.#isBirthProven === undefined) this.#suspect(seen);
      else this.#original = undefined;
      return row;
    }
    return await this.#restore(
      connection,
      proven,
      proven.counter + 1,
      "a copy that was made with its witness",
    );
  }

  /** Whether the birth times say that the file is a copy, if that of this file counts, too. */
  #mayBeCopied(seen: WitnessSlot): boolean {
    const bornNs = this.#first?.bornNs ?? 0n;
    if (seen.bornNs === 0n || bornNs === 0n || this.#isBirthProven === false) return false;
    if (seen.bornNs === bornNs) {
      this.#isBirthProven = true;
      return false;
    }
    return bornNs / NS_PER_MS > BigInt(seen.changedMs);
  }

  /**
   * Writes the file. Other connections that read it may hold that up, so it is tried some times.
   *
   * @returns The row if the birth time stayed. The witness is not written yet.
   */
  async #proveBirth(connection: CheckedConnection, row: FileRow): Promise<FileRow | undefined> {
    const pair = { counter: row.counter + 1, random: this.#draw(8) };
    const results = await connection.apply(restore(row, pair, 0));
    // The device is read soon after the file was checked: it need not wait as long again.
    const maxTries = this.#original === undefined ? PROOF_TRIES : 1;
    for (let tries = 0; tries < maxTries && this.#isBirthProven === undefined; tries += 1) {
      await connection.checkpoint();
      this.requireSame();
    }
    return this.#isBirthProven === true ? fileRowOf(results.at(-1)?.rows[0]) : undefined;
  }

  /** The birth time is not proven. Later checks ask again. */
  #suspect(original: WitnessSlot): void {
    const isKnown = this.#original !== undefined;
    this.#original = original;
    if (isKnown) return;
    this.#options.logger.log(
      "warn",
      "open database: the file may be a copy, which cannot be told while other programs read it: close them " +
        "and open it again, with originalIsStopped if it was moved",
      this.#fields(),
    );
  }

  /** Raises the restore epoch of all accounts of the file with the new pair, then writes the witness. */
  async #restore(
    connection: CheckedConnection,
    row: FileRow,
    counter: number,
    reason: string,
  ): Promise<FileRow> {
    const results = await connection.apply(restore(row, { counter, random: this.#draw(8) }, 1));
    const raised = fileRowOf(results.at(-1)?.rows[0]);
    this.#known = undefined;
    this.#original = undefined;
    this.#raised(raised);
    this.#options.logger.log("warn", `open database: the file is ${reason}, no message key is used again`, {
      ...this.#fields(),
      restores: raised.restores,
    });
    return raised;
  }

  /** `undefined` when the host cannot keep a witness. */
  #readWitness(): WitnessSlot[] | undefined {
    try {
      return this.#witness?.read();
    } catch (error) {
      this.#giveUp("the witness cannot be read", error);
      return undefined;
    }
  }

  async #readRow(connection: CheckedConnection): Promise<FileRow | undefined> {
    if (!this.#hasTable) this.#hasTable = (await connection.query(HAS_TABLE, []))[0]?.[0] === 1;
    if (!this.#hasTable) return undefined;
    const [cells] = await connection.query(SELECT, []);
    return cells && fileRowOf(cells);
  }

  #raise(): SqlStatement[] {
    const created = this.#known === undefined ? creation(this.#draw(16)) : [];
    return [...created, raise(this.#draw(8))];
  }

  #raised(row: FileRow): void {
    const known = this.#known;
    if (known?.database !== undefined && (known.database !== row.database || row.counter <= known.counter)) {
      // The file went back under this connection. The witness keeps what it has, for the next opening.
      this.#poison("replaced");
      return;
    }
    this.#known = row;
    this.#hasTable = true;
    this.#isDue = false;
    this.#isAhead = false;
    this.#raisedAtMs = this.#clock.nowMs();
    const look = this.#latest;
    if (look === undefined) return;
    this.#modifiedAtRaiseNs = look.modifiedNs;
    const changedNs = look.changedNs > look.modifiedNs ? look.changedNs : look.modifiedNs;
    const { database, counter, random } = row;
    const { device, inode } = look;
    const seen = {
      bornNs: this.#isBirthProven === true ? look.bornNs : 0n,
      changedMs: Number(changedNs / NS_PER_MS),
    };
    const { bornNs, changedMs } = this.#original ?? seen;
    try {
      this.#witness?.write({ database, counter, random, device, inode, bornNs, changedMs });
    } catch (error) {
      this.#giveUp("the witness cannot be written", error);
    }
  }

  /** Goes on without a witness. */
  #giveUp(what: string, error: unknown): void {
    this.#isWatching = false;
    this.#witness?.close();
    const code = (error as { readonly code?: unknown } | null)?.code;
    this.#options.logger.log("warn", `database: ${what}, copies of the file are not noticed`, {
      ...this.#fields(),
      code: typeof code === "string" ? code : undefined,
    });
  }

  #poison(what: "deleted" | "replaced"): FencedError {
    this.#replaced ??= new FencedError(
      what === "deleted"
        ? "use database: the file was deleted while it was open, restore a backup and open the account again"
        : "use database: the file was replaced while it was open, open the account again",
    );
    this.#options.logger.log("error", `database: the file was ${what} while it was open`, this.#fields());
    return this.#replaced;
  }

  #look(): FileLook | "absent" | undefined {
    const { files, path } = this.#options;
    return files && lookAt(files, path);
  }

  /** What has become of the file. A difference counts when a second look sees the same. */
  #findChange(): "deleted" | "replaced" | undefined {
    if (this.#first === undefined) return undefined;
    const look = this.#look();
    if (look === undefined) return undefined;
    if (look !== "absent" && this.#isFirst(look)) {
      this.#observe(look);
      return undefined;
    }
    const again = this.#look();
    const agrees =
      look === "absent" || again === "absent" || again === undefined
        ? look === again
        : isSameFile(look, again) && look.bornNs === again.bornNs;
    if (!agrees) return undefined;
    return look === "absent" ? "deleted" : "replaced";
  }

  #isFirst(look: FileLook): boolean {
    const first = this.#first;
    if (first === undefined || !isSameFile(first, look)) return false;
    return this.#isBirthProven !== true || first.bornNs === look.bornNs;
  }

  #observe(look: FileLook): void {
    this.#latest = look;
    const first = this.#first;
    if (first === undefined || this.#isBirthProven !== undefined) return;
    if (first.bornNs !== look.bornNs) this.#isBirthProven = false;
    else if (provesBirth(first, look)) this.#isBirthProven = true;
  }

  #draw(bytes: number): string {
    return hexOf(this.#random.bytes(bytes));
  }

  #fields(): { readonly path: string } {
    return { path: this.#options.path };
  }
}

/** Whether a database is older than its witness, or has another pair of the same number. */
function isBehind(row: FileRow, seen: WitnessSlot): boolean {
  return row.counter < seen.counter || (row.counter === seen.counter && row.random !== seen.random);
}

function newestOf(slots: readonly WitnessSlot[], database: string): WitnessSlot | undefined {
  let newest: WitnessSlot | undefined;
  for (const slot of slots) {
    if (slot.database === database && (newest === undefined || slot.counter > newest.counter)) newest = slot;
  }
  return newest;
}
