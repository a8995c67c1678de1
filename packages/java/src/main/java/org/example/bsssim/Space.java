package org.example.bsssim;

import java.math.BigDecimal;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An isolated world for one test, with partners, customers, certificates, scripted answers, a journal and a clock of its own. A client is
 * in it if it calls {@link #url} with the token, the access key or the login that are here.
 */
public final class Space implements AutoCloseable {
    /** The keys of a scripted answer. An argument of {@link #script} that has none of these is an answer to one request. */
    private static final Set<String> SCRIPTED = Set.of("when", "probability", "times", "delay", "then");

    /** What a scripted answer is without its saying so. */
    private static final Map<String, Object> DEFAULTS = Map.of("when", Map.of(), "probability", new BigDecimal("1.0"));

    private static final List<String> URL_VARIABLES = List.of(
            "BSS_SIM_URL",
            "HUAWEICLOUD_SDK_IAM_ENDPOINT",
            "HUAWEICLOUD_SDK_STS_ENDPOINT",
            "HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1",
            "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101",
            "HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1");

    private final Control control;
    private final Map<String, Object> made;
    private final List<Partner> partners;
    private boolean isDeleted;

    Space(Control ofAll, Map<String, Object> made) {
        this.made = made;
        control = ofAll.of((String) made.get("id"));
        partners = Json.objects(made.get("partners")).stream().map(Partner::new).collect(Collectors.toList());
    }

    /** Its ID. */
    public String id() {
        return (String) made.get("id");
    }

    /** What people call it. */
    public String label() {
        return (String) made.get("label");
    }

    /** The URL that clients call, without a slash at its end. */
    public String url() {
        return control.url;
    }

    /** The partners. */
    public List<Partner> partners() {
        return partners;
    }

    /** The first partner. */
    public Partner partner() {
        return partners.get(0);
    }

    /** A token of the first partner, for {@code X-Auth-Token}. */
    public String token() {
        return partner().token();
    }

    /** The ID of an access key of the first partner. */
    public String ak() {
        return partner().ak();
    }

    /** The secret of that access key. */
    public String sk() {
        return partner().sk();
    }

    /** A user of the first partner. Its login at {@code POST /v3/auth/tokens} gives a token of this space. */
    public String user() {
        return login("name");
    }

    /** The password of that user. */
    public String password() {
        return login("password");
    }

    /** The domain of that user. */
    public String domain() {
        return login("domain");
    }

    private String login(String part) {
        Stream<Map<String, Object>> users = Json.objects(made.get("users")).stream();
        return users.filter(user -> partner().name().equals(user.get("domain"))).map(user -> (String) user.get(part)).findFirst().orElse(null);
    }

    /**
     * The environment variables that lead another program, an official SDK or a test command, to this space: those that
     * {@code bss-sim exec} sets.
     */
    public Map<String, String> env() {
        Map<String, String> values = new LinkedHashMap<>();
        URL_VARIABLES.forEach(name -> values.put(name, url()));
        values.put("BSS_SIM_PARTNER", partner().name());
        values.put("BSS_SIM_PARTNER_ID", partner().id());
        values.put("BSS_SIM_XACCOUNT_TYPE", partner().xaccountType());
        values.put("BSS_SIM_TOKEN", token());
        values.put("BSS_SIM_AK", ak());
        values.put("BSS_SIM_SK", sk());
        values.put("BSS_SIM_USER", user());
        values.put("BSS_SIM_PASSWORD", password());
        values.put("BSS_SIM_DOMAIN", domain());
        values.put("HUAWEICLOUD_SDK_AK", ak());
        values.put("HUAWEICLOUD_SDK_SK", sk());
        values.put("HUAWEICLOUD_SDK_DOMAIN_ID", partner().id());
        values.values().removeIf(value -> value == null);
        // Some clients read the one, some the other. If only one of them is set, its hosts are meant for both.
        String host = URI.create(url()).getHost();
        String hosts = Stream.of("no_proxy", "NO_PROXY").map(System::getenv).filter(set -> set != null && !set.isEmpty()).findFirst().orElse("");
        String all = hosts.isEmpty() ? host : hosts.equals("*") ? hosts : hosts + "," + host;
        values.put("no_proxy", all);
        values.put("NO_PROXY", all);
        return values;
    }

    /**
     * Fixes the answers to the next requests, one after the other, in the format of a scenario file.
     *
     * <p>{@code Map.of("error_code", "CBC.0999")} answers one application, and so do {@code gateway}, {@code fault}, {@code is_review} and
     * {@code raw}. For other requests, or for more, this belongs into {@code then}, beside {@code when}, {@code times}, {@code delay} or
     * {@code probability}.
     */
    @SafeVarargs
    public final void script(Map<String, ?>... answers) {
        List<Map<String, ?>> scripted = new ArrayList<>();
        for (Map<String, ?> answer : answers) {
            boolean isWhole = answer.keySet().stream().anyMatch(SCRIPTED::contains);
            scripted.add(isWhole ? answer : Map.of("times", 1, "then", answer));
        }
        control.call("POST", "/scripted", scripted);
    }

    /** The scripted answers that are there, each with its {@code place}, and how often it was {@code used} and is {@code left}. */
    public List<Map<String, Object>> scripted() {
        return Json.objects(control.call("GET", "/scripted", null).get("scripted"));
    }

    /** A line for each scripted answer that is unused; nothing if the test has deleted the space. */
    String leftovers() {
        if (isDeleted) {
            return "";
        }
        return scripted().stream().map(Space::leftover).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    /** What is left of a scripted answer, as the report of {@code bss-sim exec} says it; nothing if it was used. */
    private static String leftover(Map<String, Object> answer) {
        Map<String, Object> shown = new LinkedHashMap<>(Json.object(answer.get("scripted")));
        shown.entrySet().removeAll(DEFAULTS.entrySet());
        Long times = (Long) shown.get("times");
        long used = (Long) answer.get("used");
        if (used >= (times == null ? 1 : times)) {
            return "";
        }
        return (times == null ? "never given" : "given " + used + " of " + times + " times") + ": " + Json.write(shown);
    }

    /**
     * Throws an {@link AssertionError} with the simulator's own text unless the journal has a request that matches.
     *
     * <p>{@code match} names fields of the request and of its outcome: {@code Map.of("customer_id", "customer-new", "status", 500)}.
     */
    public void verify(Map<String, ?> match) {
        verify(match, Count.atLeast(1));
    }

    /** Throws an {@link AssertionError} unless the journal has so many requests that match. */
    public void verify(Map<String, ?> match, Count count) {
        verifyBody(count.of(match));
    }

    /** Throws an {@link AssertionError} unless the journal has a request for each of these, in this order, maybe with others between them. */
    public void verifySequence(List<? extends Map<String, ?>> matches) {
        verifyBody(Map.of("sequence", matches));
    }

    private void verifyBody(Map<String, ?> expected) {
        try {
            control.text("POST", "/verify", expected);
        } catch (ControlException refused) {
            if (refused.status() == 409) {
                throw new AssertionError(refused.getMessage());
            }
            throw refused;
        }
    }

    /** Decides the review that a customer is under: {@code approve}, or {@code reject} without an opinion. */
    public void review(String customer, String decision) {
        review(customer, Map.of("decision", decision));
    }

    /** Decides the review that a customer is under: {@code reject}, with an opinion. */
    public void review(String customer, String decision, String opinion) {
        review(customer, Map.of("decision", decision, "opinion", opinion));
    }

    private void review(String customer, Map<String, ?> body) {
        control.call("POST", "/customers/" + Control.encode(customer) + "/review", body);
    }

    /** The clock. */
    public SpaceClock clock() {
        return new SpaceClock(control);
    }

    /** All requests of this space, the oldest first. */
    public List<JournalEntry> journal() {
        return journal(Map.of());
    }

    /**
     * The requests of this space that have all of this, the oldest first. The filters are the parameters of {@code GET /_sim/journal}, such as
     * {@code status} and {@code customer_id}.
     */
    public List<JournalEntry> journal(Map<String, ?> filters) {
        Map<String, Object> query = new LinkedHashMap<>(filters);
        String next = "desc".equals(filters.get("order")) ? "before" : "since";
        List<JournalEntry> entries = new ArrayList<>();
        Map<String, Object> page;
        do {
            String parameters = query.entrySet().stream().map(each -> each.getKey() + "=" + Control.encode(each.getValue())).collect(Collectors.joining("&"));
            page = control.call("GET", "/journal?" + parameters, null);
            Json.objects(page.get("entries")).stream().map(JournalEntry::new).forEach(entries::add);
            query.put(next, page.get("next"));
            // A limit is of all entries, not of a page.
        } while (page.get("truncated").equals(true) && !filters.containsKey("limit"));
        return entries;
    }

    /** A line for each request, with the reason of its answer. */
    String requests() {
        try {
            String lines = journal(Map.of("view", "brief")).stream().map(JournalEntry::toString).collect(Collectors.joining("\n"));
            return lines.isEmpty() ? "none" : lines;
        } catch (ControlException refused) {
            return refused.getMessage();
        }
    }

    /**
     * A text that says why a request got its answer: every check, and what it compared. The ID is in the answer's {@code X-Request-Id}, which
     * an SDK's exceptions have as well.
     */
    public String why(String requestId) {
        return control.text("GET", "/journal/" + Control.encode(requestId), null);
    }

    /** The answer that an application of the first partner would get now, in {@code response}, and why. Nothing changes. */
    public Map<String, Object> explain(Map<String, ?> request) {
        return explain(request, partner().name());
    }

    /** The same for another caller: a token, or the name of a partner. */
    public Map<String, Object> explain(Map<String, ?> request, String as) {
        return control.call("POST", "/explain", Map.of("as", as, "request", request));
    }

    /** The state of a customer. */
    public Map<String, Object> customer(String customer) {
        return control.call("GET", "/customers/" + Control.encode(customer), null);
    }

    /** Creates or replaces a customer, as in a scenario file: {@code Map.of("partner", "demo-partner")}. */
    public void putCustomer(String customer, Map<String, ?> state) {
        control.call("PUT", "/customers/" + Control.encode(customer), state);
    }

    /** The state of a certificate, with the customers that used it. */
    public Map<String, Object> certificate(String number) {
        return control.call("GET", "/certificates/" + Control.encode(number), null);
    }

    /** Creates or replaces a certificate, as in a scenario file: {@code Map.of("blocked", true)}. */
    public void putCertificate(String number, Map<String, ?> state) {
        control.call("PUT", "/certificates/" + Control.encode(number), state);
    }

    /** All of the space, as a scenario: another space can start from it as its fixture. */
    public Map<String, Object> world() {
        return control.call("GET", "/world", null);
    }

    /** Which documented outcomes the applications of this space got. */
    public Simulator.Coverage coverage() {
        return new Simulator.Coverage(control.call("GET", "/coverage", null));
    }

    /** Takes the space back to its start. */
    public void reset() {
        control.call("POST", "/reset", null);
    }

    /** Deletes the space; a second call does nothing. Its credentials are not valid any more. */
    public void delete() {
        if (!isDeleted) {
            control.call("DELETE", "/spaces/" + Control.encode(id()), null);
            isDeleted = true;
        }
    }

    /** Deletes the space. */
    @Override
    public void close() {
        delete();
    }
}
