import { describe, expect, test } from "vitest";
import type { Backend } from "../../backend/mod.ts";
import {
  AmbiguousError,
  BackendError,
  BusyError,
  ClosedError,
  LimitError,
  RefusedError,
} from "../../errors/mod.ts";
import { frameOf } from "../../protocol/frames.ts";
import { PROTOCOL, PROTOCOL_VERSION, type WireMethod } from "../../protocol/mod.ts";
import { type FakeHost, fakeHost } from "../../testing/mod.ts";
import { remoteBackend } from "./mod.ts";

const URL_OF_SERVICE = "https://service.example/base";
const TOKEN = "hf_0123456789abcdef_secret-of-the-token";

type Answer = () => Response | Promise<Response>;

/** A backend whose requests receive these answers in order. The last one repeats. */
class Scripted {
  readonly host: FakeHost;
  readonly requests: { readonly url: string; readonly init: RequestInit }[] = [];
  answers: readonly Answer[] = [];

  constructor(seed = 1) {
    this.host = fakeHost({ seed });
  }

  async open(): Promise<Backend> {
    this.answers = [() => answerTo("capabilities", CAPABILITIES)];
    const backend = await this.#running(
      remoteBackend({
        url: URL_OF_SERVICE,
        token: TOKEN,
        account: "a/ä",
        host: this.host,
        fetch: this.fetch,
      }),
    );
    this.requests.length = 0;
    return backend;
  }

  /** The outcome of a call while fake time advances. */
  async outcomeOf(call: Promise<unknown>): Promise<unknown> {
    return await this.#running(call.catch((error: unknown) => error));
  }

  readonly fetch: typeof fetch = async (url, init) => {
    const answer = this.answers[Math.min(this.requests.length, this.answers.length - 1)];
    this.requests.push({ url: String(url), init: init ?? {} });
    if (answer === undefined) throw new TypeError("there is no answer");
    return await answer();
  };

  async #running<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const done = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      // Code that waits for time waits for a task. Other code ends after a few turns.
      for (let turn = 0; turn < 50 && !isOver; turn += 1) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      if (!isOver) await this.host.scheduler.advance(100);
    }
    return await done;
  }
}

const CAPABILITIES = {
  atomicCommit: true,
  fencing: true,
  durableOnResolve: true,
  maxValueBytes: 1_000_000,
  maxParameters: 100,
};

function bytesResponse(bytes: Uint8Array): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>);
}

function answerTo(method: WireMethod, answer: unknown): Response {
  return bytesResponse(PROTOCOL.wire.encodeAnswer(method, answer));
}

function countsResponse(...counts: number[]): Response {
  return bytesResponse(PROTOCOL.wire.encodeCounts(counts));
}

const HTML = (): Response =>
  new Response("<html>log in first</html>", { headers: { "content-type": "text/html" } });
const GARBAGE = (): Response => new Response(new Uint8Array([0xff, 0xff, 0xff]));
const EMPTY = (): Response => new Response(null);
const NEVER = (): Promise<Response> => new Promise(() => {});
const BROKEN = (): never => {
  throw new TypeError(`cannot reach ${URL_OF_SERVICE}/v1/accounts/a%2F%C3%A4/backend`, {
    cause: new Error(`with Bearer ${TOKEN}`),
  });
};

function status(
  code: number,
  body: unknown = "gateway",
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), { status: code, headers });
}

/** An endless body, in pieces of one mebibyte. */
function endless(): Response {
  const piece = new Uint8Array(1_024 * 1_024);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
}

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

const IDENTITY = { kind: "identity.delete", address: "a" } as const;

describe("remoteBackend commits", () => {
  test("sends one request per call to the account's path with the token", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [() => countsResponse(1)];
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toEqual([1]);
    expect(scripted.requests).toHaveLength(1);
    const [{ url, init } = { url: "", init: {} }] = scripted.requests;
    expect(url).toBe(`${URL_OF_SERVICE}/v1/accounts/a%2F%C3%A4/backend`);
    expect(init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(new Headers(init.headers).get("authorization")).toBe(`Bearer ${TOKEN}`);
  });

  test.each<[string, Answer]>([
    ["a connection that breaks", BROKEN],
    ["no answer in time, from a fetch that does not listen", NEVER],
    ["a page instead of an answer", HTML],
    ["garbage", GARBAGE],
    ["nothing at all", EMPTY],
    ["counts of other writes", () => countsResponse(1, 2)],
    ["counts that are none", () => answerTo("getAllTcTokenJids", ["one"])],
    ["an answer without end", endless],
    ["a gateway's 502", status(502)],
    ["a gateway's 504", status(504)],
    ["a bare 500", status(500)],
    ["a timeout of the request", status(408)],
    ["the service's own doubt", status(504, { code: "ambiguous", message: "commit: no answer" })],
  ])("rejects a commit as ambiguous and sends it once: %s", async (_, answer) => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [answer];
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toBeInstanceOf(AmbiguousError);
    expect(scripted.requests).toHaveLength(1);
  });

  test.each<[string, Answer, new (message: string) => Error]>([
    ["a busy service", status(503, { code: "busy", message: "commit: busy" }), BusyError],
    [
      "a service that closes",
      status(503, { code: "closed", message: "use account: the service is closed" }),
      BusyError,
    ],
    ["a gateway's 503", status(503), BusyError],
    ["the wrong token", status(401, { code: "unauthorized", message: "x" }), RefusedError],
    ["another account's token", status(403, { code: "forbidden", message: "x" }), RefusedError],
    ["a body that is too large", status(413), RefusedError],
    ["an account that is not there", status(404, { code: "not-found", message: "x" }), BackendError],
    [
      "a failure that the service knows",
      status(500, { code: "failed", message: "commit: failed" }),
      BackendError,
    ],
    [
      "a service that is elsewhere",
      () => new Response(null, { status: 307, headers: { location: "https://x.example" } }),
      BackendError,
    ],
  ])("rejects a commit that was not carried out: %s", async (_, answer, error) => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [answer];
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toBeInstanceOf(error);
    expect(scripted.requests).toHaveLength(1);
  });

  test("sends a commit again as it is while the service has too much to do", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    const later = new Response(JSON.stringify({ code: "limit", message: "call: too many" }), {
      status: 429,
      headers: { "retry-after": "3" },
    });
    scripted.answers = [() => later.clone(), status(429), () => countsResponse(1)];
    const startedAtMs = scripted.host.clock.nowMs();
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toEqual([1]);
    const bodies = scripted.requests.map(({ init }) => init.body as Uint8Array);
    expect(bodies).toHaveLength(3);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
    expect(scripted.host.clock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(2_000);
  });

  test("rejects with BusyError when the service has too much to do for a minute", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [status(429)];
    const startedAtMs = scripted.host.clock.nowMs();
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toBeInstanceOf(BusyError);
    expect(await scripted.outcomeOf(backend.getSession("5511999990000@c.us.0"))).toBeInstanceOf(BusyError);
    expect(scripted.host.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(125_000);
  });

  test("waits longer after each 429 that asks for no wait", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [status(429, undefined, { "retry-after": "0" })];
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toBeInstanceOf(BusyError);
    expect(scripted.requests.length).toBeGreaterThan(20);
    expect(scripted.requests.length).toBeLessThan(100);
  });

  test("sends again after the longest wait that a 429 asks for", async () => {
    for (let seed = 0; seed < 8; seed += 1) {
      const scripted = new Scripted(seed);
      const backend = await scripted.open();
      scripted.answers = [status(429, undefined, { "retry-after": "60" }), () => countsResponse(1)];
      const startedAtMs = scripted.host.clock.nowMs();
      expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toEqual([1]);
      expect(scripted.host.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(61_000);
    }
  });

  test("ends the wait after a 429 when the backend is closed", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [status(429, undefined, { "retry-after": "60" })];
    const outcomes = [backend.commit([IDENTITY]), backend.getSession("5511999990000@c.us.0")].map((call) =>
      call.catch((error: unknown) => error),
    );
    await expect.poll(() => scripted.host.scheduler.scheduled.length).toBe(2);
    await backend.close();
    for (const outcome of outcomes) expect(await outcome).toBeInstanceOf(ClosedError);
    expect(scripted.host.scheduler.scheduled).toEqual([]);
    expect(scripted.requests).toHaveLength(2);
  });

  test("reports the index of a refused write", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [
      status(422, { code: "refused", message: "session.put: value is too large", writeIndex: 3 }),
    ];
    expect(await scripted.outcomeOf(backend.commit([IDENTITY]))).toMatchObject({
      code: "refused",
      writeIndex: 3,
    });
  });
});

describe("remoteBackend reads", () => {
  test.each<[string, Answer]>([
    ["a connection that breaks", BROKEN],
    ["no answer in time", NEVER],
    ["a page instead of an answer", HTML],
    ["garbage", GARBAGE],
    ["a gateway's 502", status(502)],
    ["a busy service", status(503, { code: "busy", message: "read: busy" })],
    ["a service that closes", status(503, { code: "closed", message: "read: closed" })],
  ])("retries a read with growing pauses: %s", async (_, answer) => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [answer, answer, answer, answer, () => answerTo("exists", true)];
    const startedAtMs = scripted.host.clock.nowMs();
    expect(await scripted.outcomeOf(backend.exists())).toBe(true);
    expect(scripted.requests).toHaveLength(5);
    expect(scripted.host.clock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(100 + 200 + 400 + 800);
  });

  test("rejects a read without an answer with BackendError", async () => {
    for (const [answer, waitMs] of [
      [GARBAGE, 0],
      [HTML, 0],
      [BROKEN, 0],
      [NEVER, 15_000],
    ] as const) {
      const scripted = new Scripted();
      const backend = await scripted.open();
      scripted.answers = [answer];
      const startedAtMs = scripted.host.clock.nowMs();
      const error = await scripted.outcomeOf(backend.getSession("a"));
      expect(error).toBeInstanceOf(BackendError);
      expect(scripted.requests).toHaveLength(5);
      expect(scripted.host.clock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(5 * waitMs);
      expect(scripted.host.scheduler.scheduled).toEqual([]);
    }
  });

  test("passes on errors of the service about a read at once", async () => {
    const scripted = new Scripted();
    const backend = await scripted.open();
    scripted.answers = [status(500, { code: "corrupt", message: "load device: damaged" })];
    expect(await scripted.outcomeOf(backend.load())).toMatchObject({ code: "corrupt" });
    scripted.answers = [endless];
    expect(await scripted.outcomeOf(backend.load())).toBeInstanceOf(LimitError);
    expect(scripted.requests).toHaveLength(2);
  });

  test("yields mappings until the stream is cut off, garbled or late", async () => {
    const mapping = { lid: "1", phoneNumber: "2", createdAt: 0, updatedAt: 0, learningSource: "other" };
    const frame = frameOf(PROTOCOL.wire.encodeAnswer("getAllLidMappings", [mapping]));
    const end = frameOf(PROTOCOL.wire.encodeAnswer("getAllLidMappings", []));
    const streams: readonly [readonly Uint8Array[], number, boolean][] = [
      [[frame, frame, end], 2, true],
      [[frame], 1, false],
      [[frame, end.slice(0, 3)], 1, false],
      [[frame, frameOf(new Uint8Array([0xff]))], 1, false],
      [[frame, frameOf(PROTOCOL.wire.encodeCounts([1]))], 1, false],
      [[frame, new Uint8Array([0xff, 0xff, 0xff, 0xff])], 1, false],
    ];
    for (const [pieces, count, isWhole] of streams) {
      const scripted = new Scripted();
      const backend = await scripted.open();
      scripted.answers = [() => new Response(streamOf(pieces))];
      let got = 0;
      const all = (async () => {
        for await (const entry of backend.getAllLidMappings()) got += entry.lid === "1" ? 1 : 0;
      })();
      const outcome = await scripted.outcomeOf(all);
      expect(got).toBe(count);
      if (isWhole) expect(outcome).toBeUndefined();
      else expect(outcome).toBeInstanceOf(BackendError);
    }
  });
});

describe("remoteBackend secrets", () => {
  test("removes the token and the URL from errors and logs", async () => {
    const echo = { code: "failed", message: `Bearer ${TOKEN}` };
    for (const answer of [BROKEN, status(500, echo), status(400, echo), status(500, TOKEN)]) {
      const scripted = new Scripted();
      const backend = await scripted.open();
      scripted.answers = [answer];
      for (const call of [() => backend.exists(), () => backend.commit([IDENTITY])]) {
        const told = textOf(await scripted.outcomeOf(call())) + scripted.host.logger.text;
        expect(told).not.toContain(TOKEN);
        expect(told).not.toContain("service.example");
      }
    }
  });
});

/** All texts of an error and its causes. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name} ${error.message} ${error.stack ?? ""} ${textOf(error.cause)}`;
}

describe("remoteBackend", () => {
  test("shares a scheduler with other backends", async () => {
    const scripted = new Scripted();
    const one = await scripted.open();
    const { host, fetch } = scripted;
    const opening = scripted.outcomeOf(
      remoteBackend({ url: URL_OF_SERVICE, token: TOKEN, account: "b", host, fetch }),
    );
    const two = (await opening) as Backend;
    scripted.answers = [() => answerTo("exists", true)];
    expect(await scripted.outcomeOf(Promise.all([one.exists(), two.exists()]))).toEqual([true, true]);
  });

  test("rejects a service without valid capabilities", async () => {
    const whole = PROTOCOL.wire.encodeAnswer("capabilities", CAPABILITIES);
    const answers = [
      PROTOCOL.wire.encodeAnswer("getSession", undefined),
      PROTOCOL.wire.encodeCounts([1]),
      whole.slice(0, -1),
      new Uint8Array([...whole, 0]),
      // Invalid flags, and another protocol version than in the request.
      whole.with(3, 2),
      whole.with(2, PROTOCOL_VERSION + 1),
    ];
    for (const answer of answers) {
      const scripted = new Scripted();
      scripted.answers = [() => bytesResponse(answer)];
      const { host, fetch } = scripted;
      expect(
        await scripted.outcomeOf(remoteBackend({ url: URL_OF_SERVICE, token: TOKEN, host, fetch })),
      ).toBeInstanceOf(BackendError);
    }
  });

  test.each([
    { url: "ftp://service.example" },
    { url: "service.example" },
    { url: "https://user:password@service.example" },
    { url: "https://service.example/?query=1" },
    { url: "https://service.example/?" },
    { url: "https://service.example/#part" },
    { token: "" },
    { token: "two words" },
    { token: "line\nfeed" },
    { token: "ä" },
    { account: "" },
    { account: "." },
    { account: ".." },
    { account: "\ud800" },
    { deadlineMs: 0 },
    { deadlineMs: 0.5 },
  ])("rejects a malformed option before sending a request: %j", async (option) => {
    const scripted = new Scripted();
    const options = {
      url: URL_OF_SERVICE,
      token: TOKEN,
      host: scripted.host,
      fetch: scripted.fetch,
      ...option,
    };
    const error = await remoteBackend(options).catch((thrown: unknown) => thrown);
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect(scripted.requests).toHaveLength(0);
    expect(textOf(error)).not.toContain("password");
  });
});
