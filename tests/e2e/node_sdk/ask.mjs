// Asks a gateway with the official SDK and prints, as JSON, what the SDK made of the answers.
//   node ask.mjs BASE_URL PROMPT…
import OpenAI from "openai";

const [baseURL, ...prompts] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "x", maxRetries: 0 });
const found = {};

for (const prompt of prompts) {
  const ask = { model: "gpt-4o", messages: [{ role: "user", content: prompt }] };
  const entry = (found[prompt] = {});
  try {
    const whole = await client.chat.completions.create(ask);
    entry.whole = whole.choices[0].message.content;
    entry.metadata = whole.metadata ?? null;
    entry.streamed = "";
    entry.models = [];
    entry.finished = null;
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
      if (!entry.models.includes(chunk.model)) entry.models.push(chunk.model);
      entry.told ??= chunk.metadata ?? {};
      entry.streamed += chunk.choices[0].delta.content ?? "";
      entry.finished = chunk.choices[0].finish_reason ?? entry.finished;
    }
  } catch (error) {
    entry.error = { status: error.status, code: error.code, type: error.type, message: error.message };
  }
}

console.log(JSON.stringify(found));
