package org.example.bsssim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SimulatorTest {
    private HttpServer server;

    /** The URL of a server that answers everything with this. */
    private String answering(int status, String body) throws IOException {
        stop();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.stop(0);
        }
    }

    private static String refusal(String url) {
        return assertThrows(ControlException.class, () -> Simulator.connect(url)).getMessage();
    }

    @Test
    void whatCannotBeUsedIsSaidInWords() throws IOException {
        String later = answering(200, "{\"version\": \"0.9.0\", \"control\": 2}");
        assertEquals(
                "bss-sim 0.9.0 at " + later + " (from Simulator.connect) has version 2 of the control API, and this package knows version 1: use a package of the same version",
                refusal(later));
        for (String body : new String[] {"[]", "{}", "<html>", ""}) {
            String other = answering(200, body);
            assertEquals("what answers at " + other + " (from Simulator.connect) is not bss-sim", refusal(other));
        }
        String locked = answering(401, "{\"error\": \"unauthorized\", \"detail\": \"a token is needed\"}");
        assertEquals(
                "the simulator at " + locked + " (from Simulator.connect) refuses this call: a token is needed: "
                        + "set BSS_SIM_CONTROL_TOKEN to the token that it was started with",
                refusal(locked));
        assertTrue(refusal("http://127.0.0.1:1").startsWith("no simulator answers at http://127.0.0.1:1 (from Simulator.connect): "));
        for (String url : new String[] {"127.0.0.1:8080", "localhost:8080", "http://127.0.0.1:8080/v2", "http://"}) {
            String words = " from Simulator.connect is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080";
            assertEquals("\"" + url + "\"" + words, refusal(url));
        }
    }

    @Test
    void aServerThatIsSilentIsNotWaitedForLong() throws IOException {
        // The system accepts the connection, and nothing reads from it.
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + silent.getLocalPort();
            assertEquals("no simulator answers at " + url + " (from Simulator.connect): no answer in 5 seconds", refusal(url));
        }
    }

    /** A program that has no simulator in its environment. */
    static final class Unled {
        public static void main(String[] arguments) {
            System.out.println(assertThrows(ControlException.class, Simulator::start).getMessage());
        }
    }

    /** What it says with these variables. */
    private static String unled(Map<String, String> variables) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Unled.class.getName());
        builder.environment().putAll(variables);
        return new Scanner(builder.redirectError(ProcessBuilder.Redirect.INHERIT).start().getInputStream()).nextLine();
    }

    @Test
    void whatIsWrongInTheEnvironmentIsNamedByItsVariable() throws IOException {
        String said = unled(Map.of("BSS_SIM_URL", "localhost:8080"));
        assertTrue(said.startsWith("\"localhost:8080\" from BSS_SIM_URL is no URL of a simulator: "), said);
        said = unled(Map.of("BSS_SIM_URL", "", "BSS_SIM_BIN", "", "PATH", ""));
        assertEquals("there is no program bss-sim: put it on PATH, or set BSS_SIM_BIN to its path", said);
    }

    @Test
    void aStartThatFailsSaysWhatTheProgramSaid() {
        String refusal = assertThrows(ControlException.class, () -> Simulator.with().fixtures(Path.of("nowhere.yaml")).start()).getMessage();
        assertTrue(refusal.startsWith("bss-sim did not start: ") && refusal.contains("nowhere.yaml"), refusal);
        refusal = assertThrows(ControlException.class, () -> Simulator.with().program(Path.of("/nowhere/bss-sim")).start()).getMessage();
        assertTrue(refusal.startsWith("bss-sim did not start: ") && refusal.contains("/nowhere/bss-sim"), refusal);
        refusal = assertThrows(ControlException.class, () -> Simulator.with().scenario("nowhere").start()).getMessage();
        assertTrue(refusal.contains("nowhere"), refusal);
    }

    @Test
    void aSimulatorThatWasFoundIsLeftRunning() {
        try (Simulator started = Simulator.start()) {
            try (Simulator found = Simulator.connect(started.url() + "//")) {
                assertEquals(started.url(), found.url());
            }
            started.space("still there").delete();
            assertEquals(0, started.coverage().met());
        }
    }

    @Test
    void theVariablesAreThoseOfExec() throws IOException, InterruptedException {
        Process exec = new ProcessBuilder(System.getenv("BSS_SIM_BIN"), "exec", "--", "env").start();
        exec.getOutputStream().close();
        try (Simulator simulator = Simulator.start(); Space space = simulator.space("variables"); Scanner lines = new Scanner(exec.getInputStream())) {
            Map<String, String> ours = space.env();
            while (lines.hasNextLine()) {
                String[] parts = lines.nextLine().split("=", 2);
                if (parts[0].startsWith("HUAWEICLOUD_") || parts[0].startsWith("BSS_SIM_") && System.getenv(parts[0]) == null) {
                    assertEquals(parts[1].startsWith("http:"), space.url().equals(ours.get(parts[0])), parts[0]);
                }
            }
            assertTrue(ours.get("no_proxy").endsWith("127.0.0.1"), ours.get("no_proxy"));
        }
        assertEquals(0, exec.waitFor());
    }

    /** A program that starts a simulator and is killed. */
    static final class Parent {
        public static void main(String[] arguments) throws InterruptedException {
            System.out.println(Simulator.start().url());
            Thread.currentThread().join();
        }
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aSimulatorEndsWithItsParent() throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Parent.class.getName());
        Process parent = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        URI url = URI.create(new Scanner(parent.getInputStream()).nextLine());
        parent.destroyForcibly();
        assertThrows(ConnectException.class, () -> connectUntilRefused(url));
    }

    /** Each connection ends when the simulator does, and then the next one is refused. */
    private static void connectUntilRefused(URI url) throws IOException {
        while (true) {
            try (Socket socket = new Socket(url.getHost(), url.getPort())) {
                socket.getInputStream().read();
            } catch (SocketException reset) {
                if (reset instanceof ConnectException) {
                    throw reset;
                }
            }
        }
    }
}
