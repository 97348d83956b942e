import { AsyncContext } from "./async_context.ts";
import type { SocketLike } from "./library.ts";

/** A message that is being sent. */
export interface Send {
  /** As the caller gave it. */
  readonly jid: string;
  readonly id: string;
  /** Whether the call has ended. */
  isDone: boolean;
  /** Whether the message was taken. */
  isTaken: boolean;
  /** The message as our own other devices get it, which is taken only if no other user gets it. */
  own: Uint8Array | undefined;
  /** Resolves when the message may leave. */
  ready: Promise<void> | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the types of messages and options are Baileys' own.
type SendFunction = (jid: string, content: any, options?: any) => Promise<any>;

/** A socket that sends. */
export interface SendingSocket extends SocketLike {
  sendMessage: SendFunction;
  relayMessage: SendFunction;
  readonly user?: { readonly id?: string } | undefined;
}

/** The functions of a socket that send messages of the caller. */
const SENDERS = ["sendMessage", "relayMessage"] as const;

/**
 * Says which message is being encrypted. The socket's functions run in an asynchronous context with the id
 * of the message, which is chosen before. Whatever they call, such as the Signal repository, finds it.
 */
export class SendCapture {
  readonly #context: AsyncContext<Send> = new AsyncContext();
  readonly #makeId: (userId?: string) => string;
  readonly #sent: (send: Send) => Promise<void> | undefined;

  /**
   * @param makeId Makes ids of messages as Baileys does.
   * @param sent Called when a message has left, before the caller is answered.
   */
  constructor(makeId: (userId?: string) => string, sent: (send: Send) => Promise<void> | undefined) {
    this.#makeId = makeId;
    this.#sent = sent;
  }

  /** The message that the running code sends; `undefined` when it sends none, or another one by itself. */
  get current(): Send | undefined {
    const send = this.#context.current;
    return send?.isDone === false ? send : undefined;
  }

  /** Replaces the socket's functions that send. @returns A function that undoes it. */
  follow(socket: SendingSocket): () => void {
    const undos = SENDERS.map((name) => {
      const original = socket[name];
      let isFollowed = true;
      const replaced: SendFunction = (jid, content, options) =>
        isFollowed && isOwnMessage(options)
          ? this.#sending(socket, jid, options, (chosen) => original(jid, content, chosen))
          : original(jid, content, options);
      socket[name] = replaced;
      return () => {
        isFollowed = false;
        // Code that has replaced it since calls this function, which then only passes the call on.
        if (socket[name] === replaced) socket[name] = original;
      };
    });
    return () => {
      for (const undo of undos) undo();
    };
  }

  async #sending<T>(
    socket: SendingSocket,
    jid: string,
    options: { readonly messageId?: string } | undefined,
    work: (options: object) => Promise<T>,
  ): Promise<T> {
    const id = options?.messageId || this.#makeId(socket.user?.id);
    const send: Send = { jid, id, isDone: false, isTaken: false, own: undefined, ready: undefined };
    try {
      const result = await this.#context.run(send, () => work({ ...options, messageId: id }));
      await this.#sent(send);
      return result;
    } finally {
      send.isDone = true;
      // Timers that began in the context keep it in memory.
      send.own = undefined;
    }
  }
}

/** Whether it is a message of the caller: no resend to one device, and no message between our own devices. */
function isOwnMessage(
  options:
    | { readonly participant?: unknown; readonly additionalAttributes?: { readonly category?: unknown } }
    | undefined,
): boolean {
  return options?.participant === undefined && options?.additionalAttributes?.category !== "peer";
}
