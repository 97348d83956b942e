import type { Sealing } from "../../backend/mod.ts";
import type { Clock, Logger } from "../../ports/mod.ts";

/** Options of a backend over a file, through the SQLite of the runtime. */
export interface SqliteFileBackendOptions {
  /** Path of the file, or `:memory:` (kept until the backend is closed). */
  readonly path: string;
  /** Name of the account. Defaults to `default`. Many accounts may share a database. */
  readonly account?: string | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
  /** Logs waits for other writers. Defaults to warnings on the console. */
  readonly logger?: Logger | undefined;
  /**
   * Says that the file was moved together with its witness (`<path>-witness`), and that nothing uses the
   * original any more. Otherwise a copy of both counts as a copy, whose keys the original may use. Defaults
   * to false.
   */
  readonly originalIsStopped?: boolean | undefined;
}
