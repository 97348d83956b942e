import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type IoRedisLike, type NodeRedisLike, redisCacheStore, TypedCache } from "../../src/cache/mod.ts";
import { systemHost } from "../../src/ports/mod.ts";
import { RecordingLogger } from "../../src/testing/mod.ts";
import { cacheStoreCases } from "../support/cache/cache_store_cases.ts";
import { hasRedisServer, type RedisServer, startRedisServer } from "../support/cache/redis_server.ts";

const isInstalled = hasRedisServer();

interface Connection {
  readonly client: NodeRedisLike | IoRedisLike;
  /** Runs any command, for inspection of the server. */
  command(...args: string[]): Promise<unknown>;
  close(): unknown;
}

const clients: readonly { readonly name: string; connect(port: number): Promise<Connection> }[] = [
  {
    name: "node-redis",
    async connect(port) {
      const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: false } });
      client.on("error", () => {});
      await client.connect();
      return {
        client,
        command: (...args) => client.sendCommand(args),
        close: () => client.isOpen && client.destroy(),
      };
    },
  },
  {
    name: "ioredis",
    async connect(port) {
      const client = new Redis({ host: "127.0.0.1", port, lazyConnect: true, retryStrategy: () => null });
      client.on("error", () => {});
      await client.connect();
      return {
        client,
        command: (name, ...args) => client.call(name as string, ...args),
        close: () => client.disconnect(),
      };
    },
  },
];

describe.each(clients)("redisCacheStore over $name", ({ connect }) => {
  let server: RedisServer;
  let connection: Connection;

  beforeAll(async () => {
    if (!isInstalled) return;
    server = await startRedisServer();
    connection = await connect(server.port);
  });

  beforeEach(({ skip }) => skip(!isInstalled, "redis-server is not installed"));

  afterAll(async () => {
    if (!isInstalled) return;
    connection.close();
    await server.close();
  });

  for (const [index, { name, run }] of cacheStoreCases.entries())
    test(name, () => run(() => redisCacheStore(connection.client), `case${index}`));

  test("uses {prefix}{namespace}:{key} and sets a time to live", async () => {
    const store = redisCacheStore(connection.client, { prefix: "bot-1:" });
    await store.set("group", "1@g.us", new Uint8Array([1]), 90_000);
    await store.set("group", "2@g.us", new Uint8Array([1]));
    const ttlMs = Number(await connection.command("PTTL", "bot-1:group:1@g.us"));
    expect(ttlMs).toBeGreaterThan(80_000);
    expect(ttlMs).toBeLessThanOrEqual(90_000);
    expect(Number(await connection.command("PTTL", "bot-1:group:2@g.us"))).toBeGreaterThan(90_000);
    expect(
      await redisCacheStore(connection.client, { prefix: "bot-2:" }).get("group", "1@g.us"),
    ).toBeUndefined();
  });

  test("clears a namespace in one command without a scan", async () => {
    const store = redisCacheStore(connection.client);
    for (let i = 0; i < 500; i++) await store.set("many", `${i}`, new Uint8Array([1]), 600_000);
    await connection.command("CONFIG", "RESETSTAT");
    await store.clear("many");
    const stats = String(await connection.command("INFO", "commandstats"));
    const commands = [...stats.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(
      (match) => `${match[1]} ${match[2]}`,
    );
    expect(commands.filter((command) => !command.startsWith("config"))).toEqual(["set 1"]);
    expect(await store.get("many", "7")).toBeUndefined();
  });

  test("treats foreign text as a miss", async () => {
    const logger = new RecordingLogger();
    const store = redisCacheStore(connection.client);
    const cache = TypedCache.overStore<string, number>({
      store,
      namespace: "foreign",
      host: systemHost({ logger }),
    });
    await cache.insert("a", 1);
    expect(await cache.get("a")).toBe(1);
    await connection.command("SET", "foreign:a", "{not base64}");
    expect(await cache.get("a")).toBeUndefined();
    await connection.command("SET", "foreign:a", "AAAA");
    expect(await cache.get("a")).toBeUndefined();
    await connection.command("DEL", "foreign:a");
    await connection.command("LPUSH", "foreign:a", "a list");
    expect(await cache.get("a")).toBeUndefined();
    expect(logger.messages("warn")).toEqual(["cache store: read failed"]);
    cache.close();
  });

  test("serves callers when the server hangs or dies", async () => {
    const own = await startRedisServer();
    const { client, close } = await connect(own.port);
    const logger = new RecordingLogger();
    const host = systemHost({ logger });
    const open = (namespace: string) =>
      TypedCache.overStore<string, number>({
        store: redisCacheStore(client),
        namespace,
        host,
        deadlineMs: 50,
      });
    const [hung, killed] = [open("hung"), open("killed")];
    try {
      await hung.insert("a", 1);
      await killed.insert("a", 1);
      own.pause();
      expect(await hung.get("a")).toBeUndefined();
      own.resume();
      expect(await killed.get("a")).toBe(1);
      await own.close();
      expect(await killed.getWith("a", async () => 2)).toBe(2);
      await killed.insert("a", 3);
      expect(await killed.get("a")).toBeUndefined();
      expect(await killed.clear()).toBe(false);
      expect(logger.messages("warn").length).toBeGreaterThan(2);
    } finally {
      hung.close();
      killed.close();
      close();
    }
  });
});
