import type { Account } from "../account/mod.ts";
import { formatJid, type Jid, parseJid } from "../addresses/mod.ts";
import { type BaileysBinding, bindingOf } from "./binding.ts";
import type { KeyDataSet, KeyType, SignalRepositoryLike } from "./library_types.ts";
import { phoneNumberJidOf, senderKeyNameOf } from "./repository_address.ts";
import { UnreadSessions } from "./unread_sessions.ts";

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
 * - holds the lock of the canonical address (the LID where it is known, resolved inside the lock, and the same until it
 *   ends), so that sending while receiving on one session never loses a step of the ratchet;
 * - never takes a session that could not be read for one that is not there;
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
    const unread = new UnreadSessions();
    const keys = {
      get: (type: KeyType, ids: readonly string[]) => unread.read(type, ids, binding.keys.get),
      // The locks that `set` would take are held around the whole operation.
      set: async (data: KeyDataSet): Promise<void> => {
        unread.requireRead(data);
        await binding.keys.setUnlocked(data);
      },
      transaction: <T>(section: () => Promise<T>): Promise<T> => section(),
      isInTransaction: (): boolean => true,
    };
    return guard(make({ creds: auth.creds, keys }, logger, pnToLid), binding, unread);
  };
  return guarded as Make;
}

/** The same repository, each operation inside the locks of what it changes. */
function guard(
  inner: SignalRepositoryLike,
  { locks, keys }: BaileysBinding,
  unread: UnreadSessions,
): SignalRepositoryLike {
  const { lidMapping } = inner;
  const getLidForPn = lidMapping.getLIDForPN.bind(lidMapping);
  /** What the phone numbers that are in use were resolved to; one operation a phone number, under its lock. */
  const pinned = new Map<string, string | null>();
  // Baileys resolves anew at each step. A LID learnt in between would have it store a session elsewhere than it read
  // it, outside the lock that is held, and leave a stale one behind, which a migration brings back.
  lidMapping.getLIDForPN = async (pn) => {
    const lid = pinned.get(pn);
    return lid === undefined ? await getLidForPn(pn) : lid;
  };

  /** Holds the lock of the address under which Baileys stores this JID's session, which stays the same meanwhile. */
  async function withJid<T>(jid: string, section: () => Promise<T>): Promise<T> {
    const address = inner.jidToSignalProtocolAddress(jid);
    const pn = phoneNumberJidOf(address);
    if (pn === undefined) return await locks.withKeys([address], () => unread.using(address, section));
    const resolve = async (): Promise<string> => {
      const lid = await getLidForPn(pn);
      pinned.set(pn, lid);
      return lid === null ? address : inner.jidToSignalProtocolAddress(lid);
    };
    // The JID's own lock comes before that of an address, here and nowhere the other way round.
    return await locks.withKeys([pn], async () => {
      try {
        return await locks.withResolvedKey(resolve, (canonical) => unread.using(canonical, section));
      } finally {
        pinned.delete(pn);
      }
    });
  }

  function withSenderKey<T>(group: string, senderJid: string, section: () => Promise<T>): Promise<T> {
    const name = senderKeyNameOf(group, inner.jidToSignalProtocolAddress(senderJid));
    return locks.withKeys([name], section);
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
