import { describe, expect, test } from "vitest";
import { memoryBackend } from "../adapters/memory/mod.ts";
import { IncompleteBackendError } from "../errors/mod.ts";
import { adoptBackend, type Backend, type BackendLike, type FlatStores } from "./mod.ts";

const ADDRESS = "5511999990000@c.us.0";

/** The methods of the four stores on one object, without the members of a backend. */
function flatStores(backend: Backend): FlatStores & Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (let from: object = backend; from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (["constructor", "commit", "readOwner", "capabilities", "close"].includes(name)) continue;
      const method: unknown = Reflect.get(backend, name);
      if (typeof method === "function") flat[name] ??= method.bind(backend);
    }
  }
  return flat as FlatStores & Record<string, unknown>;
}

function missingOf(like: unknown): readonly string[] {
  try {
    adoptBackend("open account", like as BackendLike);
  } catch (error) {
    if (error instanceof IncompleteBackendError) return error.missing;
    throw error;
  }
  return [];
}

describe("adoptBackend", () => {
  test("uses a backend as it is", () => {
    const backend = memoryBackend();
    expect(adoptBackend("open account", backend)).toBe(backend);
  });

  test("joins four stores, apart or on one object", async () => {
    for (const like of [
      (backend: Backend) => flatStores(backend),
      (backend: Backend) => ({ signal: backend, appSync: backend, protocol: backend, device: backend }),
    ]) {
      const inner = memoryBackend();
      const backend = adoptBackend("open account", like(inner));
      expect(backend.capabilities).toMatchObject({ atomicCommit: false, fencing: false });
      await backend.commit([
        { kind: "session.put", address: ADDRESS, record: Uint8Array.of(1) },
        { kind: "sentMessage.put", chat: "c", id: "i", createdAt: 1, payload: Uint8Array.of(2) },
        { kind: "sentMessage.delete", chat: "c", id: "i" },
      ]);
      expect(await inner.getSession(ADDRESS)).toEqual(Uint8Array.of(1));
      expect(await backend.getSession(ADDRESS)).toEqual(Uint8Array.of(1));
      expect(await inner.getSentMessage("c", "i")).toBeUndefined();
    }
  });

  test("closes stores with a close method once", async () => {
    let closed = 0;
    const close = async (): Promise<void> => {
      closed += 1;
    };
    const backend = adoptBackend("open account", { ...flatStores(memoryBackend()), close });
    await backend.close();
    await backend.close();
    expect(closed).toBe(1);
    await adoptBackend("open account", flatStores(memoryBackend())).close();
  });

  test("names every missing store and method", () => {
    const whole = memoryBackend();
    const { putSession: _put, getTcToken: _get, ...flat } = flatStores(whole);
    expect(missingOf(flat)).toEqual(["putSession", "getTcToken"]);
    expect(missingOf({ signal: flat, appSync: whole, device: whole })).toEqual([
      "signal.putSession",
      "protocol",
    ]);
    // An object with a `commit` is meant as a backend. Joining its stores would lose the guarantees of its
    // commit.
    expect(missingOf({ ...flatStores(whole), commit: async () => [] })).toEqual([
      "readOwner",
      "capabilities",
      "close",
    ]);
    expect(missingOf(undefined)).toEqual(["signal", "appSync", "protocol", "device"]);
  });

  test("throws a TypeError that lists the first few", () => {
    expect(() => adoptBackend("open account", {} as BackendLike)).toThrow(
      /^open account: the backend lacks loadIdentity, (\w+, ){6}\w+ and \d+ more$/,
    );
    expect(() => adoptBackend("open account", {} as BackendLike)).toThrow(TypeError);
  });
});
