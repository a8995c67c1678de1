// Calls of the control API. Addresses are relative: a proxy may serve the simulator below a path.

const TOKEN = "bss-sim control token";

/** `ask` asks the reader for the control token. It is set at the start, and called once for all calls that wait. */
export const login = { ask: null, asking: null };

export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);

/** An answer that is an error. `mistakes` are those of the body, each at its place. */
export class CallError extends Error {
	constructor(status, { detail = `HTTP status ${status}` }) {
		const [, line, column] = /line (\d+) column (\d+)/.exec(detail) ?? [];
		const mistakes = Array.isArray(detail) ? detail : [{ line, column, message: detail }];
		super(mistakes.map(({ key, message }) => (key ? `${key}: ${message}` : message)).join("\n"));
		Object.assign(this, { status, mistakes });
	}
}

/** Calls `/_sim/PATH` and returns the response. An object as `body` is sent as JSON, a string as it is. */
export async function call(path, { space, body, headers, ...options } = {}) {
	for (;;) {
		const token = sessionStorage.getItem(TOKEN);
		const isObject = typeof body === "object";
		const response = await fetch(`../${path}`, {
			cache: "no-store",
			...options,
			body: isObject ? JSON.stringify(body) : body,
			headers: {
				...(isObject && { "Content-Type": "application/json" }),
				...(space && { "X-Sim-Space": space }),
				...(token && { Authorization: `Bearer ${token}` }),
				...headers,
			},
		});
		if (response.ok) return response;
		if (response.status !== 401) throw new CallError(response.status, await response.json().catch(() => ({})));
		// Another call may have been given a token meanwhile.
		if (token === sessionStorage.getItem(TOKEN)) {
			login.asking ??= login.ask(Boolean(token)).finally(() => (login.asking = null));
			await login.asking;
		}
	}
}

export const json = async (path, options) => (await call(path, options)).json();

/** Follows server-sent events: a promise of an iterator, which ends with the connection. */
export async function events(path, options) {
	const { body } = await call(path, options);
	return read(body.pipeThrough(new TextDecoderStream()).getReader());
}

async function* read(reader) {
	for (let text = ""; ; ) {
		const { value, done } = await reader.read();
		if (done) return;
		const blocks = (text + value).split("\n\n");
		text = blocks.pop();
		for (const block of blocks) {
			const lines = block.split("\n").map((line) => line.split(/: ?(.*)/s, 2));
			yield Object.fromEntries(lines);
		}
	}
}
