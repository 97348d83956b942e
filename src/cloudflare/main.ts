/**
 * The Worker that wrangler.toml deploys. Its objects host accounts for clients elsewhere, so they leave out
 * what only a client inside the object needs.
 */

import { DurableObject } from "cloudflare:workers";
import { type AccountsEnv, HostedObject, serveAccounts } from "../worker/mod.ts";

export { RegistryDurableObject } from "./mod.ts";

export class AccountDurableObject extends DurableObject {
  readonly #hosted: HostedObject = new HostedObject(this.ctx);

  override fetch(request: Request): Promise<Response> {
    return this.#hosted.fetch(request);
  }

  override alarm(): Promise<void> {
    return this.#hosted.alarm();
  }
}

export default {
  fetch: (request: Request, env: AccountsEnv): Promise<Response> => serveAccounts(request, env),
};
