import {
  type AccountHold,
  adoptBackend,
  type Backend,
  holdOf,
  listAllRows,
  type OwnerState,
  ownerOfHold,
  refuseHeld,
  refuseSealed,
  type Write,
} from "../backend/mod.ts";
import { sameBytes } from "../bytes/mod.ts";
import { ArgumentTypeError, HeldError, RefusedError, requireFunction, requireObject } from "../errors/mod.ts";
import { type Host, systemHost } from "../ports/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";
import { CommitChunks, countRows } from "./commit_chunks.ts";
import { burnedDevice } from "./copied_chains.ts";
import { HeldAccount } from "./held_account.ts";
import { newHoldId } from "./new_hold_id.ts";
import { encodeRecord } from "./records.ts";
import { RowDigest } from "./row_digest.ts";
import { occupantOf, restingOwner } from "./target_account.ts";
import { tableOfWrite } from "./write_codec.ts";

/** Options of a move. */
export interface AccountMoveOptions {
  /** Randomness and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Pick<Host, "random" | "logger">> | undefined;
  /** Called after each commit with the number of rows that were stored so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** What a move has brought to its target. */
export interface AccountMoveReport {
  /** Rows by table. Empty when the move only had to be finished. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Moves an account from one backend to another, where it goes on exactly: no chain is given up, and no key is
 * skipped that the source does not skip at its own next opening. Close the account first, so that it skips
 * none; a process that has it open is fenced.
 *
 * 1. The source is held as `moving`, with a random id.
 * 2. The rows are stored in the target, which is held as `arriving` with the same id, and compared.
 * 3. The source is held as `moved`. This is the point of no return.
 * 4. The target may be opened.
 *
 * At most one side opens at any time. A move that fails before step 3 is aborted. One that was killed, or
 * fails later, is finished by `resumeMove`, or before step 3 ended by `abortMove`. The source keeps its rows.
 *
 * @throws {RefusedError} When there is no account to move, the target has one, or a row is larger than the
 *   target stores.
 * @throws {HeldError} When an account is being imported or moved at either side.
 * @throws {FencedError} When another process moves the account.
 * @throws {IncompatibleError} When a backend cannot fence.
 * @throws {CorruptError} When a row of the source is damaged.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 * import { moveAccount } from "@holdfast/store/transfer";
 *
 * const [from, to] = [new MemoryDatabase(), new MemoryDatabase()];
 * await (await openAccount({ backend: memoryBackend({ database: from }) })).close();
 * await moveAccount(memoryBackend({ database: from }), memoryBackend({ database: to }));
 * await (await openAccount({ backend: memoryBackend({ database: to }) })).close();
 * ```
 */
export async function moveAccount(
  from: Backend,
  to: Backend,
  options: AccountMoveOptions = {},
): Promise<AccountMoveReport> {
  const ends = endsOf(from, to, options);
  const { owner, isAccount } = await occupantOf(from);
  refuseSealed("move account", { owner });
  if (!isAccount || !(await from.exists())) {
    refuseHeld("move account", owner?.owner);
    throw new RefusedError("move account: there is no account");
  }
  await requireRoom(ends, undefined);
  const id = newHoldId(ends.host.random);
  const source = await HeldAccount.enter(from, { state: "moving", id }, owner);
  return await carry(ends, source, id);
}

/**
 * Finishes a move that was interrupted, from whatever step it had reached. Finishing a finished move changes
 * nothing.
 *
 * @throws {RefusedError} When no move is under way, or `to` is not the place to which it goes.
 * @throws As `moveAccount`.
 */
export async function resumeMove(
  from: Backend,
  to: Backend,
  options: AccountMoveOptions = {},
): Promise<AccountMoveReport> {
  const ends = endsOf(from, to, options);
  const owner = await from.readOwner();
  const hold = holdOf(owner?.owner);
  if (owner === undefined || hold === undefined || !isLeaving(hold))
    throw new RefusedError("resume move: no move from this place is under way");
  if (hold.state === "moved") return await finish(ends, hold.id);
  await requireRoom(ends, hold.id);
  return await carry(ends, await fencedSource(from, owner, hold), hold.id);
}

/** Options of `abortMove`. */
export interface AbortMoveOptions {
  /**
   * Aborts without asking the target, of which nothing is known then: the next opening of the source gives up
   * every chain.
   */
  readonly force?: boolean | undefined;
  /** Randomness. Defaults to the host's own. */
  readonly host?: Partial<Pick<Host, "random">> | undefined;
}

/**
 * Ends a move that was interrupted: what is in the target is deleted, then the source may be opened again,
 * and goes on exactly.
 *
 * @param to The target; `undefined` with `force`, when it cannot be asked.
 * @throws {HeldError} When the account was moved already: resume the move.
 * @throws {RefusedError} When no move from this place is under way.
 */
export async function abortMove(
  from: Backend,
  to: Backend | undefined,
  options: AbortMoveOptions = {},
): Promise<void> {
  adoptBackend("abort move", from);
  if (to !== undefined) adoptBackend("abort move", to);
  requireObject("options", options);
  const { force = false } = options;
  const { random } = systemHost(options.host);
  if (to === undefined && !force)
    throw new ArgumentTypeError("abort move: name the target, or choose force when it cannot be asked");
  const owner = await from.readOwner();
  const hold = holdOf(owner?.owner);
  if (owner === undefined || hold === undefined || !isLeaving(hold))
    throw new RefusedError("abort move: no move from this place is under way");
  if (hold.state === "moved") {
    throw new HeldError("abort move: the account was moved, resume the move and move it back", {
      state: "moved",
    });
  }
  const source = await fencedSource(from, owner, hold);
  if (to !== undefined) await voidArrival(to, hold.id);
  await source.pass(restingOwner(random), to === undefined ? await burnedSave(from) : []);
}

/** Both ends of a move, and what it needs. */
interface Ends extends Pick<AccountMoveOptions, "onProgress"> {
  readonly from: Backend;
  readonly to: Backend;
  readonly host: Host;
}

function endsOf(from: Backend, to: Backend, options: AccountMoveOptions): Ends {
  for (const end of [from, to]) adoptBackend("move account", end);
  requireObject("options", options);
  const { onProgress } = options;
  if (onProgress !== undefined) requireFunction("onProgress", onProgress);
  if (from === to) throw new ArgumentTypeError("move account: source and target are one backend");
  return { from, to, onProgress, host: systemHost(options.host) };
}

function isLeaving({ state }: AccountHold): boolean {
  return state === "moving" || state === "moved";
}

/**
 * The source of a move that is gone on with. Raising its epoch fences a process that may still carry it, so
 * that none but this one can pass the point of no return.
 */
async function fencedSource(from: Backend, owner: OwnerState, hold: AccountHold): Promise<HeldAccount> {
  const source = HeldAccount.resume(from, owner);
  await source.pass(ownerOfHold(hold));
  return source;
}

/** Steps 2 to 4. A failure before the point of no return aborts the move. */
async function carry(ends: Ends, source: HeldAccount, id: string): Promise<AccountMoveReport> {
  const { host } = ends;
  let target: HeldAccount;
  let report: AccountMoveReport;
  try {
    target = await holdTarget(ends, id);
    report = await copyRows(ends, target);
  } catch (error) {
    await abandon(ends, source, id);
    throw error;
  }
  await source.pass(ownerOfHold({ state: "moved", id }));
  await target.pass(restingOwner(host.random));
  return report;
}

/** Makes the source usable again, after a failure that is the one to be told of. */
async function abandon({ to, host }: Ends, source: HeldAccount, id: string): Promise<void> {
  try {
    await voidArrival(to, id);
    await source.pass(restingOwner(host.random));
  } catch (failure) {
    const { code, message } = summarizeError(failure);
    host.logger.log("warn", "move account: not aborted, resume or abort it", { code, error: message });
  }
}

/** The target of an account that was moved is let go. */
async function finish({ from, to, host }: Ends, id: string): Promise<AccountMoveReport> {
  const { owner, isAccount } = await occupantOf(to);
  const hold = holdOf(owner?.owner);
  if (owner !== undefined && hold?.state === "arriving" && hold.id === id) {
    await HeldAccount.resume(to, owner).pass(restingOwner(host.random));
    return { rows: {} };
  }
  if (isAccount && (await isSameIdentity(from, to))) return { rows: {} };
  throw new RefusedError("resume move: the account was moved to another place than this one");
}

/**
 * Checks that the target can take the account.
 *
 * @param id That of a move whose arrival may be there already.
 * @returns The hold that makes room there.
 * @throws {RefusedError | HeldError}
 */
async function requireRoom({ from, to }: Ends, id: string | undefined): Promise<OwnerState | undefined> {
  const { owner, isAccount } = await occupantOf(to);
  if (isAccount) throw new RefusedError("move account: the target has an account of this name");
  const hold = holdOf(owner?.owner);
  if (hold === undefined || hold.state === "importing") return owner;
  if (hold.state === "arriving" && hold.id === id) return owner;
  // An account may come back to where it was moved from.
  if (hold.state === "moved" && (await isSameIdentity(from, to))) return owner;
  refuseHeld("move account", owner?.owner);
  return owner;
}

/**
 * Holds the target, in place of what makes room there. Looks again, since an account may have been opened
 * there since.
 */
async function holdTarget(ends: Ends, id: string): Promise<HeldAccount> {
  const owner = await requireRoom(ends, id);
  await ends.to.create();
  return await HeldAccount.takeOver(ends.to, { state: "arriving", id }, owner);
}

/** Deletes what a move has brought to the target. What is of another move stays. */
async function voidArrival(to: Backend, id: string): Promise<void> {
  const owner = await to.readOwner();
  const hold = holdOf(owner?.owner);
  if (owner === undefined || hold?.state !== "arriving" || hold.id !== id) return;
  await HeldAccount.resume(to, owner).erase(await to.create());
}

/** Stores all rows and the device in the target, and compares the rows that both ends have. */
async function copyRows({ from, to, onProgress }: Ends, target: HeldAccount): Promise<AccountMoveReport> {
  const chunks = new CommitChunks(to.capabilities);
  const tables = new Map<string, number>();
  const digest = new RowDigest();
  let stored = 0;
  for await (const write of listAllRows(from)) {
    digest.add(encodeRecord({ kind: "row", write }));
    for (const chunk of chunks.add(write)) {
      await target.commit(chunk);
      onProgress?.(stored);
    }
    const table = tableOfWrite(write);
    tables.set(table, (tables.get(table) ?? 0) + countRows(write));
    stored += countRows(write);
  }
  const device = await from.load();
  if (device === undefined) throw new RefusedError("move account: there is no device");
  await target.commit([...chunks.take(), { kind: "device.save", device }]);
  onProgress?.(stored + 1);
  const arrived = new RowDigest();
  for await (const write of listAllRows(to)) arrived.add(encodeRecord({ kind: "row", write }));
  if (arrived.value !== digest.value)
    throw new RefusedError("move account: the target does not have what was stored in it");
  return { rows: { ...Object.fromEntries(tables), device: 1 } };
}

async function isSameIdentity(one: Backend, other: Backend): Promise<boolean> {
  const [a, b] = [await one.load(), await other.load()];
  return a !== undefined && b !== undefined && sameBytes(a.identityKey.publicKey, b.identityKey.publicKey);
}

async function burnedSave(backend: Backend): Promise<Write[]> {
  const device = await backend.load();
  return device === undefined ? [] : [{ kind: "device.save", device: burnedDevice(device) }];
}
