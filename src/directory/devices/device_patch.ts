import type { AdvKeyIndexList, DeviceListEntry, DeviceListRecord } from "../../records/mod.ts";

/** Number of the primary device, which every user has. */
export const PRIMARY_DEVICE = 0;

/** A device in a notification. */
export interface DeviceChange {
  /** Number of the device; 0 is the primary device. */
  readonly deviceId: number;
  /** Its index in the signed list of key indexes, if the notification has it. */
  readonly keyIndex?: number | undefined;
  /** Whether the device is run by a host for the user, if the notification says so. */
  readonly isHosted?: boolean | undefined;
}

/** The result of a patch. */
export interface PatchedDevices {
  /** The list to store. The same object when nothing changed. */
  readonly record: DeviceListRecord;
  /** Devices that were removed from the list. */
  readonly removed: readonly number[];
  /**
   * The user registered again and has another identity (`rawId`). Every companion of the previous list is
   * dropped, even if the new identity has a device of the same number.
   */
  readonly isIdentityChange: boolean;
}

/**
 * Adds a device or updates a known one.
 *
 * With the account's signed list of key indexes, devices that it does not accept are removed first, and the
 * device is added only if the list accepts its key index. A list of another identity (`rawId`) removes every
 * companion. A list that is older than the stored one changes nothing, whatever its identity. Without a
 * readable list, a new device is appended, and `isHosted` of a known one is refreshed. The primary device is
 * always in the list.
 *
 * @param list The signed list, decoded; `undefined` when there is none.
 */
export function patchDeviceAdd(
  record: DeviceListRecord,
  device: DeviceChange,
  list: AdvKeyIndexList | undefined,
): PatchedDevices {
  if (list === undefined) {
    const hosted = { deviceId: device.deviceId, isHosted: device.isHosted };
    const devices = withPrimary(refreshed(appended(record.devices, device), hosted));
    return patched(record, devices, record);
  }
  if (list.timestamp < record.timestamp) return { record, removed: [], isIdentityChange: false };
  const isIdentityChange = record.rawId !== undefined && record.rawId !== list.rawId;
  const isKept = (entry: DeviceListEntry): boolean =>
    isIdentityChange ? entry.deviceId === PRIMARY_DEVICE : isAccepted(entry, list);
  const kept = record.devices.filter(isKept);
  const devices = withPrimary(isAccepted(device, list) ? refreshed(appended(kept, device), device) : kept);
  return { ...patched(record, devices, list), isIdentityChange };
}

/** Removes devices, but never the primary one. */
export function patchDeviceRemove(record: DeviceListRecord, deviceIds: readonly number[]): PatchedDevices {
  const gone = new Set(deviceIds.filter((id) => id !== PRIMARY_DEVICE));
  const devices = record.devices.filter(({ deviceId }) => !gone.has(deviceId));
  return patched(record, devices, record);
}

/**
 * Updates a device of the list and ignores any other. An update without a key index clears the one of a
 * companion.
 */
export function patchDeviceUpdate(record: DeviceListRecord, device: DeviceChange): PatchedDevices {
  const { deviceId, keyIndex } = device;
  const isCleared = (entry: DeviceListEntry): boolean =>
    entry.deviceId === deviceId && deviceId !== PRIMARY_DEVICE && keyIndex === undefined;
  const cleared = record.devices.map((entry) => (isCleared(entry) ? withoutKeyIndex(entry) : entry));
  return patched(record, refreshed(cleared, device), record);
}

/**
 * Replaces the whole list by the answer of a user sync. An answer that is older than the stored list changes
 * nothing.
 */
export function replaceDevices(record: DeviceListRecord | undefined, next: DeviceListRecord): PatchedDevices {
  if (record !== undefined && next.timestamp < record.timestamp) {
    return { record, removed: [], isIdentityChange: false };
  }
  const devices = withPrimary(next.devices);
  const full = devices === next.devices ? next : { ...next, devices };
  if (record === undefined) return { record: full, removed: [], isIdentityChange: false };
  const rawId = next.rawId ?? record.rawId;
  return {
    record: rawId === undefined ? full : { ...full, rawId },
    removed: missingIn(devices, record.devices),
    isIdentityChange: record.rawId !== undefined && rawId !== record.rawId,
  };
}

/**
 * What one of several patches did: whether it changed the list and what it removed, or why it was refused.
 */
export type PatchReport =
  | (Pick<PatchedDevices, "removed" | "isIdentityChange"> & { readonly changed: boolean })
  | { readonly refused: unknown };

/**
 * Applies patches one after the other as one change. What any of them removed counts as removed, also where a
 * later one adds it again: the sessions and marks of the former device are not the new one's.
 *
 * @param check Throws when a list is invalid. The patch that made it is left out.
 */
export function patchTogether(
  known: DeviceListRecord,
  patches: readonly ((record: DeviceListRecord) => PatchedDevices)[],
  check: (record: DeviceListRecord) => void,
): { readonly patch: PatchedDevices; readonly reports: readonly PatchReport[] } {
  const removed = new Set<number>();
  let record = known;
  let isIdentityChange = false;
  const reports = patches.map((patch): PatchReport => {
    try {
      const next = patch(record);
      check(next.record);
      const changed = next.record !== record;
      record = next.record;
      for (const device of next.removed) removed.add(device);
      isIdentityChange ||= next.isIdentityChange;
      return { changed, removed: next.removed, isIdentityChange: next.isIdentityChange };
    } catch (refused) {
      return { refused };
    }
  });
  return { patch: { record, removed: [...removed], isIdentityChange }, reports };
}

/** Whether a signed list accepts a device. The primary one is always accepted. */
function isAccepted({ deviceId, keyIndex }: DeviceChange, list: AdvKeyIndexList): boolean {
  if (deviceId === PRIMARY_DEVICE) return true;
  if (keyIndex === undefined) return false;
  return keyIndex > list.currentIndex || list.validIndexes.includes(keyIndex);
}

function appended(devices: readonly DeviceListEntry[], device: DeviceChange): readonly DeviceListEntry[] {
  return devices.some(({ deviceId }) => deviceId === device.deviceId)
    ? devices
    : [...devices, entryOf(device)];
}

function refreshed(devices: readonly DeviceListEntry[], device: DeviceChange): readonly DeviceListEntry[] {
  const known = devices.find(({ deviceId }) => deviceId === device.deviceId);
  if (known === undefined) return devices;
  const next = { ...known, ...entryOf(device) };
  if (next.keyIndex === known.keyIndex && next.isHosted === known.isHosted) return devices;
  return devices.map((entry) => (entry === known ? next : entry));
}

function withoutKeyIndex(entry: DeviceListEntry): DeviceListEntry {
  if (entry.keyIndex === undefined) return entry;
  const { keyIndex: _keyIndex, ...rest } = entry;
  return rest;
}

function withPrimary(devices: readonly DeviceListEntry[]): readonly DeviceListEntry[] {
  return devices.some(({ deviceId }) => deviceId === PRIMARY_DEVICE)
    ? devices
    : [{ deviceId: PRIMARY_DEVICE }, ...devices];
}

/** The device of a change, without absent fields. */
function entryOf({ deviceId, keyIndex, isHosted }: DeviceChange): DeviceListEntry {
  return {
    deviceId,
    ...(keyIndex === undefined ? {} : { keyIndex }),
    ...(isHosted === undefined ? {} : { isHosted }),
  };
}

/** The record with other devices. Other fields come from `source`: the record itself or the signed list. */
function patched(
  record: DeviceListRecord,
  devices: readonly DeviceListEntry[],
  { rawId, timestamp }: { readonly rawId?: number | undefined; readonly timestamp: number },
): PatchedDevices {
  const isSameList = rawId === record.rawId && timestamp === record.timestamp;
  if (isSameList && (devices === record.devices || sameDevices(devices, record.devices))) {
    return { record, removed: [], isIdentityChange: false };
  }
  // The hash of the whole list does not hold for the patched one.
  const { phash: _phash, ...rest } = record;
  return {
    record: { ...rest, devices, timestamp, ...(rawId === undefined ? {} : { rawId }) },
    removed: missingIn(devices, record.devices),
    isIdentityChange: false,
  };
}

function sameDevices(a: readonly DeviceListEntry[], b: readonly DeviceListEntry[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index]);
}

function missingIn(devices: readonly DeviceListEntry[], before: readonly DeviceListEntry[]): number[] {
  const left = new Set(devices.map(({ deviceId }) => deviceId));
  return before.map(({ deviceId }) => deviceId).filter((id) => !left.has(id));
}
