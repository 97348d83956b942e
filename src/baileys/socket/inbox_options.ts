import { requireFunction, requireIntegerWithin, requireObject } from "../../errors/mod.ts";
import type { BaileysModule, ReceivedMessage, Socket } from "./library.ts";

/** A message for `onMessages`. */
export interface InboxMessage<Module extends BaileysModule = BaileysModule> {
  /** In the form of Baileys' event `messages.upsert`. */
  readonly message: ReceivedMessage<Module>;
  /**
   * Whether it may have been passed to `onMessages` before: by an earlier process that ended before
   * `onMessages` had resolved, or in an earlier attempt of this one. A message that is not marked is new.
   */
  readonly redelivered: boolean;
  /** Number of times that this process has passed it to `onMessages`, this time included. */
  readonly attempt: number;
  /** Whether the server had kept it while the client was offline (`append` in `messages.upsert`). */
  readonly offline: boolean;
}

/** Options of the inbox: received messages at least once. */
export interface InboxOptions<Module extends BaileysModule = BaileysModule> {
  /**
   * Called with the oldest messages that it has not handled, while a bound socket is open, one call at a
   * time. When it resolves, the messages of the batch are removed. When it rejects, the batch is passed
   * again, message by message, after pauses that grow from 1 second to 1 minute.
   *
   * A message that always fails blocks the ones behind it, so that the order is kept. To give it up, put it
   * aside when `attempt` is great enough, and resolve.
   */
  readonly onMessages: (
    batch: readonly InboxMessage<Module>[],
    socket: Socket<Module>,
  ) => void | Promise<void>;
  /** Maximum number of messages in one batch. Defaults to 50. */
  readonly batchSize?: number | undefined;
  /**
   * Maximum number of messages that are stored and not handled. Beyond it decryption waits, so that the
   * server keeps what follows. Defaults to 1,000.
   */
  readonly maxPending?: number | undefined;
  /** Maximum size of the stored messages in bytes, likewise. Defaults to 16 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /**
   * How long decryption waits for room, in milliseconds. The connection is then closed with a `LimitError`.
   * Defaults to 60 seconds.
   */
  readonly maxWaitMs?: number | undefined;
}

/** Options with their defaults. */
export type ResolvedInboxOptions<Module extends BaileysModule> = {
  readonly [Name in keyof InboxOptions<Module>]-?: NonNullable<InboxOptions<Module>[Name]>;
};

/** Default number of messages in one batch. */
const DEFAULT_BATCH_SIZE = 50;

/** Default number of stored messages. */
const DEFAULT_MAX_PENDING = 1_000;

/** Default size of the stored messages, in bytes. */
const DEFAULT_MAX_PENDING_BYTES = 16 * 1_024 * 1_024;

/** Default wait for room. A server keeps what is not acknowledged, so a longer one gains nothing. */
const DEFAULT_MAX_WAIT_MS = 60_000;

/** Greatest number of messages that an option allows. */
const MOST_MESSAGES = 100_000;

/** Greatest number of bytes that an option allows: all pending messages are in memory. */
const MOST_BYTES = 1_024 * 1_024 * 1_024;

/** Longest wait that an option allows. */
const LONGEST_WAIT_MS = 3_600_000;

/** @throws {TypeError | RangeError} When an option is malformed. */
export function resolveInboxOptions<Module extends BaileysModule>(
  options: InboxOptions<Module>,
): ResolvedInboxOptions<Module> {
  requireObject("use inbox: options", options);
  const {
    onMessages,
    batchSize = DEFAULT_BATCH_SIZE,
    maxPending = DEFAULT_MAX_PENDING,
    maxPendingBytes = DEFAULT_MAX_PENDING_BYTES,
    maxWaitMs = DEFAULT_MAX_WAIT_MS,
  } = options;
  requireFunction("use inbox: onMessages", onMessages);
  requireIntegerWithin("use inbox: batchSize", batchSize, 1, MOST_MESSAGES);
  requireIntegerWithin("use inbox: maxPending", maxPending, 1, MOST_MESSAGES);
  requireIntegerWithin("use inbox: maxPendingBytes", maxPendingBytes, 1, MOST_BYTES);
  requireIntegerWithin("use inbox: maxWaitMs", maxWaitMs, 1, LONGEST_WAIT_MS);
  return { onMessages, batchSize, maxPending, maxPendingBytes, maxWaitMs };
}
