import { remoteBackend } from "../../../src/adapters/remote/mod.ts";
import { CommitQueue, type Write } from "../../../src/backend/mod.ts";
import { silentLogger } from "../../../src/ports/mod.ts";
import { check, equal, fails } from "../../../src/testing/conformance/assert.ts";
import { SeededRandom } from "../../../src/testing/mod.ts";
import { pathOf, problemIn, ServiceClient } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { ACCOUNT_ROUTES } from "./routes.ts";

const ADDRESS = "5511999990000@c.us.0";

function put(value: number): Write {
  return { kind: "session.put", address: ADDRESS, record: new Uint8Array([value]) };
}

/** Accounts that are deleted while in use, and commits with unknown outcomes. */
export const lifecycleCases: readonly ServiceCase[] = [
  {
    name: "routes: an account deleted under load is empty when created again",
    async run(service) {
      const client = new ServiceClient(service);
      const name = client.newName("comes and goes");
      for (let round = 0; round < 4; round += 1) {
        await client.create(name);
        const token = await client.issue(name, "account");
        await client.refused("GET", pathOf(name, "/device"), { token }, 404, "not-found");
        equal(
          await client.call({ name, token }, { kind: "read", method: "exists", args: [] }),
          false,
          "exists",
        );
        await client.makeDevice({ name, token }, `round ${round}`);
        const before = round % 2 === 0 ? [] : [client.json("DELETE", pathOf(name, ""), 204)];
        const requests = Array.from({ length: 5 }, () => ACCOUNT_ROUTES)
          .flat()
          .map(async ({ method, path, sent }) => {
            const response = await client.send(method, path(name), { ...sent(name), token });
            await response.text();
            return response.status;
          });
        const deletion = before[0] ?? client.json("DELETE", pathOf(name, ""), 204);
        for (const status of await Promise.all(requests)) {
          check([200, 401, 404, 409, 503].includes(status), `a request under deletion answers ${status}`);
        }
        await deletion;
        await client.refused("GET", pathOf(name, "/device"), { token }, 401, "unauthorized");
        await client.refused("GET", pathOf(name, "/stats"), { token: service.adminToken }, 404, "not-found");
      }
    },
  },
  {
    name: "routes: applies each of many concurrent commands exactly once",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("at once");
      await client.makeDevice({ name, token });
      const json = { commands: [{ kind: "incrementLoginCounter" }] };
      const count = 32;
      await Promise.all(
        Array.from({ length: count }, () =>
          client.json("POST", pathOf(name, "/device/commands"), 200, { token, json }),
        ),
      );
      const device = await client.json("GET", pathOf(name, "/device"), 200, { token });
      equal((device as { loginCounter: number }).loginCounter, count, "counter");
    },
  },
  {
    name: "commits: resends a commit with a lost answer and refuses its twin",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("twin");
      const bodies: Uint8Array<ArrayBuffer>[] = [];
      let lost = 0;
      const backend = await remoteBackend({
        url: service.baseUrl,
        token,
        account: name,
        fetch: async (url, init) => {
          const request = new Request(url, init);
          bodies.push(new Uint8Array(await request.clone().arrayBuffer()));
          const response = await service.send(request);
          if (lost === 0) return response;
          lost -= 1;
          await response.body?.cancel();
          throw new TypeError("connection lost");
        },
      });
      const random = new SeededRandom(service.seed);
      const queue = await CommitQueue.take(backend, { random, logger: silentLogger });
      const before = await backend.readOwner();
      bodies.length = 0;
      lost = 1;
      equal((await queue.commit([put(1)])).length, 1, "answers of the commit that was sent again");
      equal([bodies.length, queue.stats.ambiguous], [2, 1], "requests, and answers that were lost");
      const twins = bodies.slice();
      const after = await backend.readOwner();
      equal([after?.owner, after?.epoch], [before?.owner, (before?.epoch ?? 0) + 1], "owner");
      await queue.commit([put(2)]);
      for (const body of twins) await problemIn(await client.post({ name, token }, body), 409, "fenced");
      equal(await backend.getSession(ADDRESS), new Uint8Array([2]), "session after the twins");
      lost = 100;
      await fails(() => queue.commit([put(3)]), "ambiguous", "a commit that nobody answers");
      lost = 0;
      await queue.commit([put(4)]);
      equal(await backend.getSession(ADDRESS), new Uint8Array([4]), "session after the doubt");
      await backend.close();
    },
  },
];
