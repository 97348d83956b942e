import {
  type AccountHold,
  adoptBackend,
  type Backend,
  CommitQueue,
  type Device,
  holdOf,
  type OwnerGuard,
  type OwnerState,
  ownerOfHold,
  type SetAsideAccount,
  type SetAsideScope,
  type Write,
} from "../backend/mod.ts";
import {
  FencedError,
  IncompatibleError,
  RefusedError,
  requireIntegerWithin,
  requireObject,
} from "../errors/mod.ts";
import { type Host, nowSeconds, systemHost } from "../ports/mod.ts";
import { burnedDevice } from "./copied_chains.ts";
import { keptRecords } from "./kept_records.ts";
import { newHoldId } from "./new_hold_id.ts";

/** Days for which an account can be brought back, by default. */
const UNDO_DAYS = 7;

const MAX_UNDO_DAYS = 365;

/** Bytes of the records, device lists and app state that are kept, by default. */
const MAX_KEPT_BYTES: number = 64 * 1_024 * 1_024;

const DAY_S = 86_400;

/** Holds while there is no account of the name. */
const NAME_IS_FREE: OwnerGuard = { owner: undefined, minEpoch: 0, maxEpoch: 0, withoutDevice: true };

/** Options of `retireAccount`. */
export interface RetireOptions {
  /** Days for which the account can be brought back, 0 … 365. With 0 it is erased. Defaults to 7. */
  readonly undoDays?: number | undefined;
  /**
   * Most bytes of sessions, sender keys, device lists, tokens and app state that are kept. With more of them
   * none is, and only the identity of the account stays: the device, pre-keys, sync keys, identities of peers
   * and LIDs. Defaults to 64 MiB.
   */
  readonly maxBytes?: number | undefined;
  /** Clock, random numbers and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Host> | undefined;
}

/** An account that was retired just now. */
export interface RetiredAccount extends SetAsideAccount {
  /** What `undoRetirement` brings back: `state` all but payloads and skipped keys, or the `identity` alone. */
  readonly keeps: SetAsideScope;
}

/**
 * Retires an account: its name is free afterwards, and `undoRetirement` brings it back for some days.
 * Payloads of messages, keys of skipped messages and metadata of groups are deleted at once. What stays is
 * marked as a copy, so that its first opening afterwards uses no key twice.
 *
 * A process that has the account open is fenced, and loses what is not stored yet. One commit does all of it:
 * a process that is killed leaves the account as it was, or retired. An account without a device is erased.
 *
 * @returns What was set aside; `undefined` when nothing was.
 * @throws {HeldError} When the account is being imported or moved.
 * @throws {FencedError} When another process opens the account first. It was not retired.
 * @throws {IncompatibleError} When the backend's commits are not atomic or not fenced.
 */
export async function retireAccount(
  backend: Backend,
  options: RetireOptions = {},
): Promise<RetiredAccount | undefined> {
  requireObject("retire account: options", options);
  adoptBackend("retire account", backend);
  const { undoDays = UNDO_DAYS, maxBytes = MAX_KEPT_BYTES } = options;
  requireIntegerWithin("retire account: undoDays", undoDays, 0, MAX_UNDO_DAYS);
  requireIntegerWithin("retire account: maxBytes", maxBytes, 0, Number.MAX_SAFE_INTEGER);
  const { capabilities } = backend;
  if (!capabilities.fencing || !capabilities.atomicCommit)
    throw new IncompatibleError("retire account: the backend cannot fence");
  if ((await backend.readOwner()) === undefined && !(await backend.exists())) return undefined;
  const { random, clock, logger } = systemHost(options.host);
  const queue = await CommitQueue.take(backend, { random, logger });
  const device = undoDays === 0 ? undefined : await backend.load();
  if (device === undefined) {
    await queue.commit([{ kind: "account.delete", accountId: await backend.create() }]);
    return undefined;
  }
  const until = nowSeconds(clock) + undoDays * DAY_S;
  return await setAside(backend, queue, { id: newHoldId(random), until, device, maxBytes });
}

/** An account that makes room for another one, and whether it is kept when that is whole. */
export interface Replaced {
  readonly kept: RetiredAccount;
  readonly isForGood: boolean;
}

/**
 * Sets an account aside and gives its name to the hold of the account that replaces it, in one commit: at no
 * time is the name free. What is not to be kept is set aside too, so that it can be brought back until the
 * other account is whole.
 *
 * @param hold Stored as the owner, under epoch 1. What is set aside has its id, so that an undo knows it.
 */
export async function replaceAccount(
  backend: Backend,
  hold: AccountHold,
  options: RetireOptions,
): Promise<Replaced> {
  const { undoDays = UNDO_DAYS } = options;
  requireIntegerWithin("replace account: undoDays", undoDays, 0, MAX_UNDO_DAYS);
  const { random, clock, logger } = systemHost(options.host);
  const queue = await CommitQueue.take(backend, { random, logger });
  const device = await backend.load();
  const isForGood = device === undefined || undoDays === 0;
  // Not before the other account is whole, which ends with its purge: housekeeping deletes what is due.
  const until = nowSeconds(clock) + (isForGood ? UNDO_DAYS : undoDays) * DAY_S;
  const parts = { id: hold.id, until, device, maxBytes: MAX_KEPT_BYTES, heldBy: ownerOfHold(hold) };
  const kept = await setAside(backend, queue, parts);
  if (kept === undefined) throw new FencedError("replace account: it was deleted since it was read");
  return { kept, isForGood };
}

interface SetAsideParts {
  readonly id: string;
  readonly until: number;
  readonly device: Device | undefined;
  readonly maxBytes: number;
  readonly heldBy?: string | undefined;
}

/** Sets an owned account aside. Its device is marked as a copy in the same commit. */
async function setAside(
  backend: Backend,
  queue: CommitQueue,
  { id, until, device, maxBytes, heldBy }: SetAsideParts,
): Promise<RetiredAccount | undefined> {
  const { writes, keeps } = await keptRecords(backend, maxBytes);
  const burned: Write[] = device === undefined ? [] : [{ kind: "device.save", device: burnedDevice(device) }];
  const last: Write = { kind: "account.setAside", id, until, keeps, heldBy };
  try {
    await queue.commit([...writes, ...burned, last]);
  } catch (error) {
    // The answer of a commit that was applied may be lost. Then it is sent again, and finds no account.
    if (!(error instanceof FencedError) || (await retired(backend, id)) === undefined) throw error;
  }
  const kept = await retired(backend, id);
  return kept && { ...kept, keeps };
}

/** Accounts that were retired under this backend's name and can be brought back, the one that is kept the longest last. */
export async function listRetired(backend: Backend): Promise<SetAsideAccount[]> {
  adoptBackend("list retired accounts", backend);
  return (await backend.listSetAside()).filter(({ isOwn }) => isOwn);
}

/**
 * Brings a retired account back under its name. Its next opening gives up every chain on which the account
 * may have sent. What an import that was not finished has stored under the name is deleted in the same commit.
 *
 * @param id Which one. May be left out when there is only one, and after a killed import: then it is the account
 *   that was to be replaced.
 * @returns What was brought back; `undefined` when nothing is retired.
 * @throws {RefusedError} When there is an account of this name: retire it first. When there are several and no
 *   `id`. When it was deleted or brought back by another process in between.
 */
export async function undoRetirement(backend: Backend, id?: string): Promise<SetAsideAccount | undefined> {
  const listed = await listRetired(backend);
  const owner = await backend.readOwner();
  const hold = holdOf(owner?.owner);
  const isReplaced = (account: SetAsideAccount): boolean => account.id === hold?.id;
  const kept = id === undefined && listed.some(isReplaced) ? listed.filter(isReplaced) : listed;
  if (id === undefined && kept.length > 1)
    throw new RefusedError(
      "undo retirement: several accounts of this name are retired, choose one by its id",
    );
  const chosen = kept.find((account) => id === undefined || account.id === id);
  if (chosen === undefined) return undefined;
  if (owner !== undefined && hold?.state === "importing") await endImport(backend, owner, chosen.id);
  else if (owner !== undefined || (await backend.exists()))
    throw new RefusedError("undo retirement: there is an account of this name, retire it first");
  else await bringBack(backend, chosen.id, [], NAME_IS_FREE);
  return chosen;
}

/**
 * Deletes what an import has stored and brings the account back that it was to replace, in one commit.
 *
 * @param hold The stored owner. @throws {FencedError} When it is another one by now.
 */
export async function endImport(backend: Backend, { owner, epoch }: OwnerState, id: string): Promise<void> {
  const accountId = await backend.create();
  const guard = { owner, minEpoch: epoch, maxEpoch: epoch };
  await bringBack(backend, id, [{ kind: "account.delete", accountId }], guard);
}

async function bringBack(
  backend: Backend,
  id: string,
  before: readonly Write[],
  guard: OwnerGuard,
): Promise<void> {
  let rows: readonly number[];
  try {
    rows = await backend.commit([...before, { kind: "account.bringBack", id }], { guard });
  } catch (error) {
    if ((await retired(backend, id)) !== undefined || !(await backend.exists())) throw error;
    return;
  }
  if (rows.at(-1) === 0)
    throw new RefusedError("undo retirement: the account was deleted or brought back in between");
}

/**
 * Deletes retired accounts of this backend's name, all or one. What deleted rows leave behind in the storage
 * depends on it.
 *
 * @returns How many there were.
 * @throws {FencedError} When an account of the name, which was free, was opened. Nothing was deleted.
 */
export async function purgeRetired(backend: Backend, id?: string): Promise<number> {
  const kept = (await listRetired(backend)).filter((account) => id === undefined || account.id === id);
  if (kept.length === 0) return 0;
  const isFree = (await backend.readOwner()) === undefined && !(await backend.exists());
  const ids = kept.map(({ accountId }) => accountId);
  // A commit registers its account. It goes again where there was none.
  if (isFree) ids.push(await backend.create());
  await backend.commit(
    ids.map((accountId): Write => ({ kind: "account.delete", accountId })),
    isFree ? { guard: NAME_IS_FREE } : {},
  );
  return kept.length;
}

async function retired(backend: Backend, id: string): Promise<SetAsideAccount | undefined> {
  return (await listRetired(backend)).find((account) => account.id === id);
}
