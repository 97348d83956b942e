/** A folder of `templates` in the package, as a part of a project. */
export interface Layer {
  readonly folder: string;
  /** Folder of the project that it becomes. Defaults to the project itself. */
  readonly into?: string;
  /** Files of it that the project does not have. */
  readonly without?: readonly string[];
}

/** A project that `holdfast init` makes. */
export interface Template {
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  readonly runsOn: string;
  /** Its parts. A file of a later one takes the place of an earlier one's. */
  readonly layers: readonly Layer[];
  /** The command that installs and starts it. */
  readonly start: string;
  /** A file of the environment, with a secret that is made for this project alone. */
  readonly secret?: { readonly file: string; readonly name: string };
}

const NPM_START = "npm install && npm start";

/** The templates, in the order of the list. */
export const TEMPLATES: readonly Template[] = [
  {
    name: "bot-node",
    about: "Baileys bots, their state in a file",
    runsOn: "Node >=20.19",
    layers: [{ folder: "bot-node" }],
    start: NPM_START,
  },
  {
    name: "bot-bun",
    about: "the same on Bun",
    runsOn: "Bun",
    layers: [{ folder: "bot-node" }, { folder: "bot-bun" }],
    start: "bun install && bun start",
  },
  {
    name: "bot-deno",
    about: "the same on Deno",
    runsOn: "Deno",
    layers: [{ folder: "bot-node", without: ["tsconfig.json"] }, { folder: "bot-deno" }],
    start: "deno install && deno task start",
  },
  {
    name: "service-node",
    about: "the service that keeps accounts of clients elsewhere, with a Dockerfile",
    runsOn: "Node >=20.19",
    layers: [{ folder: "service-node" }],
    start: NPM_START,
    secret: { file: ".env", name: "HOLDFAST_ADMIN_TOKEN" },
  },
  {
    name: "service-workers",
    about: "the same service on Cloudflare Workers, each account in a Durable Object",
    runsOn: "Workers",
    layers: [{ folder: "service-workers" }],
    start: NPM_START,
    secret: { file: ".dev.vars", name: "HOLDFAST_ADMIN_TOKEN" },
  },
  {
    name: "bot-durable-object",
    about: "Baileys bots inside Durable Objects, no server",
    runsOn: "Workers",
    layers: [{ folder: "bot-durable-object" }],
    start: NPM_START,
    secret: { file: ".dev.vars", name: "BOT_TOKEN" },
  },
  {
    name: "bot-remote-object",
    about: "Baileys bots on a server, their state in Durable Objects",
    runsOn: "Node >=22 and Workers",
    layers: [
      { folder: "bot-node", without: ["src/driver.ts"] },
      { folder: "service-workers", into: "worker" },
      { folder: "bot-remote-object" },
    ],
    start: NPM_START,
    secret: { file: "worker/.dev.vars", name: "HOLDFAST_ADMIN_TOKEN" },
  },
];
