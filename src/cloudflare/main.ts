/** The Worker that wrangler.toml deploys. */

import { type AccountsEnv, serveAccounts } from "../worker/mod.ts";

export { AccountDurableObject, RegistryDurableObject } from "./mod.ts";

export default {
  fetch: (request: Request, env: AccountsEnv): Promise<Response> => serveAccounts(request, env),
};
