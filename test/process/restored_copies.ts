/**
 * Accounts in files that are copied, used on, and put back: counts the message keys that are used twice. Used
 * by a test and by a benchmark.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Curve } from "baileys";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { type Logger, silentLogger } from "../../src/ports/mod.ts";
import { FakeClock, SeededRandom } from "../../src/testing/mod.ts";
import { type HoldfastPeer, openPeer } from "../baileys/holdfast_peer.ts";
import { offeredSession } from "../baileys/offered_session.ts";
import { groupKeyName, messageKeyName } from "../baileys/signal_peer.ts";
import { followAsyncStorages } from "../support/async_storages.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

const ME = "100000000000001:1@lid";
const PEER_JID = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";

/** Restores of one file, one after the other. */
const RESTORES_PER_FILE = 5;

/** What became of the restores. */
export interface RestoredCopies {
  /** Keys that were used a second time. */
  readonly reused: number;
  readonly sent: number;
  /** Restores after which the account was opened in a greater restore epoch. */
  readonly noticed: number;
}

/**
 * When a copy is made: while the account is open (with the log, or the file alone), or after it was closed.
 */
export type CopyMoment = "open" | "alone" | "closed";

const MOMENTS: readonly CopyMoment[] = ["open", "alone", "closed"];

/** How a copy is put back: over the content of the file, or as another file of its name. */
const WAYS = ["over", "other"] as const;

/** An account in a file that sends, and the keys that it has used. */
export class SendingWorld {
  readonly folder: string = mkdtempSync(join(tmpdir(), "holdfast-restored-"));
  /** Where the database is. */
  path: string = join(this.folder, "bot.db");
  readonly clock: FakeClock = new FakeClock();
  readonly #used = new Set<string>();
  readonly #creds = pairedCreds({ pn: "15550000002" });
  readonly #preKey = Curve.generateKeyPair();
  reused = 0;
  sent = 0;

  /** Opens the account, and a session if it has none. */
  async open(
    account = "bot",
    options: { logger?: Logger; originalIsStopped?: boolean } = {},
  ): Promise<HoldfastPeer> {
    const { logger = silentLogger, originalIsStopped } = options;
    const url = `file:${this.path}`;
    const backend = libsqlBackend({ url, account, clock: this.clock, logger, originalIsStopped });
    const opened = await openPeer(ME, backend, { saverIntervalMs: "manual", host: { logger } });
    const { repository } = opened.peer;
    if (!(await repository.validateSession(PEER_JID)).exists) {
      const session = offeredSession(this.#creds, this.#preKey);
      await repository.injectE2ESession({ jid: PEER_JID, session });
    }
    return opened;
  }

  /** Sends messages to the peer, and every fourth to a group. */
  async send({ peer }: HoldfastPeer, messages: number): Promise<void> {
    for (let n = 0; n < messages; n += 1) {
      const data = Buffer.from(String(this.sent));
      if (n % 4 === 3) this.#use(groupKeyName((await peer.sendToGroup(GROUP, String(this.sent))).message));
      else this.#use(messageKeyName(await peer.repository.encryptMessage({ jid: PEER_JID, data })));
    }
  }

  /** Opens the account, sends, and closes it. @returns The restore epoch. */
  async use(messages: number, account?: string, options?: { originalIsStopped?: boolean }): Promise<number> {
    const opened = await this.open(account, options);
    await this.send(opened, messages);
    await opened.account.close();
    return opened.account.signalPolicy.restoreEpoch ?? 0;
  }

  /** Copies the database by another process: in this one a closed descriptor would drop its locks. */
  copy({ isAlone = false }: { readonly isAlone?: boolean } = {}): void {
    for (const suffix of ["", "-wal"]) {
      rmSync(`${this.path}.copy${suffix}`, { force: true });
      if (existsSync(this.path + suffix) && !(isAlone && suffix !== ""))
        execFileSync("cp", [this.path + suffix, `${this.path}.copy${suffix}`]);
    }
  }

  /** Puts the copy in place of the database. The account must be closed. */
  putBack(way: (typeof WAYS)[number]): void {
    for (const suffix of way === "over" ? ["-wal", "-shm"] : ["", "-wal", "-shm"])
      rmSync(this.path + suffix, { force: true });
    for (const suffix of ["", "-wal"]) {
      if (existsSync(`${this.path}.copy${suffix}`))
        execFileSync("cp", [`${this.path}.copy${suffix}`, this.path + suffix]);
    }
  }

  /** Copies the database with its witness into a new folder. The account must be closed. */
  copyFolder(name: string): string {
    const to = join(this.folder, name);
    mkdirSync(to);
    for (const suffix of ["", "-witness"])
      execFileSync("cp", [this.path + suffix, join(to, `bot.db${suffix}`)]);
    return join(to, "bot.db");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #use(key: string): void {
    this.sent += 1;
    if (this.#used.has(key)) this.reused += 1;
    this.#used.add(key);
  }
}

/** Restores copies of files of one account each, at random moments and in all ways. */
export async function restoreCopies(restores: number, seed: number): Promise<RestoredCopies> {
  const random = new SeededRandom(seed);
  const total = { reused: 0, sent: 0, noticed: 0 };
  let world = new SendingWorld();
  let epoch = 0;
  // Each opening has a storage, which would make each later one slower.
  using storages = followAsyncStorages();
  for (let n = 0; n < restores; n += 1) {
    storages.end();
    if (n > 0 && n % RESTORES_PER_FILE === 0) {
      addTo(total, world);
      world.remove();
      world = new SendingWorld();
      epoch = 0;
    }
    const moment = MOMENTS[random.below(MOMENTS.length)] ?? "closed";
    const opened = await world.open();
    await world.send(opened, 1 + random.below(40));
    if (random.oneIn(2)) await opened.account.flush();
    if (moment !== "closed") world.copy({ isAlone: moment === "alone" });
    // Within the same second, the raise at the close makes the copy older.
    if (random.oneIn(2)) world.clock.advance(1_000);
    await world.send(opened, 5 + random.below(70));
    await opened.account.close();
    if (moment === "closed") {
      world.copy();
      await world.use(1 + random.below(70));
    }
    world.putBack(random.oneIn(2) ? "over" : "other");
    const now = await world.use(1 + random.below(20));
    if (now > epoch) total.noticed += 1;
    epoch = now;
  }
  addTo(total, world);
  world.remove();
  return total;
}

function addTo(total: { reused: number; sent: number }, world: SendingWorld): void {
  total.reused += world.reused;
  total.sent += world.sent;
}
