import { remoteBackend } from "../../../adapters/remote/mod.ts";
import type { AccountSummary, Backend } from "../../../backend/mod.ts";
import { RefusedError } from "../../../errors/mod.ts";
import { type Logger, systemHost } from "../../../ports/mod.ts";
import type { AccountStats, Admission, RegisteredAccount } from "../../../service/mod.ts";
import { CommandError, type ExitName } from "../command_error.ts";
import { readable } from "./readable.ts";
import type { KeyOptions, Liveness, Looking, Target } from "./target.ts";

/** Longest time of one request, in milliseconds. */
const DEADLINE_MS = 30_000;

/** Accounts of one page of the list. */
const PAGE = 1_000;

const EXIT_OF: Readonly<Record<number, ExitName>> = {
  401: "unavailable",
  403: "unavailable",
  404: "absent",
  409: "refused",
};

const ADVICE: Readonly<Record<number, string>> = {
  401: "Set HOLDFAST_TOKEN to a token of the service.",
  403: "Use a token that permits it: see the permissions in docs/design/service.md.",
};

/** An account of a service. */
export interface ListedAccount extends AccountSummary {
  /** Left out where it has none. */
  readonly limits?: Admission["limits"];
}

/** The accounts of a Holdfast service. */
export class ServiceTarget implements Target {
  readonly kind = "service";
  readonly url: string;
  readonly #token: string;
  readonly #logger: Logger;
  readonly #keys: KeyOptions;

  constructor(url: string, token: string, logger: Logger, keys: KeyOptions = {}) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
    this.#logger = logger;
    this.#keys = keys;
  }

  get shown(): string {
    return this.url;
  }

  async look(): Promise<Looking> {
    const opened: Backend[] = [];
    return {
      hiddenOwner: undefined,
      schema: undefined,
      accounts: () => this.#accounts(),
      overview: undefined,
      reads: async (account) => {
        const backend = refusingCommits(await readable(await this.open(account), this.#keys));
        opened.push(backend);
        return backend;
      },
      integrity: undefined,
      [Symbol.asyncDispose]: async () => {
        for (const backend of opened) await backend.close();
      },
    };
  }

  async liveness(account: string): Promise<Liveness> {
    const { open } = await this.stats(account);
    if (open) return { state: "lives", sentence: "the service has the account open" };
    const backend = await this.open(account).catch(() => undefined);
    const owner = await backend?.readOwner().finally(() => backend.close());
    if (backend !== undefined && owner === undefined) return { state: "none" };
    return {
      state: "unknown",
      sentence:
        "the service does not have the account open, and does not know whether a client elsewhere has",
    };
  }

  open(account: string, keys: KeyOptions = this.#keys): ReturnType<Target["open"]> {
    const host = systemHost({ logger: this.#logger });
    return remoteBackend({ url: this.url, token: this.#token, account, host, ...keys });
  }

  async erase({ account }: Parameters<Target["erase"]>[0]): Promise<void> {
    await this.ask("DELETE", pathOf(account));
  }

  /** The limits of an account and what is used of them. */
  async stats(account: string): Promise<AccountStats> {
    return await this.ask<AccountStats>("GET", `${pathOf(account)}/stats`);
  }

  /** Replaces the account's own limits. @returns Those that hold. */
  async limit(account: string, limits: object): Promise<NonNullable<Admission["limits"]>> {
    return await this.ask("PUT", `${pathOf(account)}/limits`, limits);
  }

  /** All accounts, with the limits that hold for each. */
  async #accounts(): Promise<ListedAccount[]> {
    const found: ListedAccount[] = [];
    let after = "";
    for (;;) {
      const query = `limit=${PAGE}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`;
      const page = await this.ask<{
        readonly accounts: readonly RegisteredAccount[];
        readonly next?: string;
      }>("GET", `/v1/accounts?${query}`);
      for (const { name, limits } of page.accounts)
        found.push({ accountId: 0, account: name, pn: undefined, ...(limits && { limits }) });
      if (page.next === undefined) return found;
      after = page.next;
    }
  }

  /**
   * Sends a request with the token of the target.
   *
   * @param options `signal` gives the request up. Defaults to 30 seconds for all of it.
   * @throws {CommandError} When the service does not answer.
   */
  async send(
    method: string,
    path: string,
    { signal, body }: { readonly signal?: AbortSignal | undefined; readonly body?: object | undefined } = {},
  ): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ?? AbortSignal.timeout(DEADLINE_MS),
      });
    } catch (cause) {
      throw new CommandError(
        "unavailable",
        `ask service: no answer from ${this.url}`,
        "Check the URL, and that the service runs.",
        { cause },
      );
    }
  }

  /** Sends a request, and reads the JSON of its answer. @throws {CommandError} When it is none of success. */
  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.send(method, path, { body });
    const text = await response.text();
    if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
    const detail = problemOf(text) ?? `it answered ${response.status}`;
    throw new CommandError(
      EXIT_OF[response.status] ?? "unavailable",
      `ask service: ${detail}`,
      ADVICE[response.status],
    );
  }
}

function pathOf(account: string): string {
  return `/v1/accounts/${encodeURIComponent(account)}`;
}

/** The sentence of a problem document. */
function problemOf(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}

/** A backend that is looked at. */
function refusingCommits(backend: Backend): Backend {
  return Object.assign(backend, {
    commit: async () => {
      throw new RefusedError("commit: the account is open for reading");
    },
  });
}
