// What several views show of a journal entry.

import { h } from "./dom.js";

export const customer = ({ request: { body, path } }) =>
	body?.customer_id ?? new URLSearchParams(path.split("?")[1]).get("customer_id");

export function outcome({ outcome: { error_code, fault, decided_by }, response: { body } }) {
	if (fault) return `fault ${fault}`;
	if (error_code) return error_code;
	if (body?.is_review !== undefined) return `is_review ${body.is_review}`;
	return decided_by === "accepted" ? "answered" : decided_by;
}

const KINDS = { 2: "good", 4: "refused", 5: "failed" };

export function pill({ status }) {
	const kind = KINDS[String(status)[0]] ?? "broken";
	return h(`span.pill.${kind}`, status ?? "none");
}

export const time = ({ at }) => at.slice(11, 23);
