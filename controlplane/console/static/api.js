// Asks the console's server. The token comes behind the # of the link and stays in this tab: no
// browser sends it anywhere by itself, as it would a cookie.

const KEY = "archgw-token";
const TOKEN = /^[\w-]{20,}$/;

/** Takes the token out of the address, so that it is in no history and no screenshot. */
export function takeToken() {
  const given = location.hash.slice(1);
  if (TOKEN.test(given)) {
    useToken(given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY);
}

/** The token itself, or the whole link it stands in. */
export function useToken(text) {
  sessionStorage.setItem(KEY, text.trim().split("#").pop());
}

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The response, whatever its status; a Problem where there is none, or no right to one. */
export async function request(path, { body, signal } = {}) {
  const options = { headers: { "x-archgw-token": sessionStorage.getItem(KEY) ?? "" }, signal };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(`/api/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the console does not answer: has it ended?");
  }
  if (response.status === 401) {
    window.dispatchEvent(new Event("archgw-locked"));
    throw new Problem(401, await response.text());
  }
  return response;
}

/** The JSON of an answer; a Problem where it is none of success. */
export async function ask(path, options) {
  const response = await request(path, options);
  if (!response.ok) throw new Problem(response.status, await reason(response));
  return response.json();
}

/** Why it did not go well, in the words of whoever says so. */
export async function reason(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text.trim() || `status ${response.status}`;
  }
}
