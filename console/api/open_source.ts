import type { ConsoleInfo } from "../../src/console/model.ts";
import { BasicSource } from "./basic_source.ts";
import { ConsoleSource } from "./console_source.ts";
import { Failure } from "./failure.ts";
import { Requests } from "./requests.ts";
import type { Source } from "./source.ts";

/**
 * Finds out which API the service has, with the token.
 *
 * @throws {Failure}
 */
export async function openSource(token: string, onUnauthorized: (failure: Failure) => void): Promise<Source> {
  const requests = new Requests(token, onUnauthorized);
  try {
    return new ConsoleSource(requests, await requests.get<ConsoleInfo>("/v1/console"));
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== "absent") throw error;
  }
  // It says too whether the token is accepted.
  await requests.get("/v1/accounts?limit=1");
  return new BasicSource(requests, location.host);
}
