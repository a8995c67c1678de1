package org.example.bsssim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Creates spaces for a test. They are deleted at its end, and what they leave counts as that of a parameter of the type {@link Space}. */
public final class Spaces {
    /** What was created so far. */
    final List<Space> all = new ArrayList<>();

    private final Simulator simulator;
    private final String label;

    Spaces(Simulator simulator, String label) {
        this.simulator = simulator;
        this.label = label;
    }

    /** A space from the scenario {@code default}. */
    public Space create() {
        return added(simulator.space(label));
    }

    /** A space from a scenario that the simulator knows. */
    public Space fromScenario(String name) {
        return added(simulator.space(label, name));
    }

    /** A space from a scenario of the test's own, as a scenario file has it. */
    public Space fromFixture(Map<String, ?> fixture) {
        return added(simulator.space(label, fixture));
    }

    private Space added(Space space) {
        all.add(space);
        return space;
    }
}
