import type { Account } from "../../account/mod.ts";
import { FencedError } from "../../errors/mod.ts";
import { logError } from "../../write_behind/mod.ts";
import type { HoldfastEvents } from "./holdfast_events.ts";
import type { Hook } from "./hook.ts";
import type { SocketLike } from "./library.ts";

/** Baileys' `DisconnectReason.loggedOut`. 403 (forbidden) and 440 (replaced) are no log-outs. */
const LOGGED_OUT = 401;

/** The used part of Baileys' event `connection.update`. */
interface ConnectionUpdate {
  readonly connection?: unknown;
  readonly lastDisconnect?: { readonly error?: unknown } | undefined;
}

/** Options of {@link lifecycle}. */
export interface LifecycleParts {
  readonly account: Account;
  readonly events: HoldfastEvents;
  readonly saveCreds: () => Promise<void>;
}

/**
 * Saves credentials, and follows what ends a socket for good: a log-out, and another owner of the account.
 */
export function lifecycle({ account, events, saveCreds }: LifecycleParts): Hook {
  const { logger } = account.host;
  let current: SocketLike | undefined;
  /** Why nothing is saved any more. */
  let reason: string | undefined;
  const endFenced = (): void => {
    if (current === undefined) return;
    logger.log("error", "baileys: the account is not saved any more; the socket is ended", { error: reason });
    endSocket(current);
  };
  account.writeBehind.onEvent((event) => {
    if (event.kind !== "fenced") return;
    reason = event.error.message;
    endFenced();
    events.emit("fenced");
  });
  const save = (): void => {
    // The device stays dirty when this fails, and write-behind saves it later.
    saveCreds().catch((error: unknown) => {
      logError(logger, "baileys: credentials are not saved yet", error);
    });
  };
  const closed = ({ connection, lastDisconnect }: ConnectionUpdate): void => {
    if (connection !== "close" || !isLogOut(lastDisconnect?.error)) return;
    logger.log("warn", "baileys: logged out; the account is kept until account.erase() is called");
    events.emit("loggedOut");
  };
  return {
    follow: (socket) => {
      current = socket;
      socket.ev.on("creds.update", save);
      socket.ev.on("connection.update", closed);
      if (account.health().state === "fenced") endFenced();
      return () => {
        current = undefined;
        socket.ev.off("creds.update", save);
        socket.ev.off("connection.update", closed);
      };
    },
  };
}

/** Ends a socket whose account is fenced. Baileys' `end` may reject. */
function endSocket(socket: SocketLike): void {
  const error = new FencedError("use socket: the account is not saved any more");
  void (async () => await socket.end(error))().catch(() => {});
}

/**
 * Whether a connection was closed because this device is not linked any more. The answer of a proxy or
 * another HTTP server with the same status is none: it comes with an error of the WebSocket in `data`.
 */
function isLogOut(error: unknown): boolean {
  const { output, data } = (error ?? {}) as { output?: { statusCode?: unknown }; data?: unknown };
  return output?.statusCode === LOGGED_OUT && !(data instanceof Error);
}
