package org.example.bsssim;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;

/** A client of the simulated API. */
final class Applicant {
    static final String INDIVIDUAL = "/v2/customers/realname-auths/individual";

    private Applicant() {}

    /** Sends an application of customer-new with the token of a space. */
    static HttpResponse<String> apply(Space space) {
        Map<String, Object> application = Map.of(
                "customer_id", "customer-new", "identify_type", 0, "name", "Wang Xiaoming", "verified_type", 3,
                "verified_number", "E12345678", "verified_file_url", List.of("passport.jpg", "in-hand.jpg"),
                "xaccount_type", space.partner().xaccountType());
        HttpRequest request = HttpRequest.newBuilder(URI.create(space.url() + INDIVIDUAL))
                .header("Content-Type", "application/json")
                .header("X-Auth-Token", space.token())
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(application)))
                .build();
        try {
            return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        } catch (Exception error) {
            throw new AssertionError(error);
        }
    }
}
