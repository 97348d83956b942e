import type { Account } from "../account/mod.ts";
import type { Device } from "../backend/mod.ts";
import { sameBytes } from "../bytes/mod.ts";
import { advanceId, generateKeyPair, nextId, sameValue } from "../device/mod.ts";
import { type BaileysBinding, bindingOf } from "./binding.ts";
import { type BaileysCreds, credsFromDevice, deviceFromCreds } from "./convert/mod.ts";
import { hostBytes } from "./host_bytes.ts";
import type { BaileysAuthState, KeyDataSet, KeyType } from "./library_types.ts";
import { type PreKeyCounters, PreKeyStock } from "./pre_key_stock.ts";

/**
 * An account as the auth state of a Baileys socket, in place of `useMultiFileAuthState`.
 *
 * `state.creds` is a mutable mirror of the device, which Baileys changes in place; `saveCreds` makes it
 * durable. `state.keys` commits each `set` as one transaction, and `get` returns the present values.
 * Sessions, sender keys and identities are in the account's Signal cache, which Baileys uses from now on. Use
 * it together with `signalRepository`, which returns a ciphertext only when its key cannot be used again.
 *
 * An account has one auth state: further calls, for example when a client reconnects, return the same one.
 * Two mirrors would undo each other's changes and use the same pre-key ids.
 *
 * @throws {CorruptError | WrongLengthError} When the stored credentials are invalid.
 * @throws {TypeError} When the account's Signal cache is open with other records (`signalCache`,
 * `directory`): open this first.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { baileysAuthState } from "@holdfast/store/baileys";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const { state, saveCreds } = await baileysAuthState(account);
 * Object.assign(state.creds, { platform: "android" });
 * await saveCreds();
 * ```
 */
export async function baileysAuthState(account: Account): Promise<BaileysAuthState> {
  const binding = bindingOf(account);
  binding.authState ??= makeAuthState(account, binding);
  try {
    return await binding.authState;
  } catch (error) {
    binding.authState = undefined;
    throw error;
  }
}

async function makeAuthState(account: Account, binding: BaileysBinding): Promise<BaileysAuthState> {
  const device = account.device.getDeviceSnapshot();
  const mirrored = (of: Device): BaileysCreds =>
    credsFromDevice(of, {
      pairingEphemeralKeyPair: () => generateKeyPair(account.host.random),
      wrapBytes: hostBytes,
    });
  const creds = mirrored(device);
  binding.told.addCreds(creds);
  // The greatest stored id counts only while the counter is unset: another client may have stored keys under
  // any id.
  if (creds.nextPreKeyId === 0) creds.nextPreKeyId = nextId(await account.store.getMaxPreKeyId());
  if (creds.firstUnuploadedPreKeyId === 0) creds.firstUnuploadedPreKeyId = creds.nextPreKeyId;

  /**
   * The device as the credentials said it when they were last saved; before that they follow from the device.
   */
  let saved = device;
  let isSaving = false;
  /** Whether the stock of another identity may not be durable yet. */
  let hasNewStock = false;
  const saveCreds = async (): Promise<void> => {
    const current = deviceFromCreds(creds, account.device.getDeviceSnapshot());
    isSaving = true;
    try {
      account.device.modifyDevice((draft) => Object.assign(draft, changesBetween(saved, current)));
    } finally {
      isSaving = false;
    }
    saved = current;
    await account.device.flushDevice();
    if (!hasNewStock) return;
    await stock.whenDurable();
    hasNewStock = false;
  };

  const counters = watchCounters(creds, () => stock.fill());
  const stock = new PreKeyStock(account, counters);
  account.onIdentityChanged(() => {
    const now = account.device.getDeviceSnapshot();
    // `saveCreds` itself changed the device: the credentials are already up to date.
    if (!isSaving) {
      replaceCreds(creds, mirrored(now));
      saved = now;
    }
    counters.restart(now.nextPreKeyId, now.firstUnuploadedPreKeyId);
    hasNewStock = true;
    stock.restart();
  });
  binding.keys.preKeysDurable = () => stock.whenDurable();
  await stock.findRun();
  stock.fill();
  await saveCreds();
  await stock.whenDurable();
  // A program that copies a state changes the credentials first and then stores its keys, which belong to
  // them.
  const settleCreds = async (): Promise<void> => {
    const stored = account.device.getDeviceSnapshot().identityKey.publicKey;
    if (!sameBytes(creds.signedIdentityKey.public, stored)) await saveCreds();
  };
  const { keys } = binding;
  const state = {
    creds,
    keys: {
      get: keys.get,
      set: async (data: KeyDataSet) => {
        await settleCreds();
        await keys.set(data);
      },
      async *list(type: KeyType) {
        await settleCreds();
        yield* keys.list(type);
      },
      async *listIds(type: KeyType) {
        await settleCreds();
        yield* keys.listIds(type);
      },
    },
  };
  return { state, saveCreds };
}

/** Replaces credentials in place, except their counters. */
function replaceCreds(creds: BaileysCreds, others: BaileysCreds): void {
  for (const name of Object.keys(creds)) {
    if (!Object.hasOwn(others, name)) Reflect.deleteProperty(creds, name);
  }
  const { nextPreKeyId: _next, firstUnuploadedPreKeyId: _first, ...rest } = others;
  Object.assign(creds, rest);
}

/** The fields that differ. Other fields may have changed in the device itself, without the credentials. */
function changesBetween(before: Device, now: Device): Partial<Device> {
  return Object.fromEntries(
    Object.entries(now).filter(([name, value]) => !sameValue(before[name as keyof Device], value)),
  );
}

/** The counters of credentials. */
interface WatchedCounters extends PreKeyCounters {
  /** Sets both counters, also backwards. */
  restart(next: number, firstUnuploaded: number): void;
}

/**
 * Makes the pre-key counters of credentials move only forward, on the ring of ids, and calls `onChange` after
 * a move. Baileys computes them from earlier values and would undo the steps of the stock. A value too far
 * from the present one to be an older value throws `RangeError`.
 */
function watchCounters(creds: BaileysCreds, onChange: () => void): WatchedCounters {
  const names = ["nextPreKeyId", "firstUnuploadedPreKeyId"] as const;
  const { nextPreKeyId, firstUnuploadedPreKeyId } = creds;
  const values = { nextPreKeyId, firstUnuploadedPreKeyId };
  for (const name of names) {
    Object.defineProperty(creds, name, {
      enumerable: true,
      configurable: true,
      get: () => values[name],
      set: (update: number) => {
        const later = advanceId(name, values[name], update);
        if (later === values[name]) return;
        values[name] = later;
        // Baileys assigns both counters synchronously; the stock reads them afterwards.
        queueMicrotask(onChange);
      },
    });
  }
  return {
    get nextPreKeyId() {
      return creds.nextPreKeyId;
    },
    set nextPreKeyId(id) {
      creds.nextPreKeyId = id;
    },
    get firstUnuploadedPreKeyId() {
      return creds.firstUnuploadedPreKeyId;
    },
    set firstUnuploadedPreKeyId(id) {
      creds.firstUnuploadedPreKeyId = id;
    },
    restart(next, firstUnuploaded) {
      values.nextPreKeyId = next || 1;
      values.firstUnuploadedPreKeyId = firstUnuploaded || values.nextPreKeyId;
    },
  };
}
