import type { Account } from "../account/mod.ts";
import { requireFunction } from "../errors/mod.ts";
import { type BaileysBinding, bindingOf } from "./binding.ts";
import type { NodeRecordJson } from "./convert/mod.ts";
import type { DecryptionFollower } from "./decryption_follower.ts";
import { withoutFailedTrials } from "./failed_trials.ts";
import { FollowedDecryptions, type HeldKey } from "./followed_decryptions.ts";
import type { KeyDataSet, KeyType, SignalRepositoryLike } from "./library_types.ts";
import { migrateSession } from "./migrate_session.ts";
import { preKeyIdIn } from "./pre_key_message.ts";
import { RepositoryLocks, requireStored } from "./repository_locks.ts";
import { refuseRepositoryOf6 } from "./supported_version.ts";
import { withEachTwin } from "./twin_sender_keys.ts";
import { UnreadSessions } from "./unread_sessions.ts";

/**
 * Baileys' factory of Signal repositories: `makeLibSignalRepository`, or the socket option
 * `makeSignalRepository`.
 */
// biome-ignore lint/suspicious/noExplicitAny: the argument types are Baileys' own; the adapter passes them through.
export type MakeRepository = (auth: any, logger: any, pnToLid?: any) => SignalRepositoryLike;

/**
 * For the socket option `makeSignalRepository`: Baileys' own Signal repository over this account's keys.
 *
 * The key store alone is not enough: Baileys sends frames inside its key transactions, so the writes of a
 * transaction become durable only after the frame is sent, and a job that libsignal queues may run inside
 * another transaction and lose its write. The returned repository ignores the socket's wrapped keys. Each
 * operation
 *
 * - holds the lock of the canonical address (the LID's if it is known, resolved inside the lock and fixed
 *   until the operation ends), so that sending while receiving on one session does not lose a step of the
 *   ratchet;
 * - never treats a session that could not be read as absent;
 * - returns a ciphertext only when its key can never be used again, even after a crash: when `encryptMessage`
 *   or `encryptGroupMessage` resolves, the message may be sent;
 * - rejects a message with `HaltedError` before its key is taken, while saving is halted and the message
 *   needs a commit, so that sessions survive an outage of any length. Messages within a lease can be sent.
 *   `validateSession` reports a missing session only when that is certain: it rejects when the session could
 *   not be read, and with `HaltedError` while saving is halted; so does `injectE2ESession`.
 *
 * Received state is written behind. A crash may lose it, but later messages of the peer can still be
 * decrypted. A received sender key is durable when `processSenderKeyDistributionMessage` resolves (unless the
 * account is `relaxed`), because the peer would not send it again.
 *
 * An invalid stored session goes to the quarantine, and a new session begins. Our own sender key does not,
 * because Baileys would create another one that no member has. `encryptGroupMessage` rejects with
 * `CorruptError` until you delete the key
 * (`state.keys.set({ "sender-key": { [name]: null }, "sender-key-memory": { [group]: null } })`).
 *
 * @param account The account, which `baileysAuthState` may use as well.
 * @param make Baileys' `makeLibSignalRepository`.
 * @throws {TypeError} When the account's Signal cache is open with other records. The returned function throws
 * it too when the repository is that of Baileys 6.
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
  return followedRepository(account, make, undefined);
}

/** As `signalRepository`, with a follower of all decryptions. */
export function followedRepository<Make extends MakeRepository>(
  account: Account,
  make: Make,
  follower: DecryptionFollower | undefined,
): Make {
  const binding = bindingOf(account);
  requireFunction("make Signal repository: make", make);
  binding.keys.isGuarded = true;
  const guarded: MakeRepository = (auth, logger, pnToLid) => {
    const unread = new UnreadSessions();
    /** Addresses whose sessions libsignal-node is trying on a message. */
    const tried = new Set<string>();
    /** Canonical names of sender keys in use, by the name in a message. */
    const places = new Map<string, string>();
    binding.told.addCreds(auth.creds);
    const lend = (type: KeyType, ids: readonly string[]) => binding.keys.lend(type, ids, places);
    const followed = follower && followedBy(follower, { binding, tried, places });
    const keys = {
      get: (type: KeyType, ids: readonly string[]) => unread.read(type, ids, lend),
      // The whole operation holds the locks that `set` would take.
      set: async (data: KeyDataSet): Promise<void> => {
        unread.requireRead(data);
        if (followed?.hold(data) === true) return;
        await binding.keys.take(repaired(data, tried, binding), places);
      },
      transaction: <T>(section: () => Promise<T>): Promise<T> => section(),
      // The next Baileys names the records of a transaction. The operation holds their locks.
      transactWith: <T>(_scope: unknown, section: () => Promise<T>): Promise<T> => section(),
      isInTransaction: (): boolean => true,
    };
    const inner = make({ creds: auth.creds, keys }, logger, pnToLid);
    refuseRepositoryOf6(inner);
    const queriesLids = pnToLid !== undefined;
    const locks = new RepositoryLocks({ account, binding, inner, unread, places, queriesLids });
    return guard({ account, binding, inner, locks, tried, followed });
  };
  return guarded as Make;
}

/** Baileys takes two steps of our sender key for each message, except the first. */
const STEPS_PER_GROUP_MESSAGE = 2;

/** The parts of one guarded repository. */
interface GuardParts {
  readonly account: Account;
  readonly binding: BaileysBinding;
  readonly inner: SignalRepositoryLike;
  readonly locks: RepositoryLocks;
  /** Addresses whose sessions libsignal-node is trying on a message. */
  readonly tried: Set<string>;
  readonly followed: FollowedDecryptions | undefined;
}

/** Decryptions with a follower, over the keys of a repository. */
function followedBy(
  follower: DecryptionFollower,
  { binding, tried, places }: Pick<GuardParts, "binding" | "tried"> & { places: ReadonlyMap<string, string> },
): FollowedDecryptions {
  const { cache, keys } = binding;
  return new FollowedDecryptions({
    follower,
    take: (sets, place, writes) =>
      keys.takeStep(
        sets.map((data) => repaired(data, tried, binding)),
        { place, writes },
        places,
      ),
    makeDurable: (place) => cache.makeDurable([place]),
  });
}

/** Wraps a repository: each operation holds the locks of its state, and ciphertexts wait for their gates. */
function guard(parts: GuardParts): SignalRepositoryLike {
  const { inner } = parts;
  const { told, keys } = parts.binding;
  return {
    ...inner,
    ...sessionOperations(parts),
    ...groupOperations(parts),
    deleteSession: (jids) => {
      const sessions = jids.map((jid) => [inner.jidToSignalProtocolAddress(jid), null]);
      return keys.set({ session: Object.fromEntries(sessions) });
    },
    migrateSession: (from, to) => migrateSession(told, { from, to }),
  };
}

type SessionOperations = Pick<
  SignalRepositoryLike,
  "decryptMessage" | "encryptMessage" | "getSessionInfo" | "injectE2ESession" | "validateSession"
>;

function sessionOperations(parts: GuardParts): SessionOperations {
  const { account, binding, inner, locks } = parts;
  const { cache } = binding;
  return {
    decryptMessage: (options) => {
      const decrypt = () => locks.withJid(options.jid, (address) => decryptDirect(parts, options, address));
      return parts.followed?.follow(options.ciphertext, decrypt) ?? decrypt();
    },
    encryptMessage: (options) =>
      locks.withJid(options.jid, (address) =>
        send(cache, requireStored(address), 1, () => inner.encryptMessage(options)),
      ),
    injectE2ESession: (options) =>
      locks.withJid(options.jid, async () => {
        // The first message could not be sent, and the peer's pre-key would be wasted.
        account.writeBehind.assertOpen();
        await inner.injectE2ESession(options);
      }),
    // Baileys' own function treats a session that could not be read as absent: it would fetch a bundle and
    // use up one of the peer's pre-keys.
    validateSession: async (jid) => {
      const address = await locks.placeOf(jid);
      const record = cache.sessions.peek(address) ?? (await cache.sessions.load(address));
      if (record?.isOpen === true) return { exists: true };
      account.writeBehind.assertOpen();
      return { exists: false, reason: record === undefined ? "no session" : "no open session" };
    },
    ...(inner.getSessionInfo && {
      getSessionInfo: async (jid: string) => {
        await locks.placeOf(jid);
        return await inner.getSessionInfo?.(jid);
      },
    }),
  };
}

/** Decrypts with the session of an address, whose lock the caller holds. */
async function decryptDirect(
  { binding, inner, tried, followed }: GuardParts,
  options: Parameters<SignalRepositoryLike["decryptMessage"]>[0],
  address: string,
): Promise<Uint8Array> {
  const { type, ciphertext } = options;
  const preKeyId = type === "pkmsg" ? preKeyIdIn(ciphertext) : undefined;
  const decrypt = (): Promise<Uint8Array> => {
    const read = () => inner.decryptMessage(options);
    if (followed === undefined) return read();
    const keys: HeldKey[] = [`session:${address}`];
    if (preKeyId !== undefined) keys.push(`pre-key:${preKeyId}`);
    return followed.step({ ciphertext, place: requireStored(address), keys }, read);
  };
  if (type === "pkmsg") {
    return preKeyId === undefined
      ? await decrypt()
      : await binding.consumed.using(String(preKeyId), requireStored(address), decrypt);
  }
  tried.add(address);
  try {
    return await decrypt();
  } finally {
    tried.delete(address);
  }
}

type GroupOperations = Pick<
  SignalRepositoryLike,
  | "decryptGroupMessage"
  | "encryptGroupMessage"
  | "getSenderKeyDistributionMessage"
  | "hasSenderKey"
  | "processSenderKeyDistributionMessage"
>;

function groupOperations(parts: GuardParts): GroupOperations {
  const { account, inner, locks } = parts;
  const { cache } = parts.binding;
  // Whether a received sender key must be durable before the operation resolves.
  const isStrict = account.signalPolicy.durability !== "relaxed";
  return {
    decryptGroupMessage: (options) => {
      const { group, authorJid, msg: ciphertext } = options;
      const read = (place: string) => withEachTwin(cache, place, () => inner.decryptGroupMessage(options));
      const { followed } = parts;
      if (followed === undefined) return locks.withSenderKey(group, authorJid, read);
      return followed.follow(ciphertext, () =>
        locks.withSenderKey(group, authorJid, (place, id) =>
          followed.step({ ciphertext, place, keys: [`sender-key:${id}`] }, () => read(place)),
        ),
      );
    },
    processSenderKeyDistributionMessage: (options) =>
      locks.withSenderKey(String(options.item.groupId), options.authorJid, async (place) => {
        await inner.processSenderKeyDistributionMessage(options);
        if (isStrict) await cache.makeDurable([place]);
      }),
    encryptGroupMessage: (options) =>
      locks.withSenderKey(options.group, options.meId, (place) =>
        send(cache, place, STEPS_PER_GROUP_MESSAGE, () => inner.encryptGroupMessage(options)),
      ),
    getSenderKeyDistributionMessage: (options) =>
      locks.withSenderKey(options.group, options.meId, async (place) => {
        const message = await inner.getSenderKeyDistributionMessage(options);
        // The message contains the chain key: a new key must be durable, even if no message uses it yet.
        await cache.makeDurable([place]);
        return message;
      }),
    ...(inner.hasSenderKey && {
      hasSenderKey: (options: { group: string; meId: string }) =>
        locks.withSenderKey(
          options.group,
          options.meId,
          async () => (await inner.hasSenderKey?.(options)) === true,
        ),
    }),
  };
}

/**
 * Encrypts with the record of an address or name, if its key can be published, and waits until the message
 * may be sent.
 */
async function send<T>(
  cache: BaileysBinding["cache"],
  stored: string,
  steps: number,
  encrypt: () => Promise<T>,
): Promise<T> {
  await cache.sendable(stored, { steps });
  const message = await encrypt();
  await cache.publishable([stored]);
  return message;
}

/** Removes the effects of failed trials from sessions that were tried on a message. */
function repaired(data: KeyDataSet, tried: ReadonlySet<string>, { cache }: BaileysBinding): KeyDataSet {
  const { session } = data;
  if (session === undefined || tried.size === 0) return data;
  const sessions = Object.entries(session).map(([address, value]) => {
    if (value === null || !tried.has(address)) return [address, value];
    const before = cache.sessions.peek(requireStored(address))?.json;
    return [address, withoutFailedTrials(value as NodeRecordJson, before)];
  });
  return { ...data, session: Object.fromEntries(sessions) };
}
