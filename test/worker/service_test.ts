import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CALL_TYPE, MAX_CALL_BYTES } from "../../src/protocol/mod.ts";
import { pathOf, ServiceClient } from "../kit/service/client.ts";
import { registerServiceCases, type ServiceTarget, type TestedService } from "../kit/service/harness.ts";
import { SERVICE_CASES } from "../kit/service/service_cases.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { type RunningWorker, startWorker } from "./worker_process.ts";

let worker: RunningWorker;

beforeAll(async () => {
  worker = await startWorker();
});

afterAll(() => worker.stop());

/** The deployed Worker, over real connections. Cases share it. */
const target: ServiceTarget = {
  name: "service over durable objects",
  provides: [],
  use: (run) => run(tested()),
};

function tested(): TestedService {
  return {
    baseUrl: worker.url,
    adminToken: ADMIN_TOKEN,
    callBytes: MAX_CALL_BYTES,
    closesAtOnce: true,
    seed: Number(process.env.HOLDFAST_SEED ?? 1),
    // workerd closes idle connections, which a busy process may not notice in time.
    send: (request) =>
      fetch(new Request(request, { headers: { ...headersOf(request), connection: "close" } })),
  };
}

/** The headers of a request. `fetch` states the length of a body itself and refuses to send it twice. */
function headersOf(request: Request): Record<string, string> {
  return Object.fromEntries([...request.headers].filter(([name]) => name !== "content-length"));
}

const left = registerServiceCases(target, SERVICE_CASES, (name, run) => test(name, run, DOSED_TIMEOUT_MS));

describe("the deployed Worker", () => {
  test("skips only cases that inspect the inside of the service", () => {
    const inside = SERVICE_CASES.filter(({ requires = [] }) => requires.length > 0);
    expect(left).toEqual(inside.map(({ name }) => name));
  });

  // A client that sends no body before the answer always gets it.
  test("answers a declared length beyond the limit with 413", async () => {
    const client = new ServiceClient(tested());
    const { name, token } = await client.account("declared");
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${worker.url}${pathOf(name, "/backend")}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": CALL_TYPE,
          "content-length": MAX_CALL_BYTES + 1,
        },
      });
      sent.on("error", reject);
      sent.on("response", ({ statusCode }) => {
        resolve(statusCode);
        sent.destroy();
      });
      sent.flushHeaders();
    });
    expect(status).toBe(413);
  });
});
