/** The environment of the Worker, with what `wrangler types` does not find in `wrangler.toml`. */
export interface BotEnv extends Env {
  /** Secret that callers of the Worker send. */
  readonly BOT_TOKEN?: string;
  /** Address of another server than WhatsApp's, for tests. */
  readonly WHATSAPP_URL?: string;
}
