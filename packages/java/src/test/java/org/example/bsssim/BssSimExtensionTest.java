package org.example.bsssim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

class BssSimExtensionTest {
    /** Tests that end in different ways. They are run by the others alone: static nested classes are not discovered as tests of this one. */
    @ExtendWith(BssSimExtension.class)
    static final class Endings {
        static Space last;

        void fails(Space space) {
            Applicant.apply(space);
            Applicant.apply(space);
            fail("of its own");
        }

        @Test
        void failing(Space space) {
            fails(space);
        }

        @Test
        void leaving(Space space) {
            last = space;
            space.script(Map.of("error_code", "CBC.0999"));
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

    /** The stack trace of a test, or nothing if it did not fail. */
    private static String run(String method) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selectMethod(Endings.class, method, Space.class)).build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        assertEquals(1, listener.getSummary().getTestsFoundCount());
        StringWriter printed = new StringWriter();
        listener.getSummary().getFailures().forEach(failure -> failure.getException().printStackTrace(new PrintWriter(printed, true)));
        return printed.toString();
    }

    @Test
    void aFailingTestShowsItsRequestsWithTheirReasons() {
        String printed = run("failing");
        assertTrue(printed.contains("of its own"), printed);
        String line = "POST " + Applicant.INDIVIDUAL + " 400  not-authenticated-yet: real-name status: under_review";
        assertTrue(printed.contains("Suppressed: bss-sim: requests of space ") && printed.contains(line), printed);
    }

    @Test
    void leftoversFailAPassingTest() {
        String printed = run("leaving");
        assertTrue(printed.contains("a scripted answer is left over, given 0 times: {"), printed);
        assertEquals("", run("leavingAllowed"));
        assertEquals("", run("aborted"));
    }

    @Test
    void aSpaceIsGoneWhenItsTestHasEnded() {
        try (Simulator simulator = Simulator.start()) {
            run("leavingAllowed");
            assertEquals("no simulator answers", messageOf(Endings.last).substring(0, 20));
        }
    }

    private static String messageOf(Space space) {
        try {
            space.journal();
            return "there is one";
        } catch (ControlException gone) {
            return gone.getMessage();
        }
    }
}
