import { builtinModule } from "../../ports/mod.ts";
import type { SqlResult } from "../sqlite/mod.ts";
import { Deadline } from "./deadline.ts";
import { PgBatch, type PgConnection, type PgValues } from "./pg_batch.ts";
import { DriverFailure, type PostgresDriver, type PostgresStatement } from "./postgres_driver.ts";
import { isLostStatement, keepsConnection } from "./sql_state.ts";

/** The used part of a `Pool` of `pg`. */
export interface PgPool {
  connect(): Promise<{ release(error?: boolean | Error): void }>;
}

/** The used part of a client of a pool. */
interface PgClient {
  readonly connection?: PgConnection;
  query(batch: PgBatch): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  removeListener(event: "error", listener: (error: unknown) => void): unknown;
  release(error?: boolean | Error): void;
}

/** The used part of `node:buffer`. */
interface BufferModule {
  readonly Buffer: {
    from(bytes: ArrayBufferLike, offset: number, length: number): Uint8Array;
    from(text: string, encoding: "hex"): Uint8Array;
  };
}

/** Options of `pgDriver`. */
export interface PgDriverOptions {
  /** See `PostgresBackendOptions.prepare`. */
  readonly prepare?: boolean | undefined;
  /** Limits the wait for a connection of the pool, and that for an answer. */
  readonly deadline?: Deadline | undefined;
}

/** `pg` sends everything in one round trip: see `PgBatch`. */
export function pgDriver(
  pool: PgPool,
  { prepare = true, deadline = new Deadline() }: PgDriverOptions = {},
): PostgresDriver {
  const { options } = pool as { readonly options?: { readonly pipeline?: unknown } };
  if (options?.pipeline === true)
    throw new TypeError(
      "open database: a pool of pg with the option pipeline takes no batches, leave it out",
    );
  const { Buffer } = requireBuffer();
  let isPrepared = prepare;
  const once = async (statements: readonly PostgresStatement[]): Promise<readonly SqlResult[]> => {
    const client = await connect(pool, deadline);
    try {
      const results = await deadline.run(send(client, statements, { isPrepared, readHex, toBuffer }));
      release(client);
      return results;
    } catch (error) {
      release(client, error);
      throw error;
    }
  };
  const readHex = (digits: string): Uint8Array => Buffer.from(digits, "hex");
  const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array =>
    Buffer.from(buffer, byteOffset, byteLength);
  const run = async (statements: readonly PostgresStatement[]): Promise<readonly SqlResult[]> => {
    try {
      return await once(statements);
    } catch (error) {
      if (!isPrepared || !isLostStatement(error)) throw error;
      // Behind a pooler that gives each transaction another connection, nothing stays prepared.
      isPrepared = false;
      return await once(statements);
    }
  };
  return {
    durable: true,
    async query(statement) {
      const [result] = await run([{ ...statement, reads: true }]);
      return result as SqlResult;
    },
    transaction: run,
    async close() {},
  };
}

/** `pg` runs where this module is. */
function requireBuffer(): BufferModule {
  const found = builtinModule<BufferModule>("node:buffer");
  if (found === undefined) throw new TypeError("open database: pg needs the module node:buffer");
  return found;
}

async function connect(pool: PgPool, deadline: Deadline): Promise<PgClient> {
  let connecting: ReturnType<PgPool["connect"]> | undefined;
  try {
    connecting = pool.connect();
    const client = (await deadline.run(connecting)) as PgClient;
    // A connection that ends is told to the batch. Without a listener it would end the process, too.
    client.on("error", ignore);
    return client;
  } catch (error) {
    // One that comes too late goes back.
    connecting?.then((late) => late.release(), ignore);
    throw new DriverFailure(error, { isUnsent: true });
  }
}

function ignore(): void {}

function send(
  client: PgClient,
  statements: readonly PostgresStatement[],
  values: PgValues,
): Promise<readonly SqlResult[]> {
  return new Promise((resolve, reject) => {
    client.query(
      new PgBatch(statements, values, (error, results) => {
        if (error !== undefined && error !== null) reject(error);
        else resolve(results ?? []);
      }),
    );
  });
}

/** The pool keeps a connection that answered in time, also with an error of a statement. */
function release(client: PgClient, error?: unknown): void {
  client.removeListener("error", ignore);
  client.release(error !== undefined && !keepsConnection(error));
}
