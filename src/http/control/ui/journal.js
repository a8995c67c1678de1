// The journal of a space, kept up to date by its stream. Events: `change` (once a frame at most), `state`, `reset`.

import { events, json } from "./api.js";

/** How many entries are read at a time, and kept. */
export const PAGE = 500;

class Journal extends EventTarget {
	/** The newest first. */
	entries = [];
	/** How many older ones the simulator has. */
	earlier = 0;
	/** `connecting`, `live`, `lost` or `gone`. */
	state = "connecting";
	space = null;
	#keep = PAGE;
	#leave = new AbortController();
	#frame = 0;

	follow(space) {
		if (space === this.space) return;
		this.#leave.abort();
		this.#leave = new AbortController();
		this.space = space;
		this.#keep = PAGE;
		this.#put([], 0);
		this.#run({ space, signal: this.#leave.signal });
	}

	async #run(options) {
		while (!options.signal.aborted) {
			try {
				this.#setState("connecting");
				await this.#load(options);
				const headers = { "Last-Event-ID": this.entries[0]?.number ?? 0 };
				const stream = await events("journal/stream?view=brief", { ...options, headers });
				this.#setState("live");
				for await (const event of stream) await this.#take(event, options);
			} catch (error) {
				if (options.signal.aborted) return;
				if (error.status === 404) return this.#setState("gone");
			}
			this.#setState("lost");
			await new Promise((resolve) => setTimeout(resolve, 1000));
		}
	}

	async #take({ event, data }, options) {
		if (event === "entry") {
			const entry = JSON.parse(data);
			// After a gap the list may have it already.
			if (entry.number <= this.entries[0]?.number) return;
			const entries = [entry, ...this.entries];
			const left = Math.max(0, entries.length - this.#keep);
			this.#put(left ? entries.slice(0, -left) : entries, this.earlier + left);
		} else if (event === "missed") {
			await this.#load(options);
		} else if (event) {
			this.#put([], 0);
			this.dispatchEvent(new Event(event));
		}
	}

	async #load(options) {
		const { entries, truncated } = await json(`journal?order=desc&view=brief&limit=${this.#keep}`, options);
		this.#put(entries, truncated ? await this.#countBefore(entries.at(-1).number, options) : 0);
	}

	async loadEarlier() {
		const options = { space: this.space, signal: this.#leave.signal };
		this.#keep += PAGE;
		const before = this.entries.at(-1)?.number ?? 0;
		const { entries } = await json(`journal?order=desc&view=brief&limit=${PAGE}&before=${before}`, options);
		const oldest = entries.at(-1)?.number;
		this.#put([...this.entries, ...entries], oldest ? await this.#countBefore(oldest, options) : 0);
	}

	/** The numbers have no gaps. */
	async #countBefore(number, options) {
		const { entries: [oldest] } = await json("journal?view=brief&limit=1", options);
		return oldest ? Math.max(0, number - oldest.number) : 0;
	}

	#put(entries, earlier) {
		Object.assign(this, { entries, earlier });
		this.#frame ||= requestAnimationFrame(() => {
			this.#frame = 0;
			this.dispatchEvent(new Event("change"));
		});
	}

	#setState(state) {
		this.state = state;
		this.dispatchEvent(new Event("state"));
	}
}

export const journal = new Journal();
