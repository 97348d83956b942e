import { adoptBackend, type Backend, validateWrite, type Write } from "../backend/mod.ts";
import { RefusedError, requireObject } from "../errors/mod.ts";
import { type ImportRowsOptions, importRows } from "../transfer/mod.ts";
import type { ForeignState, OpenedState, ReadingOptions } from "./foreign_state.ts";
import { type ForeignReport, Tally } from "./report.ts";

/** Options of an import. */
export interface ForeignImportOptions
  extends ReadingOptions,
    Partial<Omit<ImportRowsOptions, "chain" | "mode">> {
  /**
   * What becomes of the sending chains.
   *
   * - `burn`: the source may send again, or is a copy. Sessions that could repeat a key are set up anew.
   * - `originalIsStopped`: the other client is stopped and never starts again on this state. Chains continue
   *   some messages ahead of what is stored, because a client may have sent more than it stored.
   */
  readonly chain: ImportRowsOptions["chain"];
  /** `replace` takes the place of an account that exists, which is retired. Defaults to `new`. */
  readonly mode?: ImportRowsOptions["mode"] | undefined;
  /** Reads and converts everything and stores nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

/** Imports a foreign state as the account of a backend. */
export async function importForeign(
  backend: Backend,
  state: ForeignState,
  options: ForeignImportOptions,
): Promise<ForeignReport> {
  const adopted = adoptBackend("import account", backend);
  requireObject("import account: options", options);
  const { chain, mode = "new", dryRun = false } = options;
  const tally = new Tally();
  const opened = await state.open(tally, options);
  const writes = new CheckedRows(adopted, opened, tally);
  if (dryRun) for await (const _write of writes.all());
  else await importRows(adopted, writes.all(), { ...options, mode, chain });
  return {
    state: state.source,
    isDryRun: dryRun,
    pn: opened.device.pn,
    kinds: tally.kinds,
    skipped: tally.skipped,
    writes: writes.count,
  };
}

/** The writes of a state that a backend accepts. */
class CheckedRows {
  count = 0;
  readonly #backend: Backend;
  readonly #opened: OpenedState;
  readonly #tally: Tally;

  constructor(backend: Backend, opened: OpenedState, tally: Tally) {
    this.#backend = backend;
    this.#opened = opened;
    this.#tally = tally;
  }

  async *all(): AsyncIterable<Write> {
    yield this.#counted({ kind: "device.save", device: this.#opened.device });
    let last = "";
    for await (const { kind, name, write } of this.#opened.rows()) {
      const isFirst = last !== `${kind}\n${name}`;
      last = `${kind}\n${name}`;
      if (!this.#isAccepted(write)) {
        this.#tally.skip(kind, "rejected", name);
        continue;
      }
      if (isFirst) this.#tally.converted(kind);
      yield this.#counted(write);
    }
  }

  #counted(write: Write): Write {
    this.count += 1;
    return write;
  }

  #isAccepted(write: Write): boolean {
    try {
      validateWrite(write, this.#backend.capabilities);
      return true;
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError || error instanceof RefusedError)
        return false;
      throw error;
    }
  }
}
