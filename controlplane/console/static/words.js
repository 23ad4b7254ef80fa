// Numbers and times as people read them.

export const OUTCOMES = {
  forwarded: "to the LLM",
  answered: "answered",
  asked: "asks back",
  dropped: "dropped",
  refused: "refused",
  failed: "failed",
  cancelled: "client left",
};

export function ms(value) {
  if (value == null) return "–";
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

export function share(value) {
  return value == null ? "–" : value.toFixed(2);
}

/** To three digits, with a letter for thousands. */
export function number(value) {
  if (value == null) return "–";
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)} k`;
  return String(+value.toPrecision(3));
}

export function clock(iso) {
  const at = new Date(iso);
  const two = (part) => String(part).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function duration(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= size) return `${(seconds / size).toFixed(1)} ${unit}`;
  }
  return `${Math.round(seconds)} s`;
}
