import type { Backend } from "@holdfast/store/backend";
import { remoteBackend } from "@holdfast/store/remote";
import { startLocalService } from "./local_service.ts";

/** Where accounts are kept. */
export interface Database {
  /** Opens what is kept of an account; an unknown name is a new account. */
  open(account: string): Promise<Backend>;
  /** Whether the place is there. */
  exists(): boolean;
  close(): Promise<void>;
}

/** The place where `--db` is not given. */
export const DEFAULT_DATABASE: string = process.env.HOLDFAST_URL || "local";

/** What `--db` takes, for the help text. */
export const DATABASE_HELP = "URL of the service, with HOLDFAST_TOKEN; or local, the Worker on this machine";

/**
 * Accounts in Durable Objects: of a deployed Worker, or of the Worker on this machine.
 *
 * @throws {Error} When the Worker on this machine does not start, or `stopping` is aborted before it has.
 */
export async function openDatabase(place: string, stopping: AbortSignal): Promise<Database> {
  if (place === "local") {
    const service = await startLocalService(stopping);
    return {
      open: async (account) => {
        await service.add(account);
        return await remoteBackend({ url: service.url, token: service.token, account });
      },
      exists: () => true,
      close: () => service.close(),
    };
  }
  const token = process.env.HOLDFAST_TOKEN;
  if (!token) throw new Error("set HOLDFAST_TOKEN to a token of the service: see README.md");
  return {
    open: (account) => remoteBackend({ url: place, token, account }),
    exists: () => true,
    close: async () => {},
  };
}
