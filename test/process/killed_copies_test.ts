/**
 * Copies of the files of a process that is killed with SIGKILL, put back and used by the next process; and
 * processes that open a copy at once.
 */
import { type ChildProcessWithoutNullStreams, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Curve, generateSignalPubKey } from "baileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { groupKeyName, messageKeyName } from "../baileys/signal_peer.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";
import type { FromSender, ToSender } from "./sender.ts";

const PEER_JID = "100000000000002:2@lid";
const ROUNDS = dose({ short: 2, long: 100 });
const PROCESSES = dose({ short: 6, long: 16 });
const RACES = dose({ short: 1, long: 20 });
const KILLS = dose({ short: 2, long: 100 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_202);

let sender: NodeProgram;
let opener: NodeProgram;
let folder: string;
let path: string;

beforeAll(async () => {
  sender = await buildProgram("test/process/sender.ts");
  opener = await buildProgram("test/process/opener.ts");
});
afterAll(() => {
  sender.remove();
  opener.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-killed-copies-"));
  path = join(folder, "bot.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** This process has no connection to the files, so it may copy them. */
function copy(): void {
  for (const suffix of ["", "-wal"]) {
    rmSync(`${path}.copy${suffix}`, { force: true });
    if (existsSync(path + suffix)) copyFileSync(path + suffix, `${path}.copy${suffix}`);
  }
}

function putBack(): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  for (const suffix of ["", "-wal"])
    if (existsSync(`${path}.copy${suffix}`)) copyFileSync(`${path}.copy${suffix}`, path + suffix);
}

/** The bytes of the witness: they change with each newer pair. */
function witness(): string {
  return readFileSync(`${path}-witness`, "hex");
}

/** Raises of the file by itself. Read by another process: a connection of this one would outlive its end. */
function restores(): number {
  const program = `
    const Database = require("libsql");
    const database = new Database(process.argv[1]);
    const [[restores]] = database.prepare("SELECT restores FROM holdfast_file").raw().all();
    database.close();
    process.stdout.write(String(restores));`;
  return Number(execFileSync(process.execPath, ["-e", program, path], { encoding: "utf8" }));
}

/** Runs processes that send, and counts their keys. */
class Senders {
  readonly #used = new Set<string>();
  readonly #creds = pairedCreds({ pn: "15550000002" });
  readonly #preKey = Curve.generateKeyPair();
  reused = 0;

  /** Runs a process until it has sent `messages`, calls `act`, and kills it. */
  async live(messages: number, act: () => void | Promise<void> = () => {}): Promise<void> {
    const child = sender.start([`file:${path}`, PEER_JID, "native"]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += String(chunk);
    });
    child.stdin.on("error", () => {});
    child.stdin.write(`${JSON.stringify(this.#bundle())}\n`);
    let heard = 0;
    let acting: Promise<void> | undefined;
    const end = new Promise<string | null>((done) => child.on("close", (_, signal) => done(signal)));
    createInterface({ input: child.stdout }).on("line", (text) => {
      if (!text.endsWith("}")) return;
      const line = JSON.parse(text) as FromSender;
      if (line.kind === "group") this.#use(groupKeyName(Buffer.from(line.ciphertext, "base64")));
      if (line.kind !== "direct") return;
      this.#use(messageKeyName({ type: line.type, ciphertext: Buffer.from(line.ciphertext, "base64") }));
      heard += 1;
      if (heard === messages) acting = Promise.resolve(act()).finally(() => child.kill("SIGKILL"));
    });
    expect(await end, errors).toBe("SIGKILL");
    await acting;
  }

  #use(name: string): void {
    if (this.#used.has(name)) this.reused += 1;
    this.#used.add(name);
  }

  #bundle(): ToSender {
    const { registrationId, signedIdentityKey, signedPreKey } = this.#creds;
    return {
      kind: "bundle",
      registrationId,
      identityKey: base64(generateSignalPubKey(signedIdentityKey.public)),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: base64(generateSignalPubKey(signedPreKey.keyPair.public)),
        signature: base64(signedPreKey.signature),
      },
      preKey: { keyId: 1, publicKey: base64(generateSignalPubKey(this.#preKey.public)) },
    };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Resolves with the epochs that an opener prints, once it has opened all its accounts. */
async function epochsOf(child: ChildProcessWithoutNullStreams, count: number): Promise<number[]> {
  const epochs: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    epochs.push((JSON.parse(line) as { epoch: number }).epoch);
    if (epochs.length === count) break;
  }
  return epochs;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  const end = new Promise((done) => child.on("close", done));
  child.stdin.end();
  await end;
}

/** Opens and closes accounts in a process of its own. */
async function openElsewhere(...names: string[]): Promise<number[]> {
  const child = opener.start([`file:${path}`, ...names]);
  const epochs = await epochsOf(child, names.length);
  await ended(child);
  return epochs;
}

describe.runIf(process.platform !== "win32")(
  "a file of killed processes",
  { timeout: DOSED_TIMEOUT_MS },
  () => {
    test(`repeats no key over ${ROUNDS} copies that are put back (seed ${SEED})`, async () => {
      const random = new SeededRandom(SEED);
      const senders = new Senders();
      for (let round = 1; round <= ROUNDS; round += 1) {
        const messages = 5 + random.below(40);
        if (round % 2 === 0) {
          // Copied in the middle of a life, which has a newer pair before it ends.
          await senders.live(messages, async () => {
            copy();
            // The first pair that comes may be that of a commit which the copy has: it is written after it.
            for (let pairs = 0, before = witness(); pairs < 2; ) {
              await new Promise((resolve) => setTimeout(resolve, 50));
              if (witness() !== before) pairs += 1;
              before = witness();
            }
          });
        } else {
          await senders.live(messages);
          copy();
          await senders.live(5 + random.below(40));
        }
        putBack();
        await senders.live(5 + random.below(20));
        expect(restores()).toBe(round);
      }
      expect(senders.reused).toBe(0);
    });

    test(`raises nothing over ${KILLS} kills without a copy (seed ${SEED})`, async () => {
      const random = new SeededRandom(SEED);
      const senders = new Senders();
      for (let kill = 0; kill < KILLS; kill += 1) await senders.live(1 + random.below(30));
      expect(restores()).toBe(0);
      expect(senders.reused).toBe(0);
    });

    test(`is raised once by ${PROCESSES} processes that open a copy at once`, async () => {
      for (let race = 1; race <= RACES; race += 1) {
        const names = Array.from({ length: PROCESSES }, (_, index) => `account ${index}`);
        await openElsewhere(...names);
        copy();
        await openElsewhere("account 0");
        putBack();
        const children = names.map((name) => opener.start([`file:${path}`, name]));
        const epochs = await Promise.all(children.map((child) => epochsOf(child, 1)));
        await Promise.all(children.map(ended));
        expect(epochs.flat()).toEqual(names.map(() => race));
        expect(restores()).toBe(race);
        expect(await openElsewhere(...names)).toEqual(names.map(() => race));
        expect(restores()).toBe(race);
      }
    });

    test("is raised once, whenever the processes that open a copy are killed", async () => {
      const random = new SeededRandom(SEED);
      await openElsewhere("first", "second");
      copy();
      await openElsewhere("first");
      putBack();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = opener.start([`file:${path}`, "first", "second"]);
        const end = new Promise((done) => child.on("close", done));
        setTimeout(() => child.kill("SIGKILL"), 150 + random.below(250));
        await end;
      }
      expect(await openElsewhere("first", "second")).toEqual([1, 1]);
      expect(restores()).toBe(1);
    });
  },
);
