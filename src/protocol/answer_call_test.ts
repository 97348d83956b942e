import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, SetAsideAccount, Write } from "../backend/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import { FakeClock } from "../testing/mod.ts";
import { answerCall, type CallScope } from "./answer_call.ts";
import { MAX_SET_ASIDE } from "./call_limits.ts";
import { CALLER_WIRE } from "./caller_wire.ts";
import { PROTOCOL } from "./protocol.ts";

const ID = "a".repeat(32);
const SET_ASIDE: Write = { kind: "account.setAside", id: ID, until: 5_000, keeps: "state" };

const clock = new FakeClock();

function world(): { open(account: string): Backend } {
  const database = new MemoryDatabase();
  return { open: (account) => memoryBackend({ database, account, clock }) };
}

async function call(backend: Backend, scope: CallScope, ...writes: Write[]): Promise<unknown> {
  return await answerCall(
    backend,
    { kind: "commit", writes, guard: undefined, wire: PROTOCOL.wire },
    { ...scope, clock },
  );
}

async function list(backend: Backend, account: string | undefined): Promise<unknown> {
  const { wire } = PROTOCOL;
  const answer = await answerCall(
    backend,
    { kind: "read", method: "listSetAside", args: [], wire },
    { account },
  );
  return CALLER_WIRE.decodeAnswer("listSetAside", answer as Uint8Array);
}

const ALICE: CallScope = { account: "alice", mayErase: true };

describe("a caller of one account", () => {
  test("sets it aside and brings it back only where it may erase it", async () => {
    const { open } = world();
    await open("alice").putIdentity("1000@lid.0", new Uint8Array(32));
    const refused = call(open("alice"), { account: "alice" }, SET_ASIDE);
    await expect(refused).rejects.toBeInstanceOf(RefusedError);
    expect(await open("alice").listSetAside()).toEqual([]);
    await call(open("alice"), ALICE, SET_ASIDE);
    // What comes back may be a former account of the name, of another customer.
    const bringBack: Write = { kind: "account.bringBack", id: ID };
    const notBrought = call(open("alice"), { account: "alice" }, bringBack);
    await expect(notBrought).rejects.toBeInstanceOf(RefusedError);
    expect(await open("alice").listSetAside()).toHaveLength(1);
    await call(open("alice"), ALICE, bringBack);
    expect(await open("alice").loadIdentity("1000@lid.0")).toBeDefined();
  });

  test("sees and deletes what is set aside of its own name alone", async () => {
    const { open } = world();
    await open("alice").create();
    await open("bob").create();
    await open("alice").commit([SET_ASIDE]);
    await open("bob").commit([{ ...SET_ASIDE, id: "b".repeat(32) }]);
    const [alice, bob] = await open("carol").listSetAside();
    expect(await list(open("alice"), "alice")).toEqual([{ ...alice, isOwn: true }]);
    expect(await list(open("alice"), undefined)).toHaveLength(2);
    const remove = (accountId = 0): Write => ({ kind: "account.delete", accountId });
    const refused = call(open("alice"), ALICE, remove(alice?.accountId), remove(bob?.accountId));
    await expect(refused).rejects.toBeInstanceOf(RefusedError);
    expect(await open("carol").listSetAside()).toHaveLength(2);
    await call(open("alice"), ALICE, remove(alice?.accountId));
    expect(await open("carol").listSetAside()).toEqual([bob]);
  });

  test("sees a thousand that are set aside: those that end first, and those that are kept longest", async () => {
    const { open } = world();
    for (let index = 0; index < MAX_SET_ASIDE + 10; index += 1) {
      await open("alice").create();
      const id = index.toString(16).padStart(32, "0");
      await open("alice").commit([{ ...SET_ASIDE, id, until: 5_000 + index }]);
      if (index === MAX_SET_ASIDE - 1) expect(await list(open("alice"), "alice")).toHaveLength(MAX_SET_ASIDE);
    }
    for (const account of ["alice", undefined]) {
      const untils = ((await list(open("alice"), account)) as SetAsideAccount[]).map(
        ({ until }) => until - 5_000,
      );
      expect(untils).toHaveLength(MAX_SET_ASIDE);
      const half = MAX_SET_ASIDE / 2;
      expect([untils[0], untils[half - 1], untils[half], untils.at(-1)]).toEqual([0, 499, 510, 1_009]);
    }
    // The others are seen once some are gone.
    const [first] = await open("alice").listSetAside();
    await call(open("alice"), ALICE, { kind: "account.delete", accountId: first?.accountId ?? 0 });
    const [next, , ...others] = (await list(open("alice"), "alice")) as SetAsideAccount[];
    expect([next?.until, others[497]?.until]).toEqual([5_001, 5_500]);
  });

  test("deletes nothing that has not expired by the clock here", async () => {
    const { open } = world();
    await open("bob").create();
    const nowS = Math.floor(clock.nowMs() / 1_000);
    await open("bob").commit([{ ...SET_ASIDE, until: nowS }]);
    const expire = (cutoff: number): Write => ({ kind: "account.expireSetAside", cutoff });
    await expect(call(open("alice"), ALICE, expire(nowS + 1))).rejects.toBeInstanceOf(RefusedError);
    expect(await open("bob").listSetAside()).toHaveLength(1);
    await call(open("alice"), { account: "alice" }, expire(nowS));
    expect(await open("bob").listSetAside()).toEqual([]);
  });
});
