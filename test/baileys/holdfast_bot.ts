/** A bot as a user writes one: an account, `useHoldfast`, and sockets against the local server. */
import * as baileys from "baileys";
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { type BaileysHoldfast, type HoldfastOptions, useHoldfast } from "../../src/baileys/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { systemHost } from "../../src/ports/mod.ts";
import { RecordingLogger } from "../../src/testing/mod.ts";
import { pairedCreds, silentLogger, type WhatsAppServer } from "../support/whatsapp/mod.ts";

export interface HoldfastBotOptions {
  readonly server: WhatsAppServer;
  readonly pn: string;
  /** With the database of an earlier bot, this is the same account again. */
  readonly database?: MemoryDatabase;
  readonly options?: HoldfastOptions;
  /** Wraps the backend, for example with faults. */
  readonly wrap?: (backend: Backend) => Backend;
}

/** An account with its sockets. Disposing it ends the last socket and closes the account. */
export class HoldfastBot implements AsyncDisposable {
  readonly database: MemoryDatabase;
  readonly account: Account;
  readonly holdfast: BaileysHoldfast<typeof baileys>;
  readonly logger: RecordingLogger;
  readonly #server: WhatsAppServer;
  #socket: baileys.WASocket | undefined;

  private constructor(
    parts: Pick<HoldfastBot, "database" | "account" | "holdfast" | "logger">,
    server: WhatsAppServer,
  ) {
    this.database = parts.database;
    this.account = parts.account;
    this.holdfast = parts.holdfast;
    this.logger = parts.logger;
    this.#server = server;
  }

  /** Opens the account, pairs a new one, and enrols it at the server. */
  static async open({
    server,
    pn,
    database = new MemoryDatabase(),
    options,
    wrap,
  }: HoldfastBotOptions): Promise<HoldfastBot> {
    const logger = new RecordingLogger();
    const backend = memoryBackend({ database });
    const account = await openAccount({
      backend: wrap?.(backend) ?? backend,
      host: systemHost({ logger }),
    });
    const holdfast = await useHoldfast(baileys, account, options);
    const { creds } = holdfast.config.auth;
    if (creds.me === undefined) Object.assign(creds, pairedCreds({ pn }));
    const { me, noiseKey } = creds;
    server.enrol({ id: me?.id ?? "", lid: me?.lid ?? "", noiseKey: noiseKey.public, name: "user" });
    return new HoldfastBot({ database, account, holdfast, logger }, server);
  }

  /** The JID by which the server knows the device. */
  get jid(): string {
    return this.holdfast.config.auth.creds.me?.id ?? "";
  }

  /** Makes a socket and binds it. */
  connect(config: Partial<baileys.UserFacingSocketConfig> = {}): baileys.WASocket {
    const socket = baileys.makeWASocket({
      waWebSocketUrl: this.#server.url,
      logger: silentLogger,
      retryRequestDelayMs: 0,
      ...this.holdfast.config,
      ...config,
    });
    this.holdfast.bind(socket);
    this.#socket = socket;
    return socket;
  }

  /** As `connect`, when the socket is open and has its offline messages. */
  async online(config: Partial<baileys.UserFacingSocketConfig> = {}): Promise<baileys.WASocket> {
    const socket = this.connect(config);
    await Promise.all([
      told(socket, ({ connection }) => connection === "open"),
      told(socket, ({ receivedPendingNotifications }) => receivedPendingNotifications === true),
    ]);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.end(undefined);
    // A fenced account closes with an error of what it could not save.
    await this.account.close().catch((error: unknown) => {
      if (!(error instanceof FencedError)) throw error;
    });
  }
}

/** Resolves with the first `connection.update` for which the condition holds. */
export function told(
  socket: baileys.WASocket,
  condition: (update: Partial<baileys.ConnectionState>) => boolean,
): Promise<Partial<baileys.ConnectionState>> {
  return new Promise((resolve) => {
    socket.ev.on("connection.update", (update) => {
      if (condition(update)) resolve(update);
    });
  });
}

/** Resolves with the error that ended a socket. */
export async function ended(socket: baileys.WASocket): Promise<Error | undefined> {
  return (await told(socket, ({ connection }) => connection === "close")).lastDisconnect?.error;
}
