// Calls to the service, and its errors in words for people.
export class Refused extends Error {
  constructor(error, status) {
    super(error.message);
    this.code = error.code;
    this.status = status;
    this.requestId = error.request_id;
  }
}

export async function ask({ path, body }) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`/api/v1/${path}`, body ? post : undefined);
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error, response.status);
  if (path !== "similarity/batch") return answer;
  const [outcome] = answer.results;
  if (outcome.error) throw new Refused(outcome.error, response.status);
  return outcome.result;
}

export function explain(error) {
  if (!(error instanceof Refused)) return "The service does not answer. Is it running? Try again in a moment.";
  const advice = {
    unsupported_media: "Please use a JPEG, PNG or WebP picture.",
    too_large: "Please use something smaller.",
    rate_limited: "Please wait a moment.",
    unavailable: "The service is starting or busy; try again in a moment.",
    unauthorized: "This service asks for a key.",
  }[error.code];
  return [`That did not work: ${error.message}.`, advice].filter(Boolean).join(" ");
}
