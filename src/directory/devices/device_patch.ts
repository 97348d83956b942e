import type { AdvKeyIndexList, DeviceListEntry, DeviceListRecord } from "../../records/mod.ts";

/** Number of the device that a user has for as long as the account exists. */
export const PRIMARY_DEVICE = 0;

/** A device as a notification names it. */
export interface DeviceChange {
  readonly deviceId: number;
  readonly keyIndex?: number | undefined;
  readonly isHosted?: boolean | undefined;
}

/** What became of a user's devices. */
export interface PatchedDevices {
  /** The list to be stored; the same object when nothing changed. */
  readonly record: DeviceListRecord;
  /** Devices that were in the list and are not any more. */
  readonly removed: readonly number[];
  /** The account has another identity: sessions with its other devices are worth nothing. */
  readonly isIdentityChange: boolean;
}

/**
 * Adds a device, or takes over what is new about it.
 *
 * With the account's signed list of key indexes, devices that it does not know go first, and the device is added only if the
 * list accepts its index. A list of another identity (`rawId`) says nothing about the devices that are there: it is stored,
 * and nothing is filtered this once. Without a list, or with one that cannot be read, a device is appended if it is new.
 * The primary device is always there.
 *
 * @param list The signed list, decoded; `undefined` when there is none.
 */
export function patchDeviceAdd(
  record: DeviceListRecord,
  device: DeviceChange,
  list: AdvKeyIndexList | undefined,
): PatchedDevices {
  if (list === undefined) return patched(record, withPrimary(appended(record.devices, device)), record.rawId);
  const isIdentityChange = record.rawId !== undefined && record.rawId !== list.rawId;
  const accepted = isIdentityChange || isAccepted(device, list);
  const kept = isIdentityChange ? record.devices : record.devices.filter((entry) => isAccepted(entry, list));
  const devices = withPrimary(accepted ? refreshed(appended(kept, device), device) : kept);
  return { ...patched(record, devices, list.rawId), isIdentityChange };
}

/** Removes devices. The primary one stays. */
export function patchDeviceRemove(record: DeviceListRecord, deviceIds: readonly number[]): PatchedDevices {
  const gone = new Set(deviceIds.filter((id) => id !== PRIMARY_DEVICE));
  const devices = record.devices.filter(({ deviceId }) => !gone.has(deviceId));
  return patched(record, devices, record.rawId);
}

/** Takes over what is new about a device that is in the list; any other changes nothing. */
export function patchDeviceUpdate(record: DeviceListRecord, device: DeviceChange): PatchedDevices {
  return patched(record, refreshed(record.devices, device), record.rawId);
}

/** Takes a whole list over, as a user sync answers it. */
export function replaceDevices(record: DeviceListRecord | undefined, next: DeviceListRecord): PatchedDevices {
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

/** Whether a signed list knows a device: the primary one always. */
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

function withPrimary(devices: readonly DeviceListEntry[]): readonly DeviceListEntry[] {
  return devices.some(({ deviceId }) => deviceId === PRIMARY_DEVICE)
    ? devices
    : [{ deviceId: PRIMARY_DEVICE }, ...devices];
}

/** What a change says and nothing that it does not. */
function entryOf({ deviceId, keyIndex, isHosted }: DeviceChange): DeviceListEntry {
  return {
    deviceId,
    ...(keyIndex === undefined ? {} : { keyIndex }),
    ...(isHosted === undefined ? {} : { isHosted }),
  };
}

function patched(
  record: DeviceListRecord,
  devices: readonly DeviceListEntry[],
  rawId: number | undefined,
): PatchedDevices {
  if (devices === record.devices || sameDevices(devices, record.devices)) {
    if (rawId === record.rawId) return { record, removed: [], isIdentityChange: false };
  }
  // What the list says of itself as a whole is not true of the patched one.
  const { phash: _phash, ...rest } = record;
  return {
    record: { ...rest, devices, ...(rawId === undefined ? {} : { rawId }) },
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
