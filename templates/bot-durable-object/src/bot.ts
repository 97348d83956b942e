import { type BaileysHoldfast, useHoldfast } from "@holdfast/store/baileys";
import { AccountDurableObject } from "@holdfast/store/cloudflare";
import {
  type AnyMessageContent,
  aesDecryptGCM,
  type ConnectionState,
  cleanMessage,
  DEFAULT_CONNECTION_CONFIG,
  DisconnectReason,
  decodeMessageNode,
  generateMessageIDV2,
  makeWASocket,
  proto,
  type WAMessage,
  type WASocket,
} from "baileys";
import type { BotEnv } from "./bot_env.ts";
import { consoleLogger } from "./console_logger.ts";

/** Name of the task that looks whether the bot is connected. The object's alarm runs it. */
const WATCH = "bot.watch";

/** Time between two looks, in milliseconds: the longest time that a bot stays away after it lost its memory. */
const WATCH_MS = 60_000;

/** First wait before a new connection, doubling up to the time between two looks, in milliseconds. */
const FIRST_RETRY_MS = 1_000;

/** Time of a call to wait for a connection or a code, in milliseconds. */
const WAIT_MS = 30_000;

/** Key of the object's storage under which stands that the bot is to be connected. */
const STARTED = "bot.started";

/** Reasons to disconnect after which another attempt fails as well, or does harm. */
const FINAL: ReadonlySet<number | undefined> = new Set([
  DisconnectReason.connectionReplaced,
  DisconnectReason.forbidden,
  DisconnectReason.multideviceMismatch,
]);

/** The parts of Baileys that Holdfast needs. The whole module would add 100 kB to the Worker. */
const baileys = {
  aesDecryptGCM,
  cleanMessage,
  DEFAULT_CONNECTION_CONFIG,
  decodeMessageNode,
  generateMessageIDV2,
  makeWASocket,
  proto,
};

/** What a bot is doing. */
export type BotState = "stopped" | "connecting" | "pairing" | "open" | "waiting";

/** The answer of `status`. */
export interface BotStatus {
  readonly state: BotState;
  /** Whether the bot connects again by itself after an eviction. */
  readonly isStarted: boolean;
  /** The bot's own JID, once it is paired. */
  readonly jid: string | undefined;
  /** Why the last connection ended. */
  readonly lastError: string | undefined;
}

/** How to pair: a text to show as a QR code, or a code to type on the phone. */
export type Pairing = { readonly qr: string } | { readonly code: string };

/**
 * A bot in its account's own Durable Object. Everything that it has to remember is in the object's storage.
 *
 * Its public methods are called over RPC. Members with `#` cannot be reached from outside.
 */
export class Bot extends AccountDurableObject<BotEnv> {
  #state: BotState = "stopped";
  #socket: WASocket | undefined;
  #connecting: Promise<void> | undefined;
  #holdfast: BaileysHoldfast<typeof baileys> | undefined;
  #qr: string | undefined;
  #lastError: string | undefined;
  /** Number of connections in a row that did not open. */
  #failures = 0;
  /** Called after each change of the connection. */
  readonly #waiting = new Set<() => void>();

  constructor(ctx: DurableObjectState, env: BotEnv) {
    super(ctx, env);
    this.holdfast.scheduler.register(WATCH, () => this.#watch(), { stored: true });
  }

  /** Connects, now and after each eviction, until `stop` is called or the phone logs the bot out. */
  async start(): Promise<BotStatus> {
    await this.ctx.storage.put(STARTED, true);
    await this.#watch();
    return await this.status();
  }

  /** Ends the connection. The object can then be evicted, and costs nothing. */
  async stop(): Promise<BotStatus> {
    await this.#halt();
    return await this.status();
  }

  /** Begins to pair, and returns what the user has to scan or to type. */
  async pair(phoneNumber?: string): Promise<Pairing> {
    await this.start();
    await this.#until(() => this.#qr !== undefined || this.#state === "open", "pair: no code came");
    if (this.#qr === undefined) throw new Error("pair: the bot is paired already");
    if (phoneNumber === undefined) return { qr: this.#qr };
    const code = await this.#socket?.requestPairingCode(phoneNumber);
    if (code === undefined) throw new Error("pair: the connection ended");
    return { code };
  }

  /** Sends a text or media to a user or a group. Returns the message's id. */
  async send(jid: string, content: string | AnyMessageContent): Promise<string> {
    await this.start();
    await this.#until(() => this.#state === "open", "send: the bot is not connected");
    const message = await this.#socket?.sendMessage(
      jid,
      typeof content === "string" ? { text: content } : content,
    );
    if (!message?.key.id) throw new Error("send: the connection ended");
    return message.key.id;
  }

  async status(): Promise<BotStatus> {
    const account = await this.holdfast.account();
    return {
      state: this.#state,
      isStarted: await this.#isStarted(),
      jid: account.device.getDeviceSnapshot().pn || undefined,
      lastError: this.#lastError,
    };
  }

  /** Connects if the bot has no connection, and looks again later. */
  async #watch(): Promise<void> {
    if (!(await this.#isStarted())) return;
    this.holdfast.scheduler.schedule(WATCH, Date.now() + WATCH_MS);
    if (this.#socket === undefined) await this.#connect();
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#openSocket().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #openSocket(): Promise<void> {
    this.#state = "connecting";
    const account = await this.holdfast.account();
    const holdfast = await useHoldfast(baileys, account, {
      // A message is stored until it is handled, since the object may lose its memory at any time.
      inbox: {
        onMessages: (batch, socket) =>
          this.#answer(
            batch.map(({ message }) => message),
            socket,
          ),
      },
    });
    if (this.#holdfast !== holdfast) holdfast.on("loggedOut", () => this.#halt());
    this.#holdfast = holdfast;
    // Baileys sets `me` for a pairing code. Without a pairing it would keep a later attempt from succeeding.
    if (!account.device.isRegistered) delete holdfast.config.auth.creds.me;
    const socket = makeWASocket({
      ...holdfast.config,
      logger: consoleLogger,
      markOnlineOnConnect: false,
      ...(this.env.WHATSAPP_URL && { waWebSocketUrl: this.env.WHATSAPP_URL }),
    });
    holdfast.bind(socket);
    this.#socket = socket;
    socket.ev.on("connection.update", (update) => {
      if (this.#socket === socket) void this.#changed(update);
    });
  }

  /**
   * The bot's work: answers `!ping`, and whatever follows it. Messages come again if this rejects, or if the
   * object loses its memory before it has resolved. A message may then be answered twice.
   */
  async #answer(messages: readonly WAMessage[], socket: WASocket): Promise<void> {
    for (const { key, message } of messages) {
      const text = message?.conversation || message?.extendedTextMessage?.text || "";
      if (key.fromMe || !key.remoteJid || !text.startsWith("!ping")) continue;
      await socket.sendMessage(key.remoteJid, { text: `pong${text.slice("!ping".length)}` });
    }
  }

  async #changed({ connection, qr, lastDisconnect }: Partial<ConnectionState>): Promise<void> {
    if (qr !== undefined) {
      this.#qr = qr;
      this.#state = "pairing";
    }
    if (connection === "open") {
      this.#qr = undefined;
      this.#state = "open";
      this.#failures = 0;
    }
    if (connection === "close") await this.#closed(lastDisconnect?.error);
    for (const look of [...this.#waiting]) look();
  }

  /** Connects again, except where that would be in vain. */
  async #closed(
    error: (Error & { readonly output?: { readonly statusCode: number } }) | undefined,
  ): Promise<void> {
    const code = error?.output?.statusCode;
    this.#socket = undefined;
    this.#qr = undefined;
    this.#lastError = error?.message;
    if (code === DisconnectReason.restartRequired) {
      // The server ends the connection after pairing.
      await this.#retry(0);
      return;
    }
    const { isRegistered } = (await this.holdfast.account()).device;
    if (FINAL.has(code) || !isRegistered) {
      await this.#halt();
      return;
    }
    this.#failures += 1;
    await this.#retry(Math.min(WATCH_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1)));
  }

  async #retry(delayMs: number): Promise<void> {
    if (!(await this.#isStarted())) return;
    this.#state = "waiting";
    // By alarm: the object may be evicted while it has no connection.
    this.holdfast.scheduler.schedule(WATCH, Date.now() + delayMs);
  }

  async #halt(): Promise<void> {
    await this.ctx.storage.delete(STARTED);
    this.holdfast.scheduler.cancel(WATCH);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#qr = undefined;
    this.#state = "stopped";
    await socket?.end(undefined);
    await (await this.holdfast.account()).flush();
  }

  async #isStarted(): Promise<boolean> {
    return (await this.ctx.storage.get(STARTED)) === true;
  }

  /** Resolves when a condition holds. @throws {Error} When the bot stops, or after a time limit. */
  #until(condition: () => boolean, failure: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        outcome();
      };
      const fail = (): void => finish(() => reject(new Error(failure)));
      const look = (): void => {
        if (condition()) finish(resolve);
        else if (this.#state === "stopped") fail();
      };
      const timer = setTimeout(fail, WAIT_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
