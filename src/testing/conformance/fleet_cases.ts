import type { Backend, Write } from "../../backend/mod.ts";
import { check, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { sampleBytes } from "./samples.ts";

const ALICE = "5511999990000@c.us.0";

const ACCOUNTS = 100;

/** The account that another opening takes. */
const FENCED = 31;

/** The account whose commit is larger than one that a backend would join with others. */
const OVERSIZED = 57;
const LARGE_ROWS = 600;
const LARGE_BYTES = 2_000;

function nameOf(index: number): string {
  return `fleet ${index}`;
}

/** The owner of an account, with the one epoch of its guard. */
function ownerOf(index: number): { readonly owner: string; readonly epoch: number } {
  return { owner: `owner ${index}`, epoch: 1 };
}

function put(seed: number): Write {
  return { kind: "session.put", address: ALICE, record: sampleBytes(seed, 30) };
}

/** A row that tells a second time: it is removed once. */
const REMOVAL: Write = { kind: "sentMessage.delete", chat: "c", id: "1" };

function writesOf(index: number): Write[] {
  const more = Array.from({ length: index === OVERSIZED ? LARGE_ROWS : 0 }, (_, row): Write => {
    return { kind: "session.put", address: `${row}@lid.0`, record: new Uint8Array(LARGE_BYTES).fill(row) };
  });
  return [put(2), REMOVAL, ...more];
}

function commitOf(backend: Backend, index: number): Promise<number[]> {
  const { owner, epoch } = ownerOf(index);
  return backend.commit(writesOf(index), { guard: { owner, minEpoch: epoch, maxEpoch: epoch } });
}

/** Commits of many accounts at the same time. */
export const fleetCases: readonly ConformanceCase[] = [
  {
    name: "fleet: of 100 accounts that commit at once each has its own result, and each commit is applied once",
    requires: ["atomicCommit", "fencing", "changedRows", "failCommitAt"],
    async run(harness) {
      const backends: Backend[] = [];
      for (let index = 0; index < ACCOUNTS; index += 1) {
        const backend = await harness.open(nameOf(index));
        const sent: Write = {
          ...{ kind: "sentMessage.put", chat: "c", id: "1", payload: sampleBytes(1, 9), createdAt: 1 },
        };
        const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0, next: ownerOf(index) };
        await backend.commit([put(1), sent], { guard });
        backends.push(backend);
      }
      const { owner } = ownerOf(FENCED);
      const taker = await harness.open(nameOf(FENCED));
      const taking = { owner, minEpoch: 1, maxEpoch: 1, next: { owner: "later", epoch: 2 } };
      await taker.commit([], { guard: taking });
      harness.failCommitAt?.(1);
      const results = await Promise.allSettled(backends.map(commitOf));
      let poisoned: number | undefined;
      for (const [index, result] of results.entries()) {
        if (result.status === "fulfilled") {
          equal(
            result.value,
            writesOf(index)
              .fill(REMOVAL)
              .map(() => 1),
            `rows of account ${index}`,
          );
          continue;
        }
        const refuse = (): Promise<unknown> => Promise.reject(result.reason);
        if (index === FENCED) await fails(refuse, "fenced", "the commit of an earlier owner");
        else {
          await fails(refuse, ["failed", "refused"], `the commit of account ${index}`);
          check(poisoned === undefined, `the commit of account ${index} failed, too`);
          poisoned = index;
        }
      }
      check(results[FENCED]?.status === "rejected", "the commit of an earlier owner was applied");
      if (poisoned === undefined) throw new Error("no commit was made to fail");
      for (const [index, backend] of backends.entries()) {
        const seed = index === FENCED || index === poisoned ? 1 : 2;
        equal(await backend.getSession(ALICE), sampleBytes(seed, 30), `session of account ${index}`);
      }
      equal(await commitOf(backends[poisoned] as Backend, poisoned), [1, 1], "rows of the commit sent again");
      if (backends[0]?.capabilities.durableOnResolve !== true) return;
      for (const index of [0, OVERSIZED, ACCOUNTS - 1]) {
        const crashed = await harness.crash(nameOf(index));
        equal(
          await crashed.getSession(ALICE),
          sampleBytes(2, 30),
          `session of account ${index} after a crash`,
        );
        equal(await crashed.getSentMessage("c", "1"), undefined, `message of account ${index} after a crash`);
      }
    },
  },
];
