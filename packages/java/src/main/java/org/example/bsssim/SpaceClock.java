package org.example.bsssim;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** The clock of a space. Tokens, reviews and the journal follow it; the date of a signature does not. */
public final class SpaceClock {
    private final Control control;

    SpaceClock(Control control) {
        this.control = control;
    }

    /** Its time. */
    public Instant now() {
        return Instant.parse((String) control.call("GET", "/clock", null).get("now"));
    }

    /** Puts it forward. */
    public void advance(Duration span) {
        change("advance", span.toMillis() + "ms");
    }

    /** Stops it. */
    public void freeze() {
        change("freeze", true);
    }

    /** Lets it go on. */
    public void unfreeze() {
        change("freeze", false);
    }

    /** Sets it to a time. */
    public void set(Instant time) {
        change("set", time.toString());
    }

    /** Gives it the time of the machine again. */
    public void reset() {
        change("reset", true);
    }

    private void change(String key, Object value) {
        control.call("PUT", "/clock", Map.of(key, value));
    }
}
