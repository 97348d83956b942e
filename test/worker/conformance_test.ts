import { afterAll, beforeAll, test } from "vitest";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import {
  type ConformanceHarness,
  type ConformanceTarget,
  conformanceCases,
  DEFAULT_ACCOUNT,
  FakeClock,
  type KnownFailure,
} from "../../src/testing/mod.ts";
import { sentCases } from "../kit/connected_cases.ts";
import { registerTargets } from "../kit/register.ts";
import { ADMIN_TOKEN, issueKitToken, registerAccount } from "../kit/service.ts";
import { dose } from "../support/dose.ts";
import { type RunningWorker, startWorker } from "./worker_process.ts";

let worker: RunningWorker;
let kitToken: string;

beforeAll(async () => {
  worker = await startWorker();
  kitToken = await issueKitToken(fetch, worker.url);
});

afterAll(() => worker.stop());

/**
 * Accounts of the Worker, each in its own object, over real connections. The accounts of a case are deleted
 * after it.
 */
class WorkerHarness implements ConformanceHarness {
  readonly clock: FakeClock = new FakeClock();
  readonly #accounts = new Set<string>();
  #open: Backend[] = [];

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    const send: typeof fetch = async (...[url, init]) => {
      // The client rejects an invalid account name before it sends a request.
      if (!this.#accounts.has(account)) await registerAccount(fetch, worker.url, account);
      this.#accounts.add(account);
      return await fetch(url, init);
    };
    const { clock } = this;
    const { url } = worker;
    const backend = await remoteBackend({ url, token: kitToken, account, fetch: send, host: { clock } });
    this.#open.push(backend);
    return backend;
  }

  async reopen(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    await this.#closeAll();
    return await this.open(account);
  }

  async crash(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    this.#open = [];
    return await this.open(account);
  }

  oracle(): Promise<Backend> {
    return Promise.resolve(memoryBackend({ clock: this.clock, account: DEFAULT_ACCOUNT }));
  }

  async dispose(): Promise<void> {
    await this.#closeAll();
    for (const account of this.#accounts) {
      const response = await worker.fetch(`/v1/accounts/${encodeURIComponent(account)}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      if (!response.ok) throw new Error(`delete account: ${response.status}`);
    }
  }

  async #closeAll(): Promise<void> {
    for (const backend of this.#open.splice(0)) await backend.close();
  }
}

const target: ConformanceTarget = {
  name: "remote over durable objects",
  provides: ["atomicCommit", "fencing", "durableOnResolve", "changedRows", "oracle"],
  create: async () => new WorkerHarness(),
};

/**
 * Cases about accounts that share one database. Here each account has its own object, and its account id is
 * unique only there: it is 1 in each object. The service cases (test/kit/service/isolation_cases.ts) test the
 * isolation of accounts over the same Worker.
 */
const knownFailures: readonly KnownFailure[] = [
  {
    case: "device: create registers an account once, under a stable id",
    reason: "the ids of two accounts are equal, since each is the first of its object's database",
  },
  {
    case: "device: deleting an account removes its rows and no others",
    reason: "the other account's id names the caller's own account in the caller's object",
  },
  {
    case: "device: listAccounts returns all accounts by id, with phone numbers",
    reason: "an object lists its own account alone; the registry lists all of them",
  },
  {
    case: "owner: deleting an account fences its owner",
    reason: "an account cannot be deleted from another account's object; the service deletes it",
  },
  {
    case: "set aside: the name is free, and other accounts stay",
    reason: "an object keeps what is set aside of its own account alone",
  },
  {
    case: "set aside: what has expired is deleted, of every account",
    reason: "an object keeps what is set aside of its own account alone",
  },
  {
    case: "accounts: each account has its own rows, whatever its name",
    reason: "the rows are apart, but an object lists its own account alone",
  },
  {
    case: "accounts: deleting one leaves accounts with similar names",
    reason: "the others are left, but an object lists its own account alone",
  },
];

/** The database of an object runs the whole kit in workerd, and the remote client its own part over memory. */
const cases = dose({ short: sentCases, long: conformanceCases });

registerTargets([target], test, {
  cases,
  knownFailures: knownFailures.filter((failure) => cases.some(({ name }) => name === failure.case)),
});
