package org.example.bsssim;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The control API of a simulator, for all of it or for one space. */
final class Control {
    /** The version of the control API that this package knows. */
    private static final long VERSION = 1;

    /** The first call asks what answers at a URL: there may be something else. */
    private static final Duration FIRST_TIMEOUT = Duration.ofSeconds(5);

    /** A call of verify may take 60 seconds. */
    private static final Duration OTHER_TIMEOUT = Duration.ofSeconds(90);

    /** What the URL of a simulator has. A slash at its end is left out. */
    private static final Pattern URL =
            Pattern.compile("(https?://(?:[^\\s/?#@:\\[\\]]+|\\[[0-9a-f:.]+\\])(?::[0-9]{1,5})?)/*", Pattern.CASE_INSENSITIVE);

    /** A proxy that the machine has is not for the simulator. */
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(HttpClient.Builder.NO_PROXY).build();

    final String url;
    private final String space;
    private final String at;

    private Control(String url, String space, String at) {
        this.url = url;
        this.space = space;
        this.at = at;
    }

    /** The control API at a URL; {@code from} says what named it, and is null for a simulator that was started here. */
    static Control at(String url, String from) {
        Matcher parts = URL.matcher(url);
        if (!parts.matches()) {
            throw new ControlException(
                    "\"" + url + "\" from " + from
                            + " is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080",
                    0);
        }
        String base = parts.group(1);
        return new Control(base, null, from == null ? base : base + " (from " + from + ")");
    }

    /** The same for one space. */
    Control of(String space) {
        return new Control(url, space, at);
    }

    /** The answer, or an empty object if it has no body. The body may be null: then there is none. */
    Map<String, Object> call(String method, String path, Object body) {
        String answer = send(method, path, body, "application/json", OTHER_TIMEOUT);
        return answer.isEmpty() ? Map.of() : Json.object(Json.read(answer));
    }

    /** The answer as a text for people. */
    String text(String method, String path, Object body) {
        return send(method, path, body, "text/plain", OTHER_TIMEOUT);
    }

    private String send(String method, String path, Object body, String accept, Duration timeout) {
        HttpRequest.BodyPublisher publisher =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(Json.write(body));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/_sim" + path))
                .method(method, publisher)
                .timeout(timeout)
                .header("Accept", accept)
                .header("Content-Type", "application/json");
        if (space != null) {
            request.header("X-Sim-Space", space);
        }
        String token = System.getenv("BSS_SIM_CONTROL_TOKEN");
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            int status = response.statusCode();
            if (status < 400) {
                return response.body();
            }
            String detail = inWords(response.body());
            if (status == 401) {
                detail = "the simulator at " + at + " refuses this call: " + detail
                        + ": set BSS_SIM_CONTROL_TOKEN to the token that it was started with";
            }
            throw new ControlException(detail, status);
        } catch (HttpTimeoutException late) {
            throw new ControlException("no simulator answers at " + at + ": no answer in " + timeout.toSeconds() + " seconds", 0);
        } catch (IOException error) {
            throw new ControlException("no simulator answers at " + at + ": " + error, 0);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new ControlException("the call was interrupted", 0);
        }
    }

    /** Throws if what answers is no simulator, or one with other calls than this package knows. */
    void checkVersion() {
        Map<String, Object> index;
        try {
            index = Json.object(Json.read(send("GET", "", null, "application/json", FIRST_TIMEOUT)));
        } catch (IllegalArgumentException | ClassCastException noObject) {
            index = Map.of();
        }
        Object version = index.get("control");
        if (!(version instanceof Long)) {
            throw new ControlException("what answers at " + at + " is not bss-sim", 0);
        }
        if ((Long) version != VERSION) {
            throw new ControlException(
                    "bss-sim " + index.get("version") + " at " + at + " has version " + version + " of the control API, and this package knows version "
                            + VERSION + ": use a package of the same version",
                    0);
        }
    }

    /** A name or an ID as one segment of a path, or as a value of a query. */
    static String encode(Object value) {
        return URLEncoder.encode(value.toString(), StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** What the body of an error says: a sentence, or a line for each mistake. */
    private static String inWords(String body) {
        try {
            Map<String, Object> error = Json.object(Json.read(body));
            if (error.get("detail") instanceof String) {
                return (String) error.get("detail");
            }
            Stream<String> lines = Json.objects(error.get("detail")).stream().map(Control::line);
            Stream<String> end = Boolean.TRUE.equals(error.get("more")) ? Stream.of("and more") : Stream.empty();
            return Stream.concat(lines, end).collect(Collectors.joining("\n"));
        } catch (IllegalArgumentException | ClassCastException | NullPointerException ofAnother) {
            return body.strip();
        }
    }

    private static String line(Map<String, Object> mistake) {
        return Stream.of("key", "message", "hint").map(mistake::get).filter(Objects::nonNull).map(Object::toString).collect(Collectors.joining(": "));
    }
}
