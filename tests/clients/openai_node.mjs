// openai-node, as its README has it: chat, streams, `.stream()`, `runTools`, vectors.
import OpenAI from "openai";
import { play } from "./play.mjs";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "unused" });

const tools = [
  {
    type: "function",
    function: {
      name: "multiply",
      description: "Multiply two numbers.",
      function: ({ a, b }) => String(a * b),
      parse: JSON.parse,
      parameters: {
        type: "object",
        properties: { a: { type: "integer" }, b: { type: "integer" } },
        required: ["a", "b"],
      },
    },
  },
];

async function chat(model, prompt) {
  const completion = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: prompt }],
  });
  return completion.choices[0].message.content;
}

async function stream(model, prompt) {
  const chunks = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: prompt }],
    stream: true,
  });
  let text = "";
  for await (const chunk of chunks) {
    text += chunk.choices[0]?.delta?.content || "";
  }
  return text;
}

// `.stream()`: events, and the message that they come to.
async function helper(model, prompt) {
  let text = "";
  const events = client.chat.completions.stream({
    model,
    messages: [{ role: "user", content: prompt }],
  });
  events.on("content", (delta) => (text += delta));
  const completion = await events.finalChatCompletion();
  if (text !== completion.choices[0].message.content) throw new Error(`not the same: ${text}`);
  return text;
}

async function agent(model, prompt) {
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: "user", content: prompt }],
    tools,
  });
  return await runner.finalContent();
}

async function agentStream(model, prompt) {
  const runner = client.chat.completions.runTools({
    stream: true,
    model,
    messages: [{ role: "user", content: prompt }],
    tools,
  });
  let text = "";
  runner.on("content", (delta) => (text += delta));
  await runner.finalChatCompletion();
  return text;
}

async function embed(model, text) {
  const { data } = await client.embeddings.create({ model, input: text });
  return data[0].embedding;
}

await play({ chat, stream, helper, agent, agent_stream: agentStream, embed });
