// As play.py, for Node's clients:
//   BASE_URL=http://127.0.0.1:12000/v1 node openai_node.mjs '[["chat", "gpt-4o", "Hello"]]'

// A step is a way of asking, a model and a prompt.
export async function play(ways) {
  const seen = [];
  for (const [way, model, prompt] of JSON.parse(process.argv[2])) {
    seen.push(await see(ways[way], model, prompt));
  }
  console.log(JSON.stringify(seen));
}

async function see(way, model, prompt) {
  try {
    return { answer: await way(model, prompt) };
  } catch (error) {
    // The second of each is the AI SDK's.
    return {
      error: kinds(error),
      status: error.status ?? error.statusCode ?? null,
      code: error.code ?? error.data?.error?.code ?? null,
      message: error.message,
    };
  }
}

function kinds(error) {
  const names = [];
  for (let kind = error.constructor; kind.name; kind = Object.getPrototypeOf(kind)) {
    names.push(kind.name);
  }
  return names;
}
