/**
 * Releases whose protocols are one version apart: clients and services, and Workers and their objects during
 * a deployment. The next release has one more field and one more call.
 */
import { beforeAll, describe, expect, test } from "vitest";
import * as currentAccount from "../../src/account/mod.ts";
import * as currentMemory from "../../src/adapters/memory/mod.ts";
import * as currentRemote from "../../src/adapters/remote/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { problemOf, problemResponse } from "../../src/http/mod.ts";
import * as currentProtocol from "../../src/protocol/mod.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/mod.ts";
import * as currentService from "../../src/service/mod.ts";
import * as currentWorker from "../../src/worker/mod.ts";
import { loadNextRelease, NEW_CALL, NEXT_VERSION, type NextRelease } from "../support/wire/next_release.ts";
import { FakeObjectStorage } from "../worker/fake_object_storage.ts";

type Release = NextRelease;

const CURRENT: Release = {
  ...currentProtocol,
  ...currentMemory,
  ...currentRemote,
  ...currentAccount,
  ...currentService,
  ...currentWorker,
};

/** The versions that this release speaks, as its refusals name them. */
const SPOKEN = `${PROTOCOL_VERSION - 1} and ${PROTOCOL_VERSION}`;

let NEXT: Release;

beforeAll(async () => {
  NEXT = await loadNextRelease();
});

const GROUP = "120363000000000001@g.us";
const BLOB = Uint8Array.of(1, 2, 3);
const TOKEN = { token: Uint8Array.of(4, 5), tokenTimestamp: 7 };
const LID = {
  lid: "1000",
  phoneNumber: "5511",
  createdAt: 1,
  updatedAt: 2,
  learningSource: "usync",
} as const;

/** A service of some release over memory, with its accounts. */
function serviceOf(release: Release) {
  const backend = release.memoryBackend({ account: "alice" }) as Backend & Record<string, unknown>;
  const notes: unknown[] = [];
  const commit = backend.commit.bind(backend);
  backend.commit = async (writes, options) => {
    for (const write of writes)
      if (write.kind === "groupMetadata.put") notes.push((write as { note?: unknown }).note);
    return await commit(writes, options);
  };
  const getTcToken = backend.getTcToken.bind(backend);
  backend.getTcToken = async (jid) => ({ ...TOKEN, ...(await getTcToken(jid)), note: "new" });
  backend[NEW_CALL] = async (group: string) => `note of ${group}`;
  const hosted = new release.HostedAccount({
    clock: { nowMs: () => 0 },
    backend: async () => backend,
    open: () => Promise.reject(new Error("nothing opens it")),
  });
  const answer: typeof fetch = async (_url, init) => {
    try {
      const body = await hosted.call(new Uint8Array(init?.body as Uint8Array), { account: "alice" });
      if (body instanceof Uint8Array) return new Response(body as BodyInit);
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece);
      return new Response(new Blob(pieces as BlobPart[]));
    } catch (error) {
      const described = release.describeError(error);
      return Response.json(described, { status: described.code === "version" ? 400 : 500 });
    }
  };
  return { backend, notes, answer };
}

function open(release: Release, answer: typeof fetch): Promise<Backend> {
  return release.remoteBackend({
    url: "https://holdfast.example",
    token: "token",
    account: "alice",
    fetch: answer,
  });
}

describe("a client of the previous release", () => {
  test("reads, writes and owns an account of a newer service", async () => {
    const { notes, answer, backend } = serviceOf(NEXT);
    const account = await CURRENT.openAccount({
      backend: await open(CURRENT, answer),
      saverIntervalMs: "manual",
    });
    await account.store.putGroupMetadata(GROUP, BLOB);
    await account.store.putLidMapping(LID);
    expect(await account.store.getGroupMetadata(GROUP)).toEqual(BLOB);
    // The unknown field is left out of the answer and of its writes.
    expect(await account.store.getTcToken("1000@lid")).toEqual(TOKEN);
    expect(notes).toEqual([undefined]);
    const mappings: unknown[] = [];
    for await (const mapping of account.store.getAllLidMappings()) mappings.push(mapping);
    expect(mappings).toEqual([LID]);
    expect((await backend.readOwner())?.epoch).toBe(1);
    await account.close();
  });

  test("has no newer call", async () => {
    const { answer } = serviceOf(NEXT);
    const call = new NEXT.CallerWire(NEXT.PROTOCOL.wire).encodeRead(NEW_CALL as never, [GROUP]);
    // The same call in the previous version.
    const older = call.with(2, PROTOCOL_VERSION);
    const responses = await Promise.all([call, older].map((body) => answer("", { body: body as BodyInit })));
    expect(responses.map(({ status }) => status)).toEqual([200, 500]);
    expect(await responses[1]?.json()).toMatchObject({ code: "invalid" });
  });
});

describe("a client of the next release", () => {
  test("uses the new field and the new call with its own service", async () => {
    const { answer, notes } = serviceOf(NEXT);
    const backend = await open(NEXT, answer);
    await backend.commit([{ kind: "groupMetadata.put", group: GROUP, blob: BLOB, note: "mine" } as never]);
    expect(notes).toEqual(["mine"]);
    expect(await backend.getTcToken("1000@lid")).toEqual({ ...TOKEN, note: "new" });
    const wire = new NEXT.CallerWire(NEXT.PROTOCOL.wire);
    const response = await answer("", { body: wire.encodeRead(NEW_CALL as never, [GROUP]) as BodyInit });
    const body = new Uint8Array(await response.arrayBuffer());
    expect(wire.decodeAnswer(NEW_CALL as never, body)).toBe(`note of ${GROUP}`);
  });

  test("is refused with both versions by an older service", async () => {
    const { answer, backend } = serviceOf(CURRENT);
    await backend.putGroupMetadata(GROUP, BLOB);
    const requests: Uint8Array[] = [];
    const watched: typeof fetch = async (url, init) => {
      requests.push(new Uint8Array(init?.body as Uint8Array));
      return await answer(url, init);
    };
    const message = `call: protocol ${NEXT_VERSION} is not spoken here, the service speaks ${SPOKEN}`;
    const opening = NEXT.openAccount({ backend: () => open(NEXT, watched) });
    await expect(opening).rejects.toMatchObject({ code: "incompatible", message });
    expect(requests).toHaveLength(1);
    // Neither does taking ownership without an earlier read.
    const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "next", epoch: 1 } };
    const taking = new NEXT.CallerWire(NEXT.PROTOCOL.wire).encodeCommit([], guard);
    const response = await answer("", { body: taking as BodyInit });
    expect(await response.json()).toEqual({ code: "version", message });
    expect(await backend.readOwner()).toBeUndefined();
    expect(await backend.getGroupMetadata(GROUP)).toEqual(BLOB);
  });
});

describe("a call without a version", () => {
  test("is refused with the versions of the service", async () => {
    const { answer } = serviceOf(NEXT);
    const response = await answer("", { body: new Uint8Array([0x3a, 2, 0x0a, 0]) });
    expect(await response.json()).toEqual({
      code: "version",
      message: `call: a call without a protocol version is not spoken here, the service speaks ${PROTOCOL_VERSION} and ${NEXT_VERSION}`,
    });
  });
});

/** A Worker of one release before an object of another. */
function deployment(worker: Release, object: Release) {
  const held = new object.AccountObject(
    {
      id: { name: "alice" },
      storage: new FakeObjectStorage(),
      blockConcurrencyWhile: <T>(work: () => Promise<T>) => work(),
    },
    { housekeeping: false },
  );
  const versions: (string | null)[] = [];
  const stub = {
    fetch: async (url: string, init?: RequestInit): Promise<Response> => {
      const request = new Request(url, init);
      versions.push(request.headers.get("x-holdfast-protocol"));
      return await held.fetch(request);
    },
  };
  const namespace = { idFromName: (name: string) => name, get: () => stub };
  const account = worker.objectAccounts({ ACCOUNTS: namespace, REGISTRY: namespace }).account("alice", 1);
  const answer: typeof fetch = async (_url, init) => {
    try {
      const body = await account.call(new Uint8Array(init?.body as Uint8Array), { account: "alice" });
      return new Response(body as BodyInit);
    } catch (error) {
      // The Worker's application passes on the answer of the object.
      const { code, message } = error as { code: string; message: string };
      return code === "incompatible"
        ? Response.json({ code: "version", message }, { status: 400 })
        : problemResponse(problemOf(error, ""));
    }
  };
  return { account, answer, versions, held };
}

describe.each([
  ["a Worker of the next release before an object of this one", () => deployment(NEXT, CURRENT)],
  ["a Worker of this release before an object of the next one", () => deployment(CURRENT, NEXT)],
])("%s", (_name, deploy) => {
  test("carries out every operation", async () => {
    const { account, held } = deploy();
    expect(await account.device()).toBeUndefined();
    const [summary] = [await account.commandDevice([{ kind: "setPushName", pushName: "Ada" }])];
    expect(summary).toMatchObject({ open: true, committed: 1 });
    expect(await account.device()).toMatchObject({ hasPushName: true });
    expect(await account.flush()).toMatchObject({ open: true, committed: 0 });
    expect(await account.stats()).toMatchObject({ open: true });
    expect(await account.snapshot({ unredacted: false })).toMatchObject({ device: { hasPushName: true } });
    await account.deleteAccount();
    await held.destroy();
  });

  test("serves a client of this release", async () => {
    const { answer } = deploy();
    const backend = await open(CURRENT, answer);
    const account = await CURRENT.openAccount({ backend, saverIntervalMs: "manual" });
    await account.store.putGroupMetadata(GROUP, BLOB);
    expect(await account.store.getGroupMetadata(GROUP)).toEqual(BLOB);
    await account.close();
  });
});

describe("an object of this release behind a Worker of the next one", () => {
  test("is called again in its own version", async () => {
    const { account, versions } = deployment(NEXT, CURRENT);
    await account.stats();
    expect(versions).toEqual([String(NEXT_VERSION), String(PROTOCOL_VERSION)]);
  });

  test("refuses a client of the next release before it takes ownership", async () => {
    const { answer, held } = deployment(NEXT, CURRENT);
    const opening = NEXT.openAccount({ backend: () => open(NEXT, answer) });
    await expect(opening).rejects.toMatchObject({
      code: "incompatible",
      message: `call: protocol ${NEXT_VERSION} is not spoken here, the service speaks ${SPOKEN}`,
    });
    const backend = await open(CURRENT, answer);
    expect(await backend.readOwner()).toBeUndefined();
    await held.destroy();
  });
});
