package org.example.bsssim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

class BssSimExtensionTest {
    /** Tests that end in different ways. Only the tests of this class run them: the plugin of Maven finds no nested classes. */
    @ExtendWith(BssSimExtension.class)
    static final class Endings {
        @Test
        void failing(Space space) {
            Applicant.apply(space);
            Applicant.apply(space);
            fail("of its own");
        }

        @Test
        void broken(Space space) {
            space.script(Map.of("fault", "reset"));
            assertThrows(AssertionError.class, () -> Applicant.apply(space));
            fail("of its own");
        }

        @Test
        void leaving(Space space) {
            space.script(Map.of("error_code", "CBC.0999"), Map.of("times", 2, "delay", "1ms"), Map.of("then", List.of(Map.of("is_review", 1))));
            Applicant.apply(space);
            Applicant.apply(space);
        }

        @Test
        void leavingAnother(Spaces spaces) {
            leaving(spaces.create());
        }

        @Test
        @AllowLeftovers
        void leavingAllowed(Space space) {
            leaving(space);
        }

        @Test
        void aborted(Space space) {
            leaving(space);
            Assumptions.abort();
        }
    }

    private static String run(String method, Class<?> parameter) {
        return run(selectMethod(Endings.class, method, parameter), 1);
    }

    /** The stack traces of the tests that failed, of so many. */
    private static String run(DiscoverySelector selector, int tests) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selector).build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        assertEquals(tests, listener.getSummary().getTestsFoundCount());
        StringWriter printed = new StringWriter();
        listener.getSummary().getFailures().forEach(failure -> failure.getException().printStackTrace(new PrintWriter(printed, true)));
        return printed.toString();
    }

    @Test
    void aFailingTestShowsItsRequestsWithTheirReasons() {
        String printed = run("failing", Space.class);
        assertTrue(printed.contains("of its own"), printed);
        String line = "#2 POST " + Applicant.INDIVIDUAL + " -> 400 CBC.99000027, not-authenticated-yet: real-name status: under_review";
        assertTrue(printed.contains("Suppressed: bss-sim: requests of space ") && printed.contains(line), printed);
        printed = run("broken", Space.class);
        assertTrue(printed.contains("#1 POST " + Applicant.INDIVIDUAL + " -> no response, fault reset, "), printed);
    }

    @Test
    void leftoversFailAPassingTest() {
        for (String printed : List.of(run("leaving", Space.class), run("leavingAnother", Spaces.class))) {
            String lines = "scripted answers are left over:\ngiven 1 of 2 times: {\"times\":2,\"delay\":\"1ms\"}\nnever given: {\"then\":[{\"is_review\":1}]}\n";
            assertTrue(printed.contains(lines), printed);
        }
        assertEquals("", run("leavingAllowed", Space.class));
        assertEquals("", run("aborted", Space.class));
    }

    /** Two tests, one after the other. */
    @ExtendWith(BssSimExtension.class)
    @TestMethodOrder(MethodOrderer.MethodName.class)
    static final class Succession {
        static Space earlier;

        @Test
        void first(Space space) {
            earlier = space;
        }

        @Test
        void then(Simulator simulator) {
            assertEquals(simulator.url(), earlier.url());
            assertEquals(401, Applicant.apply(earlier).statusCode());
        }
    }

    @Test
    void aSpaceIsGoneWhenItsTestHasEndedThoughTheSimulatorIsNot() {
        assertEquals("", run(selectClass(Succession.class), 2));
    }

    /** A method around the test that fails, with the space of the test. */
    @ExtendWith(BssSimExtension.class)
    static final class Around {
        Space before;

        @BeforeEach
        void before(Space space) {
            before = space;
        }

        @Test
        void passes(Space same, Space other) {
            assertSame(before, same);
            assertNotSame(same, other);
            Applicant.apply(same);
        }

        @AfterEach
        void fails(Space space) {
            assertSame(before, space);
            fail("of its own");
        }
    }

    @Test
    void aMethodAroundATestHasItsSpaceAndShowsItsRequests() {
        String printed = run(selectClass(Around.class), 1);
        assertTrue(printed.contains("AssertionFailedError: of its own") && printed.contains("#1 POST " + Applicant.INDIVIDUAL + " -> 200, "), printed);
    }

    private static void assertStartsFrom(String scenario, Space space) {
        assertTrue(space.world().get("name").toString().contains(scenario), space.world().get("name") + " is not " + scenario);
    }

    /** What its tests start from is said here, and allowed. */
    @StartsFrom("open")
    @AllowLeftovers
    static class Base {}

    @ExtendWith(BssSimExtension.class)
    static final class Annotated extends Base {
        @Test
        void byItsClass(Space space) {
            assertStartsFrom("open", space);
            space.script(Map.of("error_code", "CBC.0999"));
        }

        @Test
        @StartsFrom("attempts-exhausted")
        void byItsMethod(Space space, @StartsFrom("default") Space other) {
            assertStartsFrom("attempts-exhausted", space);
            assertStartsFrom("default", other);
        }

        @Nested
        final class Inside {
            @Test
            void byTheClassAround(Space space) {
                assertStartsFrom("open", space);
            }
        }
    }

    @Test
    void aScenarioIsNamedAtTheParameterTheMethodOrTheClass() {
        assertEquals("", run(selectClass(Annotated.class), 3));
    }
}
