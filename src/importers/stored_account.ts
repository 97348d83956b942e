import {
  adoptBackend,
  type Backend,
  type Device,
  listAllRows,
  readRestoreEpoch,
  refuseHeld,
  refuseSealed,
  type Write,
} from "../backend/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import type { LiveRecordCodec } from "../ratchet/mod.ts";
import { openStoredRecord } from "../signal/mod.ts";

/** A stored account that an exporter writes. */
export interface StoredAccount {
  readonly device: Device;
  /** Its rows, each table as a whole, sender keys before the marks of the devices that hold them. */
  readonly rows: AsyncIterable<Write> | Iterable<Write>;
}

/** The tables that exporters write, sender keys before their marks. */
const TABLES = [
  "identity",
  "session",
  "preKey",
  "signedPreKey",
  "senderKey",
  "senderKeyDevices",
  "syncKey",
  "syncVersion",
  "mutationMacs",
  "lidMapping",
  "deviceList",
  "tcToken",
] as const;

/**
 * The account of a backend.
 *
 * @param target Named in the error.
 * @throws {RefusedError} When there is none.
 * @throws {HeldError} When it is being imported or moved, or was moved away.
 */
export async function storedAccount(backend: Backend, target: string): Promise<StoredAccount> {
  const adopted = adoptBackend("export account", backend);
  const owner = await adopted.readOwner();
  refuseHeld(`export ${target}`, owner?.owner);
  const device = await adopted.load();
  refuseSealed(`export ${target}`, { owner, device });
  if (device === undefined) throw new RefusedError(`export ${target}: there is no account`);
  return { device, rows: listAllRows(adopted, { tables: TABLES }) };
}

/** The incarnation of no cache, so that the keys of every lease count as used. */
const NO_CACHE = "f".repeat(32);

/** A record for another client. */
export type ExportedRecord<T> =
  | { readonly kind: "usable" | "silent"; readonly value: T }
  | { readonly kind: "damaged" };

/** Opens stored records for another client, which knows no leases and no restores. */
export class RecordExporter {
  readonly #restoreEpoch: number;

  /** @throws {CorruptError} When the restore epoch of the device is malformed. */
  constructor(device: Device) {
    const { own, raised } = readRestoreEpoch(device);
    this.#restoreEpoch = own + raised;
  }

  /**
   * The record with keys burned that may have been used: those below the bound of its lease. A record of
   * before a restore, or with too many burned keys, no longer sends (`silent`).
   */
  open<T>(
    write: Extract<Write, { readonly kind: "session.put" | "senderKey.put" }>,
    codec: LiveRecordCodec<T>,
  ): ExportedRecord<T> {
    const { record, lease } = write;
    const opened = openStoredRecord(
      { record: new Uint8Array(record), lease },
      {
        store: write.kind === "session.put" ? "session" : "senderKey",
        codec,
        incarnation: NO_CACHE,
        restoreEpoch: this.#restoreEpoch,
      },
    );
    if (opened.kind === "unreadable") return { kind: "damaged" };
    return { kind: opened.kind === "usable" ? "usable" : "silent", value: opened.value };
  }
}
