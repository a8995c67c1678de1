package org.example.clients;

import static org.example.clients.SigningPartner.application;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.huaweicloud.sdk.core.exception.ConnectionException;
import com.huaweicloud.sdk.core.exception.SdkException;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.example.bsssim.BssSimExtension;
import org.example.bsssim.Count;
import org.example.bsssim.Json;
import org.example.bsssim.Space;
import org.example.bsssim.StartsFrom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the official SDK for Java makes of the answers. */
@ExtendWith(BssSimExtension.class)
class AnswersTest {
    @Test
    void anAcceptedApplicationIsReadAsAnInteger(Space space) {
        SigningPartner partner = SigningPartner.in(space);
        partner.accepted(application(space));
        assertEquals(List.of("{\"is_review\":1}"), partner.bodies);
        space.verify(Map.of("outcome", "is_review 1"), Count.exactly(1));
    }

    @Test
    void aRuleRefusesWithAllPartsOfAnError(Space space) {
        SigningPartner partner = SigningPartner.in(space);
        String text = "The customer has passed real-name authentication or is being reviewed.";
        String first = partner.refused(application(space).withCustomerId("customer-done"), 400, "CBC.99000027", text).getRequestId();
        assertNotEquals(first, partner.refused(application(space).withCustomerId("customer-done")).getRequestId());
        assertTrue(space.why(first).contains("not-authenticated-yet"), space.why(first));
    }

    @Test
    void everyDocumentedOutcomeReachesTheSdk(Space space) throws IOException, InterruptedException {
        SigningPartner partner = SigningPartner.in(space);
        for (Map<?, ?> row : catalog(space)) {
            String outcome = (String) row.get("outcome");
            int status = ((Long) row.get("status")).intValue();
            space.script(scripted(row));
            if (outcome.startsWith("is_review ")) {
                assertEquals(outcome, "is_review " + partner.apply(application(space)).getIsReview());
            } else if (outcome.startsWith("CBC.")) {
                partner.refused(application(space), status, outcome, (String) row.get("text"));
            } else {
                String text = "The initiated service operation does not meet the service check item requirement.";
                partner.refused(application(space), status, "CBC.99007004", text);
                // No exception of the SDK has it: it is in the answer that the hook sees.
                Map<?, ?> body = (Map<?, ?>) Json.read(partner.bodies.get(partner.bodies.size() - 1));
                assertEquals(List.of(outcome), body.get("fail_check_items"));
            }
        }
        assertTrue(space.coverage().outcomes().values().stream().allMatch(isMet -> isMet), space.coverage().outcomes().toString());
    }

    private static List<Map<?, ?>> catalog(Space space) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(space.url() + "/_sim/catalog")).build();
        String answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
        @SuppressWarnings("unchecked")
        List<Map<?, ?>> rows = (List<Map<?, ?>>) ((Map<?, ?>) Json.read(answer)).get("outcomes");
        return rows;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, ?> scripted(Map<?, ?> row) {
        return (Map<String, ?>) ((Map<?, ?>) row.get("ways")).get("scripted");
    }

    @Test
    void theGatewayRefusesInItsOwnForm(Space space) {
        space.script(Map.of("gateway", "APIGW.0308"));
        SigningPartner partner = SigningPartner.in(space);
        String text = "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second";
        String requestId = partner.refused(application(space), 429, "APIGW.0308", text).getRequestId();
        assertTrue(partner.bodies.get(0).contains(requestId), partner.bodies.get(0));
    }

    @Test
    void aParameterIsRefused(Space space) {
        SigningPartner.in(space).refused(application(space).withCustomerId(""), 400, "CBC.0100", "Parameter error.");
    }

    @Test
    void wideCharactersArriveAsTheyWereMeant(Space space) {
        space.putCertificate("E88888888", Map.of("holder", "王小明"));
        SigningPartner partner = SigningPartner.in(space);
        ServiceResponseException refused = partner.refused(application(space).withVerifiedNumber("E88888888").withName("王小红"));
        assertEquals("CBC.99007202", refused.getErrorCode());
        partner.accepted(application(space).withVerifiedNumber("E88888888").withName("王小明"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset", "close"})
    void aFaultOfTheConnectionIsAnException(String fault, Space space) {
        space.script(Map.of("fault", fault));
        assertThrows(ConnectionException.class, () -> SigningPartner.in(space).apply(application(space)));
    }

    @Test
    void aMalformedBodyIsAnException(Space space) {
        space.script(Map.of("fault", "malformed"));
        assertThrows(SdkException.class, () -> SigningPartner.in(space).apply(application(space)));
    }

    /** A program that does not look whether the field is there takes this for an acceptance. */
    @Test
    void anEmptyBodyIsNoErrorButHasNoField(Space space) {
        space.script(Map.of("fault", "empty"));
        assertNull(SigningPartner.in(space).apply(application(space)).getIsReview());
    }

    @Test
    void aStringInThePlaceOfTheIntegerIsAnException(@StartsFrom("example-wire") Space space) {
        assertThrows(SdkException.class, () -> SigningPartner.in(space).apply(application(space)));
        space.verify(Map.of("status", 200), Count.exactly(1));
    }

    /** OkHttp repeats a request by itself when a connection that was kept open breaks: the program does not see the fault. */
    @Test
    void aPostIsRepeatedOnAConnectionThatWasKeptOpen(Space space) {
        SigningPartner partner = SigningPartner.in(space);
        partner.accepted(application(space));
        space.script(Map.of("fault", "reset"));
        String text = "The customer has passed real-name authentication or is being reviewed.";
        partner.refused(application(space), 400, "CBC.99000027", text);
        space.verify(Map.of(), Count.exactly(3));
    }
}
