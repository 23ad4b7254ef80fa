// A decision as a golden test: for the clipboard, or as a file.

import { html, useState } from "./vendor/htm-preact.js";
import { ask } from "./api.js";

export function Golden({ record, messages }) {
  const [told, setTold] = useState("");
  const make = async (take) => {
    try {
      const { yaml } = await ask("golden", { body: { record, messages } });
      setTold(await take(yaml));
    } catch (error) {
      setTold(error.message);
    }
  };
  const copy = (yaml) => navigator.clipboard.writeText(yaml).then(() => "copied; `archgw test FILE` plays it");
  const save = (yaml) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([yaml], { type: "application/yaml" }));
    link.download = `decision-${record.id.slice(0, 8)}.yaml`;
    link.click();
    URL.revokeObjectURL(link.href);
    return `saved as ${link.download}; archgw test plays it`;
  };
  return html`<div class="golden">
    <button onClick=${() => make(copy)}>Copy as a golden test</button>
    <button onClick=${() => make(save)}>Save it as a file</button>
    <p role="status" class="dim">${told}</p>
  </div>`;
}
