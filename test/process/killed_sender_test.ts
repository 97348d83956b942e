/**
 * A sending process is killed with SIGKILL at random moments and restarted. No key is used twice, and the
 * peer, stock Baileys in this process, reads every sent message. Does not cover the loss of power.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { programForFile } from "./program_for_file.ts";
import { runSender } from "./run_sender.ts";
import { SenderReader } from "./sender_reader.ts";

const KILLS = dose({ short: 6, long: 50 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_122);

const program = programForFile("test/process/sender.ts");

describe("a sending process", () => {
  test(`repeats no key over ${KILLS} kills at random moments (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const random = new SeededRandom(SEED);
    const url = `file:${join(program.folder, "sender.db")}`;
    const reader = new SenderReader();
    for (let round = 0; round < KILLS; round += 1) {
      // Every tenth process is killed while it opens its account, or just after.
      const early = round % 10 === 9;
      const messages = early ? 0 : 1 + random.below(20);
      const afterMs = random.below(early ? 1_000 : 50);
      // The client and the native library use the same file in turn.
      await runSender(reader, { program, url, isNative: round % 2 === 1, messages, afterMs });
    }
    expect(reader.identities.size).toBe(1);
    // Each incarnation that was not killed early has sent messages, and many have answered, all over one
    // session.
    expect(reader.direct).toBeGreaterThan(2 * KILLS);
    expect(reader.group).toBeGreaterThan(KILLS / 4);
    expect(reader.replies - reader.unread.size).toBeGreaterThan(KILLS / 4);
    expect(reader.sessions).toBe(1);
    process.stderr.write(
      `killed ${KILLS} times: ${reader.direct} direct and ${reader.group} group messages, ` +
        `${reader.replies} replies of which ${reader.unread.size} unread, ${reader.used.size} keys, none twice\n`,
    );
  });
});
