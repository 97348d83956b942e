import type { Account } from "../../account/mod.ts";
import { attachmentsOf } from "../../attachments/mod.ts";
import { FencedError, requireFunction, requireObject } from "../../errors/mod.ts";
import { messageLog } from "../../message_log/mod.ts";
import { baileysAuthState } from "../auth_state.ts";
import { joinFollowers } from "../decryption_follower.ts";
import { followedRepository, type MakeRepository } from "../signal_repository.ts";
import { refuseRepositoryOf6 } from "../supported_version.ts";
import { FollowedSocket } from "./followed_socket.ts";
import { groupMetadata } from "./group_metadata.ts";
import { type HoldfastEvent, HoldfastEvents, type HoldfastListener } from "./holdfast_events.ts";
import type { Hook } from "./hook.ts";
import { inbox } from "./inbox.ts";
import type { InboxOptions } from "./inbox_options.ts";
import type { BaileysModule, Socket, SocketLike, SocketOptions } from "./library.ts";
import { lifecycle } from "./lifecycle.ts";
import { memoryCaches } from "./memory_caches.ts";
import { SecretLog } from "./message_secrets.ts";
import { type OwnJids, ReceivedStanzas } from "./received_stanzas.ts";
import { retries } from "./retries.ts";
import { type MessageSecrets, messageSecrets } from "./secret_payloads.ts";
import { requireSecretPolicy, type SecretPolicy } from "./secret_policy.ts";
import { type SentMessages, type SentMessagesOptions, sentMessages } from "./sent_messages.ts";
import { userDevices } from "./user_devices.ts";

/** The socket options that Holdfast sets. */
export type SocketOptionName =
  | "auth"
  | "cachedGroupMetadata"
  | "callOfferCache"
  | "getMessage"
  | "makeSignalRepository"
  | "mediaCache"
  | "msgRetryCounterCache"
  | "placeholderResendCache"
  | "userDevicesCache";

/** Options of {@link useHoldfast}: one member for each thing that is remembered. */
export interface HoldfastOptions<Module extends BaileysModule = BaileysModule> {
  /** Received messages at least once. Without it, a crash may lose messages that WhatsApp counts as read. */
  readonly inbox?: InboxOptions<Module> | undefined;
  /** Sent messages, for retry receipts. `false` remembers none. */
  readonly sentMessages?: SentMessagesOptions | false | undefined;
  /** Which secrets of messages are kept, so that later votes, responses and edits can be decrypted. */
  readonly secrets?: SecretPolicy | undefined;
}

/** Everything that a Baileys bot has to remember, in one account. Made by `useHoldfast`. */
export interface BaileysHoldfast<Module extends BaileysModule> {
  /** For `makeWASocket({ ...holdfast.config })`. Options of your own come after it. */
  readonly config: Required<Pick<SocketOptions<Module>, SocketOptionName>>;
  /**
   * Follows a socket until it ends, or until the next one is bound. Call it right after `makeWASocket`, in
   * the same turn, for every socket of the account. After another process has opened the account, it ends
   * the socket at once.
   *
   * @returns A function that stops following the socket, which goes on.
   */
  bind(socket: Socket<Module>): () => void;
  /** The sent messages that are kept; `undefined` where the option is `false`. */
  readonly sentMessages: SentMessages | undefined;
  /**
   * Adds a listener.
   *
   * @returns A function that removes it.
   */
  on(event: HoldfastEvent, listener: HoldfastListener): () => void;
  /** Decrypts votes, responses to events, and edits. */
  readonly secrets: MessageSecrets<Module>;
}

/**
 * Everything that a Baileys bot has to remember, in one account.
 *
 * An account has one: further calls, for example at each reconnect, return the one of the first call, with
 * its options.
 *
 * @param baileys The imported module.
 * @param account The open account.
 * @throws {TypeError} When an argument is malformed, when the module is Baileys 6, or when another module was
 * passed for this account before.
 * @throws {FencedError} When another process has opened the account since.
 * @throws {CorruptError | WrongLengthError} When the stored credentials are invalid.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { useHoldfast } from "@holdfast/store/baileys";
 * import { libsqlBackend } from "@holdfast/store/libsql";
 * import * as baileys from "baileys";
 *
 * const account = await openAccount({ backend: libsqlBackend({ url: "file:bot.db" }) });
 * const holdfast = await useHoldfast(baileys, account);
 * const socket = baileys.makeWASocket({ ...holdfast.config });
 * holdfast.bind(socket);
 * ```
 */
export async function useHoldfast<Module extends BaileysModule>(
  baileys: Module,
  account: Account,
  options: HoldfastOptions<Module> = {},
): Promise<BaileysHoldfast<Module>> {
  requireModule(baileys);
  requireObject("use Holdfast: options", options);
  const attached = attachmentsOf("use Holdfast", account).of(AttachedHoldfast, () => new AttachedHoldfast());
  if (attached.module !== undefined && attached.module !== baileys)
    throw new TypeError("use Holdfast: the account is used with another Baileys module");
  if (account.health().state === "fenced")
    throw new FencedError("use Holdfast: another process has opened the account");
  refuseModuleOf6(baileys);
  attached.module = baileys;
  const isFirst = attached.holdfast === undefined;
  attached.holdfast ??= compose(baileys, account, options as HoldfastOptions);
  if (!isFirst && Object.keys(options).length > 0 && !attached.options.has(options)) {
    const { logger } = account.host;
    logger.log("warn", "baileys: useHoldfast was called before, its further options are ignored");
  }
  attached.options.add(options);
  try {
    return (await attached.holdfast) as BaileysHoldfast<Module>;
  } catch (error) {
    attached.holdfast = undefined;
    throw error;
  }
}

/** @throws {TypeError} When the value is not the whole module. */
function requireModule(baileys: BaileysModule): void {
  const make: unknown = (baileys as BaileysModule | null | undefined)?.makeWASocket;
  if (typeof make !== "function")
    throw new TypeError('use Holdfast: not the Baileys module, use import * as baileys from "baileys"');
}

/** Makes a repository, which does nothing yet: a socket of version 6 would connect before it makes its own. */
function refuseModuleOf6({ DEFAULT_CONNECTION_CONFIG }: BaileysModule): void {
  const make: unknown = DEFAULT_CONNECTION_CONFIG?.makeSignalRepository;
  requireFunction("use Holdfast: makeSignalRepository of the Baileys module", make);
  const silent = { level: "silent", child: () => silent, ...SILENT_METHODS };
  const keys = { get: async () => ({}), set: async () => {}, transaction: async () => {} };
  const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: {}, keys }, silent);
  refuseRepositoryOf6(repository);
}

const SILENT_METHODS = { trace() {}, debug() {}, info() {}, warn() {}, error() {} } as const;

/** What `useHoldfast` has made for an account. */
class AttachedHoldfast {
  module: BaileysModule | undefined;
  holdfast: Promise<BaileysHoldfast<BaileysModule>> | undefined;
  /** The options of all calls. */
  readonly options = new WeakSet<object>();
}

async function compose(
  baileys: BaileysModule,
  account: Account,
  options: HoldfastOptions,
): Promise<BaileysHoldfast<BaileysModule>> {
  const events = new HoldfastEvents(account.host.logger);
  const { state, saveCreds } = await baileysAuthState(account);
  const retryHook = await retries(account);
  const own: OwnJids = () => ({ id: state.creds.me?.id ?? "", lid: state.creds.me?.lid ?? "" });
  const stanzas = new ReceivedStanzas(baileys, own);
  const sent =
    options.sentMessages === false ? undefined : await sentMessages(baileys, account, options.sentMessages);
  const makeSignalRepository: MakeRepository = (...parameters) => {
    // A socket makes its repository in the call that makes the socket.
    followed.expect();
    return hooks.reduce((inner, hook) => hook.repository?.(inner) ?? inner, guarded(...parameters));
  };
  const { secrets: policy = "managed" } = options;
  requireSecretPolicy(policy);
  const secrets = new SecretLog({ baileys, account, log: await messageLog(account), policy });
  const inboxHook =
    options.inbox && (await inbox({ baileys, account, stanzas, own, options: options.inbox }));
  const hooks: Hook[] = [
    { options: { auth: state, makeSignalRepository } },
    lifecycle({ account, events, saveCreds }),
    retryHook,
    memoryCaches(account.host.clock),
    groupMetadata(account),
    { follow: stanzas.follow },
    secrets.hook(stanzas),
    userDevices(account),
    sent ?? { options: { getMessage: async () => undefined } },
  ];
  if (inboxHook !== undefined) hooks.push(inboxHook);
  const guarded = followedRepository(
    account,
    baileys.DEFAULT_CONNECTION_CONFIG.makeSignalRepository,
    joinFollowers(hooks.flatMap(({ decryptions }) => decryptions ?? [])),
  );
  const followed = new FollowedSocket(hooks, account.host.logger);
  return {
    config: Object.assign({}, ...hooks.map(({ options }) => options)),
    sentMessages: sent,
    bind: (socket: SocketLike) => followed.follow(socket),
    on: (event, listener) => events.on(event, listener),
    secrets: messageSecrets({ baileys, account, own, secrets }),
  };
}
