import { systemRandom } from "../ports/mod.ts";
import { MIN_TOKEN_LENGTH, makeToken } from "../service/mod.ts";

/** The admin token of a run. */
export interface AdminToken {
  readonly token: string;
  /** Whether it was created for this run. Only then is it printed. */
  readonly isNew: boolean;
}

/** The token of `HOLDFAST_ADMIN_TOKEN`, or a new one. @throws {RangeError} When it is too short. */
export async function adminToken(env: Readonly<Record<string, string | undefined>>): Promise<AdminToken> {
  const token = env.HOLDFAST_ADMIN_TOKEN;
  if (token !== undefined && token !== "") {
    if (token.length < MIN_TOKEN_LENGTH) {
      throw new RangeError(
        `serve: HOLDFAST_ADMIN_TOKEN has ${token.length} characters, expected ${MIN_TOKEN_LENGTH} or more`,
      );
    }
    return { token, isNew: false };
  }
  return { token: (await makeToken(systemRandom)).token, isNew: true };
}

/** The text printed when a service has started: its address, and example commands. */
export function serviceGreeting(url: string, where: string, { token, isNew }: AdminToken): string {
  const shown = isNew ? `TOKEN='${token}'` : 'TOKEN="$HOLDFAST_ADMIN_TOKEN"';
  const headers = headersWith("$TOKEN");
  const botHeaders = headersWith("$TOKEN_OF_BOT");
  const tokenFor = `{"account":"bot-1","permissions":["account"],"label":"bot"}`;
  return `Serving accounts on ${url}, kept in ${where}

  ${shown}
  curl -s ${url}/v1/accounts ${headers} -d '{"name":"bot-1"}'
  TOKEN_OF_BOT=$(curl -s ${url}/v1/tokens ${headers} -d '${tokenFor}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s ${url}/v1/accounts/bot-1/device/commands ${botHeaders} -d '{"commands":[{"kind":"setPushName","pushName":"Bot"}]}'
  curl -s ${url}/v1/accounts/bot-1/device ${botHeaders}
  curl -s ${url}/v1/accounts/bot-1/stats ${headers}
  curl -s ${url}/v1/tokens ${headers} -d '${tokenFor}'

Clients keep their state here with remoteBackend({ url: "${url}", token, account: "bot-1" }). Stop with Ctrl-C.
`;
}

function headersWith(token: string): string {
  return `-H "authorization: Bearer ${token}" -H 'content-type: application/json'`;
}
