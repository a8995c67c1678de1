// The search: `status:4 -code:CBC.0100 customer:c-1 "free text"`. Pure functions.

import { customer, outcome } from "./entry.js";

/** What a key looks at. A key matches what begins with its value. */
const FIELDS = {
	status: ({ response }) => response.status ?? "none",
	code: outcome,
	customer,
	caller: ({ caller }) => caller,
	check: (entry) => entry.outcome.rule,
	by: (entry) => entry.outcome.decided_by,
	method: ({ request }) => request.method,
	path: ({ request }) => request.path,
	id: (entry) => entry.request_id,
};

export const KEYS = Object.keys(FIELDS);

/** Reads a search: what an entry has to be like, and with `-` what it must not be like. */
export function parse(text) {
	return [...text.matchAll(/(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g)].map(([, minus, name, quoted, word]) => {
		const value = (quoted ?? word ?? "").toLowerCase();
		const field = FIELDS[name?.toLowerCase()];
		// An unknown key is text, such as that of a URL.
		return { isNot: minus === "-", field, value: field || !name ? value : `${name}:${value}`.toLowerCase() };
	});
}

export const matches = (terms, entry) => terms.every(({ isNot, field, value }) => isNot !== (field
	? String(field(entry) ?? "").toLowerCase().startsWith(value)
	: JSON.stringify(entry).toLowerCase().includes(value)));
