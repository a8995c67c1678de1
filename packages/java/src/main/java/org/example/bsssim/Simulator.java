package org.example.bsssim;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A simulator that runs. With JUnit, {@link BssSimExtension} has one for all tests. */
public final class Simulator implements AutoCloseable {
    private final Control control;
    private final SimulatorProcess process;

    private Simulator(Control control, SimulatorProcess process) {
        this.control = control;
        this.process = process;
        try {
            control.checkVersion();
        } catch (RuntimeException unusable) {
            close();
            throw unusable;
        }
    }

    /**
     * Connects to the simulator at the URL in {@code BSS_SIM_URL}, or else starts one, on a free port of 127.0.0.1, which ends with this
     * process at the latest. The program is that of {@code BSS_SIM_BIN}, or {@code bss-sim} on {@code PATH}.
     */
    public static Simulator start() {
        return new Options().start();
    }

    /** Connects to the simulator at this URL. */
    public static Simulator connect(String url) {
        return new Simulator(Control.at(url, "Simulator.connect"), null);
    }

    /** How a simulator is started: {@code Simulator.with().fixtures(path).start()}. */
    public static Options with() {
        return new Options();
    }

    /** How a simulator is started. It has no effect on one that runs at {@code BSS_SIM_URL}. */
    public static final class Options {
        private final List<String> arguments = new ArrayList<>();
        private String program;

        private Options() {}

        /** The path of the program. */
        public Options program(Path path) {
            program = path.toString();
            return this;
        }

        /** The scenario of the space {@code default}, by its name. */
        public Options scenario(String name) {
            arguments.addAll(List.of("--scenario", name));
            return this;
        }

        /** Adds a scenario file, or a directory of such. */
        public Options fixtures(Path path) {
            arguments.addAll(List.of("--fixtures", path.toString()));
            return this;
        }

        /** Starts it, as {@link Simulator#start}. */
        public Simulator start() {
            String url = System.getenv("BSS_SIM_URL");
            if (url != null && !url.isEmpty()) {
                return new Simulator(Control.at(url, "BSS_SIM_URL"), null);
            }
            SimulatorProcess process = new SimulatorProcess(program, arguments);
            return new Simulator(Control.at(process.url, null), process);
        }
    }

    /** The URL that clients call, without a slash at its end. */
    public String url() {
        return control.url;
    }

    /** Creates a space from the scenario {@code default}. People see the label, of 200 characters at most. */
    public Space space(String label) {
        return create(Map.of("label", label));
    }

    /** Creates a space from a scenario that the simulator knows. */
    public Space space(String label, String scenario) {
        return create(Map.of("label", label, "scenario", scenario));
    }

    /** Creates a space from a scenario of the test's own, as a scenario file has it. */
    public Space space(String label, Map<String, ?> fixture) {
        return create(Map.of("label", label, "fixture", fixture));
    }

    private Space create(Map<String, ?> start) {
        return new Space(control, control.call("POST", "/spaces", start));
    }

    /** Which documented outcomes the applications of all spaces got, also of those that were deleted. */
    public Coverage coverage() {
        return new Coverage(control.call("GET", "/coverage?space=*", null));
    }

    /** Ends the simulator if it was started here, and waits for its end. */
    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }

    /** Which documented outcomes applications got. */
    public static final class Coverage {
        private final Map<String, Boolean> outcomes = new LinkedHashMap<>();

        Coverage(Map<String, Object> answer) {
            Json.objects(answer.get("outcomes")).forEach(row -> outcomes.put((String) row.get("outcome"), (Boolean) row.get("met")));
        }

        /** How many they got. */
        public long met() {
            return outcomes.values().stream().filter(isMet -> isMet).count();
        }

        /** Every documented outcome, in the order of the API's page, and whether one got it. */
        public Map<String, Boolean> outcomes() {
            return outcomes;
        }
    }
}
