import type { WAMessage, WASocket } from "baileys";

/** What the bot does with a message. Your own answers belong here. */
export async function answer(message: WAMessage, socket: WASocket): Promise<void> {
  const text = message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? "";
  const chat = message.key.remoteJid;
  if (message.key.fromMe || !chat || !text.startsWith("!ping")) return;
  await socket.sendMessage(chat, { text: text.replace("!ping", "pong") });
}
