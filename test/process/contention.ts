/** Runs processes that take accounts from each other, kills them, and keeps what they print. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Curve, generateSignalPubKey } from "baileys";
import type { Backend } from "../../src/backend/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import type { NodeProgram } from "../support/programs/node_program.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";
import { CHAT, type FromContender, type PeerBundle } from "./contending.ts";

/** Everything that the processes have printed. */
export class ContentionRecord {
  readonly keys: Set<string> = new Set();
  readonly repeated: string[] = [];
  readonly failures: string[] = [];
  /** What is durable, by account. */
  readonly durable: Map<number, string[]> = new Map();
  opened = 0;
  fenced = 0;
  /** Openings of a database that the process does not support. */
  refused = 0;
  /** Ciphertexts by the name that `programOf` gave the process. */
  readonly sentBy: Map<string, number> = new Map();

  hear(line: FromContender, name: string): void {
    if (line.kind === "failed") this.failures.push(line.error);
    if (line.kind === "opened") this.opened += 1;
    if (line.kind === "fenced") this.fenced += 1;
    if (line.kind === "refused") this.refused += 1;
    if (line.kind === "sent") {
      this.sentBy.set(name, (this.sentBy.get(name) ?? 0) + 1);
      const key = `${line.account} ${line.key}`;
      if (this.keys.has(key)) this.repeated.push(key);
      this.keys.add(key);
    }
    if (line.kind === "durable") {
      this.durable.set(line.account, [...(this.durable.get(line.account) ?? []), line.id]);
    }
  }
}

/** How the processes run. */
export interface Contention {
  readonly url: string;
  readonly processes: number;
  readonly accounts: number;
  readonly kills: number;
  /** Mean time between two kills. */
  readonly killEveryMs: number;
  readonly seed: number;
  /** The program of the next process, and its name. */
  programOf(started: number): readonly [name: string, program: Pick<NodeProgram, "start">];
  /** Whether they have run for long enough. Asked after each kill that is due. */
  isEnough(record: ContentionRecord): boolean;
}

/** Runs the processes for a while, and starts another one for each that is killed. */
export async function contend(contention: Contention): Promise<ContentionRecord> {
  const { url, accounts } = contention;
  const random = new SeededRandom(contention.seed);
  const record = new ContentionRecord();
  const bundle = JSON.stringify(bundleOf());
  const living = new Set<ChildProcessWithoutNullStreams>();
  /** Those that have said something. */
  const started = new Set<ChildProcessWithoutNullStreams>();
  const ends: Promise<void>[] = [];
  const start = (): void => {
    const [name, program] = contention.programOf(ends.length);
    const child = program.start([url, String(accounts), String(random.below(2 ** 31))]);
    living.add(child);
    child.stdout.once("data", () => started.add(child));
    ends.push(follow(child, record, name));
    child.stdin.on("error", () => {});
    child.stdin.write(`${bundle}\n`);
  };
  const end = (child: ChildProcessWithoutNullStreams): void => {
    living.delete(child);
    started.delete(child);
    child.kill("SIGKILL");
  };
  for (let index = 0; index < contention.processes; index += 1) start();
  let kills = 0;
  while (kills < contention.kills || record.fenced === 0 || !contention.isEnough(record)) {
    await new Promise((resolve) => setTimeout(resolve, random.below(2 * contention.killEveryMs)));
    if (record.failures.length > 0) break;
    const victim = [...started][random.below(Math.max(1, started.size))];
    if (victim === undefined || started.size < 2) continue;
    end(victim);
    kills += 1;
    start();
  }
  for (const child of living) end(child);
  await Promise.all(ends);
  return record;
}

async function follow(
  child: ChildProcessWithoutNullStreams,
  record: ContentionRecord,
  name: string,
): Promise<void> {
  const exit = once(child, "exit");
  let errors = "";
  child.stderr.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line of a killed process may be torn.
    if (line.endsWith("}")) record.hear(JSON.parse(line) as FromContender, name);
  }
  const [code] = (await exit) as [number | null];
  if (code !== null) record.failures.push(`a process ended with ${code}: ${errors}`);
}

/** What was durable and is not there. */
export async function lost(
  record: ContentionRecord,
  open: (account: string) => Backend | Promise<Backend>,
): Promise<string[]> {
  const missing: string[] = [];
  for (const [account, ids] of record.durable) {
    const backend = await open(`bot-${account}`);
    for (const id of ids) if ((await backend.getSentMessage(CHAT, id)) === undefined) missing.push(id);
    await backend.close();
  }
  return missing;
}

function bundleOf(): PeerBundle {
  const { registrationId, signedIdentityKey, signedPreKey } = pairedCreds({ pn: "15550000002" });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return {
    registrationId,
    identityKey: base64(generateSignalPubKey(signedIdentityKey.public)),
    keyId: signedPreKey.keyId,
    publicKey: base64(generateSignalPubKey(signedPreKey.keyPair.public)),
    signature: base64(
      Curve.sign(signedIdentityKey.private, generateSignalPubKey(signedPreKey.keyPair.public)),
    ),
  };
}
