import { requireFunction, requireObject } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { Hook } from "./hook.ts";
import type { SocketLike } from "./library.ts";

/** The socket that the hooks of an account follow: at most one, the last that was bound. */
export class FollowedSocket {
  readonly #hooks: readonly Hook[];
  readonly #logger: Logger;
  #current: { readonly socket: SocketLike; readonly unfollow: () => void } | undefined;
  /** Number of calls of `follow`. */
  #calls = 0;

  constructor(hooks: readonly Hook[], logger: Logger) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  /** A socket is being made. Warns when it is not followed in the same turn of the event loop. */
  expect(): void {
    const calls = this.#calls;
    queueMicrotask(() => {
      if (this.#calls !== calls) return;
      this.#logger.log(
        "warn",
        "baileys: a socket is not bound, so its credentials are not saved and it must be linked again: " +
          "call holdfast.bind(socket) right after makeWASocket",
      );
    });
  }

  /**
   * Follows a socket until it ends, another one is followed, or the returned function is called. The former
   * socket is not followed any more. Following a socket again changes nothing.
   *
   * @throws {TypeError} When it is no socket of Baileys.
   */
  follow(socket: SocketLike): () => void {
    requireObject("bind socket: socket", socket);
    requireFunction("bind socket: socket.ev.on", socket.ev?.on);
    requireFunction("bind socket: socket.ws.prependListener", socket.ws?.prependListener);
    requireFunction("bind socket: socket.end", socket.end);
    this.#calls += 1;
    if (this.#current?.socket === socket) return this.#current.unfollow;
    this.#current?.unfollow();
    const unfollow = (): void => {
      if (this.#current?.unfollow !== unfollow) return;
      this.#current = undefined;
      socket.ev.off("connection.update", closed);
      for (const undo of undos.splice(0).reverse()) undo();
    };
    const undos: (() => void)[] = [];
    const closed = ({ connection }: { connection?: unknown }): void => {
      if (connection === "close") unfollow();
    };
    this.#current = { socket, unfollow };
    for (const hook of this.#hooks) {
      const undo = hook.follow?.(socket);
      if (undo !== undefined) undos.push(undo);
    }
    // After the listeners of the hooks, which hear of the end as well.
    socket.ev.on("connection.update", closed);
    return unfollow;
  }
}
