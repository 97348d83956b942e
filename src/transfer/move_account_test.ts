import { describe, expect, test } from "vitest";
import { remoteMemoryBackend } from "../../test/kit/remote.ts";
import { contentOf, fillAccount } from "../../test/support/account/generated_account.ts";
import { openAccount } from "../account/mod.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, type Committer, holdOf, readRestoreEpoch, withCommitter } from "../backend/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { type CommitFault, FaultPlan, fakeHost, faultyCommitter, SeededRandom } from "../testing/mod.ts";
import { exportAccount } from "./export_account.ts";
import { importAccount } from "./import_account.ts";
import { abortMove, moveAccount, resumeMove } from "./move_account.ts";

const options = { host: { ...fakeHost(), logger: silentLogger } };

/** Two databases, of which the first has the account. */
class World {
  readonly #databases = [new MemoryDatabase(), new MemoryDatabase()] as const;

  get from(): Backend {
    return memoryBackend({ database: this.#databases[0] });
  }

  get to(): Backend {
    return memoryBackend({ database: this.#databases[1] });
  }

  /** Both ends of a process that is killed at its nth commit: before or after that is applied. */
  dying(at: number, when: "before" | "after"): readonly [Backend, Backend] {
    let commits = 0;
    const dies = (backend: Backend): Backend => {
      const committer: Committer = {
        capabilities: { ...backend.capabilities, maxCommitRows: 20, maxCommitBytes: 100_000 },
        readOwner: () => alive(() => backend.readOwner()),
        close: () => backend.close(),
        commit: async (writes, commitOptions) => {
          commits += 1;
          if (commits > at || (commits === at && when === "before")) throw new Error("killed");
          const changed = await backend.commit(writes, commitOptions);
          if (commits === at) throw new Error("killed");
          return changed;
        },
      };
      return withCommitter(backend, committer);
    };
    const alive = <T>(read: () => T): T => {
      if (commits >= at) throw new Error("killed");
      return read();
    };
    return [dies(this.from), dies(this.to)];
  }

  /** Which sides open. */
  async opening(): Promise<string> {
    const sides: string[] = [];
    for (const side of ["from", "to"] as const) {
      // An account that is absent would be made anew.
      if (!(await this[side].exists())) continue;
      const outcome = await openAccount({
        backend: this[side],
        host: fakeHost(),
        saverIntervalMs: "manual",
      }).then(
        async (account) => {
          await account.close();
          return true;
        },
        (error) => {
          expect(error.code).toBe("held");
          return false;
        },
      );
      if (outcome) sides.push(side);
    }
    return sides.join(" and ");
  }
}

async function world(seed = 11): Promise<World> {
  const made = new World();
  await fillAccount(made.from, seed);
  return made;
}

describe("moveAccount", () => {
  test("brings every row, from and to every kind of backend, and back again", async () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const one = memoryBackend({ database: new MemoryDatabase() });
      const other =
        seed % 2 === 0
          ? await libsqlBackend({ url: ":memory:" })
          : await remoteMemoryBackend({ database: new MemoryDatabase() });
      await fillAccount(one, seed);
      const before = await contentOf(one);
      const device = await one.load();
      await moveAccount(one, other, options);
      expect(await contentOf(other), String(seed)).toEqual(before);
      await moveAccount(other, one, options);
      expect(await contentOf(one), String(seed)).toEqual(before);
      expect(await one.load()).toEqual(device);
      await other.close();
    }
  });

  test("killed at each step, opens one side at most; resumed, the target alone", async () => {
    let steps = 0;
    for (let at = 1; ; at += 1, steps += 1) {
      for (const when of ["before", "after"] as const) {
        const ends = await world();
        const before = await contentOf(ends.from);
        const isDone = await moveAccount(...ends.dying(at, when), options).then(
          () => true,
          () => false,
        );
        if (isDone) {
          expect(await ends.opening()).toBe("to");
          if (when === "before") continue;
          expect(steps).toBeGreaterThan(5);
          return;
        }
        const hold = holdOf((await ends.from.readOwner())?.owner);
        if (hold === undefined) {
          expect(await ends.opening()).toBe("from");
          await expect(resumeMove(ends.from, ends.to, options)).rejects.toMatchObject({ code: "refused" });
          continue;
        }
        const arrived = holdOf((await ends.to.readOwner())?.owner) === undefined && (await ends.to.exists());
        expect(await ends.opening(), `${at} ${when}`).toBe(arrived ? "to" : "");
        await resumeMove(ends.from, ends.to, options);
        expect(await contentOf(ends.to), `${at} ${when}`).toEqual(before);
        await resumeMove(ends.from, ends.to, options);
        expect(await ends.opening()).toBe("to");
      }
    }
  });

  test("killed at each step of a resumption, is resumed again", async () => {
    for (let first = 1; first < 12; first += 2) {
      for (let second = 1; second < 12; second += 3) {
        const ends = await world();
        const before = await contentOf(ends.from);
        await moveAccount(...ends.dying(first, "after"), options).catch(() => "killed");
        await resumeMove(...ends.dying(second, "after"), options).catch(() => "killed");
        await resumeMove(ends.from, ends.to, options);
        expect(await contentOf(ends.to), `${first} ${second}`).toEqual(before);
        expect(await ends.opening()).toBe("to");
      }
    }
  });

  test("loses no commit and repeats none, whatever answers are lost", async () => {
    const faults: readonly CommitFault[] = ["pass", "lose-answer", "lose-request", "duplicate"];
    for (let seed = 0; seed < 20; seed += 1) {
      const random = new SeededRandom(seed);
      const ends = await world(seed);
      const before = await contentOf(ends.from);
      const plan = new FaultPlan();
      for (let n = 0; n < 40; n += 1)
        plan.next(faults[n % 3 === 2 ? 0 : random.below(faults.length)] ?? "pass");
      await moveAccount(faultyCommitter(ends.from, plan), faultyCommitter(ends.to, plan), options);
      await plan.deliverLate();
      expect(await contentOf(ends.to), String(seed)).toEqual(before);
      expect(await ends.opening()).toBe("to");
    }
  });

  test("fences the owner of an open account, and refuses what it cannot move", async () => {
    const ends = await world();
    const account = await openAccount({ backend: ends.from, host: fakeHost(), saverIntervalMs: "manual" });
    await moveAccount(ends.from, ends.to, options);
    await expect(account.store.removePreKey(1)).rejects.toMatchObject({ code: "fenced" });
    await account.close().catch(() => "fenced");
    await expect(moveAccount(ends.from, ends.to, options)).rejects.toMatchObject({
      code: "held",
      state: "moved",
    });
    const blank = new World();
    await expect(moveAccount(blank.from, blank.to, options)).rejects.toMatchObject({ code: "refused" });
    expect(await blank.to.readOwner()).toBeUndefined();
    const full = await world();
    await fillAccount(full.to, 2);
    await expect(moveAccount(full.from, full.to, options)).rejects.toMatchObject({ code: "refused" });
    expect(await full.opening()).toBe("from and to");
    const { from } = full;
    await expect(moveAccount(from, from, options)).rejects.toBeInstanceOf(TypeError);
  });

  test("that cannot store a row is aborted", async () => {
    const database = new MemoryDatabase();
    const ends = await world();
    await ends.from.putGroupMetadata("1@g.us", new Uint8Array(5_000));
    const small = memoryBackend({ database, maxValueBytes: 4_000 });
    await expect(moveAccount(ends.from, small, options)).rejects.toMatchObject({ code: "refused" });
    expect(await small.readOwner()).toBeUndefined();
    expect(await ends.opening()).toBe("from");
  });

  test("leaves an account alone that is opened at the target in between", async () => {
    const ends = await world();
    const { from } = ends;
    const opensThere: Committer = {
      capabilities: from.capabilities,
      readOwner: () => from.readOwner(),
      close: () => from.close(),
      commit: async (writes, commitOptions) => {
        if (!(await ends.to.exists())) await fillAccount(ends.to, 2);
        return await from.commit(writes, commitOptions);
      },
    };
    const moved = moveAccount(withCommitter(from, opensThere), ends.to, options);
    await expect(moved).rejects.toMatchObject({ code: "refused" });
    expect(await ends.opening()).toBe("from and to");
  });

  test("takes over the place of an account that was moved away, if it comes back, and no other", async () => {
    const ends = await world();
    await moveAccount(ends.from, ends.to, options);
    const other = await world(5);
    await expect(moveAccount(other.from, ends.from, options)).rejects.toMatchObject({ state: "moved" });
    await moveAccount(ends.to, ends.from, options);
    expect(await ends.opening()).toBe("from");
  });
});

describe("abortMove", () => {
  test("at each step makes the source the only side that opens, or refuses", async () => {
    const outcomes = new Set<string>();
    for (let at = 1; at < 40; at += 1) {
      const ends = await world();
      const before = await contentOf(ends.from);
      const epoch = await ends.from.load();
      const isDone = await moveAccount(...ends.dying(at, "after"), options).then(
        () => true,
        () => false,
      );
      if (isDone) break;
      const outcome = await abortMove(ends.from, ends.to, options).then(
        () => "aborted",
        (error) => error.code,
      );
      outcomes.add(outcome);
      if (outcome === "held") {
        await resumeMove(ends.from, ends.to, options);
        expect(await ends.opening()).toBe("to");
        continue;
      }
      expect(outcome).toBe("aborted");
      expect(await contentOf(ends.from)).toEqual(before);
      expect(await ends.from.load()).toEqual(epoch);
      expect(await ends.to.readOwner()).toBeUndefined();
      expect(await ends.opening()).toBe("from");
      await expect(abortMove(ends.from, ends.to, options)).rejects.toMatchObject({ code: "refused" });
    }
    expect([...outcomes].sort()).toEqual(["aborted", "held"]);
  });

  test("without the target needs force, and gives up the chains", async () => {
    const ends = await world();
    await moveAccount(...ends.dying(4, "after"), options).catch(() => "killed");
    await expect(abortMove(ends.from, undefined, options)).rejects.toBeInstanceOf(TypeError);
    await abortMove(ends.from, undefined, { ...options, force: true });
    const device = await ends.from.load();
    expect(device && readRestoreEpoch(device)).toMatchObject({ raised: 1, isNew: true });
    expect(await ends.opening()).toBe("from");
    // What is in the target never opens.
    await expect(resumeMove(ends.from, ends.to, options)).rejects.toMatchObject({ code: "refused" });
  });

  // A process that is slow and not dead must not pass the point of no return after another one has decided.
  test("and resumption fence the process that still carries the move", async () => {
    for (const decide of ["abort", "resume"] as const) {
      for (let at = 2; at < 9; at += 1) {
        const ends = await world();
        const plan = new FaultPlan();
        for (let n = 1; n < at; n += 1) plan.next("pass");
        plan.next("hold");
        const slow = moveAccount(
          faultyCommitter(ends.from, plan),
          faultyCommitter(ends.to, plan),
          options,
        ).then(
          () => "moved",
          (error) => error.code,
        );
        while (plan.held === 0 && (await Promise.race([slow, "running"])) === "running")
          await new Promise((resolve) => setImmediate(resolve));
        if (plan.held === 0) continue;
        const decided = await (decide === "abort"
          ? abortMove(ends.from, ends.to, options)
          : resumeMove(ends.from, ends.to, options)
        ).then(
          () => decide,
          (error) => error.code,
        );
        plan.release();
        const outcome = await slow;
        if (decide === "resume") {
          expect(decided).toBe("resume");
          expect(await ends.opening()).toBe("to");
        } else {
          expect([decided, await ends.opening()]).toEqual(
            decided === "abort" ? ["abort", "from"] : ["held", "to"],
          );
        }
        expect(outcome === "moved").toBe(decided === "held");
      }
    }
  });
});

describe("a held account", () => {
  test("is not taken by an import, which only begins its own kind anew", async () => {
    const ends = await world();
    await moveAccount(...ends.dying(4, "after"), options).catch(() => "killed");
    const other = await world(5);
    const file = () => exportAccount(other.from, options);
    for (const place of [ends.from, ends.to])
      await expect(importAccount(place, file(), { mode: "new", ...options })).rejects.toMatchObject({
        code: "held",
      });
    await resumeMove(ends.from, ends.to, options);
  });
});
