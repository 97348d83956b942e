/**
 * The Worker in front of the bots, one Durable Object each:
 *
 * - `GET /bots/NAME/status`
 * - `POST /bots/NAME/start`, `POST /bots/NAME/stop`
 * - `POST /bots/NAME/pair`, with `{"phoneNumber": "…"}` for a code in place of a QR code
 * - `POST /bots/NAME/send`, with `{"to": "…@s.whatsapp.net", "text": "…"}`
 */

import type { Bot } from "./bot.ts";
import type { BotEnv } from "./bot_env.ts";

export { Bot } from "./bot.ts";

/** A body of `pair` or `send`. */
interface Body {
  readonly phoneNumber?: unknown;
  readonly to?: unknown;
  readonly text?: unknown;
}

export default {
  async fetch(request: Request, env: BotEnv): Promise<Response> {
    if (!env.BOT_TOKEN) return fail(503, "set the secret BOT_TOKEN: wrangler secret put BOT_TOKEN");
    if (!(await isToken(request, env.BOT_TOKEN))) return fail(401, "send authorization: Bearer BOT_TOKEN");
    const [, name, action] = /^\/bots\/([^/]+)\/(\w+)$/.exec(new URL(request.url).pathname) ?? [];
    if (name === undefined || action === undefined) return fail(404, "no such path");
    if ((action === "status") !== (request.method === "GET")) return fail(405, "wrong method");
    const bot = env.BOTS.get(env.BOTS.idFromName(name));
    try {
      const body = request.method === "GET" ? {} : ((await request.json().catch(() => ({}))) as Body);
      return await act(bot, action, body);
    } catch (error) {
      return fail(502, error instanceof Error ? error.message : String(error));
    }
  },
};

async function act(bot: DurableObjectStub<Bot>, action: string, body: Body): Promise<Response> {
  switch (action) {
    case "status":
      return Response.json(await bot.status());
    case "start":
      return Response.json(await bot.start());
    case "stop":
      return Response.json(await bot.stop());
    case "pair": {
      const { phoneNumber } = body;
      if (phoneNumber !== undefined && !/^\d{5,15}$/.test(String(phoneNumber)))
        return fail(400, "phoneNumber: digits only, with the country's code");
      return Response.json(await bot.pair(phoneNumber === undefined ? undefined : String(phoneNumber)));
    }
    case "send": {
      const { to, text } = body;
      if (typeof to !== "string" || typeof text !== "string") return fail(400, "send: to and text are texts");
      return Response.json({ id: await bot.send(to, text) });
    }
    default:
      return fail(404, "no such action");
  }
}

/** Compares digests, so that the time tells nothing about the token. */
async function isToken(request: Request, token: string): Promise<boolean> {
  const digest = (text: string): Promise<ArrayBuffer> =>
    crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const given = request.headers.get("authorization") ?? "";
  return crypto.subtle.timingSafeEqual(await digest(given), await digest(`Bearer ${token}`));
}

function fail(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
