package org.example.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.huaweicloud.sdk.bssintl.v2.BssintlClient;
import com.huaweicloud.sdk.bssintl.v2.model.ApplyIndividualRealnameAuthsReq;
import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthRequest;
import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthResponse;
import com.huaweicloud.sdk.core.ClientBuilder;
import com.huaweicloud.sdk.core.HttpListener;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.core.http.HttpConfig;
import java.util.ArrayList;
import java.util.List;
import org.example.bsssim.Space;

/** A caller with keys, which keeps what was answered. */
final class SigningPartner {
    final HttpConfig config = HttpConfig.getDefaultHttpConfig();
    final ClientBuilder<BssintlClient> builder = BssintlClient.newBuilder();

    /** The signatures of the requests, and the bodies of the answers, as the hooks see them. */
    final List<String> signatures = new ArrayList<>();
    final List<String> bodies = new ArrayList<>();

    private BssintlClient client;

    SigningPartner(GlobalCredentials credentials) {
        config.addHttpListener(HttpListener.forRequestListener(request -> signatures.add(String.join("", request.headers().get("Authorization")))));
        config.addHttpListener(HttpListener.forResponseListener(response -> bodies.add(response.body().orElse(""))));
        builder.withCredential(credentials);
    }

    /** A partner with the key of a space. */
    static SigningPartner in(Space space) {
        SigningPartner partner = new SigningPartner(key(space));
        partner.builder.withEndpoint(space.url());
        return partner;
    }

    static GlobalCredentials key(Space space) {
        return new GlobalCredentials().withAk(space.ak()).withSk(space.sk());
    }

    /** An application that the default scenario accepts. */
    static ApplyIndividualRealnameAuthsReq application(String xaccountType) {
        return new ApplyIndividualRealnameAuthsReq()
                .withCustomerId("customer-new").withName("Wang Xiaoming").withVerifiedNumber("E12345678").withIdentifyType(0)
                .withVerifiedType(3).withVerifiedFileUrl(List.of("passport.jpg", "in-hand.jpg")).withXaccountType(xaccountType);
    }

    static ApplyIndividualRealnameAuthsReq application(Space space) {
        return application(space.partner().xaccountType());
    }

    /** The client, which is made once: its connections are kept open. */
    BssintlClient client() {
        if (client == null) {
            client = builder.withHttpConfig(config).build();
        }
        return client;
    }

    CreatePersonalRealnameAuthResponse apply(ApplyIndividualRealnameAuthsReq application) {
        return client().createPersonalRealnameAuth(new CreatePersonalRealnameAuthRequest().withBody(application));
    }

    void accepted(ApplyIndividualRealnameAuthsReq application) {
        CreatePersonalRealnameAuthResponse response = apply(application);
        assertEquals(List.of(200, 1), List.of(response.getHttpStatusCode(), response.getIsReview()));
    }

    ServiceResponseException refused(ApplyIndividualRealnameAuthsReq application) {
        return assertThrows(ServiceResponseException.class, () -> apply(application));
    }

    /** The application ends in an exception that has all of this, and the ID of a request. */
    ServiceResponseException refused(ApplyIndividualRealnameAuthsReq application, int status, String code, String text) {
        ServiceResponseException refused = refused(application);
        assertRefused(refused, status, code, text);
        return refused;
    }

    static void assertRefused(ServiceResponseException refused, int status, String code, String text) {
        assertEquals(List.of(status, code, text), List.of(refused.getHttpStatusCode(), refused.getErrorCode(), refused.getErrorMsg()));
        assertTrue(refused.getRequestId().matches("[0-9a-f]{32}"), refused.getRequestId());
    }
}
