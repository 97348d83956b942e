import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LID, LidWorld, PN } from "../../../test/support/account/lid_world.ts";
import { BackendError } from "../../errors/mod.ts";
import { ContactHashes } from "./contact_hashes.ts";

/** An index over the world's LID cache. */
function indexOf({ backend, cache }: LidWorld): ContactHashes {
  return new ContactHashes({ reads: backend, lids: cache });
}

describe("ContactHashes", () => {
  test("finds the LID by the hash of either name and of new mappings", async () => {
    const world = new LidWorld();
    await world.learn("usync", "100000000000001", "100000000000002");
    const { cache } = world;
    const contacts = indexOf(world);
    expect(await contacts.lidOf("s7oK")).toBe("100000000000001");
    expect(await contacts.lidOf("P2DY")).toBe("100000000000001");
    const { queries } = cache.stats;
    expect(await contacts.lidOf("4ZhY")).toBeUndefined();
    await world.learn("usync", "100000000000003", "55");
    expect(await contacts.lidOf("4ZhY")).toBe("100000000000003");
    expect(cache.stats.queries - queries).toBeLessThanOrEqual(2);
    // The phone number has another LID now; the LID is still known.
    await world.learn("usync", "1000", "100000000000002");
    expect(await contacts.lidOf("P2DY")).toBe("1000");
    expect(await contacts.lidOf("s7oK")).toBe("100000000000001");
    await world.backend.deleteLidMappings(["100000000000001"]);
    await cache.follow([{ kind: "lidMapping.delete", lids: ["100000000000001"] }]);
    expect(await contacts.lidOf("s7oK")).toBeUndefined();
    expect(await indexOf(Object.assign(world, { cache: world.open() })).lidOf("P2DY")).toBe("1000");
  });

  test("finds no LID for an ambiguous or malformed hash", async () => {
    const world = new LidWorld();
    const [one, two] = collidingUsers();
    await world.learn("usync", one, "551");
    const hash = contactHash(one);
    const contacts = indexOf(world);
    expect(await contacts.lidOf(hash)).toBe(one);
    await world.learn("usync", two, "552");
    expect(await contacts.lidOf(hash)).toBeUndefined();
    for (const text of ["", "s7o", "s7oK=", "s7oKs7oK", "????"]) {
      expect(await contacts.lidOf(text)).toBeUndefined();
    }
  });

  test("reads the store again after a failed read", async () => {
    const world = new LidWorld();
    await world.learn("usync", LID, PN);
    const contacts = indexOf(Object.assign(world, { cache: world.open() }));
    world.faults.failReads(new BackendError("disk"));
    await expect(contacts.lidOf("s7oK")).rejects.toThrow("disk");
    world.faults.failReads(undefined);
    expect(await contacts.lidOf("s7oK")).toBe(LID);
  });
});

function contactHash(user: string): string {
  return createHash("md5").update(`${user}WA_ADD_NOTIF`).digest().subarray(0, 3).toString("base64");
}

/** Two LIDs with one hash. */
function collidingUsers(): [string, string] {
  const seen = new Map<string, string>();
  for (let n = 0; ; n += 1) {
    const user = String(100_000_000_000_000 + n);
    const hash = contactHash(user);
    const other = seen.get(hash);
    if (other !== undefined) return [other, user];
    seen.set(hash, user);
  }
}
