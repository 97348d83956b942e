import { firstRow, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import {
  type Backend,
  CommitQueue,
  holdOf,
  readRestoreEpoch,
  refuseSealed,
  withRestoreEpoch,
} from "../backend/mod.ts";
import { isSealed } from "../bytes/mod.ts";
import { BackendError, IncompatibleError, RefusedError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { MAX_RESTORE_EPOCH } from "../signal/mod.ts";
import type { ObjectContextLike, ObjectNamespaceLike } from "./object_types.ts";

/**
 * Records the greatest restore epoch of an account outside of its object, since a recovery of the object
 * would undo it. Stores the number if it is greater than the stored one, and returns what is stored then; 0
 * changes nothing.
 */
export type RestoreRecord = (atLeast: number) => Promise<number>;

/** Header of a call of the record. */
const HEADER = "holdfast-restore-epoch";

/** Name of the object beside that of an account. */
const PREFIX = "holdfast-restore-epoch:";

const CREATE =
  "CREATE TABLE IF NOT EXISTS restore_record (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL)";

const RAISE =
  "INSERT INTO restore_record (id, epoch) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET epoch = max(epoch, excluded.epoch)";

/** Which raises a recovered device includes: of no database file. */
const NO_DATABASE = "0 object";

/**
 * A record in a further object of the namespace, beside that of the account.
 *
 * @param namespace A binding whose class is `AccountDurableObject`, `accountObject` or passes its `fetch` to
 * an `AccountObject`.
 * @param account Name of the account's object.
 */
export function recordBeside<Id>(namespace: ObjectNamespaceLike<Id>, account: string): RestoreRecord {
  return async (atLeast) => {
    const stub = namespace.get(namespace.idFromName(`${PREFIX}${account}`));
    const init = { method: "POST", headers: { [HEADER]: String(atLeast) } };
    const response = await stub.fetch("https://object/", init);
    const text = response.headers.get(HEADER) ?? "";
    if (/^\d{1,10}$/.test(text)) return Number(text);
    throw new BackendError(`read restore record: the object beside the account answered ${response.status}`);
  };
}

/** Answers a call of `recordBeside` in the object of the record; `undefined` for any other request. */
export function answerRecordCall(request: Request, storage: ObjectStorageLike): Response | undefined {
  const text = request.headers.get(HEADER);
  if (text === null) return undefined;
  const atLeast = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(atLeast <= MAX_RESTORE_EPOCH)) return new Response(null, { status: 400 });
  if (atLeast > 0) {
    storage.transactionSync(() => {
      [...storage.sql.exec(CREATE).raw()];
      [...storage.sql.exec(RAISE, atLeast).raw()];
    });
  }
  return new Response(null, { headers: { [HEADER]: String(recordedIn(storage)) } });
}

function recordedIn(storage: ObjectStorageLike): number {
  return Number(firstRow(storage, "SELECT epoch FROM restore_record")?.[0] ?? 0);
}

/** Records that the account will be recovered: an epoch above every one that it was in. */
export async function recordRaise(backend: Backend, record: RestoreRecord): Promise<void> {
  const device = await backend.load();
  refuseSealed("recover account", { device });
  const { own, raised } = device === undefined ? { own: 0, raised: 0 } : readRestoreEpoch(device);
  const next = Math.max(await record(0), own + raised) + 1;
  if (next > MAX_RESTORE_EPOCH)
    throw new RefusedError("recover account: its restore epoch cannot be raised any more");
  await record(next);
}

/** What is needed to apply a record. */
export interface AppliedRecord extends Pick<Host, "logger" | "random"> {
  readonly record: RestoreRecord;
}

/**
 * Stores the recorded epoch with a device that is in an earlier one, so that its next opening gives up every
 * chain, wherever it is opened. Fences a client that has it open.
 */
export async function applyRecord(
  backend: Backend,
  { record, logger, random }: AppliedRecord,
): Promise<void> {
  const recorded = await record(0);
  if (recorded === 0) return;
  const device = await backend.load();
  // An account that this object cannot read is not recovered by it.
  if (device === undefined || isSealed(device.identityKey.privateKey)) return;
  const { own, raised } = readRestoreEpoch(device);
  if (own + raised >= recorded) return;
  const epoch = { own, raised: recorded - own, seen: NO_DATABASE, isNew: true } as const;
  const save = { kind: "device.save", device: withRestoreEpoch(device, epoch) } as const;
  logger.log("warn", "open account: the object was recovered", { restoreEpoch: recorded });
  // An account that is held is not open, so there is no owner to fence.
  const isHeld = holdOf((await backend.readOwner())?.owner) !== undefined;
  const committer = isHeld ? backend : await CommitQueue.take(backend, { random, logger });
  await committer.commit([save]);
}

/** The platform's point-in-time recovery of an object. */
export interface Recovery {
  bookmarkOf(time: number | Date): Promise<string>;
  restore(bookmark: string): Promise<string>;
  abort(reason: string): void;
}

/** @throws {IncompatibleError} When the platform has none. */
export function recoveryOf(ctx: ObjectContextLike): Recovery {
  const { storage } = ctx;
  if (
    typeof storage.getBookmarkForTime !== "function" ||
    typeof storage.onNextSessionRestoreBookmark !== "function" ||
    typeof ctx.abort !== "function"
  )
    throw new IncompatibleError("recover account: the platform has no point-in-time recovery");
  return {
    bookmarkOf: async (time) => (await storage.getBookmarkForTime?.(time)) ?? "",
    restore: async (bookmark) => (await storage.onNextSessionRestoreBookmark?.(bookmark)) ?? "",
    abort: (reason) => ctx.abort?.(reason),
  };
}
