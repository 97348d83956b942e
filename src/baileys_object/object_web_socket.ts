import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { type BufferClass, repairTextWrites } from "./repair_text_writes.ts";

/** Time of the peer to answer a close, in milliseconds. The socket is then closed without its answer. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Code of a connection that ended without a close frame (RFC 6455, 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

/** The response to an upgrade. */
interface UpgradeResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly webSocket?: PlatformSocket | null;
  readonly body: { cancel(): Promise<void> } | null;
}

/** The platform's own WebSocket. */
interface PlatformSocket {
  binaryType: string;
  accept(): void;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: string | ArrayBuffer }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
}

/**
 * The part of `WebSocket` of the package `ws` that Baileys uses, over the WebSocket of the platform. In a
 * Durable Object, `wrangler.toml` puts it in the place of `ws`.
 *
 * The platform holds back a frame until all earlier writes to the object's storage are durable.
 *
 * Emits `open`, `message` (a `Buffer`, and whether it is binary), `close` (code and reason), `error`, and
 * `unexpected-response` when the server refuses the upgrade. After `error` comes `close`. There is no `ping`
 * and no `pong`: the platform answers pings by itself, and sends none.
 *
 * @example
 * ```toml
 * [alias]
 * "ws" = "@holdfast/store/baileys-object/ws"
 * ```
 */
export class ObjectWebSocket extends EventEmitter {
  /** State before the handshake has ended. */
  static readonly CONNECTING = 0;
  /** State in which frames are sent and received. */
  static readonly OPEN = 1;
  /** State after `close`, until the server has answered. */
  static readonly CLOSING = 2;
  /** State after the end, or after a failed handshake. */
  static readonly CLOSED = 3;

  /** The URL of the connection, normalised. */
  readonly url: string;
  readonly #connecting = new AbortController();
  #readyState: number = ObjectWebSocket.CONNECTING;
  #socket: PlatformSocket | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins to connect.
   *
   * @param options Those of the package `ws` that Baileys sets: headers, and the time to connect in
   *   milliseconds. An agent is refused, because the platform makes the connection.
   * @throws {TypeError} When the URL is no `ws:` or `wss:` URL, or an agent is given.
   */
  constructor(
    url: string | URL,
    options: {
      readonly origin?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly handshakeTimeout?: number | undefined;
      readonly agent?: unknown;
    } = {},
  ) {
    super();
    // Before anything is encoded, and not by an import.
    repairTextWrites(Buffer as unknown as BufferClass);
    const target = parsedUrl(url);
    if (target.protocol !== "ws:" && target.protocol !== "wss:") {
      throw new TypeError(`connect WebSocket: protocol ${target.protocol} is not ws: or wss:`);
    }
    if (options.agent !== undefined && options.agent !== null) {
      throw new TypeError("connect WebSocket: a Durable Object cannot connect through an agent");
    }
    this.url = target.href;
    const { origin, headers, handshakeTimeout } = options;
    const sent = { ...headers, ...(origin !== undefined && { origin }), upgrade: "websocket" };
    void this.#connect(target.href.replace(/^ws/, "http"), sent, handshakeTimeout);
  }

  /** State of the connection: `CONNECTING`, `OPEN`, `CLOSING` or `CLOSED` of this class. */
  get readyState(): number {
    return this.#readyState;
  }

  /**
   * Sends a frame.
   *
   * @param callback Called when the platform has taken the frame, or with the reason why it has not.
   * @throws {Error} While the socket is connecting. Later failures are passed to the callback.
   */
  send(data: string | Uint8Array, callback?: (error?: Error) => void): void {
    if (this.#readyState === ObjectWebSocket.CONNECTING) {
      throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
    }
    let failure: Error | undefined;
    try {
      if (this.#readyState !== ObjectWebSocket.OPEN || this.#socket === undefined) {
        throw new Error(`WebSocket is not open: readyState ${this.#readyState}`);
      }
      this.#socket.send(data);
    } catch (error) {
      failure = asError(error);
    }
    if (callback !== undefined) queueMicrotask(() => callback(failure));
  }

  /** Closes the connection. `close` is emitted when the server has answered, or after a time limit. */
  close(code = 1000, reason = ""): void {
    if (this.#readyState === ObjectWebSocket.CONNECTING) {
      this.#fail(new Error("WebSocket was closed before the connection was established"));
      return;
    }
    if (this.#readyState !== ObjectWebSocket.OPEN) return;
    this.#readyState = ObjectWebSocket.CLOSING;
    this.#closeTimer = setTimeout(() => this.#closed(ABNORMAL_CLOSURE, ""), CLOSE_TIMEOUT_MS);
    this.#closePlatform(code, reason);
  }

  /** Closes the connection without waiting for the server. */
  terminate(): void {
    if (this.#readyState === ObjectWebSocket.CONNECTING) {
      this.close();
      return;
    }
    if (this.#readyState === ObjectWebSocket.CLOSED) return;
    this.#closePlatform(1000, "");
    this.#closed(ABNORMAL_CLOSURE, "");
  }

  /** Connects by `fetch`, since the platform's `WebSocket` sends no headers. Never rejects. */
  async #connect(
    url: string,
    headers: Readonly<Record<string, string>>,
    handshakeTimeout: number | undefined,
  ): Promise<void> {
    // Not `AbortSignal.timeout`, which would end the open connection too.
    const timer =
      handshakeTimeout === undefined
        ? undefined
        : setTimeout(() => this.#fail(new Error("Opening handshake has timed out")), handshakeTimeout);
    try {
      const { signal } = this.#connecting;
      const response = (await fetch(url, { headers, signal })) as UpgradeResponse;
      if (this.#readyState === ObjectWebSocket.CONNECTING) this.#upgraded(response);
      else abandon(response);
    } catch (error) {
      this.#fail(asError(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #upgraded(response: UpgradeResponse): void {
    const socket = response.webSocket;
    if (socket === undefined || socket === null) {
      const { status: statusCode, statusText: statusMessage, headers } = response;
      abandon(response);
      this.emit("unexpected-response", undefined, {
        ...{ statusCode, statusMessage, headers: Object.fromEntries(headers) },
      });
      this.#fail(new Error(`Unexpected server response: ${statusCode}`));
      return;
    }
    this.#socket = socket;
    // Before `accept`, which may deliver messages at once.
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (this.#readyState === ObjectWebSocket.CLOSED) return;
      const isBinary = typeof data !== "string";
      this.emit("message", isBinary ? Buffer.from(data) : Buffer.from(data, "utf8"), isBinary);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      // A close that the server began is answered.
      if (this.#readyState === ObjectWebSocket.OPEN) this.#closePlatform(1000, "");
      this.#closed(code, reason);
    });
    socket.addEventListener("error", ({ message }) => {
      this.#fail(new Error(message ?? "WebSocket failed"));
    });
    socket.accept();
    this.#readyState = ObjectWebSocket.OPEN;
    this.emit("open");
  }

  /** Ends the connection with an error: `error`, then `close`. */
  #fail(error: Error): void {
    if (this.#readyState >= ObjectWebSocket.CLOSING) return;
    this.#readyState = ObjectWebSocket.CLOSING;
    this.#connecting.abort();
    this.#closePlatform(1000, "");
    // In a turn of its own, so that a caller of `close` can add its listeners.
    queueMicrotask(() => {
      try {
        this.emit("error", error);
      } finally {
        this.#closed(ABNORMAL_CLOSURE, "");
      }
    });
  }

  #closed(code: number, reason: string): void {
    if (this.#readyState === ObjectWebSocket.CLOSED) return;
    this.#readyState = ObjectWebSocket.CLOSED;
    clearTimeout(this.#closeTimer);
    this.emit("close", code, Buffer.from(reason, "utf8"));
  }

  #closePlatform(code: number, reason: string): void {
    try {
      this.#socket?.close(code, reason);
    } catch {
      // It is closed already.
    }
  }
}

/** Frees a connection that is not needed any more. */
function abandon({ webSocket, body }: UpgradeResponse): void {
  if (webSocket) {
    webSocket.accept();
    webSocket.close();
  } else void body?.cancel().catch(() => {});
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function parsedUrl(url: string | URL): URL {
  try {
    return new URL(url);
  } catch {
    throw new TypeError("connect WebSocket: not a URL");
  }
}
