package org.example.bsssim;

import java.util.Map;

/** A request in the journal, with its answer. */
public final class JournalEntry {
    private final Map<String, Object> all;

    JournalEntry(Map<String, Object> all) {
        this.all = all;
    }

    /** All of it, as the control API has it. */
    public Map<String, Object> all() {
        return all;
    }

    /** Its number in the space, which only grows. */
    public long number() {
        return (Long) all.get("number");
    }

    /** The {@code X-Request-Id} of the answer. */
    public String requestId() {
        return (String) all.get("request_id");
    }

    /** The method of the request. */
    public String method() {
        return (String) part("request", "method");
    }

    /** The path of the request, with the query. */
    public String path() {
        return (String) part("request", "path");
    }

    /** The HTTP status, or 0 if there was no answer. */
    public int status() {
        Long status = (Long) part("response", "status");
        return status == null ? 0 : status.intValue();
    }

    /** The {@code error_code} of the answer; {@code null} if it has none. */
    public String errorCode() {
        return (String) part("outcome", "error_code");
    }

    /** One line: what decided, and what it saw. */
    public String why() {
        return (String) part("outcome", "why");
    }

    /** The line that a failing test shows: the request with its answer and the reason, as the simulator's own texts have it. */
    @Override
    public String toString() {
        Object fault = part("response", "fault");
        String answer = fault == null ? Integer.toString(status()) : "no response, fault " + fault;
        String code = errorCode() == null ? "" : " " + errorCode();
        return "#" + number() + " " + method() + " " + path() + " -> " + answer + code + ", " + why();
    }

    private Object part(String of, String name) {
        return Json.object(all.get(of)).get(name);
    }
}
