import { type Backend, type Device, isText, redactDevice } from "../backend/mod.ts";
import { isBytes } from "../bytes/mod.ts";
import { ArgumentRangeError, ArgumentTypeError, requireObject } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { BackupSource, SnapshotSink } from "./debug_snapshot.ts";
import { redactedRows } from "./redacted_rows.ts";

/** Largest extra of a snapshot, in bytes: it is held in memory beside everything else. */
const MAX_EXTRA_BYTES = 16 * 1_024 * 1_024;

/** What a snapshot is taken of. */
export interface SnapshotParts {
  readonly clock: Clock;
  readonly sink: SnapshotSink | undefined;
  readonly store: Pick<Backend, "listRows" | "snapshotDb">;
  readonly backupSource: (() => BackupSource) | undefined;
  readonly device: () => Device;
  /** Saves what is dirty. */
  release(): Promise<unknown>;
}

/** The arguments of `PersistenceManager.createSnapshot`. */
export type SnapshotArguments = readonly [
  name: string,
  extra?: Uint8Array | undefined,
  options?: { readonly secrets?: boolean | undefined },
];

/** Takes a snapshot: see `PersistenceManager.createSnapshot`. Hosts of clients elsewhere leave it out. */
export async function takeSnapshot(
  { clock, sink, store, backupSource, device, release }: SnapshotParts,
  ...[name, extra, options = {}]: SnapshotArguments
): Promise<void> {
  requireObject("options", options);
  if (sink === undefined)
    throw new TypeError("create snapshot: there is no snapshot sink, pass one to openAccount");
  if (extra !== undefined && (!isBytes(extra) || extra.length > MAX_EXTRA_BYTES)) {
    throw new ArgumentRangeError("create snapshot: extra is not a Uint8Array of at most 16 MiB");
  }
  if (!isText(name))
    throw new ArgumentTypeError("create snapshot: the name is not a text of 1 to 1,024 characters");
  const common = {
    name,
    takenAtMs: clock.nowMs(),
    extra: extra === undefined ? undefined : new Uint8Array(extra),
  };
  if (options.secrets !== true) {
    const rows = redactedRows(store);
    await release();
    const database = await store.snapshotDb(common.name, common.extra);
    await sink({ ...common, rows, device: redactDevice(device()), database });
    return;
  }
  const account = backupSource?.();
  if (sink.backup === undefined || account === undefined)
    throw new TypeError("create snapshot: the snapshot sink takes no backups");
  await sink.backup({ ...common, account });
}
