import type { Backend } from "../../backend/mod.ts";
import type { FakeClock } from "../fake_clock.ts";

/**
 * What a case may need beyond the plain contract. The first three are capabilities of the backend, the others
 * powers of the harness.
 *
 * - `atomicCommit`, `fencing`, `durableOnResolve`: the capability of the same name.
 * - `changedRows`: `commit` counts changed rows exactly.
 * - `failCommitAt`: a commit can be made to fail at one of its statements.
 * - `damage`: stored values can be damaged behind the backend's back.
 * - `oracle`: there is another, trusted backend to compare with.
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
 * How a stored value is damaged. `undecodable`: it cannot be understood at all. `wrong-length`: a key, hash
 * or secret in it has a length that no valid one has.
 */
export type Damage = "undecodable" | "wrong-length";

/** The account that `open`, `reopen` and `crash` mean when none is named. */
export const DEFAULT_ACCOUNT = "main";

/**
 * One empty database, made for one case and thrown away after it.
 *
 * Backends that it opens share the database and differ in account. Opening one account twice gives two
 * independent backends, as two processes would have.
 */
export interface ConformanceHarness {
  /** The clock by which the backends of this harness stamp rows. */
  readonly clock: FakeClock;
  /** Opens a backend on the database. */
  open(account?: string): Promise<Backend>;
  /**
   * Closes every backend opened so far, drops what the process remembers of the database, and opens one
   * again.
   */
  reopen(account?: string): Promise<Backend>;
  /**
   * Abandons every backend opened so far without closing it, as a crash would, and opens one again. Nothing
   * of the abandoned ones may be written afterwards.
   */
  crash(account?: string): Promise<Backend>;
  /**
   * Makes the next commit of any backend fail at the statement with this index, counted from 0, after the
   * earlier ones took effect within their transaction. A commit with fewer statements succeeds. Either way
   * the fault is used up, unless the commit has no statement at all. Calling it again replaces the fault
   * before.
   */
  failCommitAt?(statementIndex: number): void;
  /**
   * Damages the stored value of one kind in every row that the account has of it. Kinds without a fixed
   * length are only ever asked for as `undecodable` (`syncKey`, `deviceList`), those without an encoding only
   * as `wrong-length` (`identity`, `msgSecret`).
   */
  damage?(account: string, value: DamagedValue, how: Damage): Promise<void>;
  /** Opens an empty, trusted backend with the same clock on a database of its own. */
  oracle?(): Promise<Backend>;
  /** Closes whatever is open and deletes the database. */
  dispose(): Promise<void>;
}

/** A backend as the kit sees it: what it can do, and how to make an empty database of it. */
export interface ConformanceTarget {
  /** Names it in test names, for example `sqlite file`. */
  readonly name: string;
  /** What it can do. The kit checks that capabilities and harness agree with it, both ways. */
  readonly provides: readonly Requirement[];
  /** Makes an empty database and whatever is needed to open it. */
  create(): Promise<ConformanceHarness>;
}

/** One rule that every backend keeps, as data. */
export interface ConformanceCase {
  /** `<group>: <rule>`, unique. */
  readonly name: string;
  /** The case runs only on targets that provide all of these. */
  readonly requires?: readonly Requirement[];
  /** Throws when the rule does not hold. The harness is fresh, and the runner disposes of it. */
  run(harness: ConformanceHarness): Promise<void>;
}
