package org.example.bsssim;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A simulator on a free port of 127.0.0.1. It ends with close, and with this process, however that ends: the system then closes its stdin. */
final class SimulatorProcess implements AutoCloseable {
    private static final boolean IS_WINDOWS = File.separatorChar == '\\';

    final String url;
    private final Process process;

    SimulatorProcess(String program, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(find(program), "serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--stop-with-stdin"));
        command.addAll(arguments);
        try {
            Path log = Files.createTempFile("bss-sim", ".log");
            log.toFile().deleteOnExit();
            process = new ProcessBuilder(command).redirectError(log.toFile()).start();
            url = ready(log);
        } catch (IOException error) {
            throw new ControlException("bss-sim did not start: " + error.getMessage(), 0);
        }
    }

    /** The URL of the ready line, the first on stdout. */
    private String ready(Path log) throws IOException {
        String line = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
        if (line == null) {
            close();
            throw new ControlException("bss-sim did not start: " + Files.readString(log).strip(), 0);
        }
        return (String) Json.object(Json.read(line)).get("url");
    }

    private static String find(String program) {
        String chosen = program == null ? System.getenv("BSS_SIM_BIN") : program;
        if (chosen != null && !chosen.isEmpty()) {
            return chosen;
        }
        String name = IS_WINDOWS ? "bss-sim.exe" : "bss-sim";
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> new File(folder, name))
                .filter(File::canExecute)
                .map(File::getPath)
                .findFirst()
                .orElseThrow(() -> new ControlException("there is no program bss-sim: put it on PATH, or set BSS_SIM_BIN to its path", 0));
    }

    /** Ends the simulator, and waits until it has ended. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            process.waitFor();
        } catch (IOException closed) {
            process.destroy();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
