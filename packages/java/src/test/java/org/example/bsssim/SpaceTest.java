package org.example.bsssim;

import static org.example.bsssim.Applicant.apply;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(BssSimExtension.class)
class SpaceTest {
    @Test
    void spacesAreApartAndHaveTheNameOfTheTest(Space one, Space other) {
        assertEquals("SpaceTest spacesAreApartAndHaveTheNameOfTheTest(Space, Space)", one.label());
        apply(one);
        assertEquals(List.of(1, 0), List.of(one.journal().size(), other.journal().size()));
        assertEquals(List.of(1L, 0L), List.of(one.coverage().met(), other.coverage().met()));
    }

    @Test
    void scriptedAnswersComeOneAfterTheOther(Space space) {
        space.script(Map.of("error_code", "CBC.0999"), Map.of("gateway", "APIGW.0308"), Map.of("times", 1, "then", Map.of("is_review", 0)));
        for (int expected : List.of(500, 429, 200)) {
            assertEquals(expected, apply(space).statusCode());
        }
        space.verify(Map.of("customer_id", "customer-new"), Count.exactly(3));
        space.verify(Map.of("status", 500), Count.atMost(1).within(Duration.ofSeconds(1)));
        space.verify(Map.of("status", 429));
        space.verifySequence(List.of(Map.of("status", 500), Map.of("status", 429), Map.of("status", 200)));
    }

    @Test
    void aFailedVerifyHasTheTextOfTheSimulator(Space space) {
        apply(space);
        AssertionError error = assertThrows(AssertionError.class, () -> space.verify(Map.of("status", 200), Count.exactly(2)));
        assertTrue(error.getMessage().startsWith("expected exactly 2, found 1"), error.getMessage());
    }

    @Test
    void aRefusedCallHasEachMistakeOnALine(Space space) {
        ControlException error = assertThrows(ControlException.class, () -> space.verify(Map.of("statuss", 500, "pathh", "/")));
        assertEquals(422, error.status());
        List<String> lines = List.of(error.getMessage().split("\n"));
        assertEquals(2, lines.size(), error.getMessage());
        assertTrue(lines.contains("match.statuss: unknown key `statuss`: did you mean `status`?"), error.getMessage());
        Map<String, Map<String, ?>> scripts = Map.of(
                "[0].then.error_cod: unknown key `error_cod`: did you mean `error_code`?", Map.of("error_cod", "CBC.0999"),
                "[0].then.delai: unknown key `delai`: did you mean `delay`, a key of a scripted answer?", Map.of("delai", "2s"),
                "[0].error_code: unknown key `error_code`: it is a key of `then`", Map.of("error_code", "CBC.0999", "delay", "2s"));
        scripts.forEach((message, script) -> assertEquals(message, assertThrows(ControlException.class, () -> space.script(script)).getMessage()));
        error = assertThrows(ControlException.class, () -> space.review("customer-new", "approve"));
        assertEquals("the customer is not under review but unauthenticated", error.getMessage());
    }

    @Test
    void reviewsAreDecidedAndTheClockMoves(Space space) {
        apply(space);
        space.review("customer-new", "reject", "blurred");
        assertEquals("rejected", space.customer("customer-new").get("real_name"));
        apply(space);
        space.review("customer-new", "approve");
        assertEquals("authenticated", space.customer("customer-new").get("real_name"));
        Instant then = Instant.parse("2027-01-01T00:00:00Z");
        space.clock().freeze();
        space.clock().set(then);
        space.clock().advance(Duration.ofMinutes(90));
        assertEquals(then.plus(Duration.ofMinutes(90)), space.clock().now());
        space.clock().unfreeze();
        space.clock().reset();
        assertNotEquals(then.plus(Duration.ofMinutes(90)), space.clock().now());
    }

    @Test
    void aWorldIsChangedReadAndCopied(Space space, Spaces spaces) {
        space.putCertificate("E12345678", Map.of("blocked", true));
        space.putCustomer("customer-late", Map.of("partner", "demo-partner"));
        assertEquals(true, space.certificate("E12345678").get("blocked"));
        String requestId = apply(space).headers().firstValue("X-Request-Id").orElseThrow();
        assertTrue(space.why(requestId).contains("certificate"), space.why(requestId));
        JournalEntry entry = space.journal(Map.of("status", 400)).get(0);
        assertEquals(List.of(requestId, "POST", Applicant.INDIVIDUAL, 400), List.of(entry.requestId(), entry.method(), entry.path(), entry.status()));
        assertTrue(entry.errorCode().startsWith("CBC."), entry.errorCode());
        assertEquals(400L, Json.object(space.explain(Map.of("customer_id", "customer-done")).get("response")).get("status"));
        assertEquals(401L, Json.object(space.explain(Map.of(), "no-such-token").get("response")).get("status"));
        assertEquals("unauthenticated", spaces.fromFixture(space.world()).customer("customer-late").get("real_name"));
        space.reset();
        assertThrows(ControlException.class, () -> space.customer("customer-late"));
    }

    @Test
    void aSpaceStartsFromAScenario(@StartsFrom("open") Space one, Spaces spaces) {
        for (Space space : List.of(one, spaces.fromScenario("open"))) {
            assertTrue(space.world().get("name").toString().contains("open"), space.world().toString());
        }
    }

    @Test
    void whatIsDeletedIsGone(Space space) {
        space.delete();
        assertEquals(401, apply(space).statusCode());
        space.delete();
    }
}
