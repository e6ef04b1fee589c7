// The public API with the token of one conversation (a client token), kept for as long as the tab lives.

const STORED = "agentpay.session";

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "Something went wrong.");
    this.status = status;
    this.code = problem.code ?? "error";
  }
}

async function refuse(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    problem = { detail: `The shop answered with status ${response.status}.` };
  }
  throw new ApiError(response.status, problem);
}

export class Session {
  constructor(data) {
    this.conversationId = data.conversation_id;
    this.token = data.client_token;
    this.expiresAt = data.expires_at;
    this.shop = data.shop;
  }

  static stored() {
    try {
      const data = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
      return data && new Date(data.expires_at) > new Date() ? new Session(data) : null;
    } catch {
      return null;
    }
  }

  static forget() {
    try {
      sessionStorage.removeItem(STORED);
    } catch {
      // Storage may be closed to us: then nothing was kept either.
    }
  }

  static async open() {
    const response = await fetch("/web/session", { method: "POST", headers: { Accept: "application/json" } });
    if (!response.ok) await refuse(response);
    const data = await response.json();
    try {
      sessionStorage.setItem(STORED, JSON.stringify(data));
    } catch {
      // Without storage the conversation lasts until the page is reloaded.
    }
    return new Session(data);
  }

  // Answers the Response; throws ApiError for a refusal and TypeError where the shop cannot be reached.
  async send(path, { method = "GET", body, headers = {}, signal } = {}) {
    const response = await fetch(`/v1/agent/conversations/${this.conversationId}${path}`, {
      method,
      signal,
      cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        Authorization: `Bearer ${this.token}`,
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
    });
    if (!response.ok) await refuse(response);
    return response;
  }

  async json(path, options) {
    return (await this.send(path, options)).json();
  }
}
