import { ADMIN_TOKEN, registerAccount } from "../../kit/service.ts";

/** Accounts that were registered by this process. */
let accounts = 0;

/** Registers a fresh account with a service, and issues a token for it alone. */
export async function registerForChaos(
  send: typeof fetch,
  url: string,
): Promise<{ readonly account: string; readonly token: string }> {
  accounts += 1;
  const account = `chaos/${accounts} of ${process.pid}`;
  await registerAccount(send, url, account);
  const response = await send(`${url}/v1/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ account, permissions: ["account", "erase"] }),
  });
  if (!response.ok) throw new Error(`issue token: ${response.status}`);
  const { token } = (await response.json()) as { token: string };
  return { account, token };
}
