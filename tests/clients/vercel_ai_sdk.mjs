// Vercel's AI SDK, as its documentation has it for providers of OpenAI's kind.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed as embedOne, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { play } from "./play.mjs";

const archgw = createOpenAICompatible({
  name: "archgw",
  baseURL: process.env.BASE_URL,
  apiKey: "unused",
});

const tools = {
  multiply: tool({
    description: "Multiply two numbers.",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => a * b,
  }),
};

async function chat(model, prompt) {
  const { text } = await generateText({ model: archgw(model), prompt });
  return text;
}

async function stream(model, prompt) {
  return await read({ model: archgw(model), prompt });
}

async function agent(model, prompt) {
  const { text } = await generateText({
    model: archgw(model),
    tools,
    stopWhen: stepCountIs(5),
    prompt,
  });
  return text;
}

async function agentStream(model, prompt) {
  return await read({ model: archgw(model), tools, stopWhen: stepCountIs(5), prompt });
}

async function read(asked) {
  let failed;
  const { textStream } = streamText({
    ...asked,
    onError({ error }) {
      failed = error;
    },
  });
  let text = "";
  for await (const textPart of textStream) {
    text += textPart;
  }
  if (failed) throw failed;
  return text;
}

async function embed(model, text) {
  const { embedding } = await embedOne({ model: archgw.embeddingModel(model), value: text });
  return embedding;
}

await play({ chat, stream, agent, agent_stream: agentStream, embed });
