/**
 * Media that a bot in a Durable Object sends, over a media host in this process: what Baileys encrypts and
 * uploads in workerd, and what a recipient decrypts. Does not cover WhatsApp's own hosts, thumbnails that a
 * phone shows, or the limits of Cloudflare's own machines.
 */
import { randomBytes } from "node:crypto";
import { downloadContentFromMessage, type WAMessage, type WASocket } from "baileys";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import type { UserProject } from "../support/programs/packed_package.ts";
import { bundleBot, type MeasuredBundle, makeBotProject } from "./bot_project.ts";
import { BotWorld } from "./bot_world.ts";
import { MediaHost } from "./media_host.ts";
import { wranglerCommand } from "./user_project.ts";

let project: UserProject;
let bundle: MeasuredBundle | undefined;

beforeAll(async () => {
  for (const method of ["log", "info"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  const wrangler = wranglerCommand();
  if (wrangler === undefined) return;
  project = await makeBotProject();
  bundle = await bundleBot(project, wrangler, "test_entry.js");
}, DOSED_TIMEOUT_MS);

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

const MIB = 1_024 * 1_024;
const THUMBNAIL = Buffer.from("a thumbnail").toString("base64");

const MEDIA = [
  { kind: "image", bytes: 200_000, rest: { caption: "with a thumbnail", jpegThumbnail: THUMBNAIL } },
  { kind: "image", bytes: 200_000, rest: { caption: "without one" } },
  { kind: "document", bytes: 5 * MIB, rest: { mimetype: "application/pdf", fileName: "a.pdf" } },
  { kind: "audio", bytes: 100_000, rest: { mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 7 } },
  { kind: "video", bytes: MIB, rest: { caption: "with a thumbnail", jpegThumbnail: THUMBNAIL } },
  { kind: "document", bytes: 20 * MIB, rest: { mimetype: "application/zip", fileName: "b.zip" } },
];

describe("media of a bot in a Durable Object", () => {
  test("arrive whole", { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    if (bundle === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    const host = new MediaHost(["media.invalid"]);
    await using world = await BotWorld.start(bundle.modules, host.answer);
    const { anna } = world;
    const received: WAMessage[] = [];
    const { ev }: WASocket = anna.socket.sock;
    ev.on("messages.upsert", ({ messages }) => received.push(...messages));
    for (const { kind, bytes, rest } of MEDIA) {
      const data = randomBytes(bytes);
      const base64 = data.toString("base64");
      const startedAt = performance.now();
      const id = await world.worker.media("bot-1", { to: anna.socket.userJid, kind, base64, ...rest });
      const elapsedMs = Math.round(performance.now() - startedAt);
      await anna.socket.until(() => received.some(({ key }) => key.id === id), 20_000);
      const { message } = received.find(({ key }) => key.id === id) ?? {};
      const content = message?.[`${kind}Message` as "imageMessage"];
      process.stderr.write(
        `media: ${kind} of ${bytes} bytes in ${elapsedMs} ms, thumbnail ${content?.jpegThumbnail?.length ?? 0}\n`,
      );
      const encrypted = host.files.get(content?.directPath ?? "");
      expect(encrypted?.length, kind).toBeGreaterThan(bytes);
      const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(encrypted ?? null));
      const stream = await downloadContentFromMessage(content as never, kind as "image");
      const pieces: Buffer[] = [];
      for await (const piece of stream) pieces.push(piece as Buffer);
      fetched.mockRestore();
      expect(Buffer.concat(pieces).equals(data), kind).toBe(true);
      const thumbnail = (rest as { jpegThumbnail?: string }).jpegThumbnail;
      expect(Buffer.from(content?.jpegThumbnail ?? []).toString("base64")).toBe(thumbnail ?? "");
    }
  });
});
