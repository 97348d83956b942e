import { adoptBackend, type Backend, type Device, type Write } from "../backend/mod.ts";
import { refuseUnsoundKey, unsoundPairOf } from "../device/mod.ts";
import { ArgumentTypeError, RefusedError, requireFunction, requireObject } from "../errors/mod.ts";
import { type Host, systemHost } from "../ports/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";
import { CommitChunks, countRows } from "./commit_chunks.ts";
import { burnedDevice, continued, isRecordPut, sends } from "./copied_chains.ts";
import { requireAsyncIterable } from "./require_parts.ts";
import { endImport, purgeRetired, type RetiredAccount } from "./retire.ts";
import { holdForImport, restingOwner, type TargetAccount } from "./target_account.ts";
import { tableOfWrite } from "./write_codec.ts";

/**
 * What becomes of the sending chains of an account that is imported.
 *
 * - `burn`: the original may go on. The first opening raises the restore epoch: no chain sends any more, and
 *   each peer is greeted anew.
 * - `originalIsStopped`: the original sends nothing any more, and has sent nothing since it was read. Chains
 *   go on at the bound of their lease, or 100 messages ahead where they have none. If it is not so, message
 *   keys are used twice.
 */
export type ImportedChains = "burn" | "originalIsStopped";

/** Options of every import. */
export interface ImportOptions {
  /**
   * `new` refuses where there is an account. `replace` retires it first, so that it can be brought back:
   * `undoRetirement` does so, and the import itself when it fails.
   */
  readonly mode: "new" | "replace";
  /** Days for which a replaced account can be brought back. With 0 it is erased. Defaults to 7. */
  readonly undoDays?: number | undefined;
  /** Clock, randomness and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Pick<Host, "clock" | "random" | "logger">> | undefined;
  /** Called after each commit with the number of rows that were stored so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** Options of `importRows`. */
export interface ImportRowsOptions extends ImportOptions {
  /** Whether chains of the source go on: see `ImportedChains`. */
  readonly chain: ImportedChains;
}

/**
 * Why rows are not as they were in the source.
 *
 * - `copy`: their chain is given up, since the original may go on. The row is as it was; the first opening
 *   closes it.
 * - `no-lease`: their chain goes on 100 messages ahead, since the source does not say how far it was used.
 * - `unreadable`: the record does not decode. It is stored as it is, and the first opening sets it aside.
 */
export interface ImportChange {
  /** The table of the rows. */
  readonly table: string;
  /** Number of rows that were changed for this reason. */
  readonly rows: number;
  /** The reason. */
  readonly why: "copy" | "no-lease" | "unreadable";
}

/** What an import has stored. */
export interface ImportReport {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** What is not as it was in the source. */
  readonly changes: readonly ImportChange[];
  /** The account that was replaced and can be brought back. */
  readonly replaced: RetiredAccount | undefined;
}

/**
 * Stores the rows of an account that is not there yet. It cannot be opened before all of them are stored: the
 * last commit stores the device and lets it be opened. An import that fails removes what it has stored; what
 * one that was killed has left is removed by the next one.
 *
 * Commits are bounded by rows, bytes and what the backend says, so that memory is bounded too.
 *
 * @param rows Writes in an order in which they can be committed. One of them saves the device.
 * @throws {RefusedError} When there is an account, the rows have no device, or a row is larger than the
 *   backend stores.
 * @throws {HeldError} When an account is being moved there or was moved from there.
 * @throws {FencedError} When another import has begun.
 * @throws {IncompatibleError} When the backend cannot fence.
 * @throws {TypeError | RangeError} When a write is malformed, or the device has unsound keys.
 */
export async function importRows(
  backend: Backend,
  rows: AsyncIterable<Write>,
  options: ImportRowsOptions,
): Promise<ImportReport> {
  adoptBackend("import account", backend);
  requireAsyncIterable("import account: rows", rows);
  requireObject("options", options);
  const { mode, chain, undoDays, onProgress } = options;
  if (mode !== "new" && mode !== "replace") throw new ArgumentTypeError("import account: no such mode");
  if (chain !== "burn" && chain !== "originalIsStopped")
    throw new ArgumentTypeError("import account: chain is neither burn nor originalIsStopped");
  if (onProgress !== undefined) requireFunction("onProgress", onProgress);
  const host = systemHost(options.host);
  const target = await holdForImport(backend, mode === "replace", { undoDays, host });
  const { held, accountId, replaced } = target;
  let report: Omit<ImportReport, "replaced">;
  try {
    report = await new RowImport(backend, target, { chain, onProgress, host }).run(rows);
  } catch (error) {
    // What is not removed here is removed by the next import, or by an undo.
    if (replaced === undefined)
      await attempt(host, "what was stored was not removed", () => held.erase(accountId));
    else {
      const { id } = replaced.kept;
      const bringBack = (): Promise<void> => held.end((owner) => endImport(backend, owner, id));
      await attempt(host, "the account that was there is still retired", bringBack);
    }
    throw error;
  }
  if (replaced?.isForGood !== true) return { ...report, replaced: replaced?.kept };
  const purge = (): Promise<number> => purgeRetired(backend, replaced.kept.id);
  await attempt(host, "what was replaced is deleted later", purge);
  return { ...report, replaced: undefined };
}

/** Cleans up after a failure, which is the one to be told of. */
async function attempt({ logger }: Host, state: string, clean: () => Promise<unknown>): Promise<void> {
  try {
    await clean();
  } catch (failure) {
    const { code, message } = summarizeError(failure);
    logger.log("warn", `import account: ${state}`, { code, error: message });
  }
}

interface RowImportOptions extends Pick<ImportRowsOptions, "chain" | "onProgress"> {
  readonly host: Host;
}

/** One import into a held account. */
class RowImport {
  readonly #target: TargetAccount;
  readonly #options: RowImportOptions;
  readonly #chunks: CommitChunks;
  readonly #rows = new Map<string, number>();
  readonly #changes = new Map<string, ImportChange>();
  #stored = 0;
  #device: Device | undefined;

  constructor(backend: Backend, target: TargetAccount, options: RowImportOptions) {
    this.#target = target;
    this.#options = options;
    this.#chunks = new CommitChunks(backend.capabilities);
  }

  async run(rows: AsyncIterable<Write>): Promise<Omit<ImportReport, "replaced">> {
    const { held } = this.#target;
    const { onProgress, host } = this.#options;
    for await (const row of rows) {
      if (row.kind === "device.save") {
        this.#device = row.device;
        continue;
      }
      for (const chunk of this.#chunks.add(this.#prepared(row))) {
        await held.commit(chunk);
        onProgress?.(this.#stored);
      }
      this.#count(row);
    }
    const device = this.#preparedDevice();
    await held.pass(restingOwner(host.random), [...this.#chunks.take(), { kind: "device.save", device }]);
    this.#rows.set("device", 1);
    onProgress?.(this.#stored + 1);
    return { rows: Object.fromEntries(this.#rows), changes: [...this.#changes.values()] };
  }

  #prepared(row: Write): Write {
    if (row.kind.startsWith("account.") && row.kind !== "account.clear")
      throw new RefusedError("import account: the source deletes or moves accounts");
    if (!isRecordPut(row)) return row;
    const { chain, host } = this.#options;
    if (chain === "burn") {
      const isSending = sends(row);
      if (isSending !== false) this.#changed(row, isSending === undefined ? "unreadable" : "copy");
      return row;
    }
    const { write, outcome } = continued(row, this.#device, host.random);
    if (outcome === "ahead") this.#changed(row, "no-lease");
    if (outcome === "unreadable") this.#changed(row, "unreadable");
    return write;
  }

  /** @throws {RefusedError | RangeError} When the source has no device, or one with unsound keys. */
  #preparedDevice(): Device {
    const device = this.#device;
    if (device === undefined) throw new RefusedError("import account: the source has no device");
    refuseUnsoundKey("import account", unsoundPairOf(device));
    return this.#options.chain === "burn" ? burnedDevice(device) : device;
  }

  #count(row: Write): void {
    const table = tableOfWrite(row);
    const rows = countRows(row);
    this.#stored += rows;
    this.#rows.set(table, (this.#rows.get(table) ?? 0) + rows);
  }

  #changed(row: Write, why: ImportChange["why"]): void {
    const table = tableOfWrite(row);
    const key = `${table} ${why}`;
    this.#changes.set(key, { table, why, rows: (this.#changes.get(key)?.rows ?? 0) + 1 });
  }
}
