import { type Account, FencedError, openAccount } from "@holdfast/store";
import { type BaileysHoldfast, useHoldfast } from "@holdfast/store/baileys";
import * as baileys from "baileys";
import { renderUnicodeCompact } from "uqr";
import { answer } from "./answer.ts";
import { BackOff } from "./back_off.ts";
import type { Database } from "./database.ts";
import { baileysLogger, holdfastLogger, say, statusOf } from "./log.ts";

/** Options of a bot. */
export interface BotOptions {
  /** Name of the account in the database, and in the log. */
  readonly name: string;
  /** Where the account is kept. */
  readonly database: Database;
  /** Phone number to link by a code; a QR code is shown without it. */
  readonly phoneNumber?: string | undefined;
  /** Where to connect. Defaults to WhatsApp. */
  readonly url?: string | undefined;
  /** Called when the bot has stopped by itself: it was logged out, or another process has its account. */
  readonly onStopped: (bot: Bot) => void;
}

/** Reasons to disconnect after which another attempt fails as well, or does harm. */
const FINAL: ReadonlyMap<number | undefined, string> = new Map([
  [baileys.DisconnectReason.connectionReplaced, "another client uses the connection of this device"],
  [baileys.DisconnectReason.forbidden, "WhatsApp refuses this account"],
  [baileys.DisconnectReason.multideviceMismatch, "the phone does not support linked devices"],
]);

/** Why a bot stops whose account has another owner. */
const TAKEN = "another process has opened this account";

/** One account, and the socket that is connected for it. */
export class Bot {
  readonly name: string;
  readonly #options: BotOptions;
  readonly #account: Account;
  readonly #holdfast: BaileysHoldfast<typeof baileys>;
  readonly #backOff = new BackOff();
  #socket: baileys.WASocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  private constructor(options: BotOptions, account: Account, holdfast: BaileysHoldfast<typeof baileys>) {
    this.name = options.name;
    this.#options = options;
    this.#account = account;
    this.#holdfast = holdfast;
    holdfast.on("loggedOut", () =>
      this.#stop("logged out: delete the account with --erase, then link it anew"),
    );
    holdfast.on("fenced", () => this.#stop(TAKEN));
  }

  /**
   * Opens the account. Its bot is not connected yet.
   *
   * @returns `undefined` when another process has opened it too, and has it now.
   */
  static async open(options: BotOptions): Promise<Bot | undefined> {
    const { name, database } = options;
    try {
      const account = await openAccount({
        backend: database.open(name),
        host: { logger: holdfastLogger(name) },
      });
      return new Bot(options, account, await attach(name, account));
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
      say(name, `stopped: ${TAKEN}`);
      return undefined;
    }
  }

  /** The credentials, for a network that links the device by itself. */
  get creds(): baileys.AuthenticationCreds {
    return this.#holdfast.config.auth.creds;
  }

  /** Connects, and connects again whenever the connection is lost. */
  connect(): void {
    if (this.#isStopped) return;
    const { url, phoneNumber } = this.#options;
    const socket = baileys.makeWASocket({
      ...this.#holdfast.config,
      logger: baileysLogger(this.name),
      markOnlineOnConnect: false,
      ...(url !== undefined && { waWebSocketUrl: url }),
    });
    this.#holdfast.bind(socket);
    this.#socket = socket;
    let isCodeRequested = false;
    socket.ev.on("connection.update", ({ connection, lastDisconnect, qr }) => {
      if (qr !== undefined && phoneNumber === undefined) this.#showQrCode(qr);
      if (qr !== undefined && phoneNumber !== undefined && !isCodeRequested) {
        isCodeRequested = true;
        void this.#showPairingCode(socket, phoneNumber);
      }
      if (connection === "open") {
        this.#backOff.reset();
        say(this.name, `connected as ${socket.user?.id}`);
      }
      if (connection === "close") this.#reconnect(lastDisconnect?.error);
    });
  }

  /** Ends the connection and closes the account: everything is saved when it resolves. */
  async close(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#socket?.end(undefined);
    try {
      await this.#account.close();
      say(this.name, "closed");
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
      say(this.name, "closed; the other process goes on with what is stored");
    }
  }

  #reconnect(error: Error | undefined): void {
    if (this.#isStopped) return;
    const status = statusOf(error);
    const final = FINAL.get(status);
    if (final !== undefined) {
      this.#stop(final);
      return;
    }
    // WhatsApp asks for a new connection right after a device was linked.
    const isRestart = status === baileys.DisconnectReason.restartRequired;
    const pauseMs = isRestart ? 0 : this.#backOff.next();
    say(this.name, `disconnected (${status ?? "no status"}), connecting again in ${Math.round(pauseMs)} ms`);
    this.#timer = setTimeout(() => this.connect(), pauseMs);
  }

  #stop(reason: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    say(this.name, `stopped: ${reason}`);
    this.#options.onStopped(this);
  }

  #showQrCode(qr: string): void {
    say(this.name, "scan this code on the phone, under Linked devices:");
    console.log(renderUnicodeCompact(qr));
  }

  async #showPairingCode(socket: baileys.WASocket, phoneNumber: string): Promise<void> {
    try {
      say(this.name, `type this code on the phone: ${await socket.requestPairingCode(phoneNumber)}`);
    } catch (error) {
      say(this.name, `no code: ${error instanceof Error ? error.message : "unknown error"}`);
    }
  }
}

/** Makes an account the state of Baileys' sockets. */
async function attach(name: string, account: Account): Promise<BaileysHoldfast<typeof baileys>> {
  return await useHoldfast(baileys, account, {
    // A message is removed from the database when `answer` has resolved. After a crash it comes again.
    inbox: {
      onMessages: async (batch, socket) => {
        for (const { message, redelivered } of batch) {
          say(name, `received a message${redelivered ? " (again)" : ""}`);
          await answer(message, socket);
        }
      },
    },
  });
}

/**
 * Deletes an account with everything that is stored for it.
 *
 * @returns Whether there was one. Opening an unknown name would create it.
 */
export async function eraseAccount(name: string, database: Database): Promise<boolean> {
  const backend = database.exists() ? await database.open(name) : undefined;
  if (backend === undefined || !(await backend.exists())) {
    await backend?.close();
    say(name, "there is no such account");
    return false;
  }
  const account = await openAccount({ backend, host: { logger: holdfastLogger(name) } });
  await account.erase();
  say(name, "erased");
  return true;
}
