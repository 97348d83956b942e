import {
  type Backend,
  type Device,
  type RestoreEpoch,
  readRestoreEpoch,
  type Write,
  withRestoreEpoch,
} from "../../backend/mod.ts";
import { openScrubbedBackend, openSqliteBackend, type SqliteBackendOptions } from "../sqlite/mod.ts";
import { confirmAbsences } from "./confirm_absence.ts";
import type { FileCheckOptions } from "./database_file.ts";
import type { FileRow } from "./file_row.ts";
import type { FileDriver, OpenFile } from "./open_files.ts";

/** Options of `openFileBackend`. */
export interface FileBackendOptions extends SqliteBackendOptions, FileCheckOptions {}

/**
 * As `openSqliteBackend`, over a driver that may be of a file. What a damaged file might only seem to lack is
 * confirmed. The file is compared with its witness now, and each time the device is read: see `DatabaseFile`.
 *
 * @throws What `openSqliteBackend` does.
 */
export async function openFileBackend(driver: FileDriver, options: FileBackendOptions): Promise<Backend> {
  const { file } = driver;
  if (file === undefined) return await openSqliteBackend(driver, options);
  try {
    await file.requireNewOrTables(driver);
    const backend = await openScrubbedBackend(driver, options, () => file.scrub());
    const confirmed = confirmAbsences(backend, driver, options.account ?? "default");
    return overFile(confirmed, file, await file.check(options));
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/**
 * Adds the raises of the file to the restore epoch of the device that is read. What is stored with the device
 * says how many it includes, so that each counts once. The accounts of the file are saved together.
 */
function overFile(backend: Backend, file: OpenFile, checked: FileRow | undefined): Backend {
  const load = backend.load.bind(backend);
  const exists = backend.exists.bind(backend);
  const commit = backend.commit.bind(backend);
  let row = checked;
  /** Whether the account had no device when it was opened. */
  let isBlank = false;
  const { capabilities } = backend;
  Object.defineProperty(backend, "capabilities", {
    value: { ...capabilities, savePhaseMs: file.savePhaseMs },
    configurable: true,
    enumerable: true,
  });
  return Object.assign(backend, {
    exists: async (): Promise<boolean> => {
      isBlank = !(await exists());
      return !isBlank;
    },
    load: async (): Promise<Device | undefined> => {
      row = await file.check();
      const device = await load();
      isBlank = device === undefined;
      return device && withRestoresOf(device, row);
    },
    commit: async (...[writes, options]: Parameters<Backend["commit"]>): Promise<number[]> => {
      if (!writes.some(isSave)) return await commit(writes, options);
      const stored = writes.map((write) =>
        isSave(write) ? { ...write, device: knowingRestores(write.device, row) } : write,
      );
      const changed = await commit(stored, options);
      if (isBlank) {
        isBlank = false;
        // A copy of the file without its log must not look like an account that was never opened.
        await file.checkpoint();
      }
      return changed;
    },
  });
}

function isSave(write: Write): write is Extract<Write, { kind: "device.save" }> {
  return write.kind === "device.save";
}

/** The device as it is read: raises of the file that it does not know yet count, and are new. */
function withRestoresOf(device: Device, row: FileRow | undefined): Device {
  if (row === undefined || row.restores === 0) return device;
  const epoch = readRestoreEpoch(device);
  const seen = seenOf(epoch, row) ?? 0;
  if (row.restores <= seen) return device;
  const raised = epoch.raised + row.restores - seen;
  return withRestoreEpoch(device, { ...epoch, raised, seen: seenText(row.restores, row), isNew: true });
}

/** The device as it is stored. One that is new in this file knows the raises that were before it. */
function knowingRestores(device: Device, row: FileRow | undefined): Device {
  if (row === undefined || row.restores === 0) return device;
  const epoch = readRestoreEpoch(device);
  const seen = seenOf(epoch, row);
  if (seen !== undefined && !epoch.isNew) return device;
  // A copy that was imported into this file is reported at its first opening.
  const isNew = seen === undefined && epoch.isNew;
  return withRestoreEpoch(device, { ...epoch, seen: seenText(seen ?? row.restores, row), isNew });
}

/** Number of raises of this database that a device knows. `undefined` when it is of another one, or new. */
function seenOf({ seen }: RestoreEpoch, { database }: FileRow): number | undefined {
  const [restores, id] = seen.split(" ");
  return id === database ? Number(restores) : undefined;
}

function seenText(restores: number, { database }: FileRow): `${number} ${string}` {
  return `${restores} ${database}`;
}
