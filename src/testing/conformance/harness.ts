import type { Backend } from "../../backend/mod.ts";
import type { FakeClock } from "../fake_clock.ts";

/**
 * Requirements of a case beyond the plain contract. The first three are capabilities of the backend, the
 * others of the harness.
 *
 * - `atomicCommit`, `fencing`, `durableOnResolve`: the capability of the same name.
 * - `changedRows`: `commit` counts changed rows exactly.
 * - `failCommitAt`: a commit can be made to fail at one of its statements.
 * - `damage`: stored values can be damaged without the backend.
 * - `oracle`: a trusted backend is available for comparison.
 */
export type Requirement =
  | "atomicCommit"
  | "fencing"
  | "durableOnResolve"
  | "changedRows"
  | "failCommitAt"
  | "damage"
  | "oracle";

/** Stored values whose damage a backend must notice. */
export type DamagedValue = "identity" | "syncKey" | "syncVersion" | "deviceList" | "msgSecret" | "device";

/**
 * How a stored value is damaged. `undecodable`: it cannot be decoded. `wrong-length`: a key, hash or secret
 * in it has an invalid length.
 */
export type Damage = "undecodable" | "wrong-length";

/** The default account of `open`, `reopen` and `crash`. */
export const DEFAULT_ACCOUNT = "main";

/**
 * One empty database for one case, deleted after it.
 *
 * The backends that it opens share the database. Opening one account twice gives two independent backends, as
 * in two processes.
 */
export interface ConformanceHarness {
  /** The clock with which the backends of this harness stamp rows. */
  readonly clock: FakeClock;
  /** Opens a backend on the database. */
  open(account?: string): Promise<Backend>;
  /** Closes every backend opened so far, drops the process's memory of the database, and opens one again. */
  reopen(account?: string): Promise<Backend>;
  /**
   * Abandons every backend opened so far without closing it, as a crash would, and opens one again. The
   * abandoned ones must not write afterwards.
   */
  crash(account?: string): Promise<Backend>;
  /**
   * Makes the next commit of any backend fail at the statement with this index, counted from 0, after the
   * earlier ones took effect within their transaction. A commit with fewer statements succeeds. Either way
   * the fault is used up, unless the commit has no statement. Another call replaces the fault.
   */
  failCommitAt?(statementIndex: number): void;
  /**
   * Damages the stored value of one kind in every row of the account. Kinds without a fixed length
   * (`syncKey`, `deviceList`) are only requested as `undecodable`, those without an encoding (`identity`,
   * `msgSecret`) only as `wrong-length`.
   */
  damage?(account: string, value: DamagedValue, how: Damage): Promise<void>;
  /** Opens an empty, trusted backend with the same clock on a database of its own. */
  oracle?(): Promise<Backend>;
  /** Closes every open backend and deletes the database. */
  dispose(): Promise<void>;
}

/** A backend under test: its capabilities, and a way to create an empty database. */
export interface ConformanceTarget {
  /** The prefix of test names, for example `sqlite file`. */
  readonly name: string;
  /**
   * The requirements that it provides. The kit checks that they match the capabilities and the harness
   * exactly.
   */
  readonly provides: readonly Requirement[];
  /** Creates an empty database and its harness. */
  create(): Promise<ConformanceHarness>;
}

/** One rule of the backend contract, as data. */
export interface ConformanceCase {
  /** `<group>: <rule>`, unique. */
  readonly name: string;
  /** The case runs only on targets that provide all of these. */
  readonly requires?: readonly Requirement[];
  /** Throws when the rule does not hold. The harness is fresh, and the runner disposes of it. */
  run(harness: ConformanceHarness): Promise<void>;
}
