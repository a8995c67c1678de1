package org.example.bsssim;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** How many requests {@link Space#verify} expects, and how long it waits for them. */
public final class Count {
    private final Map<String, Integer> limits;
    private final Duration within;

    private Count(Map<String, Integer> limits, Duration within) {
        this.limits = limits;
        this.within = within;
    }

    /** So many. */
    public static Count exactly(int count) {
        return new Count(Map.of("exactly", count), null);
    }

    /** So many or more. */
    public static Count atLeast(int count) {
        return new Count(Map.of("at_least", count), null);
    }

    /** So many or fewer. */
    public static Count atMost(int count) {
        return new Count(Map.of("at_most", count), null);
    }

    /** Waits until it holds, for 60 seconds at most. */
    public Count within(Duration span) {
        return new Count(limits, span);
    }

    /** The body of a call of verify. */
    Map<String, Object> of(Map<String, ?> match) {
        Map<String, Object> body = new LinkedHashMap<>(Map.of("match", match, "count", limits));
        if (within != null) {
            body.put("within", within.toMillis() + "ms");
        }
        return body;
    }
}
