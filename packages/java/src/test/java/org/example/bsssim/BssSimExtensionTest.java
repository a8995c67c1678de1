package org.example.bsssim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.MethodOrderer;
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
        void leaving(Space space) {
            space.script(Map.of("error_code", "CBC.0999"));
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
        String line = "POST " + Applicant.INDIVIDUAL + " 400  not-authenticated-yet: real-name status: under_review";
        assertTrue(printed.contains("Suppressed: bss-sim: requests of space ") && printed.contains(line), printed);
    }

    @Test
    void leftoversFailAPassingTest() {
        for (String printed : List.of(run("leaving", Space.class), run("leavingAnother", Spaces.class))) {
            assertTrue(printed.contains("a scripted answer is left over, given 0 times: {"), printed);
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
}
