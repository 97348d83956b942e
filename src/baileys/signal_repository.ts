import type { Account } from "../account/mod.ts";
import { formatJid, type Jid, parseJid } from "../addresses/mod.ts";
import { type BaileysBinding, bindingOf } from "./binding.ts";
import type { SignalRepositoryLike } from "./library_types.ts";

/** How Baileys makes its Signal repository: `makeLibSignalRepository`, or the socket option `makeSignalRepository`. */
// biome-ignore lint/suspicious/noExplicitAny: the argument types are Baileys' own; the adapter passes them through.
type MakeRepository = (auth: any, logger: any, pnToLid?: any) => SignalRepositoryLike;

/**
 * For the socket option `makeSignalRepository`: Baileys' own Signal repository over this account's keys.
 *
 * Why the key store alone is not enough: Baileys sends frames inside its key transactions, so what a transaction
 * writes becomes durable only after the frame has left, and a job that libsignal queues may run inside another
 * transaction and lose its write. The repository returned here ignores the socket's wrapped keys. Each operation
 *
 * - holds the lock of the canonical address (the LID where it is known, resolved inside the lock), so that sending while
 *   receiving on one session never loses a step of the ratchet;
 * - has committed everything it changed before it resolves: a ciphertext that a caller holds never repeats its key.
 *
 * @param account The account whose state is used. It may be shared with `baileysAuthState`.
 * @param make Baileys' `makeLibSignalRepository`.
 *
 * @example
 * ```ts
 * import { baileysAuthState, signalRepository } from "@holdfast/store/baileys";
 * import { libsqlBackend } from "@holdfast/store/libsql";
 * import { openAccount } from "@holdfast/store";
 * import { makeWASocket } from "baileys";
 * import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
 *
 * const account = await openAccount({ backend: libsqlBackend({ url: "file:bot.db" }) });
 * const { state, saveCreds } = await baileysAuthState(account);
 * const socket = makeWASocket({
 *   auth: state,
 *   makeSignalRepository: signalRepository(account, makeLibSignalRepository),
 * });
 * socket.ev.on("creds.update", saveCreds);
 * ```
 */
export function signalRepository<Make extends MakeRepository>(account: Account, make: Make): Make {
  const binding = bindingOf(account);
  const guarded: MakeRepository = (auth, logger, pnToLid) => {
    const keys = {
      get: binding.keys.get,
      // The locks that `set` would take are held around the whole operation.
      set: binding.keys.setUnlocked,
      transaction: <T>(section: () => Promise<T>): Promise<T> => section(),
      isInTransaction: (): boolean => true,
    };
    return guard(make({ creds: auth.creds, keys }, logger, pnToLid), binding);
  };
  return guarded as Make;
}

/** The same repository, each operation inside the locks of what it changes. */
function guard(inner: SignalRepositoryLike, { locks, keys }: BaileysBinding): SignalRepositoryLike {
  /** The address under which Baileys will store this JID's session. */
  async function canonicalAddress(jid: string): Promise<string> {
    const lid = await inner.lidMapping.getLIDForPN(jid);
    return inner.jidToSignalProtocolAddress(lid ?? jid);
  }

  function withJid<T>(jid: string, section: () => Promise<T>): Promise<T> {
    return locks.withResolvedKey(() => canonicalAddress(jid), section);
  }

  function withSenderKey<T>(group: string, senderJid: string, section: () => Promise<T>): Promise<T> {
    return locks.withKeys([`${group}::${inner.jidToSignalProtocolAddress(senderJid)}`], section);
  }

  return {
    ...inner,
    decryptGroupMessage: (options) =>
      withSenderKey(options.group, options.authorJid, () => inner.decryptGroupMessage(options)),
    processSenderKeyDistributionMessage: (options) =>
      withSenderKey(String(options.item.groupId), options.authorJid, () =>
        inner.processSenderKeyDistributionMessage(options),
      ),
    decryptMessage: (options) => withJid(options.jid, () => inner.decryptMessage(options)),
    encryptMessage: (options) => withJid(options.jid, () => inner.encryptMessage(options)),
    encryptGroupMessage: (options) =>
      withSenderKey(options.group, options.meId, () => inner.encryptGroupMessage(options)),
    getSenderKeyDistributionMessage: (options) =>
      withSenderKey(options.group, options.meId, () => inner.getSenderKeyDistributionMessage(options)),
    injectE2ESession: (options) => withJid(options.jid, () => inner.injectE2ESession(options)),
    deleteSession: (jids) =>
      locks.withKeys(
        jids.map((jid) => inner.jidToSignalProtocolAddress(jid)),
        () => inner.deleteSession(jids),
      ),
    migrateSession: async (fromJid, toJid) => {
      const addresses = await migratingAddresses(fromJid, toJid);
      return await locks.withKeys(addresses, () => inner.migrateSession(fromJid, toJid));
    },
  };

  /** Both sides' addresses of every device that a migration moves. */
  async function migratingAddresses(fromJid: string, toJid: string): Promise<string[]> {
    if (!fromJid || !toJid) return [];
    const from = parseJid(fromJid);
    const to = parseJid(toJid);
    const { [from.user]: listed } = await keys.get("device-list", [from.user]);
    const devices = new Set([from.device, ...(Array.isArray(listed) ? listed.map(Number) : [])]);
    return [...devices].flatMap((device) => [
      inner.jidToSignalProtocolAddress(formatJid(onDevice(from, device))),
      inner.jidToSignalProtocolAddress(formatJid(onDevice(to, device))),
    ]);
  }
}

/** The number of a device that a business hosts; its JIDs are on servers of their own. */
const HOSTED_DEVICE = 99;

/** The JID of another device of the same user, as Baileys writes it. */
function onDevice(jid: Jid, device: number): Jid {
  const isLid = jid.server === "lid" || jid.server === "hosted.lid";
  if (device === HOSTED_DEVICE) return { ...jid, device, server: isLid ? "hosted.lid" : "hosted" };
  return { ...jid, device, server: isLid ? "lid" : "s.whatsapp.net" };
}
