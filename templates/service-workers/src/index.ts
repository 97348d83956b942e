import { serveAccounts } from "@holdfast/store/cloudflare";

export { AccountDurableObject, RegistryDurableObject } from "@holdfast/store/cloudflare";

export default {
  fetch: (request: Request, env: Env): Promise<Response> => serveAccounts(request, env),
};
