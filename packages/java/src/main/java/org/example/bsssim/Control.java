package org.example.bsssim;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The control API of a simulator, for all of it or for one space. */
final class Control {
    /** The version of the control API that this package knows. */
    private static final long VERSION = 1;

    /** A call of verify may take 60 seconds. */
    private static final Duration TIMEOUT = Duration.ofSeconds(90);

    /** A proxy that the machine has is not for the simulator. */
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(HttpClient.Builder.NO_PROXY).build();

    final String url;
    private final String space;

    Control(String url, String space) {
        this.url = url.replaceAll("/+$", "");
        this.space = space;
    }

    /** The answer, or an empty object if it has no body. The body may be null: then there is none. */
    Map<String, Object> call(String method, String path, Object body) {
        String answer = send(method, path, body, "application/json");
        return answer.isEmpty() ? Map.of() : Json.object(Json.read(answer));
    }

    /** The answer as a text for people. */
    String text(String method, String path, Object body) {
        return send(method, path, body, "text/plain");
    }

    private String send(String method, String path, Object body, String accept) {
        HttpRequest.BodyPublisher publisher =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(Json.write(body));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/_sim" + path))
                .method(method, publisher)
                .timeout(TIMEOUT)
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
            if (response.statusCode() >= 400) {
                throw new ControlException(inWords(response.body()), response.statusCode());
            }
            return response.body();
        } catch (IOException error) {
            throw new ControlException("no simulator answers at " + url + ": " + error, 0);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new ControlException("the call was interrupted", 0);
        }
    }

    /** Throws if what answers is no simulator, or one with other calls than this package knows. */
    void checkVersion() {
        Map<String, Object> index;
        try {
            index = call("GET", "", null);
        } catch (IllegalArgumentException | ClassCastException noObject) {
            index = Map.of();
        }
        Object version = index.get("control");
        if (!(version instanceof Long)) {
            throw new ControlException("what answers at " + url + " is not bss-sim", 0);
        }
        if ((Long) version != VERSION) {
            throw new ControlException(
                    "bss-sim " + index.get("version") + " at " + url + " has version " + version + " of the control API, and this package knows version "
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
