/**
 * The Worker with a client inside each account's object. `POST /objects/<account>/<operation>` reaches the
 * client, any other request the service. A ciphertext in an answer counts as sent.
 */

import { DurableObject } from "cloudflare:workers";
import type { Account } from "../../src/account/mod.ts";
import { decodeBase64, encodeBase64 } from "../../src/bytes/mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import {
  AccountObject,
  type AccountsEnv,
  type ObjectContextLike,
  serveAccounts,
} from "../../src/worker/mod.ts";
import { type Breakable, BreakableStorage } from "./breakable_storage.ts";
import { fastTime } from "./fast_time.ts";
import { type SealedMessage, sealMessage } from "./seal_message.ts";

export { RegistryDurableObject } from "../../src/cloudflare/mod.ts";

interface Env extends AccountsEnv {
  /** Speed-up of time for accounts, and its start. */
  readonly TIME_FACTOR?: string;
  readonly TIME_ORIGIN_MS?: string;
}

/** Members of the platform's context that the library does not use. */
interface Context extends ObjectContextLike {
  abort(reason?: string): void;
}

/** Unix seconds of a time that no test reaches. */
const FAR_AHEAD_S = 2 ** 40;

/** The body of an operation. */
interface Body {
  readonly address?: string;
  readonly id?: string;
  readonly record?: string;
  readonly text?: string;
  readonly hold?: boolean;
  readonly what?: Breakable;
  readonly alarms?: number;
}

/** The state of an object. */
export interface ObjectReport {
  /** Of this incarnation. */
  readonly alarms: number;
  readonly rejections: number;
  readonly failed: Readonly<Record<Breakable, number>>;
  /** Number of coming alarms in which the storage fails. */
  readonly broken: number;
  /** In the object's time. */
  readonly nowMs: number;
  readonly alarmAtMs: number | null;
  /** Number of tables in the storage. */
  readonly tables: number;
  readonly sentMessages: number;
}

export class AccountDurableObject extends DurableObject<Env> {
  readonly #context: Context;
  readonly #holdfast: AccountObject;
  readonly #storage: BreakableStorage;
  readonly #nowMs: () => number;
  #alarms = 0;
  #rejections = 0;
  /** The part of the storage that fails, and in how many coming alarms. */
  #broken: { what: Breakable; alarms: number } | undefined;
  /** Waiting sends. */
  #held: (() => void)[] = [];

  constructor(context: Context, env: Env) {
    const { clock, timers, storage } = fastTime(
      Number(env.TIME_FACTOR ?? 1),
      Number(env.TIME_ORIGIN_MS ?? 0),
    );
    const breakable = new BreakableStorage(storage(context.storage));
    const ctx: ObjectContextLike = {
      id: context.id,
      storage: breakable,
      blockConcurrencyWhile: (work) => context.blockConcurrencyWhile(work),
    };
    super(context, env);
    this.#holdfast = new AccountObject(ctx, { host: { clock }, timers });
    this.#context = context;
    this.#storage = breakable;
    this.#nowMs = () => clock.nowMs();
  }

  override async fetch(request: Request): Promise<Response> {
    const operation = new URL(request.url).pathname.slice(1);
    if (operation === "") return await this.#holdfast.fetch(request);
    try {
      return Response.json(await this.#run(operation, (await request.json()) as Body));
    } catch (error) {
      const { name, message } = error as Error;
      return Response.json({ error: name, message }, { status: 500 });
    }
  }

  override async alarm(): Promise<void> {
    this.#alarms += 1;
    const broken = this.#broken;
    const failedBefore = broken === undefined ? 0 : this.#storage.failed[broken.what];
    if (broken !== undefined && broken.alarms > 0) this.#storage.broken.add(broken.what);
    try {
      await this.#holdfast.alarm();
    } catch (error) {
      this.#rejections += 1;
      throw error;
    } finally {
      if (broken !== undefined) {
        // An alarm without a write does not count.
        if (this.#storage.failed[broken.what] > failedBefore) broken.alarms -= 1;
        this.#storage.broken.delete(broken.what);
      }
    }
  }

  async #run(operation: string, body: Body): Promise<unknown> {
    switch (operation) {
      case "learn":
        return await this.#learn(body);
      case "send":
        return await this.#send(body);
      case "release":
        for (const release of this.#held.splice(0)) release();
        return {};
      case "login":
        return await this.#login();
      case "store":
        await (await this.#holdfast.account()).store.putGroupMetadata(body.id ?? "", new Uint8Array(40));
        return {};
      case "stored": {
        const { store, device } = await this.#holdfast.account();
        const found = await store.getGroupMetadata(body.id ?? "");
        return { isStored: found !== undefined, logins: device.getDeviceSnapshot().loginCounter };
      }
      case "expiring": {
        // It expires in years of the object's time: housekeeping goes on until then.
        const token = { token: new Uint8Array(1), tokenTimestamp: FAR_AHEAD_S, senderTimestamp: undefined };
        await (await this.#holdfast.account()).store.putTcToken("1@lid", token);
        return {};
      }
      case "break":
        this.#broken = { what: body.what ?? "sql", alarms: body.alarms ?? 0 };
        return {};
      case "toggle":
        if (!this.#storage.broken.delete(body.what ?? "sql")) this.#storage.broken.add(body.what ?? "sql");
        return {};
      case "health": {
        const account = await this.#holdfast.account();
        const { dirty, gated } = signalCache(account).stats;
        return { ...account.health(), dirty, gated };
      }
      case "report":
        return await this.#report();
      case "destroy":
        await this.#holdfast.destroy();
        return {};
      case "abort":
        return this.#context.abort("told to");
      default:
        throw new TypeError(`unknown operation: ${operation}`);
    }
  }

  async #learn({ address = "", record = "" }: Body): Promise<unknown> {
    const account = await this.#holdfast.account();
    const { sessions } = signalCache(account);
    await sessions.put(address, SessionRecord.decode(bytesOf(record)));
    await account.flush();
    return {};
  }

  async #send({ address = "", text = "", hold = false }: Body): Promise<unknown> {
    const account = await this.#holdfast.account();
    const cache = signalCache(account);
    return await cache.withAddress(address, async (at) => {
      const record = await cache.sessions.load(at);
      if (record === undefined) throw new Error("send: no session");
      const sealed: SealedMessage = await sealMessage(record, text);
      const { gated } = await cache.sessions.put(at, record);
      if (hold) await new Promise<void>((resolve) => this.#held.push(resolve));
      await cache.publishable([at]);
      return { ...sealed, body: encodeBase64(sealed.body), gated };
    });
  }

  async #login(): Promise<unknown> {
    const account: Account = await this.#holdfast.account();
    account.device.processCommand({ kind: "incrementLoginCounter" });
    const { loginCounter } = account.device.getDeviceSnapshot();
    await account.flush();
    return { logins: loginCounter };
  }

  async #report(): Promise<ObjectReport> {
    const { storage } = this.#context;
    const count = (sql: string): number => Number([...storage.sql.exec(sql).raw()][0]?.[0]);
    const tables = count("SELECT count(*) FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'");
    return {
      alarms: this.#alarms,
      rejections: this.#rejections,
      failed: this.#storage.failed,
      broken: this.#broken?.alarms ?? 0,
      nowMs: this.#nowMs(),
      alarmAtMs: await this.#storage.getAlarm(),
      tables,
      sentMessages: tables === 0 ? 0 : count("SELECT count(*) FROM sent_message"),
    };
  }
}

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw new TypeError("not base64");
  return bytes;
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const [, objects, account = "", operation] = new URL(request.url).pathname.split("/");
    if (objects !== "objects") return serveAccounts(request, env, { log: () => {} });
    const stub = env.ACCOUNTS.get(env.ACCOUNTS.idFromName(decodeURIComponent(account)));
    const forward = async (): Promise<Response> => {
      const body = new Uint8Array(await request.arrayBuffer());
      return await stub.fetch(`https://object/${operation}`, { method: "POST", body });
    };
    return forward();
  },
};
